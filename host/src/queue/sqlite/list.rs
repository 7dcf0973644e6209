//! Lists, page by page.
//!
//! Each state has its own walk along an index that is sorted as the list is; the walks are merged. So a page costs as much as
//! it is long, however many tasks there are, unless the filter leaves out most of what a walk meets.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::rows;
use super::token::Place;
use crate::queue::{ListQuery, Order, Page, QueueError, SortBy, TaskFilter};
use crate::task::{TaskId, TaskState, Timestamp};

/// A tag of so many tasks is looked up task by task.
const COMMON: i64 = if cfg!(test) { 10 } else { 1000 };

pub(super) fn page(db: &Connection, query: &ListQuery) -> Result<Page, QueueError> {
    let after = query.after.as_deref().map(|token| Place::parse(token, query.sort, query.order)).transpose()?;
    let limit = query.limit.max(1) as usize;
    let mut states = if query.filter.states.is_empty() { TaskState::ALL.to_vec() } else { query.filter.states.clone() };
    states.sort_by_key(|state| state.name());
    states.dedup();

    let mut found = Vec::new();
    for state in states {
        found.extend(walk(db, query, state, after.as_ref())?);
    }
    found.sort_unstable();
    if query.order == Order::Descending {
        found.reverse();
    }
    // Each walk looks one further than the page, to know whether there is a next one.
    let more = found.len() > limit;
    found.truncate(limit);
    let next = match found.last() {
        Some((key, id)) if more => Some(Place { key: *key, id: task(id)? }.text(query.sort, query.order)),
        _ => None,
    };
    let mut tasks = Vec::with_capacity(found.len());
    for (_, id) in &found {
        tasks.extend(rows::record(db, id)?);
    }
    Ok(Page { tasks, next })
}

fn task(id: &str) -> Result<TaskId, QueueError> {
    id.parse().map_err(|error| QueueError::Database(format!("{id}, column `id`: {error}")))
}

/// The next tasks in this state, each with its sort key.
fn walk(
    db: &Connection,
    query: &ListQuery,
    state: TaskState,
    after: Option<&Place>,
) -> Result<Vec<(i64, String)>, QueueError> {
    // A list by id has the id alone in its order: a constant there would be taken for the number of a column.
    let (key, first) = match query.sort {
        SortBy::TaskId => ("0", None),
        SortBy::StartTime => ("created", Some("created")),
        SortBy::EndTime => ("end_key", Some("end_key")),
    };
    let (beyond, direction) = match query.order {
        Order::Ascending => (">", "ASC"),
        Order::Descending => ("<", "DESC"),
    };
    // Every part of the text is written here; what a user says is only ever bound.
    let mut sql = format!("SELECT {key}, id FROM tasks WHERE state = ?");
    let mut values = vec![Value::from(state.name().to_owned())];
    if let Some(place) = after {
        if query.sort == SortBy::TaskId {
            sql.push_str(&format!(" AND id {beyond} ?"));
        } else {
            sql.push_str(&format!(" AND ({key}, id) {beyond} (?, ?)"));
            values.push(place.key.into());
        }
        values.push(place.id.to_string().into());
    }
    narrow(db, &query.filter, &mut sql, &mut values)?;
    let first = first.map(|first| format!("{first} {direction}, ")).unwrap_or_default();
    sql.push_str(&format!(" ORDER BY {first}id {direction} LIMIT ?"));
    values.push((i64::from(query.limit.max(1)) + 1).into());

    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Adds the conditions of the filter, other than the state.
fn narrow(db: &Connection, filter: &TaskFilter, sql: &mut String, values: &mut Vec<Value>) -> Result<(), QueueError> {
    let mut and = |condition: &str, bound: Vec<Value>| {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.extend(bound);
    };
    if !filter.projects.is_empty() {
        let places = vec!["?"; filter.projects.len()].join(", ");
        and(&format!("project IN ({places})"), filter.projects.iter().cloned().map(Value::from).collect());
    }
    if let Some(from) = filter.created.0 {
        and("created >= ?", vec![from.millis().into()]);
    }
    if let Some(to) = filter.created.1 {
        and("created < ?", vec![to.millis().into()]);
    }
    if filter.ended != (None, None) {
        let from = filter.ended.0.map_or(i64::MIN, Timestamp::millis);
        // Never the key of a task that has not ended.
        let to = filter.ended.1.map_or(i64::MAX, Timestamp::millis);
        and("end_key >= ? AND end_key < ?", vec![from.into(), to.into()]);
    }
    for (name, value) in &filter.tags {
        // SQLite has no statistics here: a rare tag leads to its tasks, a common one is looked up for each task of the walk.
        let tagged = if is_common(db, name, value)? {
            "EXISTS (SELECT 1 FROM tags WHERE task = tasks.id AND name = ? AND +value = ?)"
        } else {
            "id IN (SELECT task FROM tags WHERE name = ? AND value = ?)"
        };
        and(tagged, vec![name.clone().into(), value.clone().into()]);
    }
    Ok(())
}

/// Whether at least [`COMMON`] tasks have this tag.
fn is_common(db: &Connection, name: &str, value: &str) -> Result<bool, QueueError> {
    let mut statement =
        db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM tags WHERE name = ?1 AND value = ?2 LIMIT ?3)")?;
    let count: i64 = statement.query_row(rusqlite::params![name, value, COMMON], |row| row.get(0))?;
    Ok(count >= COMMON)
}
