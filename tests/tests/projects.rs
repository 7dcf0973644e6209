//! Projects of a service: whose objects a task reaches, and what workers say of sources.

use std::process::{Command, Output};

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, binary, clips, text};

const CONFIG: &str = r#"
projects_on_first_use = false
[projects.films]
buckets = [{ name = "test-bucket", key_prefix = "films/" }]
[projects.reads]
buckets = [{ name = "test-bucket", write = false }]
[projects.none]
buckets = []
[projects.all]
"#;

/// A world with the same clip in two folders.
fn world() -> World {
    let world = World::default();
    clips::put(&world, "small.mkv");
    for folder in ["films", "other"] {
        world.copy(&world.object("small.mkv"), &format!("{folder}/clip.mkv"));
    }
    world
}

/// A copy of one object into another.
fn copy(project: &str, from: &str, to: &str) -> Value {
    json!({"ProjectName": project, "Sources": [{"URI": format!("oss://test-bucket/{from}")}],
        "Targets": [{"URI": format!("oss://test-bucket/{to}"), "Container": "mkv"}], "Tags": {"where": "other"}})
}

/// The code and the message of what must be refused.
#[track_caller]
fn refused(said: (u16, Value)) -> (u16, String, String) {
    let (status, body) = said;
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    assert!(status >= 400, "{body:#}");
    (status, text("Code"), text("Message"))
}

#[test]
fn a_task_reaches_the_objects_of_its_project_and_no_others() {
    let world = world();
    world.put("films/list.m3u8", b"#EXTM3U\n#EXTINF:1,\n../other/clip.mkv\n#EXT-X-ENDLIST\n");
    let server = Server::start(&world, &Options { config: CONFIG, ..Options::default() });
    let done = server.success_of(&server.submit(&copy("films", "films/clip.mkv", "films/out.mkv")));
    assert_eq!(done["Targets"][0]["URI"], "oss://test-bucket/films/out.mkv");
    server.success_of(&server.submit(&copy("all", "other/clip.mkv", "films/all.mkv")));
    let submit = |request: &Value| refused(server.post("/v1/tasks", request));
    for (project, from, to, field, part) in [
        ("films", "other/clip.mkv", "films/a.mkv", "Sources[0].URI", "only keys that begin with `films/`"),
        ("films", "films/clip.mkv", "other/a.mkv", "Targets[0].URI", "only keys that begin with `films/`"),
        ("reads", "films/clip.mkv", "films/a.mkv", "Targets[0].URI", "is not configured for it"),
        ("none", "films/clip.mkv", "films/a.mkv", "Sources[0].URI", "this project has none"),
        ("nobody", "films/clip.mkv", "films/a.mkv", "ProjectName", "must name a project that exists"),
    ] {
        let (status, code, message) = submit(&copy(project, from, to));
        assert_eq!((status, code.as_str()), (400, "ResourceNotFound"), "{project}: {message}");
        assert!(message.contains(field) && message.contains(part), "{project}: {message}");
    }
    // What only the worker sees: a template that leads out of the project, and a playlist.
    let failed = |request: &Value| server.end_of(&server.submit(request))["Error"].clone();
    let error = failed(&copy("films", "films/clip.mkv", "{tags.where}/a.mkv"));
    assert_eq!((&error["Code"], &error["Stage"]), (&json!("OutputRefused"), &json!("Plan")), "{error:#}");
    let error = failed(&copy("films", "films/list.m3u8", "films/a.mkv"));
    assert_eq!((&error["Code"], &error["Stage"]), (&json!("SourceNotFound"), &json!("Probe")), "{error:#}");
    assert!(error["Message"].as_str().unwrap().contains("only keys that begin with `films/`"), "{error:#}");
    let made: Vec<_> = world.listing().into_iter().filter(|key| key.ends_with("/a.mkv")).collect();
    assert_eq!(made, Vec::<String>::new());
    // The same of a probe.
    let probe = |project: &str, key: &str| {
        server.post("/v1/probe", &json!({"ProjectName": project, "SourceURI": format!("oss://test-bucket/{key}")}))
    };
    let (status, said) = probe("reads", "other/clip.mkv");
    assert_eq!((status, &said["VideoStreams"][0]["Width"]), (200, &json!(320)), "{said:#}");
    assert_eq!(refused(probe("films", "other/clip.mkv")).1, "ResourceNotFound");
    assert_eq!(refused(probe("films", "films/list.m3u8")).1, "SourceNotFound");
    assert_eq!(refused(probe("films", "films/none.mkv")).1, "SourceNotFound");
    let (status, code, message) = refused(probe("nobody", "films/clip.mkv"));
    assert_eq!((status, code.as_str()), (400, "ResourceNotFound"), "{message}");
    assert_eq!(refused(server.delete("/v1/projects/films")).1, "ProjectInUse");
}

