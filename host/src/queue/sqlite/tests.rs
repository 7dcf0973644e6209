//! The embedded queue, through its trait.

mod bad_rows;
mod commits;
mod leases;
mod lists;
mod migration;
mod outbox;
mod projects;
mod releases;
mod sharing;
mod templates;
mod turns;
mod writing;

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::Connection;

use super::SqliteQueue;
use crate::queue::{Lease, Made, NewTask, Queue, TaskRecord};
use crate::task::spec::TaskParts;
use crate::task::{
    AudioWish, CommitEntry, Container, ErrorCode, Failure, MediaFacts, ObjectUri, SourceSpec, Stage, TargetProgress,
    TargetSpec, TaskId, TaskOutput, TaskProgress, TaskSpec, TaskUsage, Timestamp, VideoWish, Warning,
};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("wasmux-queue-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("tasks.db")
    }

    fn queue(&self) -> SqliteQueue {
        SqliteQueue::open(&self.file()).unwrap()
    }

    /// A connection beside the queue, to damage rows.
    fn raw(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn warning(code: &str) -> Warning {
    Warning { code: code.to_owned(), field: String::new(), target: None, message: "so".to_owned() }
}

fn uri(text: &str) -> ObjectUri {
    ObjectUri::parse(text).unwrap()
}

fn task(created: i64, tags: &[(&str, &str)]) -> NewTask {
    let spec = TaskSpec::seal(TaskParts {
        project_name: "default".to_owned(),
        sources: vec![SourceSpec::new(uri("oss://in/a.mp4"))],
        alignment: 0,
        targets: vec![TargetSpec {
            video: VideoWish::Copy,
            audio: AudioWish::None,
            ..TargetSpec::new("oss://out/a.mp4", Container::Mp4)
        }],
        tags: tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>(),
        user_data: Some("echo".to_owned()),
        tolerate_damage: false,
        priority: 0,
        receivers: Vec::new(),
        warnings: vec![warning("Intake")],
    });
    NewTask {
        id: TaskId::new(),
        spec,
        request: "{\"Sources\":[]}".to_owned(),
        created: at(created),
        event_id: "E".to_owned(),
        makes_project: true,
        once: None,
    }
}

fn submitted(queue: &SqliteQueue, created: i64) -> TaskId {
    let task = task(created, &[]);
    queue.submit(&task).unwrap();
    task.id
}

/// Leases the oldest task by `a` until 1,000.
fn leased(queue: &SqliteQueue) -> Lease {
    queue.lease("a", at(100), at(1000)).unwrap().unwrap()
}

fn record(queue: &SqliteQueue, id: TaskId) -> TaskRecord {
    queue.get(id).unwrap().unwrap()
}

fn names(queue: &SqliteQueue, id: TaskId) -> Vec<String> {
    queue.events(id).unwrap().into_iter().map(|event| event.event).collect()
}

fn broken() -> Failure {
    Failure::new(ErrorCode::OutputFailed, Stage::Commit, "the disk is full")
}

fn halfway() -> TaskProgress {
    TaskProgress { percent: 50, targets: vec![TargetProgress { index: 0, percent: 50 }], frames: 7, bytes: 9 }
}

fn journal() -> Vec<CommitEntry> {
    let staged = "staging/t/1/a.mp4".to_owned();
    vec![CommitEntry { uri: uri("oss://out/a.mp4"), staged, inode: u64::MAX, size: 4, folders: vec!["x".to_owned()] }]
}

fn outputs() -> Vec<TaskOutput> {
    let facts = MediaFacts {
        format_name: "mp4".to_owned(),
        format_long_name: "MP4".to_owned(),
        size: 4,
        duration: Some(0.1),
        ..MediaFacts::default()
    };
    vec![TaskOutput { target: 0, uri: uri("oss://out/a.mp4"), files: Vec::new(), facts }]
}

fn begin(queue: &SqliteQueue, lease: &Lease) -> crate::queue::Committed {
    let usage = TaskUsage { seconds: 1.5, cpu_seconds: 2.5, ..TaskUsage::default() };
    let made = Made { outputs: outputs(), warnings: vec![warning("Run"), warning("Intake")], usage };
    queue.begin_commit(lease, at(300), &journal(), &made).unwrap()
}
