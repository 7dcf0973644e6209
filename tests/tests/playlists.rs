//! HLS playlists as sources: by our own outputs, and by playlists that name what they may not.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, ffmpeg, frame_sums, request, text};

/// A world with a film of 4.2 s, and the same as HLS in the folder `a dir`.
fn world(container: &str) -> World {
    let world = World::default();
    let film = "-f lavfi -i testsrc2=s=160x120:r=25:d=4.2 -f lavfi -i sine=d=4.2:r=48000 -c:v libx264 -bf 2 -g 25 -keyint_min 25 -sc_threshold 0 -pix_fmt yuv420p -c:a aac";
    ffmpeg(film, &world.object("film.mp4"));
    let segment = json!({"Format": "hls", "Duration": 1});
    let target = json!({"Container": container, "URI": "oss://test-bucket/a dir/h.m3u8", "Segment": segment});
    world.run_well(&request("film.mp4", &target));
    world
}

fn copy() -> Value {
    json!({"Container": "mkv", "URI": "oss://test-bucket/out.mkv"})
}

/// Runs a request that must fail with this code and these words, and write nothing.
#[track_caller]
fn fails(world: &World, source: &str, target: &Value, code: &str, words: &[&str]) {
    let before = world.listing();
    let output = world.run(&request(source, target));
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{source}: {said}");
    assert!(said.contains(code) && words.iter().all(|word| said.contains(word)), "{source}: {said}");
    assert!(!said.contains("frames encoded"), "{source}: something was encoded before it failed: {said}");
    let new = world.listing().into_iter().filter(|key| !before.contains(key) && world.object(key).is_file());
    assert_eq!(new.collect::<Vec<_>>(), Vec::<String>::new(), "{source}");
}

#[test]
fn our_own_segments_give_back_what_went_in() {
    for (container, format, segment) in [("ts", "mpegts", "h-1.ts"), ("mp4", "mov,mp4,m4a,3gp,3g2,mj2", "h-1.m4s")] {
        let world = world(container);
        assert!(world.object("a dir").join(segment).is_file());
        let (pictures, sound) = (frame_sums(&world, "film.mp4", "0:v:0"), frame_sums(&world, "film.mp4", "0:a:0"));
        assert_eq!(pictures.len(), 105);
        let facts = world.plan(&request("a dir/h.m3u8", &copy()))["Sources"][0]["Facts"].clone();
        assert_eq!(facts["FormatName"], format);
        assert!((facts["Duration"].as_f64().unwrap() - 4.2).abs() < 0.1, "{facts:#}");
        world.run_well(&request("a dir/h.m3u8", &copy()));
        assert_eq!(frame_sums(&world, "out.mkv", "0:v:0"), pictures, "{container}");
        // Without the edit list of the mp4 a decoder hands out what primes it, too.
        let copied = frame_sums(&world, "out.mkv", "0:a:0");
        assert!(copied.ends_with(&sound) && copied.len() <= sound.len() + 1, "{container}: {}", copied.len());
        // Encoded, and by a worker that may open nothing but what it was told of.
        let server = Server::start(&world, &Options::default());
        let codecs = (json!({"TranscodeVideo": {"Codec": "h264"}}), json!({"TranscodeAudio": {"Codec": "aac"}}));
        let target =
            json!({"Container": "mp4", "URI": "oss://test-bucket/out.mp4", "Video": codecs.0, "Audio": codecs.1});
        server.success_of(&server.submit(&request("a dir/h.m3u8", &target)));
        assert_eq!(frame_sums(&world, "out.mp4", "0:v:0").len(), 105, "{container}");
        let made = world.probe("out.mp4");
        assert!((made["VideoStreams"][0]["Duration"].as_f64().unwrap() - 4.2).abs() < 0.01, "{made:#}");
        assert!((made["AudioStreams"][0]["Duration"].as_f64().unwrap() - 4.2).abs() < 0.05, "{made:#}");
        // A part of it. Its sound begins a packet before its pictures, so that the part begins within a picture.
        let mut part = request("a dir/h.m3u8", &target);
        part["Sources"][0]["StartTime"] = json!(1.4);
        part["Sources"][0]["Duration"] = json!(2);
        world.run_well(&part);
        assert_eq!(frame_sums(&world, "out.mp4", "0:v:0").len(), 51, "{container}");
        let made = world.probe("out.mp4");
        assert!((made["VideoStreams"][0]["Duration"].as_f64().unwrap() - 2.0).abs() < 0.05, "{made:#}");
    }
}

