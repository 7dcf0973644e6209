//! `wasmux plugin`: what the author of a plugin needs. docs/PLUGINS.md goes through it.

mod create;

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
}

pub(super) fn run(args: &PluginCommands, _interrupt: &Interrupt) -> Result<(), Stop> {
    match &args.command {
        PluginCommand::New(args) => create::run(args),
    }
}
