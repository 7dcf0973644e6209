//! The hold on a task while its worker runs: the lease, how far it is, what was planned and what was logged.

use std::time::Instant;

use serde_json::Value;

use super::dispatch::Shared;
use super::ending::{Ending, Stopped};
use super::job::{Report, StagedOutput};
use super::watch::Verdict;
use super::{LEASE, RENEW};
use crate::queue::{Lease, QueueError, Renewed};
use crate::task::{ErrorCode, Failure, ObjectUri, SegmentFile, Stage, TaskProgress, TaskUsage, Timestamp, Warning};
use crate::telemetry::{Step, metrics};

/// Lines of plugins that are kept of one attempt, and characters of each.
const MAX_LINES: usize = 500;
const MAX_LINE_CHARS: usize = 2000;

/// Keeps the lease while the worker runs, and tells the queue how far it is.
pub(super) struct Holder<'a> {
    shared: &'a Shared,
    lease: &'a Lease,
    progress: TaskProgress,
    /// The targets of the plan.
    planned: Option<Vec<PlannedTarget>>,
    renewed: Option<Instant>,
    poked: u64,
    /// When the worker got its job.
    begun: Instant,
    /// What plugins logged and is not kept yet.
    lines: Vec<(Timestamp, String)>,
    /// How many more lines are kept.
    lines_left: usize,
}

impl<'a> Holder<'a> {
    /// For a worker that has just got its job.
    pub(super) fn new(shared: &'a Shared, lease: &'a Lease) -> Self {
        Self {
            shared,
            lease,
            progress: TaskProgress::default(),
            planned: None,
            renewed: None,
            poked: 0,
            begun: Instant::now(),
            lines: Vec::new(),
            lines_left: MAX_LINES,
        }
    }

    /// What is to become of the worker after this report of it, or after a while without one.
    pub(super) fn judge(&mut self, report: Option<&Report>) -> Verdict {
        match report {
            Some(Report::Done { .. } | Report::Failed(_)) => {
                // How far it came is kept; that a lease is lost is found by the next step, which needs it.
                let _ = self.renew();
                metrics().made(self.progress.frames, self.progress.bytes);
                return Verdict::Final;
            }
            Some(Report::Progress(progress)) => self.progress.clone_from(progress),
            Some(Report::Planned { plan, warnings }) => return self.planned(plan, warnings),
            Some(Report::Log(line)) => self.logged(line),
            Some(Report::Confined(state)) => self.shared.note_confinement(state),
            Some(Report::Compiled | Report::Described(_)) | None => {}
        }
        if self.shared.is_stopping() {
            return Verdict::Stop(Stopped::Shutdown);
        }
        let poked = self.shared.pokes();
        let due = self.renewed.is_none_or(|renewed| renewed.elapsed() >= RENEW) || poked != self.poked;
        if !due {
            return Verdict::GoOn;
        }
        (self.poked, self.renewed) = (poked, Some(Instant::now()));
        match self.renew() {
            Ok(Renewed::Held) => Verdict::GoOn,
            Ok(Renewed::CancelRequested) => Verdict::Stop(Stopped::Canceled),
            Err(error) => self.trouble(&error),
        }
    }

    fn logged(&mut self, line: &str) {
        let Some(left) = self.lines_left.checked_sub(1) else { return };
        self.lines_left = left;
        let more = "more lines are in the log of the service only";
        let line = if left == 0 { more } else { line };
        self.lines.push((Timestamp::now(), line.chars().take(MAX_LINE_CHARS).collect()));
    }

    fn renew(&mut self) -> Result<Renewed, QueueError> {
        let lines = std::mem::take(&mut self.lines);
        if !lines.is_empty()
            && let Err(error) = self.shared.queue.log(self.lease, &lines)
        {
            tracing::error!(task = %self.lease.id, %error, "what plugins logged could not be kept");
        }
        self.shared.queue.renew(self.lease, Timestamp::now().after(LEASE), &self.progress)
    }

    /// What was made must be what was planned: each target once, where the plan says.
    pub(super) fn done(&self, mut outputs: Vec<StagedOutput>, warnings: Vec<Warning>, usage: TaskUsage) -> Ending {
        outputs.sort_by_key(|output| output.target);
        let planned = self.planned.as_deref().unwrap_or_default();
        let same = |(planned, output): (&PlannedTarget, &StagedOutput)| {
            let made = |uri: &ObjectUri| output.files.iter().any(|file| file.uri == *uri);
            (planned.index, &planned.uri) == (output.target, &output.uri) && planned.subtitles.iter().all(made)
        };
        if planned.len() != outputs.len() || !planned.iter().zip(&outputs).all(same) {
            let message = "its worker made other outputs than it had planned";
            return Ending::Failed(Failure::new(ErrorCode::Internal, Stage::Run, message));
        }
        let strange = |(planned, output): (&PlannedTarget, &StagedOutput)| {
            let known = |uri: &ObjectUri| SegmentFile::is_of(&output.uri, uri) || planned.subtitles.contains(uri);
            output.files.iter().any(|file| !known(&file.uri))
        };
        if planned.iter().zip(&outputs).any(strange) {
            let message = "its worker made files that do not belong to its outputs";
            return Ending::Failed(Failure::new(ErrorCode::Internal, Stage::Run, message));
        }
        Ending::Done { outputs: in_order(outputs), warnings, usage }
    }

    fn planned(&mut self, plan: &Value, warnings: &[Warning]) -> Verdict {
        if self.planned.is_some() {
            return Verdict::Stop(Stopped::Babble("planned twice".into()));
        }
        let Some(targets) = targets_of(plan) else {
            return Verdict::Stop(Stopped::Babble("told a plan without targets".into()));
        };
        self.planned = Some(targets);
        metrics().step(Step::plan, self.begun.elapsed());
        match self.shared.queue.planned(self.lease, Timestamp::now(), &plan.to_string(), warnings) {
            Ok(()) => Verdict::GoOn,
            Err(error) => self.trouble(&error),
        }
    }

    /// A database that cannot be written for a moment is no reason to stop the worker: the lease is held for a while yet.
    fn trouble(&self, error: &QueueError) -> Verdict {
        if matches!(error, QueueError::LeaseLost { .. }) {
            return Verdict::Stop(Stopped::LeaseLost);
        }
        tracing::error!(task = %self.lease.id, %error, "the lease could not be renewed");
        Verdict::GoOn
    }
}

/// The order in which outputs are moved: what a player opens comes behind what it refers to.
fn in_order(mut outputs: Vec<StagedOutput>) -> Vec<StagedOutput> {
    outputs.sort_by_key(|output| !output.files.is_empty());
    outputs
}

/// A target in the public JSON of a plan.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PlannedTarget {
    index: usize,
    uri: ObjectUri,
    /// The subtitle files beside it.
    subtitles: Vec<ObjectUri>,
}

/// The targets of a plan, lowest index first.
fn targets_of(plan: &Value) -> Option<Vec<PlannedTarget>> {
    let uri = |object: &Value| ObjectUri::parse(object["URI"].as_str()?).ok();
    let of = |target: &Value| {
        let index = usize::try_from(target["Index"].as_u64()?).ok()?;
        let subtitles = target["Subtitles"].as_array().map(Vec::as_slice).unwrap_or_default();
        Some(PlannedTarget { index, uri: uri(target)?, subtitles: subtitles.iter().map(uri).collect::<Option<_>>()? })
    };
    let mut targets = plan["Targets"].as_array()?.iter().map(of).collect::<Option<Vec<_>>>()?;
    targets.sort();
    Some(targets)
}