#[test]
fn a_missing_segment_fails_the_task() {
    let world = world("ts");
    fs::remove_file(world.object("a dir/h-2.ts")).unwrap();
    let words = ["oss://test-bucket/a dir/h.m3u8 names an object", "oss://test-bucket/a dir/h-2.ts does not exist"];
    fails(&world, "a dir/h.m3u8", &copy(), "SourceNotFound at stage Probe", &words);
    let server = Server::start(&world, &Options::default());
    let task = server.end_of(&server.submit(&request("a dir/h.m3u8", &copy())));
    assert_eq!((&task["Code"], &task["Frames"]), (&json!("SourceNotFound"), &json!(0)), "{task:#}");
    assert!(task["Message"].as_str().unwrap().contains(words[1]), "{task:#}");
    fs::write(world.object("a dir/h-2.ts"), b"").unwrap();
    fails(&world, "a dir/h.m3u8", &copy(), "SourceUnreadable", &["oss://test-bucket/a dir/h-2.ts is empty"]);
    fs::remove_file(world.object("a dir/h-2.ts")).unwrap();
    // A folder, or a link that leads out of the bucket, is no segment.
    fs::create_dir(world.object("a dir/h-2.ts")).unwrap();
    fails(&world, "a dir/h.m3u8", &copy(), "SourceUnreadable", &["a dir/h-2.ts is no regular file"]);
    fs::remove_dir(world.object("a dir/h-2.ts")).unwrap();
    fs::copy(world.object("a dir/h-1.ts"), world.folder().join("outside.ts")).unwrap();
    symlink(world.folder().join("outside.ts"), world.object("a dir/h-2.ts")).unwrap();
    fails(&world, "a dir/h.m3u8", &copy(), "SourceUnreadable", &["oss://test-bucket/a dir/h-2.ts: opening it"]);
}

