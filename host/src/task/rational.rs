//! Exact ratios: frame rates, time bases, sample aspects.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A ratio in lowest terms with a positive denominator. As JSON and text: `30000/1001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rational {
    num: i32,
    den: i32,
}

impl Rational {
    /// 1/1: square samples.
    pub const ONE: Self = Self { num: 1, den: 1 };

    /// The ratio in lowest terms; `None` for a denominator that is not positive.
    pub fn new(num: i32, den: i32) -> Option<Self> {
        if den <= 0 {
            return None;
        }
        let divisor = i32::try_from(gcd(num.unsigned_abs().into(), den.unsigned_abs().into())).ok()?.max(1);
        Some(Self { num: num / divisor, den: den / divisor })
    }

    /// Same as [`Rational::new`], but only for a ratio above zero, which every rate and aspect has to be.
    pub fn positive(num: i32, den: i32) -> Option<Self> {
        Self::new(num, den).filter(|ratio| ratio.num > 0)
    }

    /// The nearest ratio to a frame rate given as a decimal. The rates of NTSC (`29.97`, `23.976`) become n/1001.
    pub fn from_rate(rate: f64) -> Option<Self> {
        if !rate.is_finite() || rate <= 0.0 || rate > 1_000_000.0 {
            return None;
        }
        let ntsc = (rate * 1.001).round();
        if ntsc > 0.0 && (rate - rate.round()).abs() > 1e-9 && (rate - ntsc * 1000.0 / 1001.0).abs() < 0.005 {
            return Self::positive((ntsc * 1000.0) as i32, 1001);
        }
        Self::positive((rate * 1000.0).round() as i32, 1000)
    }

    /// Numerator.
    pub fn num(self) -> i32 {
        self.num
    }

    /// Denominator, above zero.
    pub fn den(self) -> i32 {
        self.den
    }

    /// As a floating-point number.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The reciprocal: of a frame rate, the time base that counts its frames. `None` for zero and below.
    pub fn inverse(self) -> Option<Self> {
        Self::positive(self.den, self.num)
    }

    /// The product; `None` where it does not fit.
    pub fn times(self, other: Self) -> Option<Self> {
        let (num, den) = (i64::from(self.num) * i64::from(other.num), i64::from(self.den) * i64::from(other.den));
        let divisor = i64::try_from(gcd(num.unsigned_abs(), den.unsigned_abs())).ok()?.max(1);
        Self::new(i32::try_from(num / divisor).ok()?, i32::try_from(den / divisor).ok()?)
    }
}

/// The greatest common divisor; 0 only where both are.
pub(crate) fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.num, self.den)
    }
}

impl FromStr for Rational {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        match (num.parse(), den.parse()) {
            (Ok(num), Ok(den)) => Self::new(num, den),
            _ => None,
        }
        .ok_or_else(|| format!("`{text}` is no ratio; write `numerator/denominator`"))
    }
}

impl Serialize for Rational {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rational {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_kept_in_lowest_terms() {
        assert_eq!(Rational::new(50, 2).unwrap().to_string(), "25/1");
        assert_eq!(Rational::new(1, 0), None);
        assert_eq!(Rational::positive(0, 1), None);
        assert_eq!("16/15".parse::<Rational>().unwrap(), Rational::new(16, 15).unwrap());
    }

    #[test]
    fn decimal_rates_become_the_rates_that_are_meant() {
        for (rate, text) in
            [(30.0, "30/1"), (29.97, "30000/1001"), (23.976, "24000/1001"), (12.5, "25/2"), (59.94, "60000/1001")]
        {
            assert_eq!(Rational::from_rate(rate).unwrap().to_string(), text);
        }
        assert_eq!(Rational::from_rate(0.0), None);
        assert_eq!(Rational::from_rate(f64::NAN), None);
    }
}
