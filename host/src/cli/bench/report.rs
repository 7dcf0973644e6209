//! What was measured, as text and as JSON.

use serde_json::{Value, json};

use super::runs::{Measured, Taken};
use super::spread::Spread;
use super::{BenchArgs, Stop};
use crate::cli::units::{amount, micros};
use crate::cli::{print_json, print_line};
use crate::plan::Plan;
use crate::task::{StageUsage, TaskUsage};

/// A figure of a run, by its name in text and in JSON.
type Figure = (&'static str, &'static str, fn(&Taken) -> f64);

/// What is compared.
const FIGURES: [Figure; 3] = [
    ("wall", "Wall", |taken| taken.wall),
    ("CPU", "CPU", |taken| taken.cpu),
    ("peak memory", "PeakMemory", |taken| taken.peak_memory as f64),
];

/// What is measured, and how, in a line.
pub(super) fn title(args: &BenchArgs) -> String {
    let (runs, warm_up) = (args.runs, args.warm_up);
    let source = if args.synthetic.is_some() { ", a synthetic source" } else { "" };
    let encoders = if args.null_encoder { ", no encoders" } else { "" };
    format!(
        "{}: {runs} runs of each after {warm_up} to warm up, in turns{source}{encoders}; {}",
        args.request.display(),
        machine()
    )
}

/// The machine in a few words.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("processor");
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{count} x {}", model.trim_start_matches(['\t', ' ', ':']))
}

/// So many frames per second of the whole process.
fn fps(taken: &Taken, frames: u64) -> f64 {
    frames as f64 / taken.wall.max(1e-9)
}

/// Frames that all encoders of video took.
fn frames(usage: &TaskUsage) -> u64 {
    usage.stages.iter().filter(|stage| stage.stage == "encode-video").map(|stage| stage.items).sum()
}

pub(super) fn print(args: &BenchArgs, plan: &Plan, measured: &[Measured]) -> Result<(), Stop> {
    if args.json {
        return print_json(&whole(args, plan, measured));
    }
    print_line(&format!("{}\n", title(args)))?;
    let count = main_frames(measured);
    print_line(&format!("{:<24} {:>22} {:>22} {:>8} {:>10}", "", "wall", "CPU", "fps", "memory"))?;
    for one in measured {
        let spread = |figure: fn(&Taken) -> f64| Spread::of(&one.all(figure)).map(seconds).unwrap_or_default();
        let rate = Spread::of(&one.all(|taken| fps(taken, count))).map_or(0.0, |spread| spread.median);
        let memory = Spread::of(&one.all(|taken| taken.peak_memory as f64)).map_or(0.0, |spread| spread.median);
        print_line(&format!(
            "{:<24} {:>22} {:>22} {rate:>8.1} {:>10}",
            one.name,
            spread(|taken| taken.wall),
            spread(|taken| taken.cpu),
            amount(memory)
        ))?;
    }
    print_line("\nRatios of the pairs: median, and the interval in which it lies with a confidence of 95 %")?;
    for (name, ratios) in ratios(measured) {
        let shown = ratios
            .iter()
            .map(|(figure, spread)| format!("{figure} {:.3} ({:.3} to {:.3})", spread.median, spread.low, spread.high));
        print_line(&format!("{name:<32} {}", shown.collect::<Vec<_>>().join("  ")))?;
    }
    for one in measured {
        if let Some(usage) = one.typical().and_then(|taken| taken.usage.as_ref()) {
            print_line(&format!("\nStages of `{}`, in the run of median time", one.name))?;
            print_stages(&usage.usage)?;
        }
    }
    for one in measured {
        print_line(&format!("\n{}: {}", one.name, one.command))?;
    }
    Ok(())
}

/// Frames of the first of what was measured, which is the request as it is.
fn main_frames(measured: &[Measured]) -> u64 {
    let usage = measured.first().and_then(Measured::typical).and_then(|taken| taken.usage.as_ref());
    usage.map_or(0, |usage| frames(&usage.usage))
}

