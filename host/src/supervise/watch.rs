//! Watching one worker until its end.

use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use super::TICK;
use super::child::{Child, Said};
use super::ending::{self, Ending, Stopped};
use super::job::Report;

/// How long a worker may take to end after it has closed its output.
const LAST_BREATH: Duration = Duration::from_secs(2);

/// More bytes than a worker's reports take, however long it stands still.
const MUCH: u64 = 16 << 20;

/// What a worker may use before it is stopped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Resident memory in bytes.
    pub(super) memory: u64,
    /// Time in all, and which limit says so.
    pub(super) time: Duration,
    /// Name of that limit.
    pub(super) time_limit: &'static str,
    /// Time without progress.
    pub(super) stall: Duration,
}

/// What is to be done after a report or a tick.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Go on.
    GoOn,
    /// This report was the last one that is needed.
    Final,
    /// Stop the worker.
    Stop(Stopped),
}

/// Watches a worker. `judge` sees every report, and nothing at every tick. When this returns the process has ended: it writes
/// nothing any more, whatever it was.
pub(super) fn watch(
    mut child: Child,
    bounds: Bounds,
    mut judge: impl FnMut(Option<&Report>) -> Verdict,
) -> Result<Report, Ending> {
    let begun = Instant::now();
    let mut moved = Moved { since: begun, seen: (0, 0), transferred: 0 };
    let stopped = loop {
        let verdict = match child.reports.recv_timeout(TICK) {
            Ok(Said::Report(report)) => {
                moved.note(&report);
                match judge(Some(&report)) {
                    Verdict::Final => {
                        end(&mut child);
                        return Ok(*report);
                    }
                    verdict => verdict,
                }
            }
            Ok(Said::Babble(what)) => Verdict::Stop(Stopped::Babble(what)),
            Err(RecvTimeoutError::Timeout) => judge(None),
            Err(RecvTimeoutError::Disconnected) => return Err(last_breath(child)),
        };
        if let Verdict::Stop(stopped) = verdict {
            break stopped;
        }
        if child.resident() > bounds.memory {
            break Stopped::Memory(bounds.memory);
        }
        if begun.elapsed() > bounds.time {
            break Stopped::Time(bounds.time, bounds.time_limit);
        }
        // Reading back a large output is work too, though no frame comes forward.
        if moved.since.elapsed() > bounds.stall && !moved.transfers(child.transferred()) {
            break Stopped::Stalled(bounds.stall);
        }
    };
    end(&mut child);
    Err(ending::of_stopped(stopped))
}

/// When the worker last came forward.
struct Moved {
    since: Instant,
    seen: (u64, u64),
    /// Bytes read and written when that was last looked at.
    transferred: u64,
}

impl Moved {
    fn note(&mut self, report: &Report) {
        if let Report::Progress(progress) = report {
            let now = (progress.frames, progress.bytes);
            if now == self.seen {
                return;
            }
            self.seen = now;
        }
        self.since = Instant::now();
    }

    /// Whether much was read or written since the last look; then the worker has come forward.
    fn transfers(&mut self, now: u64) -> bool {
        let much = now.saturating_sub(self.transferred) >= MUCH;
        self.transferred = now;
        if much {
            self.since = Instant::now();
        }
        much
    }
}

fn end(child: &mut Child) {
    if let Err(error) = child.kill() {
        tracing::error!(%error, "a worker could not be killed");
    }
}

/// The worker has closed its output: it ends, or it is not what it should be.
fn last_breath(mut child: Child) -> Ending {
    let closed = Instant::now();
    while child.is_alive() && closed.elapsed() < LAST_BREATH {
        thread::park_timeout(Duration::from_millis(2));
    }
    let went_on = child.is_alive();
    let status = match child.kill() {
        Ok(status) => status,
        Err(error) => return ending::of_stopped(Stopped::Babble(format!("could not be waited for: {error}"))),
    };
    if went_on {
        return ending::of_stopped(Stopped::Babble("closed its output and went on".into()));
    }
    // The reader of its last words may be a moment behind.
    if !status.success() && child.last_lines().is_empty() {
        thread::park_timeout(Duration::from_millis(20));
    }
    ending::of_exit(status, &child.last_lines())
}
