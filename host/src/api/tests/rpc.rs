use axum::body::Body;
use axum::http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::fakes::{Got, Rig};
use crate::queue::{ListQuery, Order, SortBy, TaskFilter};
use crate::task::{TaskState, Timestamp};

fn encoded(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

/// As the newer SDKs call: the action in a header, everything else in the query.
pub(super) fn call(rig: &Rig, action: &str, pairs: &[(&str, &str)]) -> Got {
    let request = Request::post(format!("/?{}", encoded(pairs)));
    rig.send(request.header("x-acs-action", action).header("x-acs-version", "2020-09-30").body(Body::empty()).unwrap())
}

const SUBMISSION: &[(&str, &str)] = &[
    ("ProjectName", "p"),
    ("Sources", r#"[{"URI":"oss://b/in put.mov","StartTime":1,"Subtitles":[]}]"#),
    ("Targets", r#"[{"URI":"oss://b/out.mp4","Container":"mp4","StripMetadata":true}]"#),
    ("TargetGroups", "[]"),
    ("Tags", r#"{"a":"b=c"}"#),
    ("AlignmentIndex", "0"),
    ("UserData", r#"{"k":1}"#),
    ("CredentialConfig", ""),
    ("TolerateDamage", "True"),
];

#[test]
fn a_task_is_submitted_and_shown() {
    let rig = Rig::new();
    let got = call(&rig, "CreateMediaConvertTask", SUBMISSION);
    assert_eq!(got.status, 200, "{}", got.text);
    let said = got.json();
    assert_eq!((&said["EventId"], rig.woken()), (&said["RequestId"], 1));
    let id = said["TaskId"].as_str().unwrap();
    let asked = [("ProjectName", "p"), ("TaskType", "MediaConvert"), ("TaskId", id), ("RequestDefinition", "True")];
    let task = call(&rig, "GetTask", &asked).json();
    assert_eq!(
        (&task["Status"], &task["UserData"], &task["Tags"]),
        (&json!("Running"), &json!("{\"k\":1}"), &json!({"a": "b=c"}))
    );
    assert_eq!(task["EventId"], said["EventId"]);
    let request: Value = serde_json::from_str(task["TaskRequestDefinition"].as_str().unwrap()).unwrap();
    assert_eq!((&request["AlignmentIndex"], &request["UserData"]), (&json!(0), &json!("{\"k\":1}")));
    assert_eq!(request["Sources"], json!([{"URI": "oss://b/in put.mov", "StartTime": 1, "Subtitles": []}]));
    assert!(request.get("CredentialConfig").is_none());
    assert!(call(&rig, "GetTask", &asked[..3]).json().get("TaskRequestDefinition").is_none());
}

#[test]
fn the_older_form_has_all_in_a_form_or_a_query() {
    let rig = Rig::new();
    let mut pairs = vec![("Action", "CreateMediaConvertTask"), ("Version", "2020-09-30"), ("Format", "json")];
    pairs.extend([("Timestamp", "2026-01-31T08:00:00Z"), ("SignatureNonce", "1"), ("RegionId", "cn-x")]);
    pairs.extend(SUBMISSION);
    let form = |body: String| {
        let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        rig.send(request.body(body.into()).unwrap())
    };
    assert_eq!(form(encoded(&pairs)).status, 200);
    let target = format!("/?{}", encoded(&pairs));
    assert_eq!(rig.ask("POST", &target, "").status, 200);
    // A picture on a web page could be this one.
    let (status, code, _) = rig.ask("GET", &target, "").refused();
    assert_eq!((status, code.as_str(), rig.woken()), (405, "UnsupportedHTTPMethod", 2));
    assert_eq!(rig.ask("GET", "/?Action=ListTasks&Version=2020-09-30&ProjectName=p", "").status, 200);
    // Each in its place, and both together.
    let request = Request::post(format!("/?{}", encoded(&pairs[..6])));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(rig.send(request.body(encoded(&pairs[6..]).into()).unwrap()).status, 200);
    let twice = Request::post(format!("/?{}", encoded(&pairs)));
    let twice = twice.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(rig.send(twice.body("ProjectName=p".into()).unwrap()).refused().1, "InvalidArgument");
    pairs[2].1 = "XML";
    assert_eq!(form(encoded(&pairs)).refused().1, "InvalidFormat");
    pairs[1].1 = "2017-09-06";
    pairs[2].1 = "";
    assert_eq!(form(encoded(&pairs)).refused().1, "InvalidVersion");
    assert_eq!(form("a=%ff".into()).refused().1, "InvalidArgument");
    let (status, code, message) = rig.ask("POST", "/?Action=GetTask&Version=2020-09-30", "{}").refused();
    assert_eq!((status, code.as_str()), (400, "InvalidArgument"));
    assert!(message.contains("must be a form"), "{message}");
}

#[test]
fn faults_are_those_of_the_body_and_codes_those_of_the_vendor() {
    let rig = Rig::new();
    let refused = |action: &str, pairs: &[(&str, &str)]| call(&rig, action, pairs).refused();
    let mut wrong = SUBMISSION.to_vec();
    wrong[2].1 = r#"[{"URI":"oss://b/out.mp4","Container":"mpeg"}]"#;
    wrong[5].1 = "one";
    let got = call(&rig, "CreateMediaConvertTask", &wrong);
    let fields: Vec<_> = got.json()["Faults"].as_array().unwrap().iter().map(|fault| fault["Field"].clone()).collect();
    assert_eq!((got.status.as_u16(), fields), (400, vec![json!("AlignmentIndex"), json!("Targets[0].Container")]));
    // A field that is given twice inside of a parameter would lose one of its values.
    wrong[2].1 = r#"[{"URI":"oss://b/a.mp4","URI":"oss://b/b.mp4","Container":"mp4"}]"#;
    let (status, code, message) = refused("CreateMediaConvertTask", &wrong);
    assert_eq!((status, code.as_str()), (400, "InvalidJSON"));
    assert!(message.starts_with("Targets must be valid JSON: field `URI` is given twice"), "{message}");
    wrong[2] = ("Target", "x");
    assert_eq!(refused("CreateMediaConvertTask", &wrong).1, "InvalidArgument");
    wrong[5].1 = "0";
    wrong.remove(2);
    assert_eq!(refused("CreateMediaConvertTask", &wrong).1, "MissingTargets");
    let id = rig.put(TaskState::Running).to_string();
    let asked = |project, kind, id| refused("GetTask", &[("ProjectName", project), ("TaskType", kind), ("TaskId", id)]);
    assert_eq!(asked("", "MediaConvert", &id).1, "MissingProjectName");
    assert_eq!(asked("p", "VideoLabel", &id).1, "InvalidArgument");
    for (project, id) in
        [("other", id.as_str()), ("p", "x"), ("p", "MediaConvert-00000000-0000-4000-8000-000000000000")]
    {
        let (status, code, _) = asked(project, "MediaConvert", id);
        assert_eq!((status, code.as_str()), (400, "ResourceNotFound"), "{project} {id}");
    }
    assert_eq!(refused("GetTask", &[("Id", "1"), ("ProjectName", "p")]).0, 400);
    let (status, code, _) = refused("DetectImageFaces", &[]);
    assert_eq!((status, code.as_str()), (404, "InvalidAction.NotFound"));
    assert_eq!(rig.ask("GET", "/", "").refused().1, "MissingAction");
    assert_eq!(rig.ask("POST", "/?Action=GetTask", "").refused().1, "MissingVersion");
    assert_eq!(rig.ask("DELETE", "/", "").refused().0, 405);
    let page = Request::post("/?Action=GetTask&Version=2020-09-30").header("origin", "http://x");
    assert_eq!(rig.send(page.body(Body::empty()).unwrap()).refused().0, 403);
}

#[test]
fn tasks_are_listed() {
    let rig = Rig::new();
    rig.put(TaskState::Succeeded);
    let list = |pairs: &[(&str, &str)]| {
        let got = call(&rig, "ListTasks", pairs);
        assert_eq!(got.status, 200, "{}", got.text);
        (got.json(), rig.queue.listed.lock().unwrap().take())
    };
    let of_p = TaskFilter { projects: vec!["p".into()], ..TaskFilter::default() };
    let plain = ListQuery { filter: of_p.clone(), order: Order::Ascending, limit: 100, ..ListQuery::default() };
    let (said, query) = list(&[("ProjectName", "p"), ("TaskTypes", "[]"), ("Status", "")]);
    assert_eq!(query, Some(plain.clone()));
    assert_eq!(
        (&said["ProjectName"], &said["MaxResults"], &said["NextToken"]),
        (&json!("p"), &json!("100"), &json!(""))
    );
    assert!(said["Tasks"][0].get("TaskRequestDefinition").is_none());
    let (said, query) = list(&[
        ("ProjectName", "p"),
        ("TaskTypes", r#"["VideoLabel","MediaConvert"]"#),
        ("Status", "Succeeded"),
        ("TagSelector", "a=b&c=d"),
        ("StartTimeRange", r#"{"Start":"2026-01-31T08:00:00.000+08:00","End":"2026-01-31T08:00:00Z"}"#),
        ("EndTimeRange", r#"{"End":"2026-01-31T08:00:00Z","Start":""}"#),
        ("Sort", "StartTime"),
        ("Order", "desc"),
        ("MaxResults", "3"),
        ("NextToken", "t"),
        ("RequestDefinition", "True"),
    ]);
    let filter = TaskFilter {
        states: vec![TaskState::Succeeded],
        tags: vec![("a".into(), "b".into()), ("c".into(), "d".into())],
        created: (Timestamp::parse("2026-01-31T00:00:00Z"), Timestamp::parse("2026-01-31T08:00:00Z")),
        ended: (None, Timestamp::parse("2026-01-31T08:00:00Z")),
        ..of_p
    };
    let expected =
        ListQuery { filter, sort: SortBy::StartTime, order: Order::Descending, limit: 3, after: Some("t".into()) };
    assert_eq!(query, Some(expected));
    assert!(said["Tasks"][0]["TaskRequestDefinition"].as_str().unwrap().contains("oss://b/in.mov"));
    // Tasks of other types there are none.
    let (said, query) = list(&[("ProjectName", "p"), ("TaskTypes", r#"["VideoLabel"]"#)]);
    assert_eq!((&said["Tasks"], query), (&json!([]), None));
}

#[test]
fn faults_of_a_list_are_told_at_once() {
    let rig = Rig::new();
    let got = call(
        &rig,
        "ListTasks",
        &[
            ("TaskTypes", "MediaConvert"),
            ("StartTimeRange", r#"{"Start":"2026-01-31T08:00:00Z","End":"2026-01-31T08:00:00Z"}"#),
            ("EndTimeRange", r#"{"Start":1,"Begin":2}"#),
            ("MaxResults", "0"),
            ("Project", "p"),
        ],
    );
    assert_eq!(got.refused().0, 400);
    let fields = got.fields();
    let expected = [
        "EndTimeRange.Begin",
        "EndTimeRange.Start",
        "MaxResults",
        "Project",
        "ProjectName",
        "StartTimeRange.End",
        "TaskTypes",
    ];
    assert_eq!(fields, expected);
    assert!(rig.queue.listed.lock().unwrap().is_none());
}
