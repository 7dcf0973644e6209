//! Room `supervise`: one restricted process for each task.
//!
//! It owns: starting, watching, limiting and ending of workers, what is said between them and the service, the order in which
//! a task goes from its lease to its end, the roll-forward of commits. It promises: a worker that crashes, hangs, leaks or is killed
//! costs its own task and nothing else; a worker reads its sources and writes its staging folder, and reaches no other file, no TCP port and no
//! program; only a worker that has ended has its outputs moved; whatever kills this process, the next one goes on where the queue says.
//! It refuses: media, plugins, requests. It is the only user of processes, landlock and resource limits.

mod child;
mod commit;
mod confine;
mod crash;
mod dispatch;
mod ending;
mod holder;
mod job;
mod leases;
mod run;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use confine::{Confinement, confine, open_many_files};
pub use crash::{crash_point, misbehave};
pub use dispatch::{Supervisor, SupervisorParts};
pub use job::{Job, Report, StagedFile, StagedOutput, Work, receive, report};

use crate::store::BucketConfig;
use crate::task::{ObjectUri, TaskSpec, at_least};

/// Most threads that a decoder or an encoder can be told to use: x264 takes no more than 128, libvpx 64.
pub const MAX_THREADS: u32 = 64;

/// What workers may use, and how many there may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerLimits {
    /// Tasks that run at the same time.
    pub concurrency: usize,
    /// Threads of each decoder and encoder of video, at most 64; 0 is as many as there are cores. The bytes of an output depend on it.
    pub threads: u32,
    /// Resident memory of one worker in bytes; over it the task fails with `MemoryLimit`. Twice as much may be allocated.
    pub memory_bytes: u64,
    /// Size of one staged file in bytes; over it the task fails with `LimitExceeded`.
    pub output_bytes: u64,
    /// How long a task may run, in seconds.
    pub task_seconds: u64,
    /// How long a task may make no progress, in seconds.
    pub stall_seconds: u64,
    /// How long a dry run or a look at a source may take, in seconds.
    pub plan_seconds: u64,
    /// Dry runs and looks at sources at the same time.
    pub plan_concurrency: usize,
    /// How long the compilation of one plugin may take, in seconds.
    pub compile_seconds: u64,
    /// How long tasks that run may go on when the service is asked to stop, in seconds; those that have not ended by then are handed back to the queue.
    pub stop_seconds: u64,
    /// Whether workers only start where landlock restricts them in full. Otherwise they take what the kernel has, and say so.
    pub require_landlock: bool,
}

impl Default for WorkerLimits {
    fn default() -> Self {
        Self {
            concurrency: 1,
            threads: 0,
            memory_bytes: 4 << 30,
            output_bytes: 1 << 40,
            task_seconds: 24 * 3600,
            stall_seconds: 300,
            plan_seconds: 30,
            plan_concurrency: 2,
            compile_seconds: 60,
            stop_seconds: 0,
            require_landlock: false,
        }
    }
}

impl WorkerLimits {
    /// Refuses limits with which nothing could run; names the field.
    pub fn check(&self) -> Result<(), String> {
        if self.threads > MAX_THREADS {
            return Err(format!("workers.threads {} is not allowed: it must be at most {MAX_THREADS}", self.threads));
        }
        at_least(&[
            ("concurrency", self.concurrency as u64, 1),
            ("memory_bytes", self.memory_bytes, 64 << 20),
            ("output_bytes", self.output_bytes, 1 << 20),
            ("task_seconds", self.task_seconds, 1),
            ("stall_seconds", self.stall_seconds, 1),
            ("plan_seconds", self.plan_seconds, 1),
            ("plan_concurrency", self.plan_concurrency as u64, 1),
            ("compile_seconds", self.compile_seconds, 1),
        ])
        .map_err(|reason| format!("workers.{reason}"))
    }

    /// A wish for so much memory is a leak: what is allocated and not used counts too, such as the stacks of threads.
    fn data_bytes(&self) -> u64 {
        self.memory_bytes.saturating_mul(2)
    }
}

/// What the supervisor needs to know of the rest of the host.
pub trait Surroundings: Send + Sync {
    /// Files and folders that every worker reads: compiled code, fonts.
    fn readable(&self) -> Vec<PathBuf>;

    /// Objects that the plugins of this task may read, such as pictures of watermarks.
    fn assets(&self, spec: &TaskSpec) -> Vec<ObjectUri>;

    /// The buckets whose names its output URIs may have; `None`: any.
    fn output_buckets(&self, spec: &TaskSpec) -> Option<Vec<String>>;

    /// The files of the plugins that this task runs.
    fn plugins(&self, spec: &TaskSpec) -> Vec<PathBuf>;

    /// What a worker's process is told of the host's configuration, with these buckets and the plugins in these files.
    fn settings(&self, buckets: Vec<BucketConfig>, plugins: &[PathBuf]) -> Value;

    /// The folder of compiled code, for the process that fills it.
    fn compiled(&self) -> Option<PathBuf>;

    /// A task has ended: who waits for it can be told.
    fn task_ended(&self) {}
}

/// Time between two looks at a worker: its memory, its limits, a wish to cancel.
const TICK: Duration = Duration::from_millis(50);
/// How long a lease holds when it is not renewed.
const LEASE: Duration = Duration::from_secs(30);
/// How often a lease is renewed and the progress told.
const RENEW: Duration = Duration::from_secs(1);
/// How long no task is leased after a worker could not be started.
const PAUSE: Duration = Duration::from_secs(5);
/// How often lapsed leases are looked for, and tasks that came by another process.
const LOOK: Duration = Duration::from_secs(2);
