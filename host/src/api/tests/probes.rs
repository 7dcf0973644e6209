use serde_json::json;

use super::fakes::{Got, Rig};
use super::rpc::call;
use crate::api::DescribeError;
use crate::task::meta::{StreamMeta, VideoMeta};
use crate::task::{ErrorCode, Failure, MediaMeta, ObjectUri, Stage};

const ASKED: [(&str, &str); 2] = [("ProjectName", "p"), ("SourceURI", "oss://b/a film.mp4")];

fn meta() -> MediaMeta {
    let stream = StreamMeta { index: 1, codec_name: "h264".into(), ..StreamMeta::default() };
    let video = VideoMeta { stream, width: 64, has_b_frames: 2, rotate: "90".into(), ..VideoMeta::default() };
    MediaMeta { format_name: "mov".into(), size: 7, video_streams: vec![video], ..MediaMeta::default() }
}

#[test]
fn a_source_is_described_in_both_forms() {
    let rig = Rig::new();
    *rig.host.meta.lock().unwrap() = Ok(meta());
    let body = json!({"ProjectName": "p", "SourceURI": "oss://b/a film.mp4", "CredentialConfig": {"Policy": "x"}});
    let ours = || rig.ask("POST", "/v1/probe", body.to_string());
    let vendors = || call(&rig, "DetectMediaMeta", &[&ASKED[..], &[("CredentialConfig", "")]].concat());
    let asks: [&dyn Fn() -> Got; 2] = [&ours, &vendors];
    for ask in asks {
        let got = ask();
        assert_eq!(got.status, 200, "{}", got.text);
        let said = got.json();
        assert_eq!((&said["FormatName"], &said["Size"]), (&json!("mov"), &json!(7)));
        let video = &said["VideoStreams"][0];
        assert_eq!((&video["Index"], &video["CodecName"]), (&json!(1), &json!("h264")));
        assert_eq!((&video["Width"], &video["HasBFrames"], &video["Rotate"]), (&json!(64), &json!(2), &json!("90")));
        assert!(said["RequestId"].is_string() && said.get("Title").is_none(), "{said}");
        let asked = rig.host.described.lock().unwrap().take();
        assert_eq!(asked, Some(("p".to_owned(), ObjectUri::parse("oss://b/a film.mp4").unwrap())));
    }
}

#[test]
fn what_cannot_be_described_is_told_in_each_forms_words() {
    let rig = Rig::new();
    let failed = |code| DescribeError::Failed(Failure::new(code, Stage::Probe, "so it is"));
    let forbidden = || DescribeError::Forbidden("there is no bucket `b`".into());
    let body = json!({"ProjectName": "p", "SourceURI": "oss://b/a film.mp4"}).to_string();
    for (error, ours, vendors) in [
        (failed(ErrorCode::SourceNotFound), (422, "SourceNotFound"), (400, "ResourceNotFound")),
        (failed(ErrorCode::SourceUnreadable), (422, "SourceUnreadable"), (400, "InvalidArgument")),
        (failed(ErrorCode::TimeLimit), (422, "TimeLimit"), (400, "LimitExceededError")),
        (failed(ErrorCode::MemoryLimit), (422, "MemoryLimit"), (400, "LimitExceededError")),
        (failed(ErrorCode::WorkerCrashed), (422, "WorkerCrashed"), (500, "InternalError")),
        (forbidden(), (400, "ResourceNotFound"), (400, "ResourceNotFound")),
        (DescribeError::Busy, (503, "ServiceBusy"), (503, "ServiceBusy")),
    ] {
        *rig.host.meta.lock().unwrap() = Err(error.clone());
        let (status, code, message) = rig.ask("POST", "/v1/probe", body.clone()).refused();
        assert_eq!((status, code.as_str()), ours, "{error:?}");
        let (status, code, said) = call(&rig, "DetectMediaMeta", &ASKED).refused();
        assert_eq!((status, code.as_str(), said), (vendors.0, vendors.1, message), "{error:?}");
    }
}

#[test]
fn faults_come_before_the_source_is_looked_at() {
    let rig = Rig::new();
    let refused = |pairs: &[(&str, &str)]| {
        let (status, code, _) = call(&rig, "DetectMediaMeta", pairs).refused();
        (status, code)
    };
    assert_eq!(refused(&ASKED[..1]), (400, "MissingSourceURI".into()));
    assert_eq!(refused(&ASKED[1..]), (400, "MissingProjectName".into()));
    assert_eq!(refused(&[ASKED[0], ("SourceURI", "/etc/passwd")]), (400, "InvalidArgument".into()));
    assert_eq!(refused(&[ASKED[0], ("SourceURI", "oss://b/../a")]), (400, "InvalidArgument".into()));
    assert_eq!(refused(&[ASKED[0], ASKED[1], ("CredentialConfig", "[1]")]), (400, "InvalidArgument".into()));
    for body in
        ["", "[]", r#"{"ProjectName":"p","SourceURI":7}"#, r#"{"ProjectName":"p","SourceURI":"oss://b/a","X":1}"#]
    {
        assert_eq!(rig.ask("POST", "/v1/probe", body).refused().0, 400, "{body}");
    }
    // It starts a process, so that no picture on a web page may ask for it.
    let target = "/?Action=DetectMediaMeta&Version=2020-09-30&ProjectName=p&SourceURI=oss%3A%2F%2Fb%2Fa";
    assert_eq!(rig.ask("GET", target, "").refused().0, 405);
    assert!(rig.host.described.lock().unwrap().is_none());
}
