//! An author with nothing but the binary: the SDK comes out of it, the README's filter builds against it, and runs.

use std::fs;
use std::process::Command;

use serde_json::json;
use wasmux_tests::pictures::Rgb;
use wasmux_tests::{World, binary, clips, request, text, workspace};

const MANIFEST: &str = r#"[package]
name = "darker"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
serde = { version = "1.0.228", features = ["derive"] }
wasmux-sdk = { path = "../plugins/sdk" }

[workspace]
"#;

/// Takes what a request has for `FilterVideo.Watermarks`.
const SCHEMA: &str =
    r#"{"type": "object", "properties": {"Strength": {"type": "integer"}, "Watermarks": {"type": "array"}}}"#;

#[test]
fn the_filter_of_the_readme_builds_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("work");
    let output = Command::new(binary()).arg("sdk").arg(&here).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));

    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let code = readme.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    // The request below gives no strength of its own.
    let code = code.replace("    strength: u8,", "    #[serde(default = \"half\")]\n    strength: u8,");
    let plugin = here.join("darker");
    fs::create_dir_all(plugin.join("src")).unwrap();
    fs::write(plugin.join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(plugin.join("schema.json"), SCHEMA).unwrap();
    fs::write(plugin.join("src/lib.rs"), format!("{code}\nfn half() -> u8 {{\n    60\n}}\n")).unwrap();
    // The versions that this workspace has fetched already.
    fs::copy(workspace().join("Cargo.lock"), plugin.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--offline", "--target", "wasm32-unknown-unknown"])
        .current_dir(&plugin)
        .env("CARGO_TARGET_DIR", here.join("target"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));

    let world = World::default();
    let component = here.join("target/wasm32-unknown-unknown/release/darker.wasm");
    fs::copy(component, world.plugins().join("darker.wasm")).unwrap();
    clips::put(&world, "bigbuckbunny.mp4");
    let target = |key: &str, policies: &serde_json::Value| {
        json!({
            "Container": "mp4", "URI": format!("oss://test-bucket/{key}"), "Policies": policies,
            "Audio": {"DisableAudio": true},
            "Video": {
                "TranscodeVideo": {"Codec": "h264", "CRF": 10, "Resolution": "320x180"},
                "FilterVideo": {"Watermarks": [{"Type": "text", "Content": " "}]}
            }
        })
    };
    let mut both = request("bigbuckbunny.mp4", &target("plain.mp4", &json!({})));
    let darker = target("darker.mp4", &json!({"Watermark": "darker"}));
    both["Targets"].as_array_mut().unwrap().push(darker);
    world.run_well(&both);
    let mean = |key: &str| {
        let picture = Rgb::of_video(&world.object(key), 60, 320, 180);
        picture.bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / picture.bytes.len() as f64
    };
    let (plain, darker) = (mean("plain.mp4"), mean("darker.mp4"));
    assert!(plain - darker > 30.0, "mean of the plain picture {plain:.0}, of the darker one {darker:.0}");
}
