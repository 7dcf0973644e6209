//! CPU per frame of watermarks and delogos as components, against FFmpeg's overlay, drawtext and delogo, on raw 1080p frames.
//!
//! Both are whole processes, each measured with its filters and without them; what is compared is the difference. Ours is this
//! bench itself, started again as a child that filters frames and does nothing else.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::{fs, io};

use serde_json::{Value, json};
use wasmux::app::BUILT_IN;
use wasmux::media::Frame;
use wasmux::pipeline::{FilterFactory, FilterRequest};
use wasmux::sandbox::{Sandbox, SandboxConfig};
use wasmux_benches::{PICTURE, ProjectAssets, Spread, measure, record, target, workspace};

const PAIRS: usize = 7;
const FRAMES: u32 = 1200;
/// As many as fall out of the processor's caches.
const COLD_FRAMES: u64 = 32;
const CHILD: &str = "WASMUX_BENCH_FILTERS";
const FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

/// What is compared: our parameters of `watermark` and `delogo`, and FFmpeg's graph from `[0:v]` to `[out]`.
struct Case {
    name: &'static str,
    watermarks: Value,
    delogos: Value,
    graph: String,
}

fn cases() -> Vec<Case> {
    let logo = json!({"Type": "file", "URI": "oss://demo/logo.png", "Dx": 96, "Dy": 108, "Width": 192});
    let text = json!({
        "Content": "Intelligent Media Management", "FontColor": "#FFFFFF", "FontSize": 100, "ReferPos": "bottomright", "Dx": 96, "Dy": 108,
    });
    let areas = [
        json!({"Dx": 1600, "Dy": 60, "Width": 240, "Height": 90}),
        json!({"Dx": 80, "Dy": 900, "Width": 300, "Height": 120}),
    ];
    let interpolated = areas.clone().map(|mut area| {
        area["Style"] = "interpolate".into();
        area
    });
    let overlay = "[1:v]scale=192:-1[logo];[0:v][logo]overlay=96:108";
    let drawn = format!(
        "drawtext=text='Intelligent Media Management':fontsize=100:fontcolor=white:x=w-tw-96:y=h-th-108:fontfile={FONT}"
    );
    let hidden = "delogo=x=1600:y=60:w=240:h=90,delogo=x=80:y=900:w=300:h=120";
    let case = |name, watermarks: &[&Value], delogos: &[Value], graph: String| Case {
        name,
        watermarks: json!({"Watermarks": watermarks}),
        delogos: json!({"Delogos": delogos}),
        graph: format!("{graph}[out]"),
    };
    vec![
        case("two watermarks, two delogos (mosaic)", &[&logo, &text], &areas, format!("{overlay},{drawn},{hidden}")),
        case(
            "the same with delogos that interpolate",
            &[&logo, &text],
            &interpolated,
            format!("{overlay},{drawn},{hidden}"),
        ),
        case("picture against overlay", &[&logo], &[], overlay.to_owned()),
        case("text against drawtext", &[&text], &[], format!("[0:v]{drawn}")),
        case("two delogos (mosaic) against delogo", &[], &areas, format!("[0:v]{hidden}")),
        case("two delogos (interpolate) against delogo", &[], &interpolated, format!("[0:v]{hidden}")),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(filters) = std::env::var(CHILD) {
        return child(&serde_json::from_str(&filters)?);
    }
    let raw = target().join("bench-effects.yuv");
    fs::write(&raw, vec![100; COLD_FRAMES as usize * 1920 * 1080 * 3 / 2])?;
    let mut table = format!(
        "CPU per frame in microseconds, median of {PAIRS} (min to max)\n\n| what | components | ffmpeg | ratio of the pairs |\n|---|---|---|---|\n"
    );
    for case in cases() {
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let ours = per_frame(&|frames| components(&case, frames))?;
            let theirs = per_frame(&|frames| ffmpeg(&case, frames, &raw))?;
            pairs.push((ours, theirs));
        }
        let show = |spread: Option<Spread>, digits: usize| {
            spread.map_or_else(String::new, |s| {
                format!("{:.digits$} ({:.digits$} to {:.digits$})", s.median, s.min, s.max)
            })
        };
        let ours = show(Spread::of(pairs.iter().map(|pair| pair.0)), 0);
        let theirs = show(Spread::of(pairs.iter().map(|pair| pair.1)), 0);
        let ratio = show(Spread::of(pairs.iter().map(|pair| pair.0 / pair.1)), 3);
        table.push_str(&format!("| {} | {ours} | {theirs} | **{ratio}** |\n", case.name));
    }
    fs::remove_file(raw)?;
    record("Effects against FFmpeg's filters, 1080p yuv420p", &table)?;
    Ok(())
}

/// Microseconds of CPU that the filters take for one frame: a run with them, less one without.
fn per_frame(command: &dyn Fn(Option<u32>) -> Command) -> io::Result<f64> {
    let cpu = |command: &mut Command| measure(command).map(|used| used.user + used.system);
    let (with, without) = (cpu(&mut command(Some(FRAMES)))?, cpu(&mut command(None))?);
    Ok((with - without) * 1e6 / f64::from(FRAMES))
}

/// The child opens its filters in both runs; without, it passes no frames.
fn components(case: &Case, frames: Option<u32>) -> Command {
    let filters = json!({"Watermark": case.watermarks, "Delogo": case.delogos, "Frames": frames.unwrap_or(0)});
    let mut command = Command::new(std::env::current_exe().unwrap_or_default());
    command.env(CHILD, filters.to_string());
    command
}

/// Without, the frames are read and thrown away as they are.
fn ffmpeg(case: &Case, frames: Option<u32>, raw: &Path) -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(
        "-nostdin -v error -filter_complex_threads 1 -f rawvideo -s 1920x1080 -r 25 -stream_loop -1 -i".split(' '),
    );
    command.arg(raw).arg("-i").arg(workspace().join("assets/logo.png"));
    match frames {
        Some(_) => command.args(["-filter_complex", &case.graph, "-map", "[out]"]),
        None => command.args(["-map", "0:v"]),
    };
    command.args(["-frames:v", &FRAMES.to_string(), "-f", "null", "-"]);
    command
}

fn child(filters: &Value) -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::new(SandboxConfig {
        embedded: BUILT_IN.to_vec(),
        cache_folder: Some(target().join("bench-cache")),
        assets: Arc::new(ProjectAssets),
        ..SandboxConfig::default()
    })?;
    let mut opened = Vec::new();
    for (plugin, field, list) in [("watermark", "Watermark", "Watermarks"), ("delogo", "Delogo", "Delogos")] {
        let parameters = &filters[field];
        if parameters[list].as_array().is_some_and(|list| !list.is_empty()) {
            let plugin = plugin.parse()?;
            let request = FilterRequest { plugin: &plugin, parameters, picture: &PICTURE };
            opened.push(sandbox.open(request).map_err(|failure| failure.to_string())?.filter);
        }
    }
    let frames = (0..COLD_FRAMES).map(|index| Frame::blank(&PICTURE, 0, 0, index)).collect::<Result<Vec<_>, _>>();
    let mut frames = frames?;
    for index in 0..filters["Frames"].as_u64().unwrap_or(0) {
        let frame = &mut frames[(index % COLD_FRAMES) as usize];
        for filter in &mut opened {
            filter.process(frame).map_err(|failure| failure.to_string())?;
        }
    }
    Ok(())
}
