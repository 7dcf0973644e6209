//! `Targets[].Subtitle` and `Sources[].Subtitles`.

use serde_json::{Value, json};

use super::surroundings::{Plugins, ask, context, faults, with_target};
use crate::intake::intake_value;
use crate::task::fault::FaultCode::{self, InvalidArgument, LimitExceeded, MissingArgument, ResourceNotFound};
use crate::task::spec::{ExtractSubtitle, SubtitleFormat};
use crate::task::{AudioWish, StreamChoice, VideoWish};

fn expect(request: &Value, code: FaultCode, path: &str) {
    assert_eq!(faults(request), [(code, path.to_owned())], "{request}");
}

#[test]
fn added_subtitles_are_judged_one_by_one() {
    let with = |file: Value| {
        let mut request = with_target(&json!({}));
        request["Sources"][0]["Subtitles"] = json!([{"URI": "oss://test-bucket/a.srt"}, file]);
        request
    };
    let path = |name: &str| format!("Sources[0].Subtitles[1]{name}");
    expect(&with(json!({})), MissingArgument, &path(".URI"));
    expect(&with(json!({"URI": "oss://elsewhere/a.srt"})), ResourceNotFound, &path(".URI"));
    for language in ["en", "ENG", "english", "e1g"] {
        let file = json!({"URI": "oss://test-bucket/b.srt", "Language": language});
        expect(&with(file), InvalidArgument, &path(".Language"));
    }
    expect(&with(json!({"URI": "oss://test-bucket/b.srt", "TimeOffset": 1e6})), InvalidArgument, &path(".TimeOffset"));
    expect(&with(json!("oss://test-bucket/b.srt")), InvalidArgument, &path(""));
    let mut same = with(json!({"URI": "oss://test-bucket/b.srt"}));
    same["Targets"][0]["URI"] = json!("oss://test-bucket/b.srt");
    expect(&same, InvalidArgument, "Targets[0].URI");
    let mut many = with_target(&json!({}));
    many["Sources"][0]["Subtitles"] = json!(vec![json!({"URI": "oss://test-bucket/a.srt"}); 21]);
    expect(&many, LimitExceeded, "Sources[0].Subtitles");
}

/// A request of one target that makes nothing but what this says.
fn only(subtitle: &Value) -> Value {
    let mut request = with_target(&json!({}));
    request["Targets"] = json!([{"Subtitle": subtitle}]);
    request
}

#[test]
fn all_streams_are_taken_unless_some_are_named() {
    let choice =
        |subtitle: Value| ask(&with_target(&json!({"Subtitle": subtitle}))).unwrap().targets[0].subtitle.clone();
    assert_eq!(choice(Value::Null).streams, StreamChoice::First);
    assert_eq!(choice(json!({})).streams, StreamChoice::All);
    assert_eq!(choice(json!({"Stream": []})).streams, StreamChoice::All);
    assert_eq!(choice(json!({"Stream": [1, 101]})).streams, StreamChoice::All);
    assert_eq!(choice(json!({"Stream": [1, 0]})).streams, StreamChoice::These(vec![1, 0]));
    assert!(choice(json!({"DisableSubtitle": "True"})).disabled);
    expect(&with_target(&json!({"Subtitle": {"Stream": [-1]}})), InvalidArgument, "Targets[0].Subtitle.Stream[0]");
}

