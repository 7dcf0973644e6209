//! Plugins that are published to a running server.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, binary, clips, component, request, text};

const NAME: &str = "hostile-filter";

fn world() -> World {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    world
}

/// The hostile filter as another version of itself. Its manifest is the last place where it has a name.
fn version(number: &str) -> Vec<u8> {
    let mut bytes = fs::read(component("hostile_filter")).unwrap();
    let field = |number: &str| format!("\"name\": \"{NAME}\",\n  \"version\": \"{number}\"");
    let (was, is) = (field("0.1.0"), field(number));
    assert_eq!(was.len(), is.len(), "a section keeps its length");
    let at = bytes.windows(was.len()).rposition(|window| window == was.as_bytes()).unwrap();
    bytes[at..at + was.len()].copy_from_slice(is.as_bytes());
    bytes
}

fn target(name: &str, more: &Value) -> Value {
    let mut video = json!({"Codec": "h264", "Preset": "fast", "Resolution": "320x180", "PixelFormat": "yuv420p"});
    video.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"URI": format!("oss://test-bucket/{name}"), "Container": "mp4", "Video": {"TranscodeVideo": video},
        "Audio": {"DisableAudio": true}})
}

/// A request whose only filter is a published one.
fn filtered(name: &str, range: &str) -> Value {
    let mut target = target(name, &json!({}));
    target["Video"]["FilterVideo"] =
        json!({"Plugins": [{"Name": NAME, "Version": range, "Params": {"Behaviour": "write-inside-region"}}]});
    request("bigbuckbunny.mp4", &target)
}

/// A request that keeps a worker busy for a while.
fn slow(name: &str) -> Value {
    request("bigbuckbunny.mp4", &target(name, &json!({"Preset": "slow", "Resolution": "1920x1080"})))
}

fn put(server: &Server, number: &str, bytes: &[u8]) -> (u16, Value) {
    server.put(&format!("/v1/plugins/{NAME}/{number}"), bytes)
}

fn code(answer: (u16, Value)) -> (u16, String) {
    let (status, body) = answer;
    (status, body["Code"].as_str().unwrap_or_else(|| panic!("{status} {body:#}")).to_owned())
}

fn conflict(code: &str) -> (u16, String) {
    (409, code.to_owned())
}

/// The published plugin that a task ran, as its record has it.
fn ran(server: &Server, id: &str) -> String {
    let task = server.task(id);
    let plugins = task["Plugins"].as_array().unwrap().iter().map(|plugin| plugin.as_str().unwrap());
    plugins.filter(|plugin| plugin.starts_with(NAME)).collect()
}

#[test]
fn a_task_keeps_the_version_that_it_began_with_and_the_next_one_takes_the_new_one() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    assert_eq!(server.post("/v1/tasks", &filtered("a.mp4", "^0.1")).0, 400, "nobody has published it yet");
    let (status, first) = put(&server, "0.1.1", &version("0.1.1"));
    assert_eq!((status, &first["New"]), (201, &json!(true)), "{first:#}");
    let busy = server.submit(&slow("busy.mp4"));
    server.encoding(&busy);
    let before = server.submit(&filtered("before.mp4", "^0.1"));
    let (_, second) = put(&server, "0.1.2", &version("0.1.2"));
    let after = server.submit(&filtered("after.mp4", "^0.1"));
    let exact = server.submit(&filtered("exact.mp4", "=0.1.1"));

    // Two tasks that wait need the first version.
    let path = format!("/v1/plugins/{NAME}/0.1.1");
    let (status, refusal) = server.delete(&path);
    assert_eq!((status, &refusal["Code"]), (409, &json!("PluginInUse")), "{refusal:#}");
    let message = refusal["Message"].as_str().unwrap();
    assert!(message.contains(&before) && message.contains(&exact) && !message.contains(&after), "{message}");

    server.post(&format!("/v1/tasks/{busy}/cancel"), &json!({}));
    for (id, plugin) in [(&before, &first), (&after, &second), (&exact, &first)] {
        server.success_of(id);
        let expected =
            format!("{NAME}@={}#{}", plugin["Version"].as_str().unwrap(), plugin["Digest"].as_str().unwrap());
        assert_eq!(ran(&server, id), expected);
        let (_, plan) = server.get(&format!("/v1/tasks/{id}/plan"));
        let filter = plan["Nodes"].as_array().unwrap().iter().find(|node| node["Operation"] == "Filter").unwrap();
        assert_eq!(filter["Plugin"]["Digest"], plugin["Digest"]);
    }
    server.success_of(&server.submit(&request("bigbuckbunny.mp4", &target("plain.mp4", &json!({})))));
    let bytes = |name: &str| fs::read(world.object(name)).unwrap();
    assert!(bytes("before.mp4") == bytes("after.mp4"), "both versions do the same");
    assert!(bytes("before.mp4") != bytes("plain.mp4"), "the filter works");

    assert_eq!(server.delete(&path).0, 204);
    assert_eq!(server.get(&path).0, 404);
    let (_, refusal) = server.post("/v1/tasks", &filtered("b.mp4", "=0.1.1"));
    assert!(refusal["Message"].as_str().unwrap().contains("there are hostile-filter 0.1.2"), "{refusal:#}");
}

