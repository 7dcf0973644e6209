//! `wasmux plugin bench`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::{check, trial};
use crate::app::{self, App, AppConfig, Course, Measured, Subject};
use crate::cli::units::{amount, micros};
use crate::cli::{CacheArgs, Stop, local, print_json, print_line, run};
use crate::media::Interrupt;
use crate::store::BucketConfig;
use crate::task::{PixelFormat, PluginRef};
use crate::worker::peak_memory;

/// Sides of a picture in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 16..=8192;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// The component: a video filter.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its parameters: a JSON object, or @FILE with one.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    params: String,
    /// Another component to measure beside it, with the same parameters.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// The parameters of the other one, where they are not the same.
    #[arg(long, value_name = "JSON", requires = "against")]
    against_params: Option<String>,
    /// Sizes of the pictures: heights at 16:9 such as 720p, or WIDTHxHEIGHT.
    #[arg(long, value_name = "SIZES", value_delimiter = ',', default_value = "480p,720p,1080p,2160p", value_parser = size)]
    sizes: Vec<(u32, u32)>,
    /// Frames that are measured at each size.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    frames: u32,
    /// The format of the pictures, such as yuv420p10le.
    #[arg(long, value_name = "FORMAT", default_value = "yuv420p", value_parser = pixel_format)]
    pixel_format: PixelFormat,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    /// A bucket and its folder, for parameters that name objects: oss://NAME/key is the file FOLDER/key. Can be given several times.
    #[arg(long = "bucket", value_name = "NAME=FOLDER", value_parser = run::bucket)]
    buckets: Vec<BucketConfig>,
    #[command(flatten)]
    cache: CacheArgs,
}

/// `720p` or `1280x720`.
fn size(text: &str) -> Result<(u32, u32), String> {
    let side = |text: &str| text.parse::<u32>().ok().filter(|side| SIDES.contains(side));
    let sides = match text.strip_suffix('p') {
        // The next even width, as 854 at 480.
        Some(height) => side(height).map(|height| ((height * 16).div_ceil(18) * 2, height)),
        None => text.split_once('x').and_then(|(width, height)| side(width).zip(side(height))),
    };
    sides.filter(|(width, _)| SIDES.contains(width)).ok_or_else(|| {
        format!(
            "write a height such as 720p, or WIDTHxHEIGHT, with sides of {} to {} pixels",
            SIDES.start(),
            SIDES.end()
        )
    })
}

fn pixel_format(text: &str) -> Result<PixelFormat, String> {
    text.parse().map_err(|()| {
        let names: Vec<_> = PixelFormat::ALL.iter().map(ToString::to_string).collect();
        format!("must be one of {}", names.join(", "))
    })
}

/// One filter that takes part.
struct Entry {
    /// What it is here: `Plugin`, `Against` or `Null`.
    role: &'static str,
    app: App,
    plugin: PluginRef,
    parameters: Value,
}

pub(super) fn run(args: &BenchArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    run::refuse_twice(&args.buckets)?;
    let parameters = trial::parameters("--params", &args.params)?;
    let mut entries = vec![entry("Plugin", args, &args.file, "--params", parameters.clone())?];
    if let Some(file) = &args.against {
        let (option, parameters) = match &args.against_params {
            Some(text) => ("--against-params", trial::parameters("--against-params", text)?),
            None => ("--params", parameters),
        };
        entries.push(entry("Against", args, file, option, parameters)?);
    }
    let config = AppConfig { cache_folder: args.cache.folder(), ..local() };
    let (app, plugin) = App::with_null_filter(config).map_err(Stop::Usage)?;
    entries.push(Entry { role: "Null", app, plugin, parameters: json!({}) });
    let loads: Vec<_> = entries.iter().map(|entry| entry.app.load_time(&entry.plugin)).collect::<Result<_, _>>()?;
    let mut sizes = Vec::new();
    for (index, (width, height)) in args.sizes.iter().copied().enumerate() {
        let course = Course { width, height, pixel_format: args.pixel_format, frames: args.frames };
        let subjects: Vec<_> =
            entries.iter().map(|Entry { app, plugin, parameters, .. }| Subject { app, plugin, parameters }).collect();
        let measured = app::measure(&subjects, course, interrupt)?;
        if args.json {
            sizes.push(json_of(course, &entries, &measured));
            continue;
        }
        if index == 0 {
            print_head(args, &measured, &loads)?;
        }
        print_rows(course, &measured)?;
    }
    let peak = peak_memory();
    if args.json {
        let loads: Vec<_> =
            entries.iter().zip(&loads).map(|(entry, load)| json!({"Role": entry.role, "LoadMs": ms(*load)})).collect();
        let cached = args.cache.folder().is_some();
        let (frames, format) = (args.frames, args.pixel_format);
        return print_json(&json!({
            "Frames": frames, "PixelFormat": format, "Cached": cached, "Loads": loads, "Sizes": sizes, "PeakMemoryBytes": peak,
        }));
    }
    peak.map_or(Ok(()), |peak| print_line(&format!("\nthe process had at most {} of memory", amount(peak as f64))))
}

