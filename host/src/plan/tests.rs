use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::task::spec::{LessOption, ScaleType, TaskParts, VideoTarget};
use crate::task::*;

fn rate(num: i32) -> Option<Rational> {
    Rational::positive(num, 1)
}

fn facts(streams: &[&str]) -> MediaFacts {
    let video = VideoStreamFacts {
        index: 0,
        codec_name: "h264".into(),
        codec_long_name: "H.264".into(),
        width: 1280,
        height: 720,
        rotate: Rotation::None,
        mirror: false,
        sample_aspect_ratio: Rational::ONE,
        pixel_format: "yuv420p".into(),
        bit_depth: 8,
        average_frame_rate: rate(25),
        frame_rate: rate(25),
        time_base: Rational::new(1, 12800).unwrap(),
        start_time: Some(0.0),
        duration: Some(2.0),
        frame_count: Some(50),
        bitrate: None,
        has_b_frames: 2,
        interlaced: false,
        colour: Colour { matrix: 1, ..Colour::UNSPECIFIED },
        language: None,
    };
    let audio = AudioStreamFacts {
        index: 1,
        codec_name: "aac".into(),
        codec_long_name: "AAC".into(),
        sample_rate: 48_000,
        channels: 2,
        channel_layout: "stereo".into(),
        sample_format: "fltp".into(),
        time_base: Rational::new(1, 48_000).unwrap(),
        start_time: None,
        duration: None,
        bitrate: None,
        language: None,
    };
    MediaFacts {
        format_name: "mov".into(),
        format_long_name: "QuickTime".into(),
        size: 1,
        duration: Some(2.0),
        start_time: Some(0.0),
        bitrate: None,
        video_streams: if streams.contains(&"video") { vec![video] } else { Vec::new() },
        audio_streams: if streams.contains(&"audio") { vec![audio] } else { Vec::new() },
        ..MediaFacts::default()
    }
}

fn id(name: &str) -> PluginId {
    PluginId {
        name: PluginName::new(name).unwrap(),
        version: semver::Version::new(0, 1, 0),
        digest: format!("sha256:{name}"),
    }
}

fn target(filters: Vec<FilterWish>) -> TargetSpec {
    let video = VideoTarget {
        codec: VideoCodec::H264,
        preset: Preset::Medium,
        rate: None,
        bitrate_option: LessOption::Fixed,
        max_bitrate: None,
        buffer_size: None,
        gop_size: None,
        b_frames: None,
        refs: None,
        pixel_format: None,
        frame_rate: None,
        frame_rate_option: LessOption::Fixed,
        resolution: None,
        resolution_option: LessOption::Fixed,
        adaptive_resolution_direction: false,
        scale_type: ScaleType::Stretch,
        rotation: Rotation::None,
        filters,
    };
    TargetSpec {
        video: VideoWish::Transcode(Box::new(video)),
        audio: AudioWish::Copy,
        ..TargetSpec::new("t", Container::Mp4)
    }
}

fn mark(content: &str) -> FilterWish {
    let parameters = json!({"Watermarks": [{"Content": content}]});
    FilterWish::new(FilterRole::Watermark, "watermark".parse().unwrap(), parameters)
}

fn spec(targets: Vec<TargetSpec>) -> TaskSpec {
    TaskSpec::seal(TaskParts {
        project_name: "p".into(),
        sources: vec![SourceSpec::new(ObjectUri::parse("oss://b/in.mov").unwrap())],
        alignment: 0,
        targets,
        tags: BTreeMap::new(),
        user_data: None,
        tolerate_damage: false,
        priority: 0,
        receivers: Vec::new(),
        warnings: Vec::new(),
    })
}

