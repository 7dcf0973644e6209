//! Buckets in an object store: a service in front of a server that speaks S3, over a good and over a bad network.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::fs;

use serde_json::{Value, json};
use wasmux_tests::s3::{Network, S3, Weather};
use wasmux_tests::server::{Options, Server, wait_for};
use wasmux_tests::{World, ffmpeg, frame_sums, request};

/// The configuration with the bucket `cloud`, in the store at this address.
fn cloud(address: &str) -> String {
    format!(
        "[[buckets]]\nname = \"cloud\"\n[buckets.s3]\nendpoint = \"http://{address}\"\nbucket = \"films\"\nroot = \"site\"\n\
         access_key = \"key\"\nsecret = \"not to be seen\"\ntimeout_seconds = 2\n"
    )
}

fn serve(world: &World, config: &str) -> Server {
    Server::start(world, &Options { config, ..Options::default() })
}

/// A clip of 4 s, 100 pictures, as bytes.
fn clip(world: &World) -> Vec<u8> {
    let film = "-f lavfi -i testsrc2=s=160x120:r=25:d=4 -f lavfi -i sine=d=4:r=48000 -c:v libx264 -g 25 -pix_fmt yuv420p -c:a aac";
    ffmpeg(film, &world.folder().join("film.mp4"));
    fs::read(world.folder().join("film.mp4")).unwrap()
}

fn encode(source: &str, to: &str) -> Value {
    json!({"ProjectName": "test", "Sources": [{"URI": source}], "Targets": [{"URI": to, "Container": "mp4",
        "Video": {"TranscodeVideo": {"Codec": "h264"}}, "Audio": {"TranscodeAudio": {"Codec": "aac"}}}]})
}

/// Copies the streams into another container.
fn copy(source: &str, to: &str) -> Value {
    json!({"ProjectName": "test", "Sources": [{"URI": source}], "Targets": [{"URI": to, "Container": "mkv"}]})
}

/// The packets of an object's pictures.
#[track_caller]
fn pictures(world: &World, s3: &S3, key: &str) -> usize {
    let (bytes, _) = s3.get(key).unwrap_or_else(|| panic!("{key} is missing; there are {:?}", s3.keys()));
    world.put("look", &bytes);
    frame_sums(world, "look", "0:v:0").len()
}

/// Nothing is left of outputs on their way.
#[track_caller]
fn is_clean(world: &World, s3: &S3) {
    let spool = world.folder().join("data/spool/cloud");
    // It is removed a moment after the end of a task.
    wait_for("an empty staging folder", || fs::read_dir(&spool).unwrap().next().is_none().then_some(()));
    let staged: Vec<_> = s3.keys().into_iter().filter(|key| key.contains("staging")).collect();
    assert_eq!((staged, s3.uploads()), (Vec::new(), Vec::new()));
}

#[test]
fn sources_watermarks_and_outputs_are_objects() {
    let (world, s3) = (World::default(), S3::default());
    s3.put("site/in/film.mp4", &clip(&world));
    ffmpeg("-f lavfi -i color=red:s=16x16:d=1:r=1 -frames:v 1", &world.folder().join("logo.png"));
    s3.put("site/logo.png", &fs::read(world.folder().join("logo.png")).unwrap());
    s3.put("site/out/film.mp4", b"what was there before");
    let server = serve(&world, &cloud(&s3.address));
    let mut task = encode("oss://cloud/in/film.mp4", "oss://cloud/out/film.mp4");
    task["Targets"][0]["Video"]["FilterVideo"] =
        json!({"Watermarks": [{"Type": "file", "URI": "oss://cloud/logo.png", "Dx": 4, "Dy": 4}]});
    let stream =
        json!({"URI": "oss://cloud/out/hls/film", "Container": "ts", "Segment": {"Format": "hls", "Duration": 1}});
    task["Targets"].as_array_mut().unwrap().push(stream);
    let id = server.submit(&task);
    let done = server.success_of(&id);
    assert_eq!(done["Targets"][0]["URI"], "oss://cloud/out/film.mp4");
    let (_, kind) = s3.get("site/out/film.mp4").unwrap();
    assert_eq!(kind, "video/mp4");
    let facts = &done["Targets"][0]["Facts"]["VideoStreams"][0];
    assert_eq!((&facts["Width"], pictures(&world, &s3, "site/out/film.mp4") > 90), (&json!(160), true), "{done:#}");
    let (playlist, kind) = s3.get("site/out/hls/film.m3u8").unwrap();
    assert_eq!(kind, "application/vnd.apple.mpegurl");
    let playlist = String::from_utf8(playlist).unwrap();
    let segments: Vec<_> = playlist.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(segments.len() >= 4, "{playlist}");
    for segment in segments {
        assert_eq!(s3.get(&format!("site/out/hls/{segment}")).unwrap().1, "video/mp2t");
    }
    is_clean(&world, &s3);
    // What was made is a source: an HLS playlist, whose segments are objects as well.
    server.success_of(&server.submit(&copy("oss://cloud/out/hls/film.m3u8", "oss://test-bucket/back.mkv")));
    assert!(world.object("back.mkv").is_file());
    // A look at a source, and a plan, read it too.
    let (status, meta) =
        server.post("/v1/probe", &json!({"ProjectName": "test", "SourceURI": "oss://cloud/in/film.mp4"}));
    assert_eq!(status, 200, "{meta:#}");
    let (status, plan) = server.post("/v1/plan", &task);
    assert_eq!(status, 200, "{plan:#}");
    // Neither the task nor the plan tells what only the service knows.
    let told = format!("{}{plan}{meta}", server.task(&id));
    assert!(!told.contains("not to be seen") && !told.contains(&s3.address), "{told}");
}

