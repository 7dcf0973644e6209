//! What is refused, with which code and path.

use serde_json::{Value, json};

use super::surroundings::{Plugins, ask, context, faults, full, with_target, with_video, with_watermark};
use crate::intake::{CheckFault, intake, intake_value};
use crate::task::fault::FaultCode::{
    self, InvalidArgument, LimitExceeded, MissingArgument, ResourceNotFound, Unsupported,
};
use crate::task::spec::AlignMode;

fn one(request: &Value) -> (FaultCode, String) {
    let mut found = faults(request);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn expect(request: &Value, code: FaultCode, path: &str) {
    assert_eq!(one(request), (code, path.to_owned()), "{request}");
}

fn at(path: &str, code: FaultCode) -> (FaultCode, String) {
    (code, path.to_owned())
}

#[test]
fn the_empty_request_lacks_everything_that_is_required() {
    let missing = ["ProjectName", "Sources", "Targets"].map(|path| at(path, MissingArgument));
    assert_eq!(faults(&json!({})), missing);
    assert_eq!(faults(&json!({"ProjectName": "", "Sources": [], "Targets": null})), missing);
    expect(&json!([]), InvalidArgument, "");
}

#[test]
fn values_beyond_their_ranges() {
    let cases = [
        ("CRF", json!(51.5)),
        ("CRF", json!(-1)),
        ("Bitrate", json!(0)),
        ("Bitrate", json!(1e12)),
        ("Bitrate", json!(1000.5)),
        ("GOPSize", json!(0)),
        ("BFrames", json!(17)),
        ("BFrames", json!(-1)),
        ("Refs", json!(0)),
        ("FrameRate", json!(0)),
        ("FrameRate", json!(241)),
        ("Rotation", json!(45)),
        ("Rotation", json!(-90)),
        ("Rotation", json!(360)),
        ("Resolution", json!("4097x2")),
        ("PixelFormat", json!("rgb24")),
        ("PixelFormat", json!("yuva420p")),
        ("VideoSlim", json!(2)),
        ("Preset", json!("ultrafast")),
        ("Codec", json!("H264")),
        ("Codec", json!("theora")),
        ("GOPSize", json!("120")),
        ("AdaptiveResolutionDirection", json!("yes")),
        ("AdaptiveResolutionDirection", json!(1)),
    ];
    for (name, value) in cases {
        expect(
            &with_video(&json!({ name: value })),
            InvalidArgument,
            &format!("Targets[0].Video.TranscodeVideo.{name}"),
        );
    }
    let cases = [
        ("Bitrate", json!(999)),
        ("Bitrate", json!(10_000_001)),
        ("SampleRate", json!(44000)),
        ("Channel", json!(0)),
        ("Channel", json!(9)),
        ("BitsPerSample", json!(8)),
        ("Quality", json!(101)),
        ("Codec", json!("wmav2")),
    ];
    for (name, value) in cases {
        let mut request = with_target(&json!({"Audio": {"TranscodeAudio": {"Codec": "aac"}}}));
        request["Targets"][0]["Audio"]["TranscodeAudio"][name] = value;
        expect(&request, InvalidArgument, &format!("Targets[0].Audio.TranscodeAudio.{name}"));
    }
}

#[test]
fn watermarks_beyond_their_ranges() {
    let cases = [
        ("FontSize", json!(4)),
        ("FontSize", json!(120)),
        ("FontSize", json!(20.5)),
        ("FontApha", json!(0)),
        ("FontApha", json!(1.1)),
        ("BorderWidth", json!(4097)),
        ("FontColor", json!("#FFF")),
        ("FontColor", json!("rgb(1,2,3)")),
        ("FontName", json!("Arial")),
        ("ReferPos", json!("center")),
        ("Dx", json!(-1)),
        ("Dx", json!(-0.1)),
        ("Dy", json!(1.5)),
        ("Dy", json!(4097)),
        ("Dx", json!("0.1")),
        ("StartTime", json!(-1)),
        ("Type", json!("image")),
    ];
    for (name, value) in cases {
        let request = with_watermark(&json!({"Content": "x", name: value}));
        expect(&request, InvalidArgument, &format!("Targets[0].Video.FilterVideo.Watermarks[0].{name}"));
    }
    let path = "Targets[0].Video.FilterVideo.Watermarks[0].URI";
    expect(&with_watermark(&json!({"Type": "file"})), MissingArgument, path);
    expect(&with_watermark(&json!({"Type": "file", "URI": "logo.png"})), InvalidArgument, path);
    expect(&with_watermark(&json!({"Type": "file", "URI": "oss://other/logo.png"})), ResourceNotFound, path);
}

#[test]
fn delogos_beyond_their_ranges() {
    let delogo = |value: Value| {
        with_target(&json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": {"Delogos": [{}, value]}}}))
    };
    expect(&delogo(json!({"Width": 600.5})), InvalidArgument, "Targets[0].Video.FilterVideo.Delogos[1].Width");
    expect(&delogo(json!({"Content": "x"})), InvalidArgument, "Targets[0].Video.FilterVideo.Delogos[1].Content");
    expect(&delogo(json!(7)), InvalidArgument, "Targets[0].Video.FilterVideo.Delogos[1]");
    let cases = [
        ("Style", json!("smear")),
        ("Style", json!("Blur")),
        ("Style", json!(1)),
        ("Strength", json!(0)),
        ("Strength", json!(-0.5)),
        ("Strength", json!(1.01)),
        ("Strength", json!("0.5")),
        ("Strength", json!(true)),
    ];
    for (name, value) in cases {
        let path = format!("Targets[0].Video.FilterVideo.Delogos[1].{name}");
        expect(&delogo(json!({ name: value })), InvalidArgument, &path);
    }
    // They are of delogos only.
    for (name, value) in [("Style", json!("blur")), ("Strength", json!(0.5))] {
        let path = format!("Targets[0].Video.FilterVideo.Watermarks[0].{name}");
        expect(&with_watermark(&json!({"Content": "x", name: value})), InvalidArgument, &path);
    }
}

#[test]
fn fields_that_need_or_exclude_each_other() {
    let path = |name: &str| format!("Targets[0].Video.TranscodeVideo.{name}");
    for name in ["BitrateOption", "FrameRateOption", "ResolutionOption"] {
        expect(&with_video(&json!({ name: "fixed" })), InvalidArgument, &path(name));
    }
    expect(&with_video(&json!({"ScaleType": "fit"})), InvalidArgument, &path("ScaleType"));
    expect(&with_video(&json!({"CRF": 20, "Bitrate": 1_000_000})), InvalidArgument, &path("CRF"));
    expect(&with_video(&json!({"MaxBitrate": 4000, "CRF": 20})), InvalidArgument, &path("MaxBitrate"));
    expect(&with_video(&json!({"MaxBitrate": 4000, "BufferSize": 4000})), InvalidArgument, &path("MaxBitrate"));
    let audio = with_target(&json!({"Audio": {"TranscodeAudio": {"Codec": "aac", "SampleRateOption": "fall"}}}));
    expect(&audio, InvalidArgument, "Targets[0].Audio.TranscodeAudio.SampleRateOption");
    expect(&with_target(&json!({"URI": ""})), MissingArgument, "Targets[0].URI");
    expect(&with_target(&json!({"Container": null})), MissingArgument, "Targets[0].Container");
    expect(&with_target(&json!({"Video": {}, "Audio": {}})), InvalidArgument, "Targets[0]");
}

#[test]
fn parts_of_the_api_that_are_not_there_yet() {
    let cases = [
        (json!({"Image": {"Snapshots": [{"URI": "oss://b/k"}]}}), "Image"),
        (json!({"Video": {"TranscodeVideo": {"Codec": "h264", "VideoSlim": 1}}}), "Video.TranscodeVideo.VideoSlim"),
        (
            json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": {"Desensitization": {"Face": {"BlurRadius": 5}}}}}),
            "Video.FilterVideo.Desensitization",
        ),
    ];
    for (fields, path) in cases {
        expect(&with_target(&fields), Unsupported, &format!("Targets[0].{path}"));
    }
    let mut request = with_target(&json!({}));
    request["TargetGroups"] = json!([{"URI": "oss://b/k"}]);
    expect(&request, Unsupported, "TargetGroups");
    let pictures_only = json!({"ProjectName": "p", "Sources": [{"URI": "oss://test-bucket/in.mov"}],
        "Targets": [{"Image": {"Snapshots": [{"URI": "oss://test-bucket/a.jpg"}]}}]});
    expect(&pictures_only, Unsupported, "Targets[0].Image");
}

#[test]
fn empty_parts_that_are_not_there_yet_are_no_matter() {
    let fields = json!({"Segment": {}, "Image": {"Snapshots": []}, "Subtitle": {"Stream": []}, "Data": {"Stream": []}, "Speed": 1.0});
    assert!(ask(&with_target(&fields)).is_ok());
}

#[test]
fn values_out_of_the_documentation_are_invalid_even_where_nothing_is_supported() {
    expect(&with_target(&json!({"Speed": 2})), InvalidArgument, "Targets[0].Speed");
    expect(&with_target(&json!({"Speed": 0.5, "Audio": {"DisableAudio": true}})), InvalidArgument, "Targets[0].Speed");
    let video = |speed: f64| json!({"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": {"Speed": speed}});
    let copied_sound = with_target(&json!({"Video": video(0.75)}));
    expect(&copied_sound, InvalidArgument, "Targets[0].Video.FilterVideo.Speed");
    let both = json!({"Speed": 0.5, "Video": video(0.75), "Audio": {"TranscodeAudio": {"Codec": "aac"}}});
    expect(&with_target(&both), InvalidArgument, "Targets[0].Speed");
    expect(&with_target(&json!({"Container": "exe"})), InvalidArgument, "Targets[0].Container");
    expect(&with_target(&json!({"Data": {"Stream": [-2]}})), InvalidArgument, "Targets[0].Data.Stream[0]");
    expect(&with_target(&json!({"Video": {"Stream": [0, -1]}})), InvalidArgument, "Targets[0].Video.Stream[1]");
    expect(&with_target(&json!({"Audio": {"Stream": [0.5]}})), InvalidArgument, "Targets[0].Audio.Stream[0]");
    let mut request = with_target(&json!({}));
    request["AlignmentIndex"] = json!(1);
    expect(&request, InvalidArgument, "AlignmentIndex");
}

#[test]
fn several_sources() {
    let encoded =
        json!({"Video": {"TranscodeVideo": {"Codec": "h264"}}, "Audio": {"TranscodeAudio": {"Codec": "aac"}}});
    let with_sources = |target: &Value, sources: Value| {
        let mut request = with_target(target);
        request["Sources"] = sources;
        request
    };
    let source = json!({"URI": "oss://test-bucket/in.mov"});
    let attached = json!({"URI": "oss://test-bucket/music.mp3", "Attached": true, "AlignMode": "loop"});
    let two = ask(&with_sources(&encoded, json!([source, source, attached]))).unwrap();
    assert_eq!(two.sources[2].attached, Some(AlignMode::Loop));
    // Copied streams cannot follow each other, but may stand beside one that is attached.
    let copied = json!({"Video": {"TranscodeVideo": {"Codec": "copy"}}, "Audio": {"DisableAudio": true}});
    expect(&with_sources(&copied, json!([source, source])), InvalidArgument, "Targets[0].Video");
    let copied = json!({"Video": {"DisableVideo": true}});
    expect(&with_sources(&copied, json!([source, source])), InvalidArgument, "Targets[0].Audio");
    assert!(ask(&with_sources(&copied, json!([source, attached]))).is_ok());
    expect(&with_sources(&encoded, json!([attached, source])), InvalidArgument, "Sources[0].Attached");
    let mut second = with_sources(&encoded, json!([attached, source]));
    second["AlignmentIndex"] = json!(1);
    assert_eq!(ask(&second).unwrap().alignment, 1);
    expect(&with_sources(&encoded, Value::Array(vec![source; 12])), LimitExceeded, "Sources");
}

#[test]
fn unknown_fields_get_a_hint() {
    let text = ask(&with_watermark(&json!({"Content": "x", "FontAlpha": 0.5}))).unwrap_err().to_string();
    assert!(
        text.starts_with(
            "Targets[0].Video.FilterVideo.Watermarks[0].FontAlpha is not a field of the API; did you mean FontApha?"
        ),
        "{text}"
    );
    assert!(text.ends_with("(found 0.5)"), "{text}");
    let mut request = full();
    request["targets"] = json!([]);
    let text = ask(&request).unwrap_err().to_string();
    assert!(text.contains("did you mean Targets? allowed here: AlignmentIndex, CredentialConfig,"), "{text}");
}

#[test]
fn outputs_collide() {
    let mut request = with_target(&json!({}));
    let target = request["Targets"][0].clone();
    request["Targets"] = json!([target, target]);
    expect(&request, InvalidArgument, "Targets[1].URI");
    expect(&with_target(&json!({"URI": "oss://test-bucket/in.mov"})), InvalidArgument, "Targets[0].URI");
}

#[test]
fn outputs_need_a_bucket_that_may_be_written() {
    expect(&with_target(&json!({"URI": "oss://archive/out.mp4"})), ResourceNotFound, "Targets[0].URI");
    expect(&with_target(&json!({"URI": "/tmp/out.mp4"})), InvalidArgument, "Targets[0].URI");
    expect(&with_target(&json!({"URI": "oss://test-bucket/../out.mp4"})), InvalidArgument, "Targets[0].URI");
    // Of a template the bucket is known where no variable is part of it.
    expect(&with_target(&json!({"URI": "oss://archive/{barename}.mp4"})), ResourceNotFound, "Targets[0].URI");
    assert!(ask(&with_target(&json!({"URI": "oss://{bucket}/{barename}.mp4"}))).is_ok());
    let mut request = with_target(&json!({}));
    request["Sources"][0]["URI"] = json!("oss://nowhere/in.mov");
    expect(&request, ResourceNotFound, "Sources[0].URI");
}

#[test]
fn plugins_that_do_not_exist() {
    // Said once, though it would have had something to do.
    let mut request = with_watermark(&json!({"Content": "x"}));
    request["Targets"][0]["Policies"] = json!({"Watermark": "nope"});
    expect(&request, ResourceNotFound, "Targets[0].Policies.Watermark");
    for (name, value) in [
        ("Watermark", json!("nope")),
        ("Delogo", json!("nope@^2")),
        ("URITemplate", json!({"Name": "nope"})),
        ("Parameters", json!({"Name": "nope", "Version": "1"})),
    ] {
        let request = with_target(&json!({"Policies": { name: value }}));
        let path = format!("Targets[0].Policies.{name}");
        expect(&request, ResourceNotFound, &path);
        assert!(ask(&request).unwrap_err().to_string().contains("there is no plugin `nope"));
        expect(&with_target(&json!({"Policies": {name: "Bad Name"}})), InvalidArgument, &path);
        expect(&with_target(&json!({"Policies": {name: 5}})), InvalidArgument, &path);
        let range = json!({"Policies": {name: {"Name": "own", "Version": "new"}}});
        expect(&with_target(&range), InvalidArgument, &format!("{path}.Version"));
    }
}

#[test]
fn the_verdict_of_a_uri_policy_is_the_templates_fault() {
    let verdict = CheckFault { field: "colour".to_owned(), message: "has no value".to_owned() };
    let plugins = Plugins { template_fault: Some(verdict), ..Plugins::default() };
    let faults =
        intake_value(&with_target(&json!({"URI": "oss://test-bucket/{colour}"})), &context(&plugins)).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "Targets[0].URI is wrong at `colour`: has no value (found \"oss://test-bucket/{colour}\")"
    );
}

#[test]
fn faults_of_a_plugins_schema_get_the_wires_paths_and_are_said_once() {
    let fault = |field: &str| CheckFault { field: field.to_owned(), message: "must be something else".to_owned() };
    let parameter_faults = vec![
        fault("Watermarks[0].FontSize"),
        fault("Watermarks[0]"),
        fault("Watermarks[1].Dx"),
        fault("Watermarks[1].Dx"),
    ];
    let plugins = Plugins { parameter_faults, ..Plugins::default() };
    let request = with_target(&json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": {
        "Watermarks": [{"Content": "x", "FontSize": 4}, {"Content": "y", "Dx": 7}]
    }}}));
    let text = intake_value(&request, &context(&plugins)).unwrap_err().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "Targets[0].Video.FilterVideo.Watermarks[0].FontSize must be an integer from 5 to 119 (found 4)",
            "Targets[0].Video.FilterVideo.Watermarks[1].Dx must be something else (found 7)",
        ]
    );
}

