//! Subtitles of outputs, read by FFmpeg's own command.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, clips, request, text};

/// Start and end in milliseconds, and text, of each subtitle of a stream.
fn cues(world: &World, key: &str, stream: usize) -> Vec<(u32, u32, String)> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(world.object(key));
    let output = command.args(["-map", &format!("0:s:{stream}"), "-f", "srt", "-"]).output().unwrap();
    assert!(output.status.success(), "{key}: {}", text(&output.stderr));
    let all = text(&output.stdout);
    let blocks = all.split("\n\n").map(str::trim).filter(|block| !block.is_empty());
    let read = |block: &str| {
        let mut lines = block.lines().skip(1);
        let (start, end) = lines.next().unwrap().split_once(" --> ").unwrap();
        (milliseconds(start), milliseconds(end), lines.collect::<Vec<_>>().join("\n"))
    };
    blocks.map(read).collect()
}

fn milliseconds(time: &str) -> u32 {
    let parts = time.split([':', ',']).map(|part| part.parse::<u32>().unwrap());
    parts.zip([3_600_000, 60_000, 1_000, 1]).map(|(part, unit)| part * unit).sum()
}

fn ffprobe(world: &World, key: &str) -> Vec<Value> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_streams", "-select_streams", "s"]);
    let output = command.arg(world.object(key)).output().unwrap();
    assert!(output.status.success(), "{key}: {}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    found["streams"].as_array().unwrap().clone()
}

fn film() -> World {
    let world = World::default();
    clips::put(&world, "captions.mkv");
    world
}

fn target(container: &str, more: &Value) -> Value {
    let mut target = json!({"Container": container, "URI": format!("oss://test-bucket/out.{container}")});
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    target
}

/// Times may be off by the encoder delay of the sound, and by what a container rounds.
fn near(found: &[(u32, u32, String)], wanted: &[(u32, u32, &str)]) {
    let texts: Vec<_> = found.iter().map(|(.., text)| text.as_str()).collect();
    assert_eq!(texts, wanted.iter().map(|(.., text)| *text).collect::<Vec<_>>(), "{found:?}");
    for ((start, end, text), (wanted_start, wanted_end, _)) in found.iter().zip(wanted) {
        let off = start.abs_diff(*wanted_start).max(end.abs_diff(*wanted_end));
        assert!(off <= 80, "{text}: {start} to {end} instead of {wanted_start} to {wanted_end}");
    }
}

const ENGLISH: [(u32, u32, &str); 3] = [(500, 1500, "One – straße"), (1800, 2200, "<i>Two</i>"), (3000, 3800, "Three")];

#[test]
fn the_first_stream_is_kept_or_converted_with_language_and_disposition() {
    let world = film();
    for (container, codec) in [("mkv", "subrip"), ("mp4", "mov_text"), ("mov", "mov_text"), ("webm", "webvtt")] {
        let mut more = json!({});
        if container == "webm" {
            more =
                json!({"Video": {"TranscodeVideo": {"Codec": "vp8"}}, "Audio": {"TranscodeAudio": {"Codec": "opus"}}});
        }
        world.run_well(&request("captions.mkv", &target(container, &more)));
        let key = format!("out.{container}");
        let streams = ffprobe(&world, &key);
        assert_eq!(streams.len(), 1, "{container}");
        assert_eq!((&streams[0]["codec_name"], &streams[0]["tags"]["language"]), (&json!(codec), &json!("eng")));
        assert_eq!(streams[0]["disposition"]["default"], 1, "{container}");
        near(&cues(&world, &key, 0), &ENGLISH);
    }
}

