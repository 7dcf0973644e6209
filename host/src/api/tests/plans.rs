use serde_json::json;

use super::fakes::{REQUEST, Rig};
use crate::api::DryRunError;
use crate::task::{ErrorCode, Failure, Stage, TaskId, TaskState};

/// A plan is shown as it is, to the byte.
const PLAN: &str = r#"{"Z": 1.50, "A": [ ]}"#;

#[test]
fn a_plan_is_shown_as_it_is() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Running);
    let uri = format!("/v1/tasks/{id}/plan");
    let (status, code, message) = rig.ask("GET", &uri, "").refused();
    assert_eq!((status, code.as_str()), (404, "ResourceNotFound"));
    assert!(message.ends_with("it is Running"), "{message}");
    rig.change(id, |entry| entry.plan = Some(PLAN.into()));
    let got = rig.ask("GET", &uri, "");
    assert_eq!((got.status.as_u16(), got.text.as_str()), (200, PLAN));
    assert_eq!(got.headers["content-type"], "application/json");
    assert_eq!(rig.ask("GET", &format!("/v1/tasks/{}/plan", TaskId::new()), "").refused().0, 404);
}

#[test]
fn a_dry_run_answers_the_plan_and_keeps_nothing() {
    let rig = Rig::new();
    *rig.host.plan.lock().unwrap() = Ok(PLAN.into());
    let got = rig.ask("POST", "/v1/plan", REQUEST);
    assert_eq!((got.status.as_u16(), got.text.as_str()), (200, PLAN));
    assert!(rig.queue.tasks.lock().unwrap().is_empty());
    assert_eq!(rig.ask("POST", "/v1/plan", "[]").refused().0, 400);
}

#[test]
fn a_dry_run_says_that_the_task_would_fail() {
    let rig = Rig::new();
    let failure = Failure::new(ErrorCode::SourceNotFound, Stage::Probe, "oss://b/in.mov does not exist");
    *rig.host.plan.lock().unwrap() = Err(DryRunError::Failed(failure));
    let got = rig.ask("POST", "/v1/plan", REQUEST);
    let expected = (422, "SourceNotFound".to_owned(), "oss://b/in.mov does not exist".to_owned());
    assert_eq!(got.refused(), expected);
    assert_eq!((&got.json()["Error"]["Stage"], &got.json()["Error"]["Class"]), (&json!("Probe"), &json!("User")));
}

#[test]
fn too_many_dry_runs_are_told_to_come_back() {
    let got = Rig::new().ask("POST", "/v1/plan", REQUEST);
    let (status, code, _) = got.refused();
    assert_eq!((status, code.as_str()), (503, "ServiceBusy"));
    assert_eq!(got.headers["retry-after"], "1");
}
