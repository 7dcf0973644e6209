//! Messages: rows put in with their task, due from its end on.

use rusqlite::{Connection, params};

use super::rows::{Named, event, record};
use super::{SqliteQueue, json};
use crate::queue::{Notice, NoticeRecord, Outbox, QueueError, Silent, Tried};
use crate::task::{NoticeState, Receiver, TaskId, Timestamp};

/// Number of the message that is an object: it is written before the others are sent, which may lead to it.
const OBJECT: u32 = 0;

impl Outbox for SqliteQueue {
    fn take(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
        most: u32,
        silent: &Silent,
    ) -> Result<Vec<Notice>, QueueError> {
        // Mostly there is none, and to know that costs no write. Whoever writes does not wait while a long list is looked through.
        let found = self.read(|db| due(db, now, most, silent))?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let owner = owner.to_owned();
        self.write(move |db| take(db, &owner, now, until, found))
    }

    fn tried(&self, task: TaskId, number: u32, now: Timestamp, tried: &Tried) -> Result<(), QueueError> {
        let (task, tried) = (task.to_string(), tried.clone());
        self.write(move |db| self::tried(db, &task, number, now, &tried))
    }

    fn release(&self, owner: &str, now: Timestamp) -> Result<usize, QueueError> {
        let owner = owner.to_owned();
        self.write(move |db| {
            let mut statement =
                db.prepare_cached("UPDATE notices SET due = ?2, owner = NULL WHERE state = 'Due' AND owner = ?1")?;
            Ok(statement.execute(params![owner, now.millis()])?)
        })
    }
}

/// The rows of a new task's receivers.
pub(super) fn insert(db: &Connection, task: &str, receivers: &[(u32, String)]) -> Result<(), QueueError> {
    let mut statement =
        db.prepare_cached("INSERT INTO notices (task, number, receiver, state) VALUES (?1, ?2, ?3, 'Waiting')")?;
    for (number, receiver) in receivers {
        statement.execute(params![task, number, receiver])?;
    }
    Ok(())
}

/// Receivers with their numbers, as they are kept.
pub(super) fn rows_of(receivers: &[Receiver]) -> Result<Vec<(u32, String)>, QueueError> {
    let mut next = OBJECT;
    let numbered = receivers.iter().map(|receiver| {
        let number = if matches!(receiver, Receiver::Object { .. }) {
            OBJECT
        } else {
            next += 1;
            next
        };
        Ok((number, json(receiver)?))
    });
    numbered.collect()
}

/// The task ends: its messages are due.
pub(super) fn arm(db: &Connection, task: &str, now: Timestamp) -> Result<(), QueueError> {
    db.prepare_cached("UPDATE notices SET state = 'Due', due = ?2 WHERE task = ?1 AND state = 'Waiting'")?
        .execute(params![task, now.millis()])?;
    Ok(())
}

