//! `wasmux run`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{PluginArgs, Stop, print_json, print_line, progress};
use crate::app::{self, AppConfig, NativeFilters};
use crate::media::Interrupt;
use crate::pipeline::{Measuring, Progress};
use crate::store::BucketConfig;
use crate::task::{MediaFacts, TaskUsage, Timestamp, Warning, uri};
use crate::worker::Done;

/// Longest request that is read, in bytes.
const MAX_REQUEST: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The request: a JSON file, or - for standard input.
    #[arg(value_name = "REQUEST.json")]
    request: PathBuf,
    /// A bucket and its folder: oss://NAME/key is the file FOLDER/key. Can be given several times.
    #[arg(long = "bucket", value_name = "NAME=FOLDER", value_parser = bucket)]
    buckets: Vec<BucketConfig>,
    /// Print the resolved plan as JSON (sizes, rates, rectangles, URIs, plugin digests, warnings) and write nothing.
    #[arg(long)]
    plan: bool,
    /// Threads of each decoder and encoder of video, 0 to 64; 0 is as many as there are cores. The bytes of an output depend on it.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=64))]
    threads: u32,
    /// Another limit than the default: max_pixels, max_streams, max_duration_seconds, max_source_bytes or max_targets. Can be given several
    /// times.
    #[arg(long = "limit", value_name = "NAME=NUMBER")]
    limits: Vec<String>,
    /// Another component that requests can name, in a file of its own. Can be given several times.
    #[arg(long = "plugin", value_name = "FILE")]
    plugin_files: Vec<PathBuf>,
    /// Write what it used to this file as JSON: times, CPU, memory, each stage, frames over time.
    #[arg(long, value_name = "FILE")]
    usage: Option<PathBuf>,
    /// Make and verify the outputs, and remove them.
    #[arg(long)]
    discard: bool,
    /// Make no outputs: encoders take their frames and do nothing.
    #[arg(long, requires = "discard")]
    null_encoder: bool,
    #[command(flatten)]
    plugins: PluginArgs,
}

/// What `--usage` writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UsageFile {
    /// From the beginning of planning to the outputs in their places, in seconds.
    pub(super) seconds: f64,
    /// Of the pipeline.
    pub(super) usage: TaskUsage,
    /// Seconds from the start of the pipeline, and the frames that had come to encoders by then.
    pub(super) frames: Vec<(f64, u64)>,
}

/// Time between two looks at how many frames there are.
const LOOK: Duration = Duration::from_millis(50);

/// `NAME=FOLDER`.
pub(super) fn bucket(text: &str) -> Result<BucketConfig, String> {
    let (name, folder) = text.split_once('=').ok_or("write NAME=FOLDER, such as test-bucket=./media")?;
    if !uri::valid_bucket(name) {
        return Err(format!("`{name}` is no bucket name: 1 to 63 characters of a-z, 0-9, '-', '_' and '.'"));
    }
    if folder.is_empty() {
        return Err("the folder is missing: write NAME=FOLDER, such as test-bucket=./media".into());
    }
    Ok(BucketConfig::new(name, Path::new(folder)))
}

pub(super) fn run(args: &RunArgs, native: Option<Arc<dyn NativeFilters>>, interrupt: &Interrupt) -> Result<(), Stop> {
    let request = read_request(&args.request)?;
    refuse_twice(&args.buckets)?;
    let limits = app::limits(&args.limits).map_err(Stop::Usage)?;
    let (buckets, plugin_files) = (args.buckets.clone(), args.plugin_files.clone());
    let config = AppConfig { buckets, plugin_files, threads: args.threads, limits, ..super::local() };
    let begun = Instant::now();
    let app = args.plugins.app_with(config, native).map_err(Stop::Usage)?;
    let spec = app
        .intake(&request)
        .map_err(|faults| refused(args.request.display(), faults.as_slice().len(), &faults.to_string()))?;
    let task = app.task(spec, Timestamp::now());
    let prepared = task.prepare(interrupt)?;
    if args.plan {
        return print_json(prepared.plan());
    }
    let plan_warnings = prepared.plan().warnings().to_vec();
    print_warnings(&plan_warnings);
    let work = |progress: &Progress| {
        if args.discard {
            let measuring = Measuring { null_encoders: args.null_encoder, histograms: args.usage.is_some() };
            return task.try_out(prepared, measuring, progress, interrupt);
        }
        task.run(prepared, progress, interrupt)
    };
    let pipeline = Instant::now();
    let (done, frames) = progress::during(|progress| counted(progress, || work(progress)));
    let done = done?;
    print_warnings(&done.warnings);
    if let Some(file) = &args.usage {
        let usage = UsageFile { seconds: begun.elapsed().as_secs_f64(), usage: done.usage.clone(), frames };
        let text = serde_json::to_vec(&usage).map_err(|error| Stop::Output(error.to_string()))?;
        fs::write(file, text).map_err(|error| Stop::Output(format!("{}: {error}", file.display())))?;
    }
    print_done(&done, pipeline.elapsed())
}

