//! The service over HTTP, as its users see it.

use std::fs;

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server, kill, lives, wait_for};
use wasmux_tests::{World, clips, component, request, text};

/// A target that is encoded; small and quick, or long enough to be interrupted.
fn target(name: &str, slow: bool) -> Value {
    let (preset, resolution) = if slow { ("slow", "1920x1080") } else { ("fast", "320x180") };
    let video = json!({"Codec": "h264", "Preset": preset, "Resolution": resolution});
    json!({"URI": format!("oss://test-bucket/{name}"), "Container": "mp4", "Video": {"TranscodeVideo": video}, "Audio": {}})
}

fn bunny(name: &str, slow: bool) -> Value {
    request("bigbuckbunny.mp4", &target(name, slow))
}

fn world() -> World {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    world
}

/// Nothing but these is in the bucket: no staged file, no folder, nothing hidden. A task has ended a moment before its staging
/// folder is gone.
fn assert_only(world: &World, outputs: &[&str]) {
    let mut expected: Vec<_> = outputs.iter().chain(&["bigbuckbunny.mp4"]).map(|name| (*name).to_owned()).collect();
    expected.sort();
    let what = format!("nothing but {expected:?} in the bucket");
    wait_for(&what, || (world.listing() == expected).then_some(()));
}

#[test]
fn a_task_goes_from_submission_to_its_record() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let mut wanted = bunny("out.mp4", false);
    wanted["UserData"] = json!("mine");
    wanted["Tags"] = json!({"customer": "a"});
    let id = server.submit(&wanted);
    let task = server.success_of(&id);
    assert_eq!((&task["Progress"], &task["Attempt"], &task["UserData"]), (&json!(100), &json!(1), &json!("mine")));
    assert_eq!(task["Targets"][0]["URI"], "oss://test-bucket/out.mp4");
    assert_eq!(task["Targets"][0]["Facts"]["VideoStreams"][0]["Width"], 320);
    let events: Vec<_> =
        task["Events"].as_array().unwrap().iter().map(|event| event["Event"].as_str().unwrap()).collect();
    assert_eq!(events, ["Submitted", "Leased", "Planned", "CommitBegun", "Succeeded"]);
    assert_eq!(world.probe("out.mp4")["VideoStreams"][0]["Height"], 180);
    assert_only(&world, &["out.mp4"]);

    let (status, plan) = server.get(&format!("/v1/tasks/{id}/plan"));
    assert_eq!((status, &plan), (200, &world.plan(&wanted)), "the plan is that of `wasmux run --plan`");
    assert!(plan["Versions"]["wasmux"].is_string() && plan["Versions"]["libavcodec"].is_string(), "{plan:#}");
    let (_, defined) = server.get(&format!("/v1/tasks/{id}?RequestDefinition=true"));
    let defined: Value = serde_json::from_str(defined["TaskRequestDefinition"].as_str().unwrap()).unwrap();
    assert_eq!(defined, wanted);
    let (_, page) = server.get("/v1/tasks?TagSelector=customer%3Da&Status=Succeeded");
    assert_eq!(page["Tasks"].as_array().unwrap().len(), 1);
    let (_, health) = server.get("/healthz");
    assert_eq!(health["Workers"], json!(["restricted by landlock in full"]), "{health:#}");
    assert_eq!(server.delete(&format!("/v1/tasks/{id}")).0, 204);
    assert_eq!(server.get(&format!("/v1/tasks/{id}")).0, 404);
    assert!(server.stop().success());
}

#[test]
fn all_faults_are_told_at_once_and_nothing_is_queued() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let mut bad = bunny("out.mp4", false);
    bad["Targets"][0]["Container"] = json!("docx");
    bad["Targets"][0]["Video"]["TranscodeVideo"]["CRF"] = json!(99);
    bad["Sources"][0]["URI"] = json!("oss://other/x.mp4");
    bad["Targest"] = json!([]);
    let (status, refusal) = server.post("/v1/tasks", &bad);
    assert_eq!(status, 400, "{refusal:#}");
    let faults = refusal["Faults"].as_array().unwrap();
    let mut fields: Vec<_> = faults.iter().map(|fault| fault["Field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    let expected = ["Sources[0].URI", "Targest", "Targets[0].Container", "Targets[0].Video.TranscodeVideo.CRF"];
    assert_eq!(fields, expected);
    assert_eq!(server.post("/v1/plan", &bad).1["Faults"], refusal["Faults"]);
    assert_eq!(server.get("/v1/tasks").1["Tasks"], json!([]));
}

#[test]
fn a_dry_run_shows_the_plan_or_why_there_is_none() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let wanted = bunny("out.mp4", false);
    assert_eq!(server.post("/v1/plan", &wanted), (200, world.plan(&wanted)));
    world.put("garbage.mp4", &clips::garbage(10_000));
    let (status, refusal) = server.post("/v1/plan", &request("garbage.mp4", &target("out.mp4", false)));
    assert_eq!((status, &refusal["Error"]["Code"]), (422, &json!("SourceUnreadable")), "{refusal:#}");
    fs::remove_file(world.object("garbage.mp4")).unwrap();
    assert_only(&world, &[]);
}