#[test]
fn what_is_not_there_is_told_of() {
    let (world, s3) = (World::default(), S3::default());
    let server = serve(&world, &cloud(&s3.address));
    let missing = server.end_of(&server.submit(&copy("oss://cloud/in/none.mp4", "oss://cloud/out.mkv")));
    assert_eq!(missing["Code"], "SourceNotFound", "{missing:#}");
    assert!(missing["Message"].as_str().unwrap().contains("oss://cloud/in/none.mp4 does not exist"), "{missing:#}");
    let (status, said) = server.post("/v1/tasks", &copy("oss://clouds/in/none.mp4", "oss://cloud/out.mkv"));
    assert_eq!((status, &said["Code"]), (400, &json!("ResourceNotFound")), "{said:#}");
    is_clean(&world, &s3);
}

#[test]
fn a_part_of_a_large_object_costs_that_part() {
    let (world, s3) = (World::default(), S3::default());
    let film = "-f lavfi -i testsrc2=s=640x360:r=25:d=60,noise=alls=40:allf=t -c:v mjpeg -q:v 3 -threads 2";
    let file = world.folder().join("large.mov");
    ffmpeg(film, &file);
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.len() > 60 << 20, "{}", bytes.len());
    s3.put("site/large.mov", &bytes);
    let network = Network::to(&s3.address);
    let server = serve(&world, &cloud(&network.address));
    let mut part = encode("oss://cloud/large.mov", "oss://test-bucket/part.mp4");
    part["Sources"][0]["StartTime"] = json!(30);
    part["Sources"][0]["Duration"] = json!(1);
    server.success_of(&server.submit(&part));
    let (read, whole) = (network.returned(), bytes.len() as u64);
    assert!(read < whole / 4, "{read} of {whole} bytes were read for a sixtieth");
    assert_eq!(frame_sums(&world, "part.mp4", "0:v:0").len(), 25);
}

#[test]
fn a_bad_network_costs_time_and_nothing_else() {
    let (world, s3) = (World::default(), S3::default());
    s3.put("site/film.mp4", &clip(&world));
    let network = Network::to(&s3.address);
    let server = serve(&world, &cloud(&network.address));
    for weather in [Weather::Overload, Weather::Stall, Weather::Cut(2000), Weather::Cut(0)] {
        network.strike(weather, 3);
        let to = format!("oss://cloud/out/{weather:?}.mkv");
        server.success_of(&server.submit(&copy("oss://cloud/film.mp4", &to)));
        assert_eq!(network.struck(), 3, "{weather:?}");
        assert_eq!(pictures(&world, &s3, &format!("site/out/{weather:?}.mkv")), 100, "{weather:?}");
    }
    is_clean(&world, &s3);
}

#[test]
fn a_store_that_stays_away_fails_the_task_and_nothing_is_there() {
    let (world, s3) = (World::default(), S3::default());
    world.put("film.mp4", &clip(&world));
    let network = Network::to(&s3.address);
    let server = serve(&world, &cloud(&network.address));
    let source = server.submit(&copy("oss://cloud/film.mp4", "oss://test-bucket/out.mkv"));
    server.end_of(&source);
    network.strike(Weather::Overload, usize::MAX);
    let failed = server.end_of(&server.submit(&copy("oss://cloud/film.mp4", "oss://test-bucket/out.mkv")));
    assert_eq!(failed["Code"], "SourceUnreadable", "{failed:#}");
    assert!(failed["Message"].as_str().unwrap().contains("503"), "{failed:#}");
    let mut both = request("film.mp4", &json!({"URI": "oss://test-bucket/out.mkv", "Container": "mkv"}));
    both["Targets"].as_array_mut().unwrap().push(json!({"URI": "oss://cloud/out.mkv", "Container": "mkv"}));
    let failed = server.end_of(&server.submit(&both));
    assert_eq!(failed["Code"], "OutputFailed", "{failed:#}");
    assert!(!world.object("out.mkv").exists(), "an output of a failed task is there");
    network.strike(Weather::Fair, 0);
    server.success_of(&server.submit(&both));
    assert!(world.object("out.mkv").is_file() && s3.keys().contains(&"site/out.mkv".to_owned()));
    is_clean(&world, &s3);
}