#[test]
fn streams_are_chosen_by_number_and_what_cannot_be_held_is_told() {
    let world = film();
    let all = target("mp4", &json!({"Subtitle": {"Stream": [2, 3, 0, 7]}}));
    let output = world.run(&request("captions.mkv", &all));
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("subtitle stream 3 of the source is left out: its hdmv_pgs_subtitle"), "{said}");
    assert!(said.contains("no subtitle stream 7") && said.contains("NoSuchStream"), "{said}");
    let languages =
        ffprobe(&world, "out.mp4").iter().map(|stream| stream["tags"]["language"].clone()).collect::<Vec<_>>();
    assert_eq!(languages, ["deu", "eng"]);
    near(&cues(&world, "out.mp4", 0), &[(1000, 2000, "<b>Eins</b>")]);
    // Without numbers all are taken, the pictures too.
    world.run_well(&request("captions.mkv", &target("mkv", &json!({"Subtitle": {}}))));
    let codecs = ffprobe(&world, "out.mkv").iter().map(|stream| stream["codec_name"].clone()).collect::<Vec<_>>();
    assert_eq!(codecs, ["subrip", "subrip", "ass", "hdmv_pgs_subtitle"]);
    assert_eq!(ffprobe(&world, "out.mkv")[1]["disposition"]["forced"], 1);
    near(&cues(&world, "out.mkv", 1), &[(200, 2000, "Un"), (1000, 3000, "Deux")]);
    world.run_well(&request("captions.mkv", &target("mkv", &json!({"Subtitle": {"DisableSubtitle": true}}))));
    assert!(ffprobe(&world, "out.mkv").is_empty());
}

#[test]
fn a_part_of_the_source_has_its_part_of_the_subtitles_at_its_speed() {
    let world = film();
    let video = json!({"Video": {"TranscodeVideo": {"Codec": "h264"}}, "Audio": {"TranscodeAudio": {"Codec": "aac"}}});
    let mut slow = video.clone();
    slow["Speed"] = json!(0.5);
    for container in ["mkv", "mp4"] {
        let mut request = request("captions.mkv", &target(container, &video));
        request["Sources"][0]["StartTime"] = json!(1.1);
        request["Sources"][0]["Duration"] = json!(2.0);
        world.run_well(&request);
        let key = format!("out.{container}");
        near(&cues(&world, &key, 0), &[(0, 400, "One – straße"), (700, 1100, "<i>Two</i>"), (1900, 2000, "Three")]);
        request["Targets"][0] = target(container, &slow);
        world.run_well(&request);
        near(&cues(&world, &key, 0), &[(0, 800, "One – straße"), (1400, 2200, "<i>Two</i>"), (3800, 4000, "Three")]);
        // Copied pictures begin at the key picture before, which is at 1 s, and the subtitles stay with them.
        request["Targets"][0] = target(container, &json!({}));
        world.run_well(&request);
        near(&cues(&world, &key, 0), &[(0, 500, "One – straße"), (800, 1200, "<i>Two</i>"), (2000, 2100, "Three")]);
        // No subtitle falls into this part: the stream is there all the same.
        request["Sources"][0]["StartTime"] = json!(2.4);
        request["Sources"][0]["Duration"] = json!(0.4);
        request["Targets"][0] = target(container, &video);
        world.run_well(&request);
        assert_eq!(ffprobe(&world, &key).len(), 1);
        near(&cues(&world, &key, 0), &[]);
    }
}

#[test]
fn subtitles_survive_a_way_through_all_containers() {
    let world = film();
    let mut from = "captions.mkv".to_owned();
    for (number, container) in ["mp4", "mkv", "mov", "mp4", "mkv"].iter().enumerate() {
        let key = format!("{number}.{container}");
        let target = json!({"Container": container, "URI": format!("oss://test-bucket/{key}")});
        world.run_well(&request(&from, &target));
        from = key;
    }
    near(&cues(&world, &from, 0), &ENGLISH);
}

