//! The guide's seven requests, each as `wasmux run` against the `ffmpeg` command line that does the same with the same codec options, by
//! `wasmux bench`. `WASMUX_MEDIA` names a folder with `src_1080p30.mov`, of which 12 seconds in 640x360 are used, so that all of it takes a few
//! minutes; without it the demo's clip is.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use wasmux_benches::{record, target, workspace};

const RUNS: &str = "3";
const SOURCE: &str = "video-demo/Shushan Commercial Building";
const REQUESTS: [&str; 7] = ["mp4", "hls-1080p", "hls-ladder", "watermarks", "cut-flv", "remux", "mosaic"];

fn main() -> io::Result<()> {
    let folder = target().join("bench-guide");
    fs::create_dir_all(folder.join("video-demo"))?;
    let folder = fs::canonicalize(folder)?;
    for ending in ["mov", "mp4"] {
        cut(&folder.join(format!("{SOURCE}.{ending}")))?;
    }
    fs::copy(workspace().join("assets/logo.png"), folder.join("video-demo/aliyun.png"))?;
    let mut table = format!(
        "Ratios of {RUNS} pairs, median (95 % of the time within): less than 1 is better than ffmpeg.\n\n| request | CPU | wall | peak memory | wall, s | fps |\n|---|---|---|---|---|---|\n"
    );
    for (index, name) in REQUESTS.iter().enumerate() {
        table.push_str(&row(&folder, index, name)?);
    }
    record("The guide's requests against ffmpeg", &table)
}

/// A clip that every request can be measured on.
fn cut(to: &Path) -> io::Result<()> {
    let media = std::env::var_os("WASMUX_MEDIA").map(|folder| Path::new(&folder).join("src_1080p30.mov"));
    let from = media.filter(|file| file.is_file()).unwrap_or_else(|| workspace().join("assets/bigbuckbunny.mp4"));
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y", "-t", "12", "-i"]).arg(from);
    let cut = command
        .args("-map 0:v:0 -map 0:a:0 -c:v libx264 -preset fast -crf 18 -vf scale=640:360 -c:a copy".split(' '))
        .arg(to)
        .status()?;
    if cut.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} ended with {cut}"))) }
}

fn row(folder: &Path, index: usize, name: &str) -> io::Result<String> {
    let request = workspace().join("host/src/intake/tests/guide").join(format!("{name}.json"));
    let mut command = Command::new(fs::canonicalize(target().join("release/wasmux"))?);
    command.arg("bench").arg(&request).arg("--bucket").arg(format!("test-bucket={}", folder.display()));
    command.args(["--against", "ffmpeg", "--runs", RUNS, "--json"]);
    let output = command.output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))));
    }
    let found: Value = serde_json::from_slice(&output.stdout)?;
    let ratios = found["Ratios"].as_array().into_iter().flatten().find(|ratio| ratio["Name"] == "wasmux / ffmpeg");
    let ratio = |figure: &str| {
        let spread = ratios.map_or(&Value::Null, |ratios| &ratios["Ratios"][figure]);
        let of = |name: &str| spread[name].as_f64().unwrap_or(f64::NAN);
        format!("**{:.3} ({:.3} to {:.3})**", of("Median"), of("Low"), of("High"))
    };
    let main = &found["Variants"][0];
    let of = |name: &str| main[name]["Median"].as_f64().unwrap_or(f64::NAN);
    Ok(format!(
        "| {} {name} | {} | {} | {} | {:.2} | {:.0} |\n",
        index + 1,
        ratio("CPU"),
        ratio("Wall"),
        ratio("PeakMemory"),
        of("Wall"),
        of("FramesPerSecond")
    ))
}
