//! The vendor's own SDK for Python against a server with keys. `scripts/setup-python.sh` installs it; where it is not, the test is left out.

use std::fs;
use std::process::Command;

use serde_json::Value;
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, clips, target, text, workspace};

const CONFIG: &str = r#"
projects_on_first_use = false
[projects.narrow]
buckets = [{ name = "test-bucket", key_prefix = "other/" }]
[[keys]]
id = "sdk"
secret = "secret of the SDK"
[[keys]]
id = "STS.sdk"
secret = "secret of a temporary key"
token = "the token"
"#;

#[test]
fn the_vendors_sdk_works_unchanged() {
    let python = target().join("languages/sdk/bin/python3");
    assert!(python.exists(), "{} is missing: run `make test` once, or scripts/setup-python.sh", python.display());
    let world = World::default();
    clips::put(&world, "src_1080p30.mov");
    let source = world.object("src_1080p30.mov");
    world.copy(&source, "video-demo/Shushan Commercial Building.mov");
    world.put("video-demo/notes.txt", b"no media at all, but a text that is long enough to be looked at");
    let server = Server::start(&world, &Options { config: CONFIG, ..Options::default() });
    let folder = workspace().join("host/src/intake/tests/guide");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // The one that is waited for comes first, because it is the shortest.
    names.sort_by_key(|name| !name.ends_with("remux.json"));
    let requests: Vec<Value> =
        names.iter().map(|name| serde_json::from_slice(&fs::read(name).unwrap()).unwrap()).collect();
    assert_eq!(requests.len(), 7, "the guide has seven requests");
    let file = world.folder().join("requests.json");
    fs::write(&file, serde_json::to_vec(&requests).unwrap()).unwrap();
    let mut command = Command::new(python);
    command
        .arg(workspace().join("tests/sdk/drive.py"))
        .arg(server.url.trim_start_matches("http://"))
        .arg(&file)
        .arg(&source);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), requests.len());
    assert!(world.object("video-demo/Shushan Commercial Building.mp4").is_file(), "{:?}", world.listing());
    // Our own form has the same door.
    assert_eq!(server.get("/v1/tasks").0, 401);
}