#[test]
fn files_are_added_behind_the_sources_own_with_language_and_offset() {
    let world = film();
    let srt = "\u{feff}1\n00:00:00,500 --> 00:00:01,500\nfrüh\n\n2\n00:00:02,500 --> 00:00:03,500\nspät\n";
    world.put("a.srt", srt.as_bytes());
    world.put("b.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nmiddle\n");
    let mut request = request("captions.mkv", &target("mkv", &json!({})));
    request["Sources"][0]["Subtitles"] = json!([
        {"URI": "oss://test-bucket/a.srt", "Language": "deu", "TimeOffset": -1.0},
        {"URI": "oss://test-bucket/b.vtt", "Language": "eng", "TimeOffset": 0.5},
    ]);
    request["Targets"].as_array_mut().unwrap().push(target("mp4", &json!({"Subtitle": {"Stream": [4, 5]}})));
    world.run_well(&request);
    let found = |key: &str| {
        let streams = ffprobe(&world, key);
        let told = |stream: &Value| (stream["codec_name"].clone(), stream["tags"]["language"].clone());
        streams.iter().map(told).collect::<Vec<_>>()
    };
    let stream = |codec: &str, language: &str| (json!(codec), json!(language));
    assert_eq!(found("out.mkv"), [stream("subrip", "eng"), stream("subrip", "deu"), stream("webvtt", "eng")]);
    assert_eq!(found("out.mp4"), [stream("mov_text", "deu"), stream("mov_text", "eng")]);
    for (key, first) in [("out.mkv", 1), ("out.mp4", 0)] {
        near(&cues(&world, key, first), &[(0, 500, "früh"), (1500, 2500, "spät")]);
        near(&cues(&world, key, first + 1), &[(1500, 2500, "middle")]);
    }
    // They belong to the source, and are cut with it.
    request["Sources"][0]["StartTime"] = json!(2.0);
    request["Targets"][0] =
        target("mkv", &json!({"Video": {"TranscodeVideo": {"Codec": "h264"}}, "Subtitle": {"Stream": [4]}}));
    world.run_well(&request);
    near(&cues(&world, "out.mkv", 0), &[(0, 500, "spät")]);
}

#[test]
fn a_file_that_holds_no_subtitles_is_named() {
    let world = film();
    world.put("latin.srt", b"1\n00:00:00,500 --> 00:00:01,500\nfr\xfch\n");
    for (key, why) in [("latin.srt", "UTF-8"), ("captions.mkv", "UTF-8"), ("missing.srt", "SourceNotFound")] {
        let mut request = request("captions.mkv", &target("mp4", &json!({})));
        request["Sources"][0]["Subtitles"] = json!([{"URI": format!("oss://test-bucket/{key}")}]);
        let output = world.run(&request);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(key) && said.contains(why), "{said}");
    }
}

#[test]
fn subtitles_are_extracted_into_files_by_their_numbers() {
    let world = film();
    let extract = |prefix: &str, format: &str| json!({"URI": format!("oss://test-bucket/{prefix}"), "Format": format});
    let target = target(
        "mp4",
        &json!({"Subtitle": {"ExtractSubtitle": extract("with/{barename}", "srt"), "Stream": [0, 3, 2]}}),
    );
    let mut request = request("captions.mkv", &target);
    let targets = request["Targets"].as_array_mut().unwrap();
    targets.push(json!({"Subtitle": {"ExtractSubtitle": extract("only", "webvtt")}}));
    targets.push(json!({"Subtitle": {"ExtractSubtitle": extract("only", "ass"), "Stream": [2]}}));
    let output = world.run(&request);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("subtitle stream 3 of the source is not extracted: its hdmv_pgs_subtitle"), "{said}");
    let mut files = world.listing();
    files.retain(|key| world.object(key).is_file());
    let wanted = [
        "captions.mkv",
        "only_0.vtt",
        "only_1.vtt",
        "only_2.ass",
        "only_2.vtt",
        "out.mp4",
        "with/captions_0.srt",
        "with/captions_2.srt",
    ];
    assert_eq!(files, wanted);
    near(&cues(&world, "with/captions_0.srt", 0), &ENGLISH);
    near(&cues(&world, "only_0.vtt", 0), &ENGLISH);
    near(&cues(&world, "only_1.vtt", 0), &[(200, 2000, "Un"), (1000, 3000, "Deux")]);
    near(&cues(&world, "only_2.ass", 0), &[(1000, 2000, "<b>Eins</b>")]);
    near(&cues(&world, "with/captions_2.srt", 0), &[(1000, 2000, "<b>Eins</b>")]);
    assert!(std::fs::read_to_string(world.object("only_0.vtt")).unwrap().starts_with("WEBVTT\n"));
    assert_eq!(ffprobe(&world, "out.mp4").len(), 2, "they are in the media file too");
    let plan = world.plan(&request);
    assert_eq!(plan["Targets"][0]["Subtitles"][1]["URI"], "oss://test-bucket/with/captions_2.srt");
    assert_eq!(plan["Targets"][1]["URI"], "oss://test-bucket/only_0.vtt");
}

