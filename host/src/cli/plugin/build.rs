//! `wasmux plugin build`.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde::Deserialize;

use super::{check, manifest};
use crate::cli::{CacheArgs, Stop, local};
use crate::media::Interrupt;
use crate::task::{ErrorCode, Failure, Stage};

/// What components are built for.
const TARGET: &str = "wasm32-unknown-unknown";

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// Optimise it. This is the default.
    #[arg(long, conflicts_with = "debug")]
    release: bool,
    /// Do not optimise it: it is built faster, and is far slower.
    #[arg(long)]
    debug: bool,
    #[command(flatten)]
    cache: CacheArgs,
    /// More options for cargo, behind --.
    #[arg(last = true, value_name = "CARGO OPTIONS")]
    cargo: Vec<OsString>,
}

pub(super) fn run(args: &BuildArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    let here = env::current_dir().map_err(|error| Stop::Output(format!("the current folder: {error}")))?;
    let package = here.join("Cargo.toml");
    if !package.is_file() && here.join(manifest::MANIFEST).is_file() {
        let built = manifest::build(&here)?;
        return put(&built.0, &here, args);
    }
    if !package.is_file() {
        let message =
            "there is no Cargo.toml here: go to the plugin's folder, or make one with `wasmux plugin new NAME`";
        return Err(Stop::Usage(message.to_owned()));
    }
    find_target(&here)?;
    let built = build(args, &here, &package);
    if interrupt.is_triggered() {
        // Cargo has got the signal too, and ended.
        return Err(Stop::Failed(Failure::new(ErrorCode::Canceled, Stage::Resolve, "interrupted")));
    }
    put(&built?, &here, args)
}

/// Judges a component, and puts it into its place if it is usable.
fn put(built: &Path, here: &Path, args: &BuildArgs) -> Result<(), Stop> {
    let app = check::open(built, &args.cache, local())?;
    let report = app.examine(built).map_err(|reason| check::unusable(built, &reason))?;
    let name = format!("{}.wasm", report.info.id.name);
    std::fs::copy(built, here.join(&name)).map_err(|error| Stop::Output(format!("{name}: {error}")))?;
    check::print_report(Path::new(&name), &report)
}

/// A tool of Rust: what cargo and rustup say in the environment, or what the shell would find.
fn tool(variable: &str, name: &str) -> Command {
    Command::new(env::var_os(variable).unwrap_or_else(|| name.into()))
}

fn not_started(name: &str, error: &std::io::Error) -> Stop {
    let todo = match error.kind() {
        ErrorKind::NotFound => ": install Rust from https://rustup.rs",
        _ => "",
    };
    Stop::Output(format!("{name} cannot be started: {error}{todo}"))
}

/// Cargo would say that the crate `core` is missing, which helps nobody.
fn find_target(here: &Path) -> Result<(), Stop> {
    let mut rustc = tool("RUSTC", "rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]).current_dir(here);
    let output = rustc.output().map_err(|error| not_started("rustc", &error))?;
    let folder = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && !Path::new(folder.trim()).is_dir() {
        return Err(Stop::Output(format!(
            "this Rust cannot build for {TARGET} yet; install it with `rustup target add {TARGET}`"
        )));
    }
    Ok(())
}

/// What cargo tells of one thing that it built.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Builds the package of this folder. The answer is the component's file, wherever cargo builds.
fn build(args: &BuildArgs, here: &Path, manifest: &Path) -> Result<PathBuf, Stop> {
    let mut cargo = tool("CARGO", "cargo");
    cargo.args(["build", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    cargo.args((!args.debug).then_some("--release")).args(&args.cargo).current_dir(here);
    let mut child = cargo.stdout(Stdio::piped()).spawn().map_err(|error| not_started("cargo", &error))?;
    let mut component = None;
    for line in child.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        if message.reason == "compiler-artifact" && message.manifest_path == manifest {
            let wasm = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "wasm");
            component = message.filenames.into_iter().find(wasm).or(component);
        }
    }
    let status = child.wait().map_err(|error| Stop::Output(format!("cargo: {error}")))?;
    if !status.success() {
        return Err(Stop::Output("cargo could not build it; see above".to_owned()));
    }
    component.ok_or_else(|| {
        Stop::Output(
            "cargo built no component: Cargo.toml needs `crate-type = [\"cdylib\", \"rlib\"]` in `[lib]`".to_owned(),
        )
    })
}
