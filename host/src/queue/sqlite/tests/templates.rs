//! Templates, and the projects that they go with.

use super::*;
use crate::queue::{MAX_TEMPLATES, Projects, PutMode, PutTemplate, QueueError, Template, Templates};
use crate::task::ProjectChanges;

fn with_projects() -> (Folder, SqliteQueue) {
    let folder = Folder::new();
    let queue = folder.queue();
    for name in ["p", "q"] {
        queue.put_project(name, &ProjectChanges::default(), PutMode::Create, at(1)).unwrap();
    }
    (folder, queue)
}

#[test]
fn are_made_replaced_listed_and_removed() {
    let (folder, queue) = with_projects();
    let of = |created, updated| Template { name: "web".to_owned(), created: at(created), updated: at(updated) };
    assert_eq!(queue.put_template("p", "web", "{}", at(2)).unwrap(), PutTemplate::Created(of(2, 2)));
    assert_eq!(queue.put_template("p", "web", "{\"a\":1}", at(3)).unwrap(), PutTemplate::Changed(of(2, 3)));
    queue.put_template("p", "archive", "{}", at(4)).unwrap();
    queue.put_template("q", "web", "{\"b\":1}", at(5)).unwrap();
    drop(queue);
    let queue = folder.queue();
    assert_eq!(queue.template("p", "web").unwrap(), Some((of(2, 3), "{\"a\":1}".to_owned())));
    let names = |project| queue.list_templates(project).unwrap().into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(
        (names("p"), names("q"), names("none")),
        (vec!["archive".into(), "web".into()], vec!["web".into()], vec![])
    );
    assert!(queue.delete_template("p", "web").unwrap() && !queue.delete_template("p", "web").unwrap());
    assert_eq!(queue.template("p", "web").unwrap(), None);
    assert!(queue.template("q", "web").unwrap().is_some());
    let error = queue.put_template("none", "web", "{}", at(6)).unwrap_err();
    assert!(matches!(error, QueueError::NoProject(_)), "{error}");
}

#[test]
fn go_with_their_project_and_stay_when_it_changes() {
    let (_folder, queue) = with_projects();
    queue.put_template("p", "web", "{}", at(2)).unwrap();
    queue.put_project("p", &ProjectChanges::default(), PutMode::Replace, at(3)).unwrap();
    assert_eq!(queue.list_templates("p").unwrap().len(), 1);
    queue.delete_project("p").unwrap();
    queue.put_project("p", &ProjectChanges::default(), PutMode::Create, at(4)).unwrap();
    assert!(queue.list_templates("p").unwrap().is_empty());
}

#[test]
fn a_project_has_so_many_and_no_more() {
    let (_folder, queue) = with_projects();
    for number in 0..MAX_TEMPLATES {
        queue.put_template("p", &number.to_string(), "{}", at(2)).unwrap();
    }
    assert_eq!(queue.put_template("p", "one-more", "{}", at(3)).unwrap(), PutTemplate::TooMany);
    assert!(matches!(queue.put_template("p", "7", "{}", at(3)).unwrap(), PutTemplate::Changed(_)));
    assert!(matches!(queue.put_template("q", "one-more", "{}", at(3)).unwrap(), PutTemplate::Created(_)));
}
