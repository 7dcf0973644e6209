//! Subtitle files that are read beside a source, as further streams of it.

use std::collections::VecDeque;
use std::io::{Cursor, Read};

use super::{Demuxer, Opening};
use crate::media::clock::SECOND;
use crate::media::source::ByteSource;
use crate::media::stream::Packet;
use crate::media::{MediaError, Result};
use crate::task::SubtitleStreamFacts;

/// Longest subtitle file that is read, in bytes. A film has some hundred thousand.
const MAX_BYTES: u64 = 16 << 20;

/// What UTF-8 may begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Demuxer {
    /// Adds a file of text subtitles (srt, webvtt or ass in UTF-8) as one more subtitle stream, behind all others. Its times count from the
    /// start of the source, and `offset_ns` is added. Call it before `select`. `NotMedia` where it is no such file.
    pub fn add_subtitles(&mut self, file: Box<dyn ByteSource>, language: Option<&str>, offset_ns: i64) -> Result<()> {
        let text = utf8(file)?;
        let opening = Opening { subtitle_file: true, ..Opening::default() };
        let opened = Self::open_as(Box::new(Cursor::new(text)), &self.interrupt, opening);
        let mut inner = opened.map_err(|error| match error {
            MediaError::NotMedia(why) => {
                MediaError::NotMedia(format!("subtitles are added as srt, webvtt or ass: {why}"))
            }
            error => error,
        })?;
        let mut parameters = inner.parameters(0)?;
        let number = self.tracks.len();
        parameters.label = format!("added subtitles ({})", parameters.codec);
        parameters.language = language.map(str::to_owned);
        let mut packets = VecDeque::new();
        while let Some(mut packet) = inner.read()? {
            packet.inner.set_stream(number);
            packet.delay(offset_ns);
            packets.push_back(packet);
        }
        self.facts.subtitles.push(SubtitleStreamFacts {
            index: number,
            codec_name: parameters.codec.clone(),
            language: parameters.language.clone(),
        });
        let base = parameters.clock.time_base;
        let mut track = self.track(number);
        (track.parameters, track.base, track.selected) = (Some(parameters), base, true);
        self.tracks.push(track);
        self.added.push(packets);
        Ok(())
    }

    /// Moves all that was added, for a part of the source begins later.
    pub(super) fn delay_added(&mut self, ns: i64) {
        self.added.iter_mut().flatten().for_each(|packet| packet.delay(ns));
    }

    /// The packet whose turn it is: an added one that is due, else this one of the file, which may be at its end.
    pub(super) fn in_turn(&mut self, packet: Option<Packet>) -> Option<Packet> {
        let due = packet.as_ref().map_or(i64::MAX, |packet| packet.decode_time_ns().or(packet.time_ns()).unwrap_or(0));
        let tracks = &self.tracks;
        let selected = |packet: &Packet| tracks.get(packet.stream()).is_some_and(|track| track.selected);
        let next = |packets: &VecDeque<Packet>| packets.front().and_then(Packet::time_ns);
        self.added.retain(|packets| packets.front().is_some_and(selected));
        // A little ahead of the pictures, so that nobody waits for them.
        let earliest = self.added.iter_mut().min_by_key(|packets| next(packets));
        let Some(packets) = earliest.filter(|packets| next(packets).unwrap_or(0).saturating_sub(SECOND) <= due) else {
            return packet;
        };
        let added = packets.pop_front();
        if let Some(packet) = packet {
            self.waiting.push_front(packet);
        }
        added
    }
}

