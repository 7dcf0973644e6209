//! `wasmux plugin new`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use wasmux_tests::{target, text, workspace};

use super::{Author, one_build_at_a_time};

fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", target().join("test-author"));
    command.env("CARGO_NET_OFFLINE", "true").output().unwrap()
}

#[test]
fn a_new_plugin_of_each_world_passes_its_tests() {
    let _building = one_build_at_a_time();
    let author = Author::new();
    for world in ["video-filter", "uri-policy", "parameter-policy"] {
        let name = format!("my-{world}");
        author.new_plugin(&name, world);
        let folder = author.path(&name);
        for file in ["README.md", ".gitignore", ".cargo/config.toml", "sdk/Cargo.toml", "wit/worlds.wit"] {
            assert!(folder.join(file).is_file(), "{world} has no {file}");
        }
        let output = cargo(&folder, &["test"]);
        let (passed, said) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success() && passed.contains("ok. ") && !said.contains("warning: "), "{passed}{said}");
        let code = folder.join("src/lib.rs");
        let mut format = Command::new("rustfmt");
        format.args(["--check", "--edition", "2024", "--config-path"]).arg(workspace().join("rustfmt.toml")).arg(code);
        assert!(format.status().unwrap().success(), "{world} is not formatted");
    }
}

#[test]
fn a_plugin_is_not_written_over_anything_nor_by_a_wrong_name() {
    let author = Author::new();
    fs::create_dir(author.path("taken")).unwrap();
    fs::write(author.path("taken/file"), "mine").unwrap();
    assert!(author.run_badly("", &["plugin", "new", "taken"], 2).contains("taken is not empty"));
    assert_eq!(fs::read_dir(author.path("taken")).unwrap().count(), 1);
    let name = author.run_badly("", &["plugin", "new", "../Up"], 2);
    assert!(name.contains("`../Up` is no plugin name") && name.contains("a-z"), "{name}");
    let sdk = author.run_badly("", &["plugin", "new", "wasmux-sdk"], 2);
    assert!(sdk.contains("the name of the SDK"), "{sdk}");
    let language = author.run_badly("", &["plugin", "new", "a", "--lang", "go"], 2);
    assert!(language.contains("no template in `go` yet; there are rust, js, c, py"), "{language}");
    let world = author.run_badly("", &["plugin", "new", "a", "--world", "audio"], 2);
    assert!(world.contains("there are uri-policy, parameter-policy, video-filter"), "{world}");
    assert!(!author.path("a").exists());
}
