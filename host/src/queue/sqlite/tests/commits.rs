//! Commits: begun, turned round, ended, adopted.

use super::*;
use crate::queue::{CancelAnswer, Committed, Depth};
use crate::task::{CommitDirection, TaskState};

#[test]
fn a_commit_that_goes_forward_succeeds() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let lease = leased(&queue);
    queue.renew(&lease, at(1000), &halfway()).unwrap();
    assert_eq!(begin(&queue, &lease), Committed::Begun);
    let committing = record(&queue, id);
    assert_eq!((committing.state, committing.outputs), (TaskState::Committing, outputs()));
    assert_eq!(queue.depth().unwrap(), Depth { queued: 0, running: 0, committing: 1, messages: 0 });
    assert!(queue.is_live(id, 1).unwrap());
    assert_eq!(queue.cancel(id, at(310)).unwrap(), CancelAnswer::Committing);

    queue.end_commit(&lease, at(400)).unwrap();
    let ended = record(&queue, id);
    assert_eq!((ended.state, ended.ended, ended.outputs), (TaskState::Succeeded, Some(at(400)), outputs()));
    assert_eq!((ended.progress.percent, ended.progress.targets[0].percent), (100, 100));
    assert_eq!((ended.progress.frames, ended.cancel_requested, ended.failure), (7, false, None));
    assert!(!queue.is_live(id, 1).unwrap());
    assert_eq!(names(&queue, id), ["Submitted", "Leased", "CommitBegun", "Succeeded"]);
    let journal: Option<String> = folder.raw().query_row("SELECT journal FROM bodies", [], |row| row.get(0)).unwrap();
    assert_eq!(journal, None);
}

#[test]
fn a_cancel_that_comes_first_stops_the_commit() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let lease = leased(&queue);
    queue.cancel(id, at(200)).unwrap();
    let before = record(&queue, id);
    assert_eq!(begin(&queue, &lease), Committed::Canceled);
    assert_eq!(record(&queue, id), before);
    assert_eq!(names(&queue, id), ["Submitted", "Leased", "CancelRequested"]);
}

#[test]
fn a_commit_that_is_turned_back_fails() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let lease = leased(&queue);
    begin(&queue, &lease);
    queue.turn_back(&lease, at(350), &broken()).unwrap();
    // The cause stays, whatever follows from it.
    queue.turn_back(&lease, at(360), &Failure::new(ErrorCode::Internal, Stage::Commit, "later")).unwrap();
    let back = record(&queue, id);
    assert_eq!((back.state, back.failure, back.outputs), (TaskState::Committing, Some(broken()), vec![]));
    assert_eq!(queue.cancel(id, at(310)).unwrap(), CancelAnswer::Committing);

    let adopted = queue.adopt("b", None, at(1000), at(2000)).unwrap().unwrap();
    assert_eq!((adopted.direction, adopted.journal), (CommitDirection::Back, journal()));
    queue.end_commit(&adopted.lease, at(1100)).unwrap();
    let ended = record(&queue, id);
    assert_eq!((ended.state, ended.failure, ended.ended), (TaskState::Failed, Some(broken()), Some(at(1100))));
    assert_eq!(ended.outputs, []);
    assert_eq!(
        names(&queue, id),
        ["Submitted", "Leased", "CommitBegun", "CommitTurnedBack", "CommitAdopted", "Failed"]
    );
    let left: (Option<String>, Option<String>) = folder
        .raw()
        .query_row("SELECT journal, outputs FROM tasks JOIN bodies ON task = id", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(left, (None, None));
}

#[test]
fn a_commit_is_adopted_when_its_holder_is_gone() {
    let folder = Folder::new();
    let queue = folder.queue();
    submitted(&queue, 1);
    let lease = leased(&queue);
    assert_eq!(queue.adopt("b", Some("a"), at(5000), at(6000)).unwrap(), None, "it runs, and does not commit");
    begin(&queue, &lease);
    assert_eq!(queue.adopt("b", None, at(999), at(2000)).unwrap(), None);
    assert_eq!(queue.adopt("b", Some("c"), at(999), at(2000)).unwrap(), None);
    let adopted = queue.adopt("b", None, at(1000), at(2000)).unwrap().unwrap();
    assert_eq!((adopted.direction, adopted.lease.attempt), (CommitDirection::Forward, 1));
    assert_eq!((&adopted.journal, &adopted.lease.spec), (&journal(), &lease.spec));
    assert_eq!(queue.adopt("c", None, at(1999), at(3000)).unwrap(), None);
    assert_eq!(queue.lapse(at(9999), Some("b")).unwrap(), 0, "a commit is never handed back");
    queue.renew(&adopted.lease, at(4000), &halfway()).unwrap();
    assert_eq!(queue.adopt("c", None, at(3999), at(5000)).unwrap(), None);
    assert!(queue.adopt("c", Some("b"), at(3999), at(5000)).unwrap().is_some());
}
