//! Several sources: one after the other, beside each other, and mixed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::{World, ffmpeg, text};

/// Makes a clip in the bucket.
fn make(world: &World, name: &str, arguments: &str) {
    ffmpeg(arguments, &world.object(name));
}

/// Red, 320x180 at 25 frames per second, with a tone: a second. Green, 160x120 at 10 without sound: a second. Half a second of sound.
/// Blue, a tall picture at 30000/1001 with two streams of sound: a second.
fn world() -> World {
    let world = World::default();
    let tone = "-f lavfi -i sine=f=440:r=48000:d=1";
    let x264 = "-c:v libx264 -pix_fmt yuv420p";
    make(&world, "red.mp4", &format!("-f lavfi -i color=red:s=320x180:r=25:d=1 {tone} {x264} -c:a aac"));
    make(&world, "green.mkv", &format!("-f lavfi -i color=lime:s=160x120:r=10:d=1 {x264}"));
    make(&world, "sound.flac", "-f lavfi -i sine=f=440:r=44100:d=0.5");
    let second = "-f lavfi -i sine=f=880:r=44100:d=1 -map 0 -map 1 -map 2";
    let blue = format!("-f lavfi -i color=blue:s=120x200:r=30000/1001:d=1.001 {tone} {second} {x264} -c:a pcm_s16le");
    make(&world, "blue.mkv", &blue);
    world
}

fn source(name: &str, more: &Value) -> Value {
    let mut source = json!({"URI": format!("oss://test-bucket/{name}")});
    source.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    source
}

fn request(sources: &[Value], target: &Value) -> Value {
    json!({"ProjectName": "test-project", "Sources": sources, "Targets": [target]})
}

/// The pictures, 16 x 9 each, as RGB.
fn pictures(world: &World, name: &str) -> Vec<Vec<u8>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(world.object(name));
    let output =
        command.args("-vf scale=16:9:flags=area -pix_fmt rgb24 -vsync 0 -f rawvideo -".split(' ')).output().unwrap();
    output.stdout.chunks_exact(16 * 9 * 3).map(<[u8]>::to_vec).collect()
}

/// The colour in the middle of a picture, and at its left edge.
fn colours(picture: &[u8]) -> (&'static str, &'static str) {
    let name = |at: usize| match picture[at * 3..at * 3 + 3] {
        [r, g, b] if r < 60 && g < 60 && b < 60 => "black",
        [r, g, b] if r > 180 && g < 80 && b < 80 => "red",
        [r, g, b] if r < 80 && g > 180 && b < 80 => "green",
        [r, g, b] if r < 80 && g < 80 && b > 180 => "blue",
        ref other => panic!("{other:?} is no colour of these clips"),
    };
    (name(4 * 16 + 8), name(4 * 16))
}

/// The loudest sample of each tenth of a second, at 48 kHz and one channel.
fn loudness(world: &World, name: &str, stream: usize) -> Vec<i16> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(world.object(name));
    let map = format!("0:a:{stream}");
    let output = command.args(["-map", &map]).args("-ac 1 -ar 48000 -f s16le -".split(' ')).output().unwrap();
    let samples: Vec<_> = output.stdout.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    samples.chunks(4_800).map(|tenth| tenth.iter().map(|sample| sample.saturating_abs()).max().unwrap()).collect()
}

fn h264() -> Value {
    json!({"TranscodeVideo": {"Codec": "h264", "Preset": "fast"}})
}

fn pcm() -> Value {
    json!({"TranscodeAudio": {"Codec": "pcm"}})
}

#[test]
fn sources_of_all_kinds_follow_each_other() {
    let world = world();
    let none = json!({});
    let sources: Vec<_> =
        ["red.mp4", "green.mkv", "sound.flac", "blue.mkv"].iter().map(|name| source(name, &none)).collect();
    let target = json!({"URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Video": h264(), "Audio": pcm()});
    world.run_well(&request(&sources, &target));
    let facts = world.probe("out.mkv");
    let video = &facts["VideoStreams"][0];
    assert_eq!((&video["Width"], &video["Height"], &video["FrameRate"]), (&json!(320), &json!(180), &json!("25/1")));
    let pictures = pictures(&world, "out.mkv");
    let seen: Vec<_> = pictures.iter().map(|picture| colours(picture)).collect();
    // Half a second of sound is 13 frames; pictures of another shape stand in black.
    let expected = [(25, ("red", "red")), (25, ("green", "black")), (13, ("black", "black")), (25, ("blue", "black"))];
    let expected: Vec<_> = expected.iter().flat_map(|(count, colour)| vec![*colour; *count]).collect();
    let differing = seen.iter().zip(&expected).filter(|(seen, expected)| seen != expected).count();
    assert!(seen.len().abs_diff(expected.len()) <= 1 && differing <= 1, "{seen:?}");
    let loudness = loudness(&world, "out.mkv", 0);
    assert!(loudness[..9].iter().all(|peak| *peak > 2_000), "{loudness:?}");
    assert!(loudness[11..19].iter().all(|peak| *peak == 0), "{loudness:?}");
    assert!(loudness[20..24].iter().all(|peak| *peak > 2_000), "{loudness:?}");
    assert!(loudness[26..35].iter().all(|peak| *peak > 2_000), "{loudness:?}");
    assert_eq!(loudness.len(), 36, "{loudness:?}");
}