fn resolved(index: usize, uri: &str, crf: f64, filters: usize) -> ResolvedTarget {
    ResolvedTarget {
        subtitles: Vec::new(),
        index,
        uri: ObjectUri::parse(uri).unwrap(),
        uri_policy: id("uri-template"),
        parameter_policy: id("parameters"),
        filters: vec![id("watermark"); filters],
        videos: vec![ResolvedVideo::scaled(
            resolved::Size { width: 640, height: 360 },
            PixelFormat::Yuv420p,
            VideoEncoding {
                codec: VideoCodec::H264,
                preset: Preset::Medium,
                rate: VideoRate::Crf(crf),
                max_bitrate: None,
                buffer_size: None,
                gop_size: 150,
                b_frames: 3,
                refs: 2,
                frame_rate: rate(25),
            },
        )],
        joined: Vec::new(),
        audios: Vec::new(),
        warnings: Vec::new(),
    }
}

fn count(plan: &Plan, wanted: &str) -> usize {
    plan.nodes().iter().filter(|node| format!("{:?}", node.operation).starts_with(wanted)).count()
}

#[test]
fn one_source_is_read_and_decoded_once_and_equal_work_is_shared() {
    let spec = spec(vec![target(vec![mark("a")]), target(vec![mark("a")]), target(vec![mark("b")])]);
    let targets = vec![
        resolved(0, "oss://b/0.mp4", 23.0, 1),
        resolved(1, "oss://b/1.mp4", 30.0, 1),
        resolved(2, "oss://b/2.mp4", 23.0, 1),
    ];
    let plan = plan(&spec, &[facts(&["video", "audio"])], targets, Vec::new()).unwrap();
    assert_eq!(count(&plan, "Demux"), 1);
    assert_eq!(count(&plan, "DecodeVideo"), 1);
    assert_eq!(count(&plan, "Transform"), 1, "the three have one scaling");
    assert_eq!(count(&plan, "Filter"), 2, "the watermark of the first two is the same, the third has another text");
    assert_eq!(count(&plan, "EncodeVideo"), 3, "rate or text differ");
    assert_eq!(count(&plan, "Copy"), 1);
    assert_eq!(count(&plan, "Mux"), 3);
    let filter = plan.nodes().iter().find(|node| matches!(node.operation, Operation::Filter(_))).unwrap();
    assert_eq!(plan.targets_of(filter.id), [0, 1]);
    for node in plan.nodes() {
        assert!(node.inputs.iter().all(|input| input < &node.id), "inputs stand before their readers");
    }
}

#[test]
fn equal_encodes_are_one() {
    let spec = spec(vec![target(Vec::new()), target(Vec::new())]);
    let targets = vec![resolved(0, "oss://b/0.mp4", 23.0, 0), resolved(1, "oss://b/1.mp4", 23.0, 0)];
    let plan = plan(&spec, &[facts(&["video"])], targets, Vec::new()).unwrap();
    assert_eq!((count(&plan, "EncodeVideo"), count(&plan, "Mux")), (1, 2));
}

#[test]
fn an_output_is_no_source_and_no_other_output() {
    let two = || spec(vec![target(Vec::new()), target(Vec::new())]);
    let same = vec![resolved(0, "oss://b/x.mp4", 23.0, 0), resolved(1, "oss://b/x.mp4", 30.0, 0)];
    let failure = plan(&two(), &[facts(&["video"])], same, Vec::new()).unwrap_err();
    assert_eq!((failure.code, failure.target), (ErrorCode::OutputRefused, Some(1)));
    let source = vec![resolved(0, "oss://b/in.mov", 23.0, 0)];
    let failure = plan(&two(), &[facts(&["video"])], source, Vec::new()).unwrap_err();
    assert!(failure.message.contains("also a source"), "{failure}");
}

#[test]
fn a_stream_that_is_not_there_is_told_and_an_empty_output_refused() {
    let spec = spec(vec![target(Vec::new())]);
    let only = |videos: Vec<ResolvedVideo>| vec![ResolvedTarget { videos, ..resolved(0, "oss://b/x.mp4", 23.0, 0) }];
    let audio_only = plan(&spec, &[facts(&["audio"])], only(Vec::new()), Vec::new()).unwrap();
    assert_eq!(audio_only.warnings()[0].code, "NoSuchStream");
    let failure = plan(&spec, &[facts(&[])], only(Vec::new()), Vec::new()).unwrap_err();
    assert_eq!(failure.code, ErrorCode::StreamUnsupported);
}

