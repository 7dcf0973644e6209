use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::fakes::{REQUEST, Rig, runtime};
use crate::task::{TaskState, Warning};

/// The events of a stream that has ended: name and data.
fn read(text: &str) -> Vec<(String, Value)> {
    let one = |block: &str| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        (field("event: ").to_owned(), serde_json::from_str(field("data: ")).unwrap_or_else(|_| panic!("{block}")))
    };
    text.split_terminator("\n\n").map(one).collect()
}

#[test]
fn events_tell_what_is_and_then_what_changes() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Running);
    let text = runtime().block_on(async {
        let request = Request::builder().uri(format!("/v1/tasks/{id}/events")).body(Body::empty()).unwrap();
        let response = rig.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let (mut parts, mut text) = (response.into_body().into_data_stream(), String::new());
        // Each change is made when what was before has been told.
        let mut changed = 0;
        while let Some(part) = parts.next().await {
            text.push_str(std::str::from_utf8(&part.unwrap()).unwrap());
            if changed == 0 && text.contains("\"Frames\":7") {
                rig.change(id, |entry| entry.record.progress.frames = 9);
                changed = 1;
            } else if changed == 1 && text.contains("\"Frames\":9") {
                let (code, field, message) = ("CutShortened".into(), String::new(), "m".into());
                rig.change(id, |entry| {
                    entry.record.warnings.push(Warning { code, field, target: None, message });
                    entry.record.state = TaskState::Succeeded;
                });
                changed = 2;
            }
        }
        text
    });
    let events = read(&text);
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["state", "progress", "progress", "state", "warning", "end"], "{events:?}");
    assert_eq!((&events[0].1["State"], &events[3].1["State"]), (&json!("Running"), &json!("Succeeded")));
    assert_eq!((&events[1].1["Frames"], &events[2].1["Frames"]), (&json!(7), &json!(9)));
    assert_eq!(events[5].1["TaskId"], json!(id));
}

#[test]
fn a_task_that_has_ended_is_told_at_once_and_an_unknown_one_is_refused() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Failed);
    let events = read(&rig.ask("GET", &format!("/v1/tasks/{id}/events"), "").text);
    assert_eq!(events.last().unwrap().1["Error"]["Code"], "EncodeFailed");
    rig.queue.tasks.lock().unwrap().clear();
    assert_eq!(rig.ask("GET", &format!("/v1/tasks/{id}/events"), "").refused().0, 404);
}

#[test]
fn only_what_failed_is_run_again() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Failed);
    let got = rig.ask("POST", &format!("/v1/tasks/{id}/retry"), "");
    let new = got.json()["TaskId"].as_str().unwrap().to_owned();
    assert_eq!(got.status, 201);
    assert_ne!(new, id.to_string());
    let shown = rig.ask("GET", &format!("/v1/tasks/{new}?RequestDefinition=true"), "").json();
    assert_eq!(shown["TaskRequestDefinition"], REQUEST);
    let (status, code, message) = rig.ask("POST", &format!("/v1/tasks/{new}/retry"), "").refused();
    assert_eq!((status, code.as_str()), (409, "TaskNotFailed"), "{message}");
}
