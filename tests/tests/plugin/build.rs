//! `wasmux plugin build` and `wasmux plugin check`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use wasmux_tests::{World, component, request, text, workspace};

use super::{Author, one_build_at_a_time};

#[test]
fn a_new_plugin_is_built_and_checked() {
    let _building = one_build_at_a_time();
    let author = Author::new();
    author.new_plugin("built-here", "video-filter");
    let report = author.run_well("built-here", &["plugin", "build"]);
    for part in [
        "built-here 0.1.0 can be used",
        "wasmux:plugin/video-filter@0.1.0",
        "wasmux:media/frames@0.1.0",
        "8 or 10 bit, chroma 420 or 422 or 444, with or without alpha",
        "Strength (number, at least 0, at most 1, default 0.5): How dark",
    ] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
    assert_eq!(author.run_well("built-here", &["plugin", "check", "built-here.wasm"]), report);
    assert!(author.run_well("built-here", &["plugin", "test"]).contains("bars ... ok"));
    let size = fs::metadata(author.path("built-here/built-here.wasm")).unwrap().len();
    let json = author.run_well("", &["plugin", "check", "built-here/built-here.wasm", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["Usable"], &json["Plugin"]["Size"]), (&true.into(), &size.into()));
    assert_eq!(json["Plugin"]["Parameters"]["properties"]["Strength"]["maximum"], 1);

    // What the compiler says reaches the author.
    fs::write(author.path("built-here/src/lib.rs"), "fn broken( {}").unwrap();
    let error = author.run_badly("built-here", &["plugin", "build"], 1);
    assert!(error.contains("src/lib.rs:1") && error.contains("cargo could not build it"), "{error}");
    fs::write(author.path("built-here/src/lib.rs"), "").unwrap();
    let error = author.run_badly("built-here", &["plugin", "build"], 1);
    assert!(error.contains("cannot be used") && error.contains("no manifest"), "{error}");
}

#[test]
fn policies_are_built_and_decide() {
    let _building = one_build_at_a_time();
    let author = Author::new();
    let task = World::default();
    task.copy(&workspace().join("assets/bigbuckbunny.mp4"), "clip.mp4");
    for world in ["uri-policy", "parameter-policy"] {
        let name = format!("a-{world}");
        author.new_plugin(&name, world);
        let report = author.run_well(&name, &["plugin", "build"]);
        assert!(report.contains(&format!("{name} 0.1.0 can be used")), "{report}");
        assert!(report.contains(&format!("wasmux:plugin/{world}@0.1.0")), "{report}");
        assert!(author.run_well(&name, &["plugin", "test"]).contains(" passed"));
        fs::copy(author.path(&format!("{name}/{name}.wasm")), task.plugins().join(format!("{name}.wasm"))).unwrap();
    }
    task.run_well(&request(
        "clip.mp4",
        &json!({
            "URI": "oss://{bucket}/out/{barename}-{yyyy}.{autoext}", "Container": "mp4",
            "Policies": {"URITemplate": "a-uri-policy", "Parameters": "a-parameter-policy"},
            "Video": {"TranscodeVideo": {"Codec": "h264"}}, "Audio": {"TranscodeAudio": {"Codec": "aac"}},
        }),
    ));
    // The clip has 44,100 Hz; the template's policy says 48,000.
    let made: Vec<_> = task.listing().into_iter().filter(|key| key.starts_with("out/clip-20")).collect();
    assert_eq!(made.len(), 1, "{:?}", task.listing());
    let facts = task.probe(&made[0]);
    assert_eq!(
        (&facts["AudioStreams"][0]["SampleRate"], &facts["VideoStreams"][0]["Height"]),
        (&48_000.into(), &720.into())
    );
}

#[test]
fn what_building_needs_is_told() {
    let author = Author::new();
    assert!(author.run_badly("", &["plugin", "build"], 2).contains("no Cargo.toml here"));
    author.new_plugin("poor", "video-filter");
    let rustc = author.path("rustc");
    fs::write(&rustc, "#!/bin/sh\necho /nonexistent/lib\n").unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    let output = author.wasmux("poor", &["plugin", "build"]).env("RUSTC", &rustc).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("`rustup target add wasm32-unknown-unknown`"), "{}", text(&output.stderr));
    let output = author.wasmux("poor", &["plugin", "build"]).env("RUSTC", "no-such-rustc").output().unwrap();
    assert!(text(&output.stderr).contains("install Rust"), "{}", text(&output.stderr));
}

#[test]
fn what_does_not_fit_is_explained() {
    let author = Author::new();
    fs::write(author.path("garbage.wasm"), "garbage").unwrap();
    fs::write(author.path("core.wasm"), b"\0asm\x01\0\0\0").unwrap();
    fs::copy(component("hostile_wrong_world"), author.path("wrong.wasm")).unwrap();
    for (file, parts) in [
        ("garbage.wasm", &["it is no valid WebAssembly component"][..]),
        ("core.wasm", &["a core WebAssembly module", "wasm-component-ld"]),
        ("wrong.wasm", &["this host", "Rebuild it"]),
    ] {
        let error = author.run_badly("", &["plugin", "check", file], 1);
        assert!(error.contains(&format!("{file} cannot be used: ")), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        let output = author.run("", &["plugin", "check", file, "--json"]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["Usable"], false);
        assert!(parts.iter().all(|part| json["Reason"].as_str().unwrap().contains(part)), "{json}");
    }
    assert!(author.run_badly("", &["plugin", "check", "nothing.wasm"], 2).contains("nothing.wasm: No such file"));
}
