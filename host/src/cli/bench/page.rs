//! What was measured as a page with plots, in one file that needs no other.

use std::fmt::Write as _;

use super::report::bottleneck;
use super::runs::Measured;
use super::spread::Spread;
use crate::cli::units::{amount, micros};
use crate::task::{StageUsage, TaskUsage};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}\
td:first-child,th:first-child{text-align:left}svg{display:block;margin:.5em 0 1.5em;max-width:100%}text{font:12px system-ui,sans-serif;fill:#222}\
code{font-size:12px;word-break:break-all}";
const COLOURS: [&str; 4] = ["#3366aa", "#dd7722", "#449944", "#994499"];
/// Width of a plot, and of the names beside it.
const WIDTH: f64 = 880.0;
const NAMES: f64 = 250.0;

pub(super) fn page(title: &str, measured: &[Measured]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>wasmux bench</title><style>{STYLE}</style>\n<h1>wasmux bench</h1>\n<p>{}</p>\n",
        text(title)
    );
    page.push_str(&overview(measured));
    for one in measured {
        let Some(usage) = one.typical().and_then(|taken| taken.usage.as_ref()) else { continue };
        let _ = write!(page, "<h2>{}</h2>\n<h3>CPU time of the stages, in seconds</h3>\n", text(&one.name));
        page.push_str(&bars(&usage.usage));
        for stage in &usage.usage.stages {
            page.push_str(&histogram(stage));
        }
    }
    page.push_str("<h2>Frames per second over time</h2>\n");
    page.push_str(&rates(measured));
    page.push_str("<h2>Commands</h2>\n");
    for one in measured {
        let _ = writeln!(page, "<p>{}: <code>{}</code></p>", text(&one.name), text(&one.command));
    }
    page
}

fn overview(measured: &[Measured]) -> String {
    let mut table =
        "<table><tr><th></th><th>wall, s</th><th>95 %</th><th>CPU, s</th><th>95 %</th><th>memory</th></tr>\n"
            .to_owned();
    for one in measured {
        let spread = |values: Vec<f64>| Spread::of(&values);
        let (Some(wall), Some(cpu), Some(memory)) = (
            spread(one.all(|taken| taken.wall)),
            spread(one.all(|taken| taken.cpu)),
            spread(one.all(|taken| taken.peak_memory as f64)),
        ) else {
            continue;
        };
        let _ = writeln!(
            table,
            "<tr><td>{}</td><td>{:.3}</td><td>{:.3} to {:.3}</td><td>{:.3}</td><td>{:.3} to {:.3}</td><td>{}</td></tr>",
            text(&one.name),
            wall.median,
            wall.low,
            wall.high,
            cpu.median,
            cpu.low,
            cpu.high,
            amount(memory.median)
        );
    }
    table + "</table>\n"
}

fn label(stage: &StageUsage) -> String {
    match &stage.plugin {
        Some(plugin) => format!("{} {} {}", stage.node, stage.stage, plugin.name),
        None => format!("{} {}", stage.node, stage.stage),
    }
}

fn bars(usage: &TaskUsage) -> String {
    let own: f64 = usage.stages.iter().map(|stage| stage.cpu_seconds).sum();
    let slowest = bottleneck(usage).map(|stage| stage.node);
    let mut rows: Vec<(String, f64)> = usage
        .stages
        .iter()
        .map(|stage| (label(stage) + if slowest == Some(stage.node) { " *" } else { "" }, stage.cpu_seconds))
        .collect();
    rows.push(("threads of codecs".to_owned(), (usage.cpu_seconds - own).max(0.0)));
    let most = rows.iter().map(|(_, seconds)| *seconds).fold(1e-9, f64::max);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\">\n", rows.len() * 22);
    for (row, (name, seconds)) in rows.iter().enumerate() {
        let (y, width) = (row * 22, (WIDTH - NAMES - 70.0) * seconds / most);
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{}\">{}</text><rect x=\"{NAMES}\" y=\"{}\" width=\"{width:.1}\" height=\"16\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{}\">{seconds:.2}</text>",
            y + 14,
            text(name),
            y + 2,
            COLOURS[0],
            NAMES + width + 6.0,
            y + 14
        );
    }
    svg + "</svg>\n"
}

