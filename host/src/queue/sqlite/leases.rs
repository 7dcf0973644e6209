//! Taking a task, keeping it, planning it.

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{Hold, Named, event};
use super::{json, release};
use crate::queue::{Lease, QueueError, Renewed};
use crate::task::{ErrorCode, Failure, Stage, TaskProgress, Timestamp};

pub(super) fn lease(
    db: &Connection,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, QueueError> {
    // Each turn of the loop takes a task out of the queue.
    while let Some(project) = whose_turn(db)? {
        let Some((id, first)) = first_of(db, &project)? else { return Ok(None) };
        let lease = match first {
            Ok(lease) => lease,
            Err(QueueError::Database(why)) => {
                // Left where it is, it would be the oldest for ever, and nothing behind it would run.
                tracing::error!(task = id, why, "a queued task cannot be read and fails");
                let message = format!("the task database holds a task that this version cannot read: {why}");
                release::end_failed(db, &id, now, &Failure::new(ErrorCode::Internal, Stage::Run, message))?;
                continue;
            }
            Err(other) => return Err(other),
        };
        db.prepare_cached(
            "UPDATE tasks SET state = 'Running', attempt = ?2, fence = fence + 1, owner = ?3, lease_until = ?4,
                started = coalesce(started, ?5), progress = ?6
             WHERE id = ?1 AND state = 'Queued'",
        )?
        .execute(params![
            id,
            lease.attempt,
            owner,
            until.millis(),
            now.millis(),
            json(&TaskProgress::default())?
        ])?;
        db.prepare_cached(
            "INSERT INTO turns (project, turn) VALUES (?1, (SELECT coalesce(max(turn), 0) + 1 FROM turns))
             ON CONFLICT (project) DO UPDATE SET turn = excluded.turn",
        )?
        .execute([&project])?;
        event(db, &id, now, "Leased", lease.attempt, owner)?;
        return Ok(Some(lease));
    }
    Ok(None)
}

/// A task that waits: its raw id, and its next lease, if the row can be read.
type Waiting = (String, Result<Lease, QueueError>);

/// The project whose task runs next, of those that have one waiting.
fn whose_turn(db: &Connection) -> Result<Option<String>, QueueError> {
    // One step in `tasks_waiting` for each project, however many tasks it has waiting.
    let mut statement = db.prepare_cached(
        "WITH RECURSIVE waiting (name) AS (
             SELECT min(project) FROM tasks WHERE state = 'Queued'
             UNION ALL
             SELECT (SELECT min(project) FROM tasks WHERE state = 'Queued' AND project > name) FROM waiting
             WHERE name IS NOT NULL
         ), busy (name, running) AS (
             SELECT project, count(*) FROM tasks WHERE state IN ('Running', 'Committing') GROUP BY project
         )
         SELECT name FROM waiting LEFT JOIN busy USING (name) LEFT JOIN turns ON turns.project = name
         WHERE name IS NOT NULL ORDER BY coalesce(running, 0), coalesce(turn, 0), name LIMIT 1",
    )?;
    Ok(statement.query_row([], |row| row.get(0)).optional()?)
}

/// The task of this project that runs next.
fn first_of(db: &Connection, project: &str) -> Result<Option<Waiting>, QueueError> {
    let mut statement = db.prepare_cached(
        "SELECT id, attempt, fence, created, spec FROM tasks LEFT JOIN bodies ON task = id
         WHERE state = 'Queued' AND project = ?1 ORDER BY priority DESC, created, id LIMIT 1",
    )?;
    let mut rows = statement.query([project])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let id: String = row.get("id")?;
    let lease = next_lease(&Named { row, id: &id }, 1);
    Ok(Some((id, lease)))
}

/// The lease that follows the one in this row: the fence is one higher, the attempt so many.
pub(super) fn next_lease(row: &Named<'_, '_>, attempts: u32) -> Result<Lease, QueueError> {
    Ok(Lease {
        id: row.task()?,
        attempt: row.get::<u32>("attempt")?.saturating_add(attempts),
        fence: row.get::<i64>("fence")?.unsigned_abs().saturating_add(1),
        spec: row.json("spec")?,
        created: row.moment("created")?,
    })
}

pub(super) fn renew(db: &Connection, hold: &Hold, until: Timestamp, progress: &str) -> Result<Renewed, QueueError> {
    let mut statement = db.prepare_cached(
        "UPDATE tasks SET lease_until = ?3, progress = ?4
         WHERE id = ?1 AND fence = ?2 AND state IN ('Running', 'Committing') RETURNING cancel_requested",
    )?;
    let canceled: Option<bool> =
        statement.query_row(params![hold.key, hold.fence, until.millis(), progress], |row| row.get(0)).optional()?;
    match canceled {
        None => Err(hold.lost()),
        Some(true) => Ok(Renewed::CancelRequested),
        Some(false) => Ok(Renewed::Held),
    }
}

pub(super) fn keep(db: &Connection, hold: &Hold, until: Timestamp) -> Result<(), QueueError> {
    let changed = db
        .prepare_cached(
            "UPDATE tasks SET lease_until = ?3 WHERE id = ?1 AND fence = ?2 AND state IN ('Running', 'Committing')",
        )?
        .execute(params![hold.key, hold.fence, until.millis()])?;
    hold.held(changed)
}

pub(super) fn log(db: &Connection, hold: &Hold, lines: &[(Timestamp, String)]) -> Result<(), QueueError> {
    let held = db
        .prepare_cached("SELECT 1 FROM tasks WHERE id = ?1 AND fence = ?2 AND state = 'Running'")?
        .exists(params![hold.key, hold.fence])?;
    if !held {
        return Err(hold.lost());
    }
    lines.iter().try_for_each(|(time, line)| event(db, &hold.key, *time, "Log", hold.attempt, line))
}

pub(super) fn planned(
    db: &Connection,
    hold: &Hold,
    now: Timestamp,
    plan: &str,
    warnings: &str,
) -> Result<(), QueueError> {
    let changed = db
        .prepare_cached("UPDATE tasks SET plan_warnings = ?3 WHERE id = ?1 AND fence = ?2 AND state = 'Running'")?
        .execute(params![hold.key, hold.fence, warnings])?;
    hold.held(changed)?;
    db.prepare_cached("UPDATE bodies SET plan = ?2 WHERE task = ?1")?.execute(params![hold.key, plan])?;
    event(db, &hold.key, now, "Planned", hold.attempt, "")
}
