//! Every clip of the folder `WASMUX_MEDIA` goes in, damaged ones too, and gives a result that FFmpeg's tools read or a failure that says why.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::{World, clips, request, text};

/// How a task ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// With its output.
    Well,
    /// With this code and these words.
    Fails(&'static str, &'static str),
}

use End::{Fails, Well};

/// The picture or the words of a clip are no media that is supported.
const NO_MEDIA: End = Fails("SourceUnreadable", "its container is none of mp4, mov, mkv");
const FLIPPED: End = Fails("SourceDamaged", "are damaged; at most 1 % is tolerated; set TolerateDamage");

/// Each clip: its first 1.5 s encoded to mp4, and all of it copied to mkv.
const CLIPS: [(&str, End, End); 21] = [
    ("audio51.mov", Well, Well),
    ("audioonly.flac", Well, Well),
    ("av1.mkv", Well, Well),
    ("bigbuckbunny.mp4", Well, Well),
    ("corrupt_bits.ts", FLIPPED, FLIPPED),
    ("flv1.flv", Well, Well),
    ("hevc10.mov", Well, Well),
    ("interlaced_mpeg2.ts", Well, Well),
    ("logo.png", NO_MEDIA, NO_MEDIA),
    ("mpeg2.vob", Well, Well),
    ("noaudio.mp4", Well, Well),
    ("odd_853x479.mov", Well, Well),
    ("portrait_rot90.mov", Well, Well),
    // No muxer of FFmpeg writes RealVideo into Matroska.
    ("rv20.rm", Well, Fails("StreamUnsupported", "the source's rv20 cannot be copied into Container mkv")),
    ("s.srt", NO_MEDIA, NO_MEDIA),
    ("src_1080p30.mov", Well, Well),
    ("subs_chapters.mkv", Well, Well),
    // What is used of it is whole; the rest is not.
    ("truncated_faststart.mp4", Well, Fails("SourceDamaged", "ends early: by its own header it lasts 12.00 s")),
    ("vfr.mp4", Well, Well),
    ("vp9.webm", Well, Well),
    ("wmv2.wmv", Well, Well),
];

/// The first codec of each kind, by `ffprobe`.
fn codecs(path: &Path) -> (Option<String>, Option<String>) {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_streams"]).arg(path);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = |kind: &str| {
        let stream = found["streams"].as_array().unwrap().iter().find(|stream| stream["codec_type"] == kind)?;
        Some(stream["codec_name"].as_str().unwrap().to_owned())
    };
    (first("video"), first("audio"))
}

/// Decodes all of a file; the error is what `ffmpeg` complains of.
fn decodes(path: &Path) -> Result<(), String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-xerror", "-i"]).arg(path).args(["-f", "null", "-"]);
    let output = command.output().unwrap();
    if output.status.success() { Ok(()) } else { Err(text(&output.stderr)) }
}

/// Runs one request for one clip; the error says what is not as expected.
fn check(clip: &str, target: &Value, duration: f64, end: End) -> Result<(), String> {
    let world = World::default();
    clips::put(&world, clip);
    let mut request = request(clip, target);
    request["Sources"][0]["Duration"] = json!(duration);
    let before = world.listing();
    let output = world.run(&request);
    let said = text(&output.stderr);
    let new: Vec<_> = world.listing().into_iter().filter(|key| !before.contains(key)).collect();
    let key = target["URI"].as_str().unwrap().rsplit_once('/').unwrap().1;
    match end {
        Well => {
            if !output.status.success() {
                return Err(format!("failed: {said}"));
            }
            let encoded = target.get("Video").is_some();
            let source = codecs(&world.object(clip));
            let of = |kind: &Option<String>, name: &str| kind.as_ref().map(|_| name.to_owned());
            let expected = if encoded { (of(&source.0, "h264"), of(&source.1, "aac")) } else { source };
            let found = codecs(&world.object(key));
            if found != expected {
                return Err(format!("has {found:?} instead of {expected:?}"));
            }
            decodes(&world.object(key))
        }
        Fails(code, words) => {
            let object = format!("oss://test-bucket/{clip}");
            let named = said.contains(&object) || said.contains("Targets[0]");
            if output.status.code() != Some(1) || !said.contains(code) || !said.contains(words) || !named {
                return Err(format!(
                    "does not end with {code} and \u{201c}{words}\u{201d}: {:?} {said}",
                    output.status
                ));
            }
            let files: Vec<_> = new.iter().filter(|key| world.object(key).is_file()).collect();
            if files.is_empty() { Ok(()) } else { Err(format!("left {files:?} behind")) }
        }
    }
}

#[test]
fn every_clip_gives_a_result_or_says_why_not() {
    let encode = json!({
        "Container": "mp4", "URI": "oss://test-bucket/out.mp4",
        "Video": {"TranscodeVideo": {"Codec": "h264", "Preset": "fast", "Resolution": "320x", "ScaleType": "fit"}},
        "Audio": {"TranscodeAudio": {"Codec": "aac"}},
    });
    let copy = json!({"Container": "mkv", "URI": "oss://test-bucket/out.mkv"});
    let mut wrong = Vec::new();
    for (clip, encoded, copied) in CLIPS {
        if !clips::has(clip) && clip != "bigbuckbunny.mp4" && clip != "logo.png" {
            eprintln!("skipped: {clip} is only in the folder that WASMUX_MEDIA names");
            continue;
        }
        for (target, duration, end) in [(&encode, 1.5, encoded), (&copy, 0.0, copied)] {
            let checked = check(clip, target, duration, end);
            wrong.extend(checked.err().map(|why| format!("{clip} to {}: {why}", target["Container"])));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_every_clip_of_the_folder() {
    let Some(folder) = env::var_os("WASMUX_MEDIA") else {
        eprintln!("skipped: WASMUX_MEDIA names no folder");
        return;
    };
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<_> = names.filter(|name| !name.ends_with(".md")).collect();
    let listed: BTreeSet<_> = CLIPS.iter().map(|(clip, ..)| (*clip).to_owned()).collect();
    assert_eq!(found.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "clips that no test puts in");
}

#[test]
fn what_a_muxer_refuses_is_told_with_the_object() {
    let world = World::default();
    clips::put(&world, "flv1.flv");
    let output = world.run(&request("flv1.flv", &json!({"Container": "mp4", "URI": "oss://test-bucket/out.mp4"})));
    let said = text(&output.stderr);
    let expected = "StreamUnsupported at stage Mux, Targets[0]: oss://test-bucket/out.mp4: unsupported stream: mp4 cannot hold stream";
    assert!(output.status.code() == Some(1) && said.contains(expected) && said.contains("flv1"), "{said}");
}
