//! What may be a source: the formats of the API's guide, and nothing besides.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

use serde_json::json;
use wasmux_tests::{World, request, text};

/// A source of FFmpeg's own test picture and tone, with these arguments and this name.
fn make(world: &World, name: &str, arguments: &str) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    command.args("-f lavfi -i testsrc2=s=160x128:r=25:d=1 -f lavfi -i sine=d=1:r=44100".split(' '));
    command.args(arguments.split(' ')).arg(world.object(name));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
}

#[test]
fn every_format_of_the_guide_is_read() {
    let world = World::default();
    let pictures = "-c:v libx264 -pix_fmt yuv420p -c:a aac";
    // The name, how it is made, FFmpeg's name of the container, streams of pictures and of sound.
    let kinds = [
        ("a.mp4", pictures, "mov,mp4,m4a,3gp,3g2,mj2", 1),
        ("a.ts", pictures, "mpegts", 1),
        ("a.mkv", pictures, "matroska,webm", 1),
        ("a.mov", pictures, "mov,mp4,m4a,3gp,3g2,mj2", 1),
        ("a.avi", "-c:v mpeg4 -c:a mp3", "avi", 1),
        ("a.flv", "-c:v flv -c:a mp3", "flv", 1),
        ("a.webm", "-c:v libvpx -c:a libopus", "matroska,webm", 1),
        ("a.wmv", "-c:v wmv2 -c:a wmav2", "asf", 1),
        ("a.rm", "-c:v rv10 -c:a ac3", "rm", 1),
        ("a.vob", "-c:v mpeg2video -c:a ac3", "mpeg", 1),
        ("a.aac", "-vn", "aac", 0),
        ("a.mp3", "-vn", "mp3", 0),
        ("a.wav", "-vn", "wav", 0),
        ("a.flac", "-vn", "flac", 0),
        ("a.wma", "-vn", "asf", 0),
        ("a.ac3", "-vn", "ac3", 0),
        ("a.opus", "-vn", "ogg", 0),
    ];
    for (name, arguments, format, pictures) in kinds {
        make(&world, name, arguments);
        let target = json!({
            "Container": "mkv", "URI": "oss://test-bucket/out.mkv",
            "Video": {"TranscodeVideo": {"Codec": "h264"}}, "Audio": {"TranscodeAudio": {"Codec": "aac"}},
        });
        // By its content and not by its name.
        for key in [name, "nameless"] {
            std::fs::copy(world.object(name), world.object("nameless")).unwrap();
            let plan = world.plan(&request(key, &target));
            let facts = &plan["Sources"][0]["Facts"];
            assert_eq!(facts["FormatName"], format, "{name}");
            let count = |kind: &str| facts[kind].as_array().unwrap().len();
            assert_eq!((count("VideoStreams"), count("AudioStreams")), (pictures, 1), "{name}");
            let duration = facts["Duration"].as_f64().unwrap();
            assert!((duration - 1.0).abs() < 0.2, "{name}: {duration}");
        }
    }
}

#[test]
fn nothing_else_is_read() {
    let world = World::default();
    let kinds = [
        ("a.nut", "-c:v mpeg4 -c:a mp3"),
        ("a.y4m", "-an -pix_fmt yuv420p"),
        ("a.mxf", "-c:v mpeg2video -c:a pcm_s16le -ar 48000"),
        ("a.gif", "-an"),
        ("a.png", "-an -frames:v 1"),
        ("a.jpg", "-an -frames:v 1"),
        ("a.caf", "-vn"),
        ("a.aiff", "-vn"),
        ("a.au", "-vn"),
        ("a.eac3", "-vn"),
        ("a.h264", "-an"),
        ("a.ivf", "-an -c:v libvpx"),
        ("a.swf", "-c:v flv -c:a mp3"),
    ];
    kinds.iter().for_each(|(name, arguments)| make(&world, name, arguments));
    make(&world, "there.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac");
    let there = world.object("there.mp4");
    let texts = [
        ("a.ffconcat", format!("ffconcat version 1.0\nfile {}\n", there.display())),
        ("a.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5000 RTP/AVP 33\n".into()),
        (
            "a.mpd",
            format!(
                "<?xml version=\"1.0\"?><MPD><Period><AdaptationSet><Representation><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>",
                there.display()
            ),
        ),
        ("a.srt", "1\n00:00:00,000 --> 00:00:01,000\nhello\n".into()),
        ("a.txt", "https://example.com/film.mp4\n".into()),
    ];
    texts.iter().for_each(|(name, words)| world.put(name, words.as_bytes()));
    // Names promise nothing: what is in it is looked at.
    world.put("a.mp4", texts[0].1.as_bytes());
    let names = kinds.iter().map(|(name, _)| *name).chain(texts.iter().map(|(name, _)| *name)).chain(["a.mp4"]);
    let target = json!({
        "Container": "mkv", "URI": "oss://test-bucket/out.mkv", "Video": {"TranscodeVideo": {"Codec": "h264"}},
    });
    for name in names {
        let output = world.run(&request(name, &target));
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        let expected = format!("SourceUnreadable at stage Probe: oss://test-bucket/{name}: ");
        assert!(said.contains(&expected) && said.contains("the source is no supported media file"), "{name}: {said}");
        assert!(!world.object("out.mkv").exists(), "{name}");
    }
}
