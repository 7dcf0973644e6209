//! Measures whole processes in pairs: A B A B ..., so that a ratio holds when the machine's speed drifts.

pub mod changes;
pub mod native;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4;
use wasmux::sandbox::{AssetReader, AssetSource};
use wasmux::task::{Colour, ObjectUri, Picture, PixelFormat, Rational};

/// What one run of a process took, by the system's own accounting.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// User CPU in seconds, all threads.
    pub user: f64,
    /// System CPU in seconds, all threads.
    pub system: f64,
    /// Wall clock in seconds.
    pub wall: f64,
    /// Peak resident memory in MiB.
    pub peak_mib: f64,
}

/// Runs a command to its end. Fails when it cannot be started or does not succeed.
pub fn measure(command: &mut Command) -> io::Result<Usage> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    let wall = begun.elapsed().as_secs_f64();
    if !used.status.success() {
        return Err(io::Error::other(format!("{command:?} ended with {}", used.status)));
    }
    Ok(Usage {
        user: used.rusage.utime.as_secs_f64(),
        system: used.rusage.stime.as_secs_f64(),
        wall,
        peak_mib: used.rusage.maxrss as f64 / (1024.0 * 1024.0),
    })
}

/// Minimum, median and maximum.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Middle, or the mean of the two middle ones.
    pub median: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of at least one value.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values.get((values.len() - 1) / 2)?, values.get(values.len() / 2)?);
        Some(Self { min, median: f64::midpoint(*low, *high), max })
    }
}

/// A named figure of a [`Usage`].
type Figure = (&'static str, fn(&Usage) -> f64);

const FIGURES: [Figure; 4] = [
    ("user CPU, s", |usage| usage.user),
    ("system CPU, s", |usage| usage.system),
    ("wall, s", |usage| usage.wall),
    ("peak memory, MiB", |usage| usage.peak_mib),
];

/// Runs two commands in turn, after one run of each that is not counted, and returns a Markdown table with the ratios A/B of the
/// pairs. The commands are made anew for each run, so that they can prepare their surroundings.
pub fn compare(runs: usize, a: (&str, &dyn Fn() -> Command), b: (&str, &dyn Fn() -> Command)) -> io::Result<String> {
    measure(&mut a.1())?;
    measure(&mut b.1())?;
    let mut pairs = Vec::new();
    for _ in 0..runs {
        pairs.push((measure(&mut a.1())?, measure(&mut b.1())?));
    }
    let mut table =
        format!("| median of {runs} (min to max) | {} | {} | ratio of the pairs |\n|---|---|---|---|\n", a.0, b.0);
    for (name, figure) in FIGURES {
        let show = |spread: Option<Spread>| {
            spread.map_or_else(String::new, |s| format!("{:.2} ({:.2} to {:.2})", s.median, s.min, s.max))
        };
        let left = show(Spread::of(pairs.iter().map(|pair| figure(&pair.0))));
        let right = show(Spread::of(pairs.iter().map(|pair| figure(&pair.1))));
        let ratio = show(Spread::of(pairs.iter().map(|pair| figure(&pair.0) / figure(&pair.1))));
        table.push_str(&format!("| {name} | {left} | {right} | **{ratio}** |\n"));
    }
    Ok(table)
}

/// The folder of this workspace.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The folder that cargo builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// The machine in a line: processors and kernel.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let count = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{count} x {model}, Linux {}", read("/proc/sys/kernel/osrelease").trim())
}

/// The picture that plugins are benched on.
pub const PICTURE: Picture = Picture {
    width: 1920,
    height: 1080,
    pixel_format: PixelFormat::Yuv420p,
    sample_aspect: Rational::ONE,
    frame_rate: None,
    colour: Colour::UNSPECIFIED,
};

/// Gives plugins the files of the project's folder `assets`: `oss://demo/name` is the file of that name.
#[derive(Debug, Clone, Copy)]
pub struct ProjectAssets;

struct Bytes(Vec<u8>);

impl AssetSource for ProjectAssets {
    fn open(&self, uri: &ObjectUri) -> Result<Box<dyn AssetReader>, String> {
        let bytes = std::fs::read(workspace().join("assets").join(uri.key())).map_err(|error| error.to_string())?;
        Ok(Box::new(Bytes(bytes)))
    }
}

impl AssetReader for Bytes {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), String> {
        let start = usize::try_from(offset).map_err(|error| error.to_string())?;
        let range = self.0.get(start..start + out.len()).ok_or("beyond the end")?;
        out.copy_from_slice(range);
        Ok(())
    }
}

/// Today as `2026-01-31`, in UTC.
pub fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}

/// Replaces one section of today's result file, so that each bench can be run alone.
pub fn record(section: &str, text: &str) -> io::Result<()> {
    let path = workspace().join("benches/results").join(format!("{}.md", today()));
    let heading = format!("## {section}\n");
    let old = std::fs::read_to_string(&path).unwrap_or_else(|_| format!("# {}\n\n{}\n\n", today(), machine()));
    let (before, after) = match old.split_once(&heading) {
        None => (old.as_str(), ""),
        Some((before, rest)) => (before, rest.find("## ").map_or("", |at| &rest[at..])),
    };
    std::fs::write(&path, format!("{before}{heading}\n{}\n\n{after}", text.trim()))?;
    println!("{heading}\n{text}\n({} updated)", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = Spread::of([3.0, 1.0, 2.0, 10.0]).unwrap();
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.5, 10.0));
        assert!(Spread::of([]).is_none());
    }
}
