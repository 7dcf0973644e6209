//! Components that were built for released versions run on this host. `make freeze` makes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use wasmux::sandbox::World as PluginWorld;
use wasmux_tests::pictures::Rgb;
use wasmux_tests::{World, binary, clips, request, target, text, workspace};

use crate::released::{files, folders, offered};

const FROZEN: &str = "tests/fixtures/frozen";

fn wasmux(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).env("WASMUX_CACHE", target().join("test-cache")).output().unwrap()
}

/// The components of a version.
fn components(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|ending| ending == "wasm")).collect()
}

/// Released versions whose components are not there, and components of what was never released.
fn faults(repository: &Path) -> Vec<String> {
    let released = folders(&repository.join("wit/released"));
    let frozen = folders(&repository.join(FROZEN));
    let empty = released.iter().filter(|version| components(&repository.join(FROZEN).join(version)).is_empty());
    let mut faults: Vec<_> = empty.map(|version| format!("{version} is released without components")).collect();
    let unknown = frozen.iter().filter(|version| !released.contains(version));
    faults.extend(unknown.map(|version| format!("{version} has components and is not released")));
    faults
}

/// Every component is usable, and together they are of all worlds and import all that these have.
fn judge(folder: &Path) {
    let mut worlds = BTreeSet::new();
    let mut imports = BTreeSet::new();
    for file in components(folder) {
        let output = wasmux(&["plugin", "check", file.to_str().unwrap(), "--json"]);
        assert!(output.status.success(), "{}: {}", file.display(), text(&output.stdout));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let name = |value: &Value| value.as_str().unwrap().split('@').next().unwrap().to_owned();
        worlds.insert(name(&json["Plugin"]["World"]));
        imports.extend(json["Plugin"]["Imports"].as_array().unwrap().iter().map(name));
    }
    for world in PluginWorld::ALL {
        assert!(worlds.contains(&format!("wasmux:plugin/{}", world.name())), "{}: {worlds:?}", folder.display());
    }
    let all = ["host/assets", "host/errors", "host/fonts", "host/log", "host/report", "media/clips", "media/frames"];
    for import in all {
        assert!(imports.contains(&format!("wasmux:{import}")), "{}: no component imports {import}", folder.display());
    }
}

/// The policies decide over a task, and a filter with an asset changes its pictures.
fn exercise(folder: &Path) {
    let world = World::default();
    clips::put(&world, "small.mkv");
    for name in ["dated_uri", "per_title"] {
        fs::copy(folder.join(format!("{name}.wasm")), world.plugins().join(format!("{name}.wasm"))).unwrap();
    }
    let rung = |lines: u32| {
        json!({
            "URI": format!("oss://{{bucket}}/{{yyyy}}/{{barename}}-{lines}.{{autoext}}"), "Container": "mp4",
            "Policies": {"Parameters": "per-title", "URITemplate": "dated-uri"},
            "Video": {"TranscodeVideo": {"Codec": "h264", "Resolution": format!("x{lines}")}},
            "Audio": {"TranscodeAudio": {"Codec": "aac"}},
        })
    };
    let mut ladder = request("small.mkv", &rung(360));
    ladder["Targets"].as_array_mut().unwrap().push(rung(90));
    world.run_well(&ladder);
    let made: Vec<_> = world.listing().into_iter().filter(|key| key.ends_with(".mp4")).collect();
    assert!(made.len() == 1 && made[0].starts_with("20") && made[0].ends_with("/small-90.mp4"), "{made:?}");

    world.put("inverse.cube", b"LUT_1D_SIZE 2\n1 1 1\n0 0 0\n");
    let (clip, frame) = (world.object("small.mkv"), world.folder().join("frame.png"));
    let (lut, bucket) = (folder.join("lut.wasm"), format!("test-bucket={}", world.object("").display()));
    let mean = |strength: u32| {
        let parameters = json!({"URI": "oss://test-bucket/inverse.cube", "Strength": strength}).to_string();
        let [lut, clip, frame] = [&lut, &clip, &frame].map(|path| path.to_str().unwrap());
        let output = wasmux(&[
            "plugin",
            "run",
            lut,
            "--input",
            clip,
            "--bucket",
            &bucket,
            "--params",
            &parameters,
            "--frame",
            "1s",
            frame,
        ]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let picture = Rgb::of_video(Path::new(frame), 0, 320, 180);
        picture.bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / picture.bytes.len() as f64
    };
    let (plain, inverse) = (mean(0), mean(1));
    assert!((plain + inverse - 255.0).abs() < 4.0 && (plain - inverse).abs() > 4.0, "{plain} became {inverse}");
}

#[test]
fn every_released_version_runs() {
    assert_eq!(faults(&workspace()), Vec::<String>::new());
    for version in folders(&workspace().join(FROZEN)) {
        let folder = workspace().join(FROZEN).join(version);
        judge(&folder);
        exercise(&folder);
    }
}

fn freeze(repository: &Path) -> Output {
    let script = workspace().join("scripts/freeze.sh");
    Command::new(script).arg(target()).arg(repository).output().unwrap()
}

#[test]
fn what_is_frozen_now_runs_and_is_missed_when_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path();
    let copy = |from: &str| {
        let to = repository.join(from);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(workspace().join(from), to).unwrap();
    };
    files().iter().for_each(|file| copy(&format!("wit/{file}")));
    let output = freeze(repository);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let version = offered().to_string();
    for file in files() {
        let released = repository.join("wit/released").join(&version).join(&file);
        assert_eq!(fs::read(released).unwrap(), fs::read(workspace().join("wit").join(&file)).unwrap());
    }
    assert_eq!(faults(repository), Vec::<String>::new());
    let frozen = repository.join(FROZEN).join(&version);
    judge(&frozen);
    exercise(&frozen);

    let again = freeze(repository);
    assert!(!again.status.success() && text(&again.stderr).contains("does not change any more"), "{again:?}");
    components(&frozen).iter().for_each(|file| fs::remove_file(file).unwrap());
    assert_eq!(faults(repository), [format!("{version} is released without components")]);
    fs::remove_dir_all(repository.join("wit/released")).unwrap();
    assert_eq!(faults(repository), [format!("{version} has components and is not released")]);
}
