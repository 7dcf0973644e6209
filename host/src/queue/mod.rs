//! Room `queue`: durable tasks.
//!
//! It owns: the database, states and their transitions, leases, retries, progress, cancel, the journal of commits, events, projects with their templates, the
//! messages that are to be sent. It
//! promises: a transition is one transaction, with a row in the task's history; what was answered is on the disk; a lease is
//! fenced, so that who lost it changes nothing any more; a task is leased by one holder at a time, however many processes
//! share the queue. It refuses: clocks (moments are handed to it), processes, buckets, media.

mod outbox;
mod project;
mod record;
mod sqlite;
mod template;

pub use outbox::{Notice, NoticeRecord, Outbox, Silent, Tried};
pub use project::{DeletedProject, Project, ProjectPage, ProjectQuery, Projects, PutMode, PutProject};
pub use record::{
    CancelAnswer, CommitLease, Committed, DeleteAnswer, Event, Lease, ListQuery, Made, NewTask, Once, Order, Page,
    QueueError, Renewed, Retried, SortBy, Submitted, TaskFilter, TaskRecord,
};
pub use sqlite::SqliteQueue;
pub use template::{MAX_TEMPLATES, PutTemplate, Template, Templates};

use schemars::JsonSchema;
use serde::Serialize;

use crate::task::{CommitEntry, Failure, PluginId, PluginRef, TaskId, TaskProgress, TaskUsage, Timestamp, Warning};

/// How often a task is run again after its worker was killed or its lease lapsed.
pub const MAX_RETRIES: u32 = 3;

/// A queue of tasks. [`SqliteQueue`] is the embedded one.
///
/// Methods that take a [`Lease`] fail with [`QueueError::LeaseLost`] and change nothing when it is no longer the task's newest.
pub trait Queue: Send + Sync {
    /// Takes a task in, as `Queued`, unless it was before. Once this returns, the task survives a crash. [`QueueError::NoProject`] where its project is
    /// unknown and is not to be made.
    fn submit(&self, task: &NewTask) -> Result<Submitted, QueueError>;

    /// What a submission of this project with this key would find; `None`: nobody has used it, or the record of its task is gone.
    fn submitted(&self, project: &str, once: &Once) -> Result<Option<Submitted>, QueueError>;

    /// One task.
    fn get(&self, id: TaskId) -> Result<Option<TaskRecord>, QueueError>;

    /// The wire's JSON of the task, as it was submitted.
    fn request(&self, id: TaskId) -> Result<Option<String>, QueueError>;

    /// The plugins that the task runs, as it was submitted; none for an unknown one.
    fn plugins(&self, id: TaskId) -> Result<Vec<PluginRef>, QueueError>;

    /// Tasks that have not ended and may run this very component, at most so many.
    fn using(&self, plugin: &PluginId, limit: u32) -> Result<Vec<TaskId>, QueueError>;

    /// The plan as JSON; `Some(None)` while there is none yet.
    fn plan(&self, id: TaskId) -> Result<Option<Option<String>>, QueueError>;

    /// What the worker of a task used that has been committed; `None` where nothing is known.
    fn usage(&self, id: TaskId) -> Result<Option<TaskUsage>, QueueError>;

    /// The history of a task, oldest first; empty for an unknown one.
    fn events(&self, id: TaskId) -> Result<Vec<Event>, QueueError>;

    /// The same but for as many as are known already: what was there before never changes.
    fn events_after(&self, id: TaskId, known: usize) -> Result<Vec<Event>, QueueError>;

    /// What is known of the messages of a task; empty for an unknown one.
    fn notices(&self, id: TaskId) -> Result<Vec<NoticeRecord>, QueueError>;

    /// A page of tasks.
    fn list(&self, query: &ListQuery) -> Result<Page, QueueError>;

    /// How many tasks wait, run and commit.
    fn depth(&self) -> Result<Depth, QueueError>;

    /// Leases a task: `Queued` becomes `Running`, with a new attempt and a new fence. The turn has the project of which the fewest tasks run, of
    /// several the one that had none leased for longest. Of its tasks it is the one of the highest priority, of several the oldest.
    fn lease(&self, owner: &str, now: Timestamp, until: Timestamp) -> Result<Option<Lease>, QueueError>;

