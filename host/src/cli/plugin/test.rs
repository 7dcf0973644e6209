//! `wasmux plugin test`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::json;

use super::{check, manifest};
use crate::app::{self, AppConfig, CASES_BUCKET, Judged, Verdict};
use crate::cli::{CacheArgs, Stop, local, print_json, print_line, run};
use crate::media::Interrupt;
use crate::sandbox::World;
use crate::store::BucketConfig;

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// The component [default: NAME.wasm of this folder, which `wasmux plugin build` wrote].
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The folder of cases, each a folder with a case.toml.
    #[arg(long, value_name = "FOLDER", default_value = "cases")]
    cases: PathBuf,
    /// Write down what came out as what is expected, where it is missing or differs.
    #[arg(long)]
    bless: bool,
    /// Print what became of each case as JSON.
    #[arg(long)]
    json: bool,
    /// A bucket and its folder, for parameters that name objects; the bucket `cases` is the folder of cases. Can be given several
    /// times.
    #[arg(long = "bucket", value_name = "NAME=FOLDER", value_parser = run::bucket)]
    buckets: Vec<BucketConfig>,
    #[command(flatten)]
    cache: CacheArgs,
}

pub(super) fn run(args: &TestArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => built_here()?,
    };
    let unreadable = |error: std::io::Error| Stop::Usage(format!("--cases {}: {error}", args.cases.display()));
    let cases = app::cases(&args.cases).map_err(unreadable)?;
    if cases.is_empty() {
        let message = "has no cases: each is a folder with a case.toml, as docs/PLUGINS.md describes it";
        return Err(Stop::Usage(format!("--cases {} {message}", args.cases.display())));
    }
    let mut buckets = args.buckets.clone();
    buckets.push(BucketConfig::new(CASES_BUCKET, &args.cases));
    run::refuse_twice(&buckets)?;
    let app = check::open(&file, &args.cache, AppConfig { buckets, ..local() })?;
    let (plugin, world) = app.plugin_in(&file).map_err(|reason| check::unusable(&file, &reason))?;
    let mut judged = Vec::new();
    for case in &cases {
        let case = app.judge((&plugin, world), case, args.bless, interrupt)?;
        if !args.json {
            print_case(&case, world)?;
        }
        judged.push(case);
    }
    let count = |which: fn(&Verdict) -> bool| judged.iter().filter(|case| which(&case.verdict)).count();
    let passed = count(|verdict| matches!(verdict, Verdict::Passed));
    let written = count(|verdict| matches!(verdict, Verdict::Blessed(_)));
    let failed = count(|verdict| matches!(verdict, Verdict::Failed(_)));
    let wrong = count(|verdict| matches!(verdict, Verdict::Wrong(_)));
    if args.json {
        print_json(&json!({"Passed": passed, "Written": written, "Failed": failed, "Wrong": wrong, "Cases": judged}))?;
    }
    let all = judged.len();
    if wrong > 0 {
        return Err(Stop::Usage(format!("{wrong} of {all} cases cannot be run, {failed} failed")));
    }
    if failed > 0 {
        return Err(Stop::Unusable(format!("{failed} of {all} cases failed")));
    }
    let written = if written > 0 { format!(", {written} written") } else { String::new() };
    if args.json { Ok(()) } else { print_line(&format!("{passed} passed{written}")) }
}

fn print_case(case: &Judged, world: World) -> Result<(), Stop> {
    let name = &case.name;
    match &case.verdict {
        Verdict::Passed => print_line(&format!("{name} ... ok")),
        Verdict::Blessed(reason) => print_line(&format!("{name} ... {} is written: {reason}", expected(world))),
        Verdict::Failed(reason) => print_line(&format!("{name} ... FAILED: {reason}")),
        Verdict::Wrong(faults) => print_line(&format!("{name} ... WRONG: {}", faults.join("\n  "))),
    }
}

/// The file that holds what is expected of a plugin.
fn expected(world: World) -> &'static str {
    match world {
        World::VideoFilter => "expected.png",
        World::UriPolicy => "expected.txt",
        World::ParameterPolicy => "expected.json",
    }
}

/// What is needed of a plugin's Cargo.toml.
#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// The component that `wasmux plugin build` has put beside the manifest of this folder.
fn built_here() -> Result<PathBuf, Stop> {
    let cargo = Path::new("Cargo.toml");
    let name = if !cargo.exists() && Path::new(manifest::MANIFEST).exists() {
        manifest::Manifest::read(Path::new(""))?.0.name.to_string()
    } else {
        let manifest = std::fs::read_to_string(cargo).map_err(|error| {
            Stop::Usage(format!("Cargo.toml: {error}; go to the plugin's folder, or name the component's FILE"))
        })?;
        let manifest: Manifest =
            toml::from_str(&manifest).map_err(|error| Stop::Usage(format!("Cargo.toml: {error}")))?;
        manifest.package.name
    };
    let file = PathBuf::from(format!("{name}.wasm"));
    match Path::new(&file).is_file() {
        true => Ok(file),
        false => Err(Stop::Usage(format!("there is no {} here yet: `wasmux plugin build` makes it", file.display()))),
    }
}
