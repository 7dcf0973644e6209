//! What a guest may use, and the meter of its memory.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime::ResourceLimiter;

use super::failure::Stop;
use crate::task::at_least;

/// Limits of one plugin. Every field has a default, so a config names only what differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// CPU time of the guest's thread for opening or finishing a filter and for a call of a policy, in milliseconds. A busy machine
    /// does not shorten it.
    pub open_cpu_ms: u64,
    /// The same for one frame, in milliseconds.
    pub frame_cpu_ms: u64,
    /// Linear memory of one instance, all memories together, in bytes.
    pub memory_bytes: u64,
    /// Elements of all tables of one instance.
    pub table_elements: u64,
    /// What a policy's answer, a typed error or one report may take, in bytes. A filter may besides hand over one plane at a time.
    pub returned_bytes: u64,
    /// Log lines of one instance; more are counted, not kept.
    pub log_lines: u32,
    /// Length of one log line in bytes; the rest is cut off.
    pub log_line_bytes: u32,
    /// Warnings of one instance; more are counted, not kept.
    pub warnings: u32,
    /// Regions that a filter may declare.
    pub regions: u32,
    /// Bytes of assets that one instance may read, counted as often as they are read; what the host decodes of clips does not count.
    pub asset_bytes: u64,
    /// Clips that are open at the same time in one instance; each is a decoder of the host.
    pub clips: u32,
    /// Handles of resources (frames, fonts, clips, filters) that live at the same time in one instance.
    pub handles: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_cpu_ms: 5_000,
            frame_cpu_ms: 1_000,
            memory_bytes: 256 << 20,
            table_elements: 100_000,
            returned_bytes: 1 << 20,
            log_lines: 200,
            log_line_bytes: 2 << 10,
            warnings: 100,
            regions: 1_000,
            asset_bytes: 64 << 20,
            clips: 16,
            handles: 1_000,
        }
    }
}

impl Limits {
    /// For everything but a frame.
    pub(super) fn open_cpu(&self) -> CpuLimit {
        CpuLimit { time: Duration::from_millis(self.open_cpu_ms), name: "open_cpu_ms" }
    }

    /// For a frame.
    pub(super) fn frame_cpu(&self) -> CpuLimit {
        CpuLimit { time: Duration::from_millis(self.frame_cpu_ms), name: "frame_cpu_ms" }
    }

    /// These limits with others in the place of those that are named. The error names a field that does not exist, or the value.
    pub fn with(&self, changes: &BTreeMap<String, u64>) -> Result<Self, serde_json::Error> {
        let mut fields = serde_json::to_value(self)?;
        if let Value::Object(fields) = &mut fields {
            fields.extend(changes.iter().map(|(name, value)| (name.clone(), Value::from(*value))));
        }
        serde_json::from_value(fields)
    }

    /// Refuses limits with which no plugin could do anything; names the field.
    pub fn check(&self) -> Result<(), String> {
        at_least(&[
            ("open_cpu_ms", self.open_cpu_ms, 1),
            ("frame_cpu_ms", self.frame_cpu_ms, 1),
            ("memory_bytes", self.memory_bytes, 64 << 10),
            ("table_elements", self.table_elements, 1),
            ("returned_bytes", self.returned_bytes, 1 << 10),
            ("handles", u64::from(self.handles), 8),
        ])
    }
}

/// Most CPU time of a call, and the name of the limit that says so.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct CpuLimit {
    pub(super) time: Duration,
    pub(super) name: &'static str,
}

/// The CPU time of one call. The clock is first read at the first epoch within the call, so that short calls cost no system call.
#[derive(Debug, Default)]
pub(super) struct Clock {
    started: Option<Duration>,
    limit: CpuLimit,
}

impl Clock {
    /// A call begins.
    pub(super) fn begin(&mut self, limit: CpuLimit) {
        *self = Self { started: None, limit };
    }

