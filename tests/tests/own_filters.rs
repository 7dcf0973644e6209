//! `FilterVideo.Plugins`: filters of a request's own.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, clips, component, request, text};

fn world() -> World {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    fs::copy(component("hostile_filter"), world.plugins().join("hostile_filter.wasm")).unwrap();
    world
}

fn with(name: &str, filters: &Value) -> Value {
    let video = json!({
        "TranscodeVideo": {"Codec": "h264", "Preset": "fast", "Resolution": "320x180", "PixelFormat": "yuv420p"},
        "FilterVideo": filters
    });
    let uri = format!("oss://test-bucket/{name}");
    let target = json!({"URI": uri, "Container": "mp4", "Video": video, "Audio": {"DisableAudio": true}});
    request("bigbuckbunny.mp4", &target)
}

fn hostile(behaviour: &str, on_error: &str) -> Value {
    json!({"Plugins": [{"Name": "hostile-filter", "Params": {"Behaviour": behaviour}, "OnError": on_error}]})
}

fn bytes(world: &World, filters: &Value) -> Vec<u8> {
    world.run_well(&with("out.mp4", filters));
    fs::read(world.object("out.mp4")).unwrap()
}

#[test]
fn a_filter_works_in_its_time_as_a_role_with_the_same_times_does() {
    let world = world();
    let times = json!({"StartTime": 1, "Duration": 0.52, "Width": 100, "Height": 60});
    let role = bytes(&world, &json!({"Delogos": [times]}));
    let area = json!({"Delogos": [{"Width": 100, "Height": 60}]});
    let own = json!({"Plugins": [{"Name": "delogo", "Params": area, "StartTime": 1, "Duration": 0.52}]});
    assert!(bytes(&world, &own) == role, "the same delogo at the same times");
    let always = json!({"Plugins": [{"Name": "delogo", "Params": area}]});
    assert!(bytes(&world, &always) != role, "this test can fail");
    let plan = world.plan(&with("out.mp4", &own));
    let filter = plan["Nodes"].as_array().unwrap().iter().find(|node| node["Operation"] == "Filter").unwrap();
    assert_eq!((&filter["Role"], &filter["Plugin"]["Name"]), (&json!("Plugins[0]"), &json!("delogo")));
    let region = &filter["Regions"][0];
    assert_eq!(region["EndNs"], json!(1_520_000_000));
    assert_eq!((&region["Area"]["Width"], &region["StartNs"]), (&json!(100), &json!(1_000_000_000)), "{region}");
}

#[test]
fn own_filters_run_behind_delogos_and_in_their_order() {
    let world = world();
    // Each hides what the one before left, so that every order gives another picture.
    let style = |style: &str| json!({"Width": 200, "Height": 100, "Style": style, "Strength": 1});
    let own = |name: &str| json!({"Name": "delogo", "Params": {"Delogos": [style(name)]}});
    let both = bytes(&world, &json!({"Delogos": [style("mosaic")], "Plugins": [own("blur"), own("interpolate")]}));
    let listed = bytes(&world, &json!({"Plugins": [own("mosaic"), own("blur"), own("interpolate")]}));
    assert!(both == listed, "the delogo of the role comes first");
    let turned = bytes(&world, &json!({"Plugins": [own("mosaic"), own("interpolate"), own("blur")]}));
    assert!(turned != listed, "their order matters");
}

