//! The host and the SDK write the documents of parameter policies as types of their own: what one writes the other must read whole,
//! and write again as the same.

#![expect(clippy::unwrap_used, reason = "a test")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wasmux::task;
use wasmux_sdk::parameters as sdk;

/// Reads a document as both types; the fields that each writes are those of the document, no more and no less.
#[track_caller]
fn agree<H: Serialize + DeserializeOwned, S: Serialize + DeserializeOwned>(document: &Value) {
    let host: H = serde_json::from_value(document.clone()).unwrap();
    let guest: S = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(&serde_json::to_value(host).unwrap(), document, "the host's type differs");
    assert_eq!(&serde_json::to_value(guest).unwrap(), document, "the SDK's type differs");
}

#[test]
fn facts_are_the_same_on_both_sides() {
    let video = json!({
        "Index": 0, "CodecName": "hevc", "CodecLongName": "H.265", "Width": 3840, "Height": 2160, "Rotate": 270, "Mirror": true,
        "SampleAspectRatio": "4/3", "PixelFormat": "yuv420p10le", "BitDepth": 10, "AverageFrameRate": "30000/1001",
        "FrameRate": "30/1", "TimeBase": "1/90000", "StartTime": 0.5, "Duration": 2.5, "FrameCount": 75, "Bitrate": 5_000_000,
        "HasBFrames": 2, "Interlaced": true, "Language": "eng",
        "Colour": {"Primaries": 9, "Transfer": 16, "Matrix": 9, "FullRange": true, "ChromaLocation": 0},
    });
    let audio = json!({
        "Index": 1, "CodecName": "aac", "CodecLongName": "AAC", "SampleRate": 48_000, "Channels": 6, "ChannelLayout": "5.1",
        "SampleFormat": "fltp", "TimeBase": "1/48000", "StartTime": 0.0, "Duration": 2.5, "Bitrate": 384_000, "Language": "fra",
    });
    let facts = json!({
        "FormatName": "mov", "FormatLongName": "QuickTime", "Size": 1_000_000, "Duration": 2.5, "StartTime": 0.0,
        "Bitrate": 5_400_000, "VideoStreams": [video], "AudioStreams": [audio],
        "Subtitles": [{"Index": 2, "CodecName": "subrip", "Language": "deu"}],
    });
    agree::<task::MediaFacts, sdk::MediaFacts>(&facts);
}

#[test]
fn wishes_are_the_same_on_both_sides() {
    let video = json!({
        "Codec": "h265", "Preset": "slow", "Rate": {"Bitrate": 2_000_000}, "BitrateOption": "adaptive", "MaxBitrate": 1_000_000,
        "BufferSize": 2_000_000, "GOPSize": 50, "BFrames": 2, "Refs": 4, "PixelFormat": "yuv444p10le", "FrameRate": 29.97,
        "FrameRateOption": "fall", "Resolution": {"Text": "x720", "Second": 720}, "ResolutionOption": "fixed",
        "AdaptiveResolutionDirection": true, "ScaleType": "crop", "Rotation": 90,
    });
    agree::<task::spec::VideoTarget, sdk::VideoTarget>(&video);
    let audio = json!({
        "Codec": "opus", "Bitrate": 96_000, "BitrateOption": "adaptive", "SampleRate": 48_000, "SampleRateOption": "fall", "Channel": 2,
        "Quality": 50, "BitsPerSample": 24,
    });
    agree::<task::spec::AudioTarget, sdk::AudioTarget>(&audio);
}

#[test]
fn answers_are_the_same_on_both_sides() {
    let video = json!({
        "Deinterlace": true, "Mirror": true, "Rotation": 180, "Scale": {"Width": 1280, "Height": 720},
        "Crop": {"X": 2, "Y": 4, "Width": 640, "Height": 360}, "Pad": {"X": 2, "Y": 4, "Width": 644, "Height": 368},
        "ToneMap": true, "SampleAspect": "4/3", "PixelFormat": "yuva420p", "FrameRate": "25/1",
        "Encoding": {
            "Codec": "vp9", "Preset": "fast", "Rate": {"CRF": 23.5}, "MaxBitrate": 1_000_000, "BufferSize": 2_000_000, "GOPSize": 150,
            "BFrames": 3, "Refs": 2, "FrameRate": "25/1",
        },
    });
    agree::<task::ResolvedVideo, sdk::ResolvedVideo>(&video);
    let audio = json!({
        "Encoding": {"Codec": "flac", "SampleRate": 44_100, "Channels": 2, "Bitrate": 0, "BitsPerSample": 24, "Quality": 10},
    });
    agree::<task::ResolvedAudio, sdk::ResolvedAudio>(&audio);
}
