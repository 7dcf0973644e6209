//! The document that a parameter policy is asked with.

use serde::{Deserialize, Serialize};

use super::{AudioCodec, MediaFacts, PixelFormat, Preset, Rotation, VideoCodec, VideoRate};

/// The facts of the source and what one target asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterRequest {
    /// The source. The streams that the question is about are the first of their kinds.
    pub source: MediaFacts,
    /// The target.
    pub target: Target,
}

fn full_speed() -> f64 {
    1.0
}

/// What one target asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Target {
    /// Index in `Targets[]`, from 0.
    pub index: usize,
    /// Name of the container, such as `mp4`.
    pub container: String,
    /// How fast the output is against its source.
    #[serde(default = "full_speed")]
    pub speed: f64,
    /// `None` where no video is encoded: there is none, or it is copied.
    #[serde(default)]
    pub video: Option<VideoTarget>,
    /// `None` where no audio is encoded: there is none, or it is copied.
    #[serde(default)]
    pub audio: Option<AudioTarget>,
}

/// What to do when the source has less than is asked for (`ResolutionOption`, `FrameRateOption`, `BitrateOption`,
/// `SampleRateOption`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LessOption {
    /// The value asked for, always.
    #[default]
    Fixed,
    /// The source's value.
    Adaptive,
    /// The task fails.
    Fall,
}

/// How a picture meets a size of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScaleType {
    /// Exactly this size, whatever it does to the shape.
    #[default]
    Stretch,
    /// Covers the size; what stands out is cut off evenly.
    Crop,
    /// Fits into the size; the rest is black, evenly.
    Fill,
    /// Fits into the size; the output is only as large as the picture.
    Fit,
}

/// `TranscodeVideo` with a codec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VideoTarget {
    /// Codec.
    pub codec: VideoCodec,
    /// Speed against size.
    #[serde(default)]
    pub preset: Preset,
    /// Quality or bitrate; `None` leaves it to the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<VideoRate>,
    /// What if the source's bitrate is lower.
    #[serde(default)]
    pub bitrate_option: LessOption,
    /// bit/s; with `CRF`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bitrate: Option<u64>,
    /// bits; with `CRF`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_size: Option<u64>,
    /// Frames between keyframes; default 150.
    #[serde(rename = "GOPSize", default, skip_serializing_if = "Option::is_none")]
    pub gop_size: Option<u32>,
    /// B-frames in a row; default 3.
    #[serde(rename = "BFrames", default, skip_serializing_if = "Option::is_none")]
    pub b_frames: Option<u32>,
    /// Reference frames; default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refs: Option<u32>,
    /// Sample format; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixel_format: Option<PixelFormat>,
    /// Frames per second; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f64>,
    /// What if the source's frame rate is lower.
    #[serde(default)]
    pub frame_rate_option: LessOption,
    /// Size; default as the source is played back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// What if the source's area is smaller.
    #[serde(default)]
    pub resolution_option: LessOption,
    /// Whether `resolution` counts long and short side instead of width and height.
    #[serde(default)]
    pub adaptive_resolution_direction: bool,
    /// How the picture meets the size.
    #[serde(default)]
    pub scale_type: ScaleType,
    /// Clockwise, on top of the source's own rotation.
    #[serde(default)]
    pub rotation: Rotation,
}

/// `Resolution`: `1280x720`, `1280x` or `x720`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Resolution {
    /// As set in the request.
    pub text: String,
    /// Width or long side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
    /// Height or short side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<u32>,
}

/// `TranscodeAudio` with a codec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AudioTarget {
    /// Codec.
    pub codec: AudioCodec,
    /// bit/s; `None` leaves it to the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate: Option<u64>,
    /// What if the source's bitrate is lower.
    #[serde(default)]
    pub bitrate_option: LessOption,
    /// Hz; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// What if the source's sample rate is lower.
    #[serde(default)]
    pub sample_rate_option: LessOption,
    /// Channels; default as the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// 0 to 100, higher is better, in place of a bitrate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// 16 or 24, of lossless codecs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_sample: Option<u16>,
}
