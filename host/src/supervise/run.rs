//! One task, from its lease to its end; and the short-lived workers that plan or compile.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::child::{Child, Objects};
use super::dispatch::Shared;
use super::ending::{Ending, Stopped};
use super::holder::Holder;
use super::job::{Job, Report, Work};
use super::watch::{Bounds, Verdict, watch};
use super::{Confinement, crash};
use crate::queue::{Lease, Made, QueueError, Retried};
use crate::store::{Access, Attempt, BucketConfig, Buckets};
use crate::task::{ErrorCode, Failure, MediaMeta, ObjectUri, PluginRef, Stage, TaskSpec, TaskState, Timestamp};
use crate::telemetry::{Step, metrics};

impl Shared {
    /// Runs a leased task to its end, whatever that is.
    pub(super) fn run_task(&self, lease: &Lease) {
        let attempt = self.attempt_of(lease);
        let _held = self.hold(lease);
        if lease.attempt == 1 {
            let waited = Timestamp::now().millis().saturating_sub(lease.created.millis());
            metrics().step(Step::wait, Duration::from_millis(waited.try_into().unwrap_or_default()));
        }
        let begun = Instant::now();
        let ending = self.run_worker(lease, &attempt);
        metrics().step(Step::run, begun.elapsed());
        let ended = match ending {
            Ending::Done { outputs, warnings, usage } => {
                self.commit(lease, &attempt, outputs, Made { outputs: Vec::new(), warnings, usage })
            }
            Ending::Failed(failure) => self.give_up(lease, &attempt, &failure),
            Ending::HandBack { reason, counts } => {
                self.buckets.close_attempt(&attempt);
                tracing::warn!(task = %lease.id, reason, "task is handed back");
                self.queue.hand_back(lease, Timestamp::now(), &reason, counts).map(|retried| match retried {
                    Retried::Queued => metrics().handed_back(),
                    Retried::Failed => {
                        self.surroundings.task_ended();
                        let failure = self.queue.get(lease.id).ok().flatten().and_then(|record| record.failure);
                        metrics()
                            .task_ended(TaskState::Failed.name(), failure.map_or("", |failure| failure.code.name()));
                    }
                })
            }
            Ending::Lost => {
                self.buckets.close_attempt(&attempt);
                Err(QueueError::LeaseLost { id: lease.id, attempt: lease.attempt })
            }
        };
        if let Err(error) = ended {
            // What could not be written now is found by the next look at lapsed leases.
            tracing::error!(task = %lease.id, %error, "the end of a task could not be recorded");
        }
    }

    /// Ends a task that has no journal. What it staged goes first, whether or not its end can be recorded: the disk may be full of it.
    pub(super) fn give_up(&self, lease: &Lease, attempt: &Attempt, failure: &Failure) -> Result<(), QueueError> {
        self.buckets.close_attempt(attempt);
        tracing::info!(task = %lease.id, target = failure.target, %failure, "task failed");
        self.queue.fail(lease, Timestamp::now(), failure)?;
        self.surroundings.task_ended();
        metrics().task_ended(TaskState::Failed.name(), failure.code.name());
        Ok(())
    }

    pub(super) fn attempt_of(&self, lease: &Lease) -> Attempt {
        Attempt { node: self.node.clone(), task: lease.id, number: lease.attempt }
    }

    fn run_worker(&self, lease: &Lease, attempt: &Attempt) -> Ending {
        let needs = self.needs(&lease.spec);
        let writable: Vec<_> = needs.writable().map(|bucket| bucket.name.clone()).collect();
        let folders = match self.buckets.open_attempt(attempt, &writable) {
            Ok(folders) => folders,
            Err(error) => return Ending::Failed(Failure::new(error.output_code(), Stage::Mux, error.to_string())),
        };
        let job = Job {
            work: Work::Run { spec: Box::new(lease.spec.clone()), created: lease.created, attempt: attempt.into() },
            confinement: Confinement { write: folders, ..self.confinement(&needs) },
            settings: self.surroundings.settings(needs.buckets, &needs.plugins),
            misdeed: crash::misdeed(),
        };
        let child = match self.worker(&job, needs.remote) {
            Ok(child) => child,
            Err(error) => {
                // The task is not to blame, and neither is the next one.
                self.pause();
                return Ending::HandBack { reason: failed_to_start(&error).message, counts: false };
            }
        };
        let bounds = Bounds {
            memory: self.limits.memory_bytes,
            time: Duration::from_secs(self.limits.task_seconds),
            time_limit: "task_seconds",
            stall: Duration::from_secs(self.limits.stall_seconds),
        };
        let mut holder = Holder::new(self, lease);
        match watch(child, bounds, |report| holder.judge(report)) {
            Ok(Report::Done { outputs, warnings, usage }) => holder.done(outputs, warnings, usage),
            Ok(Report::Failed(failure)) => Ending::Failed(failure),
            Ok(_) => Ending::Failed(ended_early()),
            Err(ending) => ending,
        }
    }