/// How long a stage took for its frames.
fn histogram(stage: &StageUsage) -> String {
    let Some(times) = stage.per_item.as_ref().filter(|times| !times.steps.is_empty()) else { return String::new() };
    let height = 120.0;
    let most = times.steps.iter().map(|(_, count)| *count).max().unwrap_or(1) as f64;
    let step = WIDTH / times.steps.len().max(8) as f64;
    let mut svg = format!(
        "<h3>{}: time for a frame (median {}, 99 % within {})</h3>\n<svg viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\">\n",
        text(&label(stage)),
        micros(times.median_us),
        micros(times.p99_us),
        height + 20.0
    );
    for (place, (until, count)) in times.steps.iter().enumerate() {
        let (x, tall) = (place as f64 * step, (height - 10.0) * *count as f64 / most);
        let _ = writeln!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{tall:.1}\" fill=\"{}\"><title>{count} up to {}</title></rect>",
            x + 1.0,
            height - tall,
            step - 2.0,
            COLOURS[0],
            micros(*until)
        );
        // As many words as there is room for.
        if place % (times.steps.len() / 10 + 1) == 0 {
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\">{}</text>", height + 15.0, micros(*until));
        }
    }
    svg + "</svg>\n"
}

/// Frames per second of all variants that count them.
fn rates(measured: &[Measured]) -> String {
    let lines: Vec<(&str, Vec<(f64, f64)>)> = measured
        .iter()
        .filter_map(|one| Some((one.name.as_str(), slopes(&one.typical()?.usage.as_ref()?.frames))))
        .filter(|(_, points)| !points.is_empty())
        .collect();
    let points = || lines.iter().flat_map(|(_, points)| points);
    let longest = points().map(|point| point.0).fold(1e-9, f64::max);
    let fastest = points().map(|point| point.1).fold(1e-9, f64::max);
    let height = 200.0;
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {}\" width=\"{WIDTH}\">\n", height + 20.0);
    for ((name, points), (place, colour)) in lines.iter().zip(COLOURS.iter().enumerate()) {
        let path = points.iter().map(|(time, rate)| {
            format!("{:.1},{:.1}", WIDTH * time / longest, height - (height - 15.0) * rate / fastest)
        });
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/><text x=\"{}\" y=\"12\" style=\"fill:{colour}\">{}</text>",
            path.collect::<Vec<_>>().join(" "),
            place * 160,
            text(name)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"{}\">0 to {longest:.2} s, 0 to {fastest:.0} frames per second</text>",
        height + 15.0
    );
    svg + "</svg>\n"
}

/// Seconds and frames per second between the moments at which frames were counted, over at least a fortieth of the run.
fn slopes(counts: &[(f64, u64)]) -> Vec<(f64, f64)> {
    let least = counts.last().map_or(0.0, |last| last.0 / 40.0);
    let mut points = Vec::new();
    let mut before = (0.0, 0);
    for now in counts.iter().copied().filter(|now| now.0 > 0.0) {
        if now.0 - before.0 >= least {
            points.push((now.0, now.1.saturating_sub(before.1) as f64 / (now.0 - before.0).max(1e-9)));
            before = now;
        }
    }
    points
}

/// A text as it may stand in a page.
fn text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_frames_between_two_looks() {
        assert_eq!(slopes(&[(1.0, 10), (2.0, 30)]), [(1.0, 10.0), (2.0, 20.0)]);
        assert!(slopes(&[]).is_empty());
    }

    #[test]
    fn names_cannot_leave_their_place() {
        assert_eq!(text("<a b=\"c\">&"), "&lt;a b=&quot;c&quot;&gt;&amp;");
    }
}