#[test]
fn extracting_needs_a_prefix_and_a_format() {
    let extract = json!({"ExtractSubtitle": {"URI": "oss://test-bucket/{barename}", "Format": "webvtt"}});
    let plugins = Plugins::default();
    let spec = intake_value(&only(&extract), &context(&plugins)).unwrap();
    let target = &spec.targets[0];
    let uri_template = "oss://test-bucket/{barename}".to_owned();
    let wanted = ExtractSubtitle { uri_template, format: SubtitleFormat::Webvtt };
    assert_eq!(target.subtitle.extract.as_ref(), Some(&wanted));
    assert_eq!(wanted.template_of(3), "oss://test-bucket/{barename}_3.vtt");
    assert_eq!((&target.uri_template, &target.video, &target.audio), (&None, &VideoWish::None, &AudioWish::None));
    assert_eq!(plugins.templates.borrow()[0].0, "oss://test-bucket/{barename}_0.vtt");
    let path = |name: &str| format!("Targets[0].Subtitle.ExtractSubtitle.{name}");
    let with = |uri: &str, format: &str| only(&json!({"ExtractSubtitle": {"URI": uri, "Format": format}}));
    expect(&with("", "srt"), MissingArgument, &path("URI"));
    expect(&with("oss://test-bucket/a", ""), MissingArgument, &path("Format"));
    expect(&with("oss://test-bucket/a", "sub"), InvalidArgument, &path("Format"));
    expect(&with("test-bucket/a", "srt"), InvalidArgument, &path("URI"));
    expect(&with("oss://archive/a", "srt"), ResourceNotFound, &path("URI"));
    expect(&with("oss://archive/{barename}", "srt"), ResourceNotFound, &path("URI"));
}

#[test]
fn a_target_makes_a_file_or_extracts() {
    let extract = json!({"URI": "oss://test-bucket/a", "Format": "srt"});
    let mut media = only(&json!({"ExtractSubtitle": extract}));
    media["Targets"][0]["Container"] = json!("mp4");
    expect(&media, MissingArgument, "Targets[0].URI");
    let mut ignored = only(&json!({"ExtractSubtitle": extract}));
    ignored["Targets"][0]["Video"] = json!({"TranscodeVideo": {"Codec": "h264"}});
    ignored["Targets"][0]["Speed"] = json!(0.5);
    let spec = ask(&ignored).unwrap();
    assert_eq!((&*spec.warnings[0].code, spec.warnings.len()), ("FieldsIgnored", 1));
    assert!(spec.warnings[0].message.ends_with("Video, Speed"), "{:?}", spec.warnings);
    let disabled = with_target(&json!({"Subtitle": {"DisableSubtitle": true, "ExtractSubtitle": extract}}));
    let spec = ask(&disabled).unwrap();
    assert_eq!((&spec.targets[0].subtitle.extract, &*spec.warnings[0].code), (&None, "FieldsIgnored"));
    let nothing = only(&json!({"DisableSubtitle": true, "ExtractSubtitle": extract}));
    assert_eq!(faults(&nothing).len(), 2, "Container and URI are missing");
}

#[test]
fn pictures_and_data_are_kept_where_the_container_holds_any() {
    let with = |container: &str, name: &str, numbers: Value| {
        with_target(&json!({"Container": container, name: {"Stream": numbers}}))
    };
    let target = |request: &Value| ask(request).unwrap().targets[0].clone();
    assert_eq!(target(&with("mkv", "AttachedPicture", json!([-1]))).pictures, StreamChoice::All);
    assert_eq!(target(&with("mp4", "AttachedPicture", json!([1, 0]))).pictures, StreamChoice::These(vec![1, 0]));
    assert_eq!(target(&with("mp4", "Data", json!([0]))).data, StreamChoice::These(vec![0]));
    assert_eq!(target(&with("mov", "Data", json!([]))).data, StreamChoice::None);
    expect(&with("mov", "AttachedPicture", json!([0])), InvalidArgument, "Targets[0].AttachedPicture.Stream");
    expect(&with("mkv", "Data", json!([0])), InvalidArgument, "Targets[0].Data.Stream");
    expect(&with("mp4", "Data", json!([-2])), InvalidArgument, "Targets[0].Data.Stream[0]");
    let mut cut = with("mp4", "AttachedPicture", json!([0]));
    cut["Targets"][0]["Segment"] = json!({"Format": "hls"});
    cut["Targets"][0]["URI"] = json!("oss://test-bucket/x.m3u8");
    let spec = ask(&cut).unwrap();
    assert_eq!((&spec.targets[0].pictures, &*spec.warnings[0].code), (&StreamChoice::None, "FieldsIgnored"));
}
