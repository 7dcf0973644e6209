//! `wasmux plugin run`.

use std::fs;

use serde_json::Value;
use wasmux_tests::{component, workspace};

use super::Author;

/// A clip, and two of the components that come with the host: a filter and a policy, one of them under another file name.
fn author() -> Author {
    let author = Author::new();
    fs::copy(workspace().join("assets/bigbuckbunny.mp4"), author.path("clip.mp4")).unwrap();
    fs::copy(component("delogo"), author.path("any.name")).unwrap();
    fs::copy(component("parameters"), author.path("policy.wasm")).unwrap();
    author
}

#[test]
fn a_clip_comes_out_whole() {
    let author = author();
    fs::write(author.path("out.mp4"), "old").unwrap();
    fs::write(author.path("params.json"), r#"{"Delogos": [{"Width": 5000, "Dx": 1200, "Height": 40}]}"#).unwrap();
    let before = author.listing();
    // The sound comes along, and what the filter warns of is named as the author wrote it.
    let arguments = ["plugin", "run", "any.name", "--input", "clip.mp4", "--output", "out.mp4", "--params"];
    let warned =
        author.run("", &[&arguments[..], &[r#"{"Delogos": [{"Width": 600, "Dx": 1000, "Height": 40}]}"#]].concat());
    let stderr = wasmux_tests::text(&warned.stderr);
    assert!(
        warned.status.success() && stderr.contains("--params.Delogos[0]: ") && stderr.contains("[Clipped]"),
        "{stderr}"
    );
    assert_eq!(author.listing(), before);
    let facts: Value = serde_json::from_str(&author.run_well("", &["probe", "out.mp4"])).unwrap();
    let clip: Value = serde_json::from_str(&author.run_well("", &["probe", "clip.mp4"])).unwrap();
    assert_eq!(facts["VideoStreams"][0]["FrameCount"], clip["VideoStreams"][0]["FrameCount"]);
    assert_eq!(facts["AudioStreams"][0]["CodecName"], "aac");
}

#[test]
fn parameters_are_judged_by_the_schema() {
    let author = author();
    let arguments = ["plugin", "run", "any.name", "--input", "clip.mp4", "--output", "out.mp4", "--params"];
    let with = |params: &str| author.run_badly("", &[&arguments[..], &[params]].concat(), 2);
    let error = with(r#"{"Delogos": [{"Strength": 7}, {"Style": "smear"}]}"#);
    assert!(error.contains("2 faults") && error.contains("Delogos[0].Strength must be"), "{error}");
    assert!(error.contains("Delogos[1].Style must be"), "{error}");
    assert!(with("{").contains("--params: this is no JSON"));
    assert!(with("[]").contains("--params: must be a JSON object"));
    assert!(with("@none.json").contains("--params: none.json: No such file"));
    assert!(!author.path("out.mp4").exists());
}

#[test]
fn a_trial_that_cannot_be_leaves_nothing() {
    let author = author();
    let before = author.listing();
    let run = |file: &str, more: &[&str], code: i32| {
        let error = author.run_badly("", &[&["plugin", "run", file][..], more].concat(), code);
        assert_eq!(author.listing(), before, "{error}");
        error
    };
    let frame = ["--input", "clip.mp4", "--frame", "1s", "frame.png"];
    let policy = run("policy.wasm", &frame, 1);
    assert!(policy.contains("it is a parameter-policy, but a video-filter is needed"), "{policy}");
    assert!(run("clip.mp4", &frame, 1).contains("clip.mp4 cannot be used: it is no valid WebAssembly component"));
    let no_clip = run("any.name", &["--input", "none.mp4", "--frame", "1s", "frame.png"], 1);
    assert!(no_clip.contains("none.mp4: No such file"), "{no_clip}");
    let no_film = run("any.name", &["--input", "policy.wasm", "--frame", "1s", "frame.png"], 1);
    assert!(no_film.contains("policy.wasm: the source is no supported media file"), "{no_film}");
    let ending = run("any.name", &["--input", "clip.mp4", "--output", "out.avi"], 2);
    assert!(ending.contains("must end in .mp4, .mov, .mkv, .webm"), "{ending}");
    let time = run("any.name", &["--input", "clip.mp4", "--frame", "soon", "frame.png"], 2);
    assert!(time.contains("`soon` is no time"), "{time}");
    let format = run("any.name", &["--input", "clip.mp4", "--pixel-format", "rgb", "--frame", "1s", "frame.png"], 2);
    assert!(format.contains("PixelFormat must be"), "{format}");
    let png = run("any.name", &["--input", "clip.mp4", "--frame", "1s", "clip.mp4"], 2);
    assert!(png.contains("must end in .png"), "{png}");
    let itself = run("any.name", &["--input", "clip.mp4", "--output", "./clip.mp4"], 2);
    assert!(itself.contains("would replace the clip itself"), "{itself}");
    assert!(run("any.name", &["--input", "clip.mp4"], 2).contains("--output"));
}
