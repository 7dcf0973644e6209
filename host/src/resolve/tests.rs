use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::task::spec::{AudioTarget, LessOption, ScaleType, TaskParts, VideoTarget};
use crate::task::{
    AudioCodec, AudioWish, Colour, Container, PluginName, PluginRef, Preset, Rational, Rotation, SourceSpec,
    VideoCodec, VideoStreamFacts,
};

/// Policies that answer what a test gives them.
struct Fake {
    answer: Value,
    uri: &'static str,
}

impl UriPolicy for Fake {
    fn expand(&self, _: &PluginRef, _: &str, variables: &[(String, String)]) -> Result<Answer, Failure> {
        let text =
            variables.iter().fold(self.uri.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value));
        Ok(Answer { text, warnings: Vec::new() })
    }
}

impl ParameterPolicy for Fake {
    fn resolve(&self, _: &PluginRef, document: &str) -> Result<Answer, Failure> {
        let document: Value = serde_json::from_str(document).unwrap();
        assert_eq!(document["Target"]["Video"]["Codec"], "h264");
        assert!(document["Target"]["Video"].get("Filters").is_none(), "filters are no business of a parameter policy");
        Ok(Answer { text: self.answer.to_string(), warnings: Vec::new() })
    }
}

impl PluginIds for Fake {
    fn id(&self, plugin: &PluginRef) -> Result<PluginId, Failure> {
        Ok(PluginId { name: plugin.name.clone(), version: semver::Version::new(1, 0, 0), digest: "sha256:0".into() })
    }
}

fn video_target() -> VideoTarget {
    VideoTarget {
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
        filters: Vec::new(),
    }
}

fn spec() -> TaskSpec {
    TaskSpec::seal(TaskParts {
        project_name: "p".into(),
        sources: vec![SourceSpec::new(ObjectUri::parse("oss://b/dir/clip.mov").unwrap())],
        alignment: 0,
        targets: vec![TargetSpec {
            video: VideoWish::Transcode(Box::new(video_target())),
            audio: AudioWish::None,
            ..TargetSpec::new("template", Container::Mp4)
        }],
        tags: BTreeMap::from([("customer".to_owned(), "acme".to_owned())]),
        user_data: None,
        tolerate_damage: false,
        priority: 0,
        receivers: Vec::new(),
        warnings: Vec::new(),
    })
}

fn facts() -> MediaFacts {
    let rate = Rational::new(25, 1);
    MediaFacts {
        format_name: "mov".into(),
        format_long_name: "QuickTime".into(),
        size: 1,
        duration: Some(2.0),
        start_time: Some(0.0),
        bitrate: None,
        video_streams: vec![VideoStreamFacts {
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
            average_frame_rate: rate,
            frame_rate: rate,
            time_base: Rational::new(1, 12800).unwrap(),
            start_time: Some(0.0),
            duration: Some(2.0),
            frame_count: Some(50),
            bitrate: None,
            has_b_frames: 2,
            interlaced: false,
            colour: Colour::UNSPECIFIED,
            language: None,
        }],
        ..MediaFacts::default()
    }
}

fn good_answer() -> Value {
    json!({
        "Decision": "use",
        "Video": {
            "Rotation": 0, "Scale": {"Width": 1280, "Height": 720}, "SampleAspect": "1/1", "PixelFormat": "yuv420p",
            "Encoding": {
                "Codec": "h264", "Preset": "medium", "Rate": {"CRF": 23.0}, "GOPSize": 150, "BFrames": 3, "Refs": 2,
                "FrameRate": "25/1"
            }
        },
        "Audio": null,
        "Warnings": [{"Code": "Note", "Field": "Video.TranscodeVideo.CRF", "Message": "a word"}]
    })
}

fn resolve_with(answer: Value, uri: &'static str) -> Result<(Vec<ResolvedTarget>, Vec<Warning>), Failure> {
    let fake = Fake { answer, uri };
    let context = Context {
        uris: &fake,
        parameters: &fake,
        plugins: &fake,
        created: SystemTime::UNIX_EPOCH,
        modified: SystemTime::UNIX_EPOCH,
    };
    let (spec, facts) = (spec(), [facts()]);
    resolve(&spec, &Composition::new(&spec, &facts).unwrap(), &context)
}

#[test]
fn a_good_answer_is_taken_and_its_warnings_get_the_wires_path() {
    let (resolved, skipped) =
        resolve_with(good_answer(), "oss://b/<dirname>/<tags.customer>-<index>.<autoext>").unwrap();
    assert!(skipped.is_empty());
    let target = &resolved[0];
    assert_eq!(target.uri.to_string(), "oss://b/dir/acme-1.mp4");
    assert_eq!(target.videos[0].size().width, 1280);
    assert_eq!(target.warnings[0].field, "Targets[0].Video.TranscodeVideo.CRF");
    assert_eq!(target.parameter_policy.name, PluginName::new("parameters").unwrap());
}

