//! Which task is leased first, what is one submission, and how long records are kept.

use super::*;
use crate::queue::{Once, QueueError, Submitted};
use crate::task::TaskState;

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

#[test]
fn a_file_of_version_1_is_brought_up_and_keeps_its_tasks() {
    let folder = Folder::new();
    let kept = task(5, &[("customer", "a")]);
    let raw = folder.raw();
    raw.execute_batch(super::super::schema::V1).unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    let id = kept.id.to_string();
    raw.execute(
        "INSERT INTO tasks (id, project, state, created, progress, intake_warnings, user_data)
         VALUES (?1, 'default', 'Queued', 5, '{}', '[]', 'echo')",
        [&id],
    )
    .unwrap();
    let spec = serde_json::to_string(&kept.spec).unwrap();
    raw.execute("INSERT INTO bodies (task, request, spec) VALUES (?1, 'R', ?2)", [&id, &spec]).unwrap();
    raw.execute("INSERT INTO tags (task, name, value) VALUES (?1, 'customer', 'a')", [&id]).unwrap();
    raw.execute(
        "INSERT INTO events (task, number, time, event, attempt, detail) VALUES (?1, 1, 5, 'Submitted', 0, '')",
        [&id],
    )
    .unwrap();
    drop(raw);

    let queue = folder.queue();
    let found = record(&queue, kept.id);
    assert_eq!((found.state, found.priority, found.tags), (TaskState::Queued, 0, kept.spec.tags.clone()));
    assert_eq!((queue.request(kept.id).unwrap(), names(&queue, kept.id).len()), (Some("R".to_owned()), 1));
    let lease = leased(&queue);
    assert_eq!((lease.id, &lease.spec), (kept.id, &kept.spec));
    drop(queue);
    let raw = folder.raw();
    raw.pragma_update(None, "user_version", 1000).unwrap();
    assert!(matches!(SqliteQueue::open(&folder.file()), Err(QueueError::Database(why)) if why.contains("1000")));
}
