//! Between the room `notify` and the rest: who can be told, and results as objects.

use std::fs;
use std::sync::Arc;

use uuid::Uuid;

use crate::api::TaskAnswer;
use crate::intake::NoticeRights;
use crate::notify::{NotWritten, Results, Sinks};
use crate::queue::{Queue, SqliteQueue, TaskRecord};
use crate::store::Buckets;
use crate::task::{ObjectUri, TopicName};

/// What intake may promise of sinks.
pub(super) struct SinkRights(pub(super) Arc<Sinks>);

impl NoticeRights for SinkRights {
    fn topic(&self, name: &TopicName) -> Result<(), String> {
        self.0.topic(name)
    }

    fn webhook(&self, url: &str) -> Result<(), String> {
        self.0.webhook(url)
    }

    fn sends(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Writes results into buckets.
pub(super) struct ResultWriter {
    pub(super) queue: Arc<SqliteQueue>,
    pub(super) buckets: Arc<Buckets>,
}

impl Results for ResultWriter {
    fn write(&self, task: &TaskRecord, sources: &[ObjectUri], uri: &ObjectUri) -> Result<(), NotWritten> {
        let outputs = task.outputs.iter().flat_map(|output| output.files.iter().chain([&output.uri]));
        if outputs.into_iter().any(|output| output == uri) {
            return Err(NotWritten::Ever(format!("{uri} is an output of the task")));
        }
        self.put(task, sources, uri).map_err(NotWritten::Yet)
    }
}

impl ResultWriter {
    fn put(&self, task: &TaskRecord, sources: &[ObjectUri], uri: &ObjectUri) -> Result<(), String> {
        let answer = self.answer(task).map_err(|error| error.to_string())?;
        let body = serde_json::to_vec_pretty(&answer).map_err(|error| error.to_string())?;
        // The rights of the project are judged again: they may have changed since the task was submitted.
        let buckets = self.buckets.of(&task.project);
        let mut staging = buckets.staging(&Uuid::new_v4().to_string(), sources);
        let staged = staging.reserve(uri).map_err(|error| error.to_string())?;
        fs::write(staged.path(), body).map_err(|error| format!("{uri}: {error}"))?;
        staging.commit(std::slice::from_ref(uri)).map_err(|error| error.to_string())
    }

    /// What `GET /v1/tasks/{id}` answers.
    fn answer(&self, task: &TaskRecord) -> Result<TaskAnswer, crate::queue::QueueError> {
        let queue = &*self.queue;
        Ok(TaskAnswer::whole(
            task.clone(),
            queue.events(task.id)?,
            queue.plugins(task.id)?,
            queue.usage(task.id)?,
            queue.notices(task.id)?,
        ))
    }
}
