//! From the time of a frame to the digits of its timecode.

use wasmux_sdk::{Error, Ratio};

const NANOS: i128 = 1_000_000_000;
/// A timecode begins again after a day.
const DAY: u64 = 24 * 60 * 60;

/// Counts frames where there is a constant rate, and milliseconds where there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    rate: Option<Ratio>,
    /// Counts in a second: frames, rounded up to a whole number, or milliseconds.
    unit: u64,
    /// Numbers of frames that are left out at the beginning of each minute, but for every tenth: with 30000/1001 frames in a
    /// second, 30 numbers in a second would lose 3.6 s in an hour.
    dropped: u64,
    /// Counts before the first frame.
    start: u64,
}

impl Clock {
    pub(crate) fn new(rate: Option<Ratio>, start: &str) -> Result<Self, Error> {
        let rate = rate.filter(|rate| rate.numerator > 0 && rate.denominator > 0);
        let unit = rate.map_or(1000, |rate| u64::from(rate.numerator.div_ceil(rate.denominator)));
        let is_ntsc = rate.is_some_and(|rate| {
            let (numerator, denominator) = (u64::from(rate.numerator), u64::from(rate.denominator));
            numerator * 1001 == unit * 1000 * denominator
        });
        let dropped = if is_ntsc && unit.is_multiple_of(30) { unit / 15 } else { 0 };
        let mut clock = Self { rate, unit, dropped, start: 0 };
        clock.start = clock.count(start)?;
        Ok(clock)
    }

    /// The longest text that there will be, in characters.
    pub(crate) fn length(self) -> usize {
        self.text(0).len()
    }

    /// The timecode at this time, in nanoseconds from the start of the output.
    pub(crate) fn text(self, time: i64) -> String {
        let unit = self.unit;
        let mut count = self.since_start(time).saturating_add(self.start);
        if self.dropped > 0 {
            let (minute, ten) = (unit * 60 - self.dropped, unit * 600 - 9 * self.dropped);
            let (tens, rest) = (count / ten, count % ten);
            // The first minute of ten has all of its numbers.
            count += 9 * self.dropped * tens + self.dropped * (rest.saturating_sub(self.dropped) / minute);
        }
        let seconds = count / unit % DAY;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let sign = if self.rate.is_none() {
            '.'
        } else if self.dropped > 0 {
            ';'
        } else {
            ':'
        };
        let digits = self.digits();
        format!("{hours:02}:{minutes:02}:{seconds:02}{sign}{:0digits$}", count % unit)
    }

    fn digits(self) -> usize {
        self.unit.saturating_sub(1).to_string().len().max(2)
    }

