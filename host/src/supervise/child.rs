//! A worker's process, as the service sees it.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use super::job::{Job, MAX_LINE, Report, Work};
use crate::store::{Buckets, serve};
use crate::task::{ObjectUri, TaskId};
use crate::telemetry::LOG_VARIABLE;

/// Reports that wait to be read; then the worker waits.
const WAITING: usize = 64;
/// Lines of a worker's standard error that are kept to explain its end.
const LAST_LINES: usize = 5;
/// Longest line of standard error that is kept, in bytes.
const LOG_LINE: u64 = 4 << 10;
/// Variables that a worker is given. Whatever else the service was started with, such as credentials, it does not see.
const VARIABLES: [&str; 3] = [LOG_VARIABLE, "LANG", "RUST_BACKTRACE"];

/// What comes out of a worker's standard output.
#[derive(Debug)]
pub(super) enum Said {
    /// A report.
    Report(Box<Report>),
    /// A line that is none.
    Babble(String),
}

/// The remote objects that a worker may read through this process.
pub(super) struct Objects {
    /// Those of its project.
    pub(super) buckets: Buckets,
    /// The objects.
    pub(super) allowed: BTreeSet<ObjectUri>,
}

/// A running worker. It is killed when this is dropped.
pub(super) struct Child {
    process: std::process::Child,
    /// Until it has its job.
    input: Option<UnixStream>,
    /// Holds the worker's standard input open; it ends when that is closed.
    open: Option<Sender<()>>,
    /// Ends when the worker's standard output does.
    pub(super) reports: Receiver<Said>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    /// The task that it runs, for the log.
    task: Arc<OnceLock<TaskId>>,
}

impl Child {
    /// Starts a worker that waits for its job.
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let mut command = Command::new(program);
        // A group of its own: Ctrl-C in the service's terminal is the service's to handle.
        command.arg("worker").env_clear().process_group(0).current_dir("/");
        command.envs(VARIABLES.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        // SVT-AV1 writes its banner past FFmpeg's log.
        command.env("SVT_LOG", "0");
        // Both ways: it asks for remote objects where it got its job.
        let (input, theirs) = UnixStream::pair()?;
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        // This process holds no end of the worker's: its socket ends with it.
        drop(command);
        let missing = || io::Error::other("a pipe is missing");
        let output = process.stdout.take().ok_or_else(missing)?;
        let errors = process.stderr.take().ok_or_else(missing)?;
        let (sender, reports) = sync_channel(WAITING);
        let last_lines = Arc::new(Mutex::new(VecDeque::new()));
        let task = Arc::new(OnceLock::new());
        let (kept, task_of_lines, pid) = (Arc::clone(&last_lines), Arc::clone(&task), process.id());
        let child = Self { process, input: Some(input), open: None, reports, last_lines, task };
        thread::Builder::new()
            .name("worker-reports".into())
            .spawn(move || read_reports(BufReader::new(output), &sender))?;
        let read = move || read_log(BufReader::new(errors), &kept, pid, &task_of_lines);
        thread::Builder::new().name("worker-log".into()).spawn(read)?;
        Ok(child)
    }

    /// Hands the worker its job, and does not wait until it is read: a worker that does not read is found by who watches it.
    pub(super) fn send(&mut self, job: &Job, objects: Option<Objects>) -> io::Result<()> {
        if let Work::Run { attempt, .. } = &job.work {
            // It has one job.
            let _ = self.task.set(attempt.task());
        }
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        let mut input = self.input.take().ok_or_else(|| io::Error::other("its input is closed"))?;
        let (open, until) = channel();
        self.open = Some(open);
        if let Some(Objects { buckets, allowed }) = objects {
            serve(buckets, allowed, input.try_clone()?)?;
        }
        let write = move || {
            // A worker that is gone is found by the end of its output.
            let _ = input.write_all(&line).and_then(|()| input.flush());
            let _ = until.recv();
            // The thread that answers its questions has this socket, too.
            let _ = input.shutdown(Shutdown::Both);
        };
        thread::Builder::new().name("worker-job".into()).spawn(write).map(drop)
    }

    /// Whether it still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Its resident memory in bytes; 0 when it is gone.
    pub(super) fn resident(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.process.id())).unwrap_or_default();
        let pages: u64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
        pages.saturating_mul(rustix::param::page_size() as u64)
    }

    /// Kills it and waits for its end, after which it writes nothing any more.
    pub(super) fn kill(&mut self) -> io::Result<ExitStatus> {
        // Its whole group: nothing that it started writes on. There is none when all have ended.
        if let Ok(pid) = i32::try_from(self.process.id())
            && let Some(group) = Pid::from_raw(pid)
        {
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.process.kill()?;
        self.process.wait()
    }

    /// Bytes that it has read and written so far, whether from a disk or not; 0 when it is gone.
    pub(super) fn transferred(&self) -> u64 {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.process.id())).unwrap_or_default();
        let counts = io.lines().filter_map(|line| line.strip_prefix("rchar: ").or(line.strip_prefix("wchar: ")));
        counts.filter_map(|count| count.parse::<u64>().ok()).fold(0, u64::saturating_add)
    }

    /// The end of what it wrote to its standard error.
    pub(super) fn last_lines(&self) -> String {
        let lines = self.last_lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(String::as_str).collect::<Vec<_>>().join(" | ")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Fails when it has ended, and that is what is wanted.
        let _ = self.kill();
    }
}

fn read_reports(mut output: impl BufRead, sender: &SyncSender<Said>) {
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let said = match serde_json::from_slice(&line) {
            Ok(report) => Said::Report(Box::new(report)),
            Err(error) => Said::Babble(format!("said what is no report: {error}")),
        };
        if sender.send(said).is_err() {
            return;
        }
    }
}

fn read_log(mut errors: impl BufRead, kept: &Mutex<VecDeque<String>>, pid: u32, task: &OnceLock<TaskId>) {
    loop {
        let mut line = Vec::new();
        match errors.by_ref().take(LOG_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        tracing::info!(target: "wasmux::worker", pid, task = task.get().map(tracing::field::display), "{line}");
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == LAST_LINES {
            kept.pop_front();
        }
        kept.push_back(line);
    }
}
