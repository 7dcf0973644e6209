//! The document of the API is true: real answers have the shapes that it says, and a program that makes up requests from it
//! (schemathesis, which `scripts/setup-python.sh` installs) meets no failure of the server and no answer of another shape.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::fs;
use std::process::Command;

use jsonschema::Validator;
use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, clips, request, target, text, workspace};

fn world() -> World {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    world
}

fn small(name: &str) -> Value {
    let video = json!({"TranscodeVideo": {"Codec": "h264", "Preset": "fast", "Resolution": "64x36"}});
    request(
        "bigbuckbunny.mp4",
        &json!({"URI": format!("oss://test-bucket/{name}"), "Container": "mp4", "Audio": {}, "Video": video}),
    )
}

/// What judges values of a schema of the document.
fn of(document: &Value, schema: &Value) -> Validator {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    jsonschema::validator_for(&whole).unwrap()
}

/// What judges the answers of an operation with this status.
fn answers(document: &Value, path: &str, method: &str, status: &str) -> Validator {
    let answer = &document["paths"][path][method]["responses"][status];
    assert!(answer.is_object(), "{method} {path} {status}");
    of(document, &answer["content"]["application/json"]["schema"])
}

fn assert_valid(validator: &Validator, value: &Value) {
    let errors: Vec<_> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

#[test]
fn real_answers_have_the_shapes_of_the_document() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let (status, document) = server.get("/v1/openapi.json");
    assert_eq!(status, 200);
    let good = |path: &str, method: &str, status: &str, value: &Value| {
        assert_valid(&answers(&document, path, method, status), value);
    };

    let mut told = small("out.mp4");
    told["Notification"] = json!({"MNS": {"TopicName": "done"}});
    let (_, submitted) = server.post("/v1/tasks", &told);
    good("/v1/tasks", "post", "201", &submitted);
    let id = submitted["TaskId"].as_str().unwrap();
    server.success_of(id);
    good("/v1/tasks/{id}", "get", "200", &server.task(id));
    good("/v1/tasks/{id}/plan", "get", "200", &server.get(&format!("/v1/tasks/{id}/plan")).1);
    let missing = serde_json::from_str(&small("gone.mp4").to_string().replace("bigbuckbunny", "nothing")).unwrap();
    let failed = server.submit(&missing);
    good("/v1/tasks/{id}", "get", "200", &server.end_of(&failed));
    good("/v1/tasks/{id}/retry", "post", "201", &server.post(&format!("/v1/tasks/{failed}/retry"), &json!(null)).1);
    good("/v1/tasks", "get", "200", &server.get("/v1/tasks").1);
    let (status, canceled) =
        server.post(&format!("/v1/tasks/{}/cancel", server.submit(&small("stopped.mp4"))), &json!(null));
    assert_eq!(status, 200, "{canceled:#}");
    good("/v1/tasks/{id}/cancel", "post", "200", &canceled);
    good("/v1/tasks", "post", "400", &server.post("/v1/tasks", &json!({"Sources": []})).1);
    good("/v1/tasks/{id}", "get", "404", &server.get("/v1/tasks/nothing").1);
    good("/v1/plan", "post", "422", &server.post("/v1/plan", &missing).1);
    let source = json!({"ProjectName": "test-project", "SourceURI": "oss://test-bucket/bigbuckbunny.mp4"});
    good("/v1/probe", "post", "200", &server.post("/v1/probe", &source).1);
    good("/v1/projects", "get", "200", &server.get("/v1/projects").1);
    good("/v1/projects/{name}", "get", "200", &server.get("/v1/projects/test-project").1);
    let vignette = fs::read(target().join("wasm32-unknown-unknown/release/vignette.wasm")).unwrap();
    let (status, published) = server.put("/v1/plugins/vignette/0.1.0", &vignette);
    assert!([200, 201].contains(&status), "{published:#}");
    good("/v1/plugins/{name}/{version}", "put", "201", &published);
    good("/v1/plugins/{name}/{version}", "get", "200", &server.get("/v1/plugins/vignette/0.1.0").1);
    good("/healthz", "get", "200", &server.get("/healthz").1);
    // A document that admits anything would say nothing.
    let task = answers(&document, "/v1/tasks/{id}", "get", "200");
    let mut wrong = server.task(id);
    wrong["Progress"] = json!("half");
    assert!(!task.is_valid(&wrong));
    wrong.as_object_mut().unwrap().remove("Progress");
    assert!(!task.is_valid(&wrong));
}