#[test]
fn a_filter_that_fails_is_passed_over_where_the_request_says_so() {
    let world = world();
    let without = bytes(&world, &json!({}));
    let written = bytes(&world, &hostile("write-inside-region", "fail"));
    assert!(written != without, "this filter writes");
    let cases = [
        ("trap", "132 frames are without it, the first at 0.000 s: PluginTrap"),
        ("typed-error-in-process", "132 frames are without it"),
        ("loop-in-third-frame", "130 frames are without it, the first at 0.080 s: PluginDeadline"),
        ("write-outside-region", "PluginTrap"),
        ("trap-in-open", "cannot be opened, so it is left out: PluginTrap"),
    ];
    for (behaviour, said) in cases {
        let wanted = with("out.mp4", &hostile(behaviour, "skip"));
        let output = world.run(&wanted);
        let stderr = text(&output.stderr);
        assert!(output.status.success(), "{behaviour}: {stderr}");
        let told = stderr.contains("Targets[0].Video.FilterVideo.Plugins[0]: ") && stderr.contains("[FilterSkipped]");
        assert!(told && stderr.contains(said), "{behaviour}: {stderr}");
        assert!(fs::read(world.object("out.mp4")).unwrap() == without, "{behaviour}: its frames are not the source's");
        let refused = world.run(&with("out.mp4", &hostile(behaviour, "fail")));
        assert_eq!(refused.status.code(), Some(1), "{behaviour}: {}", text(&refused.stderr));
    }
}

#[test]
fn the_service_takes_own_filters_and_records_what_ran() {
    let world = world();
    let config =
        "[policies]\nparameters = \"parameters@^0\"\n[projects.branded.policies]\nwatermark = \"hostile-filter\"\n";
    let server = Server::start(&world, &Options { config, ..Options::default() });
    let id = server.submit(&with("own.mp4", &hostile("trap", "skip")));
    let task = server.success_of(&id);
    let warnings: Vec<_> = task["Warnings"].as_array().unwrap().iter().map(|warning| &warning["Code"]).collect();
    assert_eq!(warnings, ["FilterSkipped"], "{task:#}");

    let bad = json!({"Plugins": [
        {"Name": "hostile-filter", "Version": "^0.1", "Params": {"Behavior": "trap"}},
        {"Name": "hostile-filter", "Version": "^0.2"},
        {"Name": "hostile-filter", "Params": {"Behaviour": "x", "Asset": "oss://nowhere/a"}}
    ]});
    let (status, refusal) = server.post("/v1/tasks", &with("own.mp4", &bad));
    let fields: Vec<_> = refusal["Faults"].as_array().unwrap().iter().map(|fault| &fault["Field"]).collect();
    let base = "Targets[0].Video.FilterVideo.Plugins";
    assert_eq!(status, 400);
    for path in ["[0].Params.Behavior", "[1].Name", "[2].Params.Asset"] {
        assert!(fields.iter().any(|field| **field == format!("{base}{path}")), "{path}: {refusal:#}");
    }
    let message = refusal["Message"].as_str().unwrap();
    assert!(message.contains("hostile-filter@^0.2`; there are hostile-filter 0.1.0"), "{message}");

    // The component of a role is chosen by the project.
    let mut branded = with("branded.mp4", &json!({"Watermarks": [{"Behaviour": "trap"}]}));
    branded["ProjectName"] = json!("branded");
    let failed = server.end_of(&server.submit(&branded));
    assert_eq!(failed["Code"], "PluginTrap", "{failed:#}");
    branded["Targets"][0]["Policies"] = json!({"Watermark": "watermark"});
    assert_eq!(server.post("/v1/tasks", &branded).0, 400, "the built-in one has no field Behaviour");
}

#[test]
fn what_a_plugin_logs_is_told_to_who_follows_its_task() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let id = server.submit(&with("out.mp4", &hostile("flood-log", "fail")));
    let task = server.success_of(&id);
    let lines: Vec<_> = task["Events"].as_array().unwrap().iter().filter(|event| event["Event"] == "Log").collect();
    assert!((1..=500).contains(&lines.len()), "{} lines", lines.len());
    let line = lines[0]["Detail"].as_str().unwrap();
    assert!(line.starts_with("hostile-filter 0.1.0 ") && lines[0]["Attempt"] == 1, "{line}");
    let (_, told) = server.get(&format!("/v1/tasks/{id}/events"));
    let told = told.as_str().unwrap();
    assert_eq!(told.matches("event: log\n").count(), lines.len());
    assert!(told.contains(&format!("\"Line\":{}", lines[0]["Detail"])), "{told}");
}
