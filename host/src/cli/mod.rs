//! Room `cli`: the commands. It owns texts, exit codes and what is printed; it decides nothing about media.
//!
//! Standard output carries results, standard error everything else. Exit codes: 0 done, 1 the task failed, 2 the request or
//! the command line is wrong, 130 interrupted.

mod bench;
mod cancel;
mod client;
mod config;
mod frame;
mod manual;
mod plugin;
mod plugins;
mod probe;
mod progress;
mod project;
mod run;
mod sdk;
mod serve;
mod status;
mod submit;
mod template;
mod units;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::app::{App, AppConfig, NativeFilters, PluginConfig};
use crate::media::Interrupt;
use crate::store::BucketConfig;
use crate::task::{ErrorCode, Failure, TaskId};

/// The request or the command line is wrong.
const EXIT_USAGE: u8 = 2;
/// Interrupted by a signal, as shells count it.
const EXIT_INTERRUPTED: u8 = 130;

/// A transcoding host with WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "wasmux", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one request: read its sources, write its outputs.
    ///
    /// The request is the JSON of the media-convert API (CreateMediaConvertTask). Outputs appear whole, at the end, or not at
    /// all; a fault in the request is told before anything runs.
    Run(run::RunArgs),
    /// Measure a request: each stage, each plugin, with and without plugins, and against FFmpeg's command line.
    ///
    /// Its pipeline runs several times, each time in a process of its own, in turns with what it is compared with. Outputs are made,
    /// verified and removed.
    Bench(bench::BenchArgs),
    /// Hand one request to a server, and follow the task to its end.
    Submit(submit::SubmitArgs),
    /// Show a task of a server, or its newest tasks.
    Status(status::StatusArgs),
    /// End a task of a server; none of its outputs will be written.
    Cancel(cancel::CancelArgs),
    /// Submit the request of a task that failed once more, as a new task.
    Retry(cancel::RetryArgs),
    /// List, show, make, change and remove the projects of a server.
    Project(project::ProjectCommands),
    /// The same of a project's templates: requests that tasks begin with.
    Template(template::TemplateCommands),
    /// Serve the API over HTTP: take tasks, run each in a process of its own, keep them through restarts.
    Serve(serve::ServeArgs),
    /// Judge the configuration of `wasmux serve`, or print it with its defaults.
    Config(config::ConfigCommands),
    /// Print what a media file is: container, streams, sizes, rates, as JSON.
    Probe(probe::ProbeArgs),
    /// Write one picture of a video as PNG, upright as players show it.
    Frame(frame::FrameArgs),
    /// List the plugins that requests can name.
    Plugins(PluginArgs),
    /// Make, build, check, try and publish a plugin.
    Plugin(plugin::PluginCommands),
    /// Write the Rust SDK and the WIT of plugins into a folder.
    Sdk(sdk::SdkArgs),
    /// Write man pages, or print completions for a shell.
    Manual(manual::ManualCommands),
    /// One task of a service. Started by `wasmux serve`, and by nobody else.
    #[command(hide = true)]
    Worker,
}

/// Where plugins come from.
#[derive(Debug, Args)]
struct PluginArgs {
    /// Folder with more components (*.wasm) beside the built-in ones. A higher version of a name wins.
    #[arg(long, value_name = "FOLDER")]
    plugins: Option<PathBuf>,
    #[command(flatten)]
    cache: CacheArgs,
}

/// Largest component that a command takes, in bytes. Who runs it has chosen the file, so it may be larger than what a service takes.
const MAX_COMPONENT_BYTES: u64 = 64 << 20;

/// Settings of the commands that work without a service.
fn local() -> AppConfig {
    let plugins = PluginConfig { max_component_bytes: MAX_COMPONENT_BYTES, ..PluginConfig::default() };
    AppConfig { plugins, ..AppConfig::default() }
}

/// Where compiled components are kept.
#[derive(Debug, Args)]
struct CacheArgs {
    /// Folder that keeps compiled components [default: wasmux/compiled in the user's cache folder].
    #[arg(long, value_name = "FOLDER", env = "WASMUX_CACHE")]
    cache: Option<PathBuf>,
    /// Compile components anew, and keep nothing.
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
}

impl PluginArgs {
    fn app(&self, buckets: Vec<BucketConfig>) -> Result<App, String> {
        self.app_with(AppConfig { buckets, ..local() }, None)
    }

