//! Room `worker`: runs one task, from its spec to staged outputs that were verified.
//!
//! It owns: the order of things (facts, resolve, plan, open the filters, pipeline, verify). It promises: a plan whose filters
//! have been opened, so that it shows what they said; outputs that were read back before anybody hears of them. It refuses:
//! credentials, databases, committing: sources and places for outputs are handed to it.

mod filters;
mod limits;

use std::collections::BTreeMap;
use std::fs::File;
use std::thread;
use std::time::SystemTime;

use crate::media::{self, ByteSource, Demuxer, Expectation, Interrupt, MediaError, MuxReport};
use crate::pipeline::{self, FilterFactory, Finished, Measuring, OpenFilter, Places, Progress};
use crate::plan::{NodeId, Plan};
use crate::resolve::{self, ParameterPolicy, PluginIds, UriPolicy};
use crate::task::{
    Composition, ErrorCode, Failure, MediaFacts, ObjectUri, Stage, TaskLimits, TaskSpec, TaskUsage, Warning,
};

/// Opens sources for a worker.
pub trait Sources {
    /// Opens an object: its bytes, and when it was last modified. Failures carry stage `Probe`.
    fn open(&self, uri: &ObjectUri) -> Result<(Box<dyn ByteSource>, SystemTime), Failure>;
}

/// What a worker works with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Opens sources.
    pub sources: &'a dyn Sources,
    /// Opens filters.
    pub filters: &'a dyn FilterFactory,
    /// Calls URI policies.
    pub uris: &'a dyn UriPolicy,
    /// Calls parameter policies.
    pub parameters: &'a dyn ParameterPolicy,
    /// Knows which component a reference means.
    pub plugins: &'a dyn PluginIds,
    /// When the task was created.
    pub created: SystemTime,
    /// Threads of each decoder and encoder of video; 0 is as many as there are cores.
    pub threads: u32,
    /// What sources may be.
    pub limits: &'a TaskLimits,
}

/// A task that is planned, its sources and filters open.
pub struct Prepared {
    plan: Plan,
    filters: BTreeMap<NodeId, OpenFilter>,
    sources: Vec<Demuxer>,
    threads: u32,
}

/// One output, staged and verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Index in `Targets[]`.
    pub target: usize,
    /// Where it will stand.
    pub uri: ObjectUri,
    /// The objects that belong to it, such as segments.
    pub files: Vec<ObjectUri>,
    /// What it is, read back.
    pub facts: MediaFacts,
}

/// The outputs, and what came up while they were made.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// In the order of the plan's targets.
    pub outputs: Vec<Output>,
    /// What the plan could not know.
    pub warnings: Vec<Warning>,
    /// What it took.
    pub usage: TaskUsage,
}

/// Plans a task and opens its filters. Nothing is written.
pub fn prepare(spec: &TaskSpec, with: &Surroundings<'_>, interrupt: &Interrupt) -> Result<Prepared, Failure> {
    let (mut sources, mut facts) = (Vec::new(), Vec::new());
    let mut times = Vec::new();
    for source in &spec.sources {
        let (bytes, modified) = with.sources.open(&source.uri)?;
        let failed =
            |uri: &ObjectUri, error: MediaError| Failure::new(error.code(), Stage::Probe, format!("{uri}: {error}"));
        let mut demuxer = Demuxer::open(bytes, interrupt).map_err(|error| failed(&source.uri, error))?;
        for added in &source.subtitles {
            let (bytes, _) = with.sources.open(&added.uri)?;
            demuxer
                .add_subtitles(bytes, added.language.as_deref(), added.offset_ns())
                .map_err(|error| failed(&added.uri, error))?;
        }
        limits::judge(&source.uri, demuxer.facts(), with.limits)?;
        times.push(modified);
        facts.push(demuxer.facts().clone());
        sources.push(demuxer);
    }
    let (Some(composition), Some(modified)) = (Composition::new(spec, &facts), times.get(spec.alignment).copied())
    else {
        let message = "the task has no source to align with";
        return Err(Failure::new(ErrorCode::Internal, Stage::Probe, message));
    };
    let context = resolve::Context {
        uris: with.uris,
        parameters: with.parameters,
        plugins: with.plugins,
        created: with.created,
        modified,
    };
    let (resolved, skipped) = resolve::resolve(spec, &composition, &context)?;
    let mut plan = crate::plan::plan(spec, &facts, resolved, skipped)?;
    plan.note_versions(media::versions());
    plan.note_versions([("wasmux", env!("CARGO_PKG_VERSION").to_owned())]);
    let filters = filters::open(&mut plan, with.filters)?;
    Ok(Prepared { plan, filters, sources, threads: with.threads })
}

