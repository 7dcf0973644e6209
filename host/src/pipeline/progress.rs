//! How far a run is. Written by the stages, read by whoever shows it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::plan::{NodeId, Plan};
use crate::task::{TargetProgress, TaskProgress};

/// Counters of one run; cheap to read at any time, from any thread.
#[derive(Debug, Default)]
pub struct Progress {
    /// Nanoseconds of source that all outputs need.
    total: AtomicU64,
    /// Nanoseconds up to which each stream of each output has been written.
    written: Mutex<BTreeMap<(NodeId, usize), u64>>,
    /// Frames that entered video encoders.
    frames: AtomicU64,
    /// Bytes of packets written.
    bytes: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Nanoseconds of output in all; 0 where the source does not say.
    pub total: u64,
    /// Nanoseconds up to which all streams of all outputs have been written.
    pub written: u64,
    /// Video frames encoded, over all outputs.
    pub frames: u64,
    /// Bytes of packets written.
    pub bytes: u64,
}

impl Progress {
    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            total: read(&self.total),
            written: self.written().values().copied().min().unwrap_or_default(),
            frames: read(&self.frames),
            bytes: read(&self.bytes),
        }
    }

    /// How far the task of this plan has come. It stays below 100: that is for outputs that are in their places.
    pub fn of_task(&self, plan: &Plan) -> TaskProgress {
        let now = self.snapshot();
        let percent = |written: u64| {
            let whole = u128::from(now.total.max(1));
            u8::try_from((u128::from(written) * 100 / whole).min(99)).unwrap_or(99)
        };
        let written = self.written();
        let of_output = |output: NodeId| {
            written.iter().filter(|((node, _), _)| *node == output).map(|(_, until)| *until).min().unwrap_or_default()
        };
        let target = |index, output| TargetProgress { index, percent: percent(of_output(output)) };
        TaskProgress {
            percent: percent(now.written),
            targets: plan.targets().iter().map(|planned| target(planned.index, planned.mux)).collect(),
            frames: now.frames,
            bytes: now.bytes,
        }
    }

    pub(super) fn begin(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn encoded(&self, frames: u64) {
        self.frames.fetch_add(frames, Ordering::Relaxed);
    }

    /// A stream of an output is to be written.
    pub(super) fn expect(&self, output: NodeId, stream: usize) {
        self.written().insert((output, stream), 0);
    }

    pub(super) fn wrote(&self, output: NodeId, stream: usize, until: u64, bytes: u64) {
        if let Some(written) = self.written().get_mut(&(output, stream)) {
            *written = until.max(*written);
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn written(&self) -> MutexGuard<'_, BTreeMap<(NodeId, usize), u64>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