fn entry(role: &'static str, args: &BenchArgs, file: &Path, option: &str, parameters: Value) -> Result<Entry, Stop> {
    let config = AppConfig { buckets: args.buckets.clone(), ..local() };
    let app = check::open(file, &args.cache, config)?;
    let plugin = app.filter_in(file).map_err(|reason| check::unusable(file, &reason))?;
    let faults = app.parameter_faults(&plugin, &parameters)?;
    if !faults.is_empty() {
        return Err(trial::refused(option, &faults));
    }
    Ok(Entry { role, app, plugin, parameters })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn json_of(course: Course, entries: &[Entry], measured: &[Measured]) -> Value {
    let frames = f64::from(course.frames);
    let first = measured.first();
    let results = entries.iter().zip(measured).enumerate().map(|(index, (entry, measured))| {
        let usage = &measured.usage;
        let per_frame = |count: u64| count as f64 / frames;
        let mut value = json!({
            "Role": entry.role,
            "Plugin": measured.plugin,
            "MedianMs": ms(measured.percentile(0.5)),
            "P99Ms": ms(measured.percentile(0.99)),
            "ReadsPerFrame": per_frame(usage.reads),
            "BytesReadPerFrame": per_frame(usage.read_bytes),
            "WritesPerFrame": per_frame(usage.writes),
            "BytesWrittenPerFrame": per_frame(usage.written_bytes),
            "HostShare": measured.host_share(),
            "GuestMemoryBytes": usage.memory_bytes,
            "InstantiateMs": ms(usage.instantiate_time),
            "OpenMs": ms(usage.open_time),
        });
        if let Some(first) = first.filter(|_| index > 0) {
            value["Ratio"] = first.ratio(measured).into();
        }
        value
    });
    json!({"Width": course.width, "Height": course.height, "Results": results.collect::<Vec<_>>()})
}

fn print_head(args: &BenchArgs, measured: &[Measured], loads: &[Duration]) -> Result<(), Stop> {
    print_line(&format!("{} frames of {} at each size, one filter after the other\n", args.frames, args.pixel_format))?;
    let loaded = if args.cache.folder().is_some() { "load" } else { "compile" };
    print_line(&format!("{:<28} {loaded:>9} {:>9} {:>9}", "filter", "instance", "open"))?;
    for (measured, load) in measured.iter().zip(loads) {
        let usage = &measured.usage;
        let times = [*load, usage.instantiate_time, usage.open_time].map(shown);
        print_line(&format!("{:<28} {:>9} {:>9} {:>9}", name(measured), times[0], times[1], times[2]))?;
    }
    print_line(&format!(
        "\n{:<10} {:<28} {:>9} {:>9} {:>8} {:>8} {:>6} {:>8} {:>8}",
        "size", "filter", "median", "p99", "in", "out", "host", "memory", "ratio"
    ))
}

fn print_rows(course: Course, measured: &[Measured]) -> Result<(), Stop> {
    let frames = f64::from(course.frames);
    for (index, row) in measured.iter().enumerate() {
        let size = if index == 0 { format!("{}x{}", course.width, course.height) } else { String::new() };
        let ratio = measured.first().filter(|_| index > 0).map(|first| format!("{:.2}", first.ratio(row)));
        let usage = &row.usage;
        print_line(&format!(
            "{size:<10} {:<28} {:>9} {:>9} {:>8} {:>8} {:>4.0} % {:>8} {:>8}",
            name(row),
            shown(row.percentile(0.5)),
            shown(row.percentile(0.99)),
            amount(usage.read_bytes as f64 / frames),
            amount(usage.written_bytes as f64 / frames),
            row.host_share() * 100.0,
            amount(usage.memory_bytes as f64),
            ratio.unwrap_or_default(),
        ))?;
    }
    Ok(())
}

/// Name, version and the first digits of the digest: two builds may have the same version.
fn name(measured: &Measured) -> String {
    let id = &measured.plugin;
    let digest: String = id.digest.trim_start_matches("sha256:").chars().take(6).collect();
    format!("{} {} {digest}", id.name, id.version)
}

fn shown(time: Duration) -> String {
    micros(time.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_heights_or_both_sides() {
        let sizes = ["480p", "720p", "1080p", "2160p", "100x50"].map(|text| size(text).unwrap());
        assert_eq!(sizes, [(854, 480), (1280, 720), (1920, 1080), (3840, 2160), (100, 50)]);
        for wrong in ["", "p", "720", "8x8", "9000p", "8192p", "1920x", "-1x100", "4294967295p"] {
            assert!(size(wrong).unwrap_err().contains("16 to 8192"), "{wrong}");
        }
    }

    #[test]
    fn amounts_and_times_are_short() {
        assert_eq!([0.0, 999.0, 1500.0, 12_345_678.0].map(amount), ["0 B", "999 B", "1.5 kB", "12.3 MB"]);
        assert_eq!([Duration::from_nanos(1500), Duration::from_micros(1500)].map(shown), ["1.5 us", "1.50 ms"]);
    }
}