    /// Frames, rounded to nearest, or milliseconds, rounded down.
    fn since_start(self, time: i64) -> u64 {
        let time = i128::from(time.max(0));
        let count = match self.rate {
            Some(rate) => {
                let unit = NANOS * i128::from(rate.denominator);
                (time * i128::from(rate.numerator) + unit / 2) / unit
            }
            None => time * 1000 / NANOS,
        };
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// How many counts lie before this timecode, whose form the schema has checked.
    fn count(self, text: &str) -> Result<u64, Error> {
        let wrong = |what: String| Error::new("InvalidArgument", format!("{text} {what}")).field("Start");
        let numbers: Vec<u64> = text.split([':', ';']).filter_map(|part| part.parse().ok()).collect();
        let &[hours, minutes, seconds, frames] = numbers.as_slice() else {
            return Err(wrong("is no timecode; write hours:minutes:seconds:frames".to_owned()));
        };
        if frames >= self.unit {
            return Err(wrong(format!("has too large a number of frames; there are 0 to {}", self.unit - 1)));
        }
        let minutes = hours * 60 + minutes;
        if self.dropped > frames && seconds == 0 && !minutes.is_multiple_of(10) {
            let next = self.dropped;
            return Err(wrong(format!("is a number that drop-frame leaves out; the minute begins with frame {next}")));
        }
        Ok((minutes * 60 + seconds) * self.unit + frames - self.dropped * (minutes - minutes / 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(numerator: u32, denominator: u32, start: &str) -> Clock {
        Clock::new(Some(Ratio::new(numerator, denominator)), start).unwrap()
    }

    /// The time of a frame, rounded down to nanoseconds.
    fn time(frame: u64, (numerator, denominator): (u32, u32)) -> i64 {
        i64::try_from(u128::from(frame) * 1_000_000_000 * u128::from(denominator) / u128::from(numerator)).unwrap()
    }

    fn texts(rate: (u32, u32), cases: &[(u64, &str)]) {
        for (frame, text) in cases {
            assert_eq!(clock(rate.0, rate.1, "00:00:00:00").text(time(*frame, rate)), *text, "frame {frame}");
        }
    }

    #[test]
    fn whole_rates_count_every_frame() {
        texts((25, 1), &[(0, "00:00:00:00"), (24, "00:00:00:24"), (25, "00:00:01:00"), (90_000, "01:00:00:00")]);
        texts((24_000, 1001), &[(23, "00:00:00:23"), (24, "00:00:01:00"), (86_400, "01:00:00:00")]);
        texts((120, 1), &[(119, "00:00:00:119"), (120, "00:00:01:000")]);
    }

    #[test]
    fn drop_frame_leaves_out_numbers_and_keeps_the_time() {
        let rate = (30_000, 1001);
        texts(rate, &[(1_799, "00:00:59;29"), (1_800, "00:01:00;02"), (3_597, "00:01:59;29"), (3_598, "00:02:00;02")]);
        texts(rate, &[(17_981, "00:09:59;29"), (17_982, "00:10:00;00"), (107_892, "01:00:00;00")]);
        texts((60_000, 1001), &[(3_599, "00:00:59;59"), (3_600, "00:01:00;04"), (215_784, "01:00:00;00")]);
    }

    #[test]
    fn every_timecode_is_the_count_that_it_came_from() {
        for rate in [(30_000, 1001), (60_000, 1001), (25, 1), (24_000, 1001)] {
            let clock = clock(rate.0, rate.1, "00:00:00:00");
            let day = clock.count(&format!("23:59:59:{}", clock.unit - 1)).unwrap() + 1;
            for frame in (0..40_000).chain(day - 40_000..day) {
                assert_eq!(clock.count(&clock.text(time(frame, rate))), Ok(frame));
            }
        }
    }

    #[test]
    fn a_day_begins_again_and_a_start_is_added() {
        assert_eq!(clock(25, 1, "23:59:59:24").text(0), "23:59:59:24");
        assert_eq!(clock(25, 1, "23:59:59:24").text(40_000_000), "00:00:00:00");
        assert_eq!(clock(30_000, 1001, "01:00:59;29").text(time(1, (30_000, 1001))), "01:01:00;02");
    }

    #[test]
    fn without_a_rate_there_are_milliseconds() {
        let clock = Clock::new(None, "00:00:01:500").unwrap();
        assert_eq!((clock.text(0), clock.text(3_661_234_999_999)), ("00:00:01.500".into(), "01:01:02.734".into()));
        assert_eq!(clock.length(), 12);
    }

    #[test]
    fn starts_that_cannot_be_are_refused() {
        let refused = |start, rate: (u32, u32), part: &str| {
            let error = Clock::new(Some(Ratio::new(rate.0, rate.1)), start).unwrap_err();
            assert!(error.field_path() == Some("Start") && error.message().contains(part), "{error}");
        };
        refused("00:00:00:25", (25, 1), "0 to 24");
        refused("00:01:00:00", (30_000, 1001), "begins with frame 2");
        refused("soon", (25, 1), "hours:minutes:seconds:frames");
    }

    #[test]
    fn hostile_times_do_not_overflow() {
        for time in [i64::MIN, -1, i64::MAX] {
            assert_eq!(clock(u32::MAX, 1, "00:00:00:00").text(time).len(), clock(u32::MAX, 1, "00:00:00:00").length());
        }
    }
}
