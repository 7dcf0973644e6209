//! The price of the plugin boundary: a call, a region in and out, a whole frame in and out, an instance; and what the demo's two
//! watermarks cost beyond the copy of the frame that any writer needs.

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use serde_json::{Value, json};
use wasmux::app::BUILT_IN;
use wasmux::media::Frame;
use wasmux::pipeline::{FilterFactory, FilterRequest, FrameFilter};
use wasmux::sandbox::{Sandbox, SandboxConfig};
use wasmux::task::Failure;
use wasmux_benches::{PICTURE, ProjectAssets, record, target, workspace};

/// As many frames as fall out of the processor's caches.
const COLD_FRAMES: usize = 32;

fn main() -> io::Result<()> {
    let mut criterion = Criterion::default()
        .sample_size(40)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let ids = run(&mut criterion).map_err(|failure| io::Error::other(failure.to_string()))?;
    criterion.final_summary();
    let mut table = String::from("| what | median | against the copy |\n|---|---|---|\n");
    let medians: Vec<_> = ids.iter().filter_map(|id| Some((*id, median(id)?))).collect();
    let copy = medians.iter().find(|(id, _)| *id == COPY).map_or(f64::NAN, |(_, time)| *time);
    for (id, time) in medians {
        table.push_str(&format!("| {id} | {:.2} us | {:.2} |\n", time / 1e3, time / copy));
    }
    record("Plugin boundary, 1080p yuv420p, cold frames", &table)
}

const COPY: &str = "native copy of a frame";

fn run(criterion: &mut Criterion) -> Result<Vec<&'static str>, Failure> {
    let sandbox = Sandbox::new(SandboxConfig {
        embedded: BUILT_IN.to_vec(),
        plugin_folder: Some(target().join("wasm32-unknown-unknown/release")),
        cache_folder: Some(target().join("bench-cache")),
        assets: Arc::new(ProjectAssets),
        ..SandboxConfig::default()
    });
    let sandbox = sandbox.map_err(|error| internal(&error))?;
    let mut frames = Vec::new();
    for index in 0..COLD_FRAMES {
        frames.push(Frame::blank(&PICTURE, 0, 0, index as u64).map_err(|error| internal(&error))?);
    }
    let mut ids = vec![COPY];
    let mut next = 0;
    criterion.bench_function(COPY, |bencher| {
        bencher.iter(|| {
            next = (next + 1) % COLD_FRAMES;
            let mut copy = frames[next].share();
            if let Ok(copy) = &mut copy {
                black_box(copy.make_writable()).ok();
            }
            copy.is_ok()
        });
    });
    for (id, behaviour) in [
        ("call that does nothing", "nothing"),
        ("region of 384x216 luma in and out", "roundtrip-region"),
        ("whole frame in and out", "roundtrip"),
    ] {
        let parameters = json!({"Behaviour": behaviour});
        let mut filter = open(&sandbox, "hostile-filter", &parameters)?;
        criterion.bench_function(id, |bencher| bencher.iter(|| process(&mut *filter, &mut frames, &mut next)));
        ids.push(id);
    }
    let demo = demo_watermarks()?;
    let mut filter = open(&sandbox, "watermark", &demo)?;
    let id = "the demo's two watermarks";
    criterion.bench_function(id, |bencher| bencher.iter(|| process(&mut *filter, &mut frames, &mut next)));
    ids.push(id);
    let nothing = json!({"Behaviour": "nothing"});
    let chinese = json!({"Watermarks": [{"Content": "\u{8f6c}\u{7801}\u{670d}\u{52a1}\u{4e0e}\u{63d2}\u{4ef6}\u{6c34}\u{5370}\u{7684}\u{6548}\u{679c}\u{6d4b}\u{8bd5}\u{4e00}\u{4e8c}\u{4e09}\u{56db}\u{4e94}\u{516d}", "FontSize": 48, "FontColor": "white", "BorderWidth": 2}]});
    for (id, plugin, parameters) in [
        ("open a filter that does nothing", "hostile-filter", &nothing),
        ("open the demo's two watermarks", "watermark", &demo),
        ("open a text of 20 Chinese characters with a border", "watermark", &chinese),
    ] {
        criterion.bench_function(id, |bencher| bencher.iter(|| open(&sandbox, plugin, parameters).is_ok()));
        ids.push(id);
    }
    Ok(ids)
}

fn open(sandbox: &Sandbox, plugin: &str, parameters: &Value) -> Result<Box<dyn FrameFilter>, Failure> {
    let plugin = plugin.parse().map_err(|error: String| internal(&error))?;
    let opened = sandbox.open(FilterRequest { plugin: &plugin, parameters, picture: &PICTURE })?;
    Ok(opened.filter)
}

fn process(filter: &mut dyn FrameFilter, frames: &mut [Frame], next: &mut usize) -> bool {
    *next = (*next + 1) % frames.len();
    filter.process(&mut frames[*next]).is_ok()
}

/// The filter parameters of the demo's request.
fn demo_watermarks() -> Result<Value, Failure> {
    let text = fs::read_to_string(workspace().join("assets/demo.json")).map_err(|error| internal(&error))?;
    let request: Value = serde_json::from_str(&text).map_err(|error| internal(&error))?;
    Ok(json!({"Watermarks": request["Targets"][0]["Video"]["FilterVideo"]["Watermarks"]}))
}

fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(wasmux::task::ErrorCode::Internal, wasmux::task::Stage::Filter, error.to_string())
}

/// Median of the last run in nanoseconds, from criterion's own files.
fn median(id: &str) -> Option<f64> {
    let folder = target().join("criterion").join(Path::new(id)).join("new/estimates.json");
    let estimates: Value = serde_json::from_str(&fs::read_to_string(folder).ok()?).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}
