//! Failing, handing back, cancelling, deleting.

use super::*;
use crate::queue::{CancelAnswer, DeleteAnswer, MAX_RETRIES, Retried};
use crate::task::TaskState;

fn ended_as(queue: &SqliteQueue, id: TaskId) -> (TaskState, ErrorCode, Stage, String) {
    let record = record(queue, id);
    let failure = record.failure.unwrap();
    (record.state, failure.code, failure.stage, failure.message)
}

fn canceled() -> (TaskState, ErrorCode, Stage, String) {
    (TaskState::Failed, ErrorCode::Canceled, Stage::Run, "the task was cancelled".to_owned())
}

#[test]
fn fails_with_what_happened() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let lease = leased(&queue);
    queue.fail(&lease, at(200), &broken()).unwrap();
    let ended = record(&queue, id);
    assert_eq!((ended.state, ended.failure, ended.ended), (TaskState::Failed, Some(broken()), Some(at(200))));
    let last = queue.events(id).unwrap().pop().unwrap();
    assert_eq!((last.event.as_str(), last.attempt, last.time), ("Failed", 1, at(200)));
    assert_eq!(last.detail, broken().to_string());
    assert_eq!(queue.lease("a", at(1), at(2)).unwrap(), None);
}

#[test]
fn a_task_that_is_handed_back_keeps_its_place() {
    let folder = Folder::new();
    let queue = folder.queue();
    let first = submitted(&queue, 1);
    submitted(&queue, 2);
    let lease = leased(&queue);
    queue.renew(&lease, at(1000), &halfway()).unwrap();
    assert_eq!(queue.hand_back(&lease, at(200), "the server ends", false).unwrap(), Retried::Queued);
    let back = record(&queue, first);
    assert_eq!((back.state, back.retries, back.attempt), (TaskState::Queued, 0, 1));
    assert_eq!((back.progress, back.started), (TaskProgress::default(), Some(at(100))));
    assert!(!queue.is_live(first, 1).unwrap());
    let again = queue.lease("b", at(700), at(900)).unwrap().unwrap();
    assert_eq!((again.id, again.attempt), (first, 2));
    assert_eq!(record(&queue, first).started, Some(at(100)));
    assert_eq!(names(&queue, first), ["Submitted", "Leased", "HandedBack", "Leased"]);
}

#[test]
fn retries_run_out() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    for retry in 1..=MAX_RETRIES {
        queue.hand_back(&leased(&queue), at(200), "not its fault", false).unwrap();
        assert_eq!(queue.hand_back(&leased(&queue), at(200), "killed", true).unwrap(), Retried::Queued);
        assert_eq!(record(&queue, id).retries, retry);
    }
    assert_eq!(queue.hand_back(&leased(&queue), at(300), "killed", true).unwrap(), Retried::Failed);
    let message = "the process that ran the task ended 4 times: killed".to_owned();
    assert_eq!(ended_as(&queue, id), (TaskState::Failed, ErrorCode::WorkerLost, Stage::Run, message));
    assert_eq!(record(&queue, id).retries, MAX_RETRIES);
}

#[test]
fn lapsed_leases_and_those_of_an_owner_are_handed_back() {
    let folder = Folder::new();
    let queue = folder.queue();
    let ids = [submitted(&queue, 1), submitted(&queue, 2), submitted(&queue, 3)];
    for (owner, until) in [("a", 1000), ("b", 2000), ("c", 3000)] {
        queue.lease(owner, at(100), at(until)).unwrap().unwrap();
    }
    assert_eq!(queue.lapse(at(999), None).unwrap(), 0);
    assert_eq!(queue.lapse(at(1000), Some("c")).unwrap(), 2);
    let states = ids.map(|id| (record(&queue, id).state, record(&queue, id).retries));
    assert_eq!(states, [(TaskState::Queued, 1), (TaskState::Running, 0), (TaskState::Queued, 1)]);
    assert_eq!(queue.lapse(at(1000), Some("c")).unwrap(), 0);
    for _ in 0..MAX_RETRIES {
        while queue.lease("a", at(100), at(1000)).unwrap().is_some() {}
        queue.lapse(at(1000), None).unwrap();
    }
    assert_eq!(ended_as(&queue, ids[0]).1, ErrorCode::WorkerLost);
}

#[test]
fn cancel_in_each_state() {
    let folder = Folder::new();
    let queue = folder.queue();
    assert_eq!(queue.cancel(TaskId::new(), at(1)).unwrap(), CancelAnswer::Unknown);

    let queued = submitted(&queue, 1);
    assert_eq!(queue.cancel(queued, at(50)).unwrap(), CancelAnswer::Canceled);
    assert_eq!((ended_as(&queue, queued), record(&queue, queued).ended), (canceled(), Some(at(50))));
    assert_eq!(queue.cancel(queued, at(60)).unwrap(), CancelAnswer::Ended(TaskState::Failed));
    assert_eq!(names(&queue, queued), ["Submitted", "Failed"]);
    assert_eq!(queue.lease("a", at(1), at(2)).unwrap(), None);

    let handed = submitted(&queue, 2);
    let lease = leased(&queue);
    for _ in 0..2 {
        assert_eq!(queue.cancel(handed, at(50)).unwrap(), CancelAnswer::Requested);
    }
    assert!(record(&queue, handed).cancel_requested);
    assert_eq!(queue.hand_back(&lease, at(200), "killed", true).unwrap(), Retried::Failed);
    assert_eq!(ended_as(&queue, handed), canceled());
    assert_eq!(names(&queue, handed), ["Submitted", "Leased", "CancelRequested", "Failed"]);

    let lapsed = submitted(&queue, 3);
    leased(&queue);
    queue.cancel(lapsed, at(50)).unwrap();
    assert_eq!(queue.lapse(at(1000), None).unwrap(), 1);
    assert_eq!(ended_as(&queue, lapsed), canceled());

    submitted(&queue, 4);
    let lease = leased(&queue);
    begin(&queue, &lease);
    queue.end_commit(&lease, at(400)).unwrap();
    assert_eq!(queue.cancel(lease.id, at(500)).unwrap(), CancelAnswer::Ended(TaskState::Succeeded));
}

#[test]
fn only_what_has_ended_is_deleted() {
    let folder = Folder::new();
    let queue = folder.queue();
    let task = task(1, &[("a", "1")]);
    let id = task.id;
    queue.submit(&task).unwrap();
    assert_eq!(queue.delete(TaskId::new()).unwrap(), DeleteAnswer::Unknown);
    assert_eq!(queue.delete(id).unwrap(), DeleteAnswer::Live(TaskState::Queued));
    let lease = leased(&queue);
    assert_eq!(queue.delete(id).unwrap(), DeleteAnswer::Live(TaskState::Running));
    begin(&queue, &lease);
    assert_eq!(queue.delete(id).unwrap(), DeleteAnswer::Live(TaskState::Committing));
    queue.end_commit(&lease, at(400)).unwrap();
    assert_eq!(queue.delete(id).unwrap(), DeleteAnswer::Deleted);
    assert_eq!(queue.delete(id).unwrap(), DeleteAnswer::Unknown);
    assert_eq!((queue.get(id).unwrap(), queue.request(id).unwrap(), queue.events(id).unwrap()), (None, None, vec![]));
    let db = folder.raw();
    for table in ["tasks", "bodies", "events", "tags"] {
        let left: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}
