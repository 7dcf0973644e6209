//! `wasmux plugin`: what the author of a plugin needs. docs/PLUGINS.md goes through it.

mod bench;
mod build;
mod c;
mod check;
mod create;
mod javascript;
mod manifest;
mod python;
mod server;
mod test;
mod trial;

use clap::{Args, Subcommand};

use super::Stop;
use crate::media::Interrupt;

#[derive(Debug, Args)]
pub(super) struct PluginCommands {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Write a new plugin that works: a small one of its kind, with its tests, the SDK and the WIT.
    New(create::NewArgs),
    /// Build the plugin of this folder, check it, and put it into NAME.wasm.
    Build(build::BuildArgs),
    /// Tell what a component is, and whether this host can run it.
    Check(check::CheckArgs),
    /// Try a video filter on a clip.
    Run(trial::RunArgs),
    /// Publish a component on a server, under the name and version that it has.
    Push(server::PushArgs),
    /// List the plugins of a server.
    List(server::ListArgs),
    /// Remove a published plugin from a server, unless a task or the server's configuration needs it.
    Remove(server::RemoveArgs),
    /// Run the cases of this folder: a plugin's inputs with what must come out.
    Test(test::TestArgs),
    /// Measure a video filter: time per frame at several sizes, what goes over the boundary, memory.
    Bench(bench::BenchArgs),
}

pub(super) fn run(args: &PluginCommands, interrupt: &Interrupt) -> Result<(), Stop> {
    match &args.command {
        PluginCommand::New(args) => create::run(args),
        PluginCommand::Build(args) => build::run(args, interrupt),
        PluginCommand::Check(args) => check::run(args),
        PluginCommand::Run(args) => trial::run(args, interrupt),
        PluginCommand::Push(args) => server::push(args),
        PluginCommand::List(args) => server::list(args),
        PluginCommand::Remove(args) => server::remove(args),
        PluginCommand::Test(args) => test::run(args, interrupt),
        PluginCommand::Bench(args) => bench::run(args, interrupt),
    }
}
