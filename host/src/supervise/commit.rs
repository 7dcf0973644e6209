//! From staged outputs to objects in their places, and from a journal that a crash left.

use std::sync::PoisonError;
use std::time::Instant;

use super::crash::crash_point;
use super::dispatch::Shared;
use super::job::StagedOutput;
use crate::queue::{Committed, Lease, Made, QueueError};
use crate::store::{Attempt, StoreError};
use crate::task::{
    CommitDirection, CommitEntry, ErrorCode, Failure, Stage, TaskOutput, TaskState, TaskUsage, Timestamp,
};
use crate::telemetry::{Step, metrics};

impl Shared {
    /// Moves the outputs of a task whose worker has ended. Its staging folder is removed when this returns, unless a commit has to
    /// be gone through again.
    pub(super) fn commit(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        staged: Vec<StagedOutput>,
        made: Made,
    ) -> Result<(), QueueError> {
        crash_point("before-journal");
        let begun = Instant::now();
        let journal = match self.journal(lease, attempt, &staged) {
            Ok(journal) => journal,
            Err(failure) => return self.give_up(lease, attempt, &failure),
        };
        let of = |staged: StagedOutput| TaskOutput {
            target: staged.target,
            uri: staged.uri,
            files: staged.files.into_iter().map(|file| file.uri).collect(),
            facts: staged.facts,
        };
        let made = Made { outputs: staged.into_iter().map(of).collect(), ..made };
        match self.queue.begin_commit(lease, Timestamp::now(), &journal, &made)? {
            Committed::Begun => {
                count(&made.usage);
                let rolled = self.roll(lease, attempt, &journal, CommitDirection::Forward);
                metrics().step(Step::commit, begun.elapsed());
                rolled
            }
            Committed::Canceled => self.give_up(lease, attempt, &Failure::canceled(Stage::Commit)),
        }
    }

    /// What has to be moved where. What a worker told is judged here once more.
    fn journal(&self, lease: &Lease, attempt: &Attempt, staged: &[StagedOutput]) -> Result<Vec<CommitEntry>, Failure> {
        let refused = |error: StoreError| Failure::new(error.output_code(), Stage::Commit, error.to_string());
        if staged.is_empty() {
            return Err(Failure::new(ErrorCode::Internal, Stage::Commit, "the worker made no outputs"));
        }
        let own = self.buckets.of(&lease.spec.project_name);
        let sources: Vec<_> = lease.spec.inputs().cloned().collect();
        let files =
            staged.iter().flat_map(|output| output.files.iter().map(|file| (output.target, &file.uri, &file.name)));
        let outputs = staged.iter().map(|output| (output.target, &output.uri, &output.name));
        let named = files.chain(outputs).map(|(target, uri, name)| {
            own.staged(attempt, uri, name).map_err(|error| refused(error).of_target(target))
        });
        let named = named.collect::<Result<Vec<_>, _>>()?;
        own.journal(&sources, &named).map_err(refused)
    }

    /// Goes through a journal, whatever of it was done before.
    pub(super) fn roll(
        &self,
        lease: &Lease,
        attempt: &Attempt,
        journal: &[CommitEntry],
        mut direction: CommitDirection,
    ) -> Result<(), QueueError> {
        crash_point("journal-written");
        // One commit at a time: of two tasks with the same place, the second keeps what the first has put there.
        let _turn = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if direction == CommitDirection::Forward
            && let Err(error) = self.forward(journal)
        {
            let failure = Failure::new(error.output_code(), Stage::Commit, error.to_string());
            self.queue.turn_back(lease, Timestamp::now(), &failure)?;
            tracing::error!(task = %lease.id, %error, "an output could not be moved in place: all are taken back");
            crash_point("turned-back");
            direction = CommitDirection::Back;
        }
        if direction == CommitDirection::Back {
            for (number, entry) in journal.iter().enumerate().rev() {
                if let Err(error) = self.buckets.take_back(entry) {
                    // The lease lapses, and it is tried again until it can be done.
                    tracing::error!(task = %lease.id, uri = %entry.uri, %error, "an output of a failed task could not be taken back yet");
                    return Ok(());
                }
                crash_point(&format!("taken-back-{number}"));
            }
        }
        crash_point("before-end");
        self.queue.end_commit(lease, Timestamp::now())?;
        self.surroundings.task_ended();
        match direction {
            CommitDirection::Forward => {
                tracing::info!(task = %lease.id, "task succeeded");
                metrics().task_ended(TaskState::Succeeded.name(), "");
            }
            CommitDirection::Back => metrics().task_ended(TaskState::Failed.name(), ErrorCode::OutputRefused.name()),
        }
        crash_point("ended");
        self.buckets.close_attempt(attempt);
        Ok(())
    }

    fn forward(&self, journal: &[CommitEntry]) -> Result<(), StoreError> {
        for (number, entry) in journal.iter().enumerate() {
            self.buckets.place(entry)?;
            crash_point(&format!("placed-{number}"));
        }
        Ok(())
    }
}

/// The metrics of what a task used.
fn count(usage: &TaskUsage) {
    for stage in &usage.stages {
        let Some((plugin, guest)) = stage.plugin.as_ref().zip(stage.guest.as_ref()) else { continue };
        metrics().plugin(plugin.name.as_str(), stage.items, stage.cpu_seconds, guest.memory_bytes);
    }
}
