//! The rules, one test each; `property.rs` holds what is true of every picture.
#![expect(clippy::needless_pass_by_value, reason = "values are written where they are used")]

mod audio;
mod documents;
mod property;
mod size;
mod video;

use serde_json::{Value, json};
use wasmux_sdk::testing::resolve;

use super::Parameters;

/// A source of this stored size: 25 frames per second, 4 Mbit/s of video, 128 kbit/s of audio, 10 s.
fn source(width: u32, height: u32) -> Value {
    json!({
        "FormatName": "mov,mp4,m4a,3gp,3g2,mj2", "FormatLongName": "QuickTime / MOV", "Size": 5_160_000_u64,
        "Duration": 10.0, "StartTime": 0.0, "Bitrate": 4_128_000,
        "VideoStreams": [{
            "Index": 0, "CodecName": "h264", "CodecLongName": "H.264", "Width": width, "Height": height, "Rotate": 0,
            "SampleAspectRatio": "1/1", "PixelFormat": "yuv420p", "BitDepth": 8, "AverageFrameRate": "25/1",
            "FrameRate": "25/1", "TimeBase": "1/12800", "StartTime": 0.0, "Duration": 10.0, "FrameCount": 250,
            "Bitrate": 4_000_000, "HasBFrames": 2, "Interlaced": false,
            "Colour": {"Primaries": 1, "Transfer": 1, "Matrix": 1, "FullRange": false, "ChromaLocation": 0},
        }],
        "AudioStreams": [{
            "Index": 1, "CodecName": "aac", "CodecLongName": "AAC", "SampleRate": 44_100, "Channels": 2,
            "ChannelLayout": "stereo", "SampleFormat": "fltp", "TimeBase": "1/44100", "StartTime": 0.0, "Duration": 10.0,
            "Bitrate": 128_000, "Language": "eng",
        }],
        "Subtitles": [],
    })
}

fn resolution(text: &str) -> Value {
    let (first, second) = text.split_once('x').unwrap();
    let side = |text: &str| text.parse::<u32>().ok();
    json!({"Text": text, "First": side(first), "Second": side(second)})
}

/// Sets fields of an object.
fn with(mut object: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// The source with other facts of its video stream.
fn video_source(width: u32, height: u32, facts: Value) -> Value {
    let mut source = source(width, height);
    source["VideoStreams"][0] = with(source["VideoStreams"][0].take(), &facts);
    source
}

fn document(source: &Value, video: &Value, audio: &Value) -> Value {
    json!({"Source": source, "Target": {"Index": 0, "Container": "mp4", "Video": video, "Audio": audio}})
}

fn answer(document: &Value) -> Value {
    serde_json::from_str(&resolve::<Parameters>(&document.to_string()).unwrap()).unwrap()
}

/// The answer for a video target with these fields.
fn video(source: &Value, wish: Value) -> Value {
    answer(&document(source, &with(json!({"Codec": "h264"}), &wish), &Value::Null))
}

/// The answer for an audio target with these fields.
fn audio(source: &Value, wish: Value) -> Value {
    answer(&document(source, &Value::Null, &with(json!({"Codec": "aac"}), &wish)))
}

#[track_caller]
fn refused(answer: &Value, field: &str, parts: &[&str]) {
    assert_eq!(answer["Decision"], "refuse", "{answer:#}");
    assert_eq!(answer["Field"], field);
    for part in parts {
        assert!(answer["Reason"].as_str().unwrap().contains(part), "`{part}` is not in {answer:#}");
    }
}

#[track_caller]
fn warned(answer: &Value, code: &str) {
    assert_eq!(answer["Decision"], "use", "{answer:#}");
    assert!(answer["Warnings"].as_array().is_some_and(|list| list.iter().any(|w| w["Code"] == code)), "{answer:#}");
}
