//! What decoders and muxers need to know of a stream, and its packets.

use ffmpeg_next::codec::Parameters;
use ffmpeg_next::packet;

use super::clock::{self, VideoClock};
use super::ffi::{self, SideData};
use super::tags::StreamTags;
use super::{MediaError, Result};
use crate::task::Rational;

/// What a stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles.
    Subtitle,
    /// Data beside them.
    Data,
}

impl StreamKind {
    /// Whether there is something of it at every moment. Nobody waits for the others.
    pub fn is_dense(self) -> bool {
        matches!(self, Self::Video | Self::Audio)
    }
}

impl std::fmt::Display for StreamKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Subtitle => "subtitle",
            Self::Data => "data",
        })
    }
}

/// Parameters of one stream: from a demuxer, for a decoder or for a copy; or from an encoder, for a muxer.
pub struct StreamParameters {
    pub(super) parameters: Parameters,
    pub(super) kind: StreamKind,
    pub(super) codec: String,
    pub(super) clock: VideoClock,
    pub(super) size: Option<(u32, u32)>,
    pub(super) aspect: (i32, i32),
    pub(super) side_data: Vec<SideData>,
    pub(super) language: Option<String>,
    pub(super) tags: StreamTags,
    /// Whether pictures have alpha, which VP8 and VP9 keep beside the picture.
    pub(super) alpha: bool,
    /// How messages call the stream: `stream 0 (h264)`.
    pub(super) label: String,
}

impl StreamParameters {
    /// What the stream holds.
    pub fn kind(&self) -> StreamKind {
        self.kind
    }

    /// FFmpeg's name of the codec.
    pub fn codec(&self) -> &str {
        &self.codec
    }

    /// Unit of the timestamps, and the average rate of a video stream.
    pub fn clock(&self) -> VideoClock {
        self.clock
    }

    /// Sets the language tag (ISO 639-2, three letters) that a muxer writes.
    pub fn set_language(&mut self, language: Option<String>) {
        self.language = language;
    }

    /// Title and disposition that a muxer writes.
    pub fn tags(&self) -> &StreamTags {
        &self.tags
    }

    /// Sets these.
    pub fn set_tags(&mut self, tags: StreamTags) {
        self.tags = tags;
    }
}

impl Clone for StreamParameters {
    fn clone(&self) -> Self {
        Self {
            // A deep copy: what belongs to a demuxer must not keep it open.
            parameters: self.parameters.clone(),
            codec: self.codec.clone(),
            side_data: self.side_data.clone(),
            language: self.language.clone(),
            tags: self.tags.clone(),
            label: self.label.clone(),
            ..*self
        }
    }
}

impl std::fmt::Debug for StreamParameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamParameters")
            .field("label", &self.label)
            .field("kind", &self.kind)
            .field("clock", &self.clock)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// One packet of compressed media. Its times count from the start of the output.
pub struct Packet {
    pub(super) inner: packet::Packet,
    pub(super) base: Rational,
}

impl Packet {
    /// Number of its stream in the file that it comes from; 0 for an encoder's packets.
    pub fn stream(&self) -> usize {
        self.inner.stream()
    }

    /// The same packet once more, without a copy of its payload.
    pub fn share(&self) -> Result<Self> {
        let inner = ffi::share_packet(&self.inner).map_err(|_| MediaError::memory("a reference to a packet"))?;
        Ok(Self { inner, base: self.base })
    }

    /// Moves it by so many nanoseconds.
    pub fn delay(&mut self, ns: i64) {
        let ticks = clock::from_ns(ns, self.base);
        self.inner.set_pts(self.inner.pts().map(|time| time.saturating_add(ticks)));
        self.inner.set_dts(self.inner.dts().map(|time| time.saturating_add(ticks)));
    }

    /// Leaves out what lies before the start of the output; false where nothing is left.
    pub fn cut_start(&mut self) -> bool {
        let Some(time) = self.inner.pts().filter(|time| *time < 0) else { return true };
        let left = self.inner.duration().saturating_add(time);
        self.inner.set_pts(Some(0));
        self.inner.set_dts(Some(0));
        self.inner.set_duration(left.max(0));
        left > 0
    }

    /// Bytes of payload.
    pub fn size(&self) -> usize {
        self.inner.size()
    }

    /// Whether decoding can start here.
    pub fn is_key(&self) -> bool {
        self.inner.is_key()
    }

    /// When it is shown, in nanoseconds.
    pub fn time_ns(&self) -> Option<i64> {
        self.inner.pts().map(|time| clock::to_ns(time, self.base))
    }

    /// When it is decoded, in nanoseconds: never falls within a stream, so this orders packets of different streams.
    pub fn decode_time_ns(&self) -> Option<i64> {
        self.inner.dts().map(|time| clock::to_ns(time, self.base))
    }

    /// Nanoseconds; 0 where unknown.
    pub fn duration_ns(&self) -> i64 {
        clock::to_ns(self.inner.duration().max(0), self.base)
    }
}

impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packet")
            .field("stream", &self.stream())
            .field("size", &self.size())
            .field("key", &self.is_key())
            .field("time_ns", &self.time_ns())
            .field("decode_time_ns", &self.decode_time_ns())
            .finish_non_exhaustive()
    }
}
