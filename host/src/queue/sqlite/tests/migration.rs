//! Files of older versions.

use super::super::schema::{V1, VERSION};
use super::*;
use crate::queue::{ListQuery, Projects};
use crate::task::TaskState;

/// The tables and columns of a file.
fn tables(db: &Connection) -> Vec<(String, Vec<String>)> {
    let mut statement =
        db.prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'index') ORDER BY name").unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = |name: &String| {
        let mut statement = db.prepare("SELECT name FROM pragma_table_xinfo(?1)").unwrap();
        let columns = statement.query_map([name], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        (name.clone(), columns)
    };
    names.iter().map(columns).collect()
}

/// A file as version 1 wrote it, with a task that waits and one that ended, of two projects; their ids.
fn version_1(folder: &Folder) -> [TaskId; 2] {
    let db = folder.raw();
    db.execute_batch(&format!("{V1} PRAGMA user_version = 1;")).unwrap();
    let ids = [TaskId::new(), TaskId::new()];
    let spec = serde_json::to_string(&task(5, &[]).spec).unwrap();
    let progress = serde_json::to_string(&TaskProgress::default()).unwrap();
    let failure = serde_json::to_string(&broken()).unwrap();
    for (number, id) in (0_u32..).zip(&ids) {
        let (id, ended) = (id.to_string(), number == 1);
        let (state, project) = if ended { ("Failed", "other") } else { ("Queued", "default") };
        db.execute(
            "INSERT INTO tasks (id, project, state, attempt, created, started, ended, progress, intake_warnings, failure, user_data)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '[]', ?9, 'echo')",
            rusqlite::params![
                id, project, state, number, 5, ended.then_some(6), ended.then_some(7), progress, ended.then_some(&failure)
            ],
        )
        .unwrap();
        db.execute("INSERT INTO bodies (task, request, spec, plan) VALUES (?1, '{}', ?2, '{\"A\":1}')", [&id, &spec])
            .unwrap();
        db.execute("INSERT INTO events VALUES (?1, 1, 5, 'Submitted', 0, '')", [&id]).unwrap();
        db.execute("INSERT INTO tags VALUES (?1, 'customer', 'a')", [&id]).unwrap();
    }
    ids
}

#[test]
fn a_file_of_version_1_keeps_its_tasks() {
    let folder = Folder::new();
    let [waiting, failed] = version_1(&folder);
    let queue = folder.queue();
    let found = record(&queue, failed);
    assert_eq!((found.state, found.project.as_str(), found.ended), (TaskState::Failed, "other", Some(at(7))));
    assert_eq!((found.priority, queue.usage(failed).unwrap()), (0, None));
    assert_eq!((found.failure, found.user_data.as_deref()), (Some(broken()), Some("echo")));
    assert_eq!((found.tags["customer"].as_str(), found.event_id.as_str()), ("a", ""));
    assert_eq!(queue.plan(failed).unwrap(), Some(Some("{\"A\":1}".to_owned())));
    assert_eq!(queue.request(failed).unwrap().as_deref(), Some("{}"));
    assert_eq!(names(&queue, waiting), ["Submitted"]);
    assert_eq!(queue.list(&ListQuery { limit: 10, ..ListQuery::default() }).unwrap().tasks.len(), 2);
    // What waited runs, and what is new is taken.
    assert_eq!(leased(&queue).id, waiting);
    let new = submitted(&queue, 8);
    assert_eq!(record(&queue, new).event_id, "E");
    // Its projects are those of its tasks.
    for name in ["default", "other"] {
        let project = queue.project(name).unwrap().unwrap();
        assert_eq!((project.created, project.updated, project.settings), (at(5), at(5), Default::default()), "{name}");
    }
    assert_eq!(queue.project("none").unwrap(), None);
}

#[test]
fn an_older_file_becomes_what_a_new_one_is() {
    let (old, new) = (Folder::new(), Folder::new());
    version_1(&old);
    drop((old.queue(), new.queue()));
    assert_eq!(tables(&old.raw()), tables(&new.raw()));
    for folder in [old, new] {
        let version: i64 = folder.raw().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(version, VERSION);
        drop(folder.queue());
    }
}
