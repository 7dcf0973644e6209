//! Random requests on a tiny clip. Valid ones: what comes out is what the plan said. Broken ones: each fault is told with its
//! path, and nothing panics.
//!
//! `WASMUX_RANDOM_CASES` is how many, `WASMUX_RANDOM_SEED` where they start; without it they are the same each time. Requests
//! that failed once are kept in `random.txt` beside this file, and tried first.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::env;

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::{FileFailurePersistence, RngSeed};
use serde_json::{Map, Value, json};
use wasmux_tests::{World, clips, text};

const CLIP: &str = "tiny.mkv";
const SECONDS: f64 = 0.6;

/// What a container is for FFmpeg, and what it holds of video and audio.
const CONTAINERS: &[(&str, &str, &[&str], &[&str])] = &[
    ("mp4", "mp4", &["h264", "h265", "vp9", "av1"], &["aac", "mp3", "ac3", "flac", "opus"]),
    (
        "mkv",
        "matroska",
        &["h264", "h265", "vp9", "vp8", "av1", "copy"],
        &["aac", "mp3", "vorbis", "flac", "ac3", "opus", "pcm", "copy"],
    ),
    ("mov", "mov", &["h264", "h265", "copy"], &["aac", "mp3", "ac3", "pcm", "copy"]),
    ("ts", "mpegts", &["h264", "h265", "copy"], &["aac", "mp3", "ac3", "opus"]),
    ("flv", "flv", &["h264", "copy"], &["aac"]),
    ("webm", "webm", &["vp9", "vp8", "av1"], &["vorbis", "opus"]),
    ("avi", "avi", &["h264"], &["aac", "mp3", "ac3", "pcm"]),
    ("asf", "asf", &["h264"], &["aac", "mp3", "ac3", "pcm"]),
    ("mp3", "mp3", &[], &["mp3"]),
    ("aac", "aac", &[], &["aac"]),
    ("flac", "flac", &[], &["flac"]),
    ("ac3", "ac3", &[], &["ac3"]),
    ("opus", "ogg", &[], &["opus"]),
    ("oga", "ogg", &[], &["vorbis", "flac", "opus"]),
    ("wav", "wav", &[], &["pcm", "copy"]),
];

fn config() -> ProptestConfig {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    ProptestConfig {
        cases: number("WASMUX_RANDOM_CASES").and_then(|cases| cases.try_into().ok()).unwrap_or(24),
        rng_seed: RngSeed::Fixed(number("WASMUX_RANDOM_SEED").unwrap_or(4)),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/random.txt"))),
        max_shrink_iters: 40,
        ..ProptestConfig::default()
    }
}

/// Some of the fields, so that defaults are tried too.
fn some_of(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Map<String, Value>> {
    let count = fields.len();
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    (values, subsequence((0..count).collect::<Vec<_>>(), 0..=count)).prop_map(move |(values, chosen)| {
        chosen.into_iter().map(|index| (names[index].to_owned(), values[index].clone())).collect()
    })
}

fn of<T: Clone + std::fmt::Debug + serde::Serialize + 'static>(values: &[T]) -> BoxedStrategy<Value> {
    select(values.to_vec()).prop_map(|value| json!(value)).boxed()
}

