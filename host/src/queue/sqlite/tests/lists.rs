//! Lists: all pages together are the list, whatever happens between them.

use super::*;
use crate::queue::{ListQuery, Order, QueueError, SortBy, TaskFilter};
use crate::task::TaskState;

const SORTS: [SortBy; 3] = [SortBy::TaskId, SortBy::StartTime, SortBy::EndTime];
const ORDERS: [Order; 2] = [Order::Ascending, Order::Descending];

/// 40 tasks in all states, several of them with the same moments.
fn filled(queue: &SqliteQueue) -> Vec<TaskRecord> {
    let mut ids = Vec::new();
    for n in 0..40 {
        let kind = if n % 3 == 0 { "third" } else { "other" };
        let task = task(1000 + n * 7 % 5, &[("kind", kind), ("n", &n.to_string())]);
        queue.submit(&task).unwrap();
        ids.push(task.id);
    }
    for n in 0..30 {
        let lease = leased(queue);
        let end = at(2000 + n / 3);
        match n % 5 {
            0 => queue.fail(&lease, end, &broken()).unwrap(),
            1 | 2 => {
                begin(queue, &lease);
                queue.end_commit(&lease, end).unwrap();
            }
            3 => drop(begin(queue, &lease)),
            _ => {}
        }
    }
    ids.into_iter().map(|id| record(queue, id)).collect()
}

fn sorted(mut records: Vec<TaskRecord>, sort: SortBy, order: Order) -> Vec<TaskId> {
    records.sort_by_key(|record| {
        let key = match sort {
            SortBy::TaskId => 0,
            SortBy::StartTime => record.created.millis(),
            SortBy::EndTime => record.ended.map_or(i64::MAX, Timestamp::millis),
        };
        (key, record.id)
    });
    if order == Order::Descending {
        records.reverse();
    }
    records.into_iter().map(|record| record.id).collect()
}

/// All pages; `between` runs before each but the first.
fn pages(queue: &SqliteQueue, mut query: ListQuery, between: impl Fn()) -> Vec<TaskId> {
    let mut all = Vec::new();
    loop {
        let page = queue.list(&query).unwrap();
        assert!(page.tasks.len() <= query.limit as usize);
        assert!(page.next.is_none() || page.tasks.len() == query.limit as usize);
        all.extend(page.tasks.iter().map(|task| task.id));
        query.after = page.next;
        if query.after.is_none() {
            return all;
        }
        between();
    }
}

/// A filter, and the same as a condition.
type Case = (TaskFilter, fn(&TaskRecord) -> bool);

fn cases() -> Vec<Case> {
    let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let none = TaskFilter::default;
    vec![
        (none(), |_| true),
        (TaskFilter { projects: vec!["default".to_owned(), "other".to_owned()], ..none() }, |_| true),
        (TaskFilter { projects: vec!["other".to_owned()], ..none() }, |_| false),
        (TaskFilter { states: vec![TaskState::Failed, TaskState::Running, TaskState::Failed], ..none() }, |task| {
            matches!(task.state, TaskState::Failed | TaskState::Running)
        }),
        (TaskFilter { tags: vec![tag("kind", "third")], ..none() }, |task| task.tags["kind"] == "third"),
        (TaskFilter { tags: vec![tag("kind", "third"), tag("n", "6")], ..none() }, |task| task.tags["n"] == "6"),
        (TaskFilter { tags: vec![tag("kind", "third"), tag("n", "7")], ..none() }, |_| false),
        (TaskFilter { created: (Some(at(1001)), Some(at(1003))), ..none() }, |task| {
            (1001..1003).contains(&task.created.millis())
        }),
        (TaskFilter { ended: (Some(at(2003)), None), ..none() }, |task| task.ended.is_some_and(|end| end >= at(2003))),
        (TaskFilter { ended: (None, Some(at(2003))), ..none() }, |task| task.ended.is_some_and(|end| end < at(2003))),
    ]
}

#[test]
fn all_pages_together_are_the_list() {
    let folder = Folder::new();
    let queue = folder.queue();
    let records = filled(&queue);
    for (filter, admits) in cases() {
        let expected: Vec<TaskRecord> = records.iter().filter(|record| admits(record)).cloned().collect();
        for (sort, order) in SORTS.into_iter().flat_map(|sort| ORDERS.map(|order| (sort, order))) {
            for limit in [1, 7, 100] {
                let query = ListQuery { filter: filter.clone(), sort, order, limit, after: None };
                let found = pages(&queue, query, || ());
                assert_eq!(found, sorted(expected.clone(), sort, order), "{filter:?} {sort:?} {order:?} {limit}");
            }
        }
    }
    let page = queue.list(&ListQuery { limit: 40, order: Order::Ascending, ..ListQuery::default() }).unwrap();
    assert_eq!((page.tasks, page.next), (records, None));
}

#[test]
fn what_is_submitted_between_pages_moves_nothing() {
    for (sort, order) in SORTS.into_iter().flat_map(|sort| ORDERS.map(|order| (sort, order))) {
        let folder = Folder::new();
        let queue = folder.queue();
        let records = filled(&queue);
        let known: Vec<TaskId> = records.iter().map(|record| record.id).collect();
        let count = std::cell::Cell::new(0);
        let found = pages(&queue, ListQuery { sort, order, limit: 6, ..ListQuery::default() }, || {
            // Before, among and behind the others by their moment; not for ever.
            if count.replace(count.get() + 1) < 20 {
                submitted(&queue, 900 + count.get() * 50 % 250);
            }
        });
        let old: Vec<TaskId> = found.into_iter().filter(|id| known.contains(id)).collect();
        assert_eq!(old, sorted(records, sort, order), "{sort:?} {order:?}");
    }
}

#[test]
fn a_token_belongs_to_its_list() {
    let folder = Folder::new();
    let queue = folder.queue();
    filled(&queue);
    let ask = |sort, order, after: &str| {
        queue.list(&ListQuery { sort, order, limit: 3, after: Some(after.to_owned()), ..ListQuery::default() })
    };
    for (sort, order) in SORTS.into_iter().flat_map(|sort| ORDERS.map(|order| (sort, order))) {
        let token = queue.list(&ListQuery { sort, order, limit: 3, ..ListQuery::default() }).unwrap().next.unwrap();
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)), "{token}");
        assert!(ask(sort, order, &token).is_ok());
        for (other, way) in SORTS.into_iter().flat_map(|sort| ORDERS.map(|order| (sort, order))) {
            if (other, way) != (sort, order) {
                assert!(matches!(ask(other, way, &token), Err(QueueError::BadToken)), "{token}");
            }
        }
        for wrong in
            ["", "é", "ia", &token[1..], &token[..token.len() - 1], &format!("{token} "), &token.to_uppercase()]
        {
            assert!(matches!(ask(sort, order, wrong), Err(QueueError::BadToken)), "{wrong}");
        }
    }
}