#[test]
fn an_answer_that_the_host_cannot_do_is_the_plugins_error() {
    let cases: [(&str, Value); 9] = [
        ("/Video/Scale/Width", json!(0)),
        ("/Video/Scale/Width", json!(9000)),
        ("/Video/Scale/Width", json!(1279)),
        ("/Video/Scale/Width", json!("wide")),
        ("/Video/PixelFormat", json!("yuva420p")),
        ("/Video/SampleAspect", json!("0/1")),
        ("/Video/Encoding/GOPSize", json!(0)),
        ("/Video/Encoding/FrameRate", json!("0/1")),
        ("/Decision", json!("dream")),
    ];
    for (place, value) in cases {
        let mut answer = good_answer();
        *answer.pointer_mut(place).unwrap() = value.clone();
        let failure = resolve_with(answer, "oss://b/x.mp4").unwrap_err();
        assert_eq!(failure.code, ErrorCode::PluginError, "{place} {value}: {failure}");
        assert_eq!(failure.target, Some(0));
        assert!(failure.message.contains("plugin parameters 1.0.0"), "{failure}");
    }
    let mut answer = good_answer();
    answer["Video"]["Crop"] = json!({"X": 1000, "Y": 0, "Width": 640, "Height": 720});
    assert!(resolve_with(answer, "oss://b/x.mp4").unwrap_err().message.contains("Crop leaves"));
}

#[test]
fn a_uri_that_climbs_is_refused_whoever_made_it() {
    for uri in ["oss://b/../x.mp4", "file:///etc/passwd", "oss://b/", ""] {
        let failure = resolve_with(good_answer(), uri).unwrap_err();
        assert_eq!(failure.code, ErrorCode::OutputRefused, "{uri}");
    }
}

#[test]
fn a_refusal_fails_the_task_and_a_skip_does_not_unless_nothing_is_left() {
    let refuse =
        json!({"Decision": "refuse", "Reason": "the source is too small", "Field": "Video.TranscodeVideo.Resolution"});
    let failure = resolve_with(refuse, "oss://b/x.mp4").unwrap_err();
    assert_eq!((failure.code, failure.target), (ErrorCode::TargetRefused, Some(0)));
    assert!(failure.message.contains("the source is too small"));
    let skip = json!({"Decision": "skip", "Reason": "needless rung"});
    let failure = resolve_with(skip, "oss://b/x.mp4").unwrap_err();
    assert!(
        failure.message.contains("every target was skipped") && failure.message.contains("needless rung"),
        "{failure}"
    );
}

#[test]
fn audio_words_stay_the_wires() {
    let audio = AudioTarget {
        codec: AudioCodec::Aac,
        bitrate: Some(96_000),
        bitrate_option: LessOption::Adaptive,
        sample_rate: Some(44_100),
        sample_rate_option: LessOption::Fixed,
        channel: Some(2),
        quality: None,
        bits_per_sample: None,
    };
    let expected = json!({
        "Codec": "aac", "Bitrate": 96_000, "BitrateOption": "adaptive", "SampleRate": 44_100, "SampleRateOption": "fixed", "Channel": 2
    });
    assert_eq!(serde_json::to_value(audio).unwrap(), expected);
}

/// Answers with the size of the first video stream of the facts.
struct BySize(std::cell::RefCell<Vec<(u64, bool)>>);

impl ParameterPolicy for BySize {
    fn resolve(&self, _: &PluginRef, document: &str) -> Result<Answer, Failure> {
        let document: Value = serde_json::from_str(document).unwrap();
        let mut answer = good_answer();
        let first = &document["Source"]["VideoStreams"][0];
        answer["Video"]["Scale"] = json!({"Width": first["Width"], "Height": first["Height"]});
        let known = document["Source"]["VideoStreams"].as_array().unwrap().len() == 3;
        self.0.borrow_mut().push((first["Width"].as_u64().unwrap(), known));
        Ok(Answer { text: answer.to_string(), warnings: Vec::new() })
    }
}

#[test]
fn each_stream_is_resolved_with_itself_in_front() {
    let fake = Fake { answer: json!(null), uri: "oss://b/x.mp4" };
    let by_size = BySize(std::cell::RefCell::default());
    let context = Context {
        uris: &fake,
        parameters: &by_size,
        plugins: &fake,
        created: SystemTime::UNIX_EPOCH,
        modified: SystemTime::UNIX_EPOCH,
    };
    let mut facts = facts();
    let stream = facts.video_streams[0].clone();
    facts.video_streams.push(VideoStreamFacts { index: 1, width: 640, ..stream.clone() });
    facts.video_streams.push(VideoStreamFacts { index: 2, width: 320, ..stream });
    let target =
        TargetSpec { video_streams: crate::task::StreamChoice::These(vec![2, 0]), ..spec().targets[0].clone() };
    let spec = TaskSpec::seal(TaskParts { targets: vec![target], ..(*spec()).clone() });
    let facts = [facts];
    let (resolved, _) = resolve(&spec, &Composition::new(&spec, &facts).unwrap(), &context).unwrap();
    let widths: Vec<_> = resolved[0].videos.iter().map(|video| video.size().width).collect();
    assert_eq!(widths, [320, 1280]);
    assert_eq!(*by_size.0.borrow(), [(320, true), (1280, true)], "the other streams stay in the facts");
    assert!(resolved[0].warnings[0].message.starts_with("video stream 2: "), "{:?}", resolved[0].warnings);
}
