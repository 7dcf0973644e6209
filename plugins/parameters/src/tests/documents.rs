//! The documents against their published schemas.

use serde_json::{Value, json};
use wasmux_sdk::Error;
use wasmux_sdk::testing::{manifest, resolve};

use super::{Parameters, answer, document, resolution, source};

fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

#[track_caller]
fn valid(schema: &jsonschema::Validator, document: &Value) {
    let faults: Vec<_> = schema.iter_errors(document).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?} in {document:#}");
}

#[test]
fn documents_are_as_published() {
    let requests = schema(include_str!("../../../../docs/schemas/parameters-request.json"));
    let answers = schema(include_str!("../../../../docs/schemas/parameters-answer.json"));
    let audio = json!({
        "Codec": "aac", "Bitrate": 96_000, "BitrateOption": "adaptive", "SampleRateOption": "fixed", "Channel": 2,
    });
    let full = |scale: &str, option: &str| {
        json!({
            "Codec": "h264", "Preset": "fast", "Rate": {"CRF": 23.0}, "BitrateOption": "fixed", "MaxBitrate": 3_000_000,
            "BufferSize": 6_000_000, "GOPSize": 50, "BFrames": 2, "Refs": 1, "PixelFormat": "yuv420p", "FrameRate": 29.97,
            "FrameRateOption": "fixed", "Resolution": resolution("1000x1000"), "ResolutionOption": option,
            "AdaptiveResolutionDirection": true, "ScaleType": scale, "Rotation": 90,
        })
    };
    for video in [
        Value::Null,
        json!({"Codec": "h264"}),
        json!({"Codec": "h264", "Rate": {"Bitrate": 1_000_000}}),
        full("crop", "fixed"),
        full("fill", "fixed"),
        full("fit", "fixed"),
        full("stretch", "fall"),
    ] {
        for (width, height) in [(1920, 1080), (640, 360), (0, 0)] {
            let document = document(&source(width, height), &video, &audio);
            valid(&requests, &document);
            valid(&answers, &answer(&document));
        }
    }
    valid(&answers, &json!({"Decision": "skip", "Reason": "the source is smaller"}));
    assert!(!answers.is_valid(&json!({"Decision": "refuse"})));
    assert!(!answers.is_valid(&json!({"Decision": "use", "Audio": {"Encoding": {"Codec": "aac"}}})));
}

#[test]
fn unknown_fields_are_passed_over() {
    let mut document = document(&source(64, 64), &json!({"Codec": "h264", "Future": 1}), &Value::Null);
    document["Source"]["Future"] = json!({"A": []});
    document["Future"] = json!(true);
    assert_eq!(answer(&document)["Decision"], "use");
}

#[test]
fn a_document_that_is_none_is_a_typed_error_with_a_path() {
    let mut document = document(&source(64, 64), &json!({"Codec": "h264"}), &Value::Null);
    document["Source"]["VideoStreams"][0]["Rotate"] = json!(45);
    let error = resolve::<Parameters>(&document.to_string()).unwrap_err();
    assert_eq!(error.code(), Error::INVALID_PARAMETERS);
    assert_eq!(error.field_path(), Some("Source.VideoStreams[0].Rotate"));
    assert!(error.message().contains("45"), "{error}");
}

#[test]
fn the_manifest_names_the_world() {
    assert_eq!(manifest::<Parameters>()["world"], "wasmux:plugin/parameter-policy@0.1.0");
    assert_eq!(manifest::<Parameters>()["name"], "parameters");
}
