//! Plugins in Python. The tool that makes components of it comes from PyPI: `make test` installs it, once, into the folder that the
//! environment variable `WASMUX_LANGUAGES` names.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Output;

use serde_json::{Value, json};
use wasmux::sandbox::MAX_COMPONENT_BYTES;
use wasmux_tests::text;

use super::{Author, languages};

/// A new plugin with the tool.
fn new_plugin(author: &Author, name: &str, world: &str) {
    let said = author.run_well("", &["plugin", "new", name, "--world", world, "--lang", "py"]);
    assert!(said.contains(&format!("{name} is a {world} that works, with its cases: plugin.py")), "{said}");
    assert!(said.contains("pip install -r requirements.txt"), "{said}");
    symlink(languages().join("venv"), author.path(name).join(".venv")).unwrap();
}

/// Runs a command that keeps compiled code with the author: no two builds are the same, so nobody else could use it.
fn run(author: &Author, below: &str, arguments: &[&str]) -> Output {
    author.wasmux(below, arguments).env("WASMUX_CACHE", author.path("compiled")).output().unwrap()
}

#[test]
fn policies_in_python_pass_their_cases_and_decide() {
    let author = Author::new();
    fs::create_dir(author.path("plugins")).unwrap();
    for world in ["uri-policy", "parameter-policy"] {
        let name = format!("py-{world}");
        new_plugin(&author, &name, world);
        let built = run(&author, &name, &["plugin", "build"]);
        let report = text(&built.stdout);
        assert!(report.contains(&format!("{name} 0.1.0 can be used")), "{report}{}", text(&built.stderr));
        // It imports nothing of WASI, and is more than a service takes.
        assert!(report.contains("wasmux:host/log@0.1.0") && !report.contains("wasi:"), "{report}");
        let size = fs::metadata(author.path(&format!("{name}/{name}.wasm"))).unwrap().len();
        assert!(size > MAX_COMPONENT_BYTES, "{size} bytes: the documents say that it is more");
        let needed = format!("max_component_bytes of [plugins] is at least {size}, not {MAX_COMPONENT_BYTES}");
        assert!(report.contains(&needed), "{report}");
        let tested = run(&author, &name, &["plugin", "test"]);
        assert!(tested.status.success() && text(&tested.stdout).contains(" passed"), "{}", text(&tested.stdout));
        fs::rename(author.path(&format!("{name}/{name}.wasm")), author.path(&format!("plugins/{name}.wasm"))).unwrap();
    }
    // The commands of whoever runs requests here take them, too.
    let clip = wasmux_tests::workspace().join("assets/bigbuckbunny.mp4");
    fs::create_dir(author.path("media")).unwrap();
    fs::copy(clip, author.path("media/clip.mp4")).unwrap();
    let target = json!({
        "URI": "oss://{bucket}/Out/{barename}.{autoext}", "Container": "mp4",
        "Policies": {"URITemplate": "py-uri-policy", "Parameters": "py-parameter-policy"},
        "Video": {"TranscodeVideo": {"Codec": "h264"}}, "Audio": {"TranscodeAudio": {"Codec": "aac"}},
    });
    let request = wasmux_tests::request("clip.mp4", &target);
    fs::write(author.path("request.json"), request.to_string()).unwrap();
    let arguments = ["run", "request.json", "--bucket", "test-bucket=media", "--plugins", "plugins", "--plan"];
    let planned = run(&author, "", &arguments);
    assert!(planned.status.success(), "{}", text(&planned.stderr));
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let plan = plan.to_string();
    assert!(plan.contains("oss://test-bucket/out/clip.mp4") && plan.contains("py-parameter-policy"), "{plan}");
}

#[test]
fn what_is_wrong_with_a_plugin_in_python_is_told() {
    let author = Author::new();
    author.run_well("", &["plugin", "new", "wrong", "--world", "uri-policy", "--lang", "python"]);
    let output = author.wasmux("wrong", &["plugin", "build"]).env("PATH", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("componentize-py cannot be started") && error.contains("requirements.txt"), "{error}");
    symlink(languages().join("venv"), author.path("wrong/.venv")).unwrap();
    fs::write(author.path("wrong/plugin.py"), "import nothing_of_this_name\n").unwrap();
    let error = author.run_badly("wrong", &["plugin", "build"], 1);
    assert!(error.contains("nothing_of_this_name") && error.contains("could not build it; see above"), "{error}");
    let error = author.run_badly("", &["plugin", "new", "a-filter", "--lang", "py"], 2);
    assert!(error.contains("no template for a video-filter in that language"), "{error}");
}

#[test]
fn a_component_may_be_larger_here_than_in_a_service_but_not_by_much() {
    let author = Author::new();
    // Sections of a component that nobody reads.
    let mut bytes = fs::read(wasmux_tests::component("dated_uri")).unwrap();
    let filler = |bytes: &mut Vec<u8>, size: usize| {
        bytes.extend([
            0,
            0x80 | (size & 0x7f) as u8,
            0x80 | (size >> 7 & 0x7f) as u8,
            0x80 | (size >> 14 & 0x7f) as u8,
        ]);
        bytes.extend([(size >> 21) as u8, 1, b'x']);
        bytes.resize(bytes.len() + size - 2, 0);
    };
    filler(&mut bytes, 17 << 20);
    fs::write(author.path("large.wasm"), &bytes).unwrap();
    let report = author.run_well("", &["plugin", "check", "large.wasm"]);
    assert!(report.contains(&format!("at least {}, not {MAX_COMPONENT_BYTES}", bytes.len())), "{report}");
    filler(&mut bytes, 48 << 20);
    fs::write(author.path("larger.wasm"), &bytes).unwrap();
    let error = author.run_badly("", &["plugin", "check", "larger.wasm"], 1);
    assert!(error.contains("more than 67108864 bytes, the limit for a component"), "{error}");
}
