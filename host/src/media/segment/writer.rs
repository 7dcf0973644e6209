//! The segments of one muxer: all streams together, or one of them.

use std::fs::File;
use std::path::PathBuf;

use super::{Cut, Places, Segment};
use crate::media::mux::{MuxReport, Muxer};
use crate::media::stream::{Packet, StreamKind, StreamParameters};
use crate::media::{MediaError, Result};
use crate::task::{Container, Rational, SegmentFile};

/// What one muxer writes.
pub(super) struct Writer {
    muxer: Muxer,
    container: Container,
    /// Which stream of the output, where each has its own segments.
    pub(super) stream: Option<usize>,
    pub(super) parameters: Vec<StreamParameters>,
    /// The stream at whose key packets segments begin.
    reference: usize,
    cut: Cut,
    number: u64,
    /// The file of the open segment, and when it starts.
    open: Option<(PathBuf, i64)>,
    files: Vec<PathBuf>,
    pub(super) init: Vec<u8>,
    pub(super) segments: Vec<Segment>,
    /// Unit of the reference's times in the file.
    pub(super) base: Rational,
}

impl Writer {
    pub(super) fn new(muxer: Muxer, container: Container, stream: Option<usize>, cut: Cut, number: u64) -> Self {
        Self {
            muxer,
            container,
            stream,
            parameters: Vec::new(),
            reference: 0,
            cut,
            number,
            open: None,
            files: Vec::new(),
            init: Vec::new(),
            segments: Vec::new(),
            base: Rational::ONE,
        }
    }

    pub(super) fn add_stream(&mut self, parameters: StreamParameters) -> Result<()> {
        let index = self.muxer.add_stream(parameters.clone())?;
        let has_video = self.parameters.iter().any(|stream| stream.kind() == StreamKind::Video);
        if parameters.kind() == StreamKind::Video && !has_video {
            self.reference = index;
        }
        self.parameters.push(parameters);
        Ok(())
    }

    pub(super) fn start(&mut self) -> Result<()> {
        self.muxer.start()?;
        self.base = self.muxer.time_base(self.reference).unwrap_or(Rational::ONE);
        Ok(())
    }

    /// Writes a packet; packets come in decoding order over all streams.
    pub(super) fn write(&mut self, stream: usize, packet: Packet, places: &mut Places<'_>) -> Result<()> {
        let time = packet.time_ns().or(packet.decode_time_ns()).unwrap_or(0);
        if self.open.is_none() {
            self.begin(time.max(0), places)?;
        } else if stream == self.reference && packet.is_key() && self.cut.is_due(time) {
            self.end(time, places)?;
            self.begin(time, places)?;
        }
        self.muxer.write(stream, packet)
    }

    fn begin(&mut self, start: i64, places: &mut Places<'_>) -> Result<()> {
        self.cut.begun(start);
        let path = places(SegmentFile::Media { stream: self.stream, number: self.number })?;
        if self.container == Container::Ts {
            let file = File::create(&path).map_err(|error| failed(&path, &error))?;
            self.muxer.piece_into(file);
        }
        self.open = Some((path, start));
        Ok(())
    }

    fn end(&mut self, next: i64, places: &mut Places<'_>) -> Result<()> {
        let Some((path, start)) = self.open.take() else { return Ok(()) };
        let mut held = self.muxer.end_piece()?;
        if self.container != Container::Ts {
            if self.init.is_empty() {
                let mut media = header_length(&held);
                if media == held.len() {
                    // The first call writes the header only.
                    held.extend(self.muxer.end_piece()?);
                    media = header_length(&held);
                }
                let rest = held.split_off(media);
                self.init = std::mem::replace(&mut held, rest);
                let place = places(SegmentFile::Init { stream: self.stream })?;
                std::fs::write(&place, &self.init).map_err(|error| failed(&place, &error))?;
                self.files.push(place);
            }
            std::fs::write(&path, &held).map_err(|error| failed(&path, &error))?;
        }
        let size = std::fs::metadata(&path).map_err(|error| failed(&path, &error))?.len();
        self.segments.push(Segment {
            number: self.number,
            start_ns: start,
            duration_ns: next.saturating_sub(start).max(0),
            size,
        });
        self.files.push(path);
        self.number += 1;
        Ok(())
    }

    pub(super) fn finish(&mut self, places: &mut Places<'_>) -> Result<()> {
        let end = self.muxer.end_ns();
        self.end(end, places)
    }

    /// What was written, once it is finished.
    pub(super) fn report(self) -> Result<MuxReport> {
        self.muxer.finish_pieces(self.files)
    }
}

fn failed(path: &std::path::Path, error: &std::io::Error) -> MediaError {
    MediaError::Write(format!("{}: {error}", path.display()))
}

/// How many of the bytes are the header: all boxes up to the first of a segment.
fn header_length(bytes: &[u8]) -> usize {
    let mut at = 0_usize;
    while let Some(head) = bytes.get(at..at.saturating_add(8)) {
        let (size, name) = head.split_at(4);
        if !matches!(name, b"ftyp" | b"moov" | b"free") {
            break;
        }
        let size = size.iter().fold(0_usize, |size, byte| size << 8 | usize::from(*byte));
        at = at.saturating_add(size.max(8));
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_ends_where_the_first_segment_begins() {
        let atom = |name: &str, body: &[u8]| {
            let size = u32::try_from(body.len() + 8).unwrap();
            [&size.to_be_bytes()[..], name.as_bytes(), body].concat()
        };
        let header = [atom("ftyp", b"iso5"), atom("moov", b"moof")].concat();
        let both = [header.clone(), atom("styp", b"x"), atom("moof", b"y")].concat();
        assert_eq!(header_length(&both), header.len());
        assert_eq!(header_length(&header), header.len());
        assert_eq!(header_length(b""), 0);
        assert_eq!(header_length(b"\xff\xff\xff\xffmoov"), 8);
    }
}
