//! Killing the service at any time leaves no wrong file in a bucket, and loses no task.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server, lives, wait_for};
use wasmux_tests::{World, clips};

/// Two outputs of different size; the first replaces an object that is there.
fn two_targets() -> Value {
    let target = |name: &str, resolution: &str| {
        json!({"URI": format!("oss://test-bucket/{name}"), "Container": "mp4", "Audio": {},
            "Video": {"TranscodeVideo": {"Codec": "h264", "Preset": "fast", "Resolution": resolution}}})
    };
    json!({"ProjectName": "test-project", "Sources": [{"URI": "oss://test-bucket/bigbuckbunny.mp4"}],
        "Targets": [target("old.mp4", "320x180"), target("deep/er/new.mp4", "160x90")]})
}

fn world() -> World {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    world.put("old.mp4", b"the object that was there");
    world
}

fn is_old(world: &World) -> bool {
    fs::read(world.object("old.mp4")).unwrap() == b"the object that was there"
}

/// What is in its place is whole: the old object, or the whole new one.
fn assert_whole(world: &World) {
    if !is_old(world) {
        assert_eq!(world.probe("old.mp4")["VideoStreams"][0]["Width"], 320);
    }
    if world.object("deep/er/new.mp4").exists() {
        assert_eq!(world.probe("deep/er/new.mp4")["VideoStreams"][0]["Width"], 160);
    }
}

fn at(crash_at: Option<&str>) -> Options<'_> {
    Options { crash_at, ..Options::default() }
}

#[test]
fn a_service_killed_at_any_step_of_a_commit_goes_on_with_it() {
    // Whether the task has to be encoded again: only where the journal was not written yet.
    let points = [
        ("before-journal", true),
        ("journal-written", false),
        ("placed-0", false),
        ("placed-1", false),
        ("before-end", false),
        ("ended", false),
    ];
    for (point, again) in points {
        let world = world();
        let mut server = Server::start(&world, &at(Some(point)));
        let id = server.submit(&two_targets());
        server.death();
        assert_whole(&world);
        let server = Server::start(&world, &at(None));
        let task = server.success_of(&id);
        assert_eq!(task["Attempt"], if again { 2 } else { 1 }, "{point}: {task:#}");
        assert_eq!(task["Targets"][1]["Facts"]["VideoStreams"][0]["Width"], 160, "{point}");
        assert!(!is_old(&world), "{point}");
        assert_whole(&world);
        let expected = ["bigbuckbunny.mp4", "deep", "deep/er", "deep/er/new.mp4", "old.mp4"];
        wait_for("an empty staging folder", || (world.listing() == expected).then_some(()));
    }
}

#[test]
fn a_commit_that_cannot_be_ended_is_taken_back_whatever_is_killed() {
    for second in ["turned-back", "taken-back-1", "taken-back-0", "before-end"] {
        let world = world();
        let mut server = Server::start(&world, &at(Some("placed-0")));
        let id = server.submit(&two_targets());
        server.death();
        assert!(!is_old(&world), "the first output is in its place");
        // Something comes into the place of the second one that no file can replace.
        fs::create_dir_all(world.object("deep/er/new.mp4/folder")).unwrap();
        Server::start(&world, &at(Some(second))).death();
        let server = Server::start(&world, &at(None));
        let task = server.end_of(&id);
        assert_eq!((&task["Code"], &task["Attempt"]), (&json!("OutputFailed"), &json!(1)), "{second}: {task:#}");
        assert!(task["Targets"][0].get("Facts").is_none(), "{second}: {task:#}");
        assert!(is_old(&world), "{second}: the object that was there is back");
        let expected = ["bigbuckbunny.mp4", "deep", "deep/er", "deep/er/new.mp4", "deep/er/new.mp4/folder", "old.mp4"];
        wait_for("an empty staging folder", || (world.listing() == expected).then_some(()));
    }
}

#[test]
fn a_service_killed_while_it_encodes_encodes_again() {
    let world = world();
    let server = Server::start(&world, &at(None));
    let mut long = two_targets();
    for target in long["Targets"].as_array_mut().unwrap() {
        target["Video"]["TranscodeVideo"]["Preset"] = json!("slow");
        target["Video"]["TranscodeVideo"]["Resolution"] = json!("1920x1080");
    }
    let (id, waiting) = (server.submit(&long), server.submit(&two_targets()));
    let worker = server.encoding(&id);
    server.kill();
    wait_for("the end of the worker that lost its service", || (!lives(worker)).then_some(()));
    assert!(is_old(&world));
    let server = Server::start(&world, &at(None));
    assert!(server.task(&id)["Attempt"].as_u64() >= Some(1));
    let task = server.success_of(&id);
    assert_eq!(task["Attempt"], 2);
    server.success_of(&waiting);
    let expected = ["bigbuckbunny.mp4", "deep", "deep/er", "deep/er/new.mp4", "old.mp4"];
    wait_for("an empty staging folder", || (world.listing() == expected).then_some(()));
    assert_whole(&world);
}

/// A list of segments, made of two sources that follow each other.
fn segmented() -> Value {
    let source = |start: f64| json!({"URI": "oss://test-bucket/bigbuckbunny.mp4", "StartTime": start, "Duration": 2});
    json!({"ProjectName": "test-project", "Sources": [source(0.0), source(2.5)], "Targets": [{
        "URI": "oss://test-bucket/list/film.m3u8", "Container": "ts", "Segment": {"Format": "hls", "Duration": 2},
        "Video": {"TranscodeVideo": {"Codec": "h264", "Preset": "fast", "Resolution": "160x90"}},
        "Audio": {"TranscodeAudio": {"Codec": "aac", "Channel": 2}},
    }]})
}

#[test]
fn a_playlist_is_never_seen_before_its_segments() {
    for (point, again) in [
        ("before-journal", true),
        ("journal-written", false),
        ("placed-0", false),
        ("placed-1", false),
        ("placed-2", false),
    ] {
        let world = world();
        let mut server = Server::start(&world, &at(Some(point)));
        let id = server.submit(&segmented());
        server.death();
        let names: Vec<_> = world.listing().into_iter().filter(|name| name.starts_with("list/")).collect();
        let playlist = names.iter().any(|name| name == "list/film.m3u8");
        assert!(!playlist || names.len() == 3, "{point}: {names:?}");
        let server = Server::start(&world, &at(None));
        let task = server.success_of(&id);
        assert_eq!(task["Attempt"], if again { 2 } else { 1 }, "{point}: {task:#}");
        let files = ["oss://test-bucket/list/film-0.ts", "oss://test-bucket/list/film-1.ts"];
        assert_eq!(task["Targets"][0]["Files"], json!(files), "{point}");
        let video = &task["Targets"][0]["Facts"]["VideoStreams"][0];
        assert_eq!((&video["Width"], &video["Height"]), (&json!(160), &json!(90)), "{point}");
        let expected = ["bigbuckbunny.mp4", "list", "list/film-0.ts", "list/film-1.ts", "list/film.m3u8", "old.mp4"];
        wait_for("an empty staging folder", || (world.listing() == expected).then_some(()));
        let list = fs::read_to_string(world.object("list/film.m3u8")).unwrap();
        assert_eq!(list.matches("#EXTINF:2.000000").count(), 2, "{list}");
    }
}
