//! What a target is encoded to and written as.

mod codec;
mod container;
mod subtitle;

use serde::{Deserialize, Serialize};

use super::Rational;

pub use codec::{AudioCodec, VideoCodec};
pub use container::Container;
pub use subtitle::{SubtitleCodec, SubtitleWay, is_text};

/// Extension `Preset`: how much time the encoder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Larger files, sooner.
    Fast,
    /// The default.
    #[default]
    Medium,
    /// Smaller files, later.
    Slow,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Medium, Self::Slow];

    /// Name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Medium => "medium",
            Self::Slow => "slow",
        }
    }
}

/// How the encoder spends bits. `CRF` and `Bitrate` exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum VideoRate {
    /// Constant quality, 0 to 51; lower is better.
    #[serde(rename = "CRF")]
    Crf(f64),
    /// Average bitrate in bit/s, with maxrate = bitrate and bufsize = 2 x bitrate (decision 13 of the API reference).
    Bitrate(u64),
}

impl VideoRate {
    /// What holds when the request names neither (`TranscodeVideo.Bitrate` in the API reference).
    pub const DEFAULT: Self = Self::Crf(23.0);
}

/// Parameters of one video encoder, all resolved. The picture's size and format come with its frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VideoEncoding {
    /// Codec.
    pub codec: VideoCodec,
    /// Speed against size.
    pub preset: Preset,
    /// Quality or bitrate.
    pub rate: VideoRate,
    /// Limit for constant quality, bit/s: `MaxBitrate` with `BufferSize` in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bitrate: Option<u64>,
    /// Decoder buffer in bits that goes with `max_bitrate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_size: Option<u64>,
    /// Frames between keyframes at most.
    #[serde(rename = "GOPSize")]
    pub gop_size: u32,
    /// B-frames in a row at most.
    #[serde(rename = "BFrames")]
    pub b_frames: u32,
    /// Reference frames at most.
    pub refs: u32,
    /// Frames per second where that is constant; else timestamps stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<Rational>,
}

/// Parameters of one audio encoder, all resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AudioEncoding {
    /// Codec.
    pub codec: AudioCodec,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels, 1 to 8, in the codec's default layout for that count.
    pub channels: u16,
    /// bit/s. 0, and not used, where `quality` is there or the codec is lossless ([`AudioCodec::is_lossless`]).
    pub bitrate: u64,
    /// Bits of a sample, 16 or 24, of a lossless codec; 16 where it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_sample: Option<u16>,
    /// 0 (worst) to 100 (best) instead of a bitrate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
}
