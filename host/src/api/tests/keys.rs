use axum::body::Body;
use axum::http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::fakes::{Got, REQUEST, Rig};
use crate::access::{KeyConfig, Right, sign};
use crate::api::RateConfig;
use crate::task::TaskState;

const ALL: &str = "secret of a key for all";
const READ: &str = "secret of a key that reads";
/// Of a key with all rights for one project, which is not that of the fakes' tasks.
const OTHER: &str = "secret of another project";
const MINE: &str = "secret of the project p";

fn rig() -> Rig {
    let key = |id: &str, secret: &str, project: Option<&str>| KeyConfig {
        id: id.into(),
        secret: Some(secret.into()),
        projects: project.map(|project| vec![project.into()]),
        ..KeyConfig::default()
    };
    let mut read = key("read", READ, None);
    read.rights = Some(vec![Right::Read]);
    let mut temporary = key("STS.1", "secret of a temporary key", None);
    temporary.token = Some("token".into());
    Rig::for_keys(&[
        key("all", ALL, None),
        read,
        key("other", OTHER, Some("other")),
        key("mine", MINE, Some("p")),
        temporary,
    ])
}

fn ask(rig: &Rig, secret: &str, method: &str, uri: &str, body: &'static str) -> Got {
    let request = Request::builder().method(method).uri(uri).header("authorization", format!("Bearer {secret}"));
    rig.send(request.body(Body::from(body)).unwrap())
}

/// Each route with a method that it has, and the right that it needs.
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "/v1/tasks", "submit"),
    ("GET", "/v1/tasks", "read"),
    ("GET", "/v1/tasks/{id}", "read"),
    ("DELETE", "/v1/tasks/{id}", "admin"),
    ("GET", "/v1/tasks/{id}/plan", "read"),
    ("POST", "/v1/tasks/{id}/cancel", "submit"),
    ("POST", "/v1/plan", "submit"),
    ("POST", "/v1/probe", "submit"),
    ("GET", "/v1/projects", "read"),
    ("GET", "/v1/projects/p", "read"),
    ("PUT", "/v1/projects/p", "admin"),
    ("DELETE", "/v1/projects/p", "admin"),
    ("GET", "/v1/plugins", "read"),
    ("GET", "/v1/plugins/x/1.0.0", "read"),
    ("PUT", "/v1/plugins/x/1.0.0", "admin"),
    ("DELETE", "/v1/plugins/x/1.0.0", "admin"),
];

#[test]
fn no_route_is_open() {
    let rig = rig();
    let id = rig.put(TaskState::Running).to_string();
    for (method, uri, right) in ROUTES {
        let uri = uri.replace("{id}", &id);
        let (status, code, _) = rig.ask(method, &uri, "").refused();
        assert_eq!((status, code.as_str()), (401, "Unauthorized"), "{method} {uri}");
        let got = ask(&rig, "secret of nobody at all", method, &uri, "");
        assert_eq!((got.refused().0, &got.headers["www-authenticate"]), (401, &"Bearer".parse().unwrap()));
        let temporary = ask(&rig, "secret of a temporary key", method, &uri, "").refused();
        assert!(temporary.0 == 401 && temporary.2.contains("x-acs-security-token"), "{temporary:?}");
        let got = ask(&rig, READ, method, &uri, "");
        let message = format!("this key has not the right `{right}`");
        assert_eq!(got.text.contains(&message), *right != "read", "{method} {uri}: {}", got.text);
        assert!(![401, 403].contains(&ask(&rig, ALL, method, &uri, "").status.as_u16()), "{method} {uri}");
    }
}

#[test]
fn a_key_of_a_project_sees_only_that() {
    let rig = rig();
    let id = rig.put(TaskState::Running).to_string();
    for (method, uri) in ROUTES.iter().filter(|(_, uri, _)| uri.contains("{id}")).map(|(method, uri, _)| (method, uri))
    {
        let uri = uri.replace("{id}", &id);
        let (status, code, message) = ask(&rig, OTHER, method, &uri, "").refused();
        assert_eq!((status, code.as_str()), (404, "ResourceNotFound"), "{method} {uri}");
        assert_eq!(message, format!("there is no task {id}"));
    }
    assert_eq!(ask(&rig, MINE, "GET", &format!("/v1/tasks/{id}"), "").status, 200);
    for uri in ["/v1/tasks", "/v1/plan"] {
        let (status, code, message) = ask(&rig, OTHER, "POST", uri, REQUEST).refused();
        assert_eq!((status, code.as_str(), message.as_str()), (403, "Forbidden", "this key is not for the project p"));
        // Its faults would tell what the project has.
        let faulty = r#"{"ProjectName":"p","Sources":[{"URI":"oss://b/in.mov"}],"Targets":[{"Container":"x"}]}"#;
        assert_eq!(ask(&rig, OTHER, "POST", uri, faulty).refused().0, 403);
        assert_eq!(ask(&rig, MINE, "POST", uri, faulty).refused().0, 400);
    }
    assert_eq!((ask(&rig, MINE, "POST", "/v1/tasks", REQUEST).status.as_u16(), rig.woken()), (201, 1));
    let listed = |secret, uri| {
        assert_eq!(ask(&rig, secret, "GET", uri, "").status, 200);
        rig.queue.listed.lock().unwrap().take().unwrap().filter.projects
    };
    assert_eq!(listed(OTHER, "/v1/tasks"), ["other"]);
    assert_eq!(listed(OTHER, "/v1/tasks?ProjectName=other"), ["other"]);
    assert!(listed(ALL, "/v1/tasks").is_empty());
    assert_eq!(ask(&rig, OTHER, "GET", "/v1/tasks?ProjectName=p", "").refused().0, 403);
    // Plugins are those of all projects.
    for method in ["PUT", "DELETE"] {
        assert_eq!(ask(&rig, MINE, method, "/v1/plugins/x/1.0.0", "").refused().0, 403);
    }
}

