//! `wasmux:host/log`: lines of guests go into the host's tracing, with caps.

use std::sync::Arc;

use super::clean;
use crate::sandbox::bindings::log::{Host, Level};
use crate::sandbox::guest::Guest;
use crate::sandbox::limits::Limits;
use crate::task::PluginId;

/// Fields shown of one line.
const MAX_FIELDS: usize = 16;

/// Is told what plugins log, within their limits; not of what is less than `info`.
pub trait PluginLog: Send + Sync {
    /// A line of this level: `info`, `warn` or `error`.
    fn line(&self, plugin: &PluginId, level: &'static str, line: &str);
}

/// The log of the host alone.
pub(in crate::sandbox) struct HostLog;

impl PluginLog for HostLog {
    fn line(&self, _: &PluginId, _: &'static str, _: &str) {}
}

/// The log of one instance. What it had to drop is said once, when the instance ends.
pub(in crate::sandbox) struct Log {
    plugin: PluginId,
    lines_left: u32,
    line_bytes: usize,
    dropped: u64,
    told: Arc<dyn PluginLog>,
}

impl Log {
    pub(in crate::sandbox) fn new(plugin: PluginId, limits: &Limits, told: Arc<dyn PluginLog>) -> Self {
        Self { plugin, lines_left: limits.log_lines, line_bytes: limits.log_line_bytes as usize, dropped: 0, told }
    }

    /// The line as it is shown; `None` once there were enough.
    fn take(&mut self, message: &str, fields: &[(String, String)]) -> Option<String> {
        if self.lines_left == 0 {
            self.dropped = self.dropped.saturating_add(1);
            return None;
        }
        self.lines_left -= 1;
        let mut line = clean(message, self.line_bytes);
        for (name, value) in fields.iter().take(MAX_FIELDS) {
            let left = self.line_bytes.saturating_sub(line.len());
            line.push_str(&clean(&format!(" {name}={value}"), left));
        }
        Some(line)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.dropped > 0 {
            tracing::warn!(target: "wasmux::plugin", plugin = %self.plugin, dropped = self.dropped, "log lines over the limit log_lines");
        }
    }
}

impl Host for Guest {
    fn log(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        let plugin = &self.plugin;
        let Some(line) = self.log.take(&message, &fields) else { return Ok(()) };
        match level {
            Level::Trace => tracing::trace!(target: "wasmux::plugin", %plugin, "{line}"),
            Level::Debug => tracing::debug!(target: "wasmux::plugin", %plugin, "{line}"),
            Level::Info => tracing::info!(target: "wasmux::plugin", %plugin, "{line}"),
            Level::Warn => tracing::warn!(target: "wasmux::plugin", %plugin, "{line}"),
            Level::Error => tracing::error!(target: "wasmux::plugin", %plugin, "{line}"),
        }
        let level = match level {
            Level::Trace | Level::Debug => return Ok(()),
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        self.log.told.line(plugin, level, &line);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::task::PluginName;

    #[test]
    fn lines_are_capped_in_number_and_length() {
        let plugin =
            PluginId { name: PluginName::new("p").unwrap(), version: Version::new(1, 0, 0), digest: String::new() };
        let mut log =
            Log::new(plugin, &Limits { log_lines: 2, log_line_bytes: 10, ..Limits::default() }, Arc::new(HostLog));
        assert_eq!(log.take("short", &[("k".into(), "v".into())]).unwrap(), "short k=v");
        assert_eq!(log.take(&"x".repeat(100), &[("k".into(), "v".into())]).unwrap(), "x".repeat(10));
        assert_eq!(log.take("more", &[]), None);
        assert_eq!(log.dropped, 1);
    }
}
