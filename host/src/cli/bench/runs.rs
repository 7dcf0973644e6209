//! Runs of what is measured: each in a process of its own, in turns.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde::Serialize;
use uuid::Uuid;
use wait4::Wait4;

use super::Stop;
use crate::cli::run::UsageFile;
use crate::media::Interrupt;
use crate::task::{Failure, Stage};
use crate::worker::high_water;

/// One of those that are compared.
pub(super) struct Variant {
    pub(super) name: String,
    /// Another program than this one.
    pub(super) program: Option<PathBuf>,
    pub(super) run: Run,
}

/// The program with native filters.
const NATIVE: &str = "wasmux-native";

/// Where the program with native filters is. The error says how it is made.
pub(super) fn native() -> Result<PathBuf, String> {
    let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.join(NATIVE)));
    beside.filter(|program| program.is_file()).ok_or_else(|| {
        format!(
            "--against native: there is no program {NATIVE} beside this one; `cargo build --release -p wasmux-benches --bin {NATIVE}` makes it where this one was built"
        )
    })
}

/// What it runs.
pub(super) enum Run {
    /// `wasmux` with these arguments and a request on standard input.
    Wasmux { arguments: Vec<OsString>, request: String },
    /// `ffmpeg` with these arguments, within the folder of its outputs.
    Ffmpeg(Vec<OsString>),
}

/// What one run took, by the system's own accounting.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Taken {
    /// Seconds from the start of the process to its end.
    pub(super) wall: f64,
    /// CPU seconds of all threads, user and system.
    pub(super) cpu: f64,
    /// The most resident memory in bytes.
    pub(super) peak_memory: u64,
    /// What `wasmux` itself says.
    #[serde(skip)]
    pub(super) usage: Option<UsageFile>,
}

/// All runs of one variant.
pub(super) struct Measured {
    pub(super) name: String,
    /// In the words of a shell.
    pub(super) command: String,
    pub(super) runs: Vec<Taken>,
}

impl Measured {
    /// The run in the middle by its wall time: the one whose stages are shown.
    pub(super) fn typical(&self) -> Option<&Taken> {
        let mut runs: Vec<_> = self.runs.iter().collect();
        runs.sort_by(|one, other| one.wall.total_cmp(&other.wall));
        runs.get(runs.len().checked_sub(1)? / 2).copied()
    }

    /// One figure of all runs.
    pub(super) fn all(&self, figure: impl Fn(&Taken) -> f64) -> Vec<f64> {
        self.runs.iter().map(figure).collect()
    }
}

