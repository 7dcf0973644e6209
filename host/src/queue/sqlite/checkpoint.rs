//! Moves what is in the log of the database into its file, beside the writer.
//!
//! SQLite would have the writer do it, every thousand pages: then everybody who waits for a commit waits for that, too, up to
//! a tenth of a second. A passive checkpoint of another connection keeps no writer waiting. The log begins anew only once all of it was moved, which under steady
//! load never happens by itself: when it has a gigabyte, the writer is held for a fifth of a second, while the rest is moved.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::queue::QueueError;

/// Time between two looks at the log.
const LOOK: Duration = Duration::from_millis(250);
/// Pages in the log, of 4 KiB, from which they are moved, and from which the log has to begin anew.
const MANY: i64 = 1000;
const TOO_MANY: i64 = 262_144;

/// The thread that moves them. It ends when this is dropped.
pub(super) struct Checkpoints {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread, which owns this connection; `path` is the database.
    pub(super) fn start(db: Connection, path: &Path) -> Result<Self, QueueError> {
        let (stop, stopped) = channel::<()>();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let thread = std::thread::Builder::new()
            .name("queue-checkpoint".to_owned())
            .spawn(move || {
                let mut moved = 0;
                while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    // The file keeps its size when the log begins anew, so it only says when there is nothing to do.
                    let size = std::fs::metadata(&log).map_or(0, |log| log.len());
                    if i64::try_from(size / 4096).unwrap_or(i64::MAX) < MANY {
                        continue;
                    }
                    match step(&db, moved, TOO_MANY) {
                        Ok(now) => moved = now,
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

/// Moves what came since the last time; returns how many pages of the log are moved.
fn step(db: &Connection, before: i64, too_many: i64) -> Result<i64, QueueError> {
    let (log, moved) = checkpoint(db, "PASSIVE")?;
    if log <= too_many || moved == before {
        return Ok(moved);
    }
    checkpoint(db, "RESTART")?;
    Ok(0)
}

/// Pages in the log, and how many of them are in the file.
fn checkpoint(db: &Connection, mode: &str) -> Result<(i64, i64), QueueError> {
    let counts = |row: &rusqlite::Row<'_>| Ok((row.get(1)?, row.get(2)?));
    Ok(db.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], counts)?)
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
        fill(500);
        let (log, _) = checkpoint(&other, "PASSIVE").unwrap();
        assert!(log > 500, "{log} pages: the writer moves them by itself");
        assert!(step(&other, 0, 100_000).unwrap() > 500, "it is moved");
        fill(500);
        assert_eq!(step(&other, 0, 500).unwrap(), 0, "it was large");
        fill(10);
        let (log, moved) = checkpoint(&other, "PASSIVE").unwrap();
        assert!(log < 500 && moved == log, "{log} {moved}");
    }
}