#[test]
fn the_source_of_alignment_gives_size_rate_and_channels() {
    let world = world();
    let sources = [source("green.mkv", &json!({})), source("red.mp4", &json!({"DisableAudio": true, "Duration": 0.4}))];
    let target = json!({"URI": "oss://test-bucket/{barename}-out.mp4", "Container": "mp4", "Video": h264(), "Audio": {"DisableAudio": true}});
    let mut request = request(&sources, &target);
    world.run_well(&request);
    let facts = world.probe("green-out.mp4");
    let video = &facts["VideoStreams"][0];
    assert_eq!((&video["Width"], &video["FrameRate"], &video["FrameCount"]), (&json!(160), &json!("10/1"), &json!(14)));
    request["AlignmentIndex"] = json!(1);
    world.run_well(&request);
    let facts = world.probe("red-out.mp4");
    let video = &facts["VideoStreams"][0];
    assert_eq!((&video["Width"], &video["FrameRate"], &video["FrameCount"]), (&json!(320), &json!("25/1"), &json!(35)));
}

#[test]
fn joined_sources_are_slowed_and_segmented() {
    let world = world();
    let sources = [source("red.mp4", &json!({})), source("green.mkv", &json!({}))];
    let target = json!({
        "URI": "oss://test-bucket/list.m3u8", "Container": "ts", "Segment": {"Format": "hls", "Duration": 2}, "Speed": 0.5,
        "Video": h264(), "Audio": {"TranscodeAudio": {"Codec": "aac"}},
    });
    world.run_well(&request(&sources, &target));
    let list = std::fs::read_to_string(world.object("list.m3u8")).unwrap();
    let lengths: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("#EXTINF:")).collect();
    assert_eq!(lengths.len(), 2, "{list}");
    assert!(lengths.iter().all(|length| length.starts_with("2.0")), "{list}");
}

#[test]
fn attached_sound_is_repeated_filled_up_or_left_as_it_is() {
    let world = world();
    let sources = [
        source("red.mp4", &json!({"DisableAudio": true})),
        source("sound.flac", &json!({"Attached": true, "AlignMode": "loop", "Duration": 0.3})),
        source("sound.flac", &json!({"Attached": true, "AlignMode": "pad"})),
        source("sound.flac", &json!({"Attached": true})),
    ];
    let target = json!({"URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Audio": {"Stream": [101], "TranscodeAudio": {"Codec": "pcm"}}});
    world.run_well(&request(&sources, &target));
    let facts = world.probe("out.mkv");
    assert_eq!(facts["VideoStreams"][0]["CodecName"], "h264", "copied beside what is encoded");
    let tenths = |stream| loudness(&world, "out.mkv", stream);
    let repeated = tenths(0);
    assert!(repeated.len() == 10 && repeated.iter().all(|peak| *peak > 2_000), "{repeated:?}");
    let filled = tenths(1);
    assert!(filled.len() == 10 && filled[..5].iter().all(|peak| *peak > 2_000), "{filled:?}");
    assert!(filled[6..].iter().all(|peak| *peak == 0), "{filled:?}");
    assert_eq!(tenths(2).len(), 5);
}

#[test]
fn what_is_repeated_ends_where_its_file_says_each_time() {
    let world = world();
    let silent = json!({"DisableAudio": true});
    let film: Vec<_> = ["red.mp4", "blue.mkv", "red.mp4"].iter().map(|name| source(name, &silent)).collect();
    let tone = source("red.mp4", &json!({"DisableVideo": true, "Attached": true, "AlignMode": "loop"}));
    let target = json!({"URI": "oss://test-bucket/out.wav", "Container": "wav", "Audio": pcm()});
    world.run_well(&request(&[film, vec![tone]].concat(), &target));
    let facts = world.probe("out.wav");
    assert!((facts["Duration"].as_f64().unwrap() - 3.0).abs() < 0.01, "{facts:#}");
    let loudness = loudness(&world, "out.wav", 0);
    assert!(loudness[..30].iter().all(|peak| *peak > 2_000), "{loudness:?}");
}

