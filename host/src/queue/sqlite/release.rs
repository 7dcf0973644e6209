//! Letting go of a task: failing, handing back, cancelling, deleting.

use rusqlite::{Connection, params};

use super::rows::{Hold, Named, event};
use super::{json, outbox};
use crate::queue::{CancelAnswer, DeleteAnswer, MAX_RETRIES, QueueError, Retried};
use crate::task::{ErrorCode, Failure, Stage, TaskProgress, TaskState, Timestamp};

pub(super) fn fail(db: &Connection, hold: &Hold, now: Timestamp, failure: &Failure) -> Result<(), QueueError> {
    held_running(db, hold)?;
    end_failed(db, &hold.key, now, failure)
}

/// Ends a task that has not ended with this failure.
pub(super) fn end_failed(db: &Connection, id: &str, now: Timestamp, failure: &Failure) -> Result<(), QueueError> {
    end_failed_as(db, id, now, Some(&json(failure)?), &failure.to_string())
}

/// The same with a failure as it is kept. Outputs and journal are dropped, and who held the task holds it no more.
pub(super) fn end_failed_as(
    db: &Connection,
    id: &str,
    now: Timestamp,
    failure: Option<&str>,
    detail: &str,
) -> Result<(), QueueError> {
    db.prepare_cached(
        "UPDATE tasks SET state = 'Failed', ended = ?2, failure = ?3, outputs = NULL, direction = NULL, owner = NULL,
            lease_until = NULL, fence = fence + 1
         WHERE id = ?1",
    )?
    .execute(params![id, now.millis(), failure])?;
    db.prepare_cached("UPDATE bodies SET journal = NULL WHERE task = ?1 AND journal IS NOT NULL")?.execute([id])?;
    outbox::arm(db, id, now)?;
    event(db, id, now, "Failed", attempt(db, id)?, detail)
}

/// Number of the newest attempt; 0 for a number that cannot be: the history is no reason to keep a task from ending.
fn attempt(db: &Connection, id: &str) -> Result<u32, QueueError> {
    let number: i64 =
        db.prepare_cached("SELECT attempt FROM tasks WHERE id = ?1")?.query_row([id], |row| row.get(0))?;
    Ok(u32::try_from(number).unwrap_or(0))
}

fn held_running(db: &Connection, hold: &Hold) -> Result<(), QueueError> {
    let held = db
        .prepare_cached("SELECT 1 FROM tasks WHERE id = ?1 AND fence = ?2 AND state = 'Running'")?
        .exists(params![hold.key, hold.fence])?;
    if held { Ok(()) } else { Err(hold.lost()) }
}

pub(super) fn hand_back(
    db: &Connection,
    hold: &Hold,
    now: Timestamp,
    reason: &str,
    counts: bool,
) -> Result<Retried, QueueError> {
    held_running(db, hold)?;
    release(db, &hold.key, now, reason, counts)
}

pub(super) fn lapse(db: &Connection, now: Timestamp, owner: Option<&str>) -> Result<usize, QueueError> {
    let lost: Vec<(String, bool)> = db
        .prepare_cached(
            "SELECT id, lease_until <= ?1 FROM tasks WHERE state = 'Running' AND (lease_until <= ?1 OR owner = ?2)",
        )?
        .query_map(params![now.millis(), owner], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (id, lapsed) in &lost {
        let reason = if *lapsed { "its lease lapsed" } else { "the server that ran it was started anew" };
        release(db, id, now, reason, true)?;
    }
    Ok(lost.len())
}

/// Takes a `Running` task from its holder.
fn release(db: &Connection, id: &str, now: Timestamp, reason: &str, counts: bool) -> Result<Retried, QueueError> {
    let (canceled, retries): (bool, i64) = db
        .prepare_cached("SELECT cancel_requested, retries FROM tasks WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if canceled {
        end_failed(db, id, now, &Failure::canceled(Stage::Run))?;
        return Ok(Retried::Failed);
    }
    let ends = retries.saturating_add(counts.into());
    if ends > i64::from(MAX_RETRIES) {
        let message = format!("the process that ran the task ended {ends} times: {reason}");
        end_failed(db, id, now, &Failure::new(ErrorCode::WorkerLost, Stage::Run, message))?;
        return Ok(Retried::Failed);
    }
    db.prepare_cached(
        "UPDATE tasks SET state = 'Queued', retries = ?2, progress = ?3, owner = NULL, lease_until = NULL,
            fence = fence + 1
         WHERE id = ?1",
    )?
    .execute(params![id, ends, json(&TaskProgress::default())?])?;
    event(db, id, now, "HandedBack", attempt(db, id)?, reason)?;
    Ok(Retried::Queued)
}

pub(super) fn cancel(db: &Connection, id: &str, now: Timestamp) -> Result<CancelAnswer, QueueError> {
    let Some((state, asked)) = state(db, id)? else { return Ok(CancelAnswer::Unknown) };
    match state {
        TaskState::Queued => {
            ask(db, id)?;
            end_failed(db, id, now, &Failure::canceled(Stage::Run))?;
            Ok(CancelAnswer::Canceled)
        }
        TaskState::Running => {
            if !asked {
                ask(db, id)?;
                event(db, id, now, "CancelRequested", attempt(db, id)?, "")?;
            }
            Ok(CancelAnswer::Requested)
        }
        TaskState::Committing => Ok(CancelAnswer::Committing),
        TaskState::Succeeded | TaskState::Failed => Ok(CancelAnswer::Ended(state)),
    }
}

fn ask(db: &Connection, id: &str) -> Result<(), QueueError> {
    db.prepare_cached("UPDATE tasks SET cancel_requested = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

pub(super) fn delete(db: &Connection, id: &str) -> Result<DeleteAnswer, QueueError> {
    match state(db, id)? {
        None => Ok(DeleteAnswer::Unknown),
        Some((state, _)) if !state.has_ended() => Ok(DeleteAnswer::Live(state)),
        Some(_) => {
            // Tags, history and bodies go with it by their foreign keys.
            db.prepare_cached("DELETE FROM tasks WHERE id = ?1")?.execute([id])?;
            Ok(DeleteAnswer::Deleted)
        }
    }
}

/// Removes records of tasks that ended before this, the oldest first.
pub(super) fn prune(db: &Connection, before: Timestamp, most: u32) -> Result<usize, QueueError> {
    let mut removed = 0;
    // One walk for each state, since the index begins with it.
    for state in ["Succeeded", "Failed"] {
        let left = most.saturating_sub(u32::try_from(removed).unwrap_or(u32::MAX));
        removed += db
            .prepare_cached(
                "DELETE FROM tasks WHERE id IN
                     (SELECT id FROM tasks WHERE state = ?1 AND end_key < ?2
                         AND NOT EXISTS (SELECT 1 FROM notices WHERE task = tasks.id AND notices.state = 'Due')
                      ORDER BY end_key LIMIT ?3)",
            )?
            .execute(params![state, before.millis(), left])?;
    }
    Ok(removed)
}

/// Where a task is, and whether a cancel was asked for.
fn state(db: &Connection, id: &str) -> Result<Option<(TaskState, bool)>, QueueError> {
    let mut statement = db.prepare_cached("SELECT state, cancel_requested FROM tasks WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let row = Named { row, id };
    Ok(Some((row.state()?, row.get("cancel_requested")?)))
}
