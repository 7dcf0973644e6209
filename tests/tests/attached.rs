//! Attached pictures and data streams, judged by FFmpeg's own tools.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::{World, captions, request, text, workspace};

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    output.stdout
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    command
}

fn streams(world: &World, key: &str) -> Vec<Value> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_streams"]).arg(world.object(key));
    let found: Value = serde_json::from_slice(&run(&mut command)).unwrap();
    found["streams"].as_array().unwrap().clone()
}

/// The bytes of a stream, one packet behind the other.
fn bytes(world: &World, key: &str, stream: usize) -> Vec<u8> {
    let mut command = ffmpeg();
    command.arg("-i").arg(world.object(key)).args(["-map", &format!("0:{stream}"), "-c", "copy", "-f", "data", "-"]);
    run(&mut command)
}

fn logo() -> std::path::PathBuf {
    workspace().join("assets/logo.png")
}

/// A film with chapters, a logo and a photograph attached, in both containers that hold pictures.
fn with_covers(world: &World) -> Vec<u8> {
    let (film, logo) = (workspace().join("assets/bigbuckbunny.mp4"), logo());
    let photograph = world.folder().join("photograph.jpg");
    run(ffmpeg().arg("-i").arg(&film).args(["-frames:v", "1", "-vf", "scale=64:36"]).arg(&photograph));
    let words = world.folder().join("words");
    fs::write(&words, ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=3\ntitle=One\n").unwrap();
    let mut mp4 = ffmpeg();
    mp4.arg("-i").arg(&film).arg("-i").arg(&logo).arg("-i").arg(&photograph).arg("-i").arg(&words);
    mp4.args(["-map", "0", "-map", "1", "-map", "2", "-map_chapters", "3", "-c", "copy"]);
    mp4.args(["-disposition:v:1", "attached_pic", "-disposition:v:2", "attached_pic"]).arg(world.object("covers.mp4"));
    run(&mut mp4);
    let mut mkv = ffmpeg();
    mkv.arg("-i")
        .arg(&film)
        .arg("-i")
        .arg(&words)
        .args(["-map", "0", "-map_chapters", "1", "-c", "copy", "-attach"])
        .arg(&logo);
    mkv.args(["-metadata:s:t:0", "mimetype=image/png", "-metadata:s:t:0", "filename=my logo.png", "-attach"]);
    mkv.arg(&photograph).args(["-metadata:s:t:1", "mimetype=image/jpeg"]).arg(world.object("covers.mkv"));
    run(&mut mkv);
    fs::read(photograph).unwrap()
}

#[test]
fn pictures_go_from_container_to_container_and_only_when_they_are_asked_for() {
    let world = World::default();
    let photograph = with_covers(&world);
    let logo = fs::read(logo()).unwrap();
    let pictures = |key: &str| {
        let found = streams(&world, key).into_iter().filter(|stream| stream["disposition"]["attached_pic"] == 1);
        found.map(|stream| bytes(&world, key, stream["index"].as_u64().unwrap() as usize)).collect::<Vec<_>>()
    };
    for source in ["covers.mp4", "covers.mkv"] {
        assert_eq!(pictures(source).len(), 2, "{source}");
        for container in ["mp4", "mkv"] {
            let key = format!("out.{container}");
            let target = |numbers: Value| json!({"Container": container, "URI": format!("oss://test-bucket/{key}"), "AttachedPicture": {"Stream": numbers}});
            world.run_well(&request(source, &target(json!([-1]))));
            assert!(pictures(&key) == [logo.clone(), photograph.clone()], "{source} to {key}");
            let output = world.run(&request(source, &target(json!([1, 5]))));
            let said = text(&output.stderr);
            assert!(said.contains("the source has no attached picture 5; it has 2"), "{said}");
            assert!(pictures(&key) == std::slice::from_ref(&photograph), "{source} to {key}");
            world.run_well(&request(source, &target(json!([]))));
            assert!(pictures(&key).is_empty(), "{source} to {key}");
            assert_eq!(streams(&world, &key)[0]["codec_name"], "h264");
        }
    }
    let target = json!({"Container": "mkv", "URI": "oss://test-bucket/out.mkv", "AttachedPicture": {"Stream": [0]}, "StripMetadata": true,
        "Video": {"TranscodeVideo": {"Codec": "h264", "Resolution": "320x180"}}, "Audio": {}});
    world.run_well(&request("covers.mkv", &target));
    assert!(pictures("out.mkv") == [logo]);
    let names = streams(&world, "out.mkv");
    assert_eq!(names.last().unwrap()["tags"]["filename"], "cover.png", "what it was called is a word too");
}

/// A film with a track of data as action cameras write it. No tool here makes one: a track of subtitles is renamed.
fn with_data(path: &Path) {
    captions::make(&path.with_extension("mkv"));
    let plain = path.with_extension("plain.mp4");
    let mut command = ffmpeg();
    command.arg("-i").arg(path.with_extension("mkv")).args(["-map", "0:v", "-map", "0:a", "-map", "0:s:0"]);
    run(command.args(["-c", "copy", "-c:s", "mov_text"]).arg(&plain));
    let mut bytes = fs::read(&plain).unwrap();
    for (from, to) in [(b"sbtl", b"meta"), (b"tx3g", b"gpmd")] {
        let place = bytes.windows(4).position(|window| window == from).unwrap();
        bytes[place..place + 4].copy_from_slice(to);
    }
    fs::write(path, bytes).unwrap();
    fs::remove_file(plain).unwrap();
}

#[test]
fn data_streams_are_kept_as_they_are() {
    let world = World::default();
    with_data(&world.object("data.mp4"));
    let target =
        |numbers: Value| json!({"Container": "mp4", "URI": "oss://test-bucket/out.mp4", "Data": {"Stream": numbers}});
    let data = |key: &str| {
        streams(&world, key).into_iter().filter(|stream| stream["codec_type"] == "data").collect::<Vec<_>>()
    };
    assert_eq!(data("data.mp4")[0]["codec_tag_string"], "gpmd");
    world.run_well(&request("data.mp4", &target(json!([]))));
    assert!(data("out.mp4").is_empty());
    world.run_well(&request("data.mp4", &target(json!([0]))));
    assert_eq!(data("out.mp4")[0]["codec_tag_string"], "gpmd");
    assert_eq!(bytes(&world, "out.mp4", 2), bytes(&world, "data.mp4", 2));
    // Data that was before the part is not there; one without any has no track.
    let mut part = request("data.mp4", &target(json!([-1])));
    part["Targets"][0]["Video"] = json!({"TranscodeVideo": {"Codec": "h264"}});
    part["Targets"][0]["Audio"] = json!({"TranscodeAudio": {"Codec": "aac"}});
    part["Sources"][0]["StartTime"] = json!(1.9);
    world.run_well(&part);
    let (whole, left) = (bytes(&world, "data.mp4", 2), bytes(&world, "out.mp4", 2));
    assert!(whole.ends_with(&left) && left.len() < whole.len() && !left.is_empty());
    let mut slow = part.clone();
    slow["Targets"][0]["Speed"] = json!(0.5);
    let said = text(&world.run(&slow).stderr);
    assert!(said.contains("DataDropped") && said.contains("Speed"), "{said}");
    let missing = text(&world.run(&request("data.mp4", &target(json!([3])))).stderr);
    assert!(missing.contains("the source has no data stream 3; it has 1"), "{missing}");
}
