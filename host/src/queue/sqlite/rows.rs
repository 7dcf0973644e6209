//! Rows to values and back. A row that cannot be read is an error that names the task and the column.

use std::collections::BTreeMap;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use serde::de::DeserializeOwned;

use super::{json, outbox, projects};
use crate::queue::{Event, Lease, NewTask, Once, QueueError, Submitted, TaskRecord};
use crate::task::{
    CommitDirection, PluginRef, TaskId, TaskProgress, TaskSpec, TaskState, TaskUsage, Timestamp, Warning,
};

/// What a change that needs a lease compares and names.
pub(super) struct Hold {
    pub(super) id: TaskId,
    pub(super) key: String,
    pub(super) fence: i64,
    pub(super) attempt: u32,
}

impl Hold {
    pub(super) fn of(lease: &Lease) -> Self {
        // A fence over the range was never given, and -1 neither.
        let fence = i64::try_from(lease.fence).unwrap_or(-1);
        Self { id: lease.id, key: lease.id.to_string(), fence, attempt: lease.attempt }
    }

    pub(super) fn lost(&self) -> QueueError {
        QueueError::LeaseLost { id: self.id, attempt: self.attempt }
    }

    /// The answer to how many rows were changed.
    pub(super) fn held(&self, changed: usize) -> Result<(), QueueError> {
        if changed == 0 { Err(self.lost()) } else { Ok(()) }
    }
}

/// A new task as its rows.
pub(super) struct NewRow {
    id: TaskId,
    project: String,
    created: Timestamp,
    progress: String,
    warnings: String,
    user_data: Option<String>,
    request: String,
    spec: String,
    tags: BTreeMap<String, String>,
    priority: i32,
    once: Option<Once>,
    event_id: String,
    makes_project: bool,
    receivers: Vec<(u32, String)>,
}

impl NewRow {
    pub(super) fn of(task: &NewTask) -> Result<Self, QueueError> {
        Ok(Self {
            id: task.id,
            project: task.spec.project_name.clone(),
            created: task.created,
            progress: json(&TaskProgress::default())?,
            warnings: json(&task.spec.warnings)?,
            user_data: task.spec.user_data.clone(),
            request: task.request.clone(),
            spec: json(&task.spec)?,
            tags: task.spec.tags.clone(),
            priority: task.spec.priority,
            once: task.once.clone(),
            event_id: task.event_id.clone(),
            makes_project: task.makes_project,
            receivers: outbox::rows_of(&task.spec.receivers)?,
        })
    }

    pub(super) fn insert(&self, db: &Connection) -> Result<Submitted, QueueError> {
        if let Some(once) = &self.once
            && let Some(before) = submitted(db, &self.project, once)?
        {
            return Ok(before);
        }
        let (id, created) = (self.id.to_string(), self.created.millis());
        // In the same transaction: a project that is removed meanwhile gets no task any more.
        projects::needed(db, &self.project, self.makes_project, self.created)?;
        let new = db
            .prepare_cached(
                "INSERT INTO tasks
                     (id, project, state, created, progress, intake_warnings, user_data, event_id, priority)
                 VALUES (?1, ?2, 'Queued', ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                id,
                self.project,
                created,
                self.progress,
                self.warnings,
                self.user_data,
                self.event_id,
                self.priority
            ])?;
        if new == 0 {
            return Err(QueueError::Exists(self.id));
        }
        db.prepare_cached("INSERT INTO bodies (task, request, spec) VALUES (?1, ?2, ?3)")?.execute(params![
            id,
            self.request,
            self.spec
        ])?;
        let mut tag = db.prepare_cached("INSERT INTO tags (task, name, value) VALUES (?1, ?2, ?3)")?;
        for (name, value) in &self.tags {
            tag.execute(params![id, name, value])?;
        }
        if let Some(Once { key, digest }) = &self.once {
            db.prepare_cached("INSERT INTO submissions (project, key, digest, task) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![self.project, key, digest, id])?;
        }
        outbox::insert(db, &id, &self.receivers)?;
        event(db, &id, self.created, "Submitted", 0, "")?;
        Ok(Submitted::New)
    }
}

/// What a submission with this key finds.
pub(super) fn submitted(db: &Connection, project: &str, once: &Once) -> Result<Option<Submitted>, QueueError> {
    let mut statement = db.prepare_cached("SELECT task, digest FROM submissions WHERE project = ?1 AND key = ?2")?;
    let mut rows = statement.query(params![project, once.key])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let id: String = row.get("task")?;
    let row = Named { row, id: &id };
    let same = row.get::<String>("digest")? == once.digest;
    Ok(Some(if same { Submitted::Before(row.task()?) } else { Submitted::KeyInUse(row.task()?) }))
}

/// Writes a row of a task's history.
pub(super) fn event(
    db: &Connection,
    id: &str,
    time: Timestamp,
    event: &str,
    attempt: u32,
    detail: &str,
) -> Result<(), QueueError> {
    db.prepare_cached(
        "INSERT INTO events (task, number, time, event, attempt, detail)
         VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM events WHERE task = ?1), ?2, ?3, ?4, ?5)",
    )?
    .execute(params![id, time.millis(), event, attempt, detail])?;
    Ok(())
}

