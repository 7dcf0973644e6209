use std::sync::atomic::Ordering;

use axum::http::Request;
use serde_json::json;

use super::fakes::{REQUEST, Rig};
use crate::api::TaskAnswer;
use crate::task::{ErrorCode, Failure, Stage, TaskId, TaskState};

#[test]
fn a_task_is_taken_in() {
    let rig = Rig::new();
    let got = rig.ask("POST", "/v1/tasks", REQUEST);
    let body = got.json();
    assert_eq!(got.status, 201, "{body}");
    let id: TaskId = body["TaskId"].as_str().unwrap().parse().unwrap();
    assert_eq!(got.headers["location"], format!("/v1/tasks/{id}"));
    assert_eq!(body["EventId"], body["RequestId"]);
    assert_eq!(got.headers["x-request-id"].to_str().unwrap(), body["RequestId"]);
    assert_eq!((&body["Status"], &body["Warnings"][0]["Code"]), (&json!("Running"), &json!("CredentialConfigIgnored")));
    assert_eq!(rig.woken(), 1);
    let shown = rig.ask("GET", &format!("/v1/tasks/{id}?RequestDefinition=True"), "").json();
    assert_eq!(shown["TaskRequestDefinition"], REQUEST);
    assert_eq!((&shown["Tags"], &shown["UserData"]), (&json!({"customer": "a"}), &json!("mine")));
}

#[test]
fn a_refused_task_names_all_faults_and_is_not_kept() {
    let rig = Rig::new();
    let got = rig.ask("POST", "/v1/tasks", r#"{"ProjectName":"p","Sources":[],"Targets":[{"Container":"docx"}]}"#);
    let (status, code, message) = got.refused();
    assert_eq!((status, code.as_str()), (400, "InvalidArgument"), "{message}");
    let faults = got.json()["Faults"].as_array().unwrap().clone();
    assert!(faults.len() > 1);
    assert_eq!(message.lines().count(), faults.len());
    assert_eq!(faults[0]["Field"], "Sources");
    assert!(rig.queue.tasks.lock().unwrap().is_empty());
    assert_eq!(rig.woken(), 0);

    let (status, code, _) = rig.ask("POST", "/v1/tasks", "{").refused();
    assert_eq!((status, code.as_str()), (400, "InvalidJSON"));
    let (status, code, _) = rig.ask("POST", "/v1/tasks", [0xff, 0xfe].as_slice().to_vec()).refused();
    assert_eq!((status, code.as_str()), (400, "InvalidJSON"));
}

#[test]
fn a_task_that_waits_reports_running() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Queued);
    let got = rig.ask("GET", &format!("/v1/tasks/{id}"), "");
    let mut body = got.json();
    assert_eq!(got.status, 200);
    assert_eq!(body["RequestId"].take(), got.headers["x-request-id"].to_str().unwrap());
    let expected = json!({
        "RequestId": null, "TaskId": id, "TaskType": "MediaConvert", "ProjectName": "p", "Status": "Running",
        "State": "Queued", "Progress": 40, "Attempt": 1, "Priority": 0, "CreateTime": "2026-01-31T08:00:00.000Z",
        "StartTime": "2026-01-31T08:00:00.000Z", "Code": "", "Message": "", "UserData": "", "Tags": {}, "EventId": "",
        "Targets": [{"Index": 0, "Progress": 50}, {"Index": 2, "Progress": 30}], "Frames": 7, "Bytes": 8,
        "Warnings": [], "CancelRequested": false,
        "Events": [{"Time": "2026-01-31T08:00:00.000Z", "Event": "Submitted", "Attempt": 0}],
        "Plugins": ["watermark#built-in"],
        "Notifications": [{"Receiver": "topic t", "State": "Waiting", "Tries": 0}],
    });
    assert_eq!(body, expected);
}

#[test]
fn a_task_that_succeeded_shows_its_outputs() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Succeeded);
    let body = rig.ask("GET", &format!("/v1/tasks/{id}"), "").json();
    assert_eq!((&body["Status"], &body["State"]), (&json!("Succeeded"), &json!("Succeeded")));
    assert_eq!(body["StartTime"], "2026-01-31T08:00:01.000Z");
    assert_eq!(body["EndTime"], "2026-01-31T08:00:02.000Z");
    let target = &body["Targets"][0];
    assert_eq!((&target["Progress"], &target["URI"]), (&json!(100), &json!("oss://b/out.mp4")));
    assert_eq!(target["Facts"]["Size"], 1234);
    assert!(body.get("Error").is_none());
    // The client reads what the server writes.
    let read: TaskAnswer = serde_json::from_value(body).unwrap();
    assert_eq!(read.targets[0].facts.as_ref().unwrap().size, 1234);
}

