//! Starts a thread for each node, waits for all, and tells the first failure.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::channel::{Bounds, Inbox, Sender, inbox};
use super::damage::Damage;
use super::meter::{Meter, process_cpu_seconds, thread_cpu_seconds};
use super::sources::{self, Told};
use super::stages::{self, Item, Outlet, Stop, Work};
use super::threads;
use super::timeline::Timeline;
use super::{FilterUsage, OpenFilter, Progress};
use crate::media::{Demuxer, Expectation, Interrupt, MuxReport, SourceTags, SubtitleReport};
use crate::plan::{Node, NodeId, Operation, Plan};
use crate::task::{ErrorCode, Failure, ObjectUri, PluginId, Stage, StageUsage, TaskUsage, Warning};

/// Bytes that wait between two stages at most: about eight frames of 4K.
const EDGE_BYTES: usize = 100 << 20;
/// Frames that wait between two stages: none, for the stage before holds one that is done until it is asked for. Each takes memory, 3 MB in 1080p, and no run was faster with more.
const EDGE_FRAMES: usize = 0;
/// Packets that wait between two stages.
const EDGE_PACKETS: usize = 64;

/// What a run works on.
pub struct Inputs<'a> {
    /// One for each source of the plan.
    pub sources: Vec<Demuxer>,
    /// One for each filter node.
    pub filters: BTreeMap<NodeId, OpenFilter>,
    /// Where each node that writes has its file or playlist.
    pub outputs: &'a BTreeMap<NodeId, PathBuf>,
    /// Threads of each decoder and encoder of video. The bytes that come out depend on it. 0 is as many as there are cores, for a decoder that feeds encoders a part of them.
    pub threads: u32,
    /// Where the segments go.
    pub places: &'a dyn Places,
    /// What is measured.
    pub measuring: Measuring,
}

/// How a run that is measured differs from others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measuring {
    /// Encoders take their frames and make nothing, and nothing is written: what is left is the way to them.
    pub null_encoders: bool,
    /// How long each frame took is told in full, and not only by its median.
    pub histograms: bool,
}

/// Hands out places for outputs.
pub trait Places: Sync {
    /// A path that is free to be written. Failures carry stage `Mux`.
    fn reserve(&self, uri: &ObjectUri) -> Result<PathBuf, Failure>;
}

/// What a mux node wrote, and what has to be found when it is read back.
#[derive(Debug)]
pub struct Written {
    /// What was written, and what went in, one for each stream. One entry, or one for each stream that has its own segments.
    pub parts: Vec<(MuxReport, Vec<Expectation>)>,
    /// The objects beside the output itself: its segments.
    pub files: Vec<ObjectUri>,
    /// Of a node that writes a subtitle file.
    pub subtitles: Option<SubtitleReport>,
}

/// What a run made.
#[derive(Debug)]
pub struct Finished {
    /// For each mux node.
    pub written: BTreeMap<NodeId, Written>,
    /// What the plan could not know.
    pub warnings: Vec<Warning>,
    /// What filters said after they had been opened; `field` is a path within their parameters.
    pub of_filters: Vec<(NodeId, Warning)>,
    /// What the run used. Peak memory is not known here.
    pub usage: TaskUsage,
}

/// What all stages of a run share.
pub(super) struct Shared<'a> {
    pub(super) plan: &'a Plan,
    pub(super) progress: &'a Progress,
    pub(super) interrupt: &'a Interrupt,
    pub(super) places: &'a dyn Places,
    pub(super) threads: u32,
    pub(super) measuring: Measuring,
    pub(super) damage: Damage,
    pub(super) timeline: Timeline,
    told: Told,
    warnings: Mutex<Vec<(NodeId, Warning)>>,
    written: Mutex<BTreeMap<NodeId, Written>>,
    /// CPU seconds of the threads that have ended.
    cpu: Mutex<BTreeMap<NodeId, f64>>,
    guests: Mutex<BTreeMap<NodeId, (PluginId, FilterUsage)>>,
    failure: Mutex<Option<Failure>>,
}