/// The history of a task, oldest first, but for the first ones that are `known`: they are numbered from 1 on without gaps.
pub(super) fn events(db: &Connection, id: &str, known: usize) -> Result<Vec<Event>, QueueError> {
    let mut statement = db.prepare_cached(
        "SELECT time, event, attempt, detail FROM events WHERE task = ?1 AND number > ?2 ORDER BY number",
    )?;
    let mut rows = statement.query(params![id, i64::try_from(known).unwrap_or(i64::MAX)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let row = Named { row, id };
        events.push(Event {
            time: row.moment("time")?,
            event: row.get("event")?,
            attempt: row.get("attempt")?,
            detail: row.get("detail")?,
        });
    }
    Ok(events)
}

/// The record of a task.
pub(super) fn record(db: &Connection, id: &str) -> Result<Option<TaskRecord>, QueueError> {
    let mut statement = db.prepare_cached("SELECT * FROM tasks WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let row = Named { row, id };
    let (state, direction) = (row.state()?, row.direction()?);
    let outputs_stand = state == TaskState::Succeeded
        || (state == TaskState::Committing && direction == Some(CommitDirection::Forward));
    let mut warnings: Vec<Warning> = Vec::new();
    for column in ["intake_warnings", "plan_warnings", "run_warnings"] {
        for warning in row.json::<Vec<Warning>>(column)? {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    Ok(Some(TaskRecord {
        id: row.task()?,
        project: row.get("project")?,
        state,
        attempt: row.get("attempt")?,
        retries: row.get("retries")?,
        priority: row.get("priority")?,
        created: row.moment("created")?,
        started: row.get::<Option<i64>>("started")?.map(Timestamp::from_millis),
        ended: row.get::<Option<i64>>("ended")?.map(Timestamp::from_millis),
        progress: row.json("progress")?,
        outputs: if outputs_stand { row.maybe_json("outputs")?.unwrap_or_default() } else { Vec::new() },
        warnings,
        failure: row.maybe_json("failure")?,
        cancel_requested: row.get("cancel_requested")?,
        tags: tags(db, id)?,
        user_data: row.get("user_data")?,
        event_id: row.get("event_id")?,
    }))
}

/// The plugins that a task runs.
pub(super) fn plugins(db: &Connection, id: &str) -> Result<Vec<PluginRef>, QueueError> {
    let mut statement = db.prepare_cached("SELECT spec FROM bodies WHERE task = ?1")?;
    let Some(spec) = statement.query_row([id], |row| row.get::<_, String>(0)).optional()? else {
        return Ok(Vec::new());
    };
    // The record of a task that an older version ran can be shown, though its spec is no longer understood.
    let spec: Option<TaskSpec> = serde_json::from_str(&spec).ok();
    Ok(spec.iter().flat_map(|spec| spec.plugins()).cloned().collect())
}

/// What the worker of a task used. Figures of another version that are not understood are none.
pub(super) fn usage(db: &Connection, id: &str) -> Result<Option<TaskUsage>, QueueError> {
    let mut statement = db.prepare_cached("SELECT usage FROM bodies WHERE task = ?1")?;
    let text: Option<Option<String>> = statement.query_row([id], |row| row.get(0)).optional()?;
    Ok(text.flatten().and_then(|text| serde_json::from_str(&text).ok()))
}

/// Tasks that have not ended and whose spec has this digest in it, oldest first.
pub(super) fn using(db: &Connection, digest: &str, limit: u32) -> Result<Vec<TaskId>, QueueError> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM tasks JOIN bodies ON task = id
         WHERE state IN ('Queued', 'Running', 'Committing') AND instr(spec, ?1) > 0 ORDER BY id LIMIT ?2",
    )?;
    ids(statement.query(params![digest, limit])?)
}

/// The tasks whose ids are the first column of these rows.
pub(super) fn ids(mut rows: Rows<'_>) -> Result<Vec<TaskId>, QueueError> {
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        tasks.push(Named { row, id: &id }.task()?);
    }
    Ok(tasks)
}

fn tags(db: &Connection, id: &str) -> Result<BTreeMap<String, String>, QueueError> {
    let mut statement = db.prepare_cached("SELECT name, value FROM tags WHERE task = ?1")?;
    let tags = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(tags.collect::<Result<_, _>>()?)
}

/// A row of a task, whose errors name the task and the column.
pub(super) struct Named<'r, 's> {
    pub(super) row: &'r Row<'s>,
    pub(super) id: &'r str,
}

impl Named<'_, '_> {
    pub(super) fn bad(&self, column: &str, why: impl std::fmt::Display) -> QueueError {
        QueueError::Database(format!("{}, column `{column}`: {why}", self.id))
    }

    pub(super) fn get<T: FromSql>(&self, column: &str) -> Result<T, QueueError> {
        self.row.get(column).map_err(|error| self.bad(column, error))
    }

    /// The id, which came from the same row.
    pub(super) fn task(&self) -> Result<TaskId, QueueError> {
        self.id.parse().map_err(|error| self.bad("id", error))
    }

    pub(super) fn moment(&self, column: &str) -> Result<Timestamp, QueueError> {
        Ok(Timestamp::from_millis(self.get(column)?))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, QueueError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|error| self.bad(column, error))
    }

    pub(super) fn maybe_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, QueueError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| self.bad(column, error))).transpose()
    }

    pub(super) fn state(&self) -> Result<TaskState, QueueError> {
        let name: String = self.get("state")?;
        let state = TaskState::ALL.iter().copied().find(|state| state.name() == name);
        state.ok_or_else(|| self.bad("state", format!("there is no state `{name}`")))
    }

    pub(super) fn direction(&self) -> Result<Option<CommitDirection>, QueueError> {
        match self.get::<Option<String>>("direction")?.as_deref() {
            None => Ok(None),
            Some("Forward") => Ok(Some(CommitDirection::Forward)),
            Some("Back") => Ok(Some(CommitDirection::Back)),
            Some(other) => Err(self.bad("direction", format!("there is no direction `{other}`"))),
        }
    }
}