#[test]
fn extracted_files_keep_the_times_of_the_film_beside_them() {
    let world = film();
    let extract = json!({"ExtractSubtitle": {"URI": "oss://test-bucket/x", "Format": "srt"}, "Stream": [0, 2]});
    let mut request = request("captions.mkv", &target("mkv", &json!({"Subtitle": extract})));
    request["Sources"][0]["StartTime"] = json!(2.4);
    request["Sources"][0]["Duration"] = json!(1.0);
    world.run_well(&request);
    // The copied film begins at its key picture at 2 s.
    let wanted = [(0, 200, "<i>Two</i>"), (1000, 1400, "Three")];
    near(&cues(&world, "x_0.srt", 0), &wanted);
    near(&cues(&world, "out.mkv", 0), &wanted);
    assert_eq!(std::fs::read(world.object("x_2.srt")).unwrap(), b"", "there is none in this part");
    request["Sources"][0] = json!({"URI": "oss://test-bucket/captions.mkv"});
    request["Targets"] = json!([{"Subtitle": extract}, {"Subtitle": extract}]);
    let said = text(&world.run(&request).stderr);
    assert!(said.contains("OutputRefused") && said.contains("x_0.srt is also the output of Targets[0]"), "{said}");
    request["Targets"] = json!([{"Subtitle": {"Stream": [3], "ExtractSubtitle": extract["ExtractSubtitle"]}}]);
    let said = text(&world.run(&request).stderr);
    assert!(said.contains("StreamUnsupported") && said.contains("nothing can be extracted"), "{said}");
}

#[test]
fn the_service_lets_its_workers_at_added_files_and_moves_extracted_ones() {
    let world = film();
    world.put("elsewhere/a.srt", b"1\n00:00:00,500 --> 00:00:01,500\nadded\n");
    let server = Server::start(&world, &Options::default());
    let extract = json!({"ExtractSubtitle": {"URI": "oss://test-bucket/x", "Format": "srt"}, "Stream": [0, 4]});
    let mut request = request("captions.mkv", &target("mkv", &json!({})));
    request["Sources"][0]["Subtitles"] = json!([{"URI": "oss://test-bucket/elsewhere/a.srt", "Language": "ita"}]);
    request["Targets"].as_array_mut().unwrap().push(json!({"Subtitle": extract}));
    let task = server.success_of(&server.submit(&request));
    assert_eq!(task["Targets"][0].get("Files"), None);
    assert_eq!(task["Targets"][1]["URI"], "oss://test-bucket/x_0.srt");
    assert_eq!(task["Targets"][1]["Files"], json!(["oss://test-bucket/x_4.srt"]));
    assert_eq!(task["Targets"][1]["Facts"]["Subtitles"][0]["CodecName"], "subrip");
    near(&cues(&world, "out.mkv", 1), &[(500, 1500, "added")]);
    near(&cues(&world, "x_0.srt", 0), &ENGLISH);
    near(&cues(&world, "x_4.srt", 0), &[(500, 1500, "added")]);
    assert!(server.stop().success());
}
