//! Leases: those that this process holds are kept, those that nobody holds are looked after.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::LEASE;
use super::dispatch::Shared;
use crate::queue::{CommitLease, Lease, QueueError};
use crate::task::{TaskId, Timestamp};

/// Records that are removed in one look: the write lock is everybody's.
const PRUNED_AT_ONCE: u32 = 500;

/// A lease that is kept until this is dropped.
pub(super) struct Held<'a> {
    shared: &'a Shared,
    id: TaskId,
    fence: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut held = self.shared.all_held();
        // A newer lease of the same task is somebody else's to let go.
        if held.get(&self.id).is_some_and(|lease| lease.fence == self.fence) {
            held.remove(&self.id);
        }
    }
}

impl Shared {
    /// From now on the lease is kept, until what is returned is dropped.
    pub(super) fn hold(&self, lease: &Lease) -> Held<'_> {
        self.all_held().insert(lease.id, lease.clone());
        Held { shared: self, id: lease.id, fence: lease.fence }
    }

    fn all_held(&self) -> MutexGuard<'_, BTreeMap<TaskId, Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Renews what this process holds, whatever its threads are doing: a slow disk or a machine that was asleep is no lapsed lease.
    fn keep_leases(&self) -> Result<(), QueueError> {
        let held: Vec<_> = self.all_held().values().cloned().collect();
        for lease in held {
            match self.queue.keep(&lease, Timestamp::now().after(LEASE)) {
                // Whoever works on it learns it at its next step.
                Ok(()) | Err(QueueError::LeaseLost { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Looks after what nobody holds any more. This process's own leases are renewed first, so they are never among it.
    pub(super) fn look_after(self: &Arc<Self>, threads: &mut Vec<JoinHandle<()>>) -> Result<(), QueueError> {
        self.keep_leases()?;
        let now = Timestamp::now();
        self.queue.lapse(now, None)?;
        if let Some(keep) = self.keep {
            self.queue.prune(now.before(keep), PRUNED_AT_ONCE)?;
        }
        while let Some(adopted) = self.queue.adopt(&self.node, None, now, Timestamp::now().after(LEASE))? {
            // Not here: a bucket that hangs must not keep leases from being renewed.
            let shared = Arc::clone(self);
            let go_on = move || {
                if let Err(error) = shared.go_on(&adopted) {
                    let task = adopted.lease.id;
                    tracing::error!(%task, %error, "a commit that was interrupted could not be ended yet");
                }
            };
            match thread::Builder::new().name("commit".into()).spawn(go_on) {
                Ok(thread) => threads.push(thread),
                Err(error) => tracing::error!(%error, "no thread could be started for a commit"),
            }
        }
        Ok(())
    }

    /// Goes through the journals that the predecessor of this service had begun.
    pub(super) fn adopt_commits(&self) -> Result<(), QueueError> {
        loop {
            let now = Timestamp::now();
            let adopted = self.queue.adopt(&self.node, Some(&self.node), now, now.after(LEASE))?;
            let Some(adopted) = adopted else { return Ok(()) };
            self.go_on(&adopted)?;
            if self.queue.is_live(adopted.lease.id, adopted.lease.attempt)? {
                // It cannot be ended now: its lease has to lapse first, else this would go on for ever.
                return Ok(());
            }
        }
    }

    fn go_on(&self, adopted: &CommitLease) -> Result<(), QueueError> {
        let _held = self.hold(&adopted.lease);
        let attempt = self.attempt_of(&adopted.lease);
        self.roll(&adopted.lease, &attempt, &adopted.journal, adopted.direction)?;
        tracing::warn!(task = %adopted.lease.id, "went on with a commit that was interrupted");
        Ok(())
    }
}