    /// An epoch has passed; fails when the call is over its limit.
    pub(super) fn tick(&mut self) -> Result<(), Stop> {
        let now = thread_cpu_time();
        let started = *self.started.get_or_insert(now);
        if now.saturating_sub(started) < self.limit.time { Ok(()) } else { Err(Stop::Deadline(self.limit)) }
    }
}

fn thread_cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Counts memory and tables of one store. A growth over the limit fails as the instruction's own -1, so that a guest that asks
/// in good faith may go on; when the call traps afterwards, [`Meter::denied`] tells that memory was the reason.
#[derive(Debug)]
pub(super) struct Meter {
    memory_limit: u64,
    table_limit: u64,
    memory: u64,
    elements: u64,
    denied: Option<String>,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            table_limit: limits.table_elements,
            memory: 0,
            elements: 0,
            denied: None,
        }
    }

    /// A call begins: what was denied earlier explains nothing any more.
    pub(super) fn begin(&mut self) {
        self.denied = None;
    }

    /// What was denied during this call.
    pub(super) fn denied(&self) -> Option<&str> {
        self.denied.as_deref()
    }

    /// Bytes of linear memory in use.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.memory.saturating_add(desired.saturating_sub(current) as u64);
        if wanted > self.memory_limit {
            let limit = self.memory_limit;
            self.denied = Some(format!("it wanted {wanted} bytes of memory; its limit memory_bytes is {limit}"));
            return Ok(false);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.denied = Some(format!("it wanted {desired} bytes in one memory, more than that memory's own maximum"));
            return Ok(false);
        }
        self.memory = wanted;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.denied.get_or_insert_with(|| format!("the system refused more memory: {error:#}"));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.elements.saturating_add(desired.saturating_sub(current) as u64);
        if wanted > self.table_limit {
            let limit = self.table_limit;
            self.denied = Some(format!("it wanted {wanted} table elements; its limit table_elements is {limit}"));
            return Ok(false);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.elements = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_over_all_memories() {
        let mut meter = Meter::new(&Limits { memory_bytes: 300, ..Limits::default() });
        assert!(meter.memory_growing(0, 200, None).unwrap());
        assert!(!meter.memory_growing(0, 200, None).unwrap());
        assert!(meter.denied().unwrap().contains("memory_bytes is 300"));
        assert!(meter.memory_growing(0, 100, None).unwrap());
        assert_eq!(meter.memory(), 300);
        meter.begin();
        assert_eq!(meter.denied(), None);
    }

    #[test]
    fn tables_are_limited() {
        let mut meter = Meter::new(&Limits::default());
        assert!(meter.table_growing(0, 100_000, None).unwrap());
        assert!(!meter.table_growing(100_000, 100_001, None).unwrap());
        assert!(meter.denied().unwrap().contains("table_elements is 100000"));
        assert!(!meter.table_growing(0, usize::MAX, None).unwrap());
    }

    #[test]
    fn useless_limits_are_refused_by_name() {
        let limits = Limits { frame_cpu_ms: 0, ..Limits::default() };
        assert!(limits.check().unwrap_err().contains("frame_cpu_ms is 0"));
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn other_limits_take_the_place_of_those_that_are_named() {
        let all = Limits { memory_bytes: 1_000_000, ..Limits::default() };
        let change = |name: &str, value: u64| all.with(&BTreeMap::from([(name.to_owned(), value)]));
        assert_eq!(change("log_lines", 3).unwrap(), Limits { log_lines: 3, ..all.clone() });
        assert!(change("memory", 1).unwrap_err().to_string().contains("unknown field `memory`"));
        assert!(change("log_lines", u64::MAX).is_err(), "more than a u32 holds");
    }

    #[test]
    fn a_config_names_only_what_differs() {
        let limits: Limits = serde_json::from_str(r#"{"memory_bytes": 1000000}"#).unwrap();
        assert_eq!(limits, Limits { memory_bytes: 1_000_000, ..Limits::default() });
        assert!(serde_json::from_str::<Limits>(r#"{"memory": 1}"#).is_err());
    }
}
