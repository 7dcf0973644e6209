//! Lines for the task's log. The host caps their number and length; lines over the cap are counted, not kept.

use crate::outside;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every step.
    Trace,
    /// For the plugin's author.
    Debug,
    /// For the operator.
    Info,
    /// Something is odd, and the work goes on.
    Warn,
    /// Something failed.
    Error,
}

/// A line with fields, as pairs of name and value.
pub fn log(level: Level, message: &str, fields: &[(&str, &str)]) {
    outside::log(level, message, fields);
}

/// A line of level [`Level::Trace`].
pub fn trace(message: &str) {
    log(Level::Trace, message, &[]);
}

/// A line of level [`Level::Debug`].
pub fn debug(message: &str) {
    log(Level::Debug, message, &[]);
}

/// A line of level [`Level::Info`].
pub fn info(message: &str) {
    log(Level::Info, message, &[]);
}

/// A line of level [`Level::Warn`]. What the user should see is a [`report::warning`](crate::report::warning) instead.
pub fn warn(message: &str) {
    log(Level::Warn, message, &[]);
}

/// A line of level [`Level::Error`].
pub fn error(message: &str) {
    log(Level::Error, message, &[]);
}