/// How many messages are due or will be tried again.
pub(super) fn count(db: &Connection) -> Result<u64, QueueError> {
    let mut statement = db.prepare_cached("SELECT count(*) FROM notices WHERE state = 'Due'")?;
    Ok(statement.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

/// A message that is due.
struct Found {
    task: String,
    number: u32,
    receiver: Result<Receiver, serde_json::Error>,
    tries: u32,
}

fn take(
    db: &Connection,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
    found: Vec<Found>,
) -> Result<Vec<Notice>, QueueError> {
    let mut taken = Vec::new();
    for Found { task: id, number, receiver, tries } in found {
        let receiver = match receiver {
            Ok(receiver) => receiver,
            Err(error) => {
                // It keeps no other one waiting.
                tried(db, &id, number, now, &Tried::GivenUp(format!("the receiver cannot be read: {error}")))?;
                continue;
            }
        };
        // Another process may have taken it since it was found.
        let is_ours = db
            .prepare_cached(
                "UPDATE notices SET due = ?3, owner = ?4
                 WHERE task = ?1 AND number = ?2 AND state = 'Due' AND due <= ?5",
            )?
            .execute(params![id, number, until.millis(), owner, now.millis()])?;
        if is_ours == 0 {
            continue;
        }
        let Some(record) = record(db, &id)? else { continue };
        let spec: String =
            db.prepare_cached("SELECT spec FROM bodies WHERE task = ?1")?.query_row([&id], |row| row.get(0))?;
        let spec = serde_json::from_str(&spec).ok();
        taken.push(Notice { task: record.id, number, receiver, tries, record, spec });
    }
    Ok(taken)
}

/// Those that are due, but for those that have to wait for another one to the same silent address.
fn due(db: &Connection, now: Timestamp, most: u32, silent: &Silent) -> Result<Vec<Found>, QueueError> {
    let mut statement = db.prepare_cached(
        "SELECT task, number, receiver, tries FROM notices
         WHERE state = 'Due' AND due <= ?1 AND (number = ?2 OR NOT EXISTS
             (SELECT 1 FROM notices AS object
              WHERE object.task = notices.task AND object.number = ?2 AND object.state = 'Due'))
         ORDER BY due, task, number LIMIT ?3",
    )?;
    // Where addresses are silent, most of what is due may be theirs.
    let limit = if silent.is_empty() { i64::from(most) } else { i64::MAX };
    let mut rows = statement.query(params![now.millis(), OBJECT, limit])?;
    let mut silent = silent.clone();
    let mut found = Vec::new();
    while found.len() < most as usize
        && let Some(row) = rows.next()?
    {
        let receiver = serde_json::from_str::<Receiver>(&row.get::<_, String>(2)?);
        if let Ok(receiver) = &receiver
            && let Some(on_its_way) = silent.get_mut(&receiver.address())
            && std::mem::replace(on_its_way, true)
        {
            continue;
        }
        found.push(Found { task: row.get(0)?, number: row.get(1)?, receiver, tries: row.get(3)? });
    }
    Ok(found)
}

fn tried(db: &Connection, task: &str, number: u32, now: Timestamp, tried: &Tried) -> Result<(), QueueError> {
    let (state, due, detail) = match tried {
        Tried::Delivered => (NoticeState::Delivered, None, ""),
        Tried::Again(due, why) => (NoticeState::Due, Some(due.millis()), why.as_str()),
        Tried::GivenUp(why) => (NoticeState::GivenUp, None, why.as_str()),
    };
    let changed = db
        .prepare_cached(
            "UPDATE notices SET state = ?3, due = ?4, detail = ?5, tries = tries + 1, owner = NULL
             WHERE task = ?1 AND number = ?2 AND state = 'Due'",
        )?
        .execute(params![task, number, state.name(), due, detail])?;
    let said = match tried {
        Tried::Delivered => "Notified",
        Tried::GivenUp(_) => "NotificationGivenUp",
        // A day of tries would bury the rest of the history.
        Tried::Again(..) => return Ok(()),
    };
    if changed > 0 {
        let receiver: String = db
            .prepare_cached("SELECT receiver FROM notices WHERE task = ?1 AND number = ?2")?
            .query_row(params![task, number], |row| row.get(0))?;
        let (shown, separator) = (shown(&receiver), if detail.is_empty() { "" } else { ": " });
        event(db, task, now, said, 0, &format!("{shown}{separator}{detail}"))?;
    }
    Ok(())
}

/// What is known of the messages of a task.
pub(super) fn notices(db: &Connection, task: &str) -> Result<Vec<NoticeRecord>, QueueError> {
    let mut statement = db.prepare_cached("SELECT * FROM notices WHERE task = ?1 ORDER BY number")?;
    let mut rows = statement.query([task])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let row = Named { row, id: task };
        let name: String = row.get("state")?;
        let state = NoticeState::ALL.into_iter().find(|state| state.name() == name);
        found.push(NoticeRecord {
            receiver: shown(&row.get::<String>("receiver")?),
            state: state.ok_or_else(|| row.bad("state", format!("there is no state `{name}`")))?,
            tries: row.get("tries")?,
            next: row.get::<Option<i64>>("due")?.map(Timestamp::from_millis),
            detail: row.get("detail")?,
        });
    }
    Ok(found)
}

/// A receiver as people may see it. One of another version that is not understood has no name.
fn shown(receiver: &str) -> String {
    serde_json::from_str::<Receiver>(receiver).map_or_else(|_| "unknown".to_owned(), |receiver| receiver.to_string())
}