/// Runs the plan to its end. When a stage fails, all others stop, and the first failure is returned.
pub fn run(plan: &Plan, inputs: Inputs<'_>, progress: &Progress, interrupt: &Interrupt) -> Result<Finished, Failure> {
    let slowest = plan.nodes().iter().filter_map(|node| match node.operation {
        Operation::Speed { speed } => Some(speed.as_f64()),
        _ => None,
    });
    let length = plan.length_ns().unwrap_or(0).max(0) as f64;
    progress.begin((length / slowest.fold(1.0, f64::min)) as u64);
    let (places, threads, measuring) = (inputs.places, inputs.threads, inputs.measuring);
    let mut told = Told::default();
    let (begun, cpu_before) = (Instant::now(), process_cpu_seconds());
    let mut meters = BTreeMap::new();
    let work = connect(plan, inputs, &mut told, &mut meters)?;
    let shared = Shared {
        plan,
        progress,
        interrupt,
        places,
        threads,
        measuring,
        timeline: Timeline::new(plan),
        told,
        damage: Damage::default(),
        warnings: Mutex::default(),
        written: Mutex::default(),
        cpu: Mutex::default(),
        guests: Mutex::default(),
        failure: Mutex::default(),
    };
    thread::scope(|scope| {
        for (node, work) in work {
            let name = format!("{}-{}", stages::name(&node.operation), node.id.0);
            let shared = &shared;
            let stage = move || {
                let ended = catch_unwind(AssertUnwindSafe(|| stages::run(node, work, shared)));
                shared.cpu.lock().unwrap_or_else(PoisonError::into_inner).insert(node.id, thread_cpu_seconds());
                shared.note(node.id, ended.unwrap_or_else(|panic| Err(Stop::Failed(panicked(&*panic)))));
            };
            if let Err(error) = thread::Builder::new().name(name).spawn_scoped(scope, stage) {
                let message = format!("no thread could be started: {error}");
                shared.note(node.id, Err(Stop::Failed(Failure::new(ErrorCode::Internal, Stage::Plan, message))));
                // The threads that run end by themselves: the channels of the missing one are gone.
                break;
            }
        }
    });
    let usage = TaskUsage {
        seconds: begun.elapsed().as_secs_f64(),
        cpu_seconds: process_cpu_seconds() - cpu_before,
        peak_memory_bytes: None,
        stages: shared.usage(&meters),
    };
    let Shared { damage, written, failure, told, warnings: of_filters, .. } = shared;
    if let Some(failure) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(failure);
    }
    let mut warnings = damage.judge(plan)?;
    warnings.extend(chapters_dropped(plan, &told));
    Ok(Finished {
        written: written.into_inner().unwrap_or_else(PoisonError::into_inner),
        warnings,
        of_filters: of_filters.into_inner().unwrap_or_else(PoisonError::into_inner),
        usage,
    })
}

impl Shared<'_> {
    /// What a filter said at its end.
    pub(super) fn warned(&self, node: NodeId, warnings: Vec<Warning>) {
        let mut all = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(warnings.into_iter().map(|warning| (node, warning)));
    }

    /// What the guest of a filter used.
    pub(super) fn guest(&self, node: NodeId, plugin: PluginId, usage: FilterUsage) {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner).insert(node, (plugin, usage));
    }

    /// What each stage used, in the order of the plan.
    fn usage(&self, meters: &BTreeMap<NodeId, Arc<Meter>>) -> Vec<StageUsage> {
        let cpu = self.cpu.lock().unwrap_or_else(PoisonError::into_inner);
        let guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |node: &Node| {
            let meter = meters.get(&node.id)?;
            let guest = guests.get(&node.id);
            let (input_wait_seconds, output_wait_seconds) = meter.waits();
            Some(StageUsage {
                node: node.id.0,
                stage: stages::name(&node.operation).to_owned(),
                plugin: guest.map(|(plugin, _)| plugin.clone()),
                targets: self.plan.targets_of(node.id),
                items: meter.items(),
                passed: meter.passed(),
                cpu_seconds: cpu.get(&node.id).copied().unwrap_or_default(),
                input_wait_seconds,
                output_wait_seconds,
                per_item: meter.per_item(self.measuring.histograms),
                guest: guest.map(|(_, usage)| (*usage).into()),
            })
        };
        self.plan.nodes().iter().filter_map(of).collect()
    }

    /// Fails once the run is cancelled. Stages that take long for an item ask before each.
    pub(super) fn check_interrupt(&self) -> Result<(), Failure> {
        if self.interrupt.is_triggered() {
            return Err(Failure::canceled(Stage::Encode));
        }
        Ok(())
    }

    /// Titles, chapters and dispositions of a source.
    pub(super) fn tags_of(&self, source: usize) -> SourceTags {
        self.told.tags.get(&source).cloned().unwrap_or_default()
    }

    /// Threads of a decoder of video; 0 is as many as there are cores.
    pub(super) fn decoder_threads(&self, node: NodeId) -> u32 {
        // Nothing is encoded that could be waited for.
        if self.measuring.null_encoders { self.threads } else { threads::of_decoder(self.plan, node, self.threads) }
    }

    /// The same of the source of alignment. Where sources follow each other its chapters would not fit.
    pub(super) fn tags(&self) -> SourceTags {
        let mut tags = self.tags_of(self.plan.alignment());
        if self.plan.sequence().len() > 1 {
            tags.chapters.clear();
        }
        tags
    }

    /// Nanoseconds by which copied pictures of a source begin before the part that is used; 0 where all of it is used.
    pub(super) fn lead_of(&self, source: usize) -> i64 {
        self.told.leads.get(&source).copied().unwrap_or(0)
    }

    /// Keeps what a mux node wrote.
    pub(super) fn keep(&self, node: NodeId, written: Written) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(node, written);
    }

    /// Keeps the first failure. A stage that stopped because its neighbour did has nothing to say.
    fn note(&self, node: NodeId, ended: Result<(), Stop>) {
        let Err(Stop::Failed(failure)) = ended else { return };
        let targets = self.plan.targets_of(node);
        let failure = match targets.as_slice() {
            [only] => failure.of_target(*only),
            _ => failure,
        };
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
        drop(first);
        self.timeline.end();
    }
}

