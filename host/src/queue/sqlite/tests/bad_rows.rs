//! Rows that this version cannot read.

use super::*;
use crate::queue::{ListQuery, QueueError};
use crate::task::TaskState;

#[test]
fn are_told_with_task_and_column() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    let raw = folder.raw();
    for column in ["progress", "intake_warnings", "plan_warnings", "run_warnings", "failure"] {
        raw.execute(&format!("UPDATE tasks SET {column} = '[bad'"), []).unwrap();
        for answer in [queue.get(id).map(drop), queue.list(&ListQuery { limit: 1, ..ListQuery::default() }).map(drop)] {
            let Err(QueueError::Database(message)) = answer else { panic!("{column} was read") };
            assert!(message.contains(&id.to_string()) && message.contains(&format!("`{column}`")), "{message}");
        }
        let good = if column == "progress" { "'{\"Percent\":0}'" } else { "'[]'" };
        let good = if column == "failure" { "NULL" } else { good };
        raw.execute(&format!("UPDATE tasks SET {column} = {good}"), []).unwrap();
        assert!(queue.get(id).is_ok());
    }
    raw.execute("UPDATE tasks SET attempt = -1", []).unwrap();
    assert!(matches!(queue.get(id), Err(QueueError::Database(message)) if message.contains("`attempt`")));
}

#[test]
fn do_not_block_the_queue() {
    let folder = Folder::new();
    let queue = folder.queue();
    let bad = [submitted(&queue, 1), submitted(&queue, 2), submitted(&queue, 3)];
    let good = submitted(&queue, 4);
    let raw = folder.raw();
    raw.execute("UPDATE bodies SET spec = '{}' WHERE task = ?1", [bad[0].to_string()]).unwrap();
    raw.execute("DELETE FROM bodies WHERE task = ?1", [bad[1].to_string()]).unwrap();
    raw.execute("UPDATE tasks SET attempt = 5000000000 WHERE id = ?1", [bad[2].to_string()]).unwrap();
    assert_eq!(leased(&queue).id, good);
    for id in &bad[..2] {
        let ended = record(&queue, *id);
        let failure = ended.failure.unwrap();
        assert_eq!((ended.state, failure.code, ended.ended), (TaskState::Failed, ErrorCode::Internal, Some(at(100))));
        assert!(failure.message.contains("`spec`"), "{failure}");
        assert_eq!(names(&queue, *id), ["Submitted", "Failed"]);
    }
    assert_eq!(names(&queue, bad[2]), ["Submitted", "Failed"]);
}

#[test]
fn do_not_block_other_commits_and_are_not_ended() {
    let folder = Folder::new();
    let queue = folder.queue();
    let (bad, good) = (submitted(&queue, 1), submitted(&queue, 2));
    begin(&queue, &leased(&queue));
    begin(&queue, &leased(&queue));
    folder.raw().execute("UPDATE bodies SET journal = 'x' WHERE task = ?1", [bad.to_string()]).unwrap();
    let adopted = queue.adopt("b", None, at(1000), at(2000)).unwrap().unwrap();
    assert_eq!(adopted.lease.id, good);
    let answer = queue.adopt("b", None, at(1000), at(2000));
    assert!(matches!(answer, Err(QueueError::Database(message)) if message.contains("`journal`")));
    assert_eq!(record(&queue, bad).state, TaskState::Committing);
}
