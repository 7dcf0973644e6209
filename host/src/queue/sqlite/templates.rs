//! Templates of tasks.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteQueue;
use crate::queue::{MAX_TEMPLATES, PutTemplate, QueueError, Template, Templates};
use crate::task::Timestamp;

impl Templates for SqliteQueue {
    fn template(&self, project: &str, name: &str) -> Result<Option<(Template, String)>, QueueError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT * FROM templates WHERE project = ?1 AND name = ?2")?;
            Ok(statement.query_row([project, name], |row| Ok((template(row)?, row.get("text")?))).optional()?)
        })
    }

    fn list_templates(&self, project: &str) -> Result<Vec<Template>, QueueError> {
        self.read(|db| {
            let mut statement =
                db.prepare_cached("SELECT name, created, updated FROM templates WHERE project = ?1 ORDER BY name")?;
            let found = statement.query_map([project], template)?;
            Ok(found.collect::<Result<_, _>>()?)
        })
    }

    fn put_template(&self, project: &str, name: &str, text: &str, now: Timestamp) -> Result<PutTemplate, QueueError> {
        let [project, name, text] = [project, name, text].map(str::to_owned);
        self.write(move |db| put(db, &project, &name, &text, now))
    }

    fn delete_template(&self, project: &str, name: &str) -> Result<bool, QueueError> {
        let [project, name] = [project, name].map(str::to_owned);
        self.write(move |db| {
            let mut statement = db.prepare_cached("DELETE FROM templates WHERE project = ?1 AND name = ?2")?;
            Ok(statement.execute([project, name])? > 0)
        })
    }
}

fn template(row: &Row<'_>) -> rusqlite::Result<Template> {
    let moment = |column| Ok::<_, rusqlite::Error>(Timestamp::from_millis(row.get(column)?));
    Ok(Template { name: row.get("name")?, created: moment("created")?, updated: moment("updated")? })
}

fn put(db: &Connection, project: &str, name: &str, text: &str, now: Timestamp) -> Result<PutTemplate, QueueError> {
    if !db.prepare_cached("SELECT 1 FROM projects WHERE name = ?1")?.exists([project])? {
        return Err(QueueError::NoProject(project.to_owned()));
    }
    let before: Option<i64> = db
        .prepare_cached("SELECT created FROM templates WHERE project = ?1 AND name = ?2")?
        .query_row([project, name], |row| row.get(0))
        .optional()?;
    if before.is_none() {
        let others: u32 = db
            .prepare_cached("SELECT count(*) FROM templates WHERE project = ?1")?
            .query_row([project], |row| row.get(0))?;
        if others >= MAX_TEMPLATES {
            return Ok(PutTemplate::TooMany);
        }
    }
    let created = before.map_or(now, Timestamp::from_millis);
    db.prepare_cached(
        "INSERT OR REPLACE INTO templates (project, name, created, updated, text) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![project, name, created.millis(), now.millis(), text])?;
    let put = Template { name: name.to_owned(), created, updated: now };
    Ok(if before.is_some() { PutTemplate::Changed(put) } else { PutTemplate::Created(put) })
}