#[test]
fn attached_pictures_are_a_stream_of_their_own() {
    let world = world();
    let sources = [
        source("red.mp4", &json!({})),
        source("green.mkv", &json!({"Attached": true, "AlignMode": "loop", "Duration": 0.3})),
    ];
    let target = json!({
        "URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Video": {"Stream": [1], "TranscodeVideo": {"Codec": "h264"}}, "Audio": {},
    });
    world.run_well(&request(&sources, &target));
    let pictures = pictures(&world, "out.mkv");
    assert_eq!(pictures.len(), 10);
    assert!(pictures.iter().all(|picture| colours(picture).0 == "green"));
}

#[test]
fn all_sound_is_mixed_into_one_stream() {
    let world = world();
    let sources = [source("blue.mkv", &json!({})), source("sound.flac", &json!({"Attached": true}))];
    let target = json!({
        "URI": "oss://test-bucket/out.wav", "Container": "wav",
        "Audio": {"FilterAudio": {"Mixing": true}, "TranscodeAudio": {"Codec": "pcm"}},
    });
    world.run_well(&request(&sources, &target));
    let facts = world.probe("out.wav");
    assert_eq!(facts["AudioStreams"].as_array().unwrap().len(), 1);
    let loudness = loudness(&world, "out.wav", 0);
    assert_eq!(loudness.len(), 10);
    // Each is as loud as before, divided by three.
    assert!(loudness[1] > loudness[8] + 500 && loudness[8] > 1_000, "{loudness:?}");
}

#[test]
fn playlists_follow_others_and_are_repeated() {
    let world = world();
    let segment = json!({"Format": "hls", "Duration": 0.4});
    let list = json!({
        "URI": "oss://test-bucket/list/red.m3u8", "Container": "ts", "Segment": segment, "Video": h264(),
        "Audio": {"TranscodeAudio": {"Codec": "aac"}},
    });
    world.run_well(&request(&[source("red.mp4", &json!({}))], &list));
    let sources = [
        source("green.mkv", &json!({})),
        source("list/red.m3u8", &json!({"DisableAudio": true})),
        source("list/red.m3u8", &json!({"DisableVideo": true, "Attached": true, "AlignMode": "loop"})),
    ];
    let target = json!({"URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Video": h264(), "Audio": pcm()});
    world.run_well(&request(&sources, &target));
    let seen: Vec<_> = pictures(&world, "out.mkv").iter().map(|picture| colours(picture).0).collect();
    assert!(seen.len().abs_diff(20) <= 1, "{seen:?}");
    assert!(
        seen[..9].iter().all(|colour| *colour == "green") && seen[11..].iter().all(|colour| *colour == "red"),
        "{seen:?}"
    );
    let loudness = loudness(&world, "out.mkv", 0);
    assert!(loudness.len().abs_diff(20) <= 1 && loudness[..19].iter().all(|peak| *peak > 2_000), "{loudness:?}");
}

#[test]
fn what_cannot_be_is_refused_with_the_source_named() {
    let world = world();
    let loops = source("sound.flac", &json!({"Attached": true, "AlignMode": "loop"}));
    let target = json!({"URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Audio": {"Stream": [1], "TranscodeAudio": {"Codec": "copy"}}});
    let output = world.run(&request(&[source("red.mp4", &json!({})), loops], &target));
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("Sources[1].AlignMode loop"), "{said}");
    let target = json!({"URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Video": h264(), "Audio": {"DisableAudio": true}});
    let missing = [source("red.mp4", &json!({})), source("nothing.mp4", &json!({}))];
    let said = text(&world.run(&request(&missing, &target)).stderr);
    assert!(said.contains("SourceNotFound") && said.contains("nothing.mp4"), "{said}");
    let late = [source("red.mp4", &json!({})), source("green.mkv", &json!({"StartTime": 7}))];
    let said = text(&world.run(&request(&late, &target)).stderr);
    assert!(said.contains("Sources[1].StartTime is 7 s"), "{said}");
    assert!(!world.listing().iter().any(|name| name.starts_with("out")), "{:?}", world.listing());
}
