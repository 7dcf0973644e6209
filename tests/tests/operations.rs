//! What those who run the service rely on: its configuration, health, metrics and logs, and what packages install.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, binary, clips, request, text, workspace};

fn wasmux(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(binary()).args(arguments).envs(variables.iter().copied()).output().unwrap()
}

fn target(name: &str) -> Value {
    let video = json!({"Codec": "h264", "Preset": "fast", "Resolution": "320x180"});
    json!({"URI": format!("oss://test-bucket/{name}"), "Container": "mp4", "Video": {"TranscodeVideo": video},
        "Audio": {"DisableAudio": true}})
}

/// The names of metrics in an expression of Prometheus.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("wasmux_"))
}

#[test]
fn metrics_have_what_the_dashboard_and_the_document_name() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    let server = Server::start(&world, &Options::default());
    server.success_of(&server.submit(&request("bigbuckbunny.mp4", &target("out.mp4"))));
    let missing = request("bigbuckbunny.mp4", &target("gone.mp4")).to_string().replace("bigbuckbunny", "nothing");
    server.end_of(&server.submit(&serde_json::from_str(&missing).unwrap()));
    assert_eq!(server.get("/readyz").0, 200);
    let (status, metrics) = server.get("/metrics");
    let metrics = metrics.as_str().unwrap();
    assert_eq!(status, 200);
    for part in [
        "wasmux_tasks_total{state=\"Succeeded\",code=\"\"} 1\n",
        "wasmux_tasks_total{state=\"Failed\",code=\"SourceNotFound\"} 1\n",
        "wasmux_frames_encoded_total 132\n",
        "wasmux_step_seconds_count{step=\"commit\"} 1\n",
        "wasmux_step_seconds_count{step=\"wait\"} 2\n",
        "wasmux_queue_tasks{state=\"Queued\"} 0\n",
        "route=\"/v1/tasks/{id}\",status=\"200\"",
    ] {
        assert!(metrics.contains(part), "{part} is not in\n{metrics}");
    }
    let dashboard: Value =
        serde_json::from_str(&fs::read_to_string(workspace().join("packaging/grafana.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let expressions: Vec<_> = panels
        .flat_map(|panel| panel["targets"].as_array().unwrap())
        .map(|target| target["expr"].as_str().unwrap())
        .collect();
    let document = fs::read_to_string(workspace().join("docs/OPERATIONS.md")).unwrap();
    let named: BTreeSet<_> = expressions.iter().copied().chain([document.as_str()]).flat_map(names).collect();
    assert!(named.len() > 8, "{named:?}");
    // What is registered and has happened at least once; a metric of attempts that were lost is there with 0.
    let there = |name: &&str| metrics.lines().any(|line| line.starts_with(&format!("# TYPE {} ", family(name))));
    let unknown: Vec<_> = named.iter().filter(|name| !there(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are not in\n{metrics}");
}

/// A metric without what its kind puts behind the name.
fn family(name: &str) -> &str {
    ["_total", "_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

#[test]
fn logs_are_lines_of_json_that_name_the_task() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    let log = world.folder().join("log");
    let variables = [("WASMUX_LOG", "info"), ("WASMUX_LOG_FORMAT", "json")];
    let server = Server::start(&world, &Options { log: Some(&log), variables: &variables, ..Options::default() });
    let id = server.submit(&request("bigbuckbunny.mp4", &target("out.mp4")));
    server.success_of(&id);
    assert!(server.stop().success());
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = lines.iter().find(|line| line["message"] == "task succeeded");
    let told = told.unwrap_or_else(|| panic!("{text}"));
    assert_eq!((&told["task"], &told["level"]), (&json!(id), &json!("INFO")));

    let refused = wasmux(&["plugins"], &[("WASMUX_LOG_FORMAT", "xml")]);
    assert_eq!(text_of(&refused), "wasmux: WASMUX_LOG_FORMAT is `xml`; there are pretty and json\n");
    assert_eq!(refused.status.code(), Some(2));
}

fn text_of(output: &Output) -> String {
    text(&output.stderr)
}

#[test]
fn a_configuration_is_judged_with_the_environment() {
    let folder = World::default();
    let file = folder.folder().join("wasmux.toml");
    let name = file.to_str().unwrap();
    let default = wasmux(&["config", "default"], &[]);
    fs::write(&file, &default.stdout).unwrap();
    let good = wasmux(&["config", "check", name], &[]);
    assert_eq!(text(&good.stdout), "this configuration can be served with\n");
    let bad = wasmux(&["config", "check", name], &[("WASMUX_CONFIG__WORKERS__CONCURRENCY", "0")]);
    assert_eq!(text_of(&bad), "wasmux: workers.concurrency is 0; it must be at least 1\n");
    assert_eq!(bad.status.code(), Some(2));
    fs::write(&file, "[workers]\nconcurency = 3\n").unwrap();
    let error = text_of(&wasmux(&["config", "check", name], &[]));
    assert!(error.contains("wasmux.toml") && error.contains("line 2") && error.contains("concurency"), "{error}");
    let served = wasmux(&["serve"], &[("WASMUX_CONFIG__WORKERS__THREADS", "65"), ("WASMUX_CONFIG__DATA", name)]);
    assert!(text_of(&served).contains("workers.threads 65 is not allowed"), "{}", text_of(&served));
}

#[test]
fn man_pages_and_completions_name_every_command() {
    let world = World::default();
    let folder = world.folder().join("man");
    assert!(wasmux(&["manual", "man", folder.to_str().unwrap()], &[]).status.success());
    let help = text(&wasmux(&["--help"], &[]).stdout);
    let commands: Vec<_> = help
        .split("Commands:")
        .nth(1)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split(' ').next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.contains(&"serve") && commands.contains(&"plugin"), "{commands:?}");
    for shell in ["bash", "zsh", "fish"] {
        let text = text(&wasmux(&["manual", "completions", shell], &[]).stdout);
        for command in &commands {
            assert!(text.contains(*command), "{shell}: {command}");
            let page = fs::read_to_string(folder.join(format!("wasmux-{command}.1"))).unwrap();
            assert!(page.contains(".SH SYNOPSIS"), "{command}");
        }
    }
}
