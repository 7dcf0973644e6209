//! The embedded queue: one SQLite file, which several processes may share.
//!
//! All writes of a process go through one thread ([`writer`]), so that those that wait together cost one fsync. Reads have
//! connections of their own and wait for nobody (WAL). What must not happen twice is decided inside of a transaction that
//! holds the file's write lock, never by what this process remembers: another process may have changed it.

mod checkpoint;
mod commits;
mod leases;
mod list;
mod outbox;
mod projects;
mod release;
mod rows;
mod schema;
mod templates;
mod token;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use self::checkpoint::{Checkpoints, Full};
use self::rows::Hold;
use self::writer::{Durability, Writer};
use super::{
    CancelAnswer, CommitLease, Committed, DeleteAnswer, Depth, Event, Lease, ListQuery, Made, NewTask, NoticeRecord,
    Once, Page, Queue, QueueError, Renewed, Retried, Submitted, TaskRecord,
};
use crate::task::{CommitEntry, Failure, PluginId, PluginRef, TaskId, TaskProgress, TaskUsage, Timestamp, Warning};

/// How many connections read at most; each costs file descriptors.
const READERS: usize = 8;

/// The queue in one SQLite file.
pub struct SqliteQueue {
    path: PathBuf,
    writer: Writer,
    _checkpoints: Checkpoints,
    readers: Mutex<Readers>,
    /// A reader has come back.
    returned: Condvar,
}

/// Connections that read.
#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    /// How many there are, those that read now included.
    open: usize,
}

impl SqliteQueue {
    /// Opens the queue in this file, and makes it if there is none. Refuses a file of a newer version of wasmux.
    pub fn open(path: &Path) -> Result<Self, QueueError> {
        let full = Arc::<Full>::default();
        let writer = Writer::start(schema::open(path)?, Arc::clone(&full))?;
        let checkpoints = Checkpoints::start(schema::open(path)?, path, full)?;
        Ok(Self {
            path: path.to_owned(),
            writer,
            _checkpoints: checkpoints,
            readers: Mutex::default(),
            returned: Condvar::new(),
        })
    }

    /// Changes the database, and returns when the change is on the disk.
    fn write<T, F>(&self, change: F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    {
        self.writer.call(Durability::Full, change)
    }

    /// Reads one state of the database, in which all that was answered before is there.
    fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T, QueueError>) -> Result<T, QueueError> {
        let reader = self.reader()?;
        // One transaction, so that a task and its tags are of the same moment.
        let gone = || QueueError::Database("a reader is gone".to_owned());
        let transaction = reader.db.as_ref().ok_or_else(gone)?.unchecked_transaction()?;
        let found = look(&transaction);
        transaction.finish()?;
        found
    }

    /// A reader. When as many as may be are busy, it waits for one.
    fn reader(&self) -> Result<Reader<'_>, QueueError> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        while readers.idle.is_empty() && readers.open >= READERS {
            readers = self.returned.wait(readers).unwrap_or_else(PoisonError::into_inner);
        }
        let db = match readers.idle.pop() {
            Some(db) => db,
            None => {
                let db = schema::open_reader(&self.path)?;
                readers.open += 1;
                db
            }
        };
        Ok(Reader { db: Some(db), queue: self })
    }
}

/// A connection that comes back when this is dropped, even by a panic.
struct Reader<'a> {
    /// There until the drop.
    db: Option<Connection>,
    queue: &'a SqliteQueue,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.queue.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.idle.extend(self.db.take());
        self.queue.returned.notify_one();
    }
}

impl Queue for SqliteQueue {
    fn submit(&self, task: &NewTask) -> Result<Submitted, QueueError> {
        let row = rows::NewRow::of(task)?;
        self.write(move |db| row.insert(db))
    }

    fn submitted(&self, project: &str, once: &Once) -> Result<Option<Submitted>, QueueError> {
        self.read(|db| rows::submitted(db, project, once))
    }

    fn get(&self, id: TaskId) -> Result<Option<TaskRecord>, QueueError> {
        self.read(|db| rows::record(db, &id.to_string()))
    }

