//! The name of a task.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

const PREFIX: &str = "MediaConvert-";

/// `MediaConvert-<uuid>`, the form of the vendor's API. Ids of later tasks sort behind those of earlier ones (UUID version 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(Uuid);

/// Why a text is no task's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have the form MediaConvert-<uuid>")]
pub struct NoTaskId;

impl TaskId {
    /// A new one.
    #[expect(clippy::new_without_default, reason = "a default that differs each time would surprise")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0.hyphenated())
    }
}

impl FromStr for TaskId {
    type Err = NoTaskId;

    /// Takes exactly what [`fmt::Display`] writes: one task has one name.
    fn from_str(text: &str) -> Result<Self, NoTaskId> {
        let id = text.strip_prefix(PREFIX).and_then(|uuid| Uuid::try_parse(uuid).ok()).map(Self).ok_or(NoTaskId)?;
        if id.to_string() == text { Ok(id) } else { Err(NoTaskId) }
    }
}

impl TryFrom<String> for TaskId {
    type Error = NoTaskId;

    fn try_from(text: String) -> Result<Self, NoTaskId> {
        text.parse()
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let id = TaskId::new();
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        let (upper, braces) = (text.to_uppercase(), text.replace("MediaConvert-", "MediaConvert-{") + "}");
        for wrong in ["", "MediaConvert-", "MediaConvert-../../etc", &upper, &braces, &text[1..], &format!("{text}/")] {
            assert_eq!(wrong.parse::<TaskId>(), Err(NoTaskId), "{wrong}");
        }
        assert!(TaskId::new() > id);
    }
}