fn video(codec: &'static str) -> BoxedStrategy<Value> {
    if codec == "copy" {
        return Just(json!({"Codec": "copy"})).boxed();
    }
    let formats: &[&str] = match codec {
        "vp8" => &["yuv420p"],
        "av1" => &["yuv420p", "yuv420p10le"],
        _ => &["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"],
    };
    let side = || (32_u32..=100).prop_map(|half| half * 2);
    let resolution = prop_oneof![
        (side(), side()).prop_map(|(first, second)| json!(format!("{first}x{second}"))),
        side().prop_map(|first| json!(format!("{first}x"))),
        side().prop_map(|second| json!(format!("x{second}"))),
    ];
    let always = (
        resolution,
        of(&["stretch", "crop", "fill", "fit"]),
        prop_oneof![
            (0_u32..=51).prop_map(|crf| json!({"CRF": crf})),
            (50_000_u32..2_000_000).prop_map(|bitrate| json!({"Bitrate": bitrate})),
            (0_u32..=51, 100_000_u32..900_000)
                .prop_map(|(crf, most)| json!({"CRF": crf, "MaxBitrate": most, "BufferSize": most})),
        ],
    );
    let fields = some_of(vec![
        ("GOPSize", (1_u32..300).prop_map(|n| json!(n)).boxed()),
        ("BFrames", (0_u32..=16).prop_map(|n| json!(n)).boxed()),
        ("Refs", (1_u32..=16).prop_map(|n| json!(n)).boxed()),
        ("PixelFormat", of(formats)),
        ("FrameRate", of(&[5.0, 12.5, 23.976, 25.0, 29.97, 60.0])),
        ("AdaptiveResolutionDirection", of(&[true, false])),
        ("Rotation", of(&[0, 90, 180, 270])),
        ("ResolutionOption", of(&["fixed", "adaptive"])),
    ]);
    (always, fields, any::<bool>())
        .prop_map(move |((resolution, scale, rate), mut fields, sized)| {
            fields.extend([("Codec".to_owned(), json!(codec)), ("Preset".to_owned(), json!("fast"))]);
            fields.extend(rate.as_object().unwrap().clone());
            if sized {
                fields.extend([("Resolution".to_owned(), resolution), ("ScaleType".to_owned(), scale)]);
            } else {
                fields.remove("ResolutionOption");
            }
            Value::Object(fields)
        })
        .boxed()
}

fn audio(codec: &'static str) -> BoxedStrategy<Value> {
    if codec == "copy" {
        return Just(json!({"Codec": "copy"})).boxed();
    }
    let rates: &[u32] = match codec {
        "opus" => &[8000, 12000, 16000, 24000, 48000],
        "ac3" => &[32000, 44100, 48000],
        _ => &[8000, 11025, 16000, 22050, 32000, 44100, 48000],
    };
    let channels: &[u32] = if codec == "mp3" { &[1, 2] } else { &[1, 2, 6] };
    let spend = match codec {
        "flac" | "pcm" => of(&[json!({"BitsPerSample": 16}), json!({"BitsPerSample": 24}), json!({})]),
        _ => prop_oneof![
            (0_u32..=100).prop_map(|quality| json!({"Quality": quality})),
            (8_000_u32..400_000).prop_map(|bitrate| json!({"Bitrate": bitrate})),
        ]
        .boxed(),
    };
    (some_of(vec![("SampleRate", of(rates)), ("Channel", of(channels))]), spend)
        .prop_map(move |(mut fields, spend)| {
            fields.insert("Codec".to_owned(), json!(codec));
            fields.extend(spend.as_object().unwrap().clone());
            Value::Object(fields)
        })
        .boxed()
}

fn target() -> impl Strategy<Value = Value> {
    select(CONTAINERS).prop_flat_map(|(container, _, videos, audios)| {
        let video = match videos {
            [] => Just(Value::Null).boxed(),
            videos => select(videos).prop_flat_map(video).boxed(),
        };
        let left_out = if videos.is_empty() { Just(0).boxed() } else { (0..4).boxed() };
        (video, select(audios).prop_flat_map(audio), left_out).prop_map(move |(video, audio, left_out)| {
            let mut target = json!({"Container": container, "URI": "", "Audio": {"TranscodeAudio": audio}});
            if !video.is_null() {
                target["Video"] = json!({"TranscodeVideo": video});
            }
            match left_out {
                1 => target["Audio"] = json!({"DisableAudio": true}),
                2 => target["Video"] = json!({"DisableVideo": true}),
                _ => {}
            }
            target
        })
    })
}

fn request() -> impl Strategy<Value = Value> {
    prop::collection::vec(target(), 1..=3).prop_map(|mut targets| {
        for (index, target) in targets.iter_mut().enumerate() {
            target["URI"] = json!(format!("oss://test-bucket/out{index}"));
        }
        json!({"ProjectName": "random", "Sources": [{"URI": format!("oss://test-bucket/{CLIP}")}], "Targets": targets})
    })
}

