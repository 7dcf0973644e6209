//! What goes into the queue and what comes out of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::task::{
    CommitDirection, CommitEntry, Failure, TaskId, TaskOutput, TaskProgress, TaskSpec, TaskState, TaskUsage, Timestamp,
    Warning,
};

/// A task to take in.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// Its id, made by who submits.
    pub id: TaskId,
    /// What it asks for.
    pub spec: TaskSpec,
    /// The wire's JSON, to be shown again.
    pub request: String,
    /// When it arrived.
    pub created: Timestamp,
    /// Id of the request that submits it, the vendor's `EventId`.
    pub event_id: String,
    /// Whether its project is made where there is none of that name.
    pub makes_project: bool,
    /// Makes it one task, however often it is submitted.
    pub once: Option<Once>,
}

/// What a submission is known by when it is sent again, because its answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Chosen by who submits; each project has its own.
    pub key: String,
    /// Of the request: the same key with another request is a mistake.
    pub digest: String,
}

/// Answer of [`Queue::submit`](super::Queue::submit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submitted {
    /// The task is in the queue.
    New,
    /// The same was submitted before, as this task; nothing was changed.
    Before(TaskId),
    /// The key was used before for another request, which is this task; nothing was changed.
    KeyInUse(TaskId),
}

/// What the queue knows of a task, without its plan, request and history.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskRecord {
    /// Its id.
    pub id: TaskId,
    /// Name of its project.
    pub project: String,
    /// Where it is.
    pub state: TaskState,
    /// Number of the newest attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// How often it was handed back and counted.
    pub retries: u32,
    /// Those of a higher one go first among the waiting tasks of a project.
    pub priority: i32,
    /// When it was submitted.
    pub created: Timestamp,
    /// When its first attempt began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How far it has come. Of a task that succeeded: 100.
    pub progress: TaskProgress,
    /// Of a task that commits or has succeeded.
    pub outputs: Vec<TaskOutput>,
    /// Of intake, plan and run, in this order, each once.
    pub warnings: Vec<Warning>,
    /// Why it failed. While a commit is turned back it is there already.
    pub failure: Option<Failure>,
    /// Whether a cancel was asked for.
    pub cancel_requested: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Echoed.
    pub user_data: Option<String>,
    /// Id of the request that submitted it; empty for tasks of older versions.
    pub event_id: String,
}

/// The right to run a task, until it lapses.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The task.
    pub id: TaskId,
    /// Number of this attempt, from 1. Names its staging folder.
    pub attempt: u32,
    /// Rises with every lease of the task: an older one is lost.
    pub fence: u64,
    /// What the task asks for.
    pub spec: TaskSpec,
    /// When it was submitted.
    pub created: Timestamp,
}

/// The right to end a commit that somebody else began.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitLease {
    /// The right.
    pub lease: Lease,
    /// Which way it is going.
    pub direction: CommitDirection,
    /// What is to be moved.
    pub journal: Vec<CommitEntry>,
}

/// Answer of [`Queue::renew`](super::Queue::renew).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// Go on.
    Held,
    /// A cancel was asked for: stop.
    CancelRequested,
}

/// What a worker has made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Made {
    /// The outputs.
    pub outputs: Vec<TaskOutput>,
    /// What the plan could not know.
    pub warnings: Vec<Warning>,
    /// What it took.
    pub usage: TaskUsage,
}

/// Answer of [`Queue::begin_commit`](super::Queue::begin_commit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// The journal is written: move the outputs.
    Begun,
    /// A cancel came first: nothing was changed.
    Canceled,
}

/// Answer of [`Queue::hand_back`](super::Queue::hand_back).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// It is queued again.
    Queued,
    /// It has failed: its retries are used up, or a cancel was asked for.
    Failed,
}

/// Answer of [`Queue::cancel`](super::Queue::cancel).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelAnswer {
    /// It was queued, and has failed as cancelled now.
    Canceled,
    /// It runs, and will be stopped.
    Requested,
    /// Its outputs are being moved in place: too late.
    Committing,
    /// It has ended before, in this state.
    Ended(TaskState),
    /// There is no such task.
    Unknown,
}

/// Answer of [`Queue::delete`](super::Queue::delete).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteAnswer {
    /// The record is gone.
    Deleted,
    /// It has not ended, but is in this state: nothing was changed.
    Live(TaskState),
    /// There is no such task.
    Unknown,
}

/// One row of a task's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// What: `Submitted`, `Leased`, `Planned`, `CommitBegun`, `CommitTurnedBack`, `Succeeded`, `Failed`, `HandedBack`, `CancelRequested`, `CommitAdopted`,
    /// `Notified`, `NotificationGivenUp`, `Log` (a line of a plugin).
    pub event: String,
    /// Number of the attempt; 0 where there is none.
    pub attempt: u32,
    /// A sentence, where there is more to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// Id, which is the order of submission.
    #[default]
    TaskId,
    /// When it was submitted, the vendor's `StartTime`.
    StartTime,
    /// When it ended; tasks that have not ended come last in ascending and first in descending order.
    EndTime,
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Lowest first.
    Ascending,
    /// Highest first.
    #[default]
    Descending,
}

/// Which tasks are listed. What is empty or `None` does not narrow the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskFilter {
    /// Only of one of these projects.
    pub projects: Vec<String>,
    /// Only in one of these states.
    pub states: Vec<TaskState>,
    /// Only those that have all these tags with these values.
    pub tags: Vec<(String, String)>,
    /// Submitted at or after the first and before the second.
    pub created: (Option<Timestamp>, Option<Timestamp>),
    /// Ended at or after the first and before the second.
    pub ended: (Option<Timestamp>, Option<Timestamp>),
}

/// A page of tasks to be listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListQuery {
    /// Which tasks.
    pub filter: TaskFilter,
    /// By what they are sorted.
    pub sort: SortBy,
    /// Which way.
    pub order: Order,
    /// At most so many, from 1.
    pub limit: u32,
    /// [`Page::next`] of the page before, with the same filter, sort and order.
    pub after: Option<String>,
}

/// A page of a list. A task that exists throughout is on exactly one page, whatever is submitted between two pages.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The tasks.
    pub tasks: Vec<TaskRecord>,
    /// For the next page; `None` on the last one.
    pub next: Option<String>,
}

/// What can go wrong with the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Somebody else holds the task now, or it has ended: stop, and change nothing.
    #[error("the lease of {id}, attempt {attempt}, is lost")]
    LeaseLost {
        /// The task.
        id: TaskId,
        /// The attempt.
        attempt: u32,
    },
    /// A task of this id exists already.
    #[error("{0} exists already")]
    Exists(TaskId),
    /// There is no project of this name.
    #[error("there is no project {0}")]
    NoProject(String),
    /// [`ListQuery::after`] does not come from a page of this list.
    #[error("the token of the next page does not belong to this list")]
    BadToken,
    /// The database refused, or holds what this version cannot read.
    #[error("the task database: {0}")]
    Database(String),
}
