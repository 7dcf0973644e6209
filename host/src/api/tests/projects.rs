use serde_json::{Value, json};

use super::fakes::{REQUEST, Rig};
use super::rpc::call;
use crate::access::{KeyConfig, Right};
use crate::task::{TaskId, TaskState};

fn done(rig: &Rig, action: &str, pairs: &[(&str, &str)]) -> Value {
    let got = call(rig, action, pairs);
    assert_eq!(got.status, 200, "{action}: {}", got.text);
    got.json()
}

fn refused(rig: &Rig, action: &str, pairs: &[(&str, &str)]) -> (u16, String) {
    let (status, code, _) = call(rig, action, pairs).refused();
    (status, code)
}

#[test]
fn are_made_shown_changed_and_removed_in_the_vendors_form() {
    let rig = Rig::strict();
    let p = ("ProjectName", "p");
    let made = done(
        &rig,
        "CreateProject",
        &[
            p,
            ("Description", "films"),
            ("ServiceRole", "role"),
            ("DatasetMaxBindCount", "7"),
            ("TemplateId", ""),
            ("Tag", r#"[{"Key":"a","Value":"b"},{"Key":"c"}]"#),
        ],
    );
    let expected = json!({
        "ProjectName": "p", "Description": "films", "ServiceRole": "role", "TemplateId": "",
        "CreateTime": "2026-01-31T08:00:00.000Z", "UpdateTime": "2026-01-31T08:00:00.000Z",
        "ProjectMaxDatasetCount": 1_000_000_000, "DatasetMaxBindCount": 7, "DatasetMaxFileCount": 100_000_000,
        "DatasetMaxEntityCount": 10_000_000_000_u64, "DatasetMaxRelationCount": 100_000_000_000_u64,
        "DatasetMaxTotalFileSize": 90_000_000_000_000_000_u64, "DatasetCount": 0, "FileCount": 0, "TotalFileSize": 0,
        "Tags": [{"TagKey": "a", "TagValue": "b"}, {"TagKey": "c", "TagValue": ""}],
    });
    assert_eq!(made["Project"], expected);
    assert_eq!(done(&rig, "GetProject", &[p, ("WithStatistics", "True")])["Project"], expected);
    assert_eq!(refused(&rig, "CreateProject", &[p]), (400, "ResourceAlreadyExists".into()));
    // What an SDK leaves out stays as it is; it sends unset lists as empty ones.
    let changed = done(&rig, "UpdateProject", &[p, ("Description", "more films"), ("Tag", "[]")]);
    let mut expected = expected;
    expected["Description"] = json!("more films");
    assert_eq!(changed["Project"], expected);
    assert_eq!(done(&rig, "ListProjects", &[("Tag", "[]")])["Projects"], json!([expected]));
    done(&rig, "DeleteProject", &[p]);
    for action in ["GetProject", "UpdateProject", "DeleteProject"] {
        assert_eq!(refused(&rig, action, &[p]), (400, "ResourceNotFound".into()), "{action}");
        assert_eq!(refused(&rig, action, &[]), (400, "MissingProjectName".into()), "{action}");
        assert_eq!(refused(&rig, action, &[("ProjectName", "a b")]), (400, "InvalidArgument".into()), "{action}");
    }
    // A picture on a web page could be this one.
    let (status, code, _) = rig.ask("GET", "/?Action=CreateProject&Version=2020-09-30&ProjectName=p", "").refused();
    assert_eq!((status, code.as_str()), (405, "UnsupportedHTTPMethod"));
}

#[test]
fn all_faults_of_a_project_are_told_at_once() {
    let rig = Rig::new();
    let long = "x".repeat(257);
    let got = call(
        &rig,
        "CreateProject",
        &[
            ("ProjectName", "a/b"),
            ("Description", &long),
            ("DatasetMaxBindCount", "11"),
            ("DatasetMaxFileCount", "many"),
            ("Tag", r#"[{"Key":"a"},{"Key":"a"}]"#),
            ("Owner", "me"),
        ],
    );
    let fields = got.fields();
    let expected = ["DatasetMaxBindCount", "DatasetMaxFileCount", "Description", "Owner", "ProjectName", "Tag"];
    assert_eq!((got.status.as_u16(), fields), (400, expected.map(str::to_owned).to_vec()));
    assert!(rig.queue.projects.lock().unwrap().is_empty());
    for wrong in [r#"[{"Key":""}]"#, r#"{"Key":"a"}"#, r#"[{"Key":"a","Other":"b"}]"#, r#"[{"Key":1}]"#] {
        assert_eq!(refused(&rig, "CreateProject", &[("ProjectName", "p"), ("Tag", wrong)]).0, 400, "{wrong}");
    }
    for wrong in [("MaxResults", "201"), ("NextToken", "a b"), ("Prefix", "/"), ("Status", "x")] {
        assert_eq!(refused(&rig, "ListProjects", &[wrong]), (400, "InvalidArgument".into()), "{wrong:?}");
    }
}

#[test]
fn have_routes_of_our_own() {
    let rig = Rig::strict();
    let put = |body: Value| rig.ask("PUT", "/v1/projects/p", body.to_string());
    let got = put(json!({"Description": "films", "DatasetMaxBindCount": 3, "Tag": [{"Key": "a", "Value": "b"}]}));
    let said = got.json();
    assert_eq!((got.status.as_u16(), &said["ProjectName"], &said["Description"]), (201, &json!("p"), &json!("films")));
    // A second one replaces all of it.
    let got = put(json!({"TemplateId": "t"}));
    let said = got.json();
    assert_eq!((got.status.as_u16(), &said["TemplateId"], &said["Description"]), (200, &json!("t"), &json!("")));
    assert_eq!((&said["DatasetMaxBindCount"], &said["Tags"]), (&json!(10), &json!([])));
    assert_eq!(rig.ask("PUT", "/v1/projects/q", "").status, 201);
    assert_eq!(rig.ask("GET", "/v1/projects/p", "").json()["TemplateId"], "t");
    let page = rig.ask("GET", "/v1/projects?MaxResults=1", "").json();
    assert_eq!((&page["Projects"][0]["ProjectName"], &page["NextToken"]), (&json!("p"), &json!("p")));
    let page = rig.ask("GET", "/v1/projects?MaxResults=0&NextToken=p", "").json();
    assert_eq!((page["Projects"].as_array().unwrap().len(), &page["NextToken"]), (1, &json!("")));
    assert_eq!(page["Projects"][0]["ProjectName"], "q");
    for wrong in
        [json!([]), json!({"Description": 1}), json!({"DatasetMaxBindCount": "3"}), json!({"ProjectName": "p"})]
    {
        let (status, _, message) = put(wrong.clone()).refused();
        assert_eq!(status, 400, "{wrong}: {message}");
    }
    assert_eq!(rig.ask("PUT", "/v1/projects/p", "{").refused().1, "InvalidJSON");
    assert_eq!(rig.ask("PUT", "/v1/projects/a%20b", "").refused().0, 400);
    assert_eq!(rig.ask("DELETE", "/v1/projects/p", "").status, 204);
    assert_eq!(rig.ask("DELETE", "/v1/projects/p", "").refused().0, 404);
    assert_eq!(rig.ask("GET", "/v1/projects/p", "").refused().1, "ResourceNotFound");
}

#[test]
fn stay_while_tasks_run_or_the_configuration_names_them() {
    let rig = Rig::new();
    assert_eq!(rig.ask("POST", "/v1/tasks", REQUEST).status, 201);
    assert!(rig.queue.projects.lock().unwrap().contains_key("p"), "its first task makes it");
    let (status, code, message) = rig.ask("DELETE", "/v1/projects/p", "").refused();
    assert_eq!((status, code.as_str()), (409, "ProjectInUse"));
    assert!(message.contains("MediaConvert-"), "{message}");
    assert_eq!(refused(&rig, "DeleteProject", &[("ProjectName", "p")]), (409, "ProjectInUse".into()));
    let ids: Vec<TaskId> = rig.queue.tasks.lock().unwrap().keys().copied().collect();
    for id in ids {
        rig.change(id, |entry| entry.record.state = TaskState::Succeeded);
    }
    assert_eq!(rig.ask("DELETE", "/v1/projects/p", "").status, 204);
    rig.ask("PUT", "/v1/projects/configured", "");
    let (status, _, message) = rig.ask("DELETE", "/v1/projects/configured", "").refused();
    assert!(status == 409 && message.ends_with("the configuration names it"), "{message}");
}

#[test]
fn an_unknown_one_takes_no_task_unless_tasks_make_them() {
    let rig = Rig::strict();
    let ours = [("POST", "/v1/tasks", REQUEST), ("POST", "/v1/plan", REQUEST), ("GET", "/v1/tasks?ProjectName=p", "")];
    for (method, uri, body) in ours {
        let got = rig.ask(method, uri, body);
        let (status, code, message) = got.refused();
        assert_eq!((status, code.as_str()), (400, "ResourceNotFound"), "{uri}");
        assert_eq!(message, "ProjectName must name a project that exists (found \"p\")");
        assert_eq!(got.json()["Faults"][0]["Field"], "ProjectName");
    }
    assert!(rig.woken() == 0 && rig.queue.tasks.lock().unwrap().is_empty());
    assert_eq!(refused(&rig, "ListTasks", &[("ProjectName", "p")]), (400, "ResourceNotFound".into()));
    let probe = [("ProjectName", "p"), ("SourceURI", "oss://b/a.mp4")];
    assert_eq!(refused(&rig, "DetectMediaMeta", &probe), (400, "ResourceNotFound".into()));
    assert!(rig.host.described.lock().unwrap().is_none());
    rig.ask("PUT", "/v1/projects/p", "");
    assert_eq!(rig.ask("POST", "/v1/tasks", REQUEST).status, 201);
    assert_eq!(rig.ask("GET", "/v1/tasks?ProjectName=p", "").status, 200);
    // Where tasks make projects, asking does not.
    let rig = Rig::new();
    assert_eq!(rig.ask("GET", "/v1/tasks?ProjectName=p", "").status, 200);
    assert!(rig.queue.projects.lock().unwrap().is_empty());
}

#[test]
fn a_key_has_only_its_own() {
    let key = |id: &str, secret: &str, projects: Option<&[&str]>, rights: Option<Vec<Right>>| KeyConfig {
        id: id.into(),
        secret: Some(secret.into()),
        projects: projects.map(|projects| projects.iter().map(|project| (*project).into()).collect()),
        rights,
        ..KeyConfig::default()
    };
    let rig = Rig::for_keys(&[
        key("all", "secret of all projects", None, None),
        key("some", "secret of some projects", Some(&["p", "q"]), None),
    ]);
    let ask = |secret: &str, method: &str, uri: &str| {
        let request = axum::http::Request::builder().method(method).uri(uri);
        rig.send(request.header("authorization", format!("Bearer {secret}")).body("".into()).unwrap())
    };
    for name in ["p", "other"] {
        assert_eq!(ask("secret of all projects", "PUT", &format!("/v1/projects/{name}")).status, 201);
    }
    assert_eq!(ask("secret of some projects", "PUT", "/v1/projects/q").status, 201);
    for (method, uri) in [("GET", "other"), ("PUT", "other"), ("DELETE", "other"), ("PUT", "new")] {
        let (status, code, _) = ask("secret of some projects", method, &format!("/v1/projects/{uri}")).refused();
        assert_eq!((status, code.as_str()), (403, "Forbidden"), "{method} {uri}");
    }
    let names = |secret: &str| {
        let said = ask(secret, "GET", "/v1/projects").json();
        let projects = said["Projects"].as_array().unwrap().iter();
        projects.map(|project| project["ProjectName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("secret of all projects"), ["other", "p", "q"]);
    assert_eq!(names("secret of some projects"), ["p", "q"]);
}
