//! Which task runs when: takes leases while there are free places, and looks after what others left.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::child::Child;
use super::{LEASE, LOOK, PAUSE, Surroundings, WorkerLimits};
use crate::queue::{Lease, Queue, QueueError};
use crate::store::Buckets;
use crate::task::{Failure, MediaMeta, ObjectUri, PluginRef, TaskId, TaskSpec, TaskState, Timestamp};

/// What a [`Supervisor`] is made of.
pub struct SupervisorParts {
    /// The tasks.
    pub queue: Arc<dyn Queue>,
    /// Where their objects are.
    pub buckets: Arc<Buckets>,
    /// The rest of the host.
    pub surroundings: Arc<dyn Surroundings>,
    /// What workers may use.
    pub limits: WorkerLimits,
    /// Name of this service: the same after a restart, and no other service has it.
    pub node: String,
    /// The binary whose command `worker` is a worker.
    pub program: PathBuf,
    /// How long records of tasks that have ended are kept; `None`: for ever.
    pub keep: Option<Duration>,
}

/// Runs the tasks of a queue in workers.
pub struct Supervisor {
    shared: Arc<Shared>,
    dispatcher: Mutex<Option<JoinHandle<()>>>,
}

/// What all threads of a supervisor share.
pub(super) struct Shared {
    pub(super) queue: Arc<dyn Queue>,
    pub(super) buckets: Arc<Buckets>,
    pub(super) surroundings: Arc<dyn Surroundings>,
    pub(super) limits: WorkerLimits,
    pub(super) node: String,
    pub(super) program: PathBuf,
    pub(super) keep: Option<Duration>,
    state: Mutex<State>,
    changed: Condvar,
    pokes: AtomicU64,
    planning: AtomicUsize,
    /// Leases that this process holds, from the lease of a task to its end, commits included.
    pub(super) held: Mutex<BTreeMap<TaskId, Lease>>,
    /// Held while the outputs of a task are moved.
    pub(super) commits: Mutex<()>,
    /// What workers said of their restrictions.
    confinements: Mutex<BTreeSet<String>>,
}

#[derive(Default)]
struct State {
    /// No task is leased any more.
    draining: bool,
    /// Workers are stopped.
    stopping: bool,
    running: usize,
    /// Something may have come into the queue.
    woken: bool,
    want_idle: bool,
    /// A worker that waits for its job.
    idle: Option<Child>,
    /// No task is leased before: no worker could be started.
    paused: Option<Instant>,
}

impl Supervisor {
    /// Makes one that can plan and compile; it runs tasks from [`Supervisor::start`] on.
    pub fn new(parts: SupervisorParts) -> Self {
        let SupervisorParts { queue, buckets, surroundings, limits, node, program, keep } = parts;
        let shared = Shared {
            queue,
            buckets,
            surroundings,
            limits,
            node,
            program,
            keep,
            state: Mutex::default(),
            changed: Condvar::new(),
            pokes: AtomicU64::new(0),
            planning: AtomicUsize::new(0),
            held: Mutex::default(),
            commits: Mutex::default(),
            confinements: Mutex::default(),
        };
        Self { shared: Arc::new(shared), dispatcher: Mutex::new(None) }
    }

    /// Ends what a killed predecessor left: commits are gone through again, tasks that ran are queued, its staging folders removed. Then
    /// takes leases.
    pub fn start(&self) -> Result<(), QueueError> {
        let shared = &self.shared;
        // First of all, because the disk may be full of it. Nothing runs yet, so only commits need what is there.
        let commits = |task, attempt| match shared.queue.get(task) {
            Ok(record) => record.is_some_and(|task| task.state == TaskState::Committing && task.attempt == attempt),
            Err(_) => true,
        };
        shared.buckets.sweep_attempts(&shared.node, &commits);
        let lapsed = shared.queue.lapse(Timestamp::now(), Some(&shared.node))?;
        if lapsed > 0 {
            tracing::warn!(lapsed, "tasks of the service that ran here before are queued again");
        }
        // One that cannot be ended is tried again later, and keeps no other task waiting.
        if let Err(error) = shared.adopt_commits() {
            tracing::error!(%error, "a commit that was interrupted could not be ended yet");
        }
        shared.want_idle();
        let dispatching = Arc::clone(shared);
        let thread = thread::Builder::new().name("dispatch".into()).spawn(move || {
            // A panic of it is a bug, but no reason to let tasks wait for ever.
            while catch_unwind(AssertUnwindSafe(|| dispatch(&dispatching))).is_err() {
                tracing::error!("the dispatcher panicked, and goes on");
            }
        });
        let thread = thread.map_err(|error| QueueError::Database(format!("no thread could be started: {error}")))?;
        *self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Something has changed in the queue.
    pub fn wake(&self) {
        self.shared.pokes.fetch_add(1, Ordering::Relaxed);
        self.shared.state().woken = true;
        self.shared.changed.notify_all();
    }

    /// The plan of a task as JSON; `None` when too many are being made.
    pub fn plan(&self, spec: &TaskSpec) -> Option<Result<String, Failure>> {
        self.shared.in_turn(|| self.shared.plan_once(spec))
    }

    /// What a source says of itself; `None` when too many plans are being made or sources looked at.
    pub fn describe(&self, project: &str, uri: &ObjectUri) -> Option<Result<MediaMeta, Failure>> {
        self.shared.in_turn(|| self.shared.describe_once(project, uri))
    }

    /// Compiles a plugin in a worker of its own; `file` is where it is, unless it is built in.
    pub fn compile(&self, plugin: &PluginRef, file: Option<&Path>) -> Result<(), Failure> {
        self.shared.compile_once(plugin, file)
    }

    /// Why no task is started at this moment, if none is.
    pub fn unready(&self) -> Option<&'static str> {
        let state = self.shared.state();
        let running = self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if state.stopping || state.draining || !running {
            return Some("the service starts or stops");
        }
        let paused = state.paused.is_some_and(|until| Instant::now() < until);
        paused.then_some("no worker can be started; the log says why")
    }

