//! Where a task is, how far it has come, and what it has to move in place.

use serde::{Deserialize, Serialize};

use super::{MediaFacts, ObjectUri};

/// The states of a task. A cancelled task is `Failed` with the code `Canceled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TaskState {
    /// Waits for a free place.
    Queued,
    /// A worker runs it.
    Running,
    /// All outputs are staged and verified, and are being moved into their places. It can not be cancelled any more.
    Committing,
    /// All outputs are in their places.
    Succeeded,
    /// It has ended, and none of its outputs is in its place.
    Failed,
}

impl TaskState {
    /// All states.
    pub const ALL: &'static [Self] = &[Self::Queued, Self::Running, Self::Committing, Self::Succeeded, Self::Failed];

    /// The state as text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::Running => "Running",
            Self::Committing => "Committing",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }

    /// Whether nothing will change any more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// How far a task has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskProgress {
    /// 0 to 100; 100 only when the outputs are in their places.
    pub percent: u8,
    /// Each output that is made.
    #[serde(default)]
    pub targets: Vec<TargetProgress>,
    /// Video frames encoded, over all outputs.
    #[serde(default)]
    pub frames: u64,
    /// Bytes of packets written, over all outputs.
    #[serde(default)]
    pub bytes: u64,
}

/// How far one output has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetProgress {
    /// Index in `Targets[]`.
    pub index: usize,
    /// 0 to 100.
    pub percent: u8,
}

/// One output that is staged and verified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskOutput {
    /// Index in `Targets[]`.
    pub target: usize,
    /// Where it stands, or will stand.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// The objects that belong to it, such as segments, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ObjectUri>,
    /// What it is, read back.
    pub facts: MediaFacts,
}

/// One line of a commit's journal: a staged file and its place. It is enough to move the file, to see after a crash whether it was
/// moved, and to take the move back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CommitEntry {
    /// The place.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// The staged file, as a path within the same bucket.
    pub staged: String,
    /// The file's number in its file system, which it keeps when it is moved.
    pub inode: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Folders above the place that did not exist before, outermost first.
    #[serde(default)]
    pub folders: Vec<String>,
}

/// Which way a commit is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommitDirection {
    /// Outputs are moved into their places.
    Forward,
    /// One of them could not be moved: all others are taken back.
    Back,
}
