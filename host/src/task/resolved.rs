//! What a target gets: the answer of a parameter policy, checked. Schema: docs/schemas/parameters-answer.json.

use serde::{Deserialize, Serialize};

use super::{AudioEncoding, ObjectUri, PixelFormat, PluginId, Rational, Rect, Rotation, VideoEncoding, Warning};

/// The resolved parameters of one target, and where it goes. Built by `resolve` only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResolvedTarget {
    /// Index in `Targets[]`.
    pub index: usize,
    /// The output.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// The subtitle files that are extracted. Without a media file the output is the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtitles: Vec<ResolvedSubtitle>,
    /// The component that expanded the URI.
    pub uri_policy: PluginId,
    /// The component that resolved the parameters.
    pub parameter_policy: PluginId,
    /// The components of the target's filters, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PluginId>,
    /// One for each video stream of the output; empty where none is encoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub videos: Vec<ResolvedVideo>,
    /// Where several sources follow each other: how the pictures of each of them become those of the output, for each of `videos`;
    /// `None` where a source has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Vec<Option<Geometry>>>,
    /// One for each audio stream of the output; empty where none is encoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audios: Vec<ResolvedAudio>,
    /// What the policies decided that the user should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// A subtitle file that is extracted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResolvedSubtitle {
    /// Which of the source's subtitle streams, counted from 0.
    pub number: usize,
    /// Where it goes.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
}

/// Size in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// A larger, black picture with the scaled one in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Pad {
    /// Left edge of the scaled picture in it.
    pub x: u32,
    /// Top edge of the scaled picture in it.
    pub y: u32,
    /// Width of the larger picture.
    pub width: u32,
    /// Height of the larger picture.
    pub height: u32,
}

/// How the source's picture becomes the output's: deinterlace, mirror, rotate, scale, map its tones, then crop or pad; then the rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResolvedVideo {
    /// Two fields become one progressive picture, before anything else.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub deinterlace: bool,
    /// Mirrored left for right before it is rotated, the source's own mirroring included.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub mirror: bool,
    /// Clockwise, the source's own rotation included.
    pub rotation: Rotation,
    /// Size after rotation, before crop and pad.
    pub scale: Size,
    /// The part of the scaled picture that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Rect>,
    /// The black picture around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<Pad>,
    /// High dynamic range becomes BT.709, for outputs that cannot show it.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub tone_map: bool,
    /// Shape of a sample of the output.
    pub sample_aspect: Rational,
    /// Sample format of the output.
    pub pixel_format: PixelFormat,
    /// Frames are dropped or repeated to reach this rate; `None`: timestamps stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<Rational>,
    /// Encoder parameters.
    pub encoding: VideoEncoding,
}

/// The part of [`ResolvedVideo`] that concerns the picture and not the encoder: targets that differ only in the encoder's parameters
/// share the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Geometry {
    /// Two fields become one progressive picture, before anything else.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub deinterlace: bool,
    /// Mirrored left for right before it is rotated, the source's own mirroring included.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub mirror: bool,
    /// Clockwise, the source's own rotation included.
    pub rotation: Rotation,
    /// Size after rotation, before crop and pad.
    pub scale: Size,
    /// The part of the scaled picture that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Rect>,
    /// The black picture around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<Pad>,
    /// High dynamic range becomes BT.709, for outputs that cannot show it.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub tone_map: bool,
    /// Frames are dropped or repeated to reach this rate; `None`: timestamps stay as they are.
    #[serde(rename = "ConvertRate", default, skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<Rational>,
}

impl Geometry {
    /// The whole picture in this size.
    pub fn whole(scale: Size) -> Self {
        Self {
            deinterlace: false,
            mirror: false,
            rotation: Rotation::None,
            scale,
            crop: None,
            pad: None,
            tone_map: false,
            frame_rate: None,
        }
    }
}

impl From<&ResolvedVideo> for Geometry {
    fn from(video: &ResolvedVideo) -> Self {
        Self {
            deinterlace: video.deinterlace,
            mirror: video.mirror,
            rotation: video.rotation,
            scale: video.scale,
            crop: video.crop,
            pad: video.pad,
            tone_map: video.tone_map,
            frame_rate: video.frame_rate,
        }
    }
}

impl ResolvedVideo {
    /// The whole picture, scaled to this size with square samples, at its own rate.
    pub fn scaled(scale: Size, pixel_format: PixelFormat, encoding: VideoEncoding) -> Self {
        Self {
            deinterlace: false,
            mirror: false,
            rotation: Rotation::None,
            scale,
            crop: None,
            pad: None,
            tone_map: false,
            sample_aspect: Rational::ONE,
            pixel_format,
            frame_rate: None,
            encoding,
        }
    }

    /// Size of the output picture.
    pub fn size(&self) -> Size {
        match (self.pad, self.crop) {
            (Some(pad), _) => Size { width: pad.width, height: pad.height },
            (None, Some(crop)) => Size { width: crop.width, height: crop.height },
            (None, None) => self.scale,
        }
    }
}

/// Audio parameters of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResolvedAudio {
    /// Encoder parameters.
    pub encoding: AudioEncoding,
}
