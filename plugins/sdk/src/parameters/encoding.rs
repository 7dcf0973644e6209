//! What a target is encoded to.

use serde::{Deserialize, Serialize};

use super::Rational;

/// Video codecs that this version of the host encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum VideoCodec {
    /// H.264.
    H264,
    /// H.265.
    H265,
    /// VP9.
    Vp9,
    /// VP8.
    Vp8,
    /// AV1.
    Av1,
}

impl VideoCodec {
    /// Name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
            Self::Vp9 => "vp9",
            Self::Vp8 => "vp8",
            Self::Av1 => "av1",
        }
    }
}

/// Audio codecs that this version of the host encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AudioCodec {
    /// AAC-LC.
    Aac,
    /// MPEG-1 and MPEG-2 layer III.
    Mp3,
    /// Vorbis.
    Vorbis,
    /// FLAC, lossless.
    Flac,
    /// AC-3.
    Ac3,
    /// Opus.
    Opus,
    /// AMR, narrow band.
    Amr,
    /// Plain samples.
    Pcm,
}

impl AudioCodec {
    /// Name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Mp3 => "mp3",
            Self::Vorbis => "vorbis",
            Self::Flac => "flac",
            Self::Ac3 => "ac3",
            Self::Opus => "opus",
            Self::Amr => "amr",
            Self::Pcm => "pcm",
        }
    }
}

/// How much time the encoder takes.
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

/// How the encoder spends bits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum VideoRate {
    /// Constant quality, 0 to 51; lower is better.
    #[serde(rename = "CRF")]
    Crf(f64),
    /// Average bitrate in bit/s.
    Bitrate(u64),
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
    /// Limit for constant quality, bit/s.
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
    /// bit/s; 0 where the codec is lossless or `quality` says how the encoder spends bits.
    pub bitrate: u64,
    /// 0 to 100, higher is better, in place of a bitrate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// 16 or 24, where the codec is lossless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_sample: Option<u16>,
}
