//! The answer of a parameter policy, read and checked: docs/schemas/parameters-answer.json.

use serde::Deserialize;

use super::shown;
use crate::task::resolved::Size;
use crate::task::spec::{AudioTarget, VideoTarget};
use crate::task::{ErrorCode, Failure, PluginId, ResolvedAudio, ResolvedVideo, Stage, VideoRate, Warning};

/// Longest side of an output picture (`Resolution` in the API reference).
const MAX_SIDE: u32 = 4096;

/// What a policy decided for a target.
pub(super) enum Decision {
    Use(Box<Used>),
    Skip(String),
}

/// Parameters to use.
pub(super) struct Used {
    pub(super) video: Option<ResolvedVideo>,
    pub(super) audio: Option<ResolvedAudio>,
    pub(super) warnings: Vec<Warning>,
}

#[derive(Deserialize)]
#[serde(tag = "Decision", rename_all = "lowercase")]
enum Document {
    #[serde(rename_all = "PascalCase")]
    Use {
        video: Option<ResolvedVideo>,
        audio: Option<ResolvedAudio>,
        #[serde(default)]
        warnings: Vec<Warning>,
    },
    #[serde(rename_all = "PascalCase")]
    Skip { reason: String },
    #[serde(rename_all = "PascalCase")]
    Refuse {
        reason: String,
        #[serde(default)]
        field: Option<String>,
    },
}

/// Reads the answer of a policy that was asked for these streams.
pub(super) fn read(
    text: &str,
    target: usize,
    policy: &PluginId,
    wanted_video: Option<&VideoTarget>,
    wanted_audio: Option<&AudioTarget>,
) -> Result<Decision, Failure> {
    let wrong = |what: String| {
        let message = format!(
            "plugin {policy} gave an answer that does not fit docs/schemas/parameters-answer.json: {what}; \
             its author has to mend it, or name another component in Targets[].Policies.Parameters"
        );
        Failure::new(ErrorCode::PluginError, Stage::Resolve, message)
    };
    let document: Document = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let (video, audio, warnings) = match document {
        Document::Skip { reason } => return Ok(Decision::Skip(shown(&reason))),
        Document::Refuse { reason, field } => {
            let reason = shown(&reason);
            let message = match field.as_deref().map(shown) {
                Some(field) => format!("Targets[{target}].{field}: {reason}"),
                None => reason,
            };
            return Err(Failure::new(ErrorCode::TargetRefused, Stage::Resolve, message));
        }
        Document::Use { video, audio, warnings } => {
            let clean = |warning: Warning| Warning {
                code: shown(&warning.code),
                field: shown(&warning.field),
                target: Some(target),
                message: shown(&warning.message),
            };
            (video, audio, warnings.into_iter().map(clean).collect())
        }
    };
    match (wanted_video, &video) {
        (Some(wanted), Some(video)) => check_video(wanted, video).map_err(wrong)?,
        (Some(_), None) => return Err(wrong("Video is missing".into())),
        (None, Some(_)) => return Err(wrong("Video was not asked for".into())),
        (None, None) => {}
    }
    match (wanted_audio, &audio) {
        (Some(wanted), Some(audio)) => check_audio(wanted, audio).map_err(wrong)?,
        (Some(_), None) => return Err(wrong("Audio is missing".into())),
        (None, Some(_)) => return Err(wrong("Audio was not asked for".into())),
        (None, None) => {}
    }
    Ok(Decision::Use(Box::new(Used { video, audio, warnings })))
}