#[test]
fn what_was_published_survives_a_restart_unless_it_is_damaged() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    for number in ["0.1.1", "0.1.2"] {
        assert_eq!(put(&server, number, &version(number)).0, 201);
    }
    let (_, shown) = server.get(&format!("/v1/plugins/{NAME}/0.1.2"));
    assert_eq!((&shown["Origin"], &shown["World"]), (&json!("published"), &json!("wasmux:plugin/video-filter@0.1.0")));
    server.kill();
    let folder = world.folder().join("data/plugins");
    let digest = shown["Digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    fs::write(folder.join(format!("{digest}.wasm")), version("0.1.3")).unwrap();
    fs::write(folder.join("half.part"), "half").unwrap();

    let server = Server::start(&world, &Options::default());
    assert!(!folder.join("half.part").exists());
    let versions = |server: &Server| {
        let (_, list) = server.get("/v1/plugins");
        let of = |plugin: &Value| (plugin["Name"] == NAME).then(|| plugin["Version"].as_str().unwrap().to_owned());
        list["Plugins"].as_array().unwrap().iter().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!(versions(&server), ["0.1.1"], "what has other bytes than it was published with is not used");
    server.success_of(&server.submit(&filtered("out.mp4", "^0.1")));
    // Published again, it is whole again.
    assert_eq!(put(&server, "0.1.2", &version("0.1.2")).0, 201);
    assert_eq!(versions(&server), ["0.1.1", "0.1.2"]);
}

#[test]
fn what_must_not_be_published_is_refused_and_leaves_nothing() {
    let world = world();
    let config =
        "[plugins]\nmax_component_bytes = 300000\nmax_published = 1\n[policies]\nwatermark = \"hostile-filter\"\n";
    fs::copy(component("hostile_uri_policy"), world.plugins().join("folder.wasm")).unwrap();
    let server = Server::start(&world, &Options { config, ..Options::default() });
    let files = || fs::read_dir(world.folder().join("data/plugins")).unwrap().count();
    let good = version("0.1.1");

    let (status, refusal) = put(&server, "0.1.1", b"no component");
    assert_eq!((status, &refusal["Code"]), (400, &json!("InvalidArgument")));
    assert!(refusal["Message"].as_str().unwrap().contains("no valid WebAssembly component"), "{refusal:#}");
    let (status, refusal) = put(&server, "0.1.2", &good);
    let message = refusal["Message"].as_str().unwrap();
    assert_eq!(status, 400);
    assert!(message.ends_with("put it to /v1/plugins/hostile-filter/0.1.1"), "{message}");
    let (status, refusal) = put(&server, "0.1.1", &vec![0; 300_001]);
    assert_eq!((status, &refusal["Message"]), (413, &json!("a body is at most 300000 bytes")));
    let long = component("watermark");
    let long = wasmux(&["plugin", "push", long.to_str().unwrap(), "--server", &server.url]);
    let why = "wasmux: a body is at most 300000 bytes [LimitExceededError]\nmax_component_bytes of [plugins]";
    assert!(text(&long.stderr).starts_with(why), "{}", text(&long.stderr));
    let reserved = fs::read(component("uri_template")).unwrap();
    assert_eq!(code(server.put("/v1/plugins/uri-template/0.1.0", &reserved)), conflict("PluginReserved"));
    let wrong_world = fs::read(component("hostile_wrong_world")).unwrap();
    assert_eq!(server.put("/v1/plugins/hostile-wrong-world/0.1.0", &wrong_world).0, 400);
    assert_eq!(files(), 0);

    assert_eq!(put(&server, "0.1.1", &good).0, 201);
    let (status, again) = put(&server, "0.1.1", &good);
    assert_eq!((status, &again["New"]), (200, &json!(false)));
    let mut changed = good.clone();
    // One byte of the code's name section.
    let at = changed.windows(9).rposition(|window| window == b"producers").unwrap();
    changed[at] = b'P';
    assert_eq!(code(put(&server, "0.1.1", &changed)), conflict("PluginExists"));
    assert_eq!(code(put(&server, "0.1.2", &version("0.1.2"))), conflict("LimitExceededError"));
    assert_eq!(
        code(server.delete(&format!("/v1/plugins/{NAME}/0.1.1"))),
        conflict("PluginInUse"),
        "a role of the host"
    );
    assert_eq!(code(server.delete("/v1/plugins/hostile-uri-policy/0.1.0")), conflict("PluginNotPublished"));
    assert_eq!(files(), 1);
}

fn wasmux(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).output().unwrap()
}

#[test]
fn the_command_line_publishes_lists_and_removes() {
    let world = world();
    let server = Server::start(&world, &Options::default());
    let file = world.folder().join("mine.wasm");
    fs::write(&file, version("0.1.7")).unwrap();
    let push = || wasmux(&["plugin", "push", file.to_str().unwrap(), "--server", &server.url]);
    let pushed = text(&push().stdout);
    assert!(pushed.starts_with("hostile-filter 0.1.7 published\nsha256:"), "{pushed}");
    assert!(text(&push().stdout).starts_with("hostile-filter 0.1.7 was there already"));
    let list =
        |arguments: &[&str]| text(&wasmux(&[&["plugin", "list", "--server", &server.url], arguments].concat()).stdout);
    assert_eq!(list(&[]).lines().count(), 5);
    let listed = list(&[NAME]);
    assert!(listed.starts_with("hostile-filter 0.1.7") && listed.trim_end().ends_with("published"), "{listed}");
    let whole: Value = serde_json::from_str(&list(&[NAME, "--json"])).unwrap();
    assert_eq!(whole[0]["Parameters"]["type"], "object");
    let remove = || wasmux(&["plugin", "remove", NAME, "0.1.7", "--server", &server.url]);
    assert_eq!(text(&remove().stdout), "hostile-filter 0.1.7 removed\n");
    let gone = remove();
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).contains("there is no plugin hostile-filter 0.1.7 [ResourceNotFound]"));
    fs::write(&file, "rubbish").unwrap();
    let refused = push();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("mine.wasm cannot be used: "), "{}", text(&refused.stderr));
}
