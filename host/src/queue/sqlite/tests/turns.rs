//! Which task is leased first, what is one submission, and how long records are kept.

use super::*;
use crate::queue::{Once, Submitted};

/// A task of this project and priority.
fn of(queue: &SqliteQueue, created: i64, project: &str, priority: i32) -> TaskId {
    let mut task = task(created, &[]);
    let parts = TaskParts { project_name: project.to_owned(), priority, ..(*task.spec).clone() };
    task.spec = TaskSpec::seal(parts);
    assert_eq!(queue.submit(&task).unwrap(), Submitted::New);
    task.id
}

#[test]
fn a_higher_priority_goes_first() {
    let folder = Folder::new();
    let queue = folder.queue();
    let (low, old, young, high) =
        (of(&queue, 1, "a", -1), of(&queue, 2, "a", 0), of(&queue, 3, "a", 0), of(&queue, 4, "a", 50));
    assert_eq!(record(&queue, high).priority, 50);
    let order = [leased(&queue), leased(&queue), leased(&queue), leased(&queue)].map(|lease| lease.id);
    assert_eq!(order, [high, old, young, low]);
}

#[test]
fn a_project_with_a_thousand_tasks_keeps_no_other_waiting() {
    let folder = Folder::new();
    let queue = folder.queue();
    let many: Vec<_> = (0..1000).map(|created| of(&queue, created, "many", 50)).collect();
    let (few, other) = (of(&queue, 5000, "few", -50), of(&queue, 6000, "other", 0));
    // One after the other: who had none yet comes first, then who had one longest ago.
    let mut order = Vec::new();
    for _ in 0..5 {
        let lease = leased(&queue);
        queue.fail(&lease, at(7000), &broken()).unwrap();
        order.push(lease.id);
    }
    assert_eq!(order, [few, many[0], other, many[1], many[2]]);
    // Side by side: who runs the fewest comes first.
    let late = [of(&queue, 8000, "few", 0), of(&queue, 8001, "few", 0)];
    let order = [leased(&queue), leased(&queue), leased(&queue), leased(&queue), leased(&queue)].map(|lease| lease.id);
    assert_eq!(order, [late[0], many[3], late[1], many[4], many[5]]);
}

#[test]
fn a_key_makes_submissions_one_task() {
    let folder = Folder::new();
    let queue = folder.queue();
    let once = |key: &str, digest: &str| Once { key: key.to_owned(), digest: digest.to_owned() };
    let with = |once: Once| NewTask { once: Some(once), ..task(1, &[]) };
    let first = with(once("k", "d1"));
    assert_eq!(queue.submit(&first).unwrap(), Submitted::New);
    assert_eq!(queue.submit(&with(once("k", "d1"))).unwrap(), Submitted::Before(first.id));
    assert_eq!(queue.submit(&with(once("k", "d2"))).unwrap(), Submitted::KeyInUse(first.id));
    assert_eq!(queue.submit(&with(once("other", "d1"))).unwrap(), Submitted::New);
    assert_eq!(queue.depth().unwrap().queued, 2, "what was there before is not put in again");
    assert_eq!(queue.submitted("default", &once("k", "d1")).unwrap(), Some(Submitted::Before(first.id)));
    assert_eq!(queue.submitted("another", &once("k", "d1")).unwrap(), None, "each project has its own keys");
    // The key goes with the record.
    queue.cancel(first.id, at(2)).unwrap();
    queue.delete(first.id).unwrap();
    assert_eq!(queue.submit(&with(once("k", "d2"))).unwrap(), Submitted::New);
}

#[test]
fn records_are_kept_for_a_time() {
    let folder = Folder::new();
    let queue = folder.queue();
    let ids: Vec<_> = (0..5).map(|created| submitted(&queue, created)).collect();
    for (id, end) in ids.iter().zip([100, 200, 300, 400]) {
        queue.cancel(*id, at(end)).unwrap();
    }
    assert_eq!(queue.prune(at(100), 10).unwrap(), 0);
    assert_eq!(queue.prune(at(350), 2).unwrap(), 2);
    let there = |queue: &SqliteQueue| ids.iter().map(|id| queue.get(*id).unwrap().is_some()).collect::<Vec<_>>();
    assert_eq!(there(&queue), [false, false, true, true, true], "the oldest go first");
    assert_eq!(queue.prune(at(i64::MAX), 10).unwrap(), 2);
    assert_eq!(there(&queue), [false, false, false, false, true], "a task that waits is no record");
    assert_eq!((queue.request(ids[0]).unwrap(), queue.events(ids[0]).unwrap()), (None, vec![]));
}
