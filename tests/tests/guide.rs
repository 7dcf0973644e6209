//! The guide's seven requests, word for word, on a real clip and on one of 3840x2160 that is made from it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::{World, clips, text, workspace};

const STEM: &str = "video-demo/Shushan Commercial Building";

fn request(name: &str) -> Value {
    let file = workspace().join("host/src/intake/tests/guide").join(name);
    serde_json::from_slice(&fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))).unwrap()
}

/// A world with the guide's source; `large` makes it 3840x2160.
fn world(large: bool) -> World {
    let world = World::default();
    clips::put(&world, "src_1080p30.mov");
    let (clip, source) = (world.object("src_1080p30.mov"), world.object(&format!("{STEM}.mov")));
    fs::create_dir_all(source.parent().unwrap()).unwrap();
    if large {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(&clip);
        command.args("-vf scale=3840:2160:flags=neighbor -c:v libx264 -preset ultrafast -crf 20 -c:a copy".split(' '));
        assert!(command.arg(&source).status().unwrap().success());
    } else {
        fs::copy(&clip, &source).unwrap();
    }
    fs::remove_file(clip).unwrap();
    world
}

fn run(world: &World, name: &str) {
    let output = world.run(&request(name));
    assert!(output.status.success(), "{name}: {}", text(&output.stderr));
}

#[track_caller]
fn has(facts: &Value, expected: &Value) {
    for (pointer, value) in expected.as_object().unwrap() {
        let found = facts.pointer(pointer).unwrap_or(&Value::Null);
        let near = |(found, value): (f64, f64)| value.fract() != 0.0 && (found - value).abs() <= 0.034;
        let same = found == value || found.as_f64().zip(value.as_f64()).is_some_and(near);
        assert!(same, "{pointer} is {found}, expected {value}:\n{facts:#}");
    }
}

/// Puts the segments of a playlist one behind the other, so that they can be probed; returns their lengths in seconds.
fn joined(world: &World, playlist: &str, to: &str) -> Vec<f64> {
    let text = fs::read_to_string(world.object(playlist)).unwrap();
    let folder = Path::new(playlist).parent().unwrap().to_str().unwrap();
    let mut all = Vec::new();
    let mut lengths = Vec::new();
    let mut number = 0;
    for line in text.lines() {
        if let Some(length) = line.strip_prefix("#EXTINF:") {
            lengths.push(length.trim_end_matches(',').parse().unwrap());
        } else if !line.starts_with('#') {
            let name = line.replace("%20", " ");
            let stem = Path::new(playlist).file_stem().unwrap().to_str().unwrap();
            assert_eq!(name, format!("{stem}-{number}.ts"));
            number += 1;
            all.extend(fs::read(world.object(&format!("{folder}/{name}"))).unwrap());
        }
    }
    let longest = lengths.iter().copied().fold(0.0, f64::max).round();
    for part in [
        format!("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{longest}\n#EXT-X-MEDIA-SEQUENCE:0\n"),
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned(),
    ] {
        assert!(text.contains(&part), "{part} is not in\n{text}");
    }
    assert!(text.ends_with("#EXT-X-ENDLIST\n"));
    fs::write(world.object(to), all).unwrap();
    lengths
}

fn aac() -> Value {
    json!({"/AudioStreams/0/CodecName": "aac", "/AudioStreams/0/Channels": 2, "/AudioStreams/0/SampleRate": 44100})
}

#[test]
fn to_mp4_to_flv_and_into_another_container() {
    let world = world(false);
    run(&world, "cut-flv.json");
    let flv = world.probe(&format!("{STEM}.flv"));
    has(&flv, &aac());
    has(
        &flv,
        &json!({"/FormatName": "flv", "/VideoStreams/0/CodecName": "h264", "/VideoStreams/0/Width": 1920, "/VideoStreams/0/Height": 1080}),
    );
    // The clip lasts 12 s: from 5 s on there are 7, not 10.
    let length = flv["Duration"].as_f64().unwrap();
    assert!((length - 7.0).abs() < 0.1, "{length}");
    let rate = fs::metadata(world.object(&format!("{STEM}.flv"))).unwrap().len() as f64 * 8.0 / length;
    assert!((0.9..1.1).contains(&((rate - 96_000.0) / 1e6)), "{rate} bit/s");
    run(&world, "remux.json");
    has(
        &world.probe(&format!("{STEM}.mp4")),
        &json!({"/VideoStreams/0/CodecName": "h264", "/AudioStreams/0/SampleRate": 48000}),
    );
    run(&world, "mp4.json");
    let mp4 = world.probe(&format!("{STEM}.mp4"));
    has(&mp4, &aac());
    has(
        &mp4,
        &json!({"/VideoStreams/0/CodecName": "h264", "/VideoStreams/0/PixelFormat": "yuv420p", "/VideoStreams/0/Width": 1920, "/VideoStreams/0/AverageFrameRate": "30/1"}),
    );
}

#[test]
fn to_hls_in_full_hd() {
    let world = world(false);
    run(&world, "hls-1080p.json");
    let lengths = joined(&world, &format!("{STEM}.m3u8"), "joined.ts");
    assert_eq!(lengths.len(), 2, "{lengths:?}");
    assert!((lengths[0] - 10.0).abs() < 1e-6, "{lengths:?}");
    let facts = world.probe("joined.ts");
    has(&facts, &aac());
    has(
        &facts,
        &json!({"/VideoStreams/0/CodecName": "hevc", "/VideoStreams/0/Width": 1920, "/VideoStreams/0/Height": 1080, "/VideoStreams/0/AverageFrameRate": "30/1"}),
    );
}

#[test]
fn to_a_ladder_from_ultra_hd() {
    let world = world(true);
    run(&world, "hls-ladder.json");
    for (name, width, height, rate) in
        [("x1080", 1920, 1080, "30/1"), ("x720", 1280, 720, "30/1"), ("x480", 854, 480, "25/1")]
    {
        let lengths = joined(&world, &format!("{STEM}-{name}.m3u8"), "joined.ts");
        assert_eq!((lengths.len(), lengths[0]), (2, 10.0), "{name}: {lengths:?}");
        let facts = world.probe("joined.ts");
        has(&facts, &aac());
        has(
            &facts,
            &json!({"/VideoStreams/0/CodecName": "h264", "/VideoStreams/0/Width": width, "/VideoStreams/0/Height": height, "/VideoStreams/0/AverageFrameRate": rate}),
        );
    }
}
