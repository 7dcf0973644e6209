//! What may be a source: the formats of the API's guide, and nothing besides.

use serde_json::json;
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, ffmpeg, request, text};

/// A source of FFmpeg's own test picture and tone, with these arguments and this name.
fn make(world: &World, name: &str, arguments: &str) {
    let inputs = "-f lavfi -i testsrc2=s=160x128:r=25:d=1 -f lavfi -i sine=d=1:r=44100";
    ffmpeg(&format!("{inputs} {arguments}"), &world.object(name));
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

#[test]
fn limits_are_kept_and_named() {
    let world = World::default();
    make(&world, "a.mkv", "-t 3 -c:v libx264 -pix_fmt yuv420p -c:a aac");
    let bytes = std::fs::metadata(world.object("a.mkv")).unwrap().len();
    let target = |name: &str| json!({"Container": "mkv", "URI": format!("oss://test-bucket/{name}.mkv")});
    let one = request("a.mkv", &target("out"));
    let run = |request, limit: &str| {
        let output = world.run_command(request, &["--limit", limit]).output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    let cases = [
        (
            "max_pixels",
            160 * 128,
            "has pictures of 160x128, 20480 pixels, in stream 0, and the limit of this host is 20479",
        ),
        ("max_streams", 2, "has 2 streams, and the limit of this host is 1"),
        ("max_source_bytes", bytes, "bytes, and the limit of this host is"),
    ];
    for (name, enough, words) in cases {
        let (code, said) = run(&one, &format!("{name}={}", enough - 1));
        let expected = "LimitExceeded at stage Probe: oss://test-bucket/a.mkv ";
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(said.contains(expected) && said.contains(words) && said.contains(name), "{name}: {said}");
        assert!(!world.object("out.mkv").exists(), "{name}");
        let (code, said) = run(&one, &format!("{name}={enough}"));
        assert_eq!(code, Some(0), "{name}: {said}");
        std::fs::remove_file(world.object("out.mkv")).unwrap();
    }
    let mut long = request("a.mkv", &target("out"));
    make(&world, "long.mkv", "-vf tpad=stop_mode=clone:stop_duration=2 -an -c:v libx264 -pix_fmt yuv420p");
    long["Sources"][0]["URI"] = json!("oss://test-bucket/long.mkv");
    let (code, said) = run(&long, "max_duration_seconds=2");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("oss://test-bucket/long.mkv lasts 3.") && said.contains("is 2 (`max_duration_seconds`"),
        "{said}"
    );
    assert_eq!(run(&long, "max_duration_seconds=4").0, Some(0));
    let mut two = request("a.mkv", &target("one"));
    two["Targets"].as_array_mut().unwrap().push(target("two"));
    let (code, said) = run(&two, "max_targets=1");
    assert!(code == Some(2) && said.contains("Targets") && said.contains("at most 1"), "{code:?} {said}");
    let (code, said) = run(&one, "max_targets=0");
    assert!(code == Some(2) && said.contains("limits.max_targets is 0; it must be at least 1"), "{code:?} {said}");
}

#[test]
fn the_limits_of_a_service_reach_its_workers() {
    let world = World::default();
    make(&world, "a.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a aac");
    let config = "[limits]\nmax_streams = 1\nmax_targets = 1";
    let server = Server::start(&world, &Options { config, ..Options::default() });
    let target = json!({"Container": "mkv", "URI": "oss://test-bucket/out.mkv"});
    let request = request("a.mkv", &target);
    let task = server.end_of(&server.submit(&request));
    assert_eq!((&task["Code"], &task["Error"]["Stage"]), (&json!("LimitExceeded"), &json!("Probe")), "{task:#}");
    assert!(task["Message"].as_str().unwrap().starts_with("oss://test-bucket/a.mkv has 2 streams"), "{task:#}");
    let mut two = request;
    two["Targets"].as_array_mut().unwrap().push(json!({"Container": "mkv", "URI": "oss://test-bucket/two.mkv"}));
    let (status, said) = server.post("/v1/tasks", &two);
    assert_eq!((status, &said["Code"]), (400, &json!("LimitExceededError")), "{said:#}");
}
