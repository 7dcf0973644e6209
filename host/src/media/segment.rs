//! Outputs in segments: HLS with transport streams or fragmented MP4, DASH.
//!
//! A segment begins at the first key packet at or after each multiple of its duration. One muxer writes all segments of a stream,
//! so that times, counters and tables go on from each to the next.

mod codecs;
mod dash;
mod hls;
mod interleave;
mod writer;

use std::path::{Path, PathBuf};

use super::mux::{MuxReport, Muxer};
use super::stream::{Packet, StreamParameters};
use super::{MediaError, Result};
use crate::task::{Container, SegmentFile, SegmentFormat, Segmentation};
use interleave::Interleaver;
use writer::Writer;

/// Gives each file of the output its place.
pub(super) type Places<'a> = dyn FnMut(SegmentFile) -> Result<PathBuf> + 'a;

/// Key packets may be so much earlier than a multiple of the duration, in nanoseconds: times are rounded.
pub(super) const EARLY: i64 = 1_000_000;

/// Where cuts are due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    every: i64,
    next: i64,
}

impl Cut {
    /// At multiples of this many nanoseconds.
    pub(super) fn new(every: i64) -> Self {
        let every = every.max(1);
        Self { every, next: every }
    }

    /// Whether a cut is due at this time.
    pub(super) fn is_due(&self, time: i64) -> bool {
        time.saturating_add(EARLY) >= self.next
    }

    /// A segment begins at this time: the next cut is at the next multiple.
    pub(super) fn begun(&mut self, time: i64) {
        let passed = time.saturating_add(EARLY).max(0) / self.every;
        self.next = passed.saturating_add(1).saturating_mul(self.every);
    }
}

/// A segment that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    number: u64,
    start_ns: i64,
    duration_ns: i64,
    /// Bytes.
    size: u64,
}

/// Writes the segments of one output and its playlist. Add all streams, `start`, `write`, `end` of each, `finish`.
pub struct Segmenter {
    segmentation: Segmentation,
    container: Container,
    playlist: PathBuf,
    /// Name of the playlist beside which the segments stand.
    name: String,
    metadata: Vec<(String, String)>,
    /// All streams in one, or one for each.
    writers: Vec<Writer>,
    order: Interleaver,
    streams: usize,
}

impl Segmenter {
    /// `playlist` is where the playlist is written at the end; `name` its name in its final place, from which the segments have theirs.
    pub fn new(
        playlist: &Path,
        name: &str,
        container: Container,
        segmentation: Segmentation,
        metadata: &[(String, String)],
    ) -> Self {
        Self {
            segmentation,
            container,
            playlist: playlist.to_owned(),
            name: name.to_owned(),
            metadata: metadata.to_vec(),
            writers: Vec::new(),
            order: Interleaver::new(0),
            streams: 0,
        }
    }

    /// Adds a stream and returns its number. Before `start` only.
    pub fn add_stream(&mut self, parameters: StreamParameters) -> Result<usize> {
        let apart = self.segmentation.format == SegmentFormat::Dash;
        if self.writers.is_empty() || apart {
            let stream = apart.then_some(self.streams);
            let muxer = Muxer::in_pieces(&self.playlist, self.container, &self.metadata)?;
            let first = if apart { 0 } else { u64::from(self.segmentation.start_number) };
            let cut = Cut::new(self.segmentation.duration_ns());
            self.writers.push(Writer::new(muxer, self.container, stream, cut, first));
        }
        if let Some(writer) = self.writers.last_mut() {
            writer.add_stream(parameters)?;
        }
        self.streams += 1;
        Ok(self.streams - 1)
    }

    /// Prepares all streams. `Unsupported` where the container cannot hold one of them.
    pub fn start(&mut self) -> Result<()> {
        self.order = Interleaver::new(self.streams);
        self.writers.iter_mut().try_for_each(Writer::start)
    }

    /// Writes a packet of a stream. Packets of one stream come in decoding order.
    pub fn write(&mut self, stream: usize, packet: Packet, places: &mut Places<'_>) -> Result<()> {
        self.order.push(stream, packet);
        self.drain(places)
    }

    /// No more packets of this stream will come; the others need not wait for it.
    pub fn end(&mut self, stream: usize, places: &mut Places<'_>) -> Result<()> {
        self.order.end(stream);
        self.drain(places)
    }

    fn drain(&mut self, places: &mut Places<'_>) -> Result<()> {
        while let Some((stream, packet)) = self.order.pop() {
            let apart = self.segmentation.format == SegmentFormat::Dash;
            let (writer, stream) = if apart { (stream, 0) } else { (0, stream) };
            let writer = self.writers.get_mut(writer);
            writer.ok_or_else(|| MediaError::Bug("a packet of no stream".to_owned()))?.write(stream, packet, places)?;
        }
        Ok(())
    }

    /// Ends the last segments and writes the playlist. The reports stand in the order of the streams: one for all, or one for each.
    pub fn finish(mut self, places: &mut Places<'_>) -> Result<Vec<MuxReport>> {
        for stream in 0..self.streams {
            self.end(stream, places)?;
        }
        for writer in &mut self.writers {
            writer.finish(places)?;
        }
        let text = match self.segmentation.format {
            SegmentFormat::Hls => hls::playlist(self.writers.first(), &self.name, self.container),
            SegmentFormat::Dash => dash::manifest(&self.writers, &self.name, self.container)?,
        };
        std::fs::write(&self.playlist, text)
            .map_err(|error| MediaError::Write(format!("{}: {error}", self.playlist.display())))?;
        self.writers.into_iter().map(Writer::report).collect()
    }
}

/// A name as a reference within a playlist (RFC 3986): everything but unreserved characters is percent-encoded.
fn reference(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests;
