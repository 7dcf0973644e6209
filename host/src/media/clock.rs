//! Conversion between ticks of a time base and nanoseconds. Exact in 128 bits, rounded to the nearest, saturating: files hold any number.

use crate::task::Rational;

/// Nanoseconds in a second.
pub(super) const SECOND: i64 = 1_000_000_000;

/// Ticks of `base` seconds each, in nanoseconds.
pub(super) fn to_ns(ticks: i64, base: Rational) -> i64 {
    scale(ticks, i128::from(base.num()) * i128::from(SECOND), i128::from(base.den()))
}

/// Nanoseconds in ticks of `base` seconds each. The inverse of [`to_ns`] for every base that is coarser than 1 ns.
pub(super) fn from_ns(ns: i64, base: Rational) -> i64 {
    scale(ns, i128::from(base.den()), i128::from(base.num()) * i128::from(SECOND))
}

/// Ticks of one base in ticks of another.
pub(super) fn rescale(ticks: i64, from: Rational, to: Rational) -> i64 {
    let multiplier = i128::from(from.num()) * i128::from(to.den());
    scale(ticks, multiplier, i128::from(from.den()) * i128::from(to.num()))
}

fn scale(value: i64, multiplier: i128, divisor: i128) -> i64 {
    if divisor <= 0 {
        return 0;
    }
    // 63 bits times at most 62 bits: no overflow.
    let product = i128::from(value) * multiplier;
    let half = divisor / 2;
    let rounded = if product >= 0 { (product + half) / divisor } else { (product - half) / divisor };
    i64::try_from(rounded).unwrap_or(if rounded > 0 { i64::MAX } else { i64::MIN })
}

/// Our ratio; `None` unless it is positive.
pub(super) fn ratio(num: i32, den: i32) -> Option<Rational> {
    Rational::positive(num, den)
}

/// FFmpeg's ratio.
pub(super) fn av(ratio: Rational) -> ffmpeg_next::Rational {
    ffmpeg_next::Rational(ratio.num(), ratio.den())
}

/// How the frames of a stream are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoClock {
    /// Unit of the timestamps, in seconds.
    pub time_base: Rational,
    /// Frames per second on average, where that is known.
    pub rate: Option<Rational>,
}

impl VideoClock {
    /// Frames at one constant rate.
    pub fn constant(rate: Rational) -> Option<Self> {
        Some(Self { time_base: rate.inverse()?, rate: Some(rate) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ntsc_frames_come_back_exactly() {
        let base = Rational::new(1001, 30000).unwrap();
        assert_eq!(to_ns(1, base), 33_366_667);
        assert_eq!(from_ns(to_ns(107_892, base), base), 107_892);
        assert_eq!(rescale(-3, base, Rational::new(1, 30000).unwrap()), -3003);
    }

    proptest! {
        #[test]
        fn ticks_survive_nanoseconds(ticks in -1_000_000_000i64..1_000_000_000, num in 1i32..2000, den in 1i32..200_000) {
            let base = Rational::positive(num, den).unwrap();
            // Beyond 292 years there is no number of nanoseconds.
            prop_assume!(i128::from(ticks).abs() * i128::from(num) * i128::from(SECOND) < i128::from(i64::MAX) * i128::from(den));
            prop_assert_eq!(from_ns(to_ns(ticks, base), base), ticks);
        }

        #[test]
        fn nothing_overflows(value: i64, num in 1i32.., den in 1i32.., other in 1i32..) {
            let (base, second) = (Rational::positive(num, den).unwrap(), Rational::positive(other, num).unwrap());
            to_ns(value, base);
            from_ns(value, base);
            rescale(value, base, second);
        }
    }
}
