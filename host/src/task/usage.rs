//! What a task has used, stage by stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PluginId;

/// What the worker of a task that came to its end has used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct TaskUsage {
    /// From the start of the pipeline to its end, in seconds; reading back is not in it.
    pub seconds: f64,
    /// CPU time of the process meanwhile, in seconds. What it has more than its stages are the threads of codecs.
    pub cpu_seconds: f64,
    /// The most memory that the process had resident, in bytes; absent where the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// One for each node of the plan.
    #[serde(default)]
    pub stages: Vec<StageUsage>,
}

/// What one node of the plan has used. A stage is one thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct StageUsage {
    /// Number of the node in the plan.
    pub node: usize,
    /// What it does, such as `decode-video` or `filter`.
    pub stage: String,
    /// Of a filter: the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginId>,
    /// The targets that it works for.
    pub targets: Vec<usize>,
    /// Frames or packets that it took and worked on.
    pub items: u64,
    /// Frames that a filter left alone: it had nothing to do then.
    #[serde(default, skip_serializing_if = "is_none")]
    pub passed: u64,
    /// CPU time of its thread in seconds. Threads of a codec are not in it.
    pub cpu_seconds: f64,
    /// How long it waited for something to do, in seconds. A stage that never does is the bottleneck.
    pub input_wait_seconds: f64,
    /// How long it waited for those behind it, in seconds.
    pub output_wait_seconds: f64,
    /// How long it worked on one frame; absent where nothing is measured for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_item: Option<ItemTimes>,
    /// Of a filter: what its instance used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<GuestUsage>,
}

/// Times of one frame in microseconds, waiting not counted. They are exact to 1 %.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct ItemTimes {
    /// Half of the frames took no longer.
    pub median_us: f64,
    /// 99 of 100 frames took no longer.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
    /// All together, in seconds.
    pub total_seconds: f64,
    /// How many frames took up to so many microseconds, and longer than the step before; only where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(f64, u64)>,
}

/// What the instance of a plugin has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct GuestUsage {
    /// Reads of a frame's rectangle.
    pub reads: u64,
    /// Bytes of samples that went into it.
    pub read_bytes: u64,
    /// Writes of a frame's rectangle.
    pub writes: u64,
    /// Bytes of samples that came out of it.
    pub written_bytes: u64,
    /// Its linear memory in bytes, which never shrinks.
    pub memory_bytes: u64,
    /// Seconds that it took to make the instance.
    pub instantiate_seconds: f64,
    /// Seconds that `open` took after that.
    pub open_seconds: f64,
}

/// For serde: what did not happen stays out of documents.
fn is_none(count: &u64) -> bool {
    *count == 0
}
