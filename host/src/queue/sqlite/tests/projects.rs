//! Projects, and the tasks that keep them.

use std::collections::BTreeSet;

use super::*;
use crate::queue::{DeletedProject, ProjectQuery, Projects, PutMode, PutProject, QueueError};
use crate::task::{ProjectChanges, ProjectSettings};

fn described(text: &str) -> ProjectChanges {
    ProjectChanges { description: Some(text.to_owned()), ..ProjectChanges::default() }
}

fn tagged(tags: &[(&str, &str)]) -> ProjectChanges {
    let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ProjectChanges { tags: Some(tags), ..ProjectChanges::default() }
}

#[test]
fn are_made_changed_and_replaced() {
    let folder = Folder::new();
    let queue = folder.queue();
    assert_eq!(queue.put_project("p", &described("x"), PutMode::Update, at(1)).unwrap(), PutProject::Unknown);
    let PutProject::Created(made) = queue.put_project("p", &described("first"), PutMode::Create, at(1)).unwrap() else {
        panic!("it is new")
    };
    assert_eq!((made.created, made.updated, made.settings.description.as_str()), (at(1), at(1), "first"));
    assert_eq!(queue.put_project("p", &described("again"), PutMode::Create, at(2)).unwrap(), PutProject::Exists);
    assert_eq!(queue.project("p").unwrap(), Some(made));
    let PutProject::Changed(changed) = queue.put_project("p", &tagged(&[("a", "b")]), PutMode::Update, at(3)).unwrap()
    else {
        panic!("it is there")
    };
    assert_eq!((changed.created, changed.updated), (at(1), at(3)));
    assert_eq!((changed.settings.description.as_str(), changed.settings.tags["a"].as_str()), ("first", "b"));
    let PutProject::Changed(replaced) =
        queue.put_project("p", &ProjectChanges::default(), PutMode::Replace, at(4)).unwrap()
    else {
        panic!("it is there")
    };
    assert_eq!((replaced.created, &replaced.settings), (at(1), &ProjectSettings::default()));
    drop(queue);
    assert_eq!(folder.queue().project("p").unwrap(), Some(replaced), "it is in the file");
}

#[test]
fn are_listed_by_name_prefix_and_tag() {
    let folder = Folder::new();
    let queue = folder.queue();
    for name in ["b2", "a", "b1", "c", "b3"] {
        let both = [("kind", name), ("all", "")];
        let changes = tagged(if name == "b2" { &[] } else { &both });
        queue.put_project(name, &changes, PutMode::Create, at(1)).unwrap();
    }
    let list = |query: ProjectQuery| {
        let page = queue.list_projects(&query).unwrap();
        (page.projects.into_iter().map(|project| project.name).collect::<Vec<_>>(), page.next)
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let all = ProjectQuery { limit: 10, ..ProjectQuery::default() };
    assert_eq!(list(all.clone()), (names(&["a", "b1", "b2", "b3", "c"]), None));
    let first = list(ProjectQuery { limit: 2, ..all.clone() });
    assert_eq!(first, (names(&["a", "b1"]), Some("b1".to_owned())));
    let second = list(ProjectQuery { limit: 3, after: first.1, ..all.clone() });
    assert_eq!(second, (names(&["b2", "b3", "c"]), None), "the last page is full, and says that it is the last");
    assert_eq!(list(ProjectQuery { prefix: "b".into(), ..all.clone() }).0, ["b1", "b2", "b3"]);
    assert_eq!(list(ProjectQuery { prefix: "b".into(), after: Some("b1".into()), ..all.clone() }).0, ["b2", "b3"]);
    let tag = |value: Option<&str>| vec![("kind".to_owned(), value.map(str::to_owned))];
    assert_eq!(list(ProjectQuery { tags: tag(None), ..all.clone() }).0, ["a", "b1", "b3", "c"]);
    assert_eq!(list(ProjectQuery { tags: tag(Some("c")), ..all.clone() }).0, ["c"]);
    let among = BTreeSet::from(["b2".to_owned(), "c".to_owned(), "none".to_owned()]);
    assert_eq!(list(ProjectQuery { among: Some(among), ..all }).0, ["b2", "c"]);
}

#[test]
fn stay_as_long_as_their_tasks_run() {
    let folder = Folder::new();
    let queue = folder.queue();
    let id = submitted(&queue, 1);
    assert_eq!(queue.project("default").unwrap().unwrap().created, at(1), "made by its first task");
    assert_eq!(queue.delete_project("default").unwrap(), DeletedProject::Live(vec![id]));
    let lease = leased(&queue);
    assert_eq!(queue.delete_project("default").unwrap(), DeletedProject::Live(vec![id]));
    queue.fail(&lease, at(2), &broken()).unwrap();
    assert_eq!(queue.delete_project("default").unwrap(), DeletedProject::Deleted);
    assert_eq!(queue.delete_project("default").unwrap(), DeletedProject::Unknown);
    assert_eq!(record(&queue, id).project, "default", "the record stays");
}

#[test]
fn a_task_of_an_unknown_project_is_not_taken() {
    let folder = Folder::new();
    let queue = folder.queue();
    let new = NewTask { makes_project: false, ..task(1, &[]) };
    assert!(matches!(queue.submit(&new), Err(QueueError::NoProject(name)) if name == "default"));
    assert!(queue.get(new.id).unwrap().is_none() && queue.project("default").unwrap().is_none());
    queue.put_project("default", &described("there"), PutMode::Create, at(1)).unwrap();
    queue.submit(&new).unwrap();
    assert_eq!(queue.project("default").unwrap().unwrap().settings.description, "there");
}
