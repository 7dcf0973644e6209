use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Request;

use super::fakes::{REQUEST, Rig};
use crate::task::{TaskId, TaskState};

#[test]
fn unknown_routes_and_methods_are_named() {
    let rig = Rig::new();
    let (status, code, message) = rig.ask("GET", "/v2/tasks?x=1", "").refused();
    assert_eq!((status, code.as_str()), (404, "ResourceNotFound"));
    assert_eq!(message, "there is no route GET /v2/tasks");
    assert_eq!(rig.ask("POST", "/v1", "").refused().0, 404);
    let got = rig.ask("PUT", "/v1/tasks", "");
    let (status, code, _) = got.refused();
    assert_eq!((status, code.as_str()), (405, "MethodNotAllowed"));
    assert_eq!(got.headers["allow"], "GET,HEAD,POST");
    let got = rig.ask("GET", "/v1/plan", "");
    assert_eq!((got.refused().0, &got.headers["allow"]), (405, &"POST".parse().unwrap()));
}

#[test]
fn an_id_of_another_form_says_the_form() {
    let rig = Rig::new();
    for wrong in ["x", "MediaConvert-1", "..%2F..%2Fetc%2Fpasswd", "%ff", &"x".repeat(5000)] {
        let (status, code, message) = rig.ask("GET", &format!("/v1/tasks/{wrong}"), "").refused();
        assert_eq!((status, code.as_str()), (404, "ResourceNotFound"));
        assert!(message.ends_with("must have the form MediaConvert-<uuid>") && message.len() < 300, "{message}");
    }
    let id = TaskId::new();
    let (status, _, message) = rig.ask("GET", &format!("/v1/tasks/{id}"), "").refused();
    assert_eq!((status, message), (404, format!("there is no task {id}")));
}

#[test]
fn parameters_that_would_do_nothing_are_refused() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Running);
    for (method, uri) in [
        ("POST", "/v1/tasks?Wait=true".to_owned()),
        ("POST", "/v1/plan?x=".to_owned()),
        ("GET", format!("/v1/tasks/{id}?RequestDefinition=1")),
        ("GET", format!("/v1/tasks/{id}?Requestdefinition=true")),
        ("GET", format!("/v1/tasks/{id}/plan?x=1")),
        ("POST", format!("/v1/tasks/{id}/cancel?force=1")),
        ("DELETE", format!("/v1/tasks/{id}?force=1")),
    ] {
        let (status, code, _) = rig.ask(method, &uri, REQUEST).refused();
        assert_eq!((status, code.as_str()), (400, "InvalidArgument"), "{method} {uri}");
    }
}

#[test]
fn long_bodies_are_refused_whatever_they_announce() {
    let rig = Rig::new();
    let long = vec![b' '; (1 << 20) + 1];
    let (status, code, message) = rig.ask("POST", "/v1/tasks", long.clone()).refused();
    assert_eq!((status, code.as_str()), (413, "LimitExceededError"), "{message}");
    // Announced shorter, and longer, than it is.
    let request = |length: &str, body: Vec<u8>| {
        Request::builder().method("POST").uri("/v1/plan").header("content-length", length).body(Body::from(body))
    };
    assert_eq!(rig.send(request("5", long).unwrap()).refused().0, 413);
    assert_eq!(rig.send(request("99999999999", Vec::new()).unwrap()).refused().0, 413);
    let exact = format!("{REQUEST}{}", " ".repeat((1 << 20) - REQUEST.len()));
    assert_eq!(rig.ask("POST", "/v1/tasks", exact).status, 201);
}

#[test]
fn what_the_database_says_is_not_told() {
    let rig = Rig::new();
    let id = rig.put(TaskState::Running);
    rig.queue.broken.store(true, Ordering::Relaxed);
    for (method, uri) in [("POST", "/v1/tasks".to_owned()), ("GET", format!("/v1/tasks/{id}"))] {
        let got = rig.ask(method, &uri, REQUEST);
        let (status, code, _) = got.refused();
        assert_eq!((status, code.as_str()), (500, "InternalError"));
        assert!(!got.text.contains("secret"), "{}", got.text);
    }
    assert_eq!(rig.woken(), 0);
}

#[test]
fn a_panic_is_an_internal_error() {
    let rig = Rig::new();
    let plugins = rig.ask("GET", "/v1/plugins", "").json();
    assert_eq!(plugins["Plugins"], serde_json::json!([{"Name": "watermark"}]));
    rig.host.panics.store(true, Ordering::Relaxed);
    let got = rig.ask("GET", "/v1/plugins", "");
    let (status, code, _) = got.refused();
    assert_eq!((status, code.as_str()), (500, "InternalError"));
    assert!(!got.text.contains("secret"), "{}", got.text);
}

#[test]
fn a_web_page_submits_nothing() {
    let rig = Rig::new();
    let request = Request::builder().method("POST").uri("/v1/tasks").header("origin", "http://example.com");
    let got = rig.send(request.body(Body::from(REQUEST)).unwrap());
    assert_eq!((got.refused().0, got.refused().1.as_str()), (403, "Forbidden"));
}
