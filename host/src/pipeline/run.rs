//! Starts a thread for each node, waits for all, and tells the first failure.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use super::channel::{Bounds, Inbox, Sender, inbox};
use super::damage::Damage;
use super::stages::{self, Item, Outlet, Stop, Work};
use super::{OpenFilter, Progress};
use crate::media::{Demuxer, Expectation, Interrupt, MuxReport, SourceTags, SubtitleReport};
use crate::plan::{Node, NodeId, Operation, Plan};
use crate::task::{ErrorCode, Failure, ObjectUri, Stage, Warning};

/// Bytes that wait between two stages at most: about eight frames of 4K.
const EDGE_BYTES: usize = 100 << 20;
/// Frames that wait between two stages: enough to even out stages that take turns, few enough to stay in the cache.
const EDGE_FRAMES: usize = 4;
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
    /// Threads of each decoder and encoder of video; 0 is as many as there are cores. The bytes that come out depend on it.
    pub threads: u32,
    /// Where the segments go.
    pub places: &'a dyn Places,
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
}

/// What all stages of a run share.
pub(super) struct Shared<'a> {
    pub(super) plan: &'a Plan,
    pub(super) progress: &'a Progress,
    pub(super) interrupt: &'a Interrupt,
    pub(super) places: &'a dyn Places,
    pub(super) threads: u32,
    pub(super) damage: Damage,
    /// Title, chapters and the like of the source. The demuxer tells them before its first packet.
    tags: OnceLock<SourceTags>,
    lead: OnceLock<i64>,
    written: Mutex<BTreeMap<NodeId, Written>>,
    failure: Mutex<Option<Failure>>,
}

/// Runs the plan to its end. When a stage fails, all others stop, and the first failure is returned.
pub fn run(plan: &Plan, inputs: Inputs<'_>, progress: &Progress, interrupt: &Interrupt) -> Result<Finished, Failure> {
    let whole = plan.sources().iter().filter_map(|source| source.facts.duration).fold(0.0, f64::max);
    let clip = plan.nodes().iter().find_map(|node| plan.clip_of(node.id));
    let duration = clip.map_or(whole, |clip| clip.of((whole * 1e9) as i64) as f64 / 1e9);
    let slowest = plan.nodes().iter().filter_map(|node| match node.operation {
        Operation::Speed { speed } => Some(speed.as_f64()),
        _ => None,
    });
    progress.begin((duration * 1e9 / slowest.fold(1.0, f64::min)) as u64);
    let shared = Shared {
        plan,
        progress,
        interrupt,
        places: inputs.places,
        threads: inputs.threads,
        damage: Damage::default(),
        tags: OnceLock::new(),
        lead: OnceLock::new(),
        written: Mutex::default(),
        failure: Mutex::default(),
    };
    let work = connect(plan, inputs)?;
    thread::scope(|scope| {
        for (node, work) in work {
            let name = format!("{}-{}", stages::name(&node.operation), node.id.0);
            let shared = &shared;
            let stage = move || {
                let ended = catch_unwind(AssertUnwindSafe(|| stages::run(node, work, shared)));
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
    let Shared { damage, written, failure, .. } = shared;
    if let Some(failure) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(failure);
    }
    let warnings = damage.judge(plan)?;
    Ok(Finished { written: written.into_inner().unwrap_or_else(PoisonError::into_inner), warnings })
}

impl Shared<'_> {
    /// Fails once the run is cancelled. Stages that take long for an item ask before each.
    pub(super) fn check_interrupt(&self) -> Result<(), Failure> {
        if self.interrupt.is_triggered() {
            return Err(Failure::canceled(Stage::Encode));
        }
        Ok(())
    }

    /// Keeps the tags of the first source that tells.
    pub(super) fn note_tags(&self, tags: SourceTags) {
        let _ = self.tags.set(tags);
    }

    /// The tags of the source; empty before its first packet.
    pub(super) fn tags(&self) -> SourceTags {
        self.tags.get().cloned().unwrap_or_default()
    }

    /// Keeps how long before the start of the part that is used the copied pictures begin, in nanoseconds.
    pub(super) fn note_lead(&self, ns: i64) {
        let _ = self.lead.set(ns);
    }

    /// The same; known once a packet has come. 0 where the whole source is used.
    pub(super) fn lead(&self) -> i64 {
        self.lead.get().copied().unwrap_or(0)
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
    }
}

/// Makes an inbox for each node and hands every node its work.
fn connect<'a>(plan: &'a Plan, inputs: Inputs<'_>) -> Result<Vec<(&'a Node, Work)>, Failure> {
    let mut inboxes: BTreeMap<NodeId, Inbox<Item>> = BTreeMap::new();
    let mut outlets: BTreeMap<NodeId, Vec<Sender<Item>>> = BTreeMap::new();
    for node in plan.nodes() {
        let items = match node.operation {
            Operation::Speed { .. }
            | Operation::Transform(_)
            | Operation::Filter(_)
            | Operation::EncodeVideo { .. } => EDGE_FRAMES,
            _ => EDGE_PACKETS,
        };
        let (senders, receiver) = inbox(node.inputs.len(), Bounds { items, bytes: EDGE_BYTES });
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
        let outlet = Outlet::new(outlets.remove(&node.id).unwrap_or_default());
        let source = match node.operation {
            Operation::Demux { source, .. } => {
                Some(sources.get_mut(source).and_then(Option::take).ok_or_else(|| missing("source"))?)
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

fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Failure::new(ErrorCode::Internal, Stage::Plan, format!("a stage panicked, which is a bug of wasmux: {text}"))
}
