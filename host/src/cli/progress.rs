//! The progress of a run: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::pipeline::{Progress, Snapshot};

/// How often a bar is drawn anew.
const BAR_EVERY: Duration = Duration::from_millis(150);
/// How often a line is printed where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How far a task is, wherever it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Seen {
    /// 0 to 1; 0 where it is not known.
    pub(super) share: f64,
    /// Video frames encoded, over all outputs.
    pub(super) frames: u64,
}

impl From<Snapshot> for Seen {
    fn from(now: Snapshot) -> Self {
        let share = if now.total == 0 { 0.0 } else { now.written as f64 / now.total as f64 };
        Self { share, frames: now.frames }
    }
}

/// Does some work and shows how far it is meanwhile.
pub(super) fn during<T>(work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel::<()>();
        let counters = &progress;
        let shown = scope.spawn(move || show(|| counters.snapshot().into(), &stopped));
        let done = work(counters);
        drop(stop);
        drop(shown.join());
        done
    })
}

/// Shows the progress that `see` tells on standard error, until the other end of `stopped` is dropped.
pub(super) fn show(see: impl Fn() -> Seen, stopped: &Receiver<()>) {
    let begun = Instant::now();
    if std::io::stderr().is_terminal() {
        let bar = ProgressBar::new(1000);
        let style = ProgressStyle::with_template("{bar:30} {percent:>3}% {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        while wait(stopped, BAR_EVERY) {
            let now = see();
            bar.set_position(permille(now));
            bar.set_message(line(now, begun.elapsed()));
        }
        bar.finish_and_clear();
    } else {
        while wait(stopped, LINE_EVERY) {
            let now = see();
            eprintln!("{:>3}% {}", permille(now) / 10, line(now, begun.elapsed()));
        }
    }
    let now = see();
    if now.frames > 0 {
        eprintln!("{} frames encoded in {:.1} s", now.frames, begun.elapsed().as_secs_f64());
    }
}

/// Whether the run still goes on after this time.
fn wait(stopped: &Receiver<()>, time: Duration) -> bool {
    matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}

fn permille(now: Seen) -> u64 {
    (now.share.clamp(0.0, 1.0) * 1000.0) as u64
}

/// Frames, frames per second, and how long it will take.
fn line(now: Seen, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let fps = now.frames as f64 / seconds;
    let left = if now.share <= 0.0 || now.share >= 1.0 {
        "-".to_owned()
    } else {
        format!("{:.0} s", seconds * (1.0 - now.share) / now.share)
    };
    format!("{} frames, {fps:.0} fps, {left} left", now.frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_and_how_long() {
        let now = Snapshot { total: 10_000, written: 2_500, frames: 50, bytes: 0 }.into();
        assert_eq!(permille(now), 250);
        assert_eq!(line(now, Duration::from_secs(2)), "50 frames, 25 fps, 6 s left");
    }

    #[test]
    fn a_source_of_unknown_length_has_no_rest() {
        let now = Snapshot { total: 0, written: 2_500, frames: 50, bytes: 0 }.into();
        assert_eq!(permille(now), 0);
        assert_eq!(line(now, Duration::from_secs(1)), "50 frames, 50 fps, - left");
    }
}