/// Several sources of the one clip: parts of it, with streams switched off, attached ones behind them.
fn sources() -> impl Strategy<Value = Vec<Value>> {
    let part = (0_u32..4, 1_u32..6, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(start, length, whole, no_video, no_audio)| {
            let mut source = json!({"URI": format!("oss://test-bucket/{CLIP}")});
            if !whole {
                source["StartTime"] = json!(f64::from(start) / 10.0);
                source["Duration"] = json!(f64::from(length.min(6 - start)) / 10.0);
            }
            source["DisableVideo"] = json!(no_video);
            source["DisableAudio"] = json!(no_audio && !no_video);
            source
        },
    );
    let attached = (part.clone(), select(&["false", "loop", "pad"][..])).prop_map(|(mut source, mode)| {
        source["Attached"] = json!(true);
        source["AlignMode"] = json!(mode);
        source
    });
    (prop::collection::vec(part, 1..=4), prop::collection::vec(attached, 0..=2))
        .prop_map(|(sequence, attached)| sequence.into_iter().chain(attached).collect())
}

/// Seconds of the sources that follow each other.
fn seconds(sources: &[Value]) -> f64 {
    let own = |source: &Value| source["Duration"].as_f64().unwrap_or(SECONDS);
    sources.iter().filter(|source| source["Attached"] != true).map(own).sum()
}

fn world() -> World {
    let world = World::default();
    clips::put(&world, CLIP);
    world
}

/// The node of this operation among what goes into the mux node of a target.
fn into_mux<'a>(plan: &'a Value, target: &Value, operation: &str) -> Option<&'a Value> {
    let node = |id: &Value| plan["Nodes"].as_array().unwrap().iter().find(|node| node["Id"] == *id).unwrap();
    let inputs = node(&target["Mux"])["Inputs"].as_array().unwrap();
    inputs.iter().map(node).find(|node| node["Operation"] == operation)
}

/// FFmpeg's name of a codec of the API.
fn is_codec(found: &Value, codec: &Value, depth: &Value) -> bool {
    let wanted = match codec.as_str().unwrap() {
        "h265" => "hevc",
        "pcm" if depth == 24 => "pcm_s24le",
        "pcm" => "pcm_s16le",
        codec => codec,
    };
    found == wanted
}

fn judge(plan: &Value, request: &Value, world: &World) -> Result<(), TestCaseError> {
    for (index, target) in plan["Targets"].as_array().unwrap().iter().enumerate() {
        let key = target["URI"].as_str().unwrap().trim_start_matches("oss://test-bucket/");
        let facts = world.probe(key);
        let wish = &request["Targets"][index];
        let (_, format, ..) = CONTAINERS.iter().find(|(name, ..)| wish["Container"] == *name).unwrap();
        prop_assert!(facts["FormatName"].as_str().unwrap().contains(format), "{}", facts["FormatName"]);
        let has = |kind: &str, off: &str| wish[kind][off] != true && !(kind == "Video" && wish[kind].is_null());
        let streams = |kind: &str| facts[kind].as_array().unwrap().len();
        prop_assert_eq!(streams("VideoStreams"), usize::from(has("Video", "DisableVideo")));
        prop_assert_eq!(streams("AudioStreams"), usize::from(has("Audio", "DisableAudio")));
        if let Some(node) = into_mux(plan, target, "EncodeVideo") {
            let (found, picture) = (&facts["VideoStreams"][0], &node["Picture"]);
            prop_assert!(
                is_codec(&found["CodecName"], &node["Encoding"]["Codec"], &Value::Null),
                "{}",
                found["CodecName"]
            );
            for field in ["Width", "Height", "PixelFormat"] {
                prop_assert_eq!(&found[field], &picture[field], "{}", field);
            }
            let rate = |value: &Value| {
                let (top, bottom) = value.as_str().unwrap().split_once('/').unwrap();
                top.parse::<f64>().unwrap() / bottom.parse::<f64>().unwrap()
            };
            // FLV, ASF and Matroska count in milliseconds, so that few frames have a rate that is a bit off.
            let (rate, wanted) = (rate(&found["FrameRate"]), rate(&picture["FrameRate"]));
            prop_assert!((rate / wanted - 1.0).abs() < 0.03, "{rate} frames per second, planned {wanted}");
        }
        if let Some(node) = into_mux(plan, target, "EncodeAudio") {
            let (found, encoding) = (&facts["AudioStreams"][0], &node["Encoding"]);
            prop_assert!(is_codec(&found["CodecName"], &encoding["Codec"], &encoding["BitsPerSample"]), "{found}");
            prop_assert_eq!(&found["Channels"], &encoding["Channels"]);
            // Opus is decoded at 48 kHz whatever went in.
            let rate = if encoding["Codec"] == "opus" { &json!(48000) } else { &encoding["SampleRate"] };
            prop_assert_eq!(&found["SampleRate"], rate);
        }
        // Sound ends with a whole frame: 0.14 s of MP3 at 8 kHz, and as much delay before. A raw stream has no duration but
        // a guess, and FFmpeg guesses that of AC-3 in AVI too, whoever wrote it.
        if !matches!(*format, "aac" | "ac3" | "avi") {
            // FLV has no times below 0: B-frames move its start, and its duration counts from 0.
            let start = if *format == "flv" { facts["StartTime"].as_f64().unwrap_or(0.0) } else { 0.0 };
            let seconds = facts["Duration"].as_f64().unwrap_or(0.0) - start;
            prop_assert!((seconds - SECONDS).abs() < 0.32, "{seconds} s");
        }
    }
    Ok(())
}

