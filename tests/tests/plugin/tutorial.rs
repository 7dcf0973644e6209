//! docs/PLUGINS.md, typed by somebody who has nothing but the binary and a clip.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use wasmux_tests::pictures::{Area, Rgb};
use wasmux_tests::{binary, target, text, workspace};

use super::{Author, one_build_at_a_time};

/// The commands of the tutorial, as a script.
fn commands() -> Vec<String> {
    let document = fs::read_to_string(workspace().join("docs/PLUGINS.md")).unwrap();
    let tutorial = document.split("\n## ").find(|part| part.starts_with("Five minutes")).unwrap();
    let blocks = tutorial.split("```console\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.flat_map(str::lines).filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}

/// The mean of all channels over an area.
fn mean(picture: &Rgb, (left, top, width, height): Area) -> f64 {
    let rows = (top..top + height).map(|y| (y * picture.width + left) * 3);
    let bytes: Vec<u8> = rows.flat_map(|at| picture.bytes[at..at + width * 3].iter().copied()).collect();
    bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / bytes.len() as f64
}

#[test]
fn the_tutorial_ends_with_a_vignette() {
    let _building = one_build_at_a_time();
    let author = Author::new();
    fs::copy(workspace().join("assets/bigbuckbunny.mp4"), author.path("clip.mp4")).unwrap();
    fs::create_dir(author.path("bin")).unwrap();
    symlink(binary(), author.path("bin/wasmux")).unwrap();
    let commands = commands();
    assert!(commands.len() >= 5 && commands[0] == "wasmux plugin new vignette", "{commands:?}");
    // Everything that cargo needs is here already, for tests have no network.
    let lock = format!("cp '{}' vignette/", workspace().join("Cargo.lock").display());
    let script: Vec<_> = [&["set -ex".to_owned(), commands[0].clone(), lock][..], &commands[1..]].concat();
    let path = format!("{}:{}", author.path("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-c", &script.join("\n")]).current_dir(author.path("")).env("PATH", path);
    shell.env("WASMUX_CACHE", target().join("test-cache")).env("CARGO_TARGET_DIR", target().join("test-author"));
    let output = shell.env("CARGO_NET_OFFLINE", "true").output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));

    let (file, frame) = ("vignette/vignette.wasm", ["--frame", "2s", "plain.png"]);
    let plain = ["plugin", "run", file, "--input", "clip.mp4", "--params", r#"{"Strength": 0}"#];
    author.run_well("", &[&plain[..], &frame].concat());
    author.run_well("", &["frame", "clip.mp4", "source.png", "--at", "2"]);
    let picture = |name: &str| Rgb::of_video(&author.path(name), 0, 1280, 720);
    let (source, plain, vignette) = (picture("source.png"), picture("plain.png"), picture("vignette/frame.png"));
    // Without strength it is the frame of the clip itself.
    assert!(plain.psnr(&source, |_, _| true) > 50.0);
    let share = |area: Area| mean(&vignette, area) / mean(&plain, area);
    let middle = share((600, 320, 80, 80));
    assert!(middle > 0.97, "the middle has {middle:.2} of its light");
    for corner in [(0, 0, 40, 40), (1240, 0, 40, 40), (0, 680, 40, 40), (1240, 680, 40, 40)] {
        let corner = share(corner);
        assert!(corner < 0.35, "a corner has {corner:.2} of its light");
    }
}
