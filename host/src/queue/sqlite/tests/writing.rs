//! The file, group commit, and what survives.

use std::sync::mpsc::channel;

use super::super::schema::VERSION;
use super::super::writer::Durability;
use super::*;
use crate::queue::QueueError;

#[test]
fn survives_being_closed() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let lease = leased(&queue);
    queue.renew(&lease, at(2000), &halfway()).unwrap();
    let before = (record(&queue, id), names(&queue, id));
    drop(queue);
    let queue = folder.queue();
    assert_eq!((record(&queue, id), names(&queue, id)), before);
    assert_eq!(begin(&queue, &lease), crate::queue::Committed::Begun, "a lease outlives the process");
}

#[cfg(unix)]
#[test]
fn is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let queue = folder.queue();
    submitted(&queue, 1);
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", file.path().display());
    }
}

#[test]
fn refuses_a_newer_file_and_leaves_it_alone() {
    let folder = Folder::new();
    drop(folder.queue());
    let newer = VERSION + 1;
    folder.raw().execute_batch(&format!("PRAGMA user_version = {newer}")).unwrap();
    let error = SqliteQueue::open(&folder.file()).err().unwrap().to_string();
    assert!(error.contains(&format!("version {newer}")) && error.contains(&format!("up to {VERSION}")), "{error}");
    let version: i64 = folder.raw().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, newer);
    std::fs::write(folder.0.join("text"), "no database, but a text that is long enough to be seen").unwrap();
    assert!(matches!(SqliteQueue::open(&folder.0.join("text")), Err(QueueError::Database(_))));
    assert!(matches!(SqliteQueue::open(&folder.0.join("none/x")), Err(QueueError::Database(_))));
}

#[test]
fn what_is_answered_is_there() {
    let folder = Folder::new();
    let queue = folder.queue();
    let ids: Vec<TaskId> = std::thread::scope(|scope| {
        let submitters: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    let submit_and_read = |n| {
                        let id = submitted(&queue, n);
                        assert!(queue.get(id).unwrap().is_some());
                        id
                    };
                    (0..20).map(submit_and_read).collect::<Vec<_>>()
                })
            })
            .collect();
        submitters.into_iter().flat_map(|submitter| submitter.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 64 * 20);
    drop(queue);
    let queue = folder.queue();
    assert!(ids.into_iter().all(|id| names(&queue, id) == ["Submitted"]));
}

/// Holds the writer until the others wait, so that they share a batch.
fn in_one_batch(queue: &SqliteQueue, others: impl FnOnce() + Send) {
    let (open, gate) = channel::<()>();
    let (entered, inside) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            queue
                .write(move |_| {
                    entered.send(()).unwrap();
                    Ok(gate.recv().is_ok())
                })
                .unwrap();
        });
        inside.recv().unwrap();
        let others = scope.spawn(others);
        // What comes too late is a batch of its own, which changes no answer.
        let _ = channel::<()>().1.recv_timeout(std::time::Duration::from_millis(50));
        open.send(()).unwrap();
        others.join().unwrap();
    });
}

#[test]
fn a_change_that_fails_or_panics_leaves_the_others_alone() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let scratch = |db: &Connection| db.execute("UPDATE tasks SET user_data = 'changed'", []).unwrap();
    in_one_batch(&queue, || {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let refused = queue.write::<(), _>(move |db| {
                    scratch(db);
                    Err(QueueError::BadToken)
                });
                assert!(matches!(refused, Err(QueueError::BadToken)));
            });
            scope.spawn(|| {
                let panicked = queue.write::<(), _>(move |db| {
                    scratch(db);
                    panic!("a test's panic")
                });
                assert!(matches!(panicked, Err(QueueError::Database(message)) if message.contains("panicked")));
            });
            scope.spawn(|| submitted(&queue, 2));
        });
    });
    assert_eq!(record(&queue, id).user_data.as_deref(), Some("echo"));
    assert_eq!(queue.depth().unwrap().queued, 2);
}

#[test]
fn when_the_commit_fails_nobody_is_told_success() {
    let folder = Folder::new();
    let queue = folder.queue();
    // A deferred constraint fails at COMMIT, and only there.
    let failed = queue.write(|db| {
        db.execute_batch("PRAGMA defer_foreign_keys = ON")?;
        db.execute("INSERT INTO tags (task, name, value) VALUES ('nobody', 'a', 'b')", [])?;
        Ok(())
    });
    assert!(matches!(failed, Err(QueueError::Database(_))), "{failed:?}");
    // A transaction that is gone takes its batch with it.
    let gone = queue.write(|db| Ok(db.execute_batch("ROLLBACK")?));
    assert!(matches!(gone, Err(QueueError::Database(_))), "{gone:?}");
    submitted(&queue, 1);
    let tags: i64 = folder.raw().query_row("SELECT count(*) FROM tags", [], |row| row.get(0)).unwrap();
    assert_eq!((tags, queue.depth().unwrap().queued), (0, 1));
}

#[test]
fn only_lazy_batches_go_without_fsync() {
    let folder = Folder::new();
    let queue = folder.queue();
    let level = |durability| {
        let ask = |db: &Connection| Ok(db.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0))?);
        queue.writer.call(durability, ask).unwrap()
    };
    let levels = [Durability::Full, Durability::Lazy, Durability::Lazy, Durability::Full].map(level);
    assert_eq!(levels, [2, 1, 1, 2]);
}
