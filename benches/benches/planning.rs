//! From words to a plan, for a request of 100 targets: judging it (which asks the URI policy and the schemas), asking the policies for
//! each target, and building the graph.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use serde_json::{Value, json};
use wasmux::app::{App, AppConfig, BUILT_IN};
use wasmux::media::{Demuxer, FileSource, Interrupt};
use wasmux::plan::plan;
use wasmux::resolve::{self, Context};
use wasmux::sandbox::{Sandbox, SandboxConfig};
use wasmux::store::BucketConfig;
use wasmux::task::{Composition, TaskLimits};
use wasmux_benches::{Spread, record, target, workspace};

const TARGETS: usize = 100;
const RUNS: usize = 31;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = target().join("bench-planning");
    fs::create_dir_all(&folder)?;
    for asset in ["bigbuckbunny.mp4", "logo.png"] {
        fs::copy(workspace().join("assets").join(asset), folder.join(asset))?;
    }
    let cache = target().join("bench-cache");
    let app = App::open(AppConfig {
        buckets: vec![BucketConfig::new("bench", &folder)],
        cache_folder: Some(cache.clone()),
        limits: TaskLimits { max_targets: TARGETS, ..TaskLimits::default() },
        ..AppConfig::default()
    })?;
    let request = request().to_string();
    let spec = app.intake(request.as_bytes()).map_err(|faults| faults.to_string())?;
    let source = Box::new(FileSource::open(&folder.join("bigbuckbunny.mp4"))?);
    let facts = vec![Demuxer::open(source, &Interrupt::default())?.facts().clone()];
    let sandbox: Arc<Sandbox> = Sandbox::new(SandboxConfig {
        embedded: BUILT_IN.to_vec(),
        cache_folder: Some(cache),
        ..SandboxConfig::default()
    })?;
    let composition = Composition::new(&spec, &facts).ok_or("the request has no source")?;
    let now = SystemTime::now();
    let context = Context { uris: &*sandbox, parameters: &*sandbox, plugins: &*sandbox, created: now, modified: now };
    let (resolved, skipped) = resolve::resolve(&spec, &composition, &context)?;
    let nodes = plan(&spec, &facts, resolved.clone(), skipped.clone())?.nodes().len();

    let mut table = format!(
        "{TARGETS} targets, {nodes} nodes; milliseconds, median of {RUNS} (min to max)\n\n| what | ms | us for a target |\n|---|---|---|\n"
    );
    let mut row = |name: &str, work: &dyn Fn() -> Result<(), Box<dyn Error>>| -> Result<(), Box<dyn Error>> {
        work()?;
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let begun = Instant::now();
            work()?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let Some(Spread { min, median, max }) = Spread::of(times) else { return Ok(()) };
        table.push_str(&format!(
            "| {name} | {median:.2} ({min:.2} to {max:.2}) | {:.1} |\n",
            median * 1e3 / TARGETS as f64
        ));
        Ok(())
    };
    row("judging the request", &|| {
        black_box(app.intake(request.as_bytes()).map_err(|faults| faults.to_string())?);
        Ok(())
    })?;
    row("both policies of each target", &|| {
        black_box(resolve::resolve(&spec, &composition, &context)?);
        Ok(())
    })?;
    row("building the graph", &|| {
        black_box(plan(&spec, &facts, resolved.clone(), skipped.clone())?);
        Ok(())
    })?;
    record("Planning", &table)?;
    Ok(())
}

/// Fifty sizes, each in two containers, with a watermark: half of the targets share an encode.
fn request() -> Value {
    let targets = (0..TARGETS).map(|index| {
        let size = format!("{}x{}", 320 + index / 2 * 16, 180 + index / 2 * 10);
        let container = if index % 2 == 0 { "mp4" } else { "mkv" };
        json!({
            "URI": format!("oss://bench/out/{{barename}}-{{resolution}}-{index}.{{autoext}}"), "Container": container,
            "Video": {"TranscodeVideo": {"Codec": "h264", "Resolution": size, "ScaleType": "fit"},
                "FilterVideo": {"Watermarks": [{"Type": "file", "URI": "oss://bench/logo.png", "Width": 0.1}]}},
            "Audio": {"TranscodeAudio": {"Codec": "aac"}},
        })
    });
    json!({"ProjectName": "bench", "Sources": [{"URI": "oss://bench/bigbuckbunny.mp4"}], "Targets": targets.collect::<Vec<_>>()})
}
