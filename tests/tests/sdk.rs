//! The vendor's own SDK for Python against a server with keys. `scripts/setup-sdk.sh` installs it; where it is not, the test is left out.

use std::fs;
use std::process::Command;

use serde_json::Value;
use wasmux_tests::server::{Options, Server};
use wasmux_tests::{World, target, text, workspace};

const KEYS: &str = r#"
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
    let python = target().join("languages/venv/bin/python3");
    assert!(python.exists(), "{} is missing: run `make test` once, or scripts/setup-sdk.sh", python.display());
    let world = World::default();
    let server = Server::start(&world, &Options { config: KEYS, ..Options::default() });
    let folder = workspace().join("host/src/intake/tests/guide");
    let mut requests: Vec<Value> = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        requests.push(serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap());
    }
    assert_eq!(requests.len(), 7, "the guide has seven requests");
    let file = world.folder().join("requests.json");
    fs::write(&file, serde_json::to_vec(&requests).unwrap()).unwrap();
    let mut command = Command::new(python);
    command.arg(workspace().join("tests/sdk/drive.py")).arg(server.url.trim_start_matches("http://")).arg(&file);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), requests.len());
    // Our own form has the same door.
    assert_eq!(server.get("/v1/tasks").0, 401);
}