#[test]
fn only_objects_that_the_project_may_read_are_reached() {
    let world = world("ts");
    let list = |name: &str, lines: &str| {
        world.put(name, format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n{lines}#EXT-X-ENDLIST\n").as_bytes());
    };
    for (segment, why) in [
        ("http://127.0.0.1:9/a.ts", "has the scheme `http`"),
        ("file:///etc/hostname", "has the scheme `file`"),
        ("../bucket/film.mp4", "climbs out of its bucket"),
        ("h-0.ts?x=1", "has a query"),
    ] {
        list("x.m3u8", &format!("#EXTINF:1,\n{segment}\n"));
        let words = ["oss://test-bucket/x.m3u8 cannot be read as a playlist", why];
        fails(&world, "x.m3u8", &copy(), "SourceUnreadable at stage Probe", &words);
    }
    list("x.m3u8", "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n#EXTINF:1,\na%20dir/h-0.ts\n");
    fails(&world, "x.m3u8", &copy(), "SourceUnreadable", &["are encrypted (METHOD=AES-128)"]);
    // Whole files one behind the other would be read to the end of the first.
    list("x.m3u8", "#EXTINF:4,\nfilm.mp4\n#EXTINF:4,\nfilm.mp4\n");
    fails(&world, "x.m3u8", &copy(), "SourceUnreadable", &["its segments are none of mpegts, aac, mp3, ac3"]);
    world.put("x.m3u8", b"no playlist");
    fails(&world, "x.m3u8", &copy(), "SourceUnreadable", &["does not begin with #EXTM3U"]);
    list("x.m3u8", "#EXTINF:1,\noss://nowhere/h-0.ts\n");
    fails(&world, "x.m3u8", &copy(), "SourceNotFound", &["there is no bucket `nowhere`"]);

    // Another bucket may be named; its rights count, and a service's worker is let at just these objects.
    for name in ["secret", "open"] {
        fs::create_dir(world.folder().join(name)).unwrap();
        fs::copy(world.object("a dir/h-0.ts"), world.folder().join(name).join("h-0.ts")).unwrap();
    }
    let bucket = |name: &str, more: &str| {
        let folder = world.folder().join(name);
        format!("[[buckets]]\nname = \"{name}\"\nfolder = \"{}\"\nwrite = false\n{more}\n", folder.display())
    };
    let config = format!("{}{}", bucket("secret", "read = false"), bucket("open", "key_prefix = \"h\""));
    fs::copy(world.object("a dir/h-0.ts"), world.folder().join("open/a.ts")).unwrap();
    let server = Server::start(&world, &Options { config: &config, ..Options::default() });
    for (segment, code) in [("open/h-0.ts", ""), ("secret/h-0.ts", "SourceNotFound"), ("open/a.ts", "SourceNotFound")] {
        list("x.m3u8", &format!("#EXTINF:1,\noss://{segment}\n"));
        let task = server.end_of(&server.submit(&request("x.m3u8", &copy())));
        assert_eq!(task["Code"], code, "{task:#}");
        assert!(code.is_empty() || task["Message"].as_str().unwrap().contains(segment), "{task:#}");
    }
    assert_eq!(frame_sums(&world, "out.mkv", "0:v:0").len(), 25);
}

#[test]
fn variants_parts_and_splices_are_read() {
    let world = world("ts");
    let pictures = frame_sums(&world, "film.mp4", "0:v:0");
    // The variant of highest bandwidth; the other one does not even exist. Known by its beginning, not by its name.
    let master =
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nnowhere.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2000\na%20dir/h.m3u8\n";
    world.put("master", master.as_bytes());
    world.run_well(&request("master", &copy()));
    assert_eq!(frame_sums(&world, "out.mkv", "0:v:0"), pictures);
    world.put("above.m3u8", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nmaster\n");
    fs::remove_file(world.object("out.mkv")).unwrap();
    fails(&world, "above.m3u8", &copy(), "SourceUnreadable", &["only one level is read"]);
    world.put("gone.m3u8", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\ngone/x.m3u8\n");
    fails(&world, "gone.m3u8", &copy(), "SourceNotFound", &["oss://test-bucket/gone/x.m3u8 does not exist"]);

    // All segments in one object.
    let segments: Vec<_> =
        (0..5).map(|number| fs::read(world.object(&format!("a dir/h-{number}.ts"))).unwrap()).collect();
    world.put("all.ts", &segments.concat());
    let ranges: String = segments
        .iter()
        .enumerate()
        .map(|(number, bytes)| {
            let start = if number == 0 { "@0" } else { "" };
            format!("#EXTINF:1,\n#EXT-X-BYTERANGE:{}{start}\nall.ts\n", bytes.len())
        })
        .collect();
    world.put("ranges.m3u8", format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n{ranges}").as_bytes());
    world.run_well(&request("ranges.m3u8", &copy()));
    assert_eq!(frame_sums(&world, "out.mkv", "0:v:0"), pictures);
    world.put("beyond.m3u8", b"#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:99999999@0\nall.ts\n");
    fs::remove_file(world.object("out.mkv")).unwrap();
    fails(&world, "beyond.m3u8", &copy(), "SourceUnreadable", &["oss://test-bucket/all.ts", "are wanted"]);

    // Times that begin anew in the middle.
    let list = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.2,\nall.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:4.2,\nall.ts\n";
    world.put("twice.m3u8", list.as_bytes());
    let encode =
        json!({"Container": "mkv", "URI": "oss://test-bucket/out.mkv", "Video": {"TranscodeVideo": {"Codec": "h264"}}});
    world.run_well(&request("twice.m3u8", &encode));
    assert_eq!(frame_sums(&world, "out.mkv", "0:v:0").len(), 210);
    let duration = world.probe("out.mkv")["Duration"].as_f64().unwrap();
    assert!((duration - 8.4).abs() < 0.2, "{duration}");
}

#[test]
fn what_a_source_consists_of_is_no_output() {
    let world = world("ts");
    let before: Vec<_> =
        (0..5).map(|number| fs::read(world.object(&format!("a dir/h-{number}.ts"))).unwrap()).collect();
    world.put("master.m3u8", b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2000\na%20dir/h.m3u8\n");
    let segment = json!({"Format": "hls"});
    let targets = [
        json!({"Container": "ts", "URI": "oss://test-bucket/a dir/h-3.ts"}),
        json!({"Container": "ts", "URI": "oss://test-bucket/a dir/h.m3u8", "Segment": segment}),
    ];
    for target in &targets {
        fails(
            &world,
            "master.m3u8",
            target,
            "OutputRefused",
            &["which belongs to the source oss://test-bucket/master.m3u8"],
        );
    }
    // Segments by whose names a playlist of ours would have its own.
    fs::rename(world.object("a dir/h.m3u8"), world.object("a dir/other.m3u8")).unwrap();
    let target = json!({"Container": "ts", "URI": "oss://test-bucket/a dir/h.m3u8", "Segment": segment});
    fails(&world, "a dir/other.m3u8", &target, "OutputRefused", &["would replace oss://test-bucket/a dir/h-0.ts"]);
    // The same object by another name.
    symlink("a dir", world.object("link")).unwrap();
    let target = json!({"Container": "ts", "URI": "oss://test-bucket/link/h-3.ts"});
    fails(
        &world,
        "a dir/other.m3u8",
        &target,
        "OutputRefused",
        &["it is the same object as oss://test-bucket/a dir/h-3.ts"],
    );
    let server = Server::start(&world, &Options::default());
    let task = server.end_of(&server.submit(&request("a dir/other.m3u8", &target)));
    assert_ne!(task["Code"], "", "{task:#}");
    let after: Vec<_> = (0..5).map(|number| fs::read(world.object(&format!("a dir/h-{number}.ts"))).unwrap()).collect();
    assert!(before == after);
}

#[test]
fn what_others_write_is_read() {
    let world = world("ts");
    let pictures = frame_sums(&world, "film.mp4", "0:v:0");
    let film = world.object("film.mp4").display().to_string();
    for (name, options) in [
        ("ts", ""),
        ("one", "-hls_flags single_file"),
        ("fragments", "-hls_segment_type fmp4"),
        ("one-of-fragments", "-hls_segment_type fmp4 -hls_flags single_file"),
        ("dated", "-hls_flags program_date_time+round_durations+independent_segments -hls_list_size 3 -start_number 7"),
        ("variants", "-master_pl_name master.m3u8"),
    ] {
        fs::create_dir(world.object(name)).unwrap();
        let arguments = format!("-i {film} -c copy -f hls -hls_time 1 -hls_playlist_type vod {options}");
        let arguments = if name == "dated" { arguments.replace(" -hls_playlist_type vod", "") } else { arguments };
        ffmpeg(arguments.trim(), &world.object(&format!("{name}/x.m3u8")));
        let key = if name == "variants" { "variants/master.m3u8" } else { &format!("{name}/x.m3u8") };
        world.run_well(&request(key, &copy()));
        // A live playlist has only its last segments.
        let expected = if name == "dated" { &pictures[50..] } else { &pictures };
        assert_eq!(frame_sums(&world, "out.mkv", "0:v:0"), expected, "{name}");
        fs::remove_file(world.object("out.mkv")).unwrap();
    }
    // Segments whose packets are each numbered anew, one for each four pictures: nothing of them is damaged.
    let list = world.object("n.m3u8").display().to_string();
    let arguments = "-c:v libx264 -g 4 -bf 0 -c:a aac -f segment -segment_time 0.16 -segment_list";
    ffmpeg(&format!("-i {film} {arguments} {list}"), &world.object("n-%d.ts"));
    assert!(world.object("n-25.ts").exists());
    let output = world.run(&request("n.m3u8", &copy()));
    let said = text(&output.stderr);
    assert!(output.status.success() && !said.contains("damaged"), "{said}");
    assert_eq!(frame_sums(&world, "out.mkv", "0:v:0").len(), 105);
    fs::remove_file(world.object("out.mkv")).unwrap();
    // But what is missing within them is.
    for number in (0..25).step_by(2) {
        let key = format!("n-{number}.ts");
        let whole = fs::read(world.object(&key)).unwrap();
        let packets = whole.chunks(188).enumerate().filter(|(number, _)| number % 4 != 3);
        world.put(&key, &packets.flat_map(|(_, packet)| packet).copied().collect::<Vec<_>>());
    }
    let pictures_only = json!({"Container": "mkv", "URI": "oss://test-bucket/out.mkv", "Audio": {}});
    let said = text(&world.run(&request("n.m3u8", &pictures_only)).stderr);
    assert!(said.contains("SourceDamaged") && said.contains("packets of oss://test-bucket/n.m3u8"), "{said}");
    let sound =
        format!("-i {film} -vn -c copy -f segment -segment_time 1 -segment_list {}", world.object("s.m3u8").display());
    ffmpeg(&sound, &world.object("s-%d.aac"));
    let target = json!({"Container": "mkv", "URI": "oss://test-bucket/out.mkv"});
    world.run_well(&request("s.m3u8", &target));
    assert!(frame_sums(&world, "out.mkv", "0:a:0").ends_with(&frame_sums(&world, "film.mp4", "0:a:0")));
}
