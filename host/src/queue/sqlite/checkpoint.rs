//! Moves what is in the log of the database into its file, beside the writer.
//!
//! SQLite would have the writer do it, every thousand pages: then everybody who waits for a commit waits for that, too, up to
//! a tenth of a second. A passive checkpoint of another connection keeps no writer waiting. But the log begins anew only where all of it was moved, and
//! where nobody reads from it, which under steady load never happens by itself. `RESTART` waits for both with the write lock held, by looking again and again: a fifth of a second.
//! So a log that is too long is first moved as far as can be; then the writer moves the few pages that are left, between two batches. Those who begin to read after that read the
//! file alone, and the first of its next changes that finds nobody in the log begins it anew.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::queue::QueueError;

/// Time between two looks at the log.
const LOOK: Duration = Duration::from_millis(250);
/// Pages in the log, of 4 KiB, from which they are moved, and from which the log has to begin anew.
const MANY: i64 = 1000;
const TOO_MANY: i64 = 16_384;
/// Pages that may be left to the writer, and how often is tried to leave no more to it.
const FEW: i64 = 64;
const TRIES: usize = 8;

/// Says to the writer that the log is too long, and that all but the last pages were moved.
#[derive(Default)]
pub(super) struct Full(AtomicBool);

impl Full {
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the writer was told and has had nothing to write since.
    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether it was said; once.
    pub(super) fn take(&self) -> bool {
        self.is_set() && self.0.swap(false, Ordering::Relaxed)
    }
}

/// The thread that moves them. It ends when this is dropped.
pub(super) struct Checkpoints {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread, which owns this connection; `path` is the database.
    pub(super) fn start(db: Connection, path: &Path, full: Arc<Full>) -> Result<Self, QueueError> {
        let (stop, stopped) = channel::<()>();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let thread = std::thread::Builder::new()
            .name("queue-checkpoint".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    // The file keeps its size when the log begins anew, so it only says when there is nothing to do.
                    let size = std::fs::metadata(&log).map_or(0, |log| log.len());
                    if i64::try_from(size / 4096).unwrap_or(i64::MAX) < MANY || full.is_set() {
                        continue;
                    }
                    match step(&db, TOO_MANY) {
                        Ok(true) => full.set(),
                        Ok(false) => {}
                        // It is tried again.
                        Err(error) => tracing::warn!(%error, "the log of the task database could not be moved"),
                    }
                }
            })
            .map_err(|error| QueueError::Database(format!("its thread does not start: {error}")))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.stop = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that moves the queue's log has panicked");
        }
    }
}

/// Moves what came since the last time; whether the log is too long.
fn step(db: &Connection, too_many: i64) -> Result<bool, QueueError> {
    let mut log = checkpoint(db)?;
    if log <= too_many {
        return Ok(false);
    }
    // What comes while it is moved is less each time, and so is the time to move it. A checkpoint that nothing came into also waits until the
    // file is on the disk; the writer then does not wait for all that.
    for _ in 0..TRIES {
        let before = log;
        log = checkpoint(db)?;
        if log - before <= FEW {
            break;
        }
    }
    Ok(true)
}

/// Moves the last pages of a log that is too long, in the writer's thread, so that none come meanwhile. Nothing is lost when it fails or when somebody still reads an older
/// state: it is tried again after the next look.
pub(super) fn rest(db: &Connection) {
    if let Err(error) = checkpoint(db) {
        tracing::warn!(%error, "the rest of the log of the task database could not be moved");
    }
}

/// Moves what can be moved without keeping anybody waiting; returns how many pages the log has.
fn checkpoint(db: &Connection) -> Result<i64, QueueError> {
    Ok(db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?)
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn a_log_that_grows_is_moved_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tasks.db");
        let writer = schema::open(&path).unwrap();
        let other = schema::open(&path).unwrap();
        let fill = |rows: u32| {
            let text = "x".repeat(4000);
            for row in 0..rows {
                writer
                    .execute(
                        "INSERT OR REPLACE INTO projects (name, created, updated, settings) VALUES (?1, 1, 1, ?2)",
                        (row % 100, &text),
                    )
                    .unwrap();
            }
        };
        let length = || checkpoint(&other).unwrap();
        fill(500);
        let log = length();
        assert!(log > 500, "{log} pages: the writer moves them by itself");
        assert!(!step(&other, 100_000).unwrap(), "it may be so long");

        // Who reads an older state keeps it.
        let reader = schema::open_reader(&path).unwrap();
        let old = reader.unchecked_transaction().unwrap();
        let settings = |db: &Connection| -> String {
            db.query_row("SELECT settings FROM projects WHERE name = '7'", [], |row| row.get(0)).unwrap()
        };
        let before = settings(&old);
        fill(500);
        writer.execute("UPDATE projects SET settings = 'new' WHERE name = '7'", []).unwrap();
        assert!(step(&other, 500).unwrap());
        rest(&writer);
        fill(5);
        assert!(length() > 1000, "it cannot begin anew while somebody reads from it");
        assert_eq!(settings(&old), before);
        old.finish().unwrap();
        assert_eq!(settings(&reader), "new");

        assert!(step(&other, 500).unwrap());
        rest(&writer);
        fill(5);
        let log = length();
        assert!(log < 100, "{log} pages: it has begun anew");
        assert_eq!(settings(&reader), "new");
    }

    #[test]
    fn a_writer_is_told_once() {
        let full = Full::default();
        assert!(!full.take());
        full.set();
        assert!(full.take() && !full.take());
    }
}
