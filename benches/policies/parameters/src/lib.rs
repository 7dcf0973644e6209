//! What the templates for parameter policies in other languages do: at most 720 lines at one quality, and stereo sound.

use wasmux_sdk::Error;
use wasmux_sdk::parameters::{
    AudioEncoding, AudioStreamFacts, AudioTarget, ParameterAnswer, ParameterPolicy, ParameterRequest, PixelFormat,
    Rational, ResolvedAudio, ResolvedVideo, Size, VideoEncoding, VideoRate, VideoStreamFacts, VideoTarget,
};

const LINES: u32 = 720;
/// Lower is better.
const QUALITY: f64 = 23.0;
/// bit/s of one channel.
const CHANNEL_BITRATE: u64 = 64_000;
/// TransferCharacteristics of ITU-T H.273 that mean high dynamic range: PQ and HLG.
const HIGH_DYNAMIC_RANGE: [u8; 2] = [16, 18];

/// The policy.
#[derive(Debug)]
pub struct FullHd;

impl ParameterPolicy for FullHd {
    fn resolve(request: ParameterRequest) -> Result<ParameterAnswer, Error> {
        let (source, target) = (&request.source, &request.target);
        let video = match (&target.video, source.video_streams.first()) {
            (Some(wish), Some(stream)) => Some(video(stream, wish)),
            (Some(_), None) => return Ok(ParameterAnswer::refuse("Video", "the source has no video stream")),
            (None, _) => None,
        };
        let audio = match (&target.audio, source.audio_streams.first()) {
            (Some(wish), Some(stream)) => Some(audio(stream, wish)),
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
    let aspect = source.sample_aspect_ratio;
    let lines = height.min(LINES);
    let across = u64::from(width) * u64::from(lines) / u64::from(height.max(1));
    ResolvedVideo {
        deinterlace: source.interlaced,
        mirror: source.mirror,
        rotation: source.rotate,
        scale: Size { width: even(across as u32), height: even(lines) },
        crop: None,
        pad: None,
        tone_map: HIGH_DYNAMIC_RANGE.contains(&source.colour.transfer),
        sample_aspect: if turned { turned_shape(aspect) } else { aspect },
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
            frame_rate: source.frame_rate,
        },
    }
}

fn turned_shape(sample: Rational) -> Rational {
    Rational::positive(sample.den(), sample.num()).unwrap_or(Rational::ONE)
}

/// The next even number below: half of the samples have colour.
fn even(side: u32) -> u32 {
    (side / 2 * 2).max(2)
}

fn audio(source: &AudioStreamFacts, wish: &AudioTarget) -> ResolvedAudio {
    let channels = source.channels.clamp(1, 2);
    let bitrate = CHANNEL_BITRATE * u64::from(channels);
    let encoding = AudioEncoding {
        codec: wish.codec,
        sample_rate: 48_000,
        channels,
        bitrate,
        quality: None,
        bits_per_sample: None,
    };
    ResolvedAudio { encoding }
}

wasmux_sdk::register_parameter_policy!(FullHd);
