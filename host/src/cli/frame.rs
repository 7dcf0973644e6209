//! `wasmux frame`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Stop, probe};
use crate::media::{self, Interrupt};
use crate::task::Stage;

#[derive(Debug, Args)]
pub(super) struct FrameArgs {
    /// The video file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The picture to write.
    #[arg(value_name = "OUTPUT.png")]
    output: PathBuf,
    /// Seconds from the start; the last frame where that is beyond the end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0, value_parser = seconds)]
    at: f64,
}

/// Seconds from the start, also written as `2.5s`.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.strip_suffix('s').unwrap_or(text).parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
        _ => Err(format!("`{text}` is no time: write seconds from 0, such as 2.5")),
    }
}

pub(super) fn run(args: &FrameArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    // What is wrong with the file's name is told here; after that it is read.
    probe::open(&args.file)?;
    take(&args.file, args.at, &args.output, interrupt).map(|_| ())
}

/// Writes the picture that is shown at this time; the answer is its width and height.
pub(super) fn take(file: &Path, at: f64, output: &Path, interrupt: &Interrupt) -> Result<(u32, u32), Stop> {
    let open = || -> media::Result<Box<dyn media::ByteSource>> {
        let source = media::FileSource::open(file).map_err(|error| media::MediaError::Read(error.to_string()))?;
        Ok(Box::new(source))
    };
    let frame = media::frame_at(&open, at, interrupt).map_err(|error| error.at(Stage::Decode))?;
    media::write_png(&frame, output).map_err(|error| Stop::Output(error.to_string()))?;
    Ok((frame.width(), frame.height()))
}
