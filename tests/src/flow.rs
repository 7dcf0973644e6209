//! Flows as folders: `request.json` and `expect.json`. Adding a case is adding a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::{World, clips, text};

/// What has to come out of a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Expect {
    /// Clips that the bucket holds.
    clips: Vec<String>,
    /// Exit code; default 0.
    #[serde(default)]
    exit: i32,
    /// Parts of what is written to standard error.
    #[serde(default)]
    stderr: Vec<String>,
    /// For each output its facts: JSON pointer and value. Nothing else may be in the bucket but clips and outputs.
    #[serde(default)]
    outputs: BTreeMap<String, BTreeMap<String, Value>>,
    /// More files that must be in the bucket afterwards.
    #[serde(default)]
    files: Vec<String>,
    /// Parts of what text files hold.
    #[serde(default)]
    texts: BTreeMap<String, Vec<String>>,
    /// Facts of the plan: JSON pointer and value.
    #[serde(default)]
    plan: BTreeMap<String, Value>,
}

/// Runs one case.
pub fn check(folder: &Path) {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let read = |file: &str| fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
    let request: Value = serde_json::from_slice(&read("request.json")).unwrap();
    let expect: Expect = serde_json::from_slice(&read("expect.json")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let world = World::default();
    expect.clips.iter().for_each(|clip| clips::put(&world, clip));
    if !expect.plan.is_empty() {
        compare(name, "the plan", &world.plan(&request), &expect.plan);
    }
    let before = world.listing();
    let output = world.run(&request);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(expect.exit), "{name}: {said}");
    for part in &expect.stderr {
        assert!(said.contains(part), "{name}: `{part}` is not in:\n{said}");
    }
    for (key, facts) in &expect.outputs {
        compare(name, key, &world.probe(key), facts);
    }
    let is_file = |key: &String| world.object(key).is_file();
    let new: Vec<_> = world.listing().into_iter().filter(|key| !before.contains(key) && is_file(key)).collect();
    let mut expected: Vec<_> = expect.outputs.keys().chain(&expect.files).cloned().collect();
    expected.sort();
    assert_eq!(new, expected, "{name}: files in the bucket");
    for (key, parts) in &expect.texts {
        let found = fs::read_to_string(world.object(key)).unwrap_or_else(|error| panic!("{name}: {key}: {error}"));
        for part in parts {
            assert!(found.contains(part), "{name}: `{part}` is not in {key}:\n{found}");
        }
    }
}

/// Numbers with a fraction are compared to 0.06 (seconds: a frame and a bit); null is what may not be there.
fn compare(name: &str, what: &str, found: &Value, expected: &BTreeMap<String, Value>) {
    for (pointer, value) in expected {
        let here = found.pointer(pointer);
        if value.is_null() && here.is_none() {
            continue;
        }
        let here = here.unwrap_or_else(|| panic!("{name}: {what} has no {pointer}:\n{found:#}"));
        let near = match (here.as_f64(), value.as_f64()) {
            (Some(here), Some(value)) if value.fract() != 0.0 => (here - value).abs() < 0.06,
            _ => here == value,
        };
        assert!(near, "{name}: {what} has {pointer} = {here}, expected {value}");
    }
}