    /// What the workers so far said of their restrictions.
    pub fn confinements(&self) -> Vec<String> {
        self.shared.confinements.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Takes no more tasks, gives those that run `workers.stop_seconds`, then stops all workers, hands their tasks back, and waits for that.
    pub fn stop(&self) {
        let until = Instant::now() + Duration::from_secs(self.shared.limits.stop_seconds);
        let mut state = self.shared.state();
        state.draining = true;
        while state.running > 0 {
            let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { break };
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.stopping = true;
        drop(state);
        self.shared.changed.notify_all();
        if let Some(thread) = self.dispatcher.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(thread.join());
        }
        self.shared.state().idle = None;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Does what takes one of the places of short-lived workers, if one is free.
    fn in_turn<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        let before = self.planning.fetch_add(1, Ordering::Relaxed);
        let _place = Planning(&self.planning);
        (before < self.limits.plan_concurrency).then(work)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().stopping
    }

    /// Rises whenever something has changed in the queue.
    pub(super) fn pokes(&self) -> u64 {
        self.pokes.load(Ordering::Relaxed)
    }

    pub(super) fn note_confinement(&self, state: &str) {
        let mut known = self.confinements.lock().unwrap_or_else(PoisonError::into_inner);
        if known.insert(state.to_owned()) {
            tracing::info!("workers are {state}");
        }
    }

    pub(super) fn take_idle(&self) -> Option<Child> {
        let mut idle = self.state().idle.take()?;
        idle.is_alive().then_some(idle)
    }

    /// The dispatcher shall start a worker ahead of the next task.
    pub(super) fn want_idle(&self) {
        self.state().want_idle = true;
        self.changed.notify_all();
    }

    /// Takes no more tasks for a moment.
    pub(super) fn pause(&self) {
        self.state().paused = Some(Instant::now() + PAUSE);
    }
}

/// A place among the short-lived workers, free again when this is dropped, even by a panic.
struct Planning<'a>(&'a AtomicUsize);

impl Drop for Planning<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn dispatch(shared: &Arc<Shared>) {
    let mut tasks: Vec<JoinHandle<()>> = Vec::new();
    let mut looked = Instant::now();
    loop {
        tasks.retain(|task| !task.is_finished());
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            if let Err(error) = shared.look_after(&mut tasks) {
                tracing::error!(%error, "lapsed leases could not be looked for");
            }
        }
        while let Some(lease) = next(shared) {
            let (running, shared_by_task) = (Running::new(shared), Arc::clone(shared));
            let run = move || {
                let _running = running;
                shared_by_task.run_task(&lease);
            };
            match thread::Builder::new().name("task".into()).spawn(run) {
                Ok(task) => tasks.push(task),
                // The lease lapses, and the task is tried again.
                Err(error) => {
                    shared.pause();
                    tracing::error!(%error, "no thread could be started for a task");
                }
            }
        }
        start_idle(shared);
        let mut state = shared.state();
        if !state.woken && !state.stopping && !state.want_idle {
            state = shared.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.woken = false;
        if state.stopping {
            break;
        }
    }
    tasks.into_iter().for_each(|task| drop(task.join()));
}

/// The next task, while there is a free place for it.
fn next(shared: &Shared) -> Option<Lease> {
    {
        let mut state = shared.state();
        state.paused = state.paused.filter(|until| Instant::now() < *until);
        if state.stopping || state.draining || state.paused.is_some() || state.running >= shared.limits.concurrency {
            return None;
        }
    }
    let now = Timestamp::now();
    match shared.queue.lease(&shared.node, now, now.after(LEASE)) {
        Ok(lease) => lease,
        Err(error) => {
            tracing::error!(%error, "no task could be leased");
            None
        }
    }
}

/// Starts a worker ahead of its task, so that the next one need not wait for a process.
fn start_idle(shared: &Shared) {
    let wanted = {
        let mut state = shared.state();
        std::mem::take(&mut state.want_idle) && state.idle.is_none() && !state.stopping
    };
    if wanted {
        match Child::start(&shared.program) {
            Ok(child) => shared.state().idle = Some(child),
            Err(error) => tracing::error!(%error, "no worker could be started ahead"),
        }
    }
}

/// A place that is taken; free again when this is dropped, even by a panic.
struct Running(Arc<Shared>);

impl Running {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.state().running += 1;
        Self(Arc::clone(shared))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running -= 1;
        state.woken = true;
        drop(state);
        self.0.changed.notify_all();
    }
}