#[test]
fn a_large_output_is_sent_in_parts_that_nobody_sees_before_the_end() {
    let (world, s3) = (World::default(), S3::default());
    let film = "-f lavfi -i testsrc2=s=640x360:r=25:d=25,noise=alls=40:allf=t -c:v mjpeg -q:v 3 -threads 2";
    ffmpeg(film, &world.object("large.mov"));
    let config = cloud(&s3.address);
    let at = |crash_at| Options { crash_at, config: &config, ..Options::default() };
    let server = Server::start(&world, &at(Some("pause:journal-written")));
    let task = json!({"ProjectName": "test", "Sources": [{"URI": "oss://test-bucket/large.mov"}],
        "Targets": [{"URI": "oss://cloud/large.mkv", "Container": "mkv"}]});
    let id = server.submit(&task);
    wait_for("an upload", || s3.uploads().contains(&"site/large.mkv".to_owned()).then_some(()));
    server.wait(&id, "the journal", |task| task["State"] == "Committing");
    assert_eq!(s3.keys(), Vec::<String>::new());
    server.kill();
    let server = Server::start(&world, &at(None));
    server.success_of(&id);
    let (bytes, kind) = s3.get("site/large.mkv").unwrap();
    assert!(bytes.len() > 20 << 20 && kind == "video/x-matroska", "{} {kind}", bytes.len());
    assert_eq!(pictures(&world, &s3, "site/large.mkv"), 625);
}

#[test]
fn a_full_disk_fails_what_does_not_fit_and_nothing_else() {
    let (world, s3) = (World::default(), S3::default());
    let film = "-f lavfi -i testsrc2=s=640x360:r=25:d=10,noise=alls=40:allf=t -c:v mjpeg -q:v 3 -threads 2";
    ffmpeg(film, &world.object("large.mov"));
    world.put("small.mp4", &clip(&world));
    let out = world.folder().join("data/buckets/out");
    let spool = world.folder().join("data/spool");
    for folder in [&out, &spool] {
        fs::create_dir_all(folder).unwrap();
    }
    let config = cloud(&s3.address);
    for (disk, bucket) in [(&spool, "cloud"), (&out, "out")] {
        let disk = Some((disk.as_path(), 4 << 20));
        let server = Server::start(&world, &Options { disk, config: &config, ..Options::default() });
        for _ in 0..2 {
            let large = copy("oss://test-bucket/large.mov", &format!("oss://{bucket}/large.mkv"));
            let failed = server.end_of(&server.submit(&large));
            assert_eq!(failed["Code"], "OutputFailed", "{failed:#}");
            assert!(failed["Message"].as_str().unwrap().contains("No space left"), "{failed:#}");
            // What it had written makes room again.
            let small = copy("oss://test-bucket/small.mp4", &format!("oss://{bucket}/small.mkv"));
            server.success_of(&server.submit(&small));
        }
        server.stop();
    }
    assert_eq!(s3.keys(), ["site/small.mkv"]);
    is_clean(&world, &s3);
}

#[test]
fn a_crash_at_any_step_of_a_commit_loses_nothing() {
    let (world, s3) = (World::default(), S3::default());
    s3.put("site/film.mp4", &clip(&world));
    let config = cloud(&s3.address);
    for point in ["before-journal", "journal-written", "placed-0", "before-end", "ended"] {
        let mut server =
            Server::start(&world, &Options { crash_at: Some(point), config: &config, ..Options::default() });
        let mut task = copy("oss://cloud/film.mp4", &format!("oss://cloud/{point}/a.mkv"));
        let second = json!({"URI": format!("oss://cloud/{point}/b.mp4"), "Container": "mp4"});
        task["Targets"].as_array_mut().unwrap().push(second);
        let id = server.submit(&task);
        server.death();
        let server = serve(&world, &config);
        server.success_of(&id);
        for name in ["a.mkv", "b.mp4"] {
            assert_eq!(pictures(&world, &s3, &format!("site/{point}/{name}")), 100, "{point}");
        }
        server.stop();
    }
    is_clean(&world, &s3);
}
