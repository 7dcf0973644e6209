//! Messages: due with the end of their task, and until somebody has said what became of them.

use super::*;
use crate::queue::{Notice, NoticeRecord, Outbox, Silent, Tried};
use crate::task::{NoticeState, Receiver, RetryPolicy, TopicName};

fn topic(name: &str) -> Receiver {
    Receiver::Topic { name: TopicName::new(name).unwrap() }
}

fn object() -> Receiver {
    Receiver::Object { uri: uri("oss://out/result.json") }
}

fn webhook() -> Receiver {
    Receiver::Webhook { url: "http://h/p?secret=1".to_owned(), retry: RetryPolicy::Backoff }
}

/// Submits a task whose end is told to these.
fn telling(queue: &SqliteQueue, receivers: &[Receiver]) -> TaskId {
    let mut task = task(1, &[]);
    task.spec = TaskSpec::seal(TaskParts { receivers: receivers.to_vec(), ..(*task.spec).clone() });
    queue.submit(&task).unwrap();
    task.id
}

fn take(queue: &SqliteQueue, now: i64) -> Vec<Notice> {
    queue.take("a", at(now), at(now + 100), 10, &Silent::new()).unwrap()
}

fn numbers(notices: &[Notice]) -> Vec<u32> {
    notices.iter().map(|notice| notice.number).collect()
}

fn states(queue: &SqliteQueue, id: TaskId) -> Vec<NoticeState> {
    queue.notices(id).unwrap().into_iter().map(|notice| notice.state).collect()
}

#[test]
fn a_message_is_due_from_the_end_of_its_task_on() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = telling(&queue, &[topic("t")]);
    assert!(take(&queue, 2).is_empty());
    let lease = leased(&queue);
    begin(&queue, &lease);
    assert!(take(&queue, 200).is_empty());
    assert_eq!(states(&queue, id), [NoticeState::Waiting]);
    queue.end_commit(&lease, at(300)).unwrap();
    assert_eq!(queue.depth().unwrap().messages, 1);
    let [notice] = &take(&queue, 300)[..] else { panic!() };
    assert_eq!((notice.task, notice.tries, &notice.receiver), (id, 0, &topic("t")));
    assert_eq!((&notice.record, notice.spec.as_ref().map(|spec| spec.sources.len())), (&record(&queue, id), Some(1)));
    // It is nobody else's for a while.
    assert!(queue.take("b", at(399), at(500), 10, &Silent::new()).unwrap().is_empty());
    assert_eq!(queue.take("b", at(400), at(500), 10, &Silent::new()).unwrap().len(), 1);
    queue.tried(id, notice.number, at(450), &Tried::Delivered).unwrap();
    assert!(take(&queue, 10_000).is_empty());
    assert_eq!((states(&queue, id), queue.depth().unwrap().messages), (vec![NoticeState::Delivered], 0));
    assert_eq!(names(&queue, id).last().unwrap(), "Notified");
    assert_eq!(queue.events(id).unwrap().last().unwrap().detail, "topic t");
}

#[test]
fn whoever_ends_a_task_has_it_told() {
    let folder = Folder::new();
    let queue = folder.queue();
    let canceled = telling(&queue, &[topic("t")]);
    queue.cancel(canceled, at(5)).unwrap();
    let failed = telling(&queue, &[topic("t")]);
    queue.fail(&leased(&queue), at(200), &broken()).unwrap();
    let turned = telling(&queue, &[topic("t")]);
    let lease = leased(&queue);
    begin(&queue, &lease);
    queue.turn_back(&lease, at(300), &broken()).unwrap();
    queue.end_commit(&lease, at(400)).unwrap();
    let lost = telling(&queue, &[topic("t")]);
    for _ in 0..=crate::queue::MAX_RETRIES {
        queue.hand_back(&leased(&queue), at(500), "killed", true).unwrap();
    }
    let told: Vec<_> = take(&queue, 500).into_iter().map(|notice| notice.task).collect();
    assert_eq!(told, [canceled, failed, turned, lost]);
}

