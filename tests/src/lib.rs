//! Shared pieces of the tests: a world with buckets, the `wasmux` binary, and clips.

#![expect(clippy::unwrap_used, clippy::panic, reason = "this crate is nothing but tests")]

pub mod captions;
pub mod clips;
pub mod compare;
pub mod flow;
pub mod layer;
pub mod pictures;
pub mod s3;
pub mod samples;
pub mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Where cargo builds: tests lie in `<target>/release/deps`.
pub fn target() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_path_buf()
}

/// The binary, which `make test` builds before the tests.
pub fn binary() -> PathBuf {
    let binary = target().join("release/wasmux");
    assert!(binary.is_file(), "{} is missing: run `make build` first", binary.display());
    binary
}

/// A component that was built for the wasm target, by its file's name without the ending.
pub fn component(name: &str) -> PathBuf {
    let file = target().join("wasm32-unknown-unknown/release").join(format!("{name}.wasm"));
    assert!(file.is_file(), "{} is missing: run `make plugins` first", file.display());
    file
}

/// A bucket `test-bucket` in a folder of its own, removed at the end.
pub struct World {
    folder: TempDir,
}

impl Default for World {
    fn default() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bucket")).unwrap();
        fs::create_dir(folder.path().join("plugins")).unwrap();
        Self { folder }
    }
}

impl World {
    /// The folder that holds everything of this world.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the bucket.
    pub fn object(&self, key: &str) -> PathBuf {
        self.folder.path().join("bucket").join(key)
    }

    /// The folder that `--plugins` names.
    pub fn plugins(&self) -> PathBuf {
        self.folder.path().join("plugins")
    }

    /// Puts an object into the bucket.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.object(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Copies a file into the bucket.
    pub fn copy(&self, from: &Path, key: &str) {
        let path = self.object(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(from, path).unwrap();
    }

    /// Everything that is in the bucket now, hidden files too.
    pub fn listing(&self) -> Vec<String> {
        let root = self.object("");
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
            }
        }
        found.sort();
        found
    }

    /// `wasmux run` on this request with more arguments, ready to be started.
    pub fn run_command(&self, request: &Value, more: &[&str]) -> Command {
        let file = self.folder.path().join("request.json");
        fs::write(&file, request.to_string()).unwrap();
        let mut command = Command::new(binary());
        command.arg("run").arg(file).arg("--bucket").arg(format!("test-bucket={}", self.object("").display()));
        command.arg("--plugins").arg(self.plugins()).args(more);
        command.env("WASMUX_CACHE", target().join("test-cache")).stdin(Stdio::null());
        command
    }

    /// Runs a request to its end.
    pub fn run(&self, request: &Value) -> Output {
        self.run_command(request, &[]).output().unwrap()
    }

    /// Runs a request that must succeed.
    pub fn run_well(&self, request: &Value) {
        let output = self.run(request);
        assert!(output.status.success(), "{request}\n{}", text(&output.stderr));
    }

    /// The plan of a request that must have one.
    pub fn plan(&self, request: &Value) -> Value {
        let output = self.run_command(request, &["--plan"]).output().unwrap();
        assert!(output.status.success(), "{request}\n{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The facts of an object, by `wasmux probe`.
    pub fn probe(&self, key: &str) -> Value {
        let output = Command::new(binary()).arg("probe").arg(self.object(key)).output().unwrap();
        assert!(output.status.success(), "{key}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Makes a file with the `ffmpeg` command.
pub fn ffmpeg(arguments: &str, to: &Path) {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]).args(arguments.split_whitespace()).arg(to);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
}

/// Sums over the decoded frames of one stream, which `ffmpeg` names as in `0:v:0`.
pub fn frame_sums(world: &World, key: &str, stream: &str) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(world.object(key));
    command.args(["-map", stream, "-fps_mode", "passthrough", "-f", "framehash", "-"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{key}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

/// Bytes that a process printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A request with one source and one target.
pub fn request(source: &str, target: &Value) -> Value {
    serde_json::json!({"ProjectName": "test-project", "Sources": [{"URI": format!("oss://test-bucket/{source}")}], "Targets": [target]})
}