/// The main variant against each other one.
fn ratios(measured: &[Measured]) -> Vec<(String, Vec<(&'static str, Spread)>)> {
    let Some((main, others)) = measured.split_first() else { return Vec::new() };
    let of = |other: &Measured| {
        let figures = FIGURES.iter().filter_map(|(name, _, figure)| {
            let pairs = main.all(figure).into_iter().zip(other.all(figure));
            let ratios: Vec<f64> = pairs.map(|(one, two)| one / two.max(1e-9)).collect();
            Some((*name, Spread::of(&ratios)?))
        });
        (format!("{} / {}", main.name, other.name), figures.collect())
    };
    others.iter().map(of).collect()
}

fn print_stages(usage: &TaskUsage) -> Result<(), Stop> {
    print_line(&format!(
        "{:<36} {:>7} {:>7} {:>10} {:>10} {:>8} {:>7} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "stage",
        "targets",
        "items",
        "median",
        "p99",
        "CPU s",
        "fps",
        "waits in",
        "waits out",
        "in/frame",
        "out/frame",
        "memory"
    ))?;
    let bottleneck = bottleneck(usage).map(|stage| stage.node);
    for stage in &usage.stages {
        print_line(&row(stage, usage.seconds, bottleneck == Some(stage.node)))?;
    }
    let own: f64 = usage.stages.iter().map(|stage| stage.cpu_seconds).sum();
    print_line(&format!(
        "{:<36} {:>45.2}   in threads of codecs and of the host; the pipeline took {:.2} s",
        "(others)",
        (usage.cpu_seconds - own).max(0.0),
        usage.seconds
    ))?;
    if bottleneck.is_some() {
        print_line("* waits least for others: the stage that sets the pace")?;
    }
    Ok(())
}

fn row(stage: &StageUsage, seconds: f64, slowest: bool) -> String {
    let name = match &stage.plugin {
        Some(plugin) => format!("{} {} {}", stage.stage, plugin.name, plugin.version),
        None => stage.stage.clone(),
    };
    let targets = stage.targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let time = |us: Option<f64>| us.map(micros).unwrap_or_default();
    let per_frame = |bytes: Option<u64>| {
        bytes.filter(|_| stage.items > 0).map(|bytes| amount(bytes as f64 / stage.items as f64)).unwrap_or_default()
    };
    let share = |wait: f64| format!("{:.0} %", 100.0 * wait / seconds.max(1e-9));
    let rate = stage.per_item.as_ref().filter(|times| times.total_seconds > 0.0);
    let guest = stage.guest.as_ref();
    format!(
        "{:<36} {targets:>7} {:>7} {:>10} {:>10} {:>8.2} {:>7} {:>9} {:>9} {:>9} {:>9} {:>8}",
        format!("{:>2} {name}{}", stage.node, if slowest { " *" } else { "" }),
        stage.items,
        time(stage.per_item.as_ref().map(|times| times.median_us)),
        time(stage.per_item.as_ref().map(|times| times.p99_us)),
        stage.cpu_seconds,
        rate.map(|times| format!("{:.0}", stage.items as f64 / times.total_seconds)).unwrap_or_default(),
        share(stage.input_wait_seconds),
        share(stage.output_wait_seconds),
        per_frame(guest.map(|guest| guest.read_bytes)),
        per_frame(guest.map(|guest| guest.written_bytes)),
        guest.map(|guest| amount(guest.memory_bytes as f64)).unwrap_or_default(),
    )
}

/// The stage that waits least, of those that did something.
pub(super) fn bottleneck(usage: &TaskUsage) -> Option<&StageUsage> {
    let waits = |stage: &StageUsage| stage.input_wait_seconds + stage.output_wait_seconds;
    let busy = usage.stages.iter().filter(|stage| stage.items > 0);
    busy.min_by(|one, other| waits(one).total_cmp(&waits(other)))
}

fn whole(args: &BenchArgs, plan: &Plan, measured: &[Measured]) -> Value {
    let count = main_frames(measured);
    let variants = measured.iter().map(|one| {
        let mut value = json!({"Name": one.name, "Command": one.command, "Runs": one.runs});
        for (_, name, figure) in FIGURES {
            value[name] = json!(Spread::of(&one.all(figure)));
        }
        value["FramesPerSecond"] = json!(Spread::of(&one.all(|taken| fps(taken, count))));
        if let Some(usage) = one.typical().and_then(|taken| taken.usage.as_ref()) {
            value["Usage"] = json!(usage.usage);
            value["Frames"] = json!(usage.frames);
            value["Bottleneck"] = json!(bottleneck(&usage.usage).map(|stage| stage.node));
        }
        value
    });
    let variants: Vec<_> = variants.collect();
    let ratios: Vec<_> = ratios(measured)
        .into_iter()
        .map(|(name, figures)| {
            let figures: serde_json::Map<_, _> = FIGURES
                .iter()
                .zip(figures)
                .map(|((_, name, _), (_, spread))| ((*name).to_owned(), json!(spread)))
                .collect();
            json!({"Name": name, "Ratios": figures})
        })
        .collect();
    json!({
        "Request": args.request.display().to_string(), "Machine": machine(), "Runs": args.runs, "WarmUp": args.warm_up,
        "NullEncoder": args.null_encoder, "Plan": plan, "Variants": variants, "Ratios": ratios,
    })
}

fn seconds(spread: Spread) -> String {
    format!("{:.3} ({:.3} to {:.3})", spread.median, spread.low, spread.high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(node: usize, items: u64, waits: f64) -> StageUsage {
        StageUsage {
            node,
            stage: "transform".to_owned(),
            plugin: None,
            targets: vec![0],
            items,
            passed: 0,
            cpu_seconds: 1.0,
            input_wait_seconds: waits,
            output_wait_seconds: 0.0,
            per_item: None,
            guest: None,
        }
    }

    #[test]
    fn the_bottleneck_works_and_does_not_wait() {
        let usage = TaskUsage {
            seconds: 2.0,
            stages: vec![stage(0, 5, 1.0), stage(1, 5, 0.5), stage(2, 0, 0.0)],
            ..TaskUsage::default()
        };
        assert_eq!(bottleneck(&usage).map(|stage| stage.node), Some(1));
    }

    #[test]
    fn ratios_are_of_pairs() {
        let run = |wall: f64| Taken { wall, cpu: 1.0, peak_memory: 10, usage: None };
        let one = |name: &str, walls: [f64; 3]| Measured {
            name: name.to_owned(),
            command: String::new(),
            runs: walls.map(run).to_vec(),
        };
        let found = ratios(&[one("a", [1.0, 2.0, 4.0]), one("b", [2.0, 4.0, 8.0])]);
        assert_eq!((found[0].0.as_str(), found[0].1[0].1.median), ("a / b", 0.5));
        assert_eq!(one("a", [3.0, 1.0, 2.0]).typical().unwrap().wall, 2.0);
    }
}