#[test]
fn projects_stay_when_the_service_is_started_again() {
    let world = world();
    let server = Server::start(&world, &Options { config: CONFIG, ..Options::default() });
    let names = |server: &Server| {
        let (_, said) = server.get("/v1/projects");
        let projects = said["Projects"].as_array().unwrap().iter();
        projects.map(|project| project["ProjectName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&server), ["all", "films", "none", "reads"]);
    let (_, before) = server.get("/v1/projects/films");
    drop(server);
    // Without the configuration they are projects as any other, and tasks make more.
    let server = Server::start(&world, &Options::default());
    server.success_of(&server.submit(&copy("new", "films/clip.mkv", "new.mkv")));
    assert_eq!(names(&server), ["all", "films", "new", "none", "reads"]);
    assert_eq!(server.get("/v1/projects/films").1["CreateTime"], before["CreateTime"]);
    for name in ["films", "new"] {
        assert_eq!(server.delete(&format!("/v1/projects/{name}")).0, 204);
    }
    assert_eq!(names(&server), ["all", "none", "reads"]);
}

#[test]
fn a_source_that_takes_its_worker_down_costs_the_answer_only() {
    let world = world();
    let asked = json!({"ProjectName": "p", "SourceURI": "oss://test-bucket/small.mkv"});
    for (misdeed, code) in [("hang", "TimeLimit"), ("segfault", "WorkerCrashed"), ("snoop", "")] {
        let options = Options { misdeed: Some(misdeed), config: "[workers]\nplan_seconds = 2\n", ..Options::default() };
        let server = Server::start(&world, &options);
        let (status, said) = server.post("/v1/probe", &asked);
        let expected = if code.is_empty() { 200 } else { 422 };
        assert_eq!((status, said["Code"].as_str().unwrap_or_default()), (expected, code), "{misdeed}: {said:#}");
        assert_eq!(server.get("/readyz").0, 200, "{misdeed}");
        assert!(server.get("/v1/projects").1["Projects"].as_array().unwrap().is_empty(), "a probe makes no project");
    }
}

#[test]
fn the_client_makes_projects_and_templates_that_tasks_begin_with() {
    let world = world();
    let server = Server::start(&world, &Options { config: CONFIG, ..Options::default() });
    let wasmux =
        |arguments: &[&str]| Command::new(binary()).args(arguments).args(["--server", &server.url]).output().unwrap();
    let says = |arguments: &[&str]| {
        let Output { status, stdout, stderr } = wasmux(arguments);
        assert!(status.success(), "{arguments:?}: {}", text(&stderr));
        text(&stdout)
    };
    let refuses = |arguments: &[&str]| {
        let output = wasmux(arguments);
        (output.status.code(), text(&output.stderr))
    };
    let put = ["project", "put", "news", "--description", "the evening", "--tag", "team=video", "--tag", "floor=2"];
    assert_eq!(says(&put), "news made\n");
    assert_eq!(says(&put), "news changed\n");
    let listed = says(&["project", "list"]);
    let names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["all", "films", "news", "none", "reads"]);
    assert!(listed.lines().any(|line| line.starts_with("news ") && line.ends_with("  the evening")), "{listed}");
    assert_eq!(says(&["project", "list", "--prefix", "n", "--json"]).matches("\"ProjectName\"").count(), 2);
    let shown: Value = serde_json::from_str(&says(&["project", "show", "news"])).unwrap();
    assert_eq!(shown["Tags"][1], json!({"TagKey": "team", "TagValue": "video"}), "{shown:#}");

    let file = world.folder().join("web.json");
    let file = file.to_str().unwrap();
    let write = |request: &Value| std::fs::write(file, request.to_string()).unwrap();
    write(&json!({"Targets": [{"URI": "oss://test-bucket/{barename}-web.mkv", "Container": "mkv"}]}));
    assert_eq!(says(&["template", "put", "news", "web", file]), "web of news made\n");
    assert_eq!(says(&["template", "put", "news", "web", file]), "web of news changed\n");
    assert!(says(&["template", "list", "news"]).starts_with("web "));
    let shown: Value = serde_json::from_str(&says(&["template", "show", "news", "web"])).unwrap();
    assert_eq!(shown["Targets"][0]["Container"], "mkv", "{shown:#}");
    let task = json!({"ProjectName": "news", "Template": "web", "Sources": [{"URI": "oss://test-bucket/small.mkv"}]});
    write(&task);
    assert!(says(&["submit", file]).starts_with("oss://test-bucket/small-web.mkv"));

    write(&json!({"Targets": [{"URI": "oss://test-bucket/a.mkv", "Container": "mkw"}]}));
    let (status, told) = refuses(&["template", "put", "news", "wrong", file]);
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("is refused, 1 fault:") && told.contains("Targets[0].Container"), "{told}");
    let (status, told) = refuses(&["project", "remove", "films"]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("the configuration names it [ProjectInUse]"), "{told}");
    let (status, told) = refuses(&["template", "show", "news", "none"]);
    assert!(status == Some(1) && told.contains("the project news has no template none"), "{told}");
    let (status, told) = refuses(&["project", "show", "no/such"]);
    assert!(status == Some(2) && told.contains("must be 1 to 128 characters"), "{told}");

    assert_eq!(says(&["template", "remove", "news", "web"]), "web removed from news\n");
    assert_eq!(says(&["template", "list", "news"]), "");
    assert_eq!(says(&["project", "remove", "news"]), "news removed\n");
    assert!(refuses(&["project", "show", "news"]).1.contains("there is no project news"));
}