impl Prepared {
    /// The plan, filters included.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Runs the plan into places that are handed out, and verifies what was written.
    pub fn run(self, places: &dyn Places, progress: &Progress, interrupt: &Interrupt) -> Result<Done, Failure> {
        self.run_as(Measuring::default(), places, progress, interrupt)
    }

    /// The same, measured; null encoders make no outputs.
    pub fn run_as(
        self,
        measuring: Measuring,
        places: &dyn Places,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> Result<Done, Failure> {
        let Self { plan, filters, sources, threads } = self;
        let mut paths = BTreeMap::new();
        for target in plan.targets() {
            for (uri, node) in target.objects() {
                let path = places.reserve(uri).map_err(|failure| failure.of_target(target.index))?;
                paths.insert(node, path);
            }
        }
        let inputs = pipeline::Inputs { sources, filters, outputs: &paths, places, threads, measuring };
        let mut finished = pipeline::run(&plan, inputs, progress, interrupt)?;
        if measuring.null_encoders {
            let usage = TaskUsage { peak_memory_bytes: peak_memory(), ..finished.usage };
            return Ok(Done { outputs: Vec::new(), warnings: finished.warnings, usage });
        }
        // Whoever commits puts the files on the disk first: by then they are, for the disk works while they are read back.
        let files = paths.clone().into_values();
        let on_its_way = thread::Builder::new().name("sync".into()).spawn(move || {
            files.filter_map(|path| File::open(path).ok()).for_each(|file| drop(file.sync_all()));
        });
        let done = Self::verify(&plan, &mut finished, interrupt);
        if let Ok(on_its_way) = on_its_way {
            // It has nothing to say: what goes wrong is found by the commit.
            drop(on_its_way.join());
        }
        done
    }

    fn verify(plan: &Plan, finished: &mut Finished, interrupt: &Interrupt) -> Result<Done, Failure> {
        let usage = TaskUsage { peak_memory_bytes: peak_memory(), ..std::mem::take(&mut finished.usage) };
        let mut done = Done { outputs: Vec::new(), warnings: std::mem::take(&mut finished.warnings), usage };
        for (node, warning) in &finished.of_filters {
            done.warnings.extend(filters::told(plan, *node, warning));
        }
        for target in plan.targets() {
            let mut files = Vec::new();
            let mut facts = None;
            for (uri, node) in target.objects() {
                let failed = |error: MediaError| {
                    let message = format!("{uri} was written, but reading it back: {error}");
                    Failure::new(error.code(), Stage::Verify, message).of_target(target.index)
                };
                let Some(written) = finished.written.remove(&node) else { return Err(not_made(target.index)) };
                let found = match &written.subtitles {
                    Some(report) => media::verify_subtitles(report, interrupt).map_err(failed)?,
                    None => verified(&written.parts, interrupt).map_err(failed)?,
                };
                files.extend(written.files);
                files.extend(facts.is_some().then(|| uri.clone()));
                facts.get_or_insert(found);
            }
            let facts = facts.ok_or_else(|| not_made(target.index))?;
            done.outputs.push(Output { target: target.index, uri: target.uri.clone(), files, facts });
        }
        Ok(done)
    }
}

/// The most memory that this process had resident so far, in bytes; `None` where the system does not tell.
pub fn peak_memory() -> Option<u64> {
    high_water(&std::fs::read_to_string("/proc/self/status").ok()?)
}

/// The same of any process, by the text of its `/proc/ID/status`. One that has ended has none.
pub fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// A bug of ours.
fn not_made(target: usize) -> Failure {
    Failure::new(ErrorCode::Internal, Stage::Verify, "an output of the plan was not made").of_target(target)
}

/// Reads back what was written, and tells what it is; streams that stand apart are told together.
fn verified(parts: &[(MuxReport, Vec<Expectation>)], interrupt: &Interrupt) -> Result<MediaFacts, MediaError> {
    let mut all: Option<MediaFacts> = None;
    for (report, expected) in parts {
        let facts = media::verify(report, expected, interrupt)?;
        match &mut all {
            None => all = Some(facts),
            Some(all) => all.add(facts),
        }
    }
    all.ok_or_else(|| MediaError::Bug("an output without any part".to_owned()))
}
