//! What a copy keeps beside sound and pictures, judged by FFmpeg's own tools.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::{World, clips, frame_sums, request};

/// What `ffprobe` says of an object.
fn ffprobe(world: &World, key: &str) -> Value {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_streams", "-show_format", "-show_chapters"]);
    let output = command.arg(world.object(key)).output().unwrap();
    assert!(output.status.success(), "{key}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn film() -> World {
    let world = World::default();
    clips::put(&world, "tagged.mkv");
    world
}

fn target(container: &str, strip: bool) -> Value {
    json!({"Container": container, "URI": format!("oss://test-bucket/out.{container}"), "StripMetadata": strip})
}

#[test]
fn chapters_titles_languages_and_dispositions_are_kept() {
    let world = film();
    for container in ["mp4", "mov", "mkv"] {
        world.run_well(&request("tagged.mkv", &target(container, false)));
        let found = ffprobe(&world, &format!("out.{container}"));
        let chapters = found["chapters"].as_array().unwrap();
        let told: Vec<_> = chapters
            .iter()
            .map(|chapter| (chapter["start_time"].as_str().unwrap(), chapter["tags"]["title"].as_str().unwrap()))
            .collect();
        assert_eq!(told, [("0.000000", "One"), ("0.700000", "Two")], "{container}");
        assert_eq!(found["format"]["tags"]["title"], "A film", "{container}");
        let sound = &found["streams"][1];
        assert_eq!(sound["tags"]["language"], "fra", "{container}");
        let name = if container == "mkv" { "title" } else { "handler_name" };
        assert_eq!(sound["tags"][name], "Commentary", "{container}");
        // QuickTime knows of no uses of a track.
        let wanted = if container == "mov" { 0 } else { 1 };
        assert_eq!(sound["disposition"]["comment"], wanted, "{container}");
    }
}

#[test]
fn encoding_keeps_them_too() {
    let world = film();
    let mut target = target("mkv", false);
    target["Audio"] = json!({"TranscodeAudio": {"Codec": "opus"}});
    world.run_well(&request("tagged.mkv", &target));
    let sound = &ffprobe(&world, "out.mkv")["streams"][1];
    assert_eq!((&sound["codec_name"], &sound["tags"]["title"]), (&json!("opus"), &json!("Commentary")));
    assert_eq!(sound["disposition"]["comment"], 1);
}

#[test]
fn stripping_takes_the_words_and_leaves_the_rest() {
    let world = film();
    world.run_well(&request("tagged.mkv", &target("mkv", true)));
    let found = ffprobe(&world, "out.mkv");
    assert_eq!(found["format"]["tags"].get("title"), None);
    let sound = &found["streams"][1];
    assert_eq!(sound["tags"].get("title"), None);
    assert_eq!((&sound["tags"]["language"], &sound["disposition"]["comment"]), (&json!("fra"), &json!(1)));
    assert_eq!(found["chapters"].as_array().unwrap().len(), 2);
    assert_eq!(found["chapters"][0]["tags"]["title"].as_str().unwrap_or_default(), "");
}

#[test]
fn streams_are_the_same_in_every_container() {
    let world = film();
    let (pictures, sound) = (frame_sums(&world, "tagged.mkv", "0:v:0"), frame_sums(&world, "tagged.mkv", "0:a:0"));
    assert_eq!(pictures.len(), 25);
    let mut from = "tagged.mkv".to_owned();
    // Each from the one before, so that every kind of header is converted into another one.
    for (number, container) in ["ts", "mp4", "flv", "mkv", "ts", "mkv", "mp4", "ts"].iter().enumerate() {
        let key = format!("{number}.{container}");
        let target = json!({"Container": container, "URI": format!("oss://test-bucket/{key}")});
        world.run_well(&request(&from, &target));
        assert_eq!(frame_sums(&world, &key, "0:v:0"), pictures, "{from} to {container}");
        assert_eq!(frame_sums(&world, &key, "0:a:0"), sound, "{from} to {container}");
        from = key;
    }
    let alone = json!({"Container": "aac", "URI": "oss://test-bucket/out.aac", "Video": {"DisableVideo": true}});
    world.run_well(&request("1.mp4", &alone));
    assert_eq!(frame_sums(&world, "out.aac", "0:a:0"), sound);
}
