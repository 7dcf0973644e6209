//! Medians, and how sure they are.

use serde::Serialize;

/// How often values are drawn anew for a confidence interval.
const DRAWS: usize = 2000;

/// The middle of several measurements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Spread {
    /// The middle one, or the mean of the two middle ones.
    pub(super) median: f64,
    /// Ends of the interval in which the median lies with a confidence of 95 %, by bootstrap.
    pub(super) low: f64,
    /// The upper end.
    pub(super) high: f64,
}

impl Spread {
    /// Of at least one value.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let middle = median(values.to_vec())?;
        // Always the same draws, so that the same measurements give the same interval.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            // Xorshift: nothing here depends on how random it is.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % values.len() as u64).unwrap_or_default()
        };
        let mut medians: Vec<f64> = (0..DRAWS)
            .filter_map(|_| median(values.iter().map(|_| values.get(next()).copied()).collect::<Option<_>>()?))
            .collect();
        medians.sort_by(f64::total_cmp);
        let at = |share: f64| medians.get((medians.len() as f64 * share) as usize).copied();
        Some(Self { median: middle, low: at(0.025).unwrap_or(middle), high: at(0.975).unwrap_or(middle) })
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_median() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 4.0, 100.0]).unwrap();
        assert_eq!(spread.median, 3.0);
        assert!(spread.low >= 1.0 && spread.low < 3.0 && spread.high > 3.0, "{spread:?}");
        assert_eq!(Spread::of(&[2.0]).unwrap(), Spread { median: 2.0, low: 2.0, high: 2.0 });
        assert_eq!(Spread::of(&[1.0, 2.0]).unwrap().median, 1.5);
        assert!(Spread::of(&[]).is_none());
    }
}
