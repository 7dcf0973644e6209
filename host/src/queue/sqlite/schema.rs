//! The tables, and how connections are opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::queue::QueueError;

/// What brings the tables from each version to the next, from an empty file on. A step that was released never changes.
const STEPS: [&str; 6] = [V1, V2, V3, V4, V5, V6];

/// Version of the tables that this program writes, in SQLite's `user_version`.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// How long a connection waits for the write lock of another process.
const BUSY: Duration = Duration::from_secs(20);

/// How often the change to WAL is tried while others open the same new file.
const WAL_TRIES: u32 = 100;

/// Statements that are kept compiled.
const STATEMENTS: usize = 64;

/// From an empty file to version 1.
///
/// `tasks` is rewritten by each heartbeat, so what is large and rarely written is in `bodies`. `end_key` puts tasks that have
/// not ended behind all others, with no NULL that a page's token would have to step over. Each index begins with the state:
/// the few live tasks are found without a look at the many that have ended, and a list merges one walk for each state.
pub(super) const V1: &str = "
CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Queued', 'Running', 'Committing', 'Succeeded', 'Failed')),
    attempt INTEGER NOT NULL DEFAULT 0,
    retries INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    lease_until INTEGER,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    started INTEGER,
    ended INTEGER,
    end_key INTEGER NOT NULL GENERATED ALWAYS AS (coalesce(ended, 9223372036854775807)) VIRTUAL,
    direction TEXT CHECK (direction IN ('Forward', 'Back')),
    progress TEXT NOT NULL,
    intake_warnings TEXT NOT NULL,
    plan_warnings TEXT NOT NULL DEFAULT '[]',
    run_warnings TEXT NOT NULL DEFAULT '[]',
    outputs TEXT,
    failure TEXT,
    user_data TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_by_id ON tasks (state, id);
CREATE INDEX tasks_by_created ON tasks (state, created, id);
CREATE INDEX tasks_by_ended ON tasks (state, end_key, id);

CREATE TABLE bodies (
    task TEXT NOT NULL PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    request TEXT NOT NULL,
    spec TEXT NOT NULL,
    plan TEXT,
    journal TEXT
) STRICT;

CREATE TABLE events (
    task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    time INTEGER NOT NULL,
    event TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (task, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_value ON tags (name, value, task);
";

/// Version 2 has the tables of version 1: its number was given away before there was anything for it. It stays empty, since files of version 3 would
/// never get what came into it later.
const V2: &str = "";

/// Version 3: projects, at first those that tasks name, and the request that submitted a task.
const V3: &str = "
CREATE TABLE projects (
    name TEXT NOT NULL PRIMARY KEY,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    settings TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO projects (name, created, updated, settings)
    SELECT project, min(created), min(created), '{}' FROM tasks GROUP BY project;

ALTER TABLE tasks ADD COLUMN event_id TEXT NOT NULL DEFAULT '';
";

/// Version 4: what tasks used, whose turn it is, and keys of submissions.
///
/// `tasks_waiting` holds the tasks that wait and no others, so that the next one of a project is its first entry. `turns` says when each project
/// had a task leased last: who had none for longest comes first.
const V4: &str = "
ALTER TABLE tasks ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tasks_waiting ON tasks (project, priority DESC, created, id) WHERE state = 'Queued';

ALTER TABLE bodies ADD COLUMN usage TEXT;

CREATE TABLE turns (
    project TEXT NOT NULL PRIMARY KEY,
    turn INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE submissions (
    project TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (project, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX submissions_by_task ON submissions (task);
";

/// Version 5: messages of tasks.
///
/// A task's receivers are put in with it, and are due from the transaction in which it ends. `due` is the moment of the next try; while somebody
/// tries, the moment until which that may take.
const V5: &str = "
CREATE TABLE notices (
    task TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Waiting', 'Due', 'Delivered', 'GivenUp')),
    tries INTEGER NOT NULL DEFAULT 0,
    due INTEGER,
    owner TEXT,
    detail TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_due ON notices (due) WHERE state = 'Due';
";

/// Version 6: templates of tasks.
const V6: &str = "
CREATE TABLE templates (
    project TEXT NOT NULL REFERENCES projects (name) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
";

/// Opens the connection that writes, with the tables of this version in the file.
pub(super) fn open(path: &Path) -> Result<Connection, QueueError> {
    let new = !path.exists();
    let db = Connection::open(path)?;
    if new {
        restrict(path)?;
    }
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // First of all, so that nothing is changed in a file that this version does not know.
    refuse_newer(&db)?;
    into_wal(&db)?;
    // A log that grew in a rush is cut to 64 MiB again. What is in it is moved by `checkpoint`.
    db.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864;
         PRAGMA wal_autocheckpoint = 0;",
    )?;
    migrate(&db)?;
    Ok(db)
}

/// Opens a connection that can only read.
pub(super) fn open_reader(path: &Path) -> Result<Connection, QueueError> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

/// Only this user may read it: requests carry user data. SQLite gives the log the rights of the file. It is done by path:
/// to open the file here and close it again would drop the locks that SQLite holds on it in this process.
#[cfg(unix)]
fn restrict(path: &Path) -> Result<(), QueueError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| QueueError::Database(format!("the rights of {} cannot be set: {error}", path.display())))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> Result<(), QueueError> {
    Ok(())
}

/// Changes the file to WAL, once for all. SQLite does not wait for others here, so it is tried again.
fn into_wal(db: &Connection) -> Result<(), QueueError> {
    for _ in 0..WAL_TRIES {
        match db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => return Err(QueueError::Database(format!("the file system allows no WAL, only `{mode}`"))),
            // Who has the lock is changing the same: wait until it is free.
            Err(error) if is_busy(&error) => db.execute_batch("BEGIN IMMEDIATE; COMMIT;")?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(QueueError::Database("it stays locked by another process".to_owned()))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn version(db: &Connection) -> Result<i64, QueueError> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn refuse_newer(db: &Connection) -> Result<(), QueueError> {
    let found = version(db)?;
    if (0..=VERSION).contains(&found) {
        return Ok(());
    }
    Err(QueueError::Database(format!(
        "it has version {found}, and this wasmux reads versions up to {VERSION}: use the wasmux that wrote it, or a newer one"
    )))
}

/// Brings the tables to [`VERSION`], in one transaction: of two processes that start at once, one does it.
fn migrate(db: &Connection) -> Result<(), QueueError> {
    let transaction = rusqlite::Transaction::new_unchecked(db, rusqlite::TransactionBehavior::Immediate)?;
    refuse_newer(&transaction)?;
    let done = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}
