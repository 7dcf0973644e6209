//! Says how an output is encoded. Its idea: the facts of the source decide. A quality is chosen for each source by how many bits it
//! spends on a pixel, and a rung of a ladder that is larger than the source is skipped.
//!
//! [`ParameterPolicy::resolve`] gets the facts of the source and what the target asks for, and answers with every number that
//! the host needs. The host refuses an answer that cannot be, such as odd sides or another codec than the one asked for.

use wasmux_sdk::parameters::{
    AudioEncoding, AudioStreamFacts, AudioTarget, MediaFacts, ParameterAnswer, ParameterPolicy, ParameterRequest,
    PixelFormat, Rational, ResolvedAudio, ResolvedVideo, Size, VideoEncoding, VideoRate, VideoStreamFacts, VideoTarget,
};
use wasmux_sdk::{Error, log};

/// The quality for a source of [`USUAL_BITS`], and for one that does not tell its bitrate. Lower is better.
const USUAL_CRF: f64 = 23.0;
/// Bits of a pixel of an ordinary film in h264.
const USUAL_BITS: f64 = 0.1;
/// How much better the quality becomes with twice the bits.
const STEP: f64 = 2.0;
/// The best and the worst quality that is chosen.
const BEST: f64 = 19.0;
const WORST: f64 = 28.0;

/// How much larger than the source an output may seem: sources are cut to odd sides.
const SLACK: f64 = 1.01;
/// bit/s of one channel.
const CHANNEL_BITRATE: u64 = 64_000;
/// TransferCharacteristics of ITU-T H.273 that mean high dynamic range: PQ and HLG.
const HIGH_DYNAMIC_RANGE: [u8; 2] = [16, 18];

/// The policy.
#[derive(Debug)]
pub struct PerTitle;

impl ParameterPolicy for PerTitle {
    fn resolve(request: ParameterRequest) -> Result<ParameterAnswer, Error> {
        let source = &request.source;
        let video = match (&request.target.video, source.video_streams.first()) {
            (Some(wish), Some(stream)) => match fit(stream, wish) {
                Ok(size) => Some(video(source, stream, wish, size)),
                Err(reason) => return Ok(ParameterAnswer::skip(reason)),
            },
            (Some(_), None) => return Ok(ParameterAnswer::refuse("Video", "the source has no video stream")),
            (None, _) => None,
        };
        let audio = match (&request.target.audio, source.audio_streams.first()) {
            (Some(wish), Some(stream)) => Some(audio(stream, wish)),
            (Some(_), None) => return Ok(ParameterAnswer::refuse("Audio", "the source has no audio stream")),
            (None, _) => None,
        };
        Ok(ParameterAnswer::resolved(video, audio, Vec::new()))
    }
}

/// The size of the output: as large as asked for, in the shape of the source. The error is why the target is skipped.
fn fit(source: &VideoStreamFacts, wish: &VideoTarget) -> Result<Size, String> {
    // As it is played: with square samples, and turned.
    let (mut width, mut height) =
        (f64::from(source.width) * source.sample_aspect_ratio.as_f64(), f64::from(source.height));
    if source.rotate.then(wish.rotation).swaps_sides() {
        (width, height) = (height, width);
    }
    let Some(wanted) = &wish.resolution else {
        return Ok(Size { width: even(width), height: even(height) });
    };
    let (mut across, mut down) = (wanted.first, wanted.second);
    if wish.adaptive_resolution_direction && width < height {
        (across, down) = (down, across);
    }
    let share = |side: Option<u32>, source: f64| side.map_or(f64::INFINITY, |side| f64::from(side) / source);
    let share = share(across, width).min(share(down, height));
    if share.is_finite() && share > SLACK {
        return Err(format!("a picture of {} is larger than the source's {width:.0}x{height:.0}", wanted.text));
    }
    let share = share.min(1.0);
    Ok(Size { width: even(width * share), height: even(height * share) })
}

/// The next even number below: half of the samples have colour.
fn even(side: f64) -> u32 {
    let side = side.round() as u32;
    (side - side % 2).max(2)
}

