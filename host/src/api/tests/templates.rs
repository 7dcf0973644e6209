//! Templates: what tasks begin with.

use serde_json::{Value, json};

use super::fakes::Rig;
use crate::access::KeyConfig;

const PATH: &str = "/v1/projects/p/templates/web";

fn template() -> Value {
    json!({"Tags": {"from": "web", "kind": "a"}, "Priority": 3, "Targets": [
        {"URI": "oss://b/{barename}-720.mp4", "Container": "mp4", "Video": {"TranscodeVideo": {"Codec": "h264", "CRF": 23}}},
        {"URI": "oss://b/{barename}-360.mp4", "Container": "mp4", "Video": {"TranscodeVideo": {"Codec": "h264", "CRF": 28}}},
    ]})
}

/// A rig with the project and the template.
fn rig() -> Rig {
    let rig = Rig::strict();
    assert_eq!(rig.ask("PUT", "/v1/projects/p", "").status, 201);
    let made = rig.ask("PUT", PATH, template().to_string());
    assert_eq!(made.status, 201, "{}", made.text);
    rig
}

/// The request of the task that was submitted, as it is kept.
fn kept(rig: &Rig, request: &Value) -> Value {
    let got = rig.ask("POST", "/v1/tasks", request.to_string());
    assert_eq!(got.status, 201, "{}", got.text);
    let tasks = rig.queue.tasks.lock().unwrap();
    serde_json::from_str(&tasks.values().next_back().unwrap().request).unwrap()
}

fn with(more: &Value) -> Value {
    let mut request = json!({"ProjectName": "p", "Template": "web", "Sources": [{"URI": "oss://b/in.mov"}]});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

#[test]
fn are_made_shown_listed_and_removed() {
    let rig = rig();
    let shown = rig.ask("GET", PATH, "").json();
    assert_eq!(
        (&shown["TemplateName"], &shown["ProjectName"], &shown["Request"]),
        (&json!("web"), &json!("p"), &template())
    );
    let list = rig.ask("GET", "/v1/projects/p/templates", "").json();
    assert_eq!(list["Templates"].as_array().unwrap().len(), 1);
    assert!(list["Templates"][0].get("Request").is_none());
    assert_eq!(rig.ask("PUT", PATH, "{}").status, 200);
    assert_eq!(rig.ask("DELETE", PATH, "").status, 204);
    assert_eq!(rig.ask("DELETE", PATH, "").refused().0, 404);
    assert_eq!(rig.ask("GET", PATH, "").refused().0, 404);
    assert_eq!(rig.ask("PUT", "/v1/projects/none/templates/web", "{}").refused().1, "ResourceNotFound");
    assert_eq!(rig.ask("PUT", "/v1/projects/p/templates/a%20b", "{}").refused().0, 400);
}

#[test]
fn a_task_is_its_template_with_its_own_fields() {
    let rig = rig();
    let request = kept(&rig, &with(&json!({"Tags": {"kind": "b", "own": "c"}, "Priority": 5})));
    assert_eq!(request["Tags"], json!({"from": "web", "kind": "b", "own": "c"}));
    assert_eq!((&request["Priority"], &request["Targets"]), (&json!(5), &template()["Targets"]));
    assert!(request.get("Template").is_none() && request["Sources"][0]["URI"] == "oss://b/in.mov");
    let crf = |request: &Value, index: usize| request["Targets"][index]["Video"]["TranscodeVideo"]["CRF"].clone();
    let all = json!({"Overrides": {"Video": {"TranscodeVideo": {"CRF": 30}}, "StripMetadata": true}});
    let request = kept(&rig, &with(&all));
    assert_eq!((crf(&request, 0), crf(&request, 1)), (json!(30), json!(30)));
    assert_eq!(request["Targets"][1]["StripMetadata"], true);
    let second = json!({"Overrides": [null, {"Video": {"TranscodeVideo": {"CRF": 35}}}]});
    let request = kept(&rig, &with(&second));
    assert_eq!((crf(&request, 0), crf(&request, 1)), (json!(23), json!(35)));
    // Its own targets are all that there are.
    let own = json!({"Targets": [{"URI": "oss://b/own.mp4", "Container": "mp4"}]});
    assert_eq!(kept(&rig, &with(&own))["Targets"], own["Targets"]);
    // What is empty names no template.
    let plain = json!({"Template": "", "Targets": own["Targets"]});
    assert_eq!(rig.ask("POST", "/v1/tasks", with(&plain).to_string()).refused().0, 400);
}

#[test]
fn what_cannot_be_is_refused_with_its_field() {
    let rig = rig();
    for (body, field) in [
        (json!({"ProjectName": "p"}), "ProjectName"),
        (json!({"Template": "other"}), "Template"),
        (json!({"Targets": [{"URI": "oss://b/x.mp4", "Container": "exe"}]}), "Targets[0].Container"),
        (json!({"Colour": "red"}), "Colour"),
    ] {
        let got = rig.ask("PUT", PATH, body.to_string());
        assert_eq!((got.status.as_u16(), got.fields()), (400, vec![field.to_owned()]), "{body}");
    }
    assert_eq!(rig.ask("PUT", PATH, "[]").refused().1, "InvalidJSON");
    for (more, field, part) in [
        (json!({"Template": "none"}), "Template", "must name a template of the project p"),
        (json!({"Template": 7}), "Template", "must be a text"),
        (json!({"Template": "../x"}), "Template", "must be 1 to 128 characters"),
        (json!({"Overrides": "all"}), "Overrides", "must be an object, or an array"),
        (json!({"Overrides": [{}, {}, {}]}), "Overrides", "has 3 elements, and the template 2 targets"),
        (json!({"Overrides": [7]}), "Overrides[0]", "must be an object, or null"),
        (json!({"Overrides": {"Container": "exe"}}), "Targets[0].Container", "must be"),
    ] {
        let got = rig.ask("POST", "/v1/tasks", with(&more).to_string());
        assert_eq!(got.status, 400, "{more}: {}", got.text);
        assert!(got.fields().contains(&field.to_owned()), "{more}: {}", got.text);
        assert!(got.text.contains(part), "{more}: {}", got.text);
    }
    let dry = rig.ask("POST", "/v1/plan", with(&json!({"Template": "none"})).to_string());
    assert_eq!(dry.fields(), ["Template"]);
}

#[test]
fn are_for_those_who_have_the_project() {
    let key = |id: &str, projects: Option<Vec<String>>| KeyConfig {
        id: id.into(),
        secret: Some(format!("the secret of key {id}").as_str().into()),
        projects,
        ..KeyConfig::default()
    };
    let rig = Rig::for_keys(&[key("all", None), key("other", Some(vec!["q".into()]))]);
    let ask = |who: &str, method: &str, body: &str| {
        let request = axum::http::Request::builder().method(method).uri(PATH);
        let request = request.header("authorization", format!("Bearer the secret of key {who}"));
        rig.send(request.body(axum::body::Body::from(body.to_owned())).unwrap())
    };
    assert_eq!(ask("other", "PUT", "{}").refused().0, 403);
    assert_eq!(ask("other", "GET", "").refused().0, 403);
    assert_eq!(ask("all", "GET", "").refused().0, 404);
}
