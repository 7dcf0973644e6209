//! Room `telemetry`: where logs go, and what is counted.
//!
//! It owns: the log's filter and form, the metrics and their text for Prometheus. It refuses: knowing what is logged and counted.

mod log;
mod metrics;

pub use log::{FORMAT_VARIABLE, LOG_VARIABLE, init};
pub use metrics::{Metrics, Step, metrics};
