//! Numbers of the wire and the ranges that they are held to.

use std::fmt;

use serde_json::{Map, Number, Value};

use super::fields::is_blank;

/// Largest whole number that a double holds exactly with all its neighbours.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Largest number of pixels of an offset, a side or a border (`Dx`, `Width`, `BorderWidth`).
pub(super) const MAX_PIXELS: i64 = 4096;

/// Largest time in seconds: far below what 64 bits of nanoseconds hold.
pub(super) const MAX_SECONDS: f64 = 1e9;

/// The value as a whole number, by value and not by spelling: 600.0 is 600.
pub(super) fn whole(value: &Value) -> Option<i64> {
    let number = value.as_number()?;
    number.as_i64().or_else(|| number.as_f64().and_then(whole_float))
}

fn whole_float(value: f64) -> Option<i64> {
    // The cast is exact: within the range every whole double is an i64.
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i64)
}

/// An interval of numbers; an end is part of it or not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    low: f64,
    low_is_in: bool,
    high: f64,
}

impl Interval {
    /// `[low, high]`
    pub(super) const fn closed(low: f64, high: f64) -> Self {
        Self { low, low_is_in: true, high }
    }

    /// `(low, high]`
    pub(super) const fn above(low: f64, high: f64) -> Self {
        Self { low, low_is_in: false, high }
    }

    /// Times in seconds.
    pub(super) const SECONDS: Self = Self::closed(0.0, MAX_SECONDS);

    pub(super) fn contains(self, value: f64) -> bool {
        (if self.low_is_in { value >= self.low } else { value > self.low }) && value <= self.high
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, low_is_in, high } = self;
        if *low_is_in { write!(f, "from {low} to {high}") } else { write!(f, "above {low} and at most {high}") }
    }
}

/// What a length or an offset may be, in words.
pub(super) const MEASURE: &str = "must be 0, a ratio between 0 and 1, or whole pixels from 1 to 4096";

/// Whether a number is a length or an offset (`Dx`, `Dy`, `Width`, `Height`), by decision 1 of the API reference: 0, a
/// ratio below 1, or whole pixels. What 1 means is for the filter.
pub(super) fn is_measure(value: f64) -> bool {
    (0.0..1.0).contains(&value) || whole_float(value).is_some_and(|pixels| (1..=MAX_PIXELS).contains(&pixels))
}

/// The same value in one spelling, so that equal parameters are equal text: members in the order of their names, those that
/// are null or empty left out (decision 11), whole numbers without a fraction. Elements of arrays keep their places.
pub(super) fn canonical(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(match (number.as_i64(), number.as_f64().and_then(whole_float)) {
            (None, Some(whole)) => Number::from(whole),
            _ => number.clone(),
        }),
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().filter(|(_, member)| !is_blank(member)).collect();
            sorted.sort_by_key(|(name, _)| *name);
            Value::Object(
                sorted.into_iter().map(|(name, member)| (name.clone(), canonical(member))).collect::<Map<_, _>>(),
            )
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn measures_are_judged_by_value() {
        for value in [0.0, -0.0, 1e-9, 0.5, 0.999, 1.0, 2.0, 600.0, 4096.0] {
            assert!(is_measure(value), "{value}");
        }
        for value in [-1.0, -1e-9, 1.5, 600.5, 4096.5, 4097.0, 1e300] {
            assert!(!is_measure(value), "{value}");
        }
    }

    #[test]
    fn spellings_of_a_whole_number() {
        for text in ["600", "600.0", "6e2"] {
            assert_eq!(whole(&serde_json::from_str(text).unwrap()), Some(600), "{text}");
        }
        for text in ["600.5", "1e300", "18446744073709551615", "\"600\"", "null"] {
            assert_eq!(whole(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn the_canonical_form_leaves_out_what_is_empty() {
        let given = json!({"Width": 600.0, "Dx": 0.05, "Content": "", "List": [], "Gone": null, "Own": {"b": null, "a": [null, 2.0]}});
        assert_eq!(canonical(&given).to_string(), r#"{"Dx":0.05,"Own":{"a":[null,2]},"Width":600}"#);
    }

    #[test]
    fn intervals_say_what_they_hold() {
        assert_eq!(Interval::closed(0.0, 51.0).to_string(), "from 0 to 51");
        assert_eq!(Interval::above(0.0, 240.0).to_string(), "above 0 and at most 240");
        assert!(!Interval::above(0.0, 240.0).contains(0.0));
        assert!(!Interval::closed(0.0, 51.0).contains(f64::NAN));
    }

    proptest! {
        #[test]
        fn canonical_is_idempotent_and_keeps_the_value(number in any::<f64>().prop_filter("JSON", |v| v.is_finite())) {
            let once = canonical(&json!(number));
            prop_assert_eq!(canonical(&once), once.clone());
            prop_assert_eq!(once.as_f64().unwrap(), number);
        }
    }
}
