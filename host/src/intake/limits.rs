//! Limits on the size of a request.

use serde::{Deserialize, Serialize};

/// How much a request may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of the body; default 1 MiB.
    pub body_bytes: usize,
    /// Levels of arrays and objects within each other; default 32, at most 100.
    pub depth: usize,
    /// Elements of `Targets`; default 50.
    pub targets: usize,
    /// Elements of `Watermarks` and `Delogos` of one target together; default 100.
    pub overlays: usize,
    /// Elements of `Plugins` of one target; default 16.
    pub filters: usize,
    /// Entries of `Tags`; default 100.
    pub tags: usize,
    /// Bytes of the name of a tag; default 128.
    pub tag_name_bytes: usize,
    /// Bytes of the value of a tag; default 256.
    pub tag_value_bytes: usize,
    /// Bytes of `UserData`; default 2,048 as documented by the API.
    pub user_data_bytes: usize,
    /// Faults that are listed one by one, the rest is counted; default 200.
    pub faults: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            depth: 32,
            targets: 50,
            overlays: 100,
            filters: 16,
            tags: 100,
            tag_name_bytes: 128,
            tag_value_bytes: 256,
            user_data_bytes: 2048,
            faults: 200,
        }
    }
}
