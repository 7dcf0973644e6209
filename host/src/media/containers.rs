//! What each container is to FFmpeg.

use super::clock::VideoClock;
use super::stream::{StreamKind, StreamParameters};
use crate::task::{Container, Rational};

/// The muxer of a container.
pub(super) fn muxer_name(container: Container) -> &'static str {
    match container {
        Container::Mkv => "matroska",
        Container::Ts => "mpegts",
        Container::Aac => "adts",
        Container::Oga => "ogg",
        container => container.name(),
    }
}

/// Options of the muxer.
pub(super) fn muxer_options(container: Container) -> Vec<(&'static str, &'static str)> {
    // No dates and versions of libraries in the file: the same task makes the same bytes.
    let mut options = vec![("fflags", "+bitexact")];
    match container {
        // The index in front, so that a player can start before it has the whole file.
        Container::Mov => options.push(("movflags", "+faststart")),
        Container::Mkv | Container::Webm => options.push(("cues_to_front", "1")),
        // FLAC in mp4 counts as experimental in FFmpeg 5.1; its mapping has been fixed since, and players read it.
        Container::Mp4 => options.extend([("movflags", "+faststart"), ("strict", "experimental")]),
        Container::Flv => options.push(("flvflags", "+add_keyframe_index")),
        Container::Ts => options.push(TS_DELAY),
        _ => {}
    }
    options
}

/// Microseconds between the clock of a transport stream and its decoding times, as FFmpeg's command has it: without it a decoder has no
/// time to fill its buffer, and times before the first picture would be negative, for which there is no number.
const TS_DELAY: (&str, &str) = ("max_delay", "700000");

/// Options of the muxer where it makes pieces.
pub(super) fn piece_options(container: Container) -> Vec<(&'static str, &'static str)> {
    match container {
        // Fragments where we say, each a segment that names its own times; the header waits until all streams are known.
        Container::Mp4 => vec![
            ("fflags", "+bitexact"),
            ("movflags", "+frag_custom+dash+delay_moov+skip_trailer"),
            ("strict", "experimental"),
        ],
        // Times as they are: the rungs of a ladder would each be shifted by the delay of its own B-frames.
        _ => vec![("fflags", "+bitexact"), ("avoid_negative_ts", "disabled"), TS_DELAY],
    }
}

/// The tag of a codec in the container, where the muxer's own choice is not the one that all players take: Apple's want
/// HEVC with its parameter sets outside of the packets, which is `hvc1`.
pub(super) fn tag(container: Container, codec: &str) -> u32 {
    match (container, codec) {
        (Container::Mp4 | Container::Mov, "hevc") => u32::from_le_bytes(*b"hvc1"),
        // What the muxer writes is described as this, and not as QuickTime's older `text`.
        (Container::Mp4 | Container::Mov, "mov_text") => u32::from_le_bytes(*b"tx3g"),
        _ => 0,
    }
}

/// Bitstream filters for what the muxer wants and does not convert by itself. These containers have no place for the
/// headers of H.264 that players read: each key picture carries them. The muxer of ts does that on its own.
pub(super) fn packet_filters(container: Container, codec: &str) -> Option<&'static str> {
    match (container, codec) {
        (Container::Avi | Container::Asf | Container::Mxf, "h264") => Some("h264_mp4toannexb,dump_extra=freq=keyframe"),
        _ => None,
    }
}

/// The unit of times that the muxer is told. AVI and MXF have no times but the numbers of frames: they need the frame rate.
pub(super) fn time_base(container: Container, clock: VideoClock) -> Rational {
    let counted = matches!(container, Container::Avi | Container::Mxf);
    clock.rate.filter(|_| counted).and_then(Rational::inverse).unwrap_or(clock.time_base)
}

/// Whether the container holds as much sound as pictures, to the frame, and its muxer drops the rest of either.
pub(super) fn pairs_streams(container: Container) -> bool {
    container == Container::Mxf
}

/// Whether the container has a place for chapters, from which its demuxer reads them again.
pub(super) fn holds_chapters(container: Container) -> bool {
    matches!(container, Container::Mp4 | Container::Mov | Container::Mkv | Container::Webm | Container::Mp3)
}

/// Whether a track's title has no other place than the name of its handler, which is what players show.
pub(super) fn names_tracks(container: Container) -> bool {
    matches!(container, Container::Mp4 | Container::Mov)
}

/// Whether the muxer adds tracks of its own, which hold nothing that is asked for: titles of chapters, and
/// the timecode that a tag states.
pub(super) fn adds_tracks(container: Container) -> bool {
    matches!(container, Container::Mp4 | Container::Mov)
}

/// Whether the container says which pictures have alpha; in others it is lost.
pub(super) fn marks_alpha(container: Container, stream: &StreamParameters) -> bool {
    stream.alpha && matches!(container, Container::Mkv | Container::Webm)
}

/// Whether the packet is what the muxer of mp4 and mov writes where no text is shown.
pub(super) fn is_blank(codec: &str, data: &[u8]) -> bool {
    codec == "mov_text" && matches!(data, [] | [0, 0])
}

/// What a container keeps of a stream, so that reading back must find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// The number of packets.
    pub(super) packets: bool,
    /// Which of them are keys.
    pub(super) keys: bool,
    /// The payload, but for what [`super::digest`] leaves out.
    pub(super) payload: bool,
    /// The times, so that the length is right.
    pub(super) length: bool,
}

impl Kept {
    /// `codec` is FFmpeg's name.
    pub(super) fn of(container: Container, kind: StreamKind, codec: &str) -> Self {
        let samples = codec.starts_with("pcm_");
        Self {
            // Samples have no packets: each demuxer cuts them as it likes. The sum over all of them says more.
            packets: !samples,
            // Every subtitle is one.
            keys: !samples && kind.is_dense(),
            // Sound that is longer than the pictures is cut there.
            payload: !(samples && pairs_streams(container)),
            // The last piece of data often has no duration, and muxers guess one.
            length: kind != StreamKind::Data,
        }
    }
}

#[cfg(test)]
mod tests;