/// Does some work, and counts frames meanwhile.
fn counted<T>(progress: &Progress, work: impl FnOnce() -> T) -> (T, Vec<(f64, u64)>) {
    let begun = Instant::now();
    thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel::<()>();
        let counting = scope.spawn(move || {
            let mut frames = Vec::new();
            while matches!(stopped.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                frames.push((begun.elapsed().as_secs_f64(), progress.snapshot().frames));
            }
            frames
        });
        let done = work();
        drop(stop);
        (done, counting.join().unwrap_or_default())
    })
}

/// A name can only mean one folder.
pub(super) fn refuse_twice(buckets: &[BucketConfig]) -> Result<(), Stop> {
    let mut names = BTreeSet::new();
    match buckets.iter().find(|bucket| !names.insert(&bucket.name)) {
        Some(twice) => Err(Stop::Usage(format!("bucket {} is given twice", twice.name))),
        None => Ok(()),
    }
}

/// All faults of a request, or of what else somebody gave.
pub(super) fn refused(what: impl Display, count: usize, faults: &str) -> Stop {
    let many = if count == 1 { "fault" } else { "faults" };
    Stop::Usage(format!("{what} is refused, {count} {many}:\n{faults}"))
}

pub(super) fn read_request(path: &Path) -> Result<Vec<u8>, Stop> {
    let failed = |error: std::io::Error| Stop::Usage(format!("{}: {error}", path.display()));
    let mut text = Vec::new();
    let limited = MAX_REQUEST + 1;
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limited).read_to_end(&mut text).map_err(failed)?;
    } else {
        fs::File::open(path).map_err(failed)?.take(limited).read_to_end(&mut text).map_err(failed)?;
    }
    if text.len() as u64 > MAX_REQUEST {
        return Err(Stop::Usage(format!("{}: a request is at most {MAX_REQUEST} bytes", path.display())));
    }
    Ok(text)
}

pub(super) fn print_warnings<'a>(warnings: impl IntoIterator<Item = &'a Warning>) {
    for warning in warnings {
        let field = if warning.field.is_empty() { String::new() } else { format!("{}: ", warning.field) };
        eprintln!("warning: {field}{} [{}]", warning.message, warning.code);
    }
}

fn print_done(done: &Done, took: Duration) -> Result<(), Stop> {
    for output in &done.outputs {
        print_line(&format!("{}  {}{}", output.uri, summary(&output.facts), beside(output.files.len())))?;
    }
    eprintln!("done in {:.1} s", took.as_secs_f64());
    Ok(())
}

/// What stands beside an output.
pub(super) fn beside(files: usize) -> String {
    if files == 0 { String::new() } else { format!(", {files} files beside it") }
}

/// One line about a file.
pub(super) fn summary(facts: &MediaFacts) -> String {
    let mut parts = Vec::new();
    for video in &facts.video_streams {
        let rate = video.average_frame_rate.map(|rate| format!(" {:.3} fps", rate.as_f64())).unwrap_or_default();
        parts.push(format!("{} {}x{} {}{rate}", video.codec_name, video.width, video.height, video.pixel_format));
    }
    for audio in &facts.audio_streams {
        parts.push(format!("{} {} Hz {}", audio.codec_name, audio.sample_rate, audio.channel_layout));
    }
    if let Some(duration) = facts.duration {
        parts.push(format!("{duration:.2} s"));
    }
    parts.push(format!("{} bytes", facts.size));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_a_name_and_a_folder() {
        let parsed = bucket("media=./a=b").unwrap();
        assert_eq!((parsed.name.as_str(), parsed.folder().unwrap()), ("media", Path::new("./a=b")));
        for wrong in ["media", "media=", "=x", "Media=x", "../a=x"] {
            assert!(bucket(wrong).is_err(), "{wrong}");
        }
    }
}