#[test]
fn every_request_that_is_taken_has_the_shape_of_the_document() {
    let server = Server::start(&World::default(), &Options::default());
    let document = server.get("/v1/openapi.json").1;
    let shape = of(&document, &json!({"$ref": "#/components/schemas/Request"}));
    let (mut taken, mut refused) = (0, 0);
    for folder in ["tests/flows", "tests/compare"] {
        for case in fs::read_dir(workspace().join(folder)).unwrap() {
            let case = case.unwrap().path();
            let Ok(text) = fs::read_to_string(case.join("request.json")) else { continue };
            let request: Value = serde_json::from_str(&text).unwrap();
            let expected = fs::read_to_string(case.join("expect.json")).unwrap_or_default();
            // What is refused at submission may have any shape.
            let exit = serde_json::from_str::<Value>(&expected).unwrap_or_default()["Exit"].clone();
            if exit == 2 {
                refused += usize::from(!shape.is_valid(&request));
                continue;
            }
            let errors: Vec<_> =
                shape.iter_errors(&request).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", case.display());
            taken += 1;
        }
    }
    assert!(taken > 80, "{taken}");
    println!("{taken} taken, {refused} refused by their shape");
    assert!(
        !shape.is_valid(
            &json!({"ProjectName": "p", "Sources": [{"URI": "oss://b/a"}], "Targets": [{"Container": "exe"}]})
        )
    );
}

/// The document with names of what is there where a path wants one: every other made-up request meets something.
fn with_names(document: &Value, names: &[(&str, &str, Vec<String>)]) -> Value {
    let mut document = document.clone();
    let mut named = 0;
    for (path, operations) in document["paths"].as_object_mut().unwrap() {
        for operation in operations.as_object_mut().unwrap().values_mut() {
            let parameters = operation["parameters"].as_array_mut().unwrap().iter_mut();
            for parameter in parameters.filter(|parameter| parameter["in"] == "path") {
                let known = names.iter().find(|(begin, name, _)| path.starts_with(begin) && parameter["name"] == *name);
                let (_, _, values) = known.unwrap_or_else(|| panic!("{path}: {parameter:#}"));
                parameter["schema"] = json!({"anyOf": [{"type": "string", "enum": values}, parameter["schema"]]});
                named += 1;
            }
        }
    }
    assert!(named > 10, "{named}");
    document
}

#[test]
fn made_up_requests_meet_no_failure_and_no_answer_of_another_shape() {
    let program = target().join("languages/schemathesis/bin/schemathesis");
    assert!(program.exists(), "{} is missing: run `make test` once, or scripts/setup-python.sh", program.display());
    let world = world();
    let server = Server::start(&world, &Options::default());
    // Tasks in all states, some of which requests will cancel, retry and remove.
    let mut tasks: Vec<_> = (0..3).map(|number| server.submit(&small(&format!("{number}.mp4")))).collect();
    let missing = serde_json::from_str(&small("gone.mp4").to_string().replace("bigbuckbunny", "nothing")).unwrap();
    tasks.extend((0..3).map(|_| server.submit(&missing)));
    for task in &tasks {
        server.end_of(task);
    }
    let ended = tasks.clone();
    let mut slow = small("slow.mp4");
    slow["Targets"][0]["Video"]["TranscodeVideo"] =
        json!({"Codec": "h264", "Preset": "slow", "Resolution": "1920x1080"});
    tasks.extend((0..4).map(|_| server.submit(&slow)));
    let template = br#"{"Targets": [{"URI": "oss://test-bucket/t.mp4", "Container": "mp4"}]}"#;
    assert_eq!(server.put("/v1/projects/test-project/templates/web", template).0, 201);
    let names = [
        // Those of a task that runs would be read until its end.
        ("/v1/tasks/{id}/events", "id", ended),
        ("/v1/tasks/", "id", tasks),
        ("/v1/projects/", "name", vec!["test-project".to_owned(), "other".to_owned()]),
        ("/v1/projects/", "template", vec!["web".to_owned(), "new".to_owned()]),
        ("/v1/plugins/", "name", vec!["watermark".to_owned()]),
        ("/v1/plugins/", "version", vec!["0.1.0".to_owned()]),
    ];
    let document = with_names(&server.get("/v1/openapi.json").1, &names);
    drop(server);
    let config = "[[keys]]\nid = \"a\"\nsecret = \"secret of made up requests\"\n";
    let server = Server::start(&world, &Options { config, ..Options::default() });
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("openapi.json"), document.to_string()).unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder.path()).args(["run", "openapi.json", "--url", &server.url]);
    command.args(["--header", "Authorization: Bearer secret of made up requests"]);
    command.args([
        "--checks",
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
    ]);
    command.args(["--max-examples", "25", "--seed", "1", "--workers", "1", "--request-timeout", "30", "--no-color"]);
    // It makes no components.
    command.args(["--exclude-operation-id", "publishPlugin"]);
    command.args(["--generation-database", "none", "--phases", "examples,coverage,fuzzing"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("No issues found") || said.contains("passed"), "{said}");
    // The server is as it was, and was met where it has something.
    assert_eq!(server.get("/readyz").0, 200);
    drop(server);
    let server = Server::start(&world, &Options::default());
    let (_, after) = server.get("/v1/tasks?MaxResults=100");
    let states: Vec<_> =
        after["Tasks"].as_array().unwrap().iter().map(|task| task["State"].as_str().unwrap()).collect();
    assert!(states.len() != 10 || states.contains(&"Canceled"), "no task was met: {states:?}");
}
