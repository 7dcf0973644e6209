use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::fakes::{REQUEST, Rig};
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
    let got = thread::scope(|scope| {
        let asked = scope.spawn(|| rig.ask("GET", &format!("/v1/tasks/{id}/events"), ""));
        thread::sleep(Duration::from_millis(100));
        rig.change(id, |entry| entry.record.progress.frames = 9);
        thread::sleep(Duration::from_millis(100));
        rig.change(id, |entry| {
            let (code, field, message) = ("CutShortened".into(), String::new(), "m".into());
            entry.record.warnings.push(Warning { code, field, target: None, message });
            entry.record.state = TaskState::Succeeded;
        });
        asked.join().unwrap()
    });
    assert_eq!(got.headers["content-type"], "text/event-stream");
    let events = read(&got.text);
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
