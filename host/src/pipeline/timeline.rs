//! How sources wait for each other: those that follow each other take turns, and those that are read side by side keep in step.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::stages::Stop;
use crate::media::Interrupt;
use crate::plan::{NodeId, Operation, Plan};
use crate::task::{Failure, Stage};

/// How far one source may be ahead of the others that are read side by side with it, in nanoseconds: more would only fill memory, and
/// outputs are interleaved by it.
const AHEAD: i64 = 1_000_000_000;
/// How long a stage sleeps at most before it looks whether the run has ended.
const NAP: Duration = Duration::from_millis(50);

/// Who is where. One for each run.
#[derive(Debug)]
pub(super) struct Timeline {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug)]
struct State {
    /// Of each source that follows or is followed by another: how many streams have not ended, and where the longest ends.
    turns: BTreeMap<usize, Turn>,
    /// How far those are that are read side by side, in nanoseconds of the output; the sequence is one of them.
    lanes: BTreeMap<Lane, i64>,
    /// The run has failed.
    over: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Turn {
    open: usize,
    end_ns: i64,
}

/// What is read side by side with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// The sources that follow each other.
    Sequence,
    /// An attached source, by its index.
    Attached(usize),
}

impl Timeline {
    pub(super) fn new(plan: &Plan) -> Self {
        let (mut turns, mut lanes) = (BTreeMap::new(), BTreeMap::new());
        for node in plan.nodes() {
            match &node.operation {
                Operation::Demux { source, .. } => {
                    lanes.insert(lane(plan, *source), 0);
                }
                Operation::Concat(_) if node.inputs.len() > 1 => {
                    for source in node.inputs.iter().filter_map(|input| plan.source_of(*input)) {
                        turns.entry(source).or_insert_with(Turn::default).open += 1;
                    }
                }
                _ => {}
            }
        }
        Self { state: Mutex::new(State { turns, lanes, over: false }), moved: Condvar::new() }
    }

    /// Waits until the source before this one has ended everywhere.
    pub(super) fn wait_for_turn(&self, plan: &Plan, source: usize, interrupt: &Interrupt) -> Result<(), Stop> {
        let place = plan.sequence().iter().position(|other| *other == source);
        let before = place.and_then(|place| plan.sequence().get(place.checked_sub(1)?));
        let Some(before) = before else { return Ok(()) };
        self.wait(interrupt, |state| state.turns.get(before).is_none_or(|turn| turn.open == 0))
    }

    /// A stream of a source has ended there, in nanoseconds from the start of the source's part.
    pub(super) fn ended(&self, source: usize, end_ns: i64) {
        let mut state = self.lock();
        if let Some(turn) = state.turns.get_mut(&source) {
            turn.open = turn.open.saturating_sub(1);
            turn.end_ns = turn.end_ns.max(end_ns);
        }
        drop(state);
        self.moved.notify_all();
    }

    /// How long a source is, in nanoseconds; known once it has ended everywhere.
    pub(super) fn length_ns(&self, source: usize) -> i64 {
        self.lock().turns.get(&source).map_or(0, |turn| turn.end_ns)
    }

    /// Where a source of the sequence begins by what those before it were, in nanoseconds.
    pub(super) fn start_ns(&self, plan: &Plan, source: usize) -> i64 {
        let before = plan.sequence().iter().take_while(|other| **other != source);
        before.map(|other| self.length_ns(*other)).fold(0, i64::saturating_add)
    }

    /// Tells how far a lane is, and waits while it is too far ahead of the others.
    pub(super) fn advance(&self, lane: Lane, time_ns: i64, interrupt: &Interrupt) -> Result<(), Stop> {
        let mut state = self.lock();
        if state.lanes.len() < 2 {
            return Ok(());
        }
        if let Some(time) = state.lanes.get_mut(&lane) {
            *time = time_ns.max(*time);
        }
        drop(state);
        self.moved.notify_all();
        self.keep_step(lane, time_ns, interrupt)
    }

    /// Waits while all other lanes are far behind this time.
    pub(super) fn keep_step(&self, lane: Lane, time_ns: i64, interrupt: &Interrupt) -> Result<(), Stop> {
        let far_ahead = |state: &State| {
            let others = state.lanes.iter().filter(|(other, _)| **other != lane);
            others.map(|(_, time)| *time).min().is_some_and(|slowest| time_ns.saturating_sub(slowest) > AHEAD)
        };
        self.wait(interrupt, |state| !far_ahead(state))
    }

    /// A lane has come to its end.
    pub(super) fn leave(&self, lane: Lane) {
        self.lock().lanes.remove(&lane);
        self.moved.notify_all();
    }

    /// The run has failed: nobody waits any more.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.moved.notify_all();
    }

    fn wait(&self, interrupt: &Interrupt, holds: impl Fn(&State) -> bool) -> Result<(), Stop> {
        let mut state = self.lock();
        while !holds(&state) {
            if interrupt.is_triggered() {
                return Err(Failure::canceled(Stage::Demux).into());
            }
            if state.over {
                return Err(Stop::Severed);
            }
            state = self.moved.wait_timeout(state, NAP).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is valid at every point at which a panic could poison it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lane of a source.
pub(super) fn lane(plan: &Plan, source: usize) -> Lane {
    if plan.sequence().contains(&source) { Lane::Sequence } else { Lane::Attached(source) }
}

/// The lane of the source that a node reads, of several the first.
pub(super) fn lane_of(plan: &Plan, node: NodeId) -> Lane {
    plan.source_of(node).map_or(Lane::Sequence, |source| lane(plan, source))
}
