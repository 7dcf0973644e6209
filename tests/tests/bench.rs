//! `wasmux bench`: what it measures and compares. How fast anything is, is no matter of a test.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use wasmux_tests::{World, binary, component, ffmpeg, request, target, text};

/// A world with a clip of 30 pictures.
fn world() -> World {
    let world = World::default();
    let film = "-f lavfi -i testsrc2=s=320x180:r=25:d=1.2 -f lavfi -i sine=d=1.2:r=48000 -c:v libx264 -pix_fmt yuv420p -c:a aac";
    ffmpeg(film, &world.object("film.mp4"));
    world
}

fn encode(filters: &Value) -> Value {
    let video = json!({"TranscodeVideo": {"Codec": "h264", "Resolution": "160x90"}, "FilterVideo": filters});
    let audio = json!({"TranscodeAudio": {"Codec": "aac"}});
    request(
        "film.mp4",
        &json!({"URI": "oss://test-bucket/out.mp4", "Container": "mp4", "Video": video, "Audio": audio}),
    )
}

fn bench(world: &World, request: &Value, more: &[&str]) -> Output {
    bench_by(&binary(), world, request, more)
}

/// The same by a copy of the program.
fn bench_by(program: &Path, world: &World, request: &Value, more: &[&str]) -> Output {
    let file = world.folder().join("request.json");
    fs::write(&file, request.to_string()).unwrap();
    let mut command = Command::new(program);
    command.arg("bench").arg(file).arg("--bucket").arg(format!("test-bucket={}", world.object("").display()));
    command.args(["--runs", "2", "--warm-up", "0", "--cache"]).arg(target().join("test-cache")).args(more);
    command.output().unwrap()
}

#[track_caller]
fn measured(world: &World, request: &Value, more: &[&str]) -> Value {
    let before = world.listing();
    let output = bench(world, request, &[&["--json"], more].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(world.listing(), before, "outputs are removed");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn names(measured: &Value) -> Vec<&str> {
    measured["Variants"].as_array().unwrap().iter().map(|variant| variant["Name"].as_str().unwrap()).collect()
}

/// The stage of this name of a variant.
fn stage<'a>(measured: &'a Value, variant: usize, name: &str) -> &'a Value {
    let stages = measured["Variants"][variant]["Usage"]["Stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["Stage"] == name).unwrap_or(&Value::Null)
}

#[test]
fn a_request_is_measured_without_its_filters_and_beside_ffmpeg() {
    let world = world();
    ffmpeg("-f lavfi -i color=red:s=16x16:d=1:r=1 -frames:v 1", &world.object("logo.png"));
    let filters = json!({
        "Watermarks": [{"Type": "text", "Content": "it's 5:30, 5%", "FontSize": 20, "FontColor": "#ffffff", "StartTime": 0.2, "Duration": 0.5},
            {"Type": "file", "URI": "oss://test-bucket/logo.png", "Dx": 4, "Dy": 4, "Width": 16, "Height": 16}],
        "Delogos": [{"Dx": 20, "Dy": 20, "Width": 30, "Height": 20}],
    });
    let page = world.folder().join("page.html");
    let found = measured(&world, &encode(&filters), &["--against", "ffmpeg", "--html", page.to_str().unwrap()]);
    assert_eq!(names(&found), ["wasmux", "without filters", "ffmpeg"]);
    assert_eq!(stage(&found, 0, "encode-video")["Items"], 30);
    let filter = stage(&found, 0, "filter");
    assert_eq!(filter["Plugin"]["Name"], "delogo");
    assert!(filter["Guest"]["ReadBytes"].as_u64() > Some(0) && filter["PerItem"]["P99Us"].as_f64() > Some(0.0));
    let steps = filter["PerItem"]["Steps"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step[1].as_u64().unwrap()).sum::<u64>(), 30, "{steps:?}");
    assert!(stage(&found, 1, "filter").is_null(), "no filter is left");
    for (index, variant) in found["Variants"].as_array().unwrap().iter().enumerate() {
        assert_eq!(variant["Runs"].as_array().unwrap().len(), 2);
        let wall = &variant["Wall"];
        let [low, median, high] = ["Low", "Median", "High"].map(|name| wall[name].as_f64().unwrap());
        assert!(0.0 < low && low <= median && median <= high, "{index}: {wall}");
        assert!(variant["PeakMemory"]["Median"].as_f64() > Some(1e6), "{index}");
    }
    assert_eq!(found["Ratios"][1]["Name"], "wasmux / ffmpeg");
    assert!(found["Ratios"][1]["Ratios"]["CPU"]["Median"].as_f64() > Some(0.0));
    let line = found["Variants"][2]["Command"].as_str().unwrap();
    for part in ["drawtext=", "overlay=x=4:y=4", "delogo=x=20:y=20:w=30:h=20", "-c:v:0 libx264", "gte(t,0.2)*lt(t,0.7)"]
    {
        assert!(line.contains(part), "{part}: {line}");
    }
    let page = fs::read_to_string(page).unwrap();
    assert!(page.matches("<svg").count() >= 5 && page.contains("without filters"), "plots are missing");
}

