//! Logs: to standard error, filtered by the environment variable `WASMUX_LOG` (default `warn`), as text or, with
//! `WASMUX_LOG_FORMAT=json`, as lines of JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// The environment variable that filters the log, such as `info` or `wasmux::sandbox=debug`.
pub const LOG_VARIABLE: &str = "WASMUX_LOG";
/// The environment variable that says what a line is: `pretty` (default) or `json`.
pub const FORMAT_VARIABLE: &str = "WASMUX_LOG_FORMAT";

/// Sets logging up, once for the process. The error is a sentence for whoever set the variables.
pub fn init() -> Result<(), String> {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // What cannot be written, because the disk is full or nobody reads, is no reason to panic.
        .log_internal_errors(false);
    // Both fail only when a subscriber is set already, as in a test: then that one stays.
    match std::env::var(FORMAT_VARIABLE).as_deref() {
        Ok("json") => drop(log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()),
        Ok("" | "pretty") | Err(_) => drop(log.try_init()),
        Ok(other) => return Err(format!("{FORMAT_VARIABLE} is `{other}`; there are pretty and json")),
    }
    Ok(())
}