#[test]
fn a_hostile_plugin_harms_no_other_task() {
    let world = world();
    let alone = bunny("alone.mp4", false);
    world.run_well(&alone);
    fs::copy(component("hostile_filter"), world.plugins().join("hostile_filter.wasm")).unwrap();
    let server = Server::start(&world, &Options { concurrency: Some(2), ..Options::default() });
    let mut hostile = bunny("hostile.mp4", false);
    hostile["Targets"][0]["Policies"] = json!({"Watermark": "hostile-filter"});
    for (behaviour, code) in
        [("trap", "PluginTrap"), ("loop-in-process", "PluginDeadline"), ("eat-memory-in-process", "PluginMemory")]
    {
        hostile["Targets"][0]["Video"]["FilterVideo"] = json!({"Watermarks": [{"Behaviour": behaviour}]});
        let (bad, good) = (server.submit(&hostile), server.submit(&bunny("beside.mp4", false)));
        let failed = server.end_of(&bad);
        assert_eq!(failed["Code"], code, "{behaviour}: {failed:#}");
        server.success_of(&good);
        let (beside, alone) =
            (fs::read(world.object("beside.mp4")).unwrap(), fs::read(world.object("alone.mp4")).unwrap());
        assert!(beside == alone, "{behaviour}: the task beside it made other bytes");
    }
    assert_only(&world, &["alone.mp4", "beside.mp4"]);
}

#[test]
fn a_task_is_cancelled_in_each_state() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let (running, queued) = (server.submit(&bunny("running.mp4", true)), server.submit(&bunny("queued.mp4", false)));
    let worker = server.encoding(&running);
    assert_eq!(server.task(&queued)["State"], "Queued");
    let cancel = |id: &str| server.post(&format!("/v1/tasks/{id}/cancel"), &Value::Null);
    assert_eq!(cancel(&queued).1["State"], "Canceled");
    assert_eq!(server.delete(&format!("/v1/tasks/{running}")).0, 409);
    assert_eq!(cancel(&running).0, 200);
    for id in [&running, &queued] {
        let task = server.end_of(id);
        assert_eq!((&task["Status"], &task["Code"]), (&json!("Failed"), &json!("Canceled")), "{task:#}");
        assert_eq!(cancel(id).0, 200, "to cancel again is no error");
    }
    assert!(!lives(worker), "the encoder was stopped");
    // The place is free again.
    let after = server.submit(&bunny("after.mp4", false));
    server.success_of(&after);
    let (status, refusal) = cancel(&after);
    assert_eq!((status, &refusal["Code"]), (409, &json!("TaskEnded")));
    assert_eq!(cancel("MediaConvert-00000000-0000-7000-8000-000000000000").0, 404);
    assert_only(&world, &["after.mp4"]);
}

#[test]
fn a_cancel_while_outputs_are_moved_is_refused() {
    let world = world();
    let server = Server::start(&world, &Options { crash_at: Some("pause:journal-written"), ..Options::default() });
    let id = server.submit(&bunny("out.mp4", false));
    server.wait(&id, "a commit", |task| task["State"] == "Committing");
    let (status, refusal) = server.post(&format!("/v1/tasks/{id}/cancel"), &Value::Null);
    assert_eq!((status, &refusal["Code"]), (409, &json!("TaskCommitting")), "{refusal:#}");
    server.success_of(&id);
    assert_only(&world, &["out.mp4"]);
}

#[test]
fn a_worker_that_was_killed_is_run_again() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let id = server.submit(&bunny("out.mp4", true));
    for attempt in 1..=2 {
        server.wait(&id, "the next attempt", |task| task["Attempt"] == attempt);
        kill(server.encoding(&id), rustix::process::Signal::KILL);
        server.wait(&id, "the attempt's end", |task| task["Attempt"] == attempt + 1);
    }
    let task = server.success_of(&id);
    assert_eq!(task["Attempt"], 3);
    let reasons: Vec<_> =
        task["Events"].as_array().unwrap().iter().filter(|event| event["Event"] == "HandedBack").collect();
    assert!(reasons.len() == 2 && reasons[0]["Detail"].as_str().unwrap().contains("SIGKILL"), "{reasons:?}");
    assert_only(&world, &["out.mp4"]);
}