    /// The plan of a task, by a worker that writes nothing.
    pub(super) fn plan_once(&self, spec: &TaskSpec) -> Result<String, Failure> {
        let work = Work::Plan { spec: Box::new(spec.clone()), created: Timestamp::now() };
        let needs = self.needs(spec);
        let confinement = self.confinement(&needs);
        let settings = self.surroundings.settings(needs.buckets, &needs.plugins);
        let job = Job { work, settings, confinement, misdeed: None };
        let is_answer = |report: &Report| matches!(report, Report::Planned { .. });
        match self.run_short(&job, needs.remote, self.plan_time(), is_answer)? {
            Report::Planned { plan, .. } => Ok(plan.to_string()),
            _ => Err(ended_early()),
        }
    }

    /// Compiles a plugin in a worker that may write to the folder of compiled code and nowhere else.
    pub(super) fn compile_once(&self, plugin: &PluginRef, file: Option<&Path>) -> Result<(), Failure> {
        let needs = Needs { plugins: file.into_iter().map(Path::to_owned).collect(), ..Needs::default() };
        let time = (Duration::from_secs(self.limits.compile_seconds), "compile_seconds");
        let confinement = Confinement {
            write: self.surroundings.compiled().into_iter().collect(),
            cpu_seconds: Some(self.limits.compile_seconds.saturating_mul(2)),
            ..self.confinement(&needs)
        };
        let settings = self.surroundings.settings(needs.buckets, &needs.plugins);
        let job = Job { work: Work::Compile { plugin: plugin.clone() }, settings, confinement, misdeed: None };
        self.run_short(&job, None, time, |report| matches!(report, Report::Compiled)).map(drop)
    }

    /// What a source says of itself, by a worker that reads nothing else.
    pub(super) fn describe_once(&self, project: &str, uri: &ObjectUri) -> Result<MediaMeta, Failure> {
        let own = self.buckets.of(project);
        let (inputs, remote) = inputs_of(&own, &own.objects_of(uri));
        let needs = Needs { inputs, remote, buckets: own.configs(), ..Needs::default() };
        let confinement = self.confinement(&needs);
        let settings = self.surroundings.settings(needs.buckets, &needs.plugins);
        let work = Work::Describe { project: project.to_owned(), uri: uri.clone() };
        let job = Job { work, settings, confinement, misdeed: crash::misdeed() };
        let is_answer = |report: &Report| matches!(report, Report::Described(_));
        match self.run_short(&job, needs.remote, self.plan_time(), is_answer)? {
            Report::Described(meta) => Ok(*meta),
            _ => Err(ended_early()),
        }
    }

    /// How long a dry run or a look at a source may take, and the limit that says so.
    fn plan_time(&self) -> (Duration, &'static str) {
        (Duration::from_secs(self.limits.plan_seconds), "plan_seconds")
    }