#[test]
fn null_encoders_leave_the_way_to_them() {
    let world = world();
    let found = measured(
        &world,
        &encode(&json!({"Delogos": [{"Dx": 20, "Dy": 20, "Width": 30, "Height": 20}]})),
        &["--null-encoder"],
    );
    assert_eq!(names(&found), ["wasmux", "without filters"]);
    assert_eq!(stage(&found, 0, "filter")["Items"], 30);
    let encoder = stage(&found, 0, "encode-video");
    assert_eq!(encoder["Items"], 30);
    assert!(found["NullEncoder"] == true && encoder["PerItem"]["MedianUs"].as_f64() < Some(1e6));
}

#[test]
fn another_component_takes_the_place_of_a_filter() {
    let world = world();
    let (mine, other) = (component("grayscale"), component("vignette"));
    let (mine, other) = (mine.to_str().unwrap(), other.to_str().unwrap());
    let request = encode(&json!({"Plugins": [{"Name": "grayscale"}]}));
    let found = measured(&world, &request, &["--plugin", mine, "--against", other]);
    assert_eq!(names(&found)[..2], ["wasmux", "without filters"]);
    assert!(names(&found)[2].starts_with("vignette "), "{:?}", names(&found));
    assert_eq!(stage(&found, 0, "filter")["Plugin"]["Name"], "grayscale");
    assert_eq!(stage(&found, 2, "filter")["Plugin"]["Name"], "vignette");
}

#[test]
fn a_synthetic_source_takes_the_place_of_the_sources() {
    let world = world();
    let output = bench(&world, &encode(&json!({})), &["--synthetic", "64x48@10:2"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for part in ["a synthetic source", "encode-video", "the stage that sets the pace", "wall"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let found = measured(&world, &encode(&json!({})), &["--synthetic", "64x48@10:2"]);
    assert_eq!((stage(&found, 0, "encode-video")["Items"].as_u64(), names(&found)), (Some(20), vec!["wasmux"]));
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_runs() {
    let world = world();
    let plain = encode(&json!({}));
    let two = {
        let mut two = plain.clone();
        two["Sources"].as_array_mut().unwrap().push(json!({"URI": "oss://test-bucket/film.mp4"}));
        two
    };
    let bad = encode(&json!({"Watermarks": [{"Type": "nothing"}]}));
    let vignette = component("vignette");
    let cases: [(&Value, &[&str], &str); 6] = [
        (&two, &["--against", "ffmpeg"], "several sources"),
        (&plain, &["--against", "ffmpeg", "--null-encoder"], "no meaning"),
        (&plain, &["--against", "no-such-file.wasm"], "there is no such file"),
        (&plain, &["--against", vignette.to_str().unwrap()], "no filter in whose place"),
        (&bad, &[], "Targets[0].Video.FilterVideo.Watermarks[0].Type"),
        (&plain, &["--synthetic", "0x0"], "WIDTHxHEIGHT"),
    ];
    for (request, more, part) in cases {
        let output = bench(&world, request, more);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(part), "{more:?}: {said}");
    }
}

#[test]
fn native_filters_are_those_of_a_program_beside_this_one() {
    let world = world();
    // Here it is alone.
    let alone = world.folder().join("wasmux");
    fs::copy(binary(), &alone).unwrap();
    let output = bench_by(&alone, &world, &encode(&json!({})), &["--against", "native"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("no program wasmux-native beside this one") && told.contains("--bin wasmux-native"),
        "{told}"
    );
}