/// The whole file without its byte order mark.
fn utf8(file: Box<dyn ByteSource>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| MediaError::Read(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(MediaError::NotMedia(format!("a subtitle file has at most {MAX_BYTES} bytes")));
    }
    if let Err(error) = std::str::from_utf8(&bytes) {
        let message = format!("its text is no UTF-8 at byte {}; convert it", error.valid_up_to());
        return Err(MediaError::NotMedia(message));
    }
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::testing::{Folder, open};
    use crate::task::Clip;

    const SRT: &str = "1\n00:00:00,500 --> 00:00:01,000\nOne\n\n2\n00:00:01,500 --> 00:00:02,500\nTwo\n";

    fn source(folder: &Folder) -> Demuxer {
        open(&folder.clip("x.mkv", "-f lavfi -i testsrc2=s=64x64:r=25:d=2 -c:v libx264 -pix_fmt yuv420p -g 10"))
    }

    fn file(text: &[u8]) -> Box<dyn ByteSource> {
        Box::new(Cursor::new(text.to_vec()))
    }

    /// Times of the packets of a stream in milliseconds, with the number of packets of other streams before each.
    fn read(demuxer: &mut Demuxer, stream: usize) -> Vec<(i64, u32)> {
        let (mut found, mut others) = (Vec::new(), 0);
        while let Some(packet) = demuxer.read().unwrap() {
            if packet.stream() == stream {
                found.push((packet.time_ns().unwrap() / 1_000_000, others));
            } else {
                others += 1;
            }
        }
        found
    }

    #[test]
    fn an_added_file_is_one_more_stream_in_its_place_and_time() {
        let folder = Folder::new();
        let mut demuxer = source(&folder);
        demuxer.add_subtitles(file(SRT.as_bytes()), Some("deu"), 250_000_000).unwrap();
        let added = demuxer.facts().subtitles.clone();
        assert_eq!((added[0].index, &*added[0].codec_name, added[0].language.as_deref()), (1, "subrip", Some("deu")));
        let found = read(&mut demuxer, 1);
        assert_eq!(found.iter().map(|(time, _)| *time).collect::<Vec<_>>(), [750, 1750]);
        assert!(found[0].1 == 0 && (10..45).contains(&found[1].1), "{found:?}");
    }

    #[test]
    fn it_moves_with_the_part_that_is_read_and_is_left_out_where_nobody_wants_it() {
        let folder = Folder::new();
        let mut demuxer = source(&folder);
        demuxer.add_subtitles(file(SRT.as_bytes()), None, 0).unwrap();
        demuxer.select(&[0, 1]);
        demuxer.clip(Clip { start_ns: SECOND, length_ns: None }).unwrap();
        assert_eq!(read(&mut demuxer, 1).iter().map(|(time, _)| *time).collect::<Vec<_>>(), [-500, 500]);
        let mut demuxer = source(&folder);
        demuxer.add_subtitles(file(SRT.as_bytes()), None, 0).unwrap();
        demuxer.select(&[0]);
        assert_eq!(read(&mut demuxer, 1), []);
    }

    #[test]
    fn three_kinds_of_text_are_known_with_and_without_a_mark_and_all_else_is_refused() {
        let folder = Folder::new();
        let marked = [BYTE_ORDER_MARK, SRT.as_bytes()].concat();
        let vtt = "WEBVTT\n\n00:00.500 --> 00:01.000\nOne\n";
        let ass = "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\nDialogue: 0,0:00:00.50,0:00:01.00,Default,,0,0,0,,One\n";
        for (text, codec) in [(&*marked, "subrip"), (vtt.as_bytes(), "webvtt"), (ass.as_bytes(), "ass")] {
            let mut demuxer = source(&folder);
            demuxer.add_subtitles(file(text), None, 0).unwrap();
            assert_eq!(demuxer.facts().subtitles[0].codec_name, codec);
            assert_eq!(read(&mut demuxer, 1)[0].0, 500, "{codec}");
        }
        for (wrong, why) in [
            (&b""[..], "empty"),
            (b"no subtitles at all", "srt"),
            (b"1\n00:00:00,500 --> 00:00:01,000\n\xfcber\n", "UTF-8 at byte 32"),
            (b"\xff\xfe1\0\n\0", "UTF-8"),
        ] {
            let error = source(&folder).add_subtitles(file(wrong), None, 0).unwrap_err();
            assert!(matches!(&error, MediaError::NotMedia(said) if said.contains(why)), "{error}");
        }
    }
}