    /// The report of a short-lived worker for which `is_answer` holds, or its failure.
    fn run_short(
        &self,
        job: &Job,
        remote: Option<Objects>,
        (time, time_limit): (Duration, &'static str),
        is_answer: impl Fn(&Report) -> bool,
    ) -> Result<Report, Failure> {
        let child = self.worker(job, remote).map_err(|error| failed_to_start(&error))?;
        let bounds = Bounds { memory: self.limits.memory_bytes, time, time_limit, stall: time };
        let judge = |report: Option<&Report>| match report {
            Some(report) if is_answer(report) || matches!(report, Report::Failed(_)) => Verdict::Final,
            _ if self.is_stopping() => Verdict::Stop(Stopped::Shutdown),
            _ => Verdict::GoOn,
        };
        match watch(child, bounds, judge) {
            Ok(Report::Failed(failure)) | Err(Ending::Failed(failure)) => Err(failure),
            Ok(answer) => Ok(answer),
            Err(Ending::HandBack { reason, .. }) => Err(Failure::new(ErrorCode::WorkerLost, Stage::Run, reason)),
            Err(Ending::Done { .. } | Ending::Lost) => {
                Err(Failure::new(ErrorCode::Internal, Stage::Run, "its worker was lost"))
            }
        }
    }

    /// A worker with its job. One waits already, if all is well.
    fn worker(&self, job: &Job, remote: Option<Objects>) -> std::io::Result<Child> {
        let mut child = match self.take_idle() {
            Some(child) => child,
            None => Child::start(&self.program)?,
        };
        child.send(job, remote)?;
        self.want_idle();
        Ok(child)
    }

    fn needs(&self, spec: &TaskSpec) -> Needs {
        let own = self.buckets.of(&spec.project_name);
        // Of a playlist the segments too.
        let sources = spec.inputs().flat_map(|uri| own.objects_of(uri));
        let inputs: Vec<_> = sources.chain(self.surroundings.assets(spec)).collect();
        let outputs = self.surroundings.output_buckets(spec);
        let named = |name: &str| inputs.iter().any(|uri| uri.bucket() == name);
        // A bucket in the root folder is known once it was asked for.
        for name in outputs.iter().flatten().map(String::as_str).chain(inputs.iter().map(ObjectUri::bucket)) {
            let _ = own.check_bucket(name, Access::Read);
        }
        let mut buckets = own.configs();
        if let Some(outputs) = &outputs {
            buckets.retain(|bucket| outputs.contains(&bucket.name) || named(&bucket.name));
        }
        // What does not exist is told by the worker, in the words of the store.
        let (inputs, remote) = inputs_of(&own, &inputs);
        Needs { inputs, remote, outputs, buckets, plugins: self.surroundings.plugins(spec) }
    }

    fn confinement(&self, needs: &Needs) -> Confinement {
        let mut read = self.surroundings.readable();
        read.extend(needs.inputs.iter().cloned());
        read.extend(needs.plugins.iter().cloned());
        Confinement {
            read,
            write: Vec::new(),
            data_bytes: self.limits.data_bytes(),
            file_bytes: self.limits.output_bytes,
            cpu_seconds: None,
            require_landlock: self.limits.require_landlock,
        }
    }
}

/// What a worker reads by itself, and what it reads through this process.
fn inputs_of(buckets: &Buckets, inputs: &[ObjectUri]) -> (Vec<PathBuf>, Option<Objects>) {
    let (remote, here): (Vec<_>, Vec<_>) = inputs.iter().partition(|uri| buckets.is_remote(uri.bucket()));
    let files = here.into_iter().filter_map(|uri| buckets.real_path(uri).ok()).collect();
    let allowed: BTreeSet<_> = remote.into_iter().cloned().collect();
    (files, (!allowed.is_empty()).then(|| Objects { buckets: buckets.clone(), allowed }))
}

/// A worker ended with another report than that of its work.
fn ended_early() -> Failure {
    Failure::new(ErrorCode::Internal, Stage::Run, "its worker ended early")
}

/// What a worker is told of and let at.
#[derive(Default)]
struct Needs {
    /// The files that it reads.
    inputs: Vec<PathBuf>,
    /// The objects that it reads through this process.
    remote: Option<Objects>,
    /// The buckets in which its outputs may be; `None`: any.
    outputs: Option<Vec<String>>,
    /// All buckets that it may name.
    buckets: Vec<BucketConfig>,
    /// The files of its plugins.
    plugins: Vec<PathBuf>,
}

impl Needs {
    /// The buckets in which it stages its outputs.
    fn writable(&self) -> impl Iterator<Item = &BucketConfig> {
        let wanted = |name: &String| self.outputs.as_ref().is_none_or(|outputs| outputs.contains(name));
        self.buckets.iter().filter(move |bucket| bucket.write && wanted(&bucket.name))
    }
}

fn failed_to_start(error: &std::io::Error) -> Failure {
    Failure::new(ErrorCode::Internal, Stage::Run, format!("no worker could be started: {error}"))
}
