//! How a worker ended, and what that means for its task.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;

use super::job::StagedOutput;
use crate::task::{ErrorCode, Failure, Stage, TaskUsage, Warning};

/// Why a worker was stopped before it ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stopped {
    /// A cancel was asked for.
    Canceled,
    /// More resident memory than its limit, in bytes.
    Memory(u64),
    /// Longer than its limit.
    Time(Duration, &'static str),
    /// No progress for this time.
    Stalled(Duration),
    /// The service ends.
    Shutdown,
    /// Somebody else holds the task.
    LeaseLost,
    /// It said what it should not.
    Babble(String),
}

/// What is to be done with the task.
#[derive(Debug)]
pub(super) enum Ending {
    /// Move its outputs.
    Done {
        /// In the order in which they are moved.
        outputs: Vec<StagedOutput>,
        /// What the plan could not know.
        warnings: Vec<Warning>,
        /// What it took.
        usage: TaskUsage,
    },
    /// It has failed.
    Failed(Failure),
    /// Run it again.
    HandBack {
        /// Why.
        reason: String,
        /// Whether it is one of its retries.
        counts: bool,
    },
    /// It is somebody else's.
    Lost,
}

/// Judges a worker that was stopped by this process.
pub(super) fn of_stopped(stopped: Stopped) -> Ending {
    let failed = |code, message: String| Ending::Failed(Failure::new(code, Stage::Run, message));
    match stopped {
        Stopped::Canceled => Ending::Failed(Failure::canceled(Stage::Run)),
        Stopped::Memory(limit) => failed(
            ErrorCode::MemoryLimit,
            format!(
                "it used more than {limit} bytes of memory, the limit workers.memory_bytes; ask for smaller or fewer targets, or raise it"
            ),
        ),
        Stopped::Time(limit, name) => {
            failed(ErrorCode::TimeLimit, format!("it ran longer than {} s, the limit workers.{name}", limit.as_secs()))
        }
        Stopped::Stalled(limit) => failed(
            ErrorCode::Stalled,
            format!("it made no progress for {} s, the limit workers.stall_seconds", limit.as_secs()),
        ),
        Stopped::Babble(what) => failed(ErrorCode::Internal, format!("its worker {what}")),
        Stopped::Shutdown => Ending::HandBack { reason: "the service ended".into(), counts: false },
        Stopped::LeaseLost => Ending::Lost,
    }
}

/// Judges a worker that ended without saying how its work went. `said` is the end of what it wrote to its standard error.
pub(super) fn of_exit(status: ExitStatus, said: &str) -> Ending {
    let failed = |code, message: String| Ending::Failed(Failure::new(code, Stage::Run, message));
    let and_said = if said.is_empty() { String::new() } else { format!("; it said: {said}") };
    let Some(number) = status.signal() else {
        let code = status.code().unwrap_or_default();
        return failed(ErrorCode::Internal, format!("its worker ended with exit code {code} and no result{and_said}"));
    };
    let signal = Signal::from_named_raw(number);
    if signal == Some(Signal::KILL) || signal == Some(Signal::TERM) {
        return Ending::HandBack { reason: format!("its worker was killed by {}", name(number)), counts: true };
    }
    if signal == Some(Signal::XFSZ) {
        let message = "an output is larger than the limit workers.output_bytes".to_owned();
        return failed(ErrorCode::LimitExceeded, message);
    }
    if signal == Some(Signal::XCPU) {
        return failed(ErrorCode::TimeLimit, "it used more CPU time than its limit".to_owned());
    }
    // What Rust says before it aborts, when an allocation is refused by the limit of data.
    if signal == Some(Signal::ABORT) && said.contains("memory allocation of") {
        let message = format!("it wanted more memory than twice the limit workers.memory_bytes{and_said}");
        return failed(ErrorCode::MemoryLimit, message);
    }
    failed(ErrorCode::WorkerCrashed, format!("its worker crashed with {}{and_said}", name(number)))
}

/// A signal as people know it.
fn name(number: i32) -> String {
    let names = [
        (Signal::SEGV, "SIGSEGV, a memory fault"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::ILL, "SIGILL"),
        (Signal::FPE, "SIGFPE"),
        (Signal::SYS, "SIGSYS"),
        (Signal::KILL, "SIGKILL"),
        (Signal::TERM, "SIGTERM"),
    ];
    let known = names.iter().find(|(signal, _)| signal.as_raw() == number);
    known.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(raw: i32, said: &str) -> Ending {
        of_exit(ExitStatus::from_raw(raw), said)
    }

    fn code(ending: Ending) -> ErrorCode {
        match ending {
            Ending::Failed(failure) => failure.code,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_kill_is_tried_again_and_a_crash_is_not() {
        for signal in [9, 15] {
            assert!(matches!(exit(signal, ""), Ending::HandBack { counts: true, .. }), "{signal}");
        }
        for signal in [4, 6, 7, 8, 11, 31] {
            assert_eq!(code(exit(signal, "")), ErrorCode::WorkerCrashed, "{signal}");
        }
        assert_eq!(code(exit(6, "memory allocation of 99 bytes failed")), ErrorCode::MemoryLimit);
        assert_eq!(code(exit(25, "")), ErrorCode::LimitExceeded);
        assert_eq!(code(exit(24, "")), ErrorCode::TimeLimit);
        assert_eq!(code(exit(101 << 8, "thread main panicked")), ErrorCode::Internal);
    }

    #[test]
    fn the_end_of_the_service_costs_no_retry() {
        assert!(matches!(of_stopped(Stopped::Shutdown), Ending::HandBack { counts: false, .. }));
        assert_eq!(code(of_stopped(Stopped::Canceled)), ErrorCode::Canceled);
    }
}