#[test]
fn the_public_plan_shows_sizes_plugins_and_what_they_said() {
    let spec = spec(vec![target(vec![mark("a")])]);
    let targets = vec![resolved(0, "oss://b/0.mp4", 23.0, 1)];
    let mut plan = plan(&spec, &[facts(&["video"])], targets, Vec::new()).unwrap();
    let filter = plan.nodes().iter().find(|node| matches!(node.operation, Operation::Filter(_))).unwrap().id;
    let area = Rect { x: 1, y: 2, width: 3, height: 4 };
    plan.note_filter(filter, Some(vec![Span { area, start: 5, end: None }]), Vec::new());
    let json = serde_json::to_value(&plan).unwrap();
    let node = &json["Nodes"][filter.0];
    assert_eq!(node["Operation"], "Filter");
    assert_eq!(node["Plugin"]["Digest"], "sha256:watermark");
    assert_eq!(node["Regions"], json!([{"Area": {"X": 1, "Y": 2, "Width": 3, "Height": 4}, "StartNs": 5}]));
    assert_eq!(json["Targets"][0]["Picture"]["Width"], 640);
    assert_eq!(json["Targets"][0]["Picture"]["Colour"]["Matrix"], 1);
}

#[test]
fn segments_may_not_stand_where_something_else_does() {
    let segment = Some(Segmentation { format: SegmentFormat::Hls, duration: 4.0, start_number: 0 });
    let spec = spec(vec![TargetSpec { segment, ..target(Vec::new()) }, target(Vec::new())]);
    let planned = |first: &str, second: &str| {
        let targets = vec![resolved(0, first, 23.0, 0), resolved(1, second, 23.0, 0)];
        plan(&spec, &[facts(&["video"])], targets, Vec::new())
    };
    let made = planned("oss://b/x.m3u8", "oss://b/y.mp4").unwrap();
    assert_eq!(count(&made, "EncodeVideo"), 2, "keyframes at the segments' starts make another encode");
    for (first, second, part) in [
        ("oss://b/x.m3u8", "oss://b/x-init.mp4", "named like a segment of Targets[0]"),
        ("oss://b/x.mp4", "oss://b/y.mp4", "must end in .m3u8"),
    ] {
        let failure = planned(first, second).unwrap_err();
        assert!(failure.message.contains(part), "{failure}");
    }
}

#[test]
fn each_chosen_stream_has_its_own_branch_and_equal_ones_are_shared() {
    let mut facts = facts(&["video"]);
    facts.video_streams.push(VideoStreamFacts { index: 4, ..facts.video_streams[0].clone() });
    let both = TargetSpec { video_streams: StreamChoice::All, ..target(Vec::new()) };
    let second = TargetSpec { video_streams: StreamChoice::These(vec![1, 9]), ..target(Vec::new()) };
    let spec = spec(vec![both, second]);
    let mut first = resolved(0, "oss://b/0.mp4", 23.0, 0);
    first.videos.extend(first.videos.clone());
    let targets = vec![first, resolved(1, "oss://b/1.mp4", 23.0, 0)];
    let plan = plan(&spec, std::slice::from_ref(&facts), targets.clone(), Vec::new()).unwrap();
    assert_eq!((count(&plan, "Demux"), count(&plan, "DecodeVideo"), count(&plan, "EncodeVideo")), (1, 2, 2));
    let mux = |target: usize| &plan.nodes()[plan.targets()[target].mux.0].inputs;
    assert_eq!(mux(1), &mux(0)[1..], "the second target has the first one's second stream");
    let missing = plan.warnings().iter().find(|warning| warning.field == "Targets[1].Video.Stream").unwrap();
    assert!(missing.message.contains("no video stream 9"), "{missing:?}");
    let flv = TargetSpec { container: Container::Flv, ..spec.targets[0].clone() };
    let failure = super::plan(&self::spec(vec![flv]), &[facts], targets[..1].to_vec(), Vec::new()).unwrap_err();
    assert_eq!((failure.code, failure.target), (ErrorCode::StreamUnsupported, Some(0)));
    assert!(failure.message.contains("flv holds at most 1 video stream"), "{failure}");
}
