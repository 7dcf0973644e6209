//! Taking in, leasing, keeping, planning.

use super::*;
use crate::queue::{CancelAnswer, Depth, QueueError, Renewed};
use crate::task::TaskState;

/// All that a lease allows; each must refuse a lost one and change nothing.
fn assert_lost(queue: &SqliteQueue, lease: &Lease) {
    let before = (record(queue, lease.id), names(queue, lease.id), queue.plan(lease.id).unwrap());
    let (now, failure) = (at(500), broken());
    let answers = [
        ("renew", queue.renew(lease, at(9000), &halfway()).map(drop)),
        ("planned", queue.planned(lease, now, "\"other\"", &[warning("Other")])),
        ("begin_commit", queue.begin_commit(lease, now, &[], &Made::default()).map(drop)),
        ("turn_back", queue.turn_back(lease, now, &failure)),
        ("end_commit", queue.end_commit(lease, now)),
        ("fail", queue.fail(lease, now, &failure)),
        ("hand_back", queue.hand_back(lease, now, "gone", true).map(drop)),
    ];
    for (name, answer) in answers {
        assert!(matches!(answer, Err(QueueError::LeaseLost { id, .. }) if id == lease.id), "{name}: {answer:?}");
    }
    assert_eq!((record(queue, lease.id), names(queue, lease.id), queue.plan(lease.id).unwrap()), before);
}

#[test]
fn takes_a_task_in_once() {
    let folder = Folder::new();
    let queue = folder.queue();
    let task = task(5, &[("a", "1"), ("b", "2")]);
    queue.submit(&task).unwrap();
    assert!(matches!(queue.submit(&task), Err(QueueError::Exists(id)) if id == task.id));
    let record = record(&queue, task.id);
    assert_eq!((record.state, record.attempt, record.retries, record.created), (TaskState::Queued, 0, 0, at(5)));
    assert_eq!((record.project.as_str(), record.user_data.as_deref()), ("default", Some("echo")));
    assert_eq!((record.tags, record.warnings), (task.spec.tags.clone(), vec![warning("Intake")]));
    assert_eq!(queue.request(task.id).unwrap(), Some(task.request));
    assert_eq!(queue.plan(task.id).unwrap(), Some(None));
    assert_eq!(names(&queue, task.id), ["Submitted"]);

    let unknown = TaskId::new();
    assert_eq!((queue.get(unknown).unwrap(), queue.request(unknown).unwrap()), (None, None));
    assert_eq!((queue.plan(unknown).unwrap(), queue.events(unknown).unwrap()), (None, vec![]));
}

#[test]
fn leases_the_oldest_first() {
    let folder = Folder::new();
    let queue = folder.queue();
    let (late, early, tie) = (submitted(&queue, 20), submitted(&queue, 10), submitted(&queue, 10));
    assert_eq!(queue.depth().unwrap(), Depth { queued: 3, running: 0, committing: 0, messages: 0 });
    let order = [leased(&queue), leased(&queue), leased(&queue)].map(|lease| lease.id);
    assert_eq!(order, [early, tie, late]);
    assert_eq!(queue.lease("a", at(1), at(2)).unwrap(), None);
    assert_eq!(queue.depth().unwrap(), Depth { queued: 0, running: 3, committing: 0, messages: 0 });
    assert!(queue.is_live(late, 1).unwrap() && !queue.is_live(late, 2).unwrap());
}

#[test]
fn a_lease_says_what_to_do_and_is_kept() {
    let folder = Folder::new();
    let queue = folder.queue();
    let task = task(5, &[]);
    queue.submit(&task).unwrap();
    let lease = leased(&queue);
    assert_eq!((lease.id, lease.attempt, lease.created, &lease.spec), (task.id, 1, at(5), &task.spec));
    let running = record(&queue, task.id);
    assert_eq!((running.state, running.attempt, running.started), (TaskState::Running, 1, Some(at(100))));

    assert_eq!(queue.renew(&lease, at(2000), &halfway()).unwrap(), Renewed::Held);
    assert_eq!(record(&queue, task.id).progress, halfway());
    assert_eq!(queue.lapse(at(1999), None).unwrap(), 0);
    assert_eq!(queue.cancel(task.id, at(200)).unwrap(), CancelAnswer::Requested);
    assert_eq!(queue.renew(&lease, at(2000), &halfway()).unwrap(), Renewed::CancelRequested);
    assert_eq!(names(&queue, task.id), ["Submitted", "Leased", "CancelRequested"]);
}

#[test]
fn an_older_lease_is_lost_at_once() {
    let folder = Folder::new();
    let queue = folder.queue();
    submitted(&queue, 1);
    let first = leased(&queue);
    queue.planned(&first, at(150), "\"plan\"", &[warning("Plan")]).unwrap();
    queue.hand_back(&first, at(200), "killed", true).unwrap();
    assert_lost(&queue, &first);
    let second = leased(&queue);
    assert!(second.fence > first.fence && second.attempt == 2);
    assert_lost(&queue, &first);
    queue.lapse(at(1000), None).unwrap();
    assert_lost(&queue, &second);
    let third = leased(&queue);
    begin(&queue, &third);
    let adopted = queue.adopt("b", Some("a"), at(400), at(2000)).unwrap().unwrap().lease;
    assert_eq!((adopted.attempt, adopted.fence > third.fence), (3, true));
    assert_lost(&queue, &third);
    queue.end_commit(&adopted, at(500)).unwrap();
    assert_lost(&queue, &adopted);
    // A fence that was never given, even one that no column could hold.
    assert_lost(&queue, &Lease { fence: u64::MAX, ..adopted });
}

#[test]
fn each_state_has_its_calls() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let lease = leased(&queue);
    assert!(matches!(queue.end_commit(&lease, at(1)), Err(QueueError::LeaseLost { .. })));
    assert!(matches!(queue.turn_back(&lease, at(1), &broken()), Err(QueueError::LeaseLost { .. })));
    begin(&queue, &lease);
    assert!(matches!(queue.fail(&lease, at(1), &broken()), Err(QueueError::LeaseLost { .. })));
    assert!(matches!(queue.hand_back(&lease, at(1), "x", true), Err(QueueError::LeaseLost { .. })));
    assert!(matches!(queue.planned(&lease, at(1), "{}", &[]), Err(QueueError::LeaseLost { .. })));
    assert!(matches!(queue.begin_commit(&lease, at(1), &[], &Made::default()), Err(QueueError::LeaseLost { .. })));
    assert_eq!(queue.renew(&lease, at(5000), &halfway()).unwrap(), Renewed::Held);
    assert_eq!(record(&queue, id).state, TaskState::Committing);
}

#[test]
fn a_new_plan_replaces_the_old_one_and_its_warnings() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let first = leased(&queue);
    queue.planned(&first, at(150), "\"one\"", &[warning("One"), warning("Intake")]).unwrap();
    assert_eq!(record(&queue, id).warnings, [warning("Intake"), warning("One")]);
    queue.hand_back(&first, at(200), "killed", false).unwrap();
    assert_eq!(queue.plan(id).unwrap(), Some(Some("\"one\"".to_owned())));
    let second = leased(&queue);
    queue.planned(&second, at(250), "\"two\"", &[warning("Two")]).unwrap();
    assert_eq!(queue.plan(id).unwrap(), Some(Some("\"two\"".to_owned())));
    begin(&queue, &second);
    assert_eq!(record(&queue, id).warnings, [warning("Intake"), warning("Two"), warning("Run")]);
}
