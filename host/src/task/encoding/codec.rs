//! Codecs, and what each of them takes.

use serde::{Deserialize, Serialize};

use crate::task::PixelFormat;

/// Video codecs that this version encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoCodec {
    /// H.264 by x264.
    H264,
    /// H.265 by x265.
    H265,
    /// VP9 by libvpx.
    Vp9,
    /// VP8 by libvpx.
    Vp8,
    /// AV1 by SVT-AV1.
    Av1,
}

impl VideoCodec {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::H264, Self::H265, Self::Vp9, Self::Vp8, Self::Av1];

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

    /// Pixel formats that its encoder takes.
    pub fn pixel_formats(self) -> &'static [PixelFormat] {
        use PixelFormat::{Yuv420p, Yuv420p10le, Yuv422p, Yuv422p10le, Yuv444p, Yuv444p10le};
        match self {
            Self::H264 | Self::H265 => &[Yuv420p, Yuv422p, Yuv444p, Yuv420p10le, Yuv422p10le, Yuv444p10le],
            Self::Vp9 => &PixelFormat::ALL,
            Self::Vp8 => &[Yuv420p],
            Self::Av1 => &[Yuv420p, Yuv420p10le],
        }
    }

    /// Whether `BFrames` means something to it. The others choose hidden frames by themselves.
    pub fn has_b_frames(self) -> bool {
        matches!(self, Self::H264 | Self::H265)
    }

    /// Whether `Refs` means something to it.
    pub fn has_refs(self) -> bool {
        self.max_refs() > 0
    }

    /// The highest value of `Refs` that its encoder takes; a higher one counts as this one.
    pub fn max_refs(self) -> u32 {
        match self {
            Self::H264 => 16,
            // x265 3.5 with B-frames; it refuses 7 and more.
            Self::H265 => 6,
            Self::Vp9 | Self::Vp8 | Self::Av1 => 0,
        }
    }
}

/// Audio codecs that this version encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AudioCodec {
    /// AAC-LC.
    Aac,
    /// MPEG layer III by LAME.
    Mp3,
    /// Vorbis by libvorbis.
    Vorbis,
    /// FLAC.
    Flac,
    /// Dolby Digital.
    Ac3,
    /// Opus by libopus.
    Opus,
    /// AMR by OpenCORE, where the build of FFmpeg has it: Debian's has it in `libavcodec-extra` only.
    Amr,
    /// Uncompressed, little-endian.
    Pcm,
}

impl AudioCodec {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Aac, Self::Mp3, Self::Vorbis, Self::Flac, Self::Ac3, Self::Opus, Self::Amr, Self::Pcm];

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

    /// Samples per second that it has; `None`: all that the API has.
    pub fn sample_rates(self) -> Option<&'static [u32]> {
        match self {
            Self::Aac => {
                Some(&[8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000])
            }
            Self::Mp3 => Some(&[8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]),
            Self::Ac3 => Some(&[32_000, 44_100, 48_000]),
            Self::Opus => Some(&[8_000, 12_000, 16_000, 24_000, 48_000]),
            Self::Amr => Some(&[8_000]),
            Self::Vorbis | Self::Flac | Self::Pcm => None,
        }
    }

    /// Channels at most.
    pub fn max_channels(self) -> u16 {
        match self {
            Self::Amr => 1,
            Self::Mp3 => 2,
            Self::Ac3 => 6,
            Self::Aac | Self::Vorbis | Self::Flac | Self::Opus | Self::Pcm => 8,
        }
    }

    /// Whether it keeps every sample, so that neither bitrate nor quality mean anything to it.
    pub fn is_lossless(self) -> bool {
        matches!(self, Self::Flac | Self::Pcm)
    }
}
