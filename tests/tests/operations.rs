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
    let mut filtered = target("out.mp4");
    filtered["Video"]["FilterVideo"] =
        json!({"Delogos": [{"StartTime": 1, "Duration": 1, "Width": 100, "Height": 60}]});
    let mut filtered = request("bigbuckbunny.mp4", &filtered);
    filtered["Notification"] = json!({"MNS": {"TopicName": "done"}});
    let id = server.submit(&filtered);
    server.success_of(&id);
    server.wait(&id, "its message", |task| task["Notifications"][0]["State"] == "Delivered");
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
        "wasmux_plugin_frames_total{plugin=\"delogo\"} 25\n",
        "wasmux_messages_total{outcome=\"delivered\"} 1\n",
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
        .and_then(|rest| rest.split("\n\n").next())
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

#[test]
fn a_record_says_what_each_stage_and_plugin_used() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    let server = Server::start(&world, &Options::default());
    let mut filtered = target("out.mp4");
    filtered["Video"]["FilterVideo"] =
        json!({"Delogos": [{"StartTime": 1, "Duration": 1, "Width": 100, "Height": 60}]});
    let id = server.submit(&request("bigbuckbunny.mp4", &filtered));
    server.success_of(&id);
    let (_, task) = server.get(&format!("/v1/tasks/{id}"));
    let (_, plan) = server.get(&format!("/v1/tasks/{id}/plan"));
    let usage = &task["Usage"];
    let stages = usage["Stages"].as_array().unwrap();
    assert_eq!(stages.len(), plan["Nodes"].as_array().unwrap().len(), "{usage:#}");
    let named = |name: &str| stages.iter().find(|stage| stage["Stage"] == name).unwrap();
    for (name, items) in [("transform", 132), ("filter", 25), ("encode-video", 132)] {
        let stage = named(name);
        assert_eq!((&stage["Items"], &stage["Targets"]), (&json!(items), &json!([0])), "{stage:#}");
        let times = |field: &str| stage["PerItem"][field].as_f64().unwrap();
        assert!(times("MedianUs") <= times("P99Us") && times("P99Us") <= times("MaxUs"), "{stage:#}");
        assert!(times("TotalSeconds") < usage["Seconds"].as_f64().unwrap(), "{stage:#}");
    }
    let filter = named("filter");
    assert_eq!((&filter["Passed"], &filter["Plugin"]["Name"]), (&json!(107), &json!("delogo")), "{filter:#}");
    // 100 x 60 samples of luma, a quarter of them of each chroma plane.
    let bytes = json!(25 * 100 * 60 * 3 / 2);
    assert_eq!(filter["Guest"]["WrittenBytes"], bytes, "{filter:#}");
    assert!(usage["CpuSeconds"].as_f64().unwrap() > 0.0 && usage["PeakMemoryBytes"].as_u64().unwrap() > 1 << 20);
    let listed = &server.get("/v1/tasks").1["Tasks"][0];
    assert_eq!((&listed["TaskId"], listed.get("Usage")), (&json!(id), None), "lists stay short");
}

#[test]
fn the_service_speaks_https_and_its_client_asks_who_vouches() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (world.folder().join("chain.pem"), world.folder().join("key.pem"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let config = format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n");
    let server = Server::start(&world, &Options { config: &config, ..Options::default() });
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let file = world.folder().join("request.json");
    fs::write(&file, request("bigbuckbunny.mp4", &target("out.mp4")).to_string()).unwrap();
    let submit = ["submit", file.to_str().unwrap(), "--server", &server.url];
    let unknown = wasmux(&submit, &[]);
    assert!(!unknown.status.success() && text_of(&unknown).contains("certificate"), "{}", text_of(&unknown));
    let done = wasmux(&submit, &[("WASMUX_CA", certificate.to_str().unwrap())]);
    assert!(done.status.success(), "{}", text_of(&done));
    assert!(world.object("out.mp4").exists());
    let plain = server.url.replace("https", "http");
    assert!(!wasmux(&["status", "--server", &plain], &[]).status.success(), "nobody is answered in the clear");
    let wrong = wasmux(&["status", "--server", &server.url, "--ca", key.to_str().unwrap()], &[]);
    assert!(text_of(&wrong).contains("there is no CERTIFICATE in it"), "{}", text_of(&wrong));
}

#[test]
fn ffmpegs_filters_are_loaded_only_when_a_task_needs_them() {
    // The loader lists what it would load, and ends.
    let listed = wasmux(&["--version"], &[("LD_TRACE_LOADED_OBJECTS", "1")]);
    let listed = text(&listed.stdout);
    assert!(listed.contains("libavformat.so") && !listed.contains("libavfilter.so"), "{listed}");
    // A worker that is restricted gets at them.
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    let server = Server::start(&world, &Options::default());
    let mut slower = target("slower.mp4");
    slower["Video"]["TranscodeVideo"]["FrameRate"] = 10.into();
    let id = server.submit(&request("bigbuckbunny.mp4", &slower));
    server.success_of(&id);
    assert_eq!(world.probe("slower.mp4")["VideoStreams"][0]["FrameRate"], "10/1");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_functions_that_the_linker_places_first_are_there() {
    let listed = Command::new("nm").arg("--defined-only").arg(binary()).output().unwrap();
    let listed = text(&listed.stdout);
    let there: BTreeSet<&str> = listed.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    let order = fs::read_to_string(workspace().join("host/order.txt")).unwrap();
    let (compiler, names) = order.split_once('\n').unwrap();
    // Another compiler gives other names, and the linker passes over those of the list.
    let here = Command::new("rustc").arg("--version").output().unwrap();
    if compiler != format!("# {}", text(&here.stdout).trim()) {
        return;
    }
    let (found, missing): (Vec<&str>, Vec<&str>) = names.lines().partition(|name| there.contains(name));
    // Each change takes some away; when it is too many, the list is made again.
    assert!(found.len() > 2 * missing.len(), "{} of host/order.txt are gone: run `make order`", missing.len());
}
