//! What a filter is to the pipeline. Components implement this, and so can native filters and fakes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::media::Frame;
use crate::task::{Failure, GuestUsage, Picture, PluginId, PluginRef, Rect, Warning};

/// One opened filter: it changes frames in place, in their order.
pub trait FrameFilter: Send {
    /// Changes the frame. The frame is already writable: its samples belong to nobody else.
    fn process(&mut self, frame: &mut Frame) -> Result<(), Failure>;

    /// Called once after the last frame. Answers what the user should know that was not known when it opened; `field` is a path within
    /// its parameters.
    fn finish(&mut self) -> Result<Vec<Warning>, Failure>;

    /// What it has used since it was opened. Nothing where it is no guest of a sandbox.
    fn usage(&self) -> FilterUsage {
        FilterUsage::default()
    }
}

/// What a filter in a sandbox has used since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilterUsage {
    /// Reads of a frame's rectangle.
    pub reads: u64,
    /// Bytes of samples that went into the guest.
    pub read_bytes: u64,
    /// Writes of a frame's rectangle.
    pub writes: u64,
    /// Bytes of samples that came out of the guest.
    pub written_bytes: u64,
    /// Linear memory in bytes. It never shrinks, so this is the peak too.
    pub memory_bytes: u64,
    /// Time that calls from the guest spent in the host, which is copying above all: the copy into the guest's memory and the guest's
    /// allocation for it are part of it. Only where that was asked for.
    pub host_time: Option<Duration>,
    /// Time that it took to make the instance.
    pub instantiate_time: Duration,
    /// Time that `open` took after that.
    pub open_time: Duration,
}

impl From<FilterUsage> for GuestUsage {
    fn from(usage: FilterUsage) -> Self {
        Self {
            reads: usage.reads,
            read_bytes: usage.read_bytes,
            writes: usage.writes,
            written_bytes: usage.written_bytes,
            memory_bytes: usage.memory_bytes,
            instantiate_seconds: usage.instantiate_time.as_secs_f64(),
            open_seconds: usage.open_time.as_secs_f64(),
        }
    }
}

/// What is asked of a [`FilterFactory`].
#[derive(Debug, Clone, Copy)]
pub struct FilterRequest<'a> {
    /// Which plugin.
    pub plugin: &'a PluginRef,
    /// Its parameters: what its schema admits.
    pub parameters: &'a Value,
    /// The picture of all frames that it will see.
    pub picture: &'a Picture,
}

/// Opens filters. Failures carry stage `Filter` and no target: the caller knows it.
pub trait FilterFactory: Send + Sync {
    /// Opens a filter for one node of the plan.
    fn open(&self, request: FilterRequest<'_>) -> Result<OpenFilter, Failure>;
}

/// A filter that is ready for its first frame, and what it said while it opened.
pub struct OpenFilter {
    /// The exact component.
    pub plugin: PluginId,
    /// The filter.
    pub filter: Box<dyn FrameFilter>,
    /// Where and when it works; `None`: everywhere, always.
    pub regions: Option<Vec<Region>>,
    /// What the user should know. `field` is a path within the plugin's parameters.
    pub warnings: Vec<Warning>,
}

/// Where and when a filter works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Region {
    /// In luma samples of the output picture.
    pub area: Rect,
    /// Nanoseconds from the start of the output.
    pub start: i64,
    /// Nanoseconds from the start of the output, exclusive; `None`: to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
}

impl Region {
    /// Whether the filter has anything to do at this time.
    pub fn is_active(&self, time: i64) -> bool {
        !self.area.is_empty() && time >= self.start && self.end.is_none_or(|end| time < end)
    }
}
