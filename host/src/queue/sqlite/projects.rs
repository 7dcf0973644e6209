//! Projects. There are few of them: a list looks at each.

use rusqlite::{Connection, Row, params};

use super::rows::{Named, ids};
use super::{SqliteQueue, json};
use crate::queue::{DeletedProject, Project, ProjectPage, ProjectQuery, Projects, PutMode, PutProject, QueueError};
use crate::task::{ProjectChanges, ProjectSettings, TaskId, Timestamp};

/// How many tasks a refusal names.
const NAMED: u32 = 3;

impl Projects for SqliteQueue {
    fn project(&self, name: &str) -> Result<Option<Project>, QueueError> {
        self.read(|db| one(db, name))
    }

    fn list_projects(&self, query: &ProjectQuery) -> Result<ProjectPage, QueueError> {
        self.read(|db| page(db, query))
    }

    fn put_project(
        &self,
        name: &str,
        changes: &ProjectChanges,
        mode: PutMode,
        now: Timestamp,
    ) -> Result<PutProject, QueueError> {
        let (name, changes) = (name.to_owned(), changes.clone());
        self.write(move |db| put(db, &name, &changes, mode, now))
    }

    fn delete_project(&self, name: &str) -> Result<DeletedProject, QueueError> {
        let name = name.to_owned();
        self.write(move |db| delete(db, &name))
    }
}

/// The project of a new task is there, or is made.
pub(super) fn needed(db: &Connection, name: &str, makes: bool, now: Timestamp) -> Result<(), QueueError> {
    if db.prepare_cached("SELECT 1 FROM projects WHERE name = ?1")?.exists([name])? {
        return Ok(());
    }
    if !makes {
        return Err(QueueError::NoProject(name.to_owned()));
    }
    let project = Project { name: name.to_owned(), created: now, updated: now, settings: ProjectSettings::default() };
    write(db, &project)
}

fn one(db: &Connection, name: &str) -> Result<Option<Project>, QueueError> {
    let mut statement = db.prepare_cached("SELECT * FROM projects WHERE name = ?1")?;
    let mut rows = statement.query([name])?;
    rows.next()?.map(project).transpose()
}

fn project(row: &Row<'_>) -> Result<Project, QueueError> {
    let name: String = row.get("name")?;
    let row = Named { row, id: &name };
    let (created, updated, settings) = (row.moment("created")?, row.moment("updated")?, row.json("settings")?);
    Ok(Project { name, created, updated, settings })
}

fn page(db: &Connection, query: &ProjectQuery) -> Result<ProjectPage, QueueError> {
    let limit = query.limit.max(1) as usize;
    let mut statement = db.prepare_cached("SELECT * FROM projects WHERE name > ?1 AND name >= ?2 ORDER BY name")?;
    let mut rows = statement.query(params![query.after.as_deref().unwrap_or_default(), query.prefix])?;
    let mut page = ProjectPage::default();
    while let Some(row) = rows.next()? {
        let project = project(row)?;
        if !project.name.starts_with(&query.prefix) {
            break;
        }
        if !matches(query, &project) {
            continue;
        }
        if page.projects.len() == limit {
            page.next = page.projects.last().map(|last| last.name.clone());
            break;
        }
        page.projects.push(project);
    }
    Ok(page)
}

fn matches(query: &ProjectQuery, project: &Project) -> bool {
    let tagged = |(name, value): &(String, Option<String>)| {
        let found = project.settings.tags.get(name);
        found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
    };
    query.among.as_ref().is_none_or(|among| among.contains(&project.name)) && query.tags.iter().all(tagged)
}

fn put(
    db: &Connection,
    name: &str,
    changes: &ProjectChanges,
    mode: PutMode,
    now: Timestamp,
) -> Result<PutProject, QueueError> {
    let before = one(db, name)?;
    let (base, created) = match (&before, mode) {
        (Some(_), PutMode::Create) => return Ok(PutProject::Exists),
        (None, PutMode::Update) => return Ok(PutProject::Unknown),
        (Some(before), PutMode::Update) => (before.settings.clone(), before.created),
        (Some(before), PutMode::Replace) => (ProjectSettings::default(), before.created),
        (None, PutMode::Create | PutMode::Replace) => (ProjectSettings::default(), now),
    };
    let project = Project { name: name.to_owned(), created, updated: now, settings: changes.on(&base) };
    write(db, &project)?;
    Ok(if before.is_some() { PutProject::Changed(project) } else { PutProject::Created(project) })
}

fn write(db: &Connection, project: &Project) -> Result<(), QueueError> {
    let (created, updated) = (project.created.millis(), project.updated.millis());
    // No row is replaced: its templates would go with it.
    db.prepare_cached(
        "INSERT INTO projects (name, created, updated, settings) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET updated = excluded.updated, settings = excluded.settings",
    )?
    .execute(params![project.name, created, updated, json(&project.settings)?])?;
    Ok(())
}

fn delete(db: &Connection, name: &str) -> Result<DeletedProject, QueueError> {
    let live = live(db, name)?;
    if !live.is_empty() {
        return Ok(DeletedProject::Live(live));
    }
    let gone = db.prepare_cached("DELETE FROM projects WHERE name = ?1")?.execute([name])?;
    Ok(if gone == 0 { DeletedProject::Unknown } else { DeletedProject::Deleted })
}

/// Some tasks of a project that have not ended, oldest first.
fn live(db: &Connection, project: &str) -> Result<Vec<TaskId>, QueueError> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM tasks WHERE state IN ('Queued', 'Running', 'Committing') AND project = ?1 ORDER BY id LIMIT ?2",
    )?;
    ids(statement.query(params![project, NAMED])?)
}
