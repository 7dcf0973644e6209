//! What a worker's process does, once it has restricted itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{App, AppConfig, BucketOutputs};
use crate::media::Interrupt;
use crate::pipeline::Progress;
use crate::plan::Plan;
use crate::sandbox::PluginLog;
use crate::store::{Attempt, Link};
use crate::supervise::{Job, Report, StagedFile, StagedOutput, Work, misbehave, report};
use crate::task::{ErrorCode, Failure, ObjectUri, PluginId, PluginRef, Stage, TaskSpec, Timestamp};
use crate::worker::Prepared;

/// How often a worker tells how far it is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// Does a job, for which remote objects come from the service, and reports its end. The error is a sentence for the log: the service is gone, or could not be told.
pub fn work(job: Job, service: Arc<Link>) -> Result<(), String> {
    let last = match try_work(job, service) {
        Ok(last) => last,
        Err(failure) => Report::Failed(failure),
    };
    report(&last).map_err(|error| format!("the service is gone: {error}"))
}

fn try_work(job: Job, service: Arc<Link>) -> Result<Report, Failure> {
    let internal = |reason: String| Failure::new(ErrorCode::Internal, Stage::Run, reason);
    let config: AppConfig = serde_json::from_value(job.settings)
        .map_err(|error| internal(format!("the worker's settings are not understood: {error}")))?;
    // What is not compiled yet, because its file is new or the cache was emptied, a worker compiles for itself: it has limits.
    let app = App::open_served(AppConfig { compile: true, ..config }, service, Arc::new(Told)).map_err(internal)?;
    let interrupt = Interrupt::default();
    match job.work {
        Work::Compile { plugin } => compile_one(&app, &plugin),
        Work::Plan { spec, created } => planned(app.task(*spec, created).prepare(&interrupt)?.plan()),
        Work::Describe { project, uri } => {
            // Before it opens anything, so that a test finds it hanging or dying there.
            if let Some(misdeed) = job.misdeed.as_deref() {
                misbehave(misdeed, 1);
            }
            app.describe(&project, &uri, &interrupt).map(|meta| Report::Described(Box::new(meta)))
        }
        Work::Run { spec, created, attempt } => {
            let attempt = Attempt::from(attempt);
            run(&app, *spec, created, &attempt, job.misdeed.as_deref(), &interrupt)
        }
    }
}

fn compile_one(app: &App, plugin: &PluginRef) -> Result<Report, Failure> {
    app.sandbox.prepare(plugin)?;
    if app.sandbox.is_compiled(plugin)? {
        return Ok(Report::Compiled);
    }
    let message = "its compiled code could not be kept: is the folder for it writable, and the disk not full?";
    Err(Failure::new(ErrorCode::Internal, Stage::Run, message))
}

fn planned(plan: &Plan) -> Result<Report, Failure> {
    let internal = |error: serde_json::Error| Failure::new(ErrorCode::Internal, Stage::Plan, error.to_string());
    let value: Value = serde_json::to_value(plan).map_err(internal)?;
    Ok(Report::Planned { plan: value, warnings: plan.warnings().to_vec() })
}

fn run(
    app: &App,
    spec: TaskSpec,
    created: Timestamp,
    attempt: &Attempt,
    misdeed: Option<&str>,
    interrupt: &Interrupt,
) -> Result<Report, Failure> {
    let sources: Vec<_> = spec.inputs().cloned().collect();
    let task = app.task(spec, created);
    let prepared = task.prepare(interrupt)?;
    say(&planned(prepared.plan())?)?;
    if let Some(misdeed) = misdeed {
        misbehave(misdeed, attempt.number);
    }
    let outputs = BucketOutputs::new(task.buckets.staging_of(attempt, &sources));
    let done = told(prepared, &outputs, interrupt)?;
    let staging = outputs.into_staging();
    let names: BTreeMap<_, _> =
        staging.reserved().iter().map(|staged| (staged.uri().clone(), staged.name().to_owned())).collect();
    let named = |uri: &ObjectUri| Some(StagedFile { uri: uri.clone(), name: names.get(uri)?.clone() });
    let staged = done.outputs.into_iter().filter_map(|output| {
        let files = output.files.iter().map(named).collect::<Option<_>>()?;
        let StagedFile { uri, name } = named(&output.uri)?;
        Some(StagedOutput { target: output.target, uri, name, files, facts: output.facts })
    });
    Ok(Report::Done { outputs: staged.collect(), warnings: done.warnings, usage: done.usage })
}

/// Runs a prepared task, and tells how far it is all the while.
fn told(
    prepared: Prepared,
    outputs: &BucketOutputs<'_>,
    interrupt: &Interrupt,
) -> Result<crate::worker::Done, Failure> {
    let progress = Progress::default();
    let plan = prepared.plan().clone();
    thread::scope(|scope| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let (counters, plan) = (&progress, &plan);
        scope.spawn(move || {
            while stopped.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
                if say(&Report::Progress(counters.of_task(plan))).is_err() {
                    // Nobody listens any more.
                    interrupt.trigger();
                }
            }
        });
        let done = prepared.run(outputs, &progress, interrupt);
        drop(stop);
        // The last one is told too: a short task has no other.
        say(&Report::Progress(progress.of_task(plan)))?;
        done
    })
}

/// Tells the service what plugins log.
struct Told;

impl PluginLog for Told {
    fn line(&self, plugin: &PluginId, level: &'static str, line: &str) {
        let text = format!("{} {} {level}: {line}", plugin.name, plugin.version);
        // Whoever is gone hears nothing; that is found by the next report that matters.
        let _ = report(&Report::Log(text));
    }
}

fn say(what: &Report) -> Result<(), Failure> {
    report(what).map_err(|error| Failure::new(ErrorCode::Internal, Stage::Run, format!("the service is gone: {error}")))
}