/// Values that are wrong wherever they stand.
const WRONG: &[(&str, &str)] = &[
    ("ProjectName", r#""no spaces""#),
    ("Sources[0].URI", r#""http://x""#),
    ("Sources[0].Nonsense", "1"),
    ("Targets[0].Container", r#""zip""#),
    ("Targets[0].URI", r#""oss://other/x""#),
    ("Targets[0].Nonsense", "{}"),
    ("Targets[0].StripMetadata", "7"),
    ("Targets[0].Video.TranscodeVideo.CRF", "51.5"),
    ("Targets[0].Video.TranscodeVideo.Rotation", "45"),
    ("Targets[0].Video.TranscodeVideo.BFrames", "17"),
    ("Targets[0].Video.TranscodeVideo.Refs", "1e300"),
    ("Targets[0].Video.TranscodeVideo.GOPSize", "-1"),
    ("Targets[0].Video.TranscodeVideo.FrameRate", "0"),
    ("Targets[0].Video.TranscodeVideo.Resolution", r#""4097x""#),
    ("Targets[0].Video.TranscodeVideo.PixelFormat", r#""rgb""#),
    ("Targets[0].Video.TranscodeVideo.Preset", r#""warp""#),
    ("Targets[0].Video.TranscodeVideo.MaxBitrate", "[1]"),
    ("Targets[0].Audio.TranscodeAudio.Channel", "9"),
    ("Targets[0].Audio.TranscodeAudio.SampleRate", "44101"),
    ("Targets[0].Audio.TranscodeAudio.Quality", "100.5"),
    ("Targets[0].Audio.TranscodeAudio.Bitrate", "999"),
    ("Targets[0].Audio.TranscodeAudio.BitsPerSample", r#""16""#),
    ("Tags", r#"{"": "x"}"#),
    ("UserData", "1"),
];

/// Sets a value at a path such as `Targets[0].URI`.
fn set(request: &mut Value, path: &str, value: Value) {
    let mut here = request;
    for part in path.split('.') {
        here = match part.strip_suffix("[0]") {
            Some(name) => &mut here[name][0],
            None => &mut here[part],
        };
    }
    *here = value;
}

fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn junk() -> BoxedStrategy<Value> {
    let numbers = [0.0, -1.0, 0.5, 1e308, -1e-300, 9_007_199_254_740_993.0, 4_294_967_296.0];
    prop_oneof![
        of(&numbers),
        of(&["", "x", "0x0", "99999999999999999999x1", "oss://", "{", "{bucket", "\u{0}", "ß", "true"]),
        of(&[json!(null), json!([]), json!({}), json!([[[[]]]]), json!({"": null}), json!(true), json!(u64::MAX)]),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_comes_out_is_what_was_planned(request in request()) {
        let world = world();
        let output = world.run_command(&request, &["--plan"]).output().unwrap();
        prop_assert!(output.status.success(), "no plan: {}", text(&output.stderr));
        let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        let output = world.run_command(&request, &["--threads", "1"]).output().unwrap();
        prop_assert!(output.status.success(), "planned, but: {}", text(&output.stderr));
        judge(&plan, &request, &world)?;
    }

    #[test]
    fn several_sources_are_as_long_as_they_are_together(sources in sources(), mixing: bool, half: bool) {
        let world = world();
        let audio = json!({"TranscodeAudio": {"Codec": "flac"}, "FilterAudio": {"Mixing": mixing}});
        let speed = if half { 0.5 } else { 1.0 };
        let target = json!({
            "Container": "mkv", "URI": "oss://test-bucket/out.mkv", "Speed": speed,
            "Video": {"TranscodeVideo": {"Codec": "h264", "Preset": "fast"}}, "Audio": audio,
        });
        let request = json!({"ProjectName": "random", "Sources": sources, "Targets": [target]});
        let on = |kind: &str| sources.iter().filter(|source| source[format!("Disable{kind}")] != true).count();
        let output = world.run_command(&request, &["--threads", "1"]).output().unwrap();
        prop_assert!(output.status.success(), "{}", text(&output.stderr));
        let facts = world.probe("out.mkv");
        let streams = |kind: &str| facts[kind].as_array().unwrap().len();
        prop_assert_eq!(streams("VideoStreams"), on("Video").min(1));
        prop_assert_eq!(streams("AudioStreams"), on("Audio").min(1));
        // A stream that is attached alone, and not aligned, has its own length.
        let in_sequence = |kind: &str| sources.iter().any(|source| source["Attached"] != true && source[format!("Disable{kind}")] != true);
        if in_sequence("Video") || in_sequence("Audio") {
            let found = facts["Duration"].as_f64().unwrap() * speed;
            let longest = sources.iter().filter(|source| source["AlignMode"] == "false").filter_map(|source| {
                Some(source["Duration"].as_f64().unwrap_or(SECONDS)).filter(|_| source["Attached"] == true)
            });
            let least = seconds(&sources);
            let most = longest.fold(least, f64::max);
            prop_assert!(found > least - 0.15 && found < most + 0.3, "{found} s of {least} to {most}");
        }
    }

    #[test]
    fn all_faults_are_told_with_their_paths(
        mut request in request(),
        wrong in subsequence(WRONG.to_vec(), 1..=5),
    ) {
        // The first target is one that has all fields.
        request["Targets"][0] = json!({"Container": "mkv", "URI": "oss://test-bucket/out0",
            "Video": {"TranscodeVideo": {"Codec": "h264"}}, "Audio": {"TranscodeAudio": {"Codec": "flac"}}});
        for (path, value) in &wrong {
            set(&mut request, path, serde_json::from_str(value).unwrap());
        }
        let output = world().run_command(&request, &["--plan"]).output().unwrap();
        let said = text(&output.stderr);
        prop_assert_eq!(output.status.code(), Some(2), "{}", said);
        for (path, _) in &wrong {
            prop_assert!(said.contains(path), "{path} is not named in:\n{said}");
        }
    }

    #[test]
    fn junk_anywhere_is_refused_or_does_no_harm(
        mut request in request(),
        junk in prop::collection::vec((any::<Index>(), junk()), 1..=3),
    ) {
        for (place, value) in junk {
            let mut found = Vec::new();
            places(&request, "", &mut found);
            *request.pointer_mut(place.get(found.as_slice()).as_str()).unwrap() = value;
        }
        let output = world().run_command(&request, &["--plan"]).output().unwrap();
        let said = text(&output.stderr);
        prop_assert!(!said.contains("panicked") && !said.contains("[Internal]"), "{said}");
        prop_assert!(matches!(output.status.code(), Some(0..=2)), "{:?}: {said}", output.status);
        prop_assert!(output.status.success() || said.lines().count() > 0);
    }
}
