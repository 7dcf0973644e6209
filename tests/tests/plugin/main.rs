//! An author with nothing but the binary: `wasmux plugin new`, `build`, `check`, `run`, `test`, `bench`, and the tutorial.

#![expect(clippy::unwrap_used, reason = "a test")]

mod bench;
mod build;
mod c;
mod cases;
mod create;
mod javascript;
mod python;
mod trial;
mod tutorial;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;
use wasmux_tests::{binary, target, text, workspace};

/// Held by a test that builds: the SDK of one plugin would take the place of another's while its tests run.
static BUILDING: Mutex<()> = Mutex::new(());

fn one_build_at_a_time() -> MutexGuard<'static, ()> {
    BUILDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The folder with the tools of other languages.
#[track_caller]
fn languages() -> PathBuf {
    let folder = std::env::var_os("WASMUX_LANGUAGES").map_or_else(|| target().join("languages"), PathBuf::from);
    let installed = folder.join("installed").is_file();
    assert!(installed, "{} does not hold the tools of other languages: `make test` installs them", folder.display());
    folder
}

/// An empty folder, in which the commands of an author are run.
struct Author {
    folder: TempDir,
}

impl Author {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `wasmux` in this folder, or in one below it.
    fn wasmux(&self, below: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.path(below)).env("WASMUX_CACHE", target().join("test-cache"));
        // The versions that this workspace has fetched already; what is built once serves all tests.
        command.env("CARGO_TARGET_DIR", target().join("test-author")).env("CARGO_NET_OFFLINE", "true");
        command
    }

    fn run(&self, below: &str, arguments: &[&str]) -> Output {
        self.wasmux(below, arguments).output().unwrap()
    }

    #[track_caller]
    fn run_well(&self, below: &str, arguments: &[&str]) -> String {
        let output = self.run(below, arguments);
        assert!(output.status.success(), "{arguments:?}\n{}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// The standard error of a command that must fail with this code.
    #[track_caller]
    fn run_badly(&self, below: &str, arguments: &[&str], code: i32) -> String {
        let output = self.run(below, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{}", text(&output.stderr));
        text(&output.stderr)
    }

    /// The names of what is in the folder.
    fn listing(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A new plugin whose dependencies are those of this workspace.
    fn new_plugin(&self, name: &str, world: &str) {
        self.run_well("", &["plugin", "new", name, "--world", world]);
        fs::copy(workspace().join("Cargo.lock"), self.path(name).join("Cargo.lock")).unwrap();
    }
}
