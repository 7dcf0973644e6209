//! Group commit: one thread writes, and all changes that wait at the same time share one fsync.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::checkpoint::{self, Full};
use crate::queue::QueueError;

/// At most so many changes share one transaction, so that none waits long for the others.
const BATCH: usize = 256;

/// What must be true when a change is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// It is on the disk.
    Full,
    /// It is visible to all; a crash of the machine may lose it.
    Lazy,
}

/// The thread that writes. It ends when this is dropped.
pub(super) struct Writer {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, which owns this connection. Between two batches it moves the rest of a log that is `full`.
    pub(super) fn start(db: Connection, full: Arc<Full>) -> Result<Self, QueueError> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("queue-writer".to_owned())
            .spawn(move || write_all(&db, &waiting, &full))
            .map_err(|error| QueueError::Database(format!("its thread does not start: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Makes a change and waits for it. When it fails, it has changed nothing.
    pub(super) fn call<T, F>(&self, durability: Durability, change: F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    {
        let gone = || QueueError::Database("its writer has ended".to_owned());
        let (answer, answered) = sync_channel(1);
        let call = Call { durability, change: Some(change), result: None, answer };
        self.jobs.as_ref().ok_or_else(gone)?.send(Box::new(call)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without a sender the thread finishes what waits and ends.
        self.jobs = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the queue's writer has panicked");
        }
    }
}

/// A change of some type of answer.
trait Job: Send {
    fn durability(&self) -> Durability;
    /// Makes the change; whether it is to be kept.
    fn run(&mut self, db: &Connection) -> bool;
    /// Tells the caller how it went, once the transaction is over.
    fn answer(self: Box<Self>, lost: Option<&str>);
}

struct Call<T, F> {
    durability: Durability,
    change: Option<F>,
    result: Option<Result<T, QueueError>>,
    answer: SyncSender<Result<T, QueueError>>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, QueueError> + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, db: &Connection) -> bool {
        self.result = self.change.take().map(|change| {
            catch_unwind(AssertUnwindSafe(|| change(db)))
                .unwrap_or_else(|_| Err(QueueError::Database("a bug of wasmux: the change panicked".to_owned())))
        });
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, lost: Option<&str>) {
        let answer = match (lost, self.result) {
            (None, Some(result)) => result,
            (None, None) => Err(QueueError::Database("a bug of wasmux: the change was not made".to_owned())),
            (Some(why), _) => Err(QueueError::Database(why.to_owned())),
        };
        // A caller that is gone needs no answer.
        let _ = self.answer.send(answer);
    }
}

fn write_all(db: &Connection, waiting: &Receiver<Box<dyn Job>>, full: &Full) {
    let mut level = None;
    while let Ok(first) = waiting.recv() {
        let mut batch = vec![first];
        batch.extend(waiting.try_iter().take(BATCH - 1));
        let lost = write_batch(db, &mut batch, &mut level).err().map(|error| match error {
            QueueError::Database(why) => why,
            other => other.to_string(),
        });
        if lost.is_some() && !db.is_autocommit() {
            // Else the next batch could not begin. When even this fails, that one fails too and tries it again.
            if let Err(error) = db.execute_batch("ROLLBACK") {
                tracing::error!(%error, "a failed transaction of the queue cannot be rolled back");
            }
        }
        for job in batch {
            job.answer(lost.as_deref());
        }
        if full.take() {
            checkpoint::rest(db);
        }
    }
}

/// Makes all changes in one transaction. An error means that none was made.
fn write_batch(db: &Connection, batch: &mut [Box<dyn Job>], level: &mut Option<Durability>) -> Result<(), QueueError> {
    // One durable change makes the fsync, and carries the others along.
    let full = batch.iter().any(|job| job.durability() == Durability::Full);
    let wanted = if full { Durability::Full } else { Durability::Lazy };
    if *level != Some(wanted) {
        *level = None;
        db.execute_batch(if full { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" })?;
        *level = Some(wanted);
    }
    // The write lock comes first: what a change reads is what it changes, whatever other processes do.
    step(db, "BEGIN IMMEDIATE")?;
    for job in batch {
        step(db, "SAVEPOINT job")?;
        let keep = job.run(db);
        if db.is_autocommit() {
            // SQLite gives up the whole transaction when the disk is full or fails, and with it the changes before.
            return Err(QueueError::Database("the disk is full or fails: the transaction was rolled back".to_owned()));
        }
        if !keep {
            step(db, "ROLLBACK TO job")?;
        }
        step(db, "RELEASE job")?;
    }
    step(db, "COMMIT")
}

fn step(db: &Connection, sql: &str) -> Result<(), QueueError> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}
