//! What is taken, and how it is understood.

use serde_json::{Value, json};

use super::surroundings::{Plugins, ask, context, full, warnings, with_target, with_video, with_watermark};
use crate::intake::intake_value;
use crate::task::spec::{LessOption, Resolution, ScaleType, VideoTarget};
use crate::task::{
    AudioWish, FilterRole, Preset, Receiver, RetryPolicy, Rotation, StreamChoice, TaskSpec, VideoRate, VideoWish,
};

fn video(spec: &TaskSpec) -> &VideoTarget {
    match &spec.targets[0].video {
        VideoWish::Transcode(video) => video,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_arrives() {
    let spec = ask(&full()).unwrap();
    assert_eq!(spec.user_data.as_deref(), Some("order 7"));
    assert_eq!(spec.tags.get("customer").map(String::as_str), Some("acme"));
    let target = &spec.targets[0];
    assert!(target.strip_metadata);
    assert_eq!(target.policies.watermark.to_string(), "watermark@^1#built-in");
    let video = video(&spec);
    assert_eq!(
        (video.preset, video.rate, video.bitrate_option),
        (Preset::Fast, Some(VideoRate::Crf(24.0)), LessOption::Fixed)
    );
    assert_eq!((video.max_bitrate, video.buffer_size), (Some(4_000_000), Some(8_000_000)));
    assert_eq!((video.gop_size, video.b_frames, video.refs), (Some(120), Some(0), Some(4)));
    assert_eq!((video.frame_rate, video.frame_rate_option), (Some(29.97), LessOption::Adaptive));
    assert_eq!(video.resolution, Some(Resolution { text: "x720".to_owned(), first: None, second: Some(720) }));
    assert_eq!((video.resolution_option, video.scale_type), (LessOption::Fall, ScaleType::Fit));
    assert!(video.adaptive_resolution_direction);
    assert_eq!(video.rotation, Rotation::Quarter);
    let AudioWish::Transcode(audio) = &target.audio else { panic!("{:?}", target.audio) };
    assert_eq!((audio.bitrate, audio.bitrate_option), (Some(96000), LessOption::Adaptive));
    assert_eq!((audio.sample_rate, audio.sample_rate_option, audio.channel), (Some(44100), LessOption::Fall, Some(2)));
    let fields: Vec<_> = spec.warnings.iter().map(|warning| warning.field.as_str()).collect();
    let bits = "Targets[0].Audio.TranscodeAudio.BitsPerSample";
    assert_eq!(fields.len(), 3, "{fields:?}");
    for field in [bits, "Notification.RocketMQ", "CredentialConfig"] {
        assert!(fields.contains(&field), "{field}: {fields:?}");
    }
    let told: Vec<_> = spec.receivers.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["oss://test-bucket/m.json", "topic topic", "https://example.org/done"]);
    assert!(matches!(spec.receivers[2], Receiver::Webhook { retry: RetryPolicy::Backoff, .. }));
    let about_bits = spec.warnings.iter().find(|warning| warning.field == bits).unwrap();
    assert_eq!(about_bits.target, Some(0));
}

#[test]
fn delogos_run_before_watermarks_with_canonical_parameters() {
    let plugins = Plugins::default();
    let spec = intake_value(&full(), &context(&plugins)).unwrap();
    let roles: Vec<_> = video(&spec).filters.iter().map(|wish| wish.role).collect();
    assert_eq!(roles, [FilterRole::Delogo, FilterRole::Plugin(0), FilterRole::Watermark]);
    let picture = video(&spec).filters[2].parameters["Watermarks"][1].to_string();
    assert_eq!(picture, r#"{"Height":600,"Type":"file","URI":"oss://archive/logo.png","Width":0.1}"#);
    let asked = plugins.parameters.borrow();
    for wish in &video(&spec).filters {
        assert!(asked.contains(&(wish.plugin.to_string(), wish.parameters.clone())), "{:?}", wish.role);
    }
}

#[test]
fn style_and_strength_of_delogos_arrive() {
    let parameters = |delogo: &Value| {
        let filter = json!({"Delogos": [{}, delogo]});
        let request = with_target(&json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": filter}}));
        video(&ask(&request).unwrap()).filters[0].parameters["Delogos"][1].clone()
    };
    for style in ["mosaic", "blur", "interpolate"] {
        for strength in [json!(0.000_1), json!(0.5), json!(1), json!(1.0)] {
            let given = json!({"Style": style, "Strength": strength});
            let taken = parameters(&given);
            assert_eq!(taken["Style"], given["Style"]);
            assert_eq!(taken["Strength"].as_f64(), strength.as_f64(), "{style}");
        }
    }
    for absent in [json!({}), json!({"Style": "", "Strength": null}), json!({"Style": null})] {
        assert_eq!(parameters(&absent), json!({}), "{absent}");
    }
}

#[test]
fn fonts_of_the_host_can_be_named() {
    for name in ["Corporate", "SourceHanSerif-Bold"] {
        let filter = json!({"Watermarks": [{"Type": "text", "Content": "x", "FontName": name}]});
        let request = with_target(&json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": filter}}));
        assert_eq!(video(&ask(&request).unwrap()).filters[0].parameters["Watermarks"][0]["FontName"], name);
    }
}

#[test]
fn a_spec_survives_its_own_json() {
    let spec = ask(&full()).unwrap();
    let text = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<TaskSpec>(&text).unwrap(), spec);
}

#[test]
fn decision_5_absent_empty_and_copied_streams() {
    let wishes = |fields: Value| {
        let spec = ask(&with_target(&fields)).unwrap();
        (spec.targets[0].video.clone(), spec.targets[0].audio.clone())
    };
    let copied = (VideoWish::Copy, AudioWish::Copy);
    assert_eq!(wishes(json!({})), copied);
    assert_eq!(wishes(json!({"Video": null, "Audio": []})), copied);
    assert_eq!(
        wishes(json!({"Video": {"TranscodeVideo": {"CRF": 24}}, "Audio": {"TranscodeAudio": {"Bitrate": 1000}}})),
        copied
    );
    let silent = (VideoWish::Copy, AudioWish::None);
    assert_eq!(wishes(json!({"Audio": {}})), silent);
    assert_eq!(wishes(json!({"Audio": {"TranscodeAudio": {}}})), silent);
    assert_eq!(wishes(json!({"Audio": {"TranscodeAudio": {"Codec": ""}}})), silent);
    assert_eq!(wishes(json!({"Audio": {"DisableAudio": "True", "TranscodeAudio": {"Codec": "aac"}}})), silent);
    let blind = (VideoWish::None, AudioWish::Copy);
    assert_eq!(wishes(json!({"Video": {}})), blind);
    assert_eq!(wishes(json!({"Video": {"DisableVideo": false}})), blind);
    assert_eq!(wishes(json!({"Video": {"DisableVideo": true, "TranscodeVideo": {"Codec": "h264"}}})), blind);
}

#[test]
fn what_is_ignored_is_named_in_a_warning() {
    let request = with_target(&json!({"Video": {
        "TranscodeVideo": {"Codec": "copy", "CRF": 24, "VideoSlim": 1},
        "FilterVideo": {"Watermarks": [{"Content": "x"}], "Delogos": []}
    }}));
    let spec = ask(&request).unwrap();
    assert_eq!(spec.targets[0].video, VideoWish::Copy);
    let told: Vec<_> = spec.warnings.iter().map(|warning| (warning.field.as_str(), warning.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("Targets[0].Video.TranscodeVideo", "these fields do nothing, since Codec is copy: CRF, VideoSlim"),
            ("Targets[0].Video.FilterVideo", "these fields do nothing, since Codec is copy: Watermarks"),
        ]
    );
    let ignored = |path: &str| vec![("FieldsIgnored".to_owned(), path.to_owned())];
    let file = json!({"Type": "file", "URI": "oss://test-bucket/a.png", "FontSize": 20});
    assert_eq!(warnings(&with_watermark(&file)), ignored("Targets[0].Video.FilterVideo.Watermarks[0]"));
    let text = json!({"Content": "x", "Width": 20});
    assert_eq!(warnings(&with_watermark(&text)), ignored("Targets[0].Video.FilterVideo.Watermarks[0]"));
    let path = "Targets[0].Video.TranscodeVideo.BufferSize";
    assert_eq!(warnings(&with_video(&json!({"CRF": 20, "BufferSize": 4000}))), ignored(path));
}

#[test]
fn what_does_nothing_is_not_handed_to_the_component() {
    let text = json!({"Content": "x", "URI": "oss://forbidden/logo.png", "Width": 20});
    let spec = ask(&with_watermark(&text)).unwrap();
    assert_eq!(video(&spec).filters[0].parameters, json!({"Watermarks": [{"Content": "x"}]}));
    let file = json!({"Type": "file", "URI": "oss://archive/logo.png", "FontSize": 20});
    let spec = ask(&with_watermark(&file)).unwrap();
    assert_eq!(
        video(&spec).filters[0].parameters,
        json!({"Watermarks": [{"Type": "file", "URI": "oss://archive/logo.png"}]})
    );
}

#[test]
fn an_empty_text_draws_nothing() {
    let expected = vec![("NothingDrawn".to_owned(), "Targets[0].Video.FilterVideo.Watermarks[0].Content".to_owned())];
    for watermark in [json!({"Dx": 1}), json!({"Content": ""}), json!({"Type": "text", "Content": null})] {
        assert_eq!(warnings(&with_watermark(&watermark)), expected, "{watermark}");
    }
}

#[test]
fn numbers_and_booleans_are_judged_by_value() {
    let spec =
        ask(&with_video(&json!({"GOPSize": 120.0, "BFrames": 2.0, "CRF": 0, "AdaptiveResolutionDirection": "False"})))
            .unwrap();
    assert_eq!((video(&spec).gop_size, video(&spec).b_frames), (Some(120), Some(2)));
    for dx in [json!(0), json!(0.0), json!(0.999), json!(1), json!(600.0), json!(4096)] {
        assert!(ask(&with_watermark(&json!({"Content": "x", "Dx": dx}))).is_ok(), "{dx}");
    }
}

#[test]
fn the_misprinted_sample_rate_is_understood() {
    let rate = |rate: u32| {
        let audio = json!({"TranscodeAudio": {"Codec": "aac", "SampleRate": rate}});
        let spec = ask(&with_target(&json!({"Audio": audio}))).unwrap();
        let AudioWish::Transcode(audio) = &spec.targets[0].audio else { panic!("not transcoded") };
        (audio.sample_rate, spec.warnings.len())
    };
    assert_eq!(rate(11025), (Some(11025), 0));
    assert_eq!(rate(12025), (Some(11025), 1));
}

#[test]
fn templates_get_the_variables_that_have_a_value() {
    let variables = |request: &Value| {
        let plugins = Plugins::default();
        let _ = intake_value(request, &context(&plugins));
        plugins.templates.take().remove(0).1
    };
    let names = variables(&full());
    for name in ["bucket", "key", "dirname", "ext", "autoext", "index", "t_year", "resolution", "tags.customer"] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    assert!(!names.iter().any(|known| known == "streamindex"));
    let mut request = with_target(&json!({}));
    request["Sources"][0]["URI"] = json!("oss://test-bucket/in");
    request["Tags"] = json!({"empty": ""});
    let names = variables(&request);
    for name in ["dirname", "ext", "resolution", "tags.empty"] {
        assert!(!names.iter().any(|known| known == name), "{name}");
    }
}

#[test]
fn another_component_rules_over_its_own_fields() {
    let mut request = with_watermark(&json!({"Shape": "star", "FontSize": 4000, "Nested": {"x": null, "y": ""}}));
    request["Targets"][0]["Policies"] = json!({"Watermark": "own@^1"});
    let plugins = Plugins::default();
    let spec = intake_value(&request, &context(&plugins)).unwrap();
    let wish = &video(&spec).filters[0];
    assert!(wish.plugin.to_string().starts_with("own@=1.2.0#sha256:"), "{}", wish.plugin);
    assert_eq!(wish.parameters, json!({"Watermarks": [{"FontSize": 4000, "Nested": {}, "Shape": "star"}]}));
}

#[test]
fn numbers_of_streams() {
    let cases = [
        (json!([]), StreamChoice::First),
        (json!(null), StreamChoice::First),
        (json!([0]), StreamChoice::These(vec![0])),
        (json!([3, 1.0, 3]), StreamChoice::These(vec![3, 1, 3])),
        (json!([100]), StreamChoice::These(vec![100])),
        (json!([0, 101]), StreamChoice::All),
    ];
    for (given, chosen) in cases {
        let copy = |kind: &str| json!({"Stream": given, format!("Transcode{kind}"): {"Codec": "copy"}});
        let fields = json!({"Video": copy("Video"), "Audio": copy("Audio")});
        let plugins = Plugins::default();
        let spec = intake_value(&with_target(&fields), &context(&plugins)).unwrap();
        let target = &spec.targets[0];
        assert_eq!((&target.video_streams, &target.audio_streams), (&chosen, &chosen), "{given}");
    }
    let fields = json!({"Audio": {"Stream": [1], "DisableAudio": true}});
    let plugins = Plugins::default();
    let spec = intake_value(&with_target(&fields), &context(&plugins)).unwrap();
    assert_eq!(spec.warnings[0].field, "Targets[0].Audio.Stream");
}

#[test]
fn speed_stands_in_one_of_two_places() {
    for (own, of_filter, taken) in [
        (json!(0.5), json!(null), Some(0.5)),
        (json!(null), json!(0.75), Some(0.75)),
        (json!(0.5), json!(0.5), Some(0.5)),
        (json!(1), json!(1.0), None),
        (json!(null), json!(null), None),
    ] {
        let video = json!({"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": {"Speed": of_filter}});
        let fields = json!({"Speed": own, "Video": video, "Audio": {"DisableAudio": true}});
        let spec = intake_value(&with_target(&fields), &context(&Plugins::default())).unwrap();
        assert_eq!(spec.targets[0].speed, taken, "{own} {of_filter}");
    }
}
