//! `wasmux manual`: what packages install beside the binary.

use std::fs;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Subcommand};
use clap_complete::Shell;

use super::{Cli, Stop};

#[derive(Debug, Args)]
pub(super) struct ManualCommands {
    #[command(subcommand)]
    command: ManualCommand,
}

#[derive(Debug, Subcommand)]
enum ManualCommand {
    /// Write a man page for each command into a folder.
    Man {
        /// The folder; made where it is not there.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Print what completes commands in a shell.
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
}

pub(super) fn run(args: &ManualCommands) -> Result<(), Stop> {
    let mut command = Cli::command();
    match &args.command {
        ManualCommand::Man { folder } => fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .map_err(|error| Stop::Output(format!("{}: {error}", folder.display()))),
        ManualCommand::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut command, "wasmux", &mut text);
            super::print_line(String::from_utf8_lossy(&text).trim_end())
        }
    }
}