fn video(facts: &MediaFacts, source: &VideoStreamFacts, wish: &VideoTarget, size: Size) -> ResolvedVideo {
    let pixel_format = wish.pixel_format.unwrap_or(PixelFormat::Yuv420p);
    let frame_rate = wish.frame_rate.and_then(Rational::from_rate);
    ResolvedVideo {
        deinterlace: source.interlaced,
        mirror: source.mirror,
        rotation: source.rotate.then(wish.rotation),
        scale: size,
        crop: None,
        pad: None,
        tone_map: HIGH_DYNAMIC_RANGE.contains(&source.colour.transfer) && !pixel_format.is_deep(),
        sample_aspect: Rational::ONE,
        pixel_format,
        frame_rate,
        encoding: VideoEncoding {
            codec: wish.codec,
            preset: wish.preset,
            rate: wish.rate.unwrap_or_else(|| VideoRate::Crf(quality(facts, source))),
            max_bitrate: wish.max_bitrate,
            buffer_size: wish.buffer_size,
            gop_size: wish.gop_size.unwrap_or(150),
            b_frames: wish.b_frames.unwrap_or(3),
            refs: wish.refs.unwrap_or(2),
            frame_rate: frame_rate.or_else(|| source.constant_rate()),
        },
    }
}

/// A source with few bits for a pixel is simple, or has lost its detail before; either way more bits would find nothing to keep.
fn quality(facts: &MediaFacts, source: &VideoStreamFacts) -> f64 {
    let Some(bits) = bits_of_pixel(facts, source) else { return USUAL_CRF };
    let better = STEP * (bits * efficiency(&source.codec_name) / USUAL_BITS).log2();
    let crf = ((USUAL_CRF - better).clamp(BEST, WORST) * 2.0).round() / 2.0;
    log::log(
        log::Level::Info,
        "quality chosen",
        &[("bits of a pixel", &format!("{bits:.4}")), ("CRF", &crf.to_string())],
    );
    crf
}

/// `None` where the source does not tell its bitrate or its rate.
fn bits_of_pixel(facts: &MediaFacts, source: &VideoStreamFacts) -> Option<f64> {
    let sound: u64 = facts.audio_streams.iter().filter_map(|stream| stream.bitrate).sum();
    let bitrate = source.bitrate.or_else(|| facts.bitrate?.checked_sub(sound))?;
    let pixels = f64::from(source.width) * f64::from(source.height) * source.average_frame_rate?.as_f64();
    (bitrate > 0 && pixels > 0.0).then(|| bitrate as f64 / pixels)
}

/// How many bits h264 would need for one of this codec.
fn efficiency(codec: &str) -> f64 {
    match codec {
        "hevc" | "vp9" => 1.6,
        "av1" => 2.0,
        "mpeg2video" | "mpeg1video" | "mpeg4" => 0.5,
        // A picture at a time.
        "prores" | "dnxhd" | "mjpeg" | "dvvideo" => 0.1,
        _ => 1.0,
    }
}

fn audio(source: &AudioStreamFacts, wish: &AudioTarget) -> ResolvedAudio {
    let channels = wish.channel.unwrap_or(source.channels.clamp(1, 2));
    ResolvedAudio {
        encoding: AudioEncoding {
            codec: wish.codec,
            sample_rate: wish.sample_rate.unwrap_or(48_000),
            channels,
            bitrate: wish.bitrate.unwrap_or(CHANNEL_BITRATE * u64::from(channels)),
            quality: None,
            bits_per_sample: wish.bits_per_sample,
        },
    }
}

