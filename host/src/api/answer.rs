//! The bodies of answers. They deserialize too, so that the client reads exactly what the server writes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::queue::{Event, NoticeRecord, TaskRecord};
use crate::task::{
    ErrorClass, ErrorCode, Failure, MediaFacts, ObjectUri, PluginId, PluginRef, Stage, TaskId, TaskState, TaskUsage,
    Timestamp, Warning,
};

/// The only type of task.
pub(super) const TASK_TYPE: &str = "MediaConvert";

/// Answer to a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SubmitAnswer {
    /// The new task.
    pub task_id: TaskId,
    /// The vendor's; equals the `RequestId`.
    #[serde(default)]
    pub event_id: String,
    /// `Running`, as the vendor reports a task that waits.
    pub status: String,
    /// What intake accepted but will not do.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// One task, as `GetTask` and `ListTasks` show it, with more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TaskAnswer {
    /// Its id.
    pub task_id: TaskId,
    /// `MediaConvert`.
    pub task_type: String,
    /// Name of its project.
    pub project_name: String,
    /// The vendor's state: `Running`, `Succeeded` or `Failed`.
    pub status: String,
    /// The finer state: `Queued`, `Running`, `Committing`, `Succeeded`, `Failed` or `Canceled`.
    pub state: String,
    /// 0 to 100.
    pub progress: u8,
    /// Number of the newest attempt; 0 before the first.
    pub attempt: u32,
    /// Those of a higher one run first among the waiting tasks of the project.
    #[serde(default)]
    pub priority: i32,
    /// When it was submitted.
    pub create_time: Timestamp,
    /// When its first attempt began; before that, when it was submitted.
    pub start_time: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// Code of the failure; empty where there is none.
    #[serde(default)]
    pub code: String,
    /// Message of the failure; empty where there is none.
    #[serde(default)]
    pub message: String,
    /// The failure, of a task that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorAnswer>,
    /// Echoed; empty where there is none.
    #[serde(default)]
    pub user_data: String,
    /// Its tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Its outputs, as far as they are known.
    #[serde(default)]
    pub targets: Vec<TargetAnswer>,
    /// Video frames encoded, over all outputs.
    #[serde(default)]
    pub frames: u64,
    /// Bytes of packets written, over all outputs.
    #[serde(default)]
    pub bytes: u64,
    /// Id of the request that submitted it, the vendor's; empty for tasks of older versions.
    #[serde(default)]
    pub event_id: String,
    /// What the user should know.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Whether a cancel was asked for.
    #[serde(default)]
    pub cancel_requested: bool,
    /// Its history, oldest first; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Event>>,
    /// The plugins that it runs, as they were pinned when it was submitted; not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginRef>,
    /// What its worker used, of a task that made its outputs; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TaskUsage>,
    /// Who is told that it has ended, and how far that is; not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notifications: Vec<NoticeRecord>,
    /// The request as a text of JSON, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_request_definition: Option<String>,
}

/// Answer to a component that was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct PublishAnswer {
    /// Its name, version and digest.
    #[serde(flatten)]
    pub id: PluginId,
    /// Whether it was not there before.
    pub new: bool,
}

/// One output of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TargetAnswer {
    /// Index in `Targets[]`.
    pub index: usize,
    /// 0 to 100.
    pub progress: u8,
    /// Where it stands, or will stand once the commit is done.
    #[serde(rename = "URI", default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<ObjectUri>,
    /// The objects that belong to it, such as segments, in order; not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ObjectUri>,
    /// What it is, read back; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<MediaFacts>,
}

/// Why a task failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorAnswer {
    /// Stable code.
    pub code: ErrorCode,
    /// Who has to act.
    pub class: ErrorClass,
    /// Whether the same task may succeed when it is run again unchanged.
    pub retryable: bool,
    /// Where in the flow.
    pub stage: Stage,
    /// Index of the target, where only one is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<usize>,
    /// What happened and what to do.
    pub message: String,
}

/// A page of tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ListAnswer {
    /// The tasks.
    pub tasks: Vec<TaskAnswer>,
    /// At most so many were asked for; a text, as the vendor writes it.
    pub max_results: String,
    /// For the next page; empty on the last one.
    pub next_token: String,
}

