//! Room `media`: everything that FFmpeg does. Probing, demuxing, decoding, rotating and scaling, encoding, muxing, reading back.
//!
//! It owns: the only use of FFmpeg, and all unsafe code around it (`ffi`). It promises: bad media is a [`MediaError`] that says
//! what was wrong, never a panic or a hang; every read and write ends soon after an [`Interrupt`]; times are nanoseconds from the
//! start of the output. Its objects are pushed by one thread at a time and may move between threads.
//! It refuses: threads, channels and policies; those are the pipeline's. Containers that name other files are not opened.

use std::sync::Once;

mod attached;
mod clip;
mod clock;
mod containers;
mod copy;
mod decode;
mod demux;
mod digest;
mod encode;
mod errors;
mod facts;
#[expect(unsafe_code, reason = "the only place that calls the C API of FFmpeg; every block says why it is sound")]
mod ffi;
mod frame;
mod graph;
mod health;
mod joined;
mod mux;
mod packed;
mod pictures;
mod places;
mod resample;
mod rgba;
mod segment;
mod sound;
mod source;
mod speed;
mod still;
mod stream;
mod subtitle;
mod subtitle_file;
mod tags;
#[cfg(test)]
mod testing;
mod transform;
mod verify;
mod versions;

pub use attached::AttachedPicture;
pub use clip::Clip;
pub use clock::VideoClock;
pub use copy::StreamCopy;
pub use decode::{AudioDecoder, AudioFrame, DecodeReport, VideoDecoder};
pub use demux::{Demuxer, describe, probe};
pub use encode::{AudioEncoder, EncodeReport, VideoEncoder, audio_encoder, video_encoder};
pub use errors::{MediaError, Result};
pub use frame::{Frame, RectError};
pub use health::SourceHealth;
pub use joined::{JoinedSource, Opener, Part};
pub use mux::{MuxReport, MuxedStream, Muxer};
pub use pictures::Pictures;
pub use rgba::Rgba;
pub use segment::Segmenter;
pub use sound::Mixer;
pub use source::{ByteSource, FileSource, Holds, Interrupt, sought};
pub use speed::{Tempo, slow_clock, slow_frame};
pub use still::{frame_at, write_png};
pub use stream::{Packet, StreamKind, StreamParameters};
pub use subtitle::SubtitleStream;
pub use subtitle_file::{SubtitleFile, SubtitleReport, verify_subtitles};
pub use tags::{Chapter, SourceTags, StreamTags};
pub use transform::{AudioTransform, EncoderSamples, VideoTransform};
pub use verify::{Expectation, verify};
pub use versions::versions;

/// Prepares FFmpeg; from then on it logs to `tracing` and never to stderr. Everything that opens something calls it.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        ffi::install_log();
        if let Err(error) = ffmpeg_next::init() {
            tracing::error!(%error, "FFmpeg could not be prepared");
        }
    });
}
