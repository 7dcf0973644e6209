//! Reading a part of a source and not more of the file than that takes.

use super::Demuxer;
use crate::media::clock::SECOND;
use crate::media::stream::{Packet, StreamKind};
use crate::media::{MediaError, Result};
use crate::task::Clip;

/// Packets that are not in the order of their times lie at most so far apart in a file, in nanoseconds.
const INTERLEAVED: i64 = 3 * SECOND;
/// Sound is decoded from so much earlier on, in nanoseconds: decoders need what was before.
const PREROLL: i64 = SECOND / 2;
/// Subtitles that begin so much earlier may still be shown, in nanoseconds. What begins earlier yet is left out.
const SUBTITLE_PREROLL: i64 = 10 * SECOND;
/// How far before its start a key picture is looked for, in nanoseconds, one after the other; then from the beginning of the file.
const BACK: [i64; 5] = [0, 2 * SECOND, 8 * SECOND, 30 * SECOND, 120 * SECOND];
/// A key picture may be so much late, in nanoseconds: times are rounded.
const LATE: i64 = 1_000_000;
/// Packets that wait between a key picture and the start of the part, at most.
const MAX_WAITING: usize = 1 << 14;
/// Formats in which FFmpeg guesses the time at a place: they are read from the beginning.
const WITHOUT_INDEX: [&str; 3] = ["mp3", "aac", "ac3"];

impl Demuxer {
    /// Reads only this part; times count from its start from now on. Call it once, after `select`, before `read`. Decoders get packets from
    /// the last key picture before the start on, and drop what they do not need.
    pub fn clip(&mut self, clip: Clip) -> Result<()> {
        self.shift = self.shift.saturating_sub(clip.start_ns / 1000);
        self.length = clip.length_ns;
        self.delay_added(clip.start_ns.saturating_neg());
        for track in &mut self.tracks {
            let rest = track.stated_ns.map(|stated| stated.saturating_sub(clip.start_ns).max(0));
            track.stated_ns = rest.map(|rest| clip.length_ns.map_or(rest, |length| rest.min(length)));
        }
        self.home = (self.shift, clip.start_ns);
        if clip.start_ns == 0 || self.is_without_index() {
            return Ok(());
        }
        self.position(clip.start_ns)
    }

    /// Reads the same part once more, from its start on. `Unsupported` where the file cannot be searched.
    pub fn rewind(&mut self) -> Result<()> {
        let (shift, before) = self.home;
        self.shift = shift;
        self.waiting.clear();
        for track in &mut self.tracks {
            (track.ended, track.next) = (false, None);
        }
        if before == 0 || self.is_without_index() { self.seek(before.saturating_neg()) } else { self.position(before) }
    }

    fn is_without_index(&self) -> bool {
        WITHOUT_INDEX.contains(&self.facts.format_name.as_str())
    }

    /// Goes to where the part begins, which so many nanoseconds of the file lie before.
    fn position(&mut self, before: i64) -> Result<()> {
        let selected =
            |kind: StreamKind| self.tracks.iter().position(|track| track.selected && track.kind() == Some(kind));
        let earlier = selected(StreamKind::Subtitle).map_or(0, |_| SUBTITLE_PREROLL);
        let Some(video) = selected(StreamKind::Video) else {
            return self.try_seek(-PREROLL.max(earlier).min(before), before);
        };
        for back in BACK.into_iter().map(|back| back.saturating_add(earlier)).filter(|back| *back < before) {
            self.try_seek(-back, before)?;
            if self.wait_for_key(video)? {
                return Ok(());
            }
        }
        self.try_seek(-before, before)?;
        self.wait_for_key(video)?;
        Ok(())
    }

    /// A file that cannot be searched is read from where it is: from its beginning.
    fn try_seek(&mut self, time_ns: i64, before: i64) -> Result<()> {
        self.waiting.clear();
        for track in &mut self.tracks {
            track.reached_ns = 0;
        }
        match self.seek(time_ns).or_else(|_| self.seek(-before)) {
            Err(MediaError::Interrupted) => Err(MediaError::Interrupted),
            _ => Ok(()),
        }
    }

    /// Reads to the last key picture before the start, and keeps what comes after it. False where the first one is too late.
    fn wait_for_key(&mut self, video: usize) -> Result<bool> {
        let mut found = false;
        while self.waiting.len() < MAX_WAITING {
            let Some(packet) = self.read_on()? else { break };
            let time = packet.time_ns().or(packet.decode_time_ns()).unwrap_or(0);
            let decoded = packet.decode_time_ns().unwrap_or(time);
            let is_picture = packet.stream() == video;
            if is_picture && packet.is_key() && time <= LATE {
                found = true;
                self.lead_ns = (-time).max(0);
                self.waiting.retain(|packet| packet.stream() != video);
            } else if is_picture && !found {
                if packet.is_key() {
                    self.waiting.push_back(packet);
                    return Ok(false);
                }
                // It cannot be decoded without what was before.
                continue;
            }
            self.waiting.push_back(packet);
            if is_picture && found && decoded > 0 {
                break;
            }
        }
        Ok(found)
    }

    /// Nanoseconds from the key picture with which the part's pictures begin to its start; 0 where there is none, or no part.
    pub fn lead_ns(&self) -> i64 {
        self.lead_ns
    }

    /// Whether a packet is behind the part; notes which streams have come so far.
    pub(super) fn is_behind(&mut self, packet: &Packet) -> bool {
        let Some(length) = self.length else { return false };
        // Pictures come before those that are shown earlier: without a decoding time, which Matroska's first ones have not, what comes
        // behind one may still belong to the part.
        let shown = || packet.time_ns().map(|time| time.saturating_sub(INTERLEAVED));
        let time = packet.decode_time_ns().or_else(shown).unwrap_or(0);
        let far = time >= length.saturating_add(INTERLEAVED);
        let stream = packet.stream();
        for (index, track) in self.tracks.iter_mut().enumerate() {
            track.ended |= far || (index == stream && time >= length);
        }
        time >= length
    }

    /// Whether all streams have come to the end of the part. Subtitles and data are too sparse to wait for.
    pub(super) fn has_ended(&self) -> bool {
        let waited =
            self.tracks.iter().filter(|track| track.selected && track.kind().is_some_and(StreamKind::is_dense));
        self.length.is_some() && waited.clone().count() > 0 && waited.into_iter().all(|track| track.ended)
    }
}
