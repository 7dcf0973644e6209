//! Limits of a configuration.

use serde::{Deserialize, Serialize};

/// Most pixels of a picture that decoders take: 8192 x 8192.
pub const MAX_PIXELS: u64 = 1 << 26;
/// Most streams of a file that are looked at.
pub const MAX_STREAMS: u64 = 1000;

/// How much a task may be about. Sources over a limit fail the task with `LimitExceeded`; targets are counted at submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskLimits {
    /// Width times height of each video stream as stored; default and most 67,108,864, which is 8192 x 8192.
    pub max_pixels: u64,
    /// Streams of video, audio and subtitles of one source together; default 64, at most 1000.
    pub max_streams: u64,
    /// Seconds of one source, the parts that are not used included; default 86,400, a day. A source that does not say how long it is is let in.
    pub max_duration_seconds: u64,
    /// Bytes of one source, those of all segments where it is a playlist; default 100 GiB.
    pub max_source_bytes: u64,
    /// Elements of `Targets`; default 50.
    pub max_targets: usize,
}

impl Default for TaskLimits {
    fn default() -> Self {
        Self {
            max_pixels: MAX_PIXELS,
            max_streams: 64,
            max_duration_seconds: 24 * 3600,
            max_source_bytes: 100 << 30,
            max_targets: 50,
        }
    }
}

impl TaskLimits {
    /// Refuses limits with which nothing could run, or which cannot be kept; names the field.
    pub fn check(&self) -> Result<(), String> {
        let values = [
            ("max_pixels", self.max_pixels, 1),
            ("max_streams", self.max_streams, 1),
            ("max_duration_seconds", self.max_duration_seconds, 1),
            ("max_source_bytes", self.max_source_bytes, 1),
            ("max_targets", self.max_targets as u64, 1),
        ];
        at_least(&values).map_err(|reason| format!("limits.{reason}"))?;
        let bounds = [("max_pixels", self.max_pixels, MAX_PIXELS), ("max_streams", self.max_streams, MAX_STREAMS)];
        match bounds.iter().find(|(_, value, most)| value > most) {
            Some((field, value, most)) => Err(format!("limits.{field} is {value}; it must be at most {most}")),
            None => Ok(()),
        }
    }
}

/// Refuses values with which nothing could be done: each is its field's name, the value, and the least that is allowed. The error
/// names the first field that is too low.
pub fn at_least(values: &[(&str, u64, u64)]) -> Result<(), String> {
    match values.iter().find(|(_, value, least)| value < least) {
        Some((field, value, least)) => Err(format!("{field} is {value}; it must be at least {least}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_make_no_sense_are_named() {
        assert_eq!(TaskLimits::default().check(), Ok(()));
        let none = TaskLimits { max_streams: 0, ..TaskLimits::default() };
        assert_eq!(none.check(), Err("limits.max_streams is 0; it must be at least 1".into()));
        let much = TaskLimits { max_pixels: MAX_PIXELS + 1, ..TaskLimits::default() };
        assert_eq!(much.check(), Err("limits.max_pixels is 67108865; it must be at most 67108864".into()));
    }
}
