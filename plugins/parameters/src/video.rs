//! The video of the output.

use wasmux_sdk::parameters::{
    LessOption, MediaFacts, PixelFormat, Rational, ResolvedVideo, Target, VideoCodec, VideoEncoding, VideoRate,
    VideoStreamFacts, VideoTarget, Warning,
};

use crate::decide::{Choice, Refusal, choose, refuse, warning, within};
use crate::{bitrate, pixel, shape};

/// `GOPSize`.
const GOP_SIZE: u32 = 150;
/// `BFrames`.
const B_FRAMES: u32 = 3;
/// `Refs`.
const REFS: u32 = 2;
/// What holds with neither `CRF` nor `Bitrate`.
const RATE: VideoRate = VideoRate::Crf(23.0);

/// Frames per second at most.
const MAX_FRAME_RATE: f64 = 1000.0;

/// Speeds are exact to so many parts.
const MILLION: f64 = 1e6;

/// How far a frame rate that was measured over a file may lie below the nominal one and still be the same: far less than
/// between 29.97 and 30.
const RATE_NOISE: f64 = 0.0005;

/// H.273 TransferCharacteristics of high dynamic range.
const PQ: u8 = 16;
const HLG: u8 = 18;

/// Lines from which on a picture has fields that can be made one.
const LEAST_FIELDS: u32 = 4;

/// bit/s under which an encoder's rate control has nothing to go by.
const MIN_BITRATE: u64 = 1_000;

/// Resolves the video of the output.
pub(crate) fn resolve(
    facts: &MediaFacts,
    wish: &VideoTarget,
    target: &Target,
    warnings: &mut Vec<Warning>,
) -> Result<ResolvedVideo, Refusal> {
    let (speed, container) = (target.speed, target.container.as_str());
    let Some(source) = facts.video_streams.first() else {
        return refuse("Video", "the source has no video stream");
    };
    let pixel_format = pixel_format(source, wish, container, warnings)?;
    let tone_map = tone_map(source, pixel_format, warnings);
    let shape = shape::resolve(source, wish, pixel_format, warnings)?;
    sides(wish.codec, &shape)?;
    let frame_rate = frame_rate(source, wish, speed, warnings)?;
    let rate = rate(facts, wish, warnings)?;
    let constant_quality = matches!(rate, VideoRate::Crf(_));
    let encoding = VideoEncoding {
        codec: wish.codec,
        preset: wish.preset,
        rate,
        max_bitrate: wish.max_bitrate.filter(|_| constant_quality),
        buffer_size: wish.buffer_size.filter(|_| constant_quality),
        gop_size: within("Video.TranscodeVideo.GOPSize", wish.gop_size.unwrap_or(GOP_SIZE), 1, 100_000)?,
        b_frames: within("Video.TranscodeVideo.BFrames", wish.b_frames.unwrap_or(B_FRAMES), 0, 16)?,
        refs: within("Video.TranscodeVideo.Refs", wish.refs.unwrap_or(REFS), 1, 16)?,
        frame_rate: frame_rate.or_else(|| slowed(source.constant_rate()?, speed).filter(|rate| is_rate(rate.as_f64()))),
    };
    Ok(ResolvedVideo {
        deinterlace: source.interlaced && source.height >= LEAST_FIELDS,
        mirror: shape.mirror,
        rotation: shape.rotation,
        scale: shape.scale,
        crop: shape.crop,
        pad: shape.pad,
        tone_map,
        sample_aspect: shape.sample_aspect,
        pixel_format,
        frame_rate,
        encoding,
    })
}

/// SVT-AV1 refuses shorter sides, and would only do so when the task runs.
fn sides(codec: VideoCodec, shape: &shape::Shape) -> Result<(), Refusal> {
    const LEAST: u32 = 64;
    let (width, height) = match (&shape.crop, &shape.pad) {
        (_, Some(pad)) => (pad.width, pad.height),
        (Some(crop), None) => (crop.width, crop.height),
        (None, None) => (shape.scale.width, shape.scale.height),
    };
    if codec == VideoCodec::Av1 && width.min(height) < LEAST {
        let reason = format!("av1 needs sides of {LEAST} at least, and the output would be {width}x{height}");
        return refuse("Video.TranscodeVideo.Resolution", reason);
    }
    Ok(())
}

/// A rate of the source at the output's speed.
fn slowed(rate: Rational, speed: f64) -> Option<Rational> {
    if speed == 1.0 {
        return Some(rate);
    }
    let exact = Rational::positive((speed * MILLION).round() as i32, MILLION as i32);
    exact.and_then(|speed| rate.times(speed)).or_else(|| Rational::from_rate(rate.as_f64() * speed))
}

fn is_rate(rate: f64) -> bool {
    rate > 0.0 && rate <= MAX_FRAME_RATE
}