fn check_video(wanted: &VideoTarget, video: &ResolvedVideo) -> Result<(), String> {
    let in_range = |what: &str, size: Size| {
        let sides = 1..=MAX_SIDE;
        if sides.contains(&size.width) && sides.contains(&size.height) {
            return Ok(());
        }
        Err(format!("Video.{what} is {}x{}; sides are 1 to {MAX_SIDE}", size.width, size.height))
    };
    // A picture that is cropped afterwards may stand out of the output, but not without end.
    let scale = video.scale;
    if !(1..=4 * MAX_SIDE).contains(&scale.width) || !(1..=4 * MAX_SIDE).contains(&scale.height) {
        return Err(format!("Video.Scale is {}x{}; sides are 1 to {}", scale.width, scale.height, 4 * MAX_SIDE));
    }
    if let Some(crop) = video.crop
        && (crop.is_empty() || !crop.fits(scale.width, scale.height))
    {
        return Err("Video.Crop leaves the scaled picture, or is empty".into());
    }
    if let Some(pad) = video.pad {
        let inner = video.crop.map_or(scale, |crop| Size { width: crop.width, height: crop.height });
        let placed = crate::task::Rect { x: pad.x, y: pad.y, width: inner.width, height: inner.height };
        if !placed.fits(pad.width, pad.height) {
            return Err("Video.Pad is smaller than the picture in it".into());
        }
    }
    let size = video.size();
    in_range("Width x Height", size)?;
    let (x, y) = video.pixel_format.chroma_shift();
    if !size.width.is_multiple_of(1 << x) || !size.height.is_multiple_of(1 << y) {
        return Err(format!("Video is {}x{}, which {} cannot hold", size.width, size.height, video.pixel_format));
    }
    if video.encoding.codec != wanted.codec {
        return Err("Video.Encoding.Codec is not the one asked for".into());
    }
    if !wanted.codec.pixel_formats().contains(&video.pixel_format) {
        return Err(format!("Video.PixelFormat {} cannot go with Codec {}", video.pixel_format, wanted.codec.name()));
    }
    if video.sample_aspect.num() <= 0 {
        return Err(format!("Video.SampleAspect {} is not above zero", video.sample_aspect));
    }
    for (what, rate) in [("FrameRate", video.frame_rate), ("Encoding.FrameRate", video.encoding.frame_rate)] {
        if let Some(rate) = rate
            && !(rate.as_f64() > 0.0 && rate.as_f64() <= 1000.0)
        {
            return Err(format!("Video.{what} {rate} is not in (0,1000]"));
        }
    }
    let encoding = &video.encoding;
    let in_31_bits = |bits: Option<u64>| bits.is_none_or(|bits| (1..=i32::MAX as u64).contains(&bits));
    let rate = match encoding.rate {
        VideoRate::Crf(crf) => (0.0..=51.0).contains(&crf),
        VideoRate::Bitrate(bitrate) => in_31_bits(bitrate.checked_mul(2)),
    };
    if !rate || !in_31_bits(encoding.max_bitrate) || !in_31_bits(encoding.buffer_size) {
        return Err("Video.Encoding has a CRF outside 0..51, or a bitrate or buffer that no encoder takes".into());
    }
    if !(1..=100_000).contains(&encoding.gop_size) || encoding.b_frames > 16 || !(1..=16).contains(&encoding.refs) {
        return Err("Video.Encoding has GOPSize outside 1..100000, BFrames over 16 or Refs outside 1..16".into());
    }
    Ok(())
}

fn check_audio(wanted: &AudioTarget, audio: &ResolvedAudio) -> Result<(), String> {
    let encoding = &audio.encoding;
    if encoding.codec != wanted.codec {
        return Err("Audio.Encoding.Codec is not the one asked for".into());
    }
    let codec = wanted.codec;
    if !(1..=codec.max_channels()).contains(&encoding.channels) || !(7_350..=96_000).contains(&encoding.sample_rate) {
        return Err(format!(
            "Audio.Encoding has Channels outside 1..{} or SampleRate outside 7350..96000",
            codec.max_channels()
        ));
    }
    if encoding.quality.is_some_and(|quality| quality > 100)
        || !matches!(encoding.bits_per_sample, None | Some(16 | 24))
    {
        return Err("Audio.Encoding has Quality over 100 or BitsPerSample that is not 16 or 24".into());
    }
    if encoding.bitrate == 0 && encoding.quality.is_none() && !codec.is_lossless() {
        return Err("Audio.Encoding has neither Bitrate nor Quality".into());
    }
    Ok(())
}
