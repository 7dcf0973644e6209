//! Says how an output is encoded: at most 720 lines at one quality, and stereo sound.
//!
//! [`ParameterPolicy::resolve`] gets the facts of the source and what the target asks for, and answers with every number that
//! the host needs. The host refuses an answer that cannot be, such as odd sides or another codec than the one asked for.

use wasmux_sdk::Error;
use wasmux_sdk::parameters::{
    AudioEncoding, AudioStreamFacts, AudioTarget, ParameterAnswer, ParameterPolicy, ParameterRequest, PixelFormat,
    ResolvedAudio, ResolvedVideo, Size, VideoEncoding, VideoRate, VideoStreamFacts, VideoTarget,
};

/// Lines of an output at most.
const LINES: u32 = 720;
/// Lower is better.
const QUALITY: f64 = 23.0;
/// bit/s of one channel.
const CHANNEL_BITRATE: u64 = 64_000;

/// TransferCharacteristics of ITU-T H.273 that mean high dynamic range: PQ and HLG.
const HIGH_DYNAMIC_RANGE: [u8; 2] = [16, 18];

/// The policy.
#[derive(Debug)]
pub struct House;

impl ParameterPolicy for House {
    fn resolve(request: ParameterRequest) -> Result<ParameterAnswer, Error> {
        let source = &request.source;
        let video = match (&request.target.video, source.video_streams.first()) {
            (Some(wish), Some(source)) => Some(video(source, wish)),
            (Some(_), None) => return Ok(ParameterAnswer::refuse("Video", "the source has no video stream")),
            (None, _) => None,
        };
        let audio = match (&request.target.audio, source.audio_streams.first()) {
            (Some(wish), Some(source)) => Some(audio(source, wish)),
            (Some(_), None) => return Ok(ParameterAnswer::refuse("Audio", "the source has no audio stream")),
            (None, _) => None,
        };
        Ok(ParameterAnswer::resolved(video, audio, Vec::new()))
    }
}

fn video(source: &VideoStreamFacts, wish: &VideoTarget) -> ResolvedVideo {
    // What is turned for the viewer is turned in the picture.
    let turned = source.rotate.swaps_sides();
    let (width, height) = if turned { (source.height, source.width) } else { (source.width, source.height) };
    let lines = height.min(LINES);
    let width = u64::from(width) * u64::from(lines) / u64::from(height.max(1));
    let aspect = source.sample_aspect_ratio;
    ResolvedVideo {
        deinterlace: source.interlaced,
        mirror: source.mirror,
        rotation: source.rotate,
        scale: Size { width: even(u32::try_from(width).unwrap_or(u32::MAX)), height: even(lines) },
        crop: None,
        pad: None,
        tone_map: HIGH_DYNAMIC_RANGE.contains(&source.colour.transfer),
        sample_aspect: if turned { aspect.inverse().unwrap_or(aspect) } else { aspect },
        pixel_format: PixelFormat::Yuv420p,
        frame_rate: None,
        encoding: VideoEncoding {
            codec: wish.codec,
            preset: wish.preset,
            rate: VideoRate::Crf(QUALITY),
            max_bitrate: None,
            buffer_size: None,
            gop_size: 150,
            b_frames: 3,
            refs: 2,
            frame_rate: source.constant_rate(),
        },
    }
}

/// The next even number below: half of the samples have colour.
fn even(side: u32) -> u32 {
    (side - side % 2).max(2)
}

fn audio(source: &AudioStreamFacts, wish: &AudioTarget) -> ResolvedAudio {
    let channels = source.channels.clamp(1, 2);
    ResolvedAudio {
        encoding: AudioEncoding {
            codec: wish.codec,
            sample_rate: 48_000,
            channels,
            bitrate: CHANNEL_BITRATE * u64::from(channels),
            quality: None,
            bits_per_sample: None,
        },
    }
}

wasmux_sdk::register_parameter_policy!(House);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wasmux_sdk::testing::resolve;

    use super::*;

    fn answer(width: u32, height: u32, rotate: u32) -> Value {
        let video = json!({
            "Index": 0, "CodecName": "h264", "CodecLongName": "H.264", "Width": width, "Height": height, "Rotate": rotate,
            "SampleAspectRatio": "1/1", "PixelFormat": "yuv420p", "BitDepth": 8, "AverageFrameRate": "25/1", "FrameRate": "25/1",
            "TimeBase": "1/12800", "StartTime": 0.0, "Duration": 1.0, "FrameCount": 25, "Bitrate": 1_000_000, "HasBFrames": 2,
            "Interlaced": false,
            "Colour": {"Primaries": 1, "Transfer": 1, "Matrix": 1, "FullRange": false, "ChromaLocation": 0},
        });
        let source = json!({
            "FormatName": "mp4", "FormatLongName": "MP4", "Size": 1_000_000, "Duration": 1.0, "StartTime": 0.0, "Bitrate": 1_000_000,
            "VideoStreams": [video], "AudioStreams": [], "Subtitles": [],
        });
        let target = json!({"Index": 0, "Container": "mp4", "Video": {"Codec": "h264"}});
        let document = json!({"Source": source, "Target": target}).to_string();
        serde_json::from_str(&resolve::<House>(&document).unwrap()).unwrap()
    }

    #[test]
    fn large_pictures_become_smaller_and_small_ones_stay() {
        assert_eq!(answer(1920, 1080, 0)["Video"]["Scale"], json!({"Width": 1280, "Height": 720}));
        assert_eq!(answer(1920, 1080, 90)["Video"]["Scale"], json!({"Width": 404, "Height": 720}));
        assert_eq!(answer(320, 181, 0)["Video"]["Scale"], json!({"Width": 320, "Height": 180}));
    }

    #[test]
    fn quality_is_one() {
        let answer = answer(1280, 720, 0);
        assert_eq!(answer["Decision"], "use");
        assert_eq!(answer["Video"]["Encoding"]["Rate"], json!({"CRF": QUALITY}));
    }
}