    /// Keeps a lease and tells the progress. Not durable at once: a crash may lose the newest progress, nothing else.
    fn renew(&self, lease: &Lease, until: Timestamp, progress: &TaskProgress) -> Result<Renewed, QueueError>;

    /// Keeps a lease and changes nothing else, whether the task runs or commits. Like [`Queue::renew`] not durable at once.
    fn keep(&self, lease: &Lease, until: Timestamp) -> Result<(), QueueError>;

    /// Keeps the plan of the running attempt, and its warnings.
    fn planned(&self, lease: &Lease, now: Timestamp, plan: &str, warnings: &[Warning]) -> Result<(), QueueError>;

    /// Keeps lines that plugins of the running attempt have logged, as events `Log`. Like [`Queue::renew`] not durable at once.
    fn log(&self, lease: &Lease, lines: &[(Timestamp, String)]) -> Result<(), QueueError>;

    /// Writes the journal and what was made: `Running` becomes `Committing`, and from here on a cancel is refused. When a cancel came
    /// first, nothing is changed, and [`Committed::Canceled`] is answered.
    fn begin_commit(
        &self,
        lease: &Lease,
        now: Timestamp,
        journal: &[CommitEntry],
        made: &Made,
    ) -> Result<Committed, QueueError>;

    /// Turns a commit round: what was moved is taken back, and the task will fail with this.
    fn turn_back(&self, lease: &Lease, now: Timestamp, failure: &Failure) -> Result<(), QueueError>;

    /// Ends a commit: `Succeeded` when it went forward, `Failed` with the kept failure when it was turned back. The journal is
    /// dropped, and so are the outputs of a failed one.
    fn end_commit(&self, lease: &Lease, now: Timestamp) -> Result<(), QueueError>;

    /// Ends a `Running` task with this failure.
    fn fail(&self, lease: &Lease, now: Timestamp, failure: &Failure) -> Result<(), QueueError>;

    /// Hands a `Running` task back: it is `Queued` again in its old place. `counts` says whether it is one of its [`MAX_RETRIES`]; when they are used up the
    /// task fails with `WorkerLost` and this reason. A task whose cancel was asked for fails as cancelled instead.
    fn hand_back(&self, lease: &Lease, now: Timestamp, reason: &str, counts: bool) -> Result<Retried, QueueError>;

    /// Hands back, counted, all `Running` tasks whose lease has lapsed by now, and, whatever their lease says, those of `owner`, if given: an owner that just started runs
    /// nothing yet. Returns how many.
    fn lapse(&self, now: Timestamp, owner: Option<&str>) -> Result<usize, QueueError>;

    /// Leases a `Committing` task whose lease has lapsed by now, or any that belongs to `previous`, with the same attempt and a new fence.
    fn adopt(
        &self,
        owner: &str,
        previous: Option<&str>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<CommitLease>, QueueError>;

    /// Asks for the end of a task. A `Queued` one has failed as cancelled when this returns; a `Running` one is marked, and its holder learns it by
    /// [`Queue::renew`].
    fn cancel(&self, id: TaskId, now: Timestamp) -> Result<CancelAnswer, QueueError>;

    /// Removes the record of a task that has ended.
    fn delete(&self, id: TaskId) -> Result<DeleteAnswer, QueueError>;

    /// Removes records of tasks that ended before this and whose messages are not due any more, at most so many; returns how many.
    fn prune(&self, before: Timestamp, most: u32) -> Result<usize, QueueError>;

    /// Whether this attempt of this task may still have staged files: it runs or commits.
    fn is_live(&self, id: TaskId, attempt: u32) -> Result<bool, QueueError>;
}

/// How many tasks there are in the states that change, and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Depth {
    /// In state `Queued`.
    pub queued: u64,
    /// In state `Running`.
    pub running: u64,
    /// In state `Committing`.
    pub committing: u64,
    /// Messages of tasks that have ended which nobody has taken yet.
    pub messages: u64,
}