#[test]
fn a_worker_that_misbehaves_costs_its_task_and_nothing_else() {
    let config = "[workers]\nstall_seconds = 2\nmemory_bytes = 400000000";
    let cases = [
        ("segfault", "WorkerCrashed", "SIGSEGV", 1),
        ("abort", "WorkerCrashed", "SIGABRT", 1),
        ("hang", "Stalled", "workers.stall_seconds", 1),
        ("eat-memory", "MemoryLimit", "memory_bytes", 1),
        ("babble", "Internal", "no report", 1),
        ("forge", "Internal", "no report", 1),
        ("be-killed", "WorkerLost", "SIGKILL", 4),
        ("terminate-once", "", "", 2),
        ("snoop", "", "", 1),
    ];
    for (misdeed, code, message, attempts) in cases {
        let world = world();
        let server = Server::start(&world, &Options { misdeed: Some(misdeed), config, ..Options::default() });
        let id = server.submit(&bunny("out.mp4", false));
        let task = server.end_of(&id);
        let said = task["Message"].as_str().unwrap_or_default();
        assert_eq!((&task["Code"], &task["Attempt"]), (&json!(code), &json!(attempts)), "{misdeed}: {task:#}");
        assert!(said.contains(message), "{misdeed}: {said}");
        assert_eq!(server.get("/healthz").0, 200, "{misdeed}");
        assert_only(&world, if code.is_empty() { &["out.mp4"] } else { &[] });
    }
}

#[test]
fn the_end_of_the_service_hands_its_tasks_back() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let (first, second) = (server.submit(&bunny("out.mp4", true)), server.submit(&bunny("second.mp4", false)));
    let worker = server.encoding(&first);
    assert!(server.stop().success());
    assert!(!lives(worker));
    assert_only(&world, &[]);
    let server = Server::start(&world, &Options::default());
    let task = server.success_of(&first);
    assert_eq!(task["Attempt"], 2);
    server.success_of(&second);
    assert_only(&world, &["out.mp4", "second.mp4"]);
}

#[test]
fn a_service_that_ends_lets_its_tasks_end_within_a_time() {
    let world = world();
    let config = "[workers]\nstop_seconds = 150\n";
    let server = Server::start(&world, &Options { config, ..Options::default() });
    let (first, second) = (server.submit(&bunny("out.mp4", true)), server.submit(&bunny("second.mp4", false)));
    server.encoding(&first);
    assert!(server.stop().success());
    assert_only(&world, &["out.mp4"]);
    let server = Server::start(&world, &Options::default());
    assert_eq!(server.success_of(&first)["Attempt"], 1);
    // The other one was not begun any more.
    assert_eq!(server.success_of(&second)["Attempt"], 1);
    assert_only(&world, &["out.mp4", "second.mp4"]);
}

#[test]
fn a_folder_below_data_is_a_bucket_as_soon_as_it_is_there() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let mut wanted = bunny("out.mp4", false);
    wanted["Targets"][0]["URI"] = json!("oss://new-bucket/out.mp4");
    assert_eq!(server.post("/v1/tasks", &wanted).0, 400);
    let bucket = world.folder().join("data/buckets/new-bucket");
    fs::create_dir(&bucket).unwrap();
    server.success_of(&server.submit(&wanted));
    let there: Vec<_> = fs::read_dir(&bucket).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(there, ["out.mp4"]);
    assert_only(&world, &[]);
}

#[test]
fn one_service_at_a_time_uses_a_data_folder() {
    let world = world();
    let _server = Server::start(&world, &Options::default());
    let mut second = std::process::Command::new(wasmux_tests::binary());
    second.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(world.folder().join("data"));
    let output = second.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("in use by another"), "{}", text(&output.stderr));
}

#[test]
fn a_bucket_over_the_data_folder_is_refused() {
    let world = world();
    for folder in [world.folder().to_owned(), world.folder().join("data/buckets/x")] {
        fs::create_dir_all(&folder).unwrap();
        let mut command = std::process::Command::new(wasmux_tests::binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(world.folder().join("data"));
        let output = command.arg("--bucket").arg(format!("demo={}", folder.display())).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("which is the host's own"), "{}", text(&output.stderr));
    }
}

#[test]
fn what_is_not_compiled_is_compiled_by_the_worker() {
    let world = world();
    let cache = world.folder().join("own-cache");
    let server = Server::start(&world, &Options { cache: Some(&cache), ..Options::default() });
    server.success_of(&server.submit(&bunny("first.mp4", false)));
    for file in fs::read_dir(&cache).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    server.success_of(&server.submit(&bunny("second.mp4", false)));
    assert_only(&world, &["first.mp4", "second.mp4"]);
}