#[test]
fn an_object_is_written_before_the_others_are_told() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = telling(&queue, &[object(), topic("t"), webhook()]);
    queue.cancel(id, at(5)).unwrap();
    assert_eq!(numbers(&take(&queue, 5)), [0]);
    assert!(take(&queue, 50).is_empty());
    queue.tried(id, 0, at(50), &Tried::Again(at(70), "full".to_owned())).unwrap();
    assert!(take(&queue, 69).is_empty());
    let again = take(&queue, 70);
    assert_eq!((numbers(&again), again[0].tries), (vec![0], 1));
    queue.tried(id, 0, at(80), &Tried::GivenUp("full".to_owned())).unwrap();
    assert_eq!(numbers(&take(&queue, 80)), [1, 2]);
    let events = queue.events(id).unwrap();
    assert_eq!(queue.events_after(id, 1).unwrap(), events[1..]);
    assert!(queue.events_after(id, events.len()).unwrap().is_empty());
    let last = events.last().unwrap();
    assert_eq!((last.event.as_str(), last.detail.as_str()), ("NotificationGivenUp", "oss://out/result.json: full"));
    let known = queue.notices(id).unwrap();
    let first = NoticeRecord {
        receiver: "oss://out/result.json".to_owned(),
        state: NoticeState::GivenUp,
        tries: 2,
        next: None,
        detail: "full".to_owned(),
    };
    assert_eq!(known[0], first);
    assert_eq!((known[2].receiver.as_str(), known[2].next), ("http://h/p", Some(at(180))));
}

#[test]
fn what_was_on_its_way_when_its_owner_ended_is_due_again() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = telling(&queue, &[topic("t"), webhook()]);
    queue.cancel(id, at(5)).unwrap();
    assert_eq!(numbers(&take(&queue, 5)), [1, 2]);
    queue.tried(id, 1, at(6), &Tried::Again(at(1000), "no".to_owned())).unwrap();
    assert_eq!((queue.release("b", at(7)).unwrap(), queue.release("a", at(7)).unwrap()), (0, 1));
    // The one that was tried waits for its time.
    assert_eq!(numbers(&take(&queue, 7)), [2]);
}

#[test]
fn a_record_stays_until_its_messages_are_taken() {
    let folder = Folder::new();
    let queue = folder.queue();
    let (id, other) = (telling(&queue, &[topic("t")]), telling(&queue, &[]));
    queue.cancel(id, at(5)).unwrap();
    queue.cancel(other, at(5)).unwrap();
    assert_eq!(queue.prune(at(100), 10).unwrap(), 1);
    assert_eq!(take(&queue, 100).len(), 1);
    queue.tried(id, 1, at(100), &Tried::Delivered).unwrap();
    assert_eq!(queue.prune(at(100), 10).unwrap(), 1);
    // What is said of one whose task is gone is forgotten.
    queue.tried(id, 1, at(100), &Tried::Delivered).unwrap();
    assert!(queue.notices(id).unwrap().is_empty());
}

#[test]
fn a_receiver_that_cannot_be_read_keeps_no_other_waiting() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = telling(&queue, &[topic("t"), webhook()]);
    folder.raw().execute("UPDATE notices SET receiver = '{}' WHERE number = 1", []).unwrap();
    queue.cancel(id, at(5)).unwrap();
    assert_eq!(numbers(&take(&queue, 5)), [2]);
    let known = queue.notices(id).unwrap();
    assert_eq!((known[0].receiver.as_str(), known[0].state), ("unknown", NoticeState::GivenUp));
}

#[test]
fn many_messages_to_a_silent_address_keep_no_other_waiting() {
    let folder = Folder::new();
    let queue = folder.queue();
    let hook = |path: &str| Receiver::Webhook { url: format!("http://h/{path}"), retry: RetryPolicy::Backoff };
    let dead: Vec<_> = (0..30).map(|number| telling(&queue, &[hook(&number.to_string())])).collect();
    let alive = telling(&queue, &[topic("t")]);
    for (place, id) in dead.iter().chain([&alive]).enumerate() {
        queue.cancel(*id, at(5 + place as i64)).unwrap();
    }
    let taken = |now: i64, on_its_way: bool| {
        let silent = Silent::from([("http://h".to_owned(), on_its_way)]);
        let taken = queue.take("a", at(now), at(now + 100), 10, &silent).unwrap();
        taken.into_iter().map(|notice| notice.task).collect::<Vec<_>>()
    };
    assert_eq!(taken(50, false), [dead[0], alive]);
    assert!(taken(51, true).is_empty());
    assert_eq!(taken(52, false), [dead[1]]);
    // Once it takes messages again, they are as all others.
    assert_eq!(take(&queue, 60).into_iter().map(|notice| notice.task).collect::<Vec<_>>(), dead[2..12]);
}
