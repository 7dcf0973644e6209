use super::fakes::Rig;
use crate::task::TaskState;

#[test]
fn a_service_that_runs_no_tasks_is_not_ready() {
    let rig = Rig::new();
    assert_eq!(rig.ask("GET", "/readyz", "").json()["Status"], "ready");
    *rig.host.unready.lock().unwrap() = Some("no worker can be started".into());
    let (status, code, message) = rig.ask("GET", "/readyz", "").refused();
    assert_eq!((status, code.as_str(), message.as_str()), (503, "ServiceBusy", "no worker can be started"));
}

#[test]
fn metrics_count_answers_by_their_route_and_tasks_by_their_end() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Queued);
    rig.ask("POST", &format!("/v1/tasks/{id}/cancel"), "");
    rig.ask("BREW", "/v1/tasks", "");
    let got = rig.ask("GET", "/metrics", "");
    assert_eq!(got.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for part in [
        "wasmux_http_request_seconds_count{method=\"POST\",route=\"/v1/tasks/{id}/cancel\",status=\"200\"}",
        "wasmux_http_request_seconds_count{method=\"other\",route=\"/v1/tasks\",status=\"405\"}",
        "wasmux_queue_tasks{state=\"Running\"} 2",
        "wasmux_tasks_total{state=\"Failed\",code=\"Canceled\"}",
    ] {
        assert!(got.text.contains(part), "{part} is not in\n{}", got.text);
    }
    assert!(!got.text.contains(&id.to_string()));
}