#[test]
fn a_task_that_failed_says_why() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Failed);
    let uri = format!("/v1/tasks/{id}");
    let body = rig.ask("GET", &uri, "").json();
    assert_eq!((&body["Code"], &body["Message"]), (&json!("EncodeFailed"), &json!("x264 said no")));
    let error = json!({"Code": "EncodeFailed", "Class": "Host", "Retryable": false, "Stage": "Encode", "Target": 2,
        "Message": "x264 said no"});
    assert_eq!(body["Error"], error);

    rig.change(id, |entry| entry.record.failure = Some(Failure::new(ErrorCode::Canceled, Stage::Decode, "cancelled")));
    let body = rig.ask("GET", &uri, "").json();
    assert_eq!(
        (&body["Status"], &body["State"], &body["Code"]),
        (&json!("Failed"), &json!("Canceled"), &json!("Canceled"))
    );

    // While a commit is being turned back, the failure is known, but the task has not failed yet.
    rig.change(id, |entry| entry.record.state = TaskState::Committing);
    let body = rig.ask("GET", &uri, "").json();
    assert_eq!((&body["Status"], &body["State"], &body["Code"]), (&json!("Running"), &json!("Committing"), &json!("")));
    assert!(body.get("Error").is_none());
}

#[test]
fn a_cancel_is_answered_by_state() {
    let rig = Rig::new();
    let ask = |state| {
        let id = rig.put(state);
        rig.ask("POST", &format!("/v1/tasks/{id}/cancel"), "")
    };
    let queued = ask(TaskState::Queued);
    assert_eq!((queued.status.as_u16(), &queued.json()["State"]), (200, &json!("Canceled")));
    assert_eq!(queued.json()["Status"], "Failed");
    let running = ask(TaskState::Running);
    assert_eq!((running.status.as_u16(), &running.json()["State"]), (200, &json!("Running")));
    assert_eq!(rig.woken(), 2);
    let (status, code, _) = ask(TaskState::Committing).refused();
    assert_eq!((status, code.as_str()), (409, "TaskCommitting"));
    let (status, code, message) = ask(TaskState::Succeeded).refused();
    assert_eq!((status, code.as_str()), (409, "TaskEnded"));
    assert!(message.ends_with("it is Succeeded"), "{message}");
    assert_eq!(ask(TaskState::Failed).refused().1, "TaskEnded");
    let (status, code, _) = rig.ask("POST", &format!("/v1/tasks/{}/cancel", TaskId::new()), "").refused();
    assert_eq!((status, code.as_str()), (404, "ResourceNotFound"));
    assert_eq!(rig.woken(), 2);
}

#[test]
fn a_second_cancel_is_no_fault() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Failed);
    rig.change(id, |entry| entry.record.failure = Some(Failure::new(ErrorCode::Canceled, Stage::Decode, "cancelled")));
    let got = rig.ask("POST", &format!("/v1/tasks/{id}/cancel"), "");
    assert_eq!((got.status.as_u16(), &got.json()["State"]), (200, &json!("Canceled")));
}

#[test]
fn only_records_of_ended_tasks_are_deleted() {
    let rig = Rig::new();
    let ask = |id: TaskId| rig.ask("DELETE", &format!("/v1/tasks/{id}"), "");
    let done = ask(rig.put(TaskState::Failed));
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""));
    let (status, code, message) = ask(rig.put(TaskState::Running)).refused();
    assert_eq!((status, code.as_str()), (409, "TaskRunning"));
    assert!(message.ends_with("is Running: cancel it first"), "{message}");
    assert_eq!(ask(TaskId::new()).refused().0, 404);
}

#[test]
fn health_tells_the_queue() {
    let rig = Rig::new();
    let got = rig.ask("GET", "/healthz", "");
    let body = got.json();
    assert_eq!((got.status.as_u16(), &body["Status"], &body["Version"]), (200, &json!("ok"), &json!("0.1.0")));
    assert_eq!(body["Queue"], json!({"Queued": 3, "Running": 2, "Committing": 1, "Messages": 4}));
    rig.queue.broken.store(true, Ordering::Relaxed);
    assert_eq!(rig.ask("GET", "/healthz", "").refused().0, 503);
}

#[test]
fn what_is_sent_again_with_its_key_is_the_same_task() {
    let rig = Rig::new();
    let send = |key: &str, body: &str| {
        let request = Request::builder().method("POST").uri("/v1/tasks").header("idempotency-key", key);
        rig.send(request.body(body.to_owned().into()).unwrap())
    };
    let first = send("k1", REQUEST);
    assert_eq!(first.status, 201);
    let again = send("k1", REQUEST);
    assert_eq!(again.status, 200, "{}", again.json());
    assert_eq!(again.json()["TaskId"], first.json()["TaskId"]);
    assert_eq!(again.headers["location"], first.headers["location"]);
    assert_eq!(rig.woken(), 1, "nothing new is to be run");
    let other = send("k2", REQUEST);
    assert_eq!(other.status, 201);
    assert_ne!(other.json()["TaskId"], first.json()["TaskId"]);

    let (status, code, message) = send("k1", &REQUEST.replace("mine", "yours")).refused();
    assert_eq!((status, code.as_str()), (409, "IdempotencyKeyReused"));
    assert!(message.contains(first.json()["TaskId"].as_str().unwrap()), "{message}");
    for wrong in ["", &"k".repeat(256)] {
        let (status, code, message) = send(wrong, REQUEST).refused();
        assert_eq!((status, code.as_str()), (400, "InvalidArgument"));
        assert!(message.contains("Idempotency-Key") && message.contains("255"), "{message}");
    }
    assert_eq!(rig.queue.tasks.lock().unwrap().len(), 2);
}
