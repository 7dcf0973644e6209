//! When a filter works: `StartTime` and `Duration` of the API.

use thiserror::Error;

const NANOS: f64 = 1e9;
/// A time this close to a frame is meant to be that frame: rates such as 30000/1001 have no exact decimal seconds.
const SNAP: i64 = 1_000;

/// A span of the output's time, in nanoseconds from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First nanosecond.
    pub start: i64,
    /// First nanosecond after it; `None`: to the end of the output.
    pub end: Option<i64>,
}

/// Why seconds are no span.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error("{value} seconds is not allowed for {field}: at least 0 and at most 4000000000")]
pub struct SpanError {
    /// `StartTime` or `Duration`.
    pub field: &'static str,
    /// What was given.
    pub value: f64,
}

impl Span {
    /// All of the output.
    pub const ALWAYS: Self = Self { start: 0, end: None };

    /// From seconds as in the API. `rate` is frames per second as (numerator, denominator) where it is constant: a time
    /// within a microsecond of a frame then means exactly that frame, whichever way its nanoseconds were rounded.
    pub fn from_seconds(start: f64, duration: Option<f64>, rate: Option<(u32, u32)>) -> Result<Self, SpanError> {
        let start = nanos("StartTime", start)?;
        let end = match duration {
            Some(duration) => Some(snap(start.saturating_add(nanos("Duration", duration)?), rate)),
            None => None,
        };
        Ok(Self { start: snap(start, rate), end })
    }

    /// Whether no time belongs to it.
    pub fn is_empty(self) -> bool {
        self.end.is_some_and(|end| end <= self.start)
    }

    /// Whether a frame of this time belongs to it.
    pub fn contains(self, time: i64) -> bool {
        time >= self.start && self.end.is_none_or(|end| time < end)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked: at most 4e18")]
fn nanos(field: &'static str, seconds: f64) -> Result<i64, SpanError> {
    if (0.0..=4e9).contains(&seconds) {
        Ok((seconds * NANOS).round() as i64)
    } else {
        Err(SpanError { field, value: seconds })
    }
}

fn snap(time: i64, rate: Option<(u32, u32)>) -> i64 {
    let Some((numerator, denominator)) = rate.filter(|rate| rate.0 > 0 && rate.1 > 0) else {
        return time;
    };
    let unit = 1_000_000_000_i128 * i128::from(denominator);
    let numerator = i128::from(numerator);
    let index = (i128::from(time) * numerator + unit / 2) / unit;
    // Rounded down: a host that rounds frame times up or to nearest still shows the frame at this time or later.
    let frame = i64::try_from(index * unit / numerator).unwrap_or(i64::MAX);
    if frame.abs_diff(time) <= SNAP.unsigned_abs() { frame } else { time }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_exclusive_and_sums_exactly() {
        let span = Span::from_seconds(0.1, Some(0.2), None).unwrap();
        assert_eq!(span, Span { start: 100_000_000, end: Some(300_000_000) });
        assert!(span.contains(100_000_000) && !span.contains(300_000_000) && !span.contains(99_999_999));
        assert!(Span::ALWAYS.contains(i64::MAX));
    }

    #[test]
    fn a_third_of_a_second_is_the_frame_that_was_rounded_down() {
        let span = Span::from_seconds(2.0 / 3.0, Some(1.0 / 3.0), Some((3, 1))).unwrap();
        assert_eq!(span, Span { start: 666_666_666, end: Some(1_000_000_000) });
        let film = Span::from_seconds(1001.0 / 30000.0, None, Some((30_000, 1001))).unwrap();
        assert!(film.contains(33_366_666));
    }

    #[test]
    fn times_between_frames_stay() {
        let span = Span::from_seconds(1.01, None, Some((25, 1))).unwrap();
        assert_eq!(span.start, 1_010_000_000);
    }

    #[test]
    fn hostile_seconds_are_refused() {
        for value in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert!(Span::from_seconds(value, None, None).is_err());
            assert_eq!(Span::from_seconds(0.0, Some(value), None).map_err(|error| error.field), Err("Duration"));
        }
        assert!(Span::from_seconds(4e9, Some(4e9), Some((u32::MAX, 1))).is_ok());
    }
}