/// Whether high dynamic range has to become BT.709: 8 bits are too few steps for it, and players of 8 bit expect none.
fn tone_map(source: &VideoStreamFacts, format: PixelFormat, warnings: &mut Vec<Warning>) -> bool {
    let curve = match source.colour.transfer {
        PQ => "SMPTE ST 2084 (PQ)",
        HLG => "ARIB STD-B67 (HLG)",
        _ => return false,
    };
    if format.is_deep() {
        return false;
    }
    let message = format!("the source's high dynamic range, {curve}, becomes BT.709 because the output is {format}");
    warnings.push(warning("ToneMapped", "Video.TranscodeVideo.PixelFormat", message));
    true
}

fn pixel_format(
    source: &VideoStreamFacts,
    wish: &VideoTarget,
    container: &str,
    warnings: &mut Vec<Warning>,
) -> Result<PixelFormat, Refusal> {
    const FIELD: &str = "Video.TranscodeVideo.PixelFormat";
    let format = match wish.pixel_format {
        Some(asked) if asked.has_alpha() && pixel::takes(wish.codec, asked) && !pixel::holds_alpha(container) => {
            return refuse(FIELD, format!("{container} cannot hold the alpha of {asked}; webm and mkv can"));
        }
        Some(asked) if pixel::takes(wish.codec, asked) => asked,
        Some(asked) => {
            let all = PixelFormat::ALL.into_iter().filter(|format| pixel::takes(wish.codec, *format));
            let allowed: Vec<_> = all.map(PixelFormat::name).collect();
            let codec = wish.codec.name();
            return refuse(FIELD, format!("{codec} cannot carry {asked}; allowed are {}", allowed.join(", ")));
        }
        None => {
            let alpha = pixel::has_alpha(source) && wish.codec == VideoCodec::Vp9 && pixel::holds_alpha(container);
            let nearest = if alpha { PixelFormat::Yuva420p } else { pixel::nearest(source) };
            let taken = pixel::taken(wish.codec, nearest);
            if taken != nearest {
                let message = format!("{} cannot carry {nearest}, so the output is {taken}", wish.codec.name());
                warnings.push(warning("PixelFormatChanged", FIELD, message));
            }
            taken
        }
    };
    if pixel::has_alpha(source) && !format.has_alpha() {
        let message = format!("the alpha of the source's {} is dropped: the output is {format}", source.pixel_format);
        warnings.push(warning("AlphaDropped", FIELD, message));
    }
    Ok(format)
}

/// The rate to which frames are dropped or repeated; `None` where timestamps stay as they are (decision 14).
fn frame_rate(
    source: &VideoStreamFacts,
    wish: &VideoTarget,
    speed: f64,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Rational>, Refusal> {
    const FIELD: &str = "Video.TranscodeVideo.FrameRate";
    let Some(asked) = wish.frame_rate else { return Ok(None) };
    let Some(rate) = Rational::from_rate(asked).filter(|rate| is_rate(rate.as_f64())) else {
        return refuse(FIELD, format!("{asked} is not allowed; allowed are 0.001 to {MAX_FRAME_RATE}"));
    };
    let source = source.average_frame_rate.map(|rate| rate.as_f64() * speed).filter(|rate| *rate > 0.0);
    let less = source.map(|source| source < rate.as_f64() * (1.0 - RATE_NOISE));
    let source = per_second(source.unwrap_or(0.0));
    let field = "Video.TranscodeVideo.FrameRateOption";
    match choose(field, wish.frame_rate_option, less, &source, &per_second(asked), warnings)? {
        Choice::Asked => Ok(Some(rate)),
        Choice::Source => Ok(None),
    }
}

fn per_second(rate: f64) -> String {
    format!("{} frames per second", (rate * 1000.0).round() / 1000.0)
}

/// Quality or bitrate (decision 13).
fn rate(facts: &MediaFacts, wish: &VideoTarget, warnings: &mut Vec<Warning>) -> Result<VideoRate, Refusal> {
    match wish.rate.unwrap_or(RATE) {
        VideoRate::Crf(crf) => Ok(VideoRate::Crf(within("Video.TranscodeVideo.CRF", crf, 0.0, 51.0)?)),
        VideoRate::Bitrate(asked) => {
            if asked < MIN_BITRATE {
                let reason = format!("{asked} bit/s is not allowed; at least {MIN_BITRATE} are");
                return refuse("Video.TranscodeVideo.Bitrate", reason);
            }
            let source = match wish.bitrate_option {
                LessOption::Fixed => None,
                LessOption::Adaptive | LessOption::Fall => bitrate::of_video(facts),
            };
            let field = "Video.TranscodeVideo.BitrateOption";
            let (had, wanted) = (format!("{} bit/s", source.unwrap_or(0)), format!("{asked} bit/s"));
            let less = source.map(|source| source < asked);
            match choose(field, wish.bitrate_option, less, &had, &wanted, warnings)? {
                Choice::Asked => Ok(VideoRate::Bitrate(asked)),
                Choice::Source => Ok(VideoRate::Bitrate(source.unwrap_or(asked).max(MIN_BITRATE))),
            }
        }
    }
}