    fn request(&self, id: TaskId) -> Result<Option<String>, QueueError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT request FROM bodies WHERE task = ?1")?;
            Ok(statement.query_row([id.to_string()], |row| row.get(0)).optional()?)
        })
    }

    fn plugins(&self, id: TaskId) -> Result<Vec<PluginRef>, QueueError> {
        self.read(|db| rows::plugins(db, &id.to_string()))
    }

    fn using(&self, plugin: &PluginId, limit: u32) -> Result<Vec<TaskId>, QueueError> {
        self.read(|db| rows::using(db, &plugin.digest, limit))
    }

    fn plan(&self, id: TaskId) -> Result<Option<Option<String>>, QueueError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT plan FROM bodies WHERE task = ?1")?;
            Ok(statement.query_row([id.to_string()], |row| row.get(0)).optional()?)
        })
    }

    fn usage(&self, id: TaskId) -> Result<Option<TaskUsage>, QueueError> {
        self.read(|db| rows::usage(db, &id.to_string()))
    }

    fn events(&self, id: TaskId) -> Result<Vec<Event>, QueueError> {
        self.events_after(id, 0)
    }

    fn events_after(&self, id: TaskId, known: usize) -> Result<Vec<Event>, QueueError> {
        self.read(|db| rows::events(db, &id.to_string(), known))
    }

    fn notices(&self, id: TaskId) -> Result<Vec<NoticeRecord>, QueueError> {
        self.read(|db| outbox::notices(db, &id.to_string()))
    }

    fn list(&self, query: &ListQuery) -> Result<Page, QueueError> {
        self.read(|db| list::page(db, query))
    }

    fn depth(&self) -> Result<Depth, QueueError> {
        self.read(|db| {
            let count = |state| -> Result<u64, QueueError> {
                // Each is a walk over the few entries that an index has for a live state.
                let mut statement = db.prepare_cached("SELECT count(*) FROM tasks WHERE state = ?1")?;
                let count: i64 = statement.query_row([state], |row| row.get(0))?;
                Ok(count.unsigned_abs())
            };
            let messages = outbox::count(db)?;
            let (queued, running, committing) = (count("Queued")?, count("Running")?, count("Committing")?);
            Ok(Depth { queued, running, committing, messages })
        })
    }

    fn lease(&self, owner: &str, now: Timestamp, until: Timestamp) -> Result<Option<Lease>, QueueError> {
        let owner = owner.to_owned();
        self.write(move |db| leases::lease(db, &owner, now, until))
    }

    fn renew(&self, lease: &Lease, until: Timestamp, progress: &TaskProgress) -> Result<Renewed, QueueError> {
        let (hold, progress) = (Hold::of(lease), json(progress)?);
        self.writer.call(Durability::Lazy, move |db| leases::renew(db, &hold, until, &progress))
    }

    fn keep(&self, lease: &Lease, until: Timestamp) -> Result<(), QueueError> {
        let hold = Hold::of(lease);
        self.writer.call(Durability::Lazy, move |db| leases::keep(db, &hold, until))
    }

    fn planned(&self, lease: &Lease, now: Timestamp, plan: &str, warnings: &[Warning]) -> Result<(), QueueError> {
        let (hold, plan, warnings) = (Hold::of(lease), plan.to_owned(), json(warnings)?);
        self.write(move |db| leases::planned(db, &hold, now, &plan, &warnings))
    }

    fn log(&self, lease: &Lease, lines: &[(Timestamp, String)]) -> Result<(), QueueError> {
        let (hold, lines) = (Hold::of(lease), lines.to_vec());
        self.writer.call(Durability::Lazy, move |db| leases::log(db, &hold, &lines))
    }

    fn begin_commit(
        &self,
        lease: &Lease,
        now: Timestamp,
        journal: &[CommitEntry],
        made: &Made,
    ) -> Result<Committed, QueueError> {
        let (hold, journal, made) = (Hold::of(lease), json(journal)?, commits::MadeRow::of(made)?);
        self.write(move |db| commits::begin(db, &hold, now, &journal, &made))
    }

    fn turn_back(&self, lease: &Lease, now: Timestamp, failure: &Failure) -> Result<(), QueueError> {
        let (hold, failure) = (Hold::of(lease), failure.clone());
        self.write(move |db| commits::turn_back(db, &hold, now, &failure))
    }

    fn end_commit(&self, lease: &Lease, now: Timestamp) -> Result<(), QueueError> {
        let hold = Hold::of(lease);
        self.write(move |db| commits::end(db, &hold, now))
    }

    fn fail(&self, lease: &Lease, now: Timestamp, failure: &Failure) -> Result<(), QueueError> {
        let (hold, failure) = (Hold::of(lease), failure.clone());
        self.write(move |db| release::fail(db, &hold, now, &failure))
    }

    fn hand_back(&self, lease: &Lease, now: Timestamp, reason: &str, counts: bool) -> Result<Retried, QueueError> {
        let (hold, reason) = (Hold::of(lease), reason.to_owned());
        self.write(move |db| release::hand_back(db, &hold, now, &reason, counts))
    }

    fn lapse(&self, now: Timestamp, owner: Option<&str>) -> Result<usize, QueueError> {
        let owner = owner.map(str::to_owned);
        self.write(move |db| release::lapse(db, now, owner.as_deref()))
    }

    fn adopt(
        &self,
        owner: &str,
        previous: Option<&str>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<CommitLease>, QueueError> {
        let (owner, previous) = (owner.to_owned(), previous.map(str::to_owned));
        self.write(move |db| commits::adopt(db, &owner, previous.as_deref(), now, until))
    }

    fn cancel(&self, id: TaskId, now: Timestamp) -> Result<CancelAnswer, QueueError> {
        self.write(move |db| release::cancel(db, &id.to_string(), now))
    }

    fn delete(&self, id: TaskId) -> Result<DeleteAnswer, QueueError> {
        self.write(move |db| release::delete(db, &id.to_string()))
    }

    fn prune(&self, before: Timestamp, most: u32) -> Result<usize, QueueError> {
        self.write(move |db| release::prune(db, before, most))
    }

    fn is_live(&self, id: TaskId, attempt: u32) -> Result<bool, QueueError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT 1 FROM tasks WHERE id = ?1 AND attempt = ?2 AND state IN ('Running', 'Committing')",
            )?;
            Ok(statement.exists(params![id.to_string(), attempt])?)
        })
    }
}

/// As JSON, in the caller's thread: the writer's time is everybody's.
fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, QueueError> {
    serde_json::to_string(value).map_err(|error| QueueError::Database(format!("a value does not become JSON: {error}")))
}

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}