#[test]
fn who_watches_learns_only_whether_it_works() {
    let rig = rig();
    let told = rig.ask("GET", "/healthz", "").json();
    assert_eq!((told.as_object().unwrap().len(), &told["Status"]), (2, &json!("ok")));
    assert!(ask(&rig, READ, "GET", "/healthz", "").json().get("Queue").is_some());
    assert!(Rig::new().ask("GET", "/healthz", "").json().get("Queue").is_some());
}

fn target(pairs: &[(String, String)]) -> String {
    let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    format!("/?{}", pairs.join("&"))
}

#[test]
fn the_vendors_form_must_be_signed() {
    let rig = rig();
    let list = [("Action", "ListTasks"), ("Version", "2020-09-30"), ("ProjectName", "p")];
    let unsigned: Vec<_> = list.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    for method in ["GET", "POST"] {
        assert_eq!(rig.ask(method, &target(&unsigned), "").refused().1, "MissingAccessKeyId");
        // Bearers are for the other form.
        assert_eq!(ask(&rig, ALL, method, &target(&unsigned), "").refused().1, "IncompleteSignature");
    }
    let signed = |key, secret, nonce| rig.ask("POST", &target(&sign("POST", key, secret, nonce, &list)), "");
    assert_eq!(signed("all", ALL, "1").status, 200);
    let refused = |key, secret, nonce| {
        let (status, code, _) = signed(key, secret, nonce).refused();
        (status, code)
    };
    assert_eq!(refused("all", ALL, "1"), (400, "SignatureNonceUsed".into()));
    assert_eq!(refused("all", READ, "2"), (403, "SignatureDoesNotMatch".into()));
    assert_eq!(refused("nobody", ALL, "3"), (404, "InvalidAccessKeyId.NotFound".into()));
    assert_eq!(refused("other", OTHER, "4"), (403, "Forbidden".into()));
    assert_eq!(refused("STS.1", "secret of a temporary key", "5"), (400, "MissingSecurityToken".into()));
    let with = |token| {
        let list = [list.as_slice(), &[("SecurityToken", token)]].concat();
        rig.ask("POST", &target(&sign("POST", "STS.1", "secret of a temporary key", "6", &list)), "")
    };
    assert_eq!(with("tokem").refused().1, "InvalidSecurityToken");
    assert_eq!(with("token").status, 200);
    // The older signature does not cover headers: they must not say what is done.
    let request = Request::post(target(&sign("POST", "all", ALL, "7", &list))).header("x-acs-action", "Nothing");
    assert_eq!(rig.send(request.body(Body::empty()).unwrap()).status, 200);
}

#[test]
fn rights_count_in_the_vendors_form() {
    let rig = rig();
    let submission = [
        ("Action", "CreateMediaConvertTask"),
        ("Version", "2020-09-30"),
        ("ProjectName", "p"),
        ("Sources", r#"[{"URI":"oss://b/in.mov"}]"#),
        ("Targets", r#"[{"URI":"oss://b/out.mp4","Container":"mp4"}]"#),
    ];
    let submit = |method, key, secret| rig.ask(method, &target(&sign(method, key, secret, "1", &submission)), "");
    assert_eq!(submit("POST", "read", READ).refused().2, "this key has not the right `submit`");
    assert_eq!(submit("POST", "other", OTHER).refused().2, "this key is not for the project p");
    assert_eq!(rig.woken(), 0);
    // No page can sign.
    assert_eq!((submit("GET", "all", ALL).status.as_u16(), rig.woken()), (200, 1));
    let id = rig.put(TaskState::Running).to_string();
    let task = [
        ("Action", "GetTask"),
        ("Version", "2020-09-30"),
        ("ProjectName", "p"),
        ("TaskType", "MediaConvert"),
        ("TaskId", &id),
    ];
    let show = |key, secret| rig.ask("POST", &target(&sign("POST", key, secret, "2", &task)), "");
    assert_eq!(
        (show("read", READ).status.as_u16(), show("other", OTHER).refused().1.as_str()),
        (200, "ResourceNotFound")
    );
}

#[test]
fn a_key_that_sends_too_much_waits() {
    let (_, _, api) = Rig::api();
    let rig = Rig { router: api.with_rates(&RateConfig { per_second: 1, burst: 2 }).router(), ..Rig::new() };
    assert_eq!([rig.ask("GET", "/v1/tasks", "").status, rig.ask("GET", "/v1/tasks", "").status], [200, 200]);
    let got = rig.ask("GET", "/v1/tasks", "");
    let (status, code, _) = got.refused();
    assert_eq!((status, code.as_str()), (429, "Throttling.User"));
    assert_eq!(got.headers["retry-after"], "1");
    let vendor = rig.ask("POST", "/?Action=ListTasks&Version=2020-09-30&ProjectName=p", "");
    assert_eq!(vendor.refused().1, "Throttling.User");
    assert_eq!(rig.ask("GET", "/healthz", "").status, 200, "whoever watches the service is always answered");
}