/// Answer to a cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct CancelDone {
    /// The task.
    pub task_id: TaskId,
    /// The vendor's state.
    pub status: String,
    /// The finer state: `Canceled` when it has ended, `Running` when it is being stopped.
    pub state: String,
}

/// An answer with the id of its request in front.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Told<'a, T> {
    pub(super) request_id: &'a str,
    #[serde(flatten)]
    pub(super) answer: T,
}

/// The vendor's word for a state.
pub(super) fn status(state: TaskState) -> &'static str {
    match state {
        TaskState::Queued | TaskState::Running | TaskState::Committing => TaskState::Running.name(),
        TaskState::Succeeded | TaskState::Failed => state.name(),
    }
}

/// Our word for where a task is: its state, with the failures that were asked for told apart.
pub(super) fn state(record: &TaskRecord) -> &'static str {
    match failure(record) {
        Some(failure) if failure.code == ErrorCode::Canceled => ErrorCode::Canceled.name(),
        _ => record.state.name(),
    }
}

/// The failure of a task that failed. One whose commit is being turned back has not failed yet.
fn failure(record: &TaskRecord) -> Option<&Failure> {
    record.failure.as_ref().filter(|_| record.state == TaskState::Failed)
}

impl TaskAnswer {
    /// As lists show a task: without history and facts.
    pub(super) fn brief(record: TaskRecord) -> Self {
        let mut answer = Self::of(record);
        for target in &mut answer.targets {
            target.facts = None;
            target.files = Vec::new();
        }
        answer
    }

    /// All that is known of a task, but for its request.
    pub fn whole(
        record: TaskRecord,
        events: Vec<Event>,
        plugins: Vec<PluginRef>,
        usage: Option<TaskUsage>,
        notifications: Vec<NoticeRecord>,
    ) -> Self {
        Self { events: Some(events), plugins, usage, notifications, ..Self::of(record) }
    }

    /// All that the record knows; history and request are added by who wants them.
    pub(super) fn of(record: TaskRecord) -> Self {
        let failure = failure(&record);
        Self {
            task_id: record.id,
            task_type: TASK_TYPE.to_owned(),
            status: status(record.state).to_owned(),
            state: state(&record).to_owned(),
            progress: record.progress.percent,
            attempt: record.attempt,
            priority: record.priority,
            create_time: record.created,
            start_time: record.started.unwrap_or(record.created),
            end_time: record.ended,
            code: failure.map(|failure| failure.code.to_string()).unwrap_or_default(),
            message: failure.map(|failure| failure.message.clone()).unwrap_or_default(),
            error: failure.map(ErrorAnswer::from),
            targets: targets(&record),
            frames: record.progress.frames,
            bytes: record.progress.bytes,
            cancel_requested: record.cancel_requested,
            project_name: record.project,
            user_data: record.user_data.unwrap_or_default(),
            tags: record.tags,
            event_id: record.event_id,
            warnings: record.warnings,
            events: None,
            plugins: Vec::new(),
            usage: None,
            notifications: Vec::new(),
            task_request_definition: None,
        }
    }
}

/// Progress and outputs of one index belong together; either may be missing.
fn targets(record: &TaskRecord) -> Vec<TargetAnswer> {
    let mut targets = BTreeMap::new();
    for progress in &record.progress.targets {
        let answer = TargetAnswer {
            index: progress.index,
            progress: progress.percent,
            uri: None,
            files: Vec::new(),
            facts: None,
        };
        targets.insert(progress.index, answer);
    }
    if matches!(record.state, TaskState::Committing | TaskState::Succeeded) {
        for output in &record.outputs {
            let index = output.target;
            // An output that is staged and verified is made, whatever was reported last.
            let uri = Some(output.uri.clone());
            let (files, facts) = (output.files.clone(), Some(output.facts.clone()));
            targets.insert(index, TargetAnswer { index, progress: 100, uri, files, facts });
        }
    }
    targets.into_values().collect()
}

impl From<&Failure> for ErrorAnswer {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code,
            class: failure.code.class(),
            retryable: failure.code.retryable(),
            stage: failure.stage,
            target: failure.target,
            message: failure.message.clone(),
        }
    }
}

impl From<ErrorAnswer> for Failure {
    fn from(answer: ErrorAnswer) -> Self {
        Self { code: answer.code, stage: answer.stage, target: answer.target, message: answer.message }
    }
}