/// A folder that is removed when this is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> io::Result<Self> {
        let path = env::temp_dir().join(format!("wasmux-bench-{}", Uuid::new_v4()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Runs all variants in turns: what the machine does besides meets all of them.
pub(super) fn measure(
    variants: &[Variant],
    (warm_up, runs): (u32, u32),
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<Vec<Measured>, Stop> {
    let mut measured: Vec<_> = variants
        .iter()
        .map(|variant| Measured {
            name: variant.name.clone(),
            command: super::shown(&command(variant, None)) + input(&variant.run),
            runs: Vec::new(),
        })
        .collect();
    for turn in 0..warm_up + runs {
        for (variant, measured) in variants.iter().zip(&mut measured) {
            eprint!("\r\x1b[Krun {} of {}: {}", turn + 1, warm_up + runs, variant.name);
            let taken = run_once(variant, folder);
            eprint!("\r\x1b[K");
            if interrupt.is_triggered() {
                return Err(Stop::Failed(Failure::canceled(Stage::Encode)));
            }
            let taken = taken.map_err(|why| Stop::Output(format!("{}: {why}", variant.name)))?;
            if turn >= warm_up {
                measured.runs.push(taken);
            }
        }
    }
    Ok(measured)
}

fn command(variant: &Variant, usage: Option<&Path>) -> Command {
    match &variant.run {
        Run::Wasmux { arguments, .. } => {
            // What is shown names no place of this machine.
            let program = match (&variant.program, usage) {
                (Some(program), Some(_)) => program.clone(),
                (Some(_), None) => NATIVE.into(),
                (None, Some(_)) => env::current_exe().unwrap_or_else(|_| "wasmux".into()),
                (None, None) => "wasmux".into(),
            };
            let mut command = Command::new(program);
            command.args(arguments);
            if let Some(usage) = usage {
                command.arg("--usage").arg(usage);
            }
            command
        }
        Run::Ffmpeg(arguments) => {
            let mut command = Command::new("ffmpeg");
            command.args(arguments);
            command
        }
    }
}

/// What has to be added to a command that reads its request.
fn input(run: &Run) -> &'static str {
    match run {
        Run::Wasmux { .. } => " < REQUEST.json",
        Run::Ffmpeg(_) => "",
    }
}

/// The error is a sentence part.
fn run_once(variant: &Variant, folder: &Path) -> Result<Taken, String> {
    let outputs = folder.join("outputs");
    drop(fs::remove_dir_all(&outputs));
    fs::create_dir(&outputs).map_err(|error| error.to_string())?;
    let (usage, log) = (folder.join("usage.json"), folder.join("log"));
    let errors = fs::File::create(&log).map_err(|error| error.to_string())?;
    let mut command = command(variant, Some(&usage));
    if matches!(variant.run, Run::Ffmpeg(_)) {
        command.current_dir(&outputs);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(errors);
    let begun = Instant::now();
    let mut child =
        command.spawn().map_err(|error| format!("{} cannot be started: {error}", command.get_program().display()))?;
    if let (Some(mut input), Run::Wasmux { request, .. }) = (child.stdin.take(), &variant.run) {
        // A process that does not read it says why.
        let _ = input.write_all(request.as_bytes());
    }
    let peak = Peak::watch(child.id());
    let ended = child.wait4().map_err(|error| error.to_string())?;
    let wall = begun.elapsed().as_secs_f64();
    let peak = peak.bytes();
    if !ended.status.success() {
        let said = fs::read_to_string(&log).unwrap_or_default();
        return Err(format!("it ended with {}: {}", ended.status, said.trim()));
    }
    let usage = match variant.run {
        Run::Ffmpeg(_) => None,
        Run::Wasmux { .. } => {
            let text = fs::read(&usage).map_err(|error| format!("it did not say what it used: {error}"))?;
            Some(serde_json::from_slice(&text).map_err(|error| format!("what it said it used: {error}"))?)
        }
    };
    let rusage = ended.rusage;
    Ok(Taken {
        wall,
        cpu: rusage.utime.as_secs_f64() + rusage.stime.as_secs_f64(),
        peak_memory: peak.unwrap_or(rusage.maxrss),
        usage,
    })
}

/// Time between two looks at the memory of a process.
const LOOK: Duration = Duration::from_millis(10);

/// The most memory that a process had by its own account, which ends with it. What `wait4` says begins with the memory of this process, of which
/// each child is a copy for a moment.
struct Peak {
    stop: Sender<()>,
    thread: JoinHandle<Option<u64>>,
}

impl Peak {
    fn watch(process: u32) -> Self {
        let (stop, stopped) = channel::<()>();
        let status = format!("/proc/{process}/status");
        let thread = thread::spawn(move || {
            let mut most = None;
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                most = most.max(fs::read_to_string(&status).ok().and_then(|text| high_water(&text)));
            }
            most
        });
        Self { stop, thread }
    }

    /// In bytes; `None` of a process that was gone before the first look.
    fn bytes(self) -> Option<u64> {
        drop(self.stop);
        self.thread.join().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_a_process_is_its_own() {
        assert_eq!(high_water("VmPeak:\t  9 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 1 kB\n"), Some(1234 * 1024));
        assert_eq!(high_water("Name:\tx\nState:\tZ (zombie)\n"), None);
        // This process has more than the one that it starts.
        let large = vec![1_u8; 64 << 20];
        let mut child = Command::new("sleep").arg("0.2").spawn().unwrap();
        let peak = Peak::watch(child.id());
        child.wait().unwrap();
        let found = peak.bytes().unwrap();
        assert!((100 << 10..16 << 20).contains(&found), "{found}, beside {}", large.len());
    }
}
