//! Messages of tasks that have ended, in the queue's database: they are due from the transaction in which their task ends.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{QueueError, TaskRecord};
use crate::task::{NoticeState, Receiver, TaskId, TaskSpec, Timestamp};

/// A message to deliver.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Of which task.
    pub task: TaskId,
    /// Among the messages of the task.
    pub number: u32,
    /// Who is told.
    pub receiver: Receiver,
    /// How often it was tried before.
    pub tries: u32,
    /// The task, which has ended.
    pub record: TaskRecord,
    /// What it asked for; `None` where another version wrote it.
    pub spec: Option<TaskSpec>,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// The receiver has it.
    Delivered,
    /// Not yet, for this reason; it is due again then.
    Again(Timestamp, String),
    /// Never, for this reason.
    GivenUp(String),
}

/// What is known of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct NoticeRecord {
    /// Who is told, without the query of a URL.
    pub receiver: String,
    /// How far it has come.
    pub state: NoticeState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next; only of one that is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// Why it was not taken the last time; empty where it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Addresses of receivers that did not take their last message, by [`Receiver::address`], and whether a message is on its way there.
pub type Silent = BTreeMap<String, bool>;

/// The messages of a queue. Each method is one transaction.
pub trait Outbox: Send + Sync {
    /// Takes messages that are due, at most so many, the longest due first, for this owner and until then: where nothing is said of them by then, they are due again. To an address
    /// of `silent` only one message is on its way at a time, so that many of them keep no other receiver waiting.
    fn take(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
        most: u32,
        silent: &Silent,
    ) -> Result<Vec<Notice>, QueueError>;

    /// Says what became of a message that was taken. One whose task was removed meanwhile is forgotten.
    fn tried(&self, task: TaskId, number: u32, now: Timestamp, tried: &Tried) -> Result<(), QueueError>;

    /// Makes due what this owner had taken and said nothing of: it has just started, so nothing of it is on its way. Returns how many.
    fn release(&self, owner: &str, now: Timestamp) -> Result<usize, QueueError>;
}
