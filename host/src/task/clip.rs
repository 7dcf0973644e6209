//! The part of a source that is used.

use serde::{Deserialize, Serialize};

/// `Sources[].StartTime` and `Duration`, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Clip {
    /// Where it begins, from the start of the source.
    pub start_ns: i64,
    /// Its length; `None`: to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ns: Option<i64>,
}

impl Clip {
    /// How much of a source of this length it is, in nanoseconds.
    pub fn of(self, whole_ns: i64) -> i64 {
        let rest = whole_ns.saturating_sub(self.start_ns).max(0);
        self.length_ns.map_or(rest, |length| rest.min(length))
    }
}
