//! `wasmux bench`: what a request costs, stage by stage, and what it is compared with.

mod against;
mod page;
mod report;
mod request;
mod runs;
mod spread;

use std::path::PathBuf;
use std::process::Command;

use clap::Args;
use serde_json::Value;

use super::{PluginArgs, Stop, run};
use crate::app::{App, AppConfig};
use crate::media::Interrupt;
use crate::plan::Plan;
use crate::store::BucketConfig;
use crate::task::Timestamp;

use runs::Variant;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// The request: a JSON file, or - for standard input.
    #[arg(value_name = "REQUEST.json")]
    request: PathBuf,
    /// A bucket and its folder: oss://NAME/key is the file FOLDER/key. Can be given several times.
    #[arg(long = "bucket", value_name = "NAME=FOLDER", value_parser = run::bucket)]
    buckets: Vec<BucketConfig>,
    /// A component that the request names, in a file of its own. Can be given several times.
    #[arg(long = "plugin", value_name = "FILE")]
    plugin_files: Vec<PathBuf>,
    /// What to compare with: `ffmpeg`, the command line that does the same; `native`, the built-in filters as native code, by the program
    /// wasmux-native beside this one; or the file of another component, in the place of the request's one filter or of the filter of its name.
    #[arg(long, value_name = "ffmpeg|native|FILE")]
    against: Option<String>,
    /// A source made by FFmpeg's test pattern and a tone, in the place of the request's own.
    #[arg(long, value_name = "WIDTHxHEIGHT[@FPS][:SECONDS]", value_parser = request::synthetic)]
    synthetic: Option<request::Synthetic>,
    /// Leave encoding and writing out: what is measured is the way to the encoders.
    #[arg(long)]
    null_encoder: bool,
    /// How often each is measured.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// How often each runs before, without being measured.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=100))]
    warm_up: u32,
    /// Threads of each decoder and encoder of video, 0 to 64; 0 is as many as there are cores.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=64))]
    threads: u32,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    /// Write a page with plots to this file, too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    plugins: PluginArgs,
}

pub(super) fn run(args: &BenchArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    run::refuse_twice(&args.buckets)?;
    let text = run::read_request(&args.request)?;
    let mut request = request::parse(&text)?;
    let no_folder = |error| Stop::Output(format!("no temporary folder could be made: {error}"));
    let work = runs::Folder::new().map_err(no_folder)?;
    let mut buckets = args.buckets.clone();
    if let Some(synthetic) = &args.synthetic {
        buckets.push(request::make(synthetic, work.path(), &mut request)?);
    }
    let bench = Bench { args, buckets };
    let plan = bench.plan(&request, &args.plugin_files, interrupt)?;
    let mut variants = vec![bench.variant("wasmux", &request, &args.plugin_files)];
    if let Some(bare) = request::without_filters(&request) {
        variants.push(bench.variant("without filters", &bare, &args.plugin_files));
    }
    match args.against.as_deref() {
        None => {}
        Some("ffmpeg") if args.null_encoder => {
            return Err(Stop::Usage("--null-encoder has no meaning for the command line of ffmpeg".to_owned()));
        }
        Some("ffmpeg") => {
            let line = against::line(&plan, &bench.buckets, args.threads).map_err(Stop::Usage)?;
            variants.push(Variant { name: "ffmpeg".to_owned(), program: None, run: runs::Run::Ffmpeg(line) });
        }
        Some("native") => {
            let program = runs::native().map_err(Stop::Usage)?;
            let variant = bench.variant("native filters", &request, &args.plugin_files);
            variants.push(Variant { program: Some(program), ..variant });
        }
        Some(file) => variants.push(bench.other(&request, file, interrupt)?),
    }
    let measured = runs::measure(&variants, (args.warm_up, args.runs), work.path(), interrupt)?;
    if let Some(file) = &args.html {
        let page = page::page(&report::title(args), &measured);
        std::fs::write(file, page).map_err(|error| Stop::Output(format!("{}: {error}", file.display())))?;
    }
    report::print(args, &plan, &measured)
}

struct Bench<'a> {
    args: &'a BenchArgs,
    buckets: Vec<BucketConfig>,
}

impl Bench<'_> {
    fn app(&self, plugin_files: &[PathBuf]) -> Result<App, Stop> {
        let (buckets, plugin_files) = (self.buckets.clone(), plugin_files.to_vec());
        let config = AppConfig { buckets, plugin_files, threads: self.args.threads, ..super::local() };
        self.args.plugins.app_with(config, None).map_err(Stop::Usage)
    }

    /// Judges the request before anything is measured; compiles what is not compiled yet.
    fn plan(&self, request: &Value, plugin_files: &[PathBuf], interrupt: &Interrupt) -> Result<Plan, Stop> {
        let app = self.app(plugin_files)?;
        let text = request.to_string();
        let spec = app.intake(text.as_bytes()).map_err(|faults| {
            run::refused(self.args.request.display(), faults.as_slice().len(), &faults.to_string())
        })?;
        Ok(app.task(spec, Timestamp::now()).prepare(interrupt)?.plan().clone())
    }

    fn variant(&self, name: &str, request: &Value, plugin_files: &[PathBuf]) -> Variant {
        let mut arguments: Vec<std::ffi::OsString> = ["run", "-", "--discard"].map(Into::into).to_vec();
        for bucket in &self.buckets {
            let mut text = std::ffi::OsString::from(format!("{}=", bucket.name));
            text.push(bucket.folder().unwrap_or_else(|| std::path::Path::new("")));
            arguments.extend(["--bucket".into(), text]);
        }
        for file in plugin_files {
            arguments.extend(["--plugin".into(), file.into()]);
        }
        arguments.extend(["--threads".into(), self.args.threads.to_string().into()]);
        arguments.extend(self.args.null_encoder.then(|| "--null-encoder".into()));
        if let Some(folder) = &self.args.plugins.plugins {
            arguments.extend(["--plugins".into(), folder.into()]);
        }
        // Of `no_cache` too: what is measured is no compiler.
        if let Some(folder) = &self.args.plugins.cache.cache {
            arguments.extend(["--cache".into(), folder.into()]);
        }
        let run = runs::Run::Wasmux { arguments, request: request.to_string() };
        Variant { name: name.to_owned(), program: None, run }
    }

    /// The request with another component in the place of one of its filters.
    fn other(&self, request: &Value, file: &str, interrupt: &Interrupt) -> Result<Variant, Stop> {
        let path = PathBuf::from(file);
        if !path.is_file() {
            return Err(Stop::Usage(format!(
                "--against {file}: there is no such file; it is `ffmpeg`, `native` or a component"
            )));
        }
        let identify = |file: &PathBuf| {
            let id = self.app(std::slice::from_ref(file))?.identify(file);
            id.map_err(|reason| Stop::Usage(format!("{}: {reason}", file.display())))
        };
        let other = identify(&path)?;
        let request = request::with_other(request, other.name.as_str(), &other.version).map_err(Stop::Usage)?;
        let mut files = vec![path];
        for file in &self.args.plugin_files {
            // Of its name there is one only.
            if identify(file)?.name != other.name {
                files.push(file.clone());
            }
        }
        self.plan(&request, &files, interrupt)?;
        Ok(self.variant(&format!("{} {}", other.name, other.version), &request, &files))
    }
}

/// What a variant is in the words of a shell, for who wants to run it by hand.
fn shown(command: &Command) -> String {
    let quoted = |text: &std::ffi::OsStr| {
        let text = text.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
        if !text.is_empty() && text.chars().all(plain) {
            text.into_owned()
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    words.collect::<Vec<_>>().join(" ")
}