/// Makes an inbox and a meter for each node and hands every node its work.
fn connect<'a>(
    plan: &'a Plan,
    inputs: Inputs<'_>,
    told: &mut Told,
    meters: &mut BTreeMap<NodeId, Arc<Meter>>,
) -> Result<Vec<(&'a Node, Work)>, Failure> {
    let mut inboxes: BTreeMap<NodeId, Inbox<Item>> = BTreeMap::new();
    let mut outlets: BTreeMap<NodeId, Vec<Sender<Item>>> = BTreeMap::new();
    for node in plan.nodes() {
        let items = match node.operation {
            Operation::Concat(_)
            | Operation::Speed { .. }
            | Operation::Transform(_)
            | Operation::Filter(_)
            | Operation::EncodeVideo { .. } => EDGE_FRAMES,
            _ => EDGE_PACKETS,
        };
        let meter = Arc::new(match node.operation {
            Operation::DecodeVideo { .. }
            | Operation::Transform(_)
            | Operation::Filter(_)
            | Operation::EncodeVideo { .. } => Meter::of_frames(),
            _ => Meter::of_packets(),
        });
        let bounds = Bounds { items, bytes: EDGE_BYTES };
        let (senders, receiver) = inbox(node.inputs.len(), bounds, Arc::clone(&meter));
        meters.insert(node.id, meter);
        for (from, sender) in node.inputs.iter().zip(senders) {
            outlets.entry(*from).or_default().push(sender);
        }
        inboxes.insert(node.id, receiver);
    }
    let mut sources: Vec<_> = inputs.sources.into_iter().map(Some).collect();
    let mut filters = inputs.filters;
    let mut work = Vec::new();
    for node in plan.nodes() {
        let missing =
            |what: &str| Failure::new(ErrorCode::Internal, Stage::Plan, format!("node {} has no {what}", node.id.0));
        let inbox = inboxes.remove(&node.id).ok_or_else(|| missing("inbox"))?;
        let meter = meters.get(&node.id).cloned().ok_or_else(|| missing("meter"))?;
        let outlet = Outlet::new(outlets.remove(&node.id).unwrap_or_default(), meter);
        let source = match node.operation {
            Operation::Demux { source, clip, .. } => {
                let demuxer = sources.get_mut(source).and_then(Option::take).ok_or_else(|| missing("source"))?;
                Some(sources::ready(plan, node, source, clip, demuxer, told)?)
            }
            _ => None,
        };
        let filter = match node.operation {
            Operation::Filter(_) => Some(filters.remove(&node.id).ok_or_else(|| missing("filter"))?),
            _ => None,
        };
        let path = match node.operation {
            Operation::Mux { .. } | Operation::WriteSubtitle { .. } => {
                Some(inputs.outputs.get(&node.id).cloned().ok_or_else(|| missing("output"))?)
            }
            _ => None,
        };
        work.push((node, Work { inbox, outlet, source, filter, path }));
    }
    Ok(work)
}

/// Chapters of sources that follow each other are not put together.
fn chapters_dropped(plan: &Plan, told: &Told) -> Option<Warning> {
    let has_chapters = told.tags.values().any(|tags| !tags.chapters.is_empty());
    (plan.sequence().len() > 1 && has_chapters).then(|| Warning {
        code: "ChaptersDropped".into(),
        field: "Sources".into(),
        target: None,
        message: "chapters are left out, because several sources follow each other".into(),
    })
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Failure::new(ErrorCode::Internal, Stage::Plan, format!("a stage panicked, which is a bug of wasmux: {text}"))
}