wasmux_sdk::register_parameter_policy!(PerTitle);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wasmux_sdk::testing::{Host, resolve};

    use super::*;

    /// The answer for a source of 1280x720 with these facts of its video stream, and a target that wishes this.
    fn answer(facts: &Value, wish: &Value) -> Value {
        let _host = Host::install();
        let with = |mut object: Value, fields: &Value| {
            fields.as_object().unwrap().iter().for_each(|(name, value)| object[name] = value.clone());
            object
        };
        let video = json!({
            "Index": 0, "CodecName": "h264", "CodecLongName": "H.264", "Width": 1280, "Height": 720, "Rotate": 0,
            "SampleAspectRatio": "1/1", "PixelFormat": "yuv420p", "BitDepth": 8, "AverageFrameRate": "25/1", "FrameRate": "25/1",
            "TimeBase": "1/12800", "StartTime": 0.0, "Duration": 1.0, "FrameCount": 25, "Bitrate": null, "HasBFrames": 2,
            "Interlaced": false,
            "Colour": {"Primaries": 1, "Transfer": 1, "Matrix": 1, "FullRange": false, "ChromaLocation": 0},
        });
        let source = json!({
            "FormatName": "mp4", "FormatLongName": "MP4", "Size": 1_000_000, "Duration": 1.0, "StartTime": 0.0, "Bitrate": null,
            "VideoStreams": [with(video, facts)], "AudioStreams": [], "Subtitles": [],
        });
        let target = json!({"Index": 0, "Container": "mp4", "Video": with(json!({"Codec": "h264"}), wish)});
        let document = json!({"Source": source, "Target": target}).to_string();
        serde_json::from_str(&resolve::<PerTitle>(&document).unwrap()).unwrap()
    }

    fn crf(facts: &Value) -> f64 {
        answer(facts, &json!({}))["Video"]["Encoding"]["Rate"]["CRF"].as_f64().unwrap()
    }

    #[test]
    fn the_bits_of_the_source_choose_the_quality() {
        // 1280x720 at 25 frames: 2,304,000 bit/s are 0.1 bits of a pixel.
        let of_bitrate = |bitrate: u64| crf(&json!({"Bitrate": bitrate}));
        assert_eq!((of_bitrate(2_304_000), of_bitrate(4_608_000), of_bitrate(1_152_000)), (23.0, 21.0, 25.0));
        assert_eq!((of_bitrate(100_000_000), of_bitrate(1_000)), (BEST, WORST));
        assert_eq!(crf(&json!({"Bitrate": 1_152_000, "CodecName": "av1"})), 23.0);
        assert_eq!(crf(&json!({"Bitrate": 2_304_000, "AverageFrameRate": "50/1"})), 25.0);
        assert_eq!((crf(&json!({})), crf(&json!({"Bitrate": 0}))), (USUAL_CRF, USUAL_CRF));
    }

    #[test]
    fn what_the_target_asks_for_is_kept() {
        let answer = answer(&json!({"Bitrate": 1_000}), &json!({"Rate": {"Bitrate": 800_000}, "GOPSize": 50}));
        assert_eq!(answer["Video"]["Encoding"]["Rate"], json!({"Bitrate": 800_000}));
        assert_eq!(answer["Video"]["Encoding"]["GOPSize"], 50);
    }

    fn rung(facts: &Value, text: &str, more: &Value) -> Value {
        let (first, second) = text.split_once('x').unwrap();
        let side = |text: &str| text.parse::<u32>().ok();
        let mut wish = json!({"Resolution": {"Text": text, "First": side(first), "Second": side(second)}});
        more.as_object().unwrap().iter().for_each(|(name, value)| wish[name] = value.clone());
        answer(facts, &wish)
    }

    #[test]
    fn rungs_that_are_larger_than_the_source_are_skipped() {
        for text in ["1920x1080", "x1080", "1920x"] {
            let answer = rung(&json!({}), text, &json!({}));
            let reason = answer["Reason"].as_str().unwrap_or_default();
            assert!(answer["Decision"] == "skip" && reason.contains("source's 1280x720"), "{answer}");
        }
        for (text, size) in
            [("x720", [1280, 720]), ("1920x720", [1280, 720]), ("640x", [640, 360]), ("x724", [1280, 720])]
        {
            let answer = rung(&json!({}), text, &json!({}));
            assert_eq!(answer["Video"]["Scale"], json!({"Width": size[0], "Height": size[1]}), "{text}");
        }
    }

    #[test]
    fn pictures_are_measured_as_they_are_played() {
        let upright = rung(&json!({"Rotate": 90}), "x1080", &json!({}));
        assert_eq!(upright["Video"]["Scale"], json!({"Width": 608, "Height": 1080}));
        let short = rung(&json!({"Rotate": 90}), "x480", &json!({"AdaptiveResolutionDirection": true}));
        assert_eq!(short["Video"]["Scale"], json!({"Width": 480, "Height": 852}));
        let wide = rung(&json!({"SampleAspectRatio": "3/2"}), "1920x", &json!({}));
        assert_eq!(wide["Video"]["Scale"], json!({"Width": 1920, "Height": 720}));
    }
}
