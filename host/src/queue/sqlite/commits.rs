//! Moving the outputs into their places: begin, turn round, end, and take over from who began.

use rusqlite::{Connection, OptionalExtension, params};

use super::leases::next_lease;
use super::rows::{Hold, Named, event};
use super::{json, outbox, release};
use crate::queue::{CommitLease, Committed, Made, QueueError};
use crate::task::{CommitDirection, Failure, TaskProgress, Timestamp};

/// [`Made`] as its columns.
pub(super) struct MadeRow {
    outputs: String,
    warnings: String,
    usage: String,
}

impl MadeRow {
    pub(super) fn of(made: &Made) -> Result<Self, QueueError> {
        let Made { outputs, warnings, usage } = made;
        Ok(Self { outputs: json(outputs)?, warnings: json(warnings)?, usage: json(usage)? })
    }
}

pub(super) fn begin(
    db: &Connection,
    hold: &Hold,
    now: Timestamp,
    journal: &str,
    made: &MadeRow,
) -> Result<Committed, QueueError> {
    let canceled: Option<bool> = db
        .prepare_cached("SELECT cancel_requested FROM tasks WHERE id = ?1 AND fence = ?2 AND state = 'Running'")?
        .query_row(params![hold.key, hold.fence], |row| row.get(0))
        .optional()?;
    if canceled.ok_or_else(|| hold.lost())? {
        return Ok(Committed::Canceled);
    }
    let changed = db
        .prepare_cached(
            "UPDATE tasks SET state = 'Committing', direction = 'Forward', outputs = ?3, run_warnings = ?4
             WHERE id = ?1 AND fence = ?2 AND state = 'Running'",
        )?
        .execute(params![hold.key, hold.fence, made.outputs, made.warnings])?;
    hold.held(changed)?;
    let kept = db
        .prepare_cached("UPDATE bodies SET journal = ?2, usage = ?3 WHERE task = ?1")?
        .execute(params![hold.key, journal, made.usage])?;
    if kept == 0 {
        // A commit without a journal could not be resumed after a crash.
        return Err(QueueError::Database(format!("{} has no row in `bodies` that takes its journal", hold.key)));
    }
    event(db, &hold.key, now, "CommitBegun", hold.attempt, "")?;
    Ok(Committed::Begun)
}

pub(super) fn turn_back(db: &Connection, hold: &Hold, now: Timestamp, failure: &Failure) -> Result<(), QueueError> {
    if direction(db, hold)? == CommitDirection::Back {
        // The first failure is the cause; what comes later may be its consequence.
        return Ok(());
    }
    let changed = db
        .prepare_cached(
            "UPDATE tasks SET direction = 'Back', failure = ?3 WHERE id = ?1 AND fence = ?2 AND state = 'Committing'",
        )?
        .execute(params![hold.key, hold.fence, json(failure)?])?;
    hold.held(changed)?;
    event(db, &hold.key, now, "CommitTurnedBack", hold.attempt, &failure.to_string())
}

/// Which way the commit of this lease goes.
fn direction(db: &Connection, hold: &Hold) -> Result<CommitDirection, QueueError> {
    let mut statement =
        db.prepare_cached("SELECT direction FROM tasks WHERE id = ?1 AND fence = ?2 AND state = 'Committing'")?;
    let mut rows = statement.query(params![hold.key, hold.fence])?;
    let row = rows.next()?.ok_or_else(|| hold.lost())?;
    let direction = Named { row, id: &hold.key }.direction()?;
    direction.ok_or_else(|| QueueError::Database(format!("{}, column `direction`: it is empty", hold.key)))
}

pub(super) fn end(db: &Connection, hold: &Hold, now: Timestamp) -> Result<(), QueueError> {
    match direction(db, hold)? {
        CommitDirection::Forward => succeed(db, hold, now),
        CommitDirection::Back => {
            let failure: Option<String> = db
                .prepare_cached("SELECT failure FROM tasks WHERE id = ?1")?
                .query_row([&hold.key], |row| row.get(0))?;
            // The history has a sentence; the record keeps the failure as it is, even one that cannot be read.
            let sentence = failure.as_deref().and_then(|text| serde_json::from_str::<Failure>(text).ok());
            let detail = sentence.map(|failure| failure.to_string()).unwrap_or_default();
            release::end_failed_as(db, &hold.key, now, failure.as_deref(), &detail)
        }
    }
}

fn succeed(db: &Connection, hold: &Hold, now: Timestamp) -> Result<(), QueueError> {
    let text: String =
        db.prepare_cached("SELECT progress FROM tasks WHERE id = ?1")?.query_row([&hold.key], |row| row.get(0))?;
    // The outputs are in their places: that the last progress cannot be read must not hold the task up.
    let mut progress: TaskProgress = serde_json::from_str(&text).unwrap_or_default();
    progress.percent = 100;
    for target in &mut progress.targets {
        target.percent = 100;
    }
    let changed = db
        .prepare_cached(
            "UPDATE tasks SET state = 'Succeeded', ended = ?3, progress = ?4, direction = NULL, owner = NULL,
                lease_until = NULL
             WHERE id = ?1 AND fence = ?2 AND state = 'Committing'",
        )?
        .execute(params![hold.key, hold.fence, now.millis(), json(&progress)?])?;
    hold.held(changed)?;
    db.prepare_cached("UPDATE bodies SET journal = NULL WHERE task = ?1")?.execute([&hold.key])?;
    outbox::arm(db, &hold.key, now)?;
    event(db, &hold.key, now, "Succeeded", hold.attempt, "")
}

pub(super) fn adopt(
    db: &Connection,
    owner: &str,
    previous: Option<&str>,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<CommitLease>, QueueError> {
    let Some((id, found)) = orphan(db, previous, now)? else { return Ok(None) };
    db.prepare_cached(
        "UPDATE tasks SET fence = fence + 1, owner = ?2, lease_until = ?3 WHERE id = ?1 AND state = 'Committing'",
    )?
    .execute(params![id, owner, until.millis()])?;
    event(db, &id, now, "CommitAdopted", found.lease.attempt, owner)?;
    Ok(Some(found))
}

/// The first commit without a holder that can be read, and its next lease. One that cannot be read keeps its state: some of
/// its outputs may be in place, so it has neither succeeded nor failed. It is told only when there is no other.
fn orphan(
    db: &Connection,
    previous: Option<&str>,
    now: Timestamp,
) -> Result<Option<(String, CommitLease)>, QueueError> {
    let mut statement = db.prepare_cached(
        "SELECT id, attempt, fence, created, direction, spec, journal FROM tasks LEFT JOIN bodies ON task = id
         WHERE state = 'Committing' AND (lease_until <= ?1 OR owner = ?2) ORDER BY lease_until, id",
    )?;
    let mut rows = statement.query(params![now.millis(), previous])?;
    let mut unread = None;
    while let Some(row) = rows.next()? {
        let id: String = row.get("id")?;
        match commit_lease(&Named { row, id: &id }) {
            Ok(found) => return Ok(Some((id, found))),
            Err(error) => unread = Some(error),
        }
    }
    unread.map_or(Ok(None), Err)
}

fn commit_lease(row: &Named<'_, '_>) -> Result<CommitLease, QueueError> {
    let direction = row.direction()?;
    let direction =
        direction.ok_or_else(|| QueueError::Database(format!("{}, column `direction`: it is empty", row.id)))?;
    Ok(CommitLease { lease: next_lease(row, 0)?, direction, journal: row.json("journal")? })
}