    /// The plugins of these arguments, and the rest of `config`.
    fn app_with(&self, config: AppConfig, native: Option<Arc<dyn NativeFilters>>) -> Result<App, String> {
        let config = AppConfig { plugin_folder: self.plugins.clone(), cache_folder: self.cache.folder(), ..config };
        match native {
            Some(filters) => App::open_native(config, filters),
            None => App::open(config),
        }
    }
}

impl CacheArgs {
    fn folder(&self) -> Option<PathBuf> {
        if self.no_cache {
            return None;
        }
        self.cache.clone().or_else(|| dirs::cache_dir().map(|folder| folder.join("wasmux").join("compiled")))
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    main_with(None)
}

/// The same in a program that has native filters, which `wasmux run` then takes.
pub fn main_with(native: Option<Arc<dyn NativeFilters>>) -> ExitCode {
    if let Err(reason) = crate::telemetry::init() {
        return Stop::Usage(reason).report();
    }
    let cli = Cli::parse();
    if matches!(cli.command, Command::Worker) {
        // Before any thread, and with a signal's own effect.
        return worker::run();
    }
    let interrupt = Interrupt::default();
    if let Err(error) = watch_signals(&interrupt) {
        eprintln!("wasmux: signals cannot be watched: {error}");
        return ExitCode::FAILURE;
    }
    let result = match &cli.command {
        Command::Run(args) => run::run(args, native, &interrupt),
        Command::Bench(args) => bench::run(args, &interrupt),
        Command::Submit(args) => submit::run(args, &interrupt),
        Command::Status(args) => status::run(args),
        Command::Cancel(args) => cancel::run(args),
        Command::Retry(args) => cancel::retry(args),
        Command::Project(args) => project::run(args),
        Command::Template(args) => template::run(args),
        Command::Serve(args) => serve::run(args, &interrupt),
        Command::Config(args) => config::run(args),
        Command::Probe(args) => probe::run(args, &interrupt),
        Command::Frame(args) => frame::run(args, &interrupt),
        Command::Plugins(args) => plugins::run(args),
        Command::Plugin(args) => plugin::run(args, &interrupt),
        Command::Sdk(args) => sdk::run(args),
        Command::Manual(args) => manual::run(args),
        Command::Worker => return worker::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => stop.report(),
    }
}

/// Why a command ends without its result.
#[derive(Debug)]
enum Stop {
    /// The request or the command line is wrong.
    Usage(String),
    /// The work failed.
    Failed(Failure),
    /// The result could not be printed or written.
    Output(String),
    /// A component cannot be used by this host.
    Unusable(String),
    /// A server does not answer, refuses, or says that the task failed.
    Server(String),
    /// Interrupted while it followed this task of a server, which goes on.
    Left(TaskId),
}

impl Stop {
    fn report(&self) -> ExitCode {
        match self {
            Self::Usage(text) => {
                eprintln!("wasmux: {text}");
                ExitCode::from(EXIT_USAGE)
            }
            Self::Failed(failure) if failure.code == ErrorCode::Canceled => {
                eprintln!("wasmux: interrupted; nothing was written");
                ExitCode::from(EXIT_INTERRUPTED)
            }
            Self::Failed(failure) => {
                eprintln!("wasmux: {failure}");
                ExitCode::FAILURE
            }
            Self::Left(id) => {
                eprintln!("wasmux: the task goes on; wasmux cancel {id} ends it");
                ExitCode::from(EXIT_INTERRUPTED)
            }
            Self::Output(text) | Self::Unusable(text) | Self::Server(text) => {
                eprintln!("wasmux: {text}");
                ExitCode::FAILURE
            }
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The first signal asks the work to stop and clean up; a second one ends the process at once.
fn watch_signals(interrupt: &Interrupt) -> std::io::Result<()> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_default(signal, interrupt.flag())?;
        signal_hook::flag::register(signal, interrupt.flag())?;
    }
    Ok(())
}

/// Prints a value as indented JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Stop::Output(error.to_string()))?;
    print_line(&text)
}

/// Prints a line; a reader that went away (`| head`) is no fault of ours.
fn print_line(text: &str) -> Result<(), Stop> {
    use std::io::{ErrorKind, Write};
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Stop::Output(format!("standard output: {error}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
