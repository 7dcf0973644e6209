//! `wasmux probe`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Stop, print_json};
use crate::media::{self, FileSource, Interrupt, MediaError};
use crate::task::{ErrorCode, Failure, Stage};

#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    /// The media file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print what DetectMediaMeta answers: tags, profiles and the like too, in the form of that API.
    #[arg(long)]
    meta: bool,
}

pub(super) fn run(args: &ProbeArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    let source = open(&args.file)?;
    let failed = |error: MediaError| error.at(Stage::Probe);
    if args.meta {
        return print_json(&media::describe(Box::new(source), interrupt).map_err(failed)?);
    }
    print_json(&media::probe(Box::new(source), interrupt).map_err(failed)?)
}

/// Opens a local file that the user named on the command line.
pub(super) fn open(file: &Path) -> Result<FileSource, Stop> {
    FileSource::open(file).map_err(|error| {
        let message = format!("{}: {error}", file.display());
        Stop::Failed(Failure::new(ErrorCode::SourceNotFound, Stage::Probe, message))
    })
}
