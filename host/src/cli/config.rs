//! `wasmux config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Stop, print_line};
use crate::app::{DEFAULT_CONFIG, ServeConfig};

#[derive(Debug, Args)]
pub(super) struct ConfigCommands {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Judge a configuration as `wasmux serve` would, with the variables of the environment. All faults are told.
    Check {
        /// The TOML file; without one, the variables alone.
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the whole configuration with its defaults, with comments.
    Default,
}

pub(super) fn run(args: &ConfigCommands) -> Result<(), Stop> {
    match &args.command {
        ConfigCommand::Check { file } => {
            let config = ServeConfig::read(file.as_deref(), variables()).map_err(Stop::Usage)?;
            config.check().map_err(|faults| Stop::Usage(faults.join("\nwasmux: ")))?;
            print_line("this configuration can be served with")
        }
        ConfigCommand::Default => print_line(DEFAULT_CONFIG.trim_end()),
    }
}

/// The environment, as far as it is text.
pub(super) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}
