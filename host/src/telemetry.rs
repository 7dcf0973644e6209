//! Logs: to standard error, filtered by the environment variable `WASMUX_LOG` (default `warn`).

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// The environment variable that filters the log, such as `info` or `wasmux::sandbox=debug`.
pub const LOG_VARIABLE: &str = "WASMUX_LOG";

/// Sets logging up, once for the process.
pub fn init() {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    // Fails only when a subscriber is set already, as in a test: then that one stays.
    drop(
        fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            // What cannot be written, because the disk is full or nobody reads, is no reason to panic.
            .log_internal_errors(false)
            .try_init(),
    );
}
