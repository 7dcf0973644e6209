//! The document that a parameter policy answers with.

use serde::{Deserialize, Serialize};

use super::{Area, AudioEncoding, Pad, PixelFormat, Rational, Rotation, Size, VideoEncoding};

/// What becomes of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It is made with these parameters.
    Use,
    /// It is left out, and the task goes on.
    Skip,
    /// The task fails.
    Refuse,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParameterAnswer {
    /// What becomes of the target.
    pub decision: Decision,
    /// With [`Decision::Use`]: `None` where no video is encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<ResolvedVideo>,
    /// With [`Decision::Use`]: `None` where no audio is encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<ResolvedAudio>,
    /// With [`Decision::Use`]: what the user should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// With [`Decision::Skip`] and [`Decision::Refuse`]: why, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// With [`Decision::Refuse`]: path of the field at fault within the target, such as `Video.TranscodeVideo.Resolution`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl ParameterAnswer {
    /// The target is made with these parameters.
    pub fn resolved(video: Option<ResolvedVideo>, audio: Option<ResolvedAudio>, warnings: Vec<Warning>) -> Self {
        Self { decision: Decision::Use, video, audio, warnings, reason: None, field: None }
    }

    /// The target is left out.
    pub fn skip(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::without(Decision::Skip) }
    }

    /// The target cannot be: the task fails. `field` is a path within the target.
    pub fn refuse(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), field: Some(field.into()), ..Self::without(Decision::Refuse) }
    }

    fn without(decision: Decision) -> Self {
        Self { decision, video: None, audio: None, warnings: Vec::new(), reason: None, field: None }
    }
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
    pub crop: Option<Area>,
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

impl ResolvedVideo {
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

/// Something that the user should know though the task goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Warning {
    /// Stable code in CamelCase.
    pub code: String,
    /// Path of the field that it is about within the target; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// What was decided.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_have_the_documented_json() {
        let json = |answer: &ParameterAnswer| serde_json::to_string(answer).unwrap();
        assert_eq!(json(&ParameterAnswer::skip("too large")), r#"{"Decision":"skip","Reason":"too large"}"#);
        assert_eq!(
            json(&ParameterAnswer::refuse("Video", "no video")),
            r#"{"Decision":"refuse","Reason":"no video","Field":"Video"}"#
        );
        assert_eq!(json(&ParameterAnswer::resolved(None, None, vec![])), r#"{"Decision":"use"}"#);
    }

    #[test]
    fn resolved_video_has_the_hosts_json() {
        let text = concat!(
            r#"{"Rotation":90,"Scale":{"Width":854,"Height":480},"Crop":{"X":1,"Y":2,"Width":3,"Height":4},"#,
            r#""SampleAspect":"1/1","PixelFormat":"yuv420p","FrameRate":"30/1","Encoding":{"Codec":"h264","#,
            r#""Preset":"medium","Rate":{"CRF":23.0},"GOPSize":150,"BFrames":3,"Refs":2,"FrameRate":"30/1"}}"#
        );
        let video: ResolvedVideo = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&video).unwrap(), text);
        assert_eq!(video.size(), Size { width: 3, height: 4 });
    }
}