#[test]
fn limits_hold() {
    let mut request = with_target(&json!({}));
    request["UserData"] = json!("é".repeat(1025));
    expect(&request, LimitExceeded, "UserData");
    request["UserData"] = json!("é".repeat(1024));
    assert!(ask(&request).is_ok());
    request["Tags"] = (0..101).map(|number| (number.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    expect(&request, LimitExceeded, "Tags");
    request["Tags"] = json!({"marked": "", "gone": null});
    let tags = ask(&request).unwrap().tags.clone();
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [("marked".to_owned(), String::new())], "a tag may be empty");
    request["Tags"] = json!({"n": 7});
    expect(&request, InvalidArgument, "Tags.n");
    let many = vec![json!({"Content": "x"}); 101];
    let video = json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": {"Watermarks": many}}});
    expect(&with_target(&video), LimitExceeded, "Targets[0].Video.FilterVideo");
    let mut request = with_target(&json!({}));
    request["Targets"] = Value::Array(vec![json!({}); 51]);
    expect(&request, LimitExceeded, "Targets");
    let mut request = with_target(&json!({}));
    for number in 0..1000 {
        request[format!("Extra{number}")] = json!(number);
    }
    let found = ask(&request).unwrap_err();
    assert_eq!(found.as_slice().len(), 201);
    assert!(found.to_string().ends_with("the request has 800 more faults, which are not listed"));
    request["ProjectName"] = json!("a project");
    assert!(faults(&request).contains(&at("ProjectName", InvalidArgument)));
}

#[test]
fn all_faults_come_at_once() {
    let mut request = full();
    request["ProjectName"] = json!("");
    request["Sources"][0]["URI"] = json!("in.mov");
    request["Targets"][0]["Container"] = json!("exe");
    request["Targets"][0]["Video"]["TranscodeVideo"]["CRF"] = json!(99);
    request["Targets"][0]["Video"]["FilterVideo"]["Delogos"][0]["Dx"] = json!(-1);
    assert_eq!(
        faults(&request),
        [
            at("ProjectName", MissingArgument),
            at("Sources[0].URI", InvalidArgument),
            at("Targets[0].Container", InvalidArgument),
            at("Targets[0].Video.FilterVideo.Delogos[0].Dx", InvalidArgument),
            at("Targets[0].Video.TranscodeVideo.CRF", InvalidArgument),
        ]
    );
}

#[test]
fn text_that_is_no_json() {
    let plugins = Plugins::default();
    let broken = intake(b"{\n\"ProjectName\": }", &context(&plugins)).unwrap_err();
    assert_eq!(broken.first().code, FaultCode::InvalidJson);
    assert!(broken.to_string().contains("line 2 column"), "{broken}");
}

#[test]
fn segments_that_cannot_be() {
    let cases = [
        (json!({"Segment": {"Duration": 4}}), "Segment.Format", "is required: hls or dash"),
        (json!({"Segment": {"Format": "cmaf"}}), "Segment.Format", "must be one of hls, dash"),
        (json!({"Segment": {"Format": "hls", "Duration": 0.01}}), "Segment.Duration", "from 0.1 to 3600"),
        (json!({"Segment": {"Format": "hls", "StartNumber": -1}}), "Segment.StartNumber", "from 0 to 2147483647"),
        (
            json!({"Segment": {"Format": "dash"}, "Container": "ts"}),
            "Container",
            "must be mp4 with Segment.Format dash",
        ),
        (json!({"Segment": {"Format": "hls"}, "Container": "mkv"}), "Container", "must be ts or mp4 with"),
        (json!({"Segment": {"Format": "hls"}, "URI": "oss://test-bucket/x.mp4"}), "URI", "must end in .m3u8"),
    ];
    for (fields, field, part) in cases {
        let mut target = json!({"Container": "mp4", "URI": "oss://test-bucket/out.{autoext}"});
        target.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let faults = intake(
            json!({"ProjectName": "p", "Sources": [{"URI": "oss://test-bucket/in.mov"}], "Targets": [target]})
                .to_string()
                .as_bytes(),
            &context(&Plugins::default()),
        )
        .unwrap_err()
        .into_vec();
        let [fault] = faults.as_slice() else { panic!("{faults:?}") };
        assert_eq!(fault.field.as_str(), format!("Targets[0].{field}"));
        assert!(fault.message.contains(part), "{}", fault.message);
    }
}
