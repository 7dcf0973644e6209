//! Plugins in JavaScript. The tool that makes components of it comes from npm: `make test` installs it, once, into the folder that the
//! environment variable `WASMUX_LANGUAGES` names.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use wasmux_tests::{component, text};

use super::{Author, languages};

const TOOL: &str = "node_modules/.bin/componentize-qjs";

/// Puts a script into the place of the tool.
fn stand_in(author: &Author, folder: &str, script: &str) {
    let tool = author.path(folder).join(TOOL);
    fs::create_dir_all(tool.parent().unwrap()).unwrap();
    fs::write(&tool, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A component that says nothing of itself: its manifest is called something else.
fn anonymous(to: &Path) {
    let mut bytes = fs::read(component("uri_template")).unwrap();
    // A section's name stands behind its length, 13.
    let named: Vec<_> = (0..bytes.len() - 14).filter(|at| &bytes[*at..at + 14] == b"\x0dwasmux:plugin").collect();
    assert!(!named.is_empty());
    for at in named {
        bytes[at + 13] = b'x';
    }
    fs::write(to, bytes).unwrap();
}

#[test]
fn a_component_of_javascript_gets_its_manifest() {
    let author = Author::new();
    let said = author.run_well("", &["plugin", "new", "scripted", "--world", "uri-policy", "--lang", "js"]);
    assert!(said.contains("scripted is a uri-policy that works") && said.contains("npm install"), "{said}");
    let folder = author.path("scripted");
    for file in ["plugin.js", "wit/worlds.wit", "cases/small-letters/expected.txt", ".gitignore"] {
        assert!(folder.join(file).is_file(), "there is no {file}");
    }
    assert!(!folder.join("Cargo.toml").exists() && !folder.join("sdk").exists());
    let error = author.run_badly("scripted", &["plugin", "build"], 1);
    assert!(error.contains("npm install"), "{error}");
    assert!(author.run_badly("scripted", &["plugin", "test"], 2).contains("there is no scripted.wasm here yet"));

    anonymous(&folder.join("anonymous.wasm"));
    stand_in(
        &author,
        "scripted",
        "echo \"$@\" > told\nwhile [ \"$1\" != --output ]; do shift; done\ncp anonymous.wasm \"$2\"",
    );
    let report = author.run_well("scripted", &["plugin", "build"]);
    assert!(report.contains("scripted 0.1.0 can be used") && report.contains("uri-policy@0.1.0"), "{report}");
    let told = fs::read_to_string(folder.join("told")).unwrap();
    assert!(told.contains("--stub-wasi") && told.contains("--world uri-policy --js plugin.js"), "{told}");
    let report = author.run_well("scripted", &["plugin", "check", "scripted.wasm"]);
    assert!(report.contains("scripted 0.1.0 can be used"), "{report}");
    let hidden = |name: &str| name.ends_with(".part");
    let left = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!left.into_iter().any(|name| hidden(&name)), "something was left");
    // This component writes no small letters: it is the one that was put there.
    let output = author.run("scripted", &["plugin", "test"]);
    assert!(text(&output.stdout).contains("it says `oss://media/Out/Holiday.mp4`"), "{}", text(&output.stdout));
}

#[test]
fn what_is_wrong_with_a_plugin_in_javascript_is_told() {
    let author = Author::new();
    author.run_well("", &["plugin", "new", "wrong", "--world", "parameter-policy", "--lang", "js"]);
    stand_in(&author, "wrong", "echo 'plugin.js:3: no such word' >&2; exit 1");
    let error = author.run_badly("wrong", &["plugin", "build"], 1);
    assert!(error.contains("plugin.js:3: no such word") && error.contains("could not build it"), "{error}");
    let manifest = author.path("wrong/manifest.json");
    let written = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, written.replace("parameter-policy", "audio-filter")).unwrap();
    let error = author.run_badly("wrong", &["plugin", "build"], 2);
    assert!(error.contains("`world` is `wasmux:plugin/audio-filter@0.1.0`") && error.contains("there are"), "{error}");
    fs::write(&manifest, "{\"world\": \"x\"}").unwrap();
    let error = author.run_badly("wrong", &["plugin", "build"], 2);
    assert!(error.contains("manifest.json: missing field `name`"), "{error}");
    let error = author.run_badly("", &["plugin", "new", "a-filter", "--lang", "js"], 2);
    assert!(error.contains("no template for a video-filter in that language"), "{error}");
    assert!(!author.path("a-filter").exists());
}

#[test]
fn templates_in_javascript_pass_their_cases() {
    let author = Author::new();
    let modules = languages().join("node_modules");
    for world in ["uri-policy", "parameter-policy"] {
        let name = format!("js-{world}");
        author.run_well("", &["plugin", "new", &name, "--world", world, "--lang", "js"]);
        symlink(&modules, author.path(&name).join("node_modules")).unwrap();
        let report = author.run_well(&name, &["plugin", "build"]);
        assert!(report.contains(&format!("{name} 0.1.0 can be used")), "{report}");
        assert!(author.run_well(&name, &["plugin", "test"]).contains(" passed"));
    }
}
