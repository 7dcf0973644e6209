//! Projects in the queue's database, beside the tasks that belong to them.

use std::collections::BTreeSet;

use super::QueueError;
use crate::task::{ProjectChanges, ProjectSettings, TaskId, Timestamp};

/// One project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last; at first, when it was made.
    pub updated: Timestamp,
    /// What it says of itself.
    pub settings: ProjectSettings,
}

/// What becomes of a project that is there, and of one that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// One that is there stays as it is.
    Create,
    /// What is not named stays as it is. One that is not there is not made.
    Update,
    /// It is made, or what is not named becomes the default.
    Replace,
}

/// Answer of [`Projects::put_project`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutProject {
    /// It was made.
    Created(Project),
    /// It was there, and has changed.
    Changed(Project),
    /// It is there, and was left alone.
    Exists,
    /// It is not there, and was not made.
    Unknown,
}

/// Answer of [`Projects::delete_project`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeletedProject {
    /// It is gone. The records of its tasks, all of which have ended, stay until they are removed.
    Deleted,
    /// It has tasks that have not ended, such as these: nothing was changed.
    Live(Vec<TaskId>),
    /// There is no such project.
    Unknown,
}

/// Which projects are listed, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectQuery {
    /// Only these; `None`: all.
    pub among: Option<BTreeSet<String>>,
    /// Only those whose names begin with it.
    pub prefix: String,
    /// Only those that have all these tags; `None` as a value: any.
    pub tags: Vec<(String, Option<String>)>,
    /// At most so many, from 1.
    pub limit: u32,
    /// Only those behind this name: [`ProjectPage::next`] of the page before.
    pub after: Option<String>,
}

/// A page of projects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectPage {
    /// The projects.
    pub projects: Vec<Project>,
    /// For the next page; `None` on the last one.
    pub next: Option<String>,
}

/// The projects of a queue. Each method is one transaction.
pub trait Projects: Send + Sync {
    /// One project.
    fn project(&self, name: &str) -> Result<Option<Project>, QueueError>;

    /// A page of projects.
    fn list_projects(&self, query: &ProjectQuery) -> Result<ProjectPage, QueueError>;

    /// Makes or changes a project.
    fn put_project(
        &self,
        name: &str,
        changes: &ProjectChanges,
        mode: PutMode,
        now: Timestamp,
    ) -> Result<PutProject, QueueError>;

    /// Removes a project, unless it has tasks that have not ended.
    fn delete_project(&self, name: &str) -> Result<DeletedProject, QueueError>;
}
