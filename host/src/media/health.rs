//! What decision 17 of the API reference (`SourceDamaged`) is judged by.

use super::clock::SECOND;

/// How much of a source was read, against what it promises: what decision 17 of the API reference is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceHealth {
    /// Packets read from the selected streams.
    pub packets: u64,
    /// Packets that were damaged or could not be read.
    pub lost: u64,
    /// Bytes of the file.
    pub size: u64,
    /// End of the last byte that was read.
    pub reached_bytes: u64,
    /// When the selected streams end by the file's own statement, in nanoseconds; `None` where it states nothing.
    pub stated_ns: Option<i64>,
    /// When the stream with that statement ended, in nanoseconds.
    pub reached_ns: i64,
}

impl SourceHealth {
    /// Share of packets lost, 0 to 1.
    pub fn lost_share(&self) -> f64 {
        let all = self.packets.saturating_add(self.lost);
        if all == 0 { 0.0 } else { self.lost as f64 / all as f64 }
    }

    /// Nanoseconds missing at the end, once the source was read to its end; `None` while within 2 % or half a second, as far as
    /// headers of intact files are off.
    pub fn missing_ns(&self) -> Option<i64> {
        let stated = self.stated_ns?;
        let missing = stated.saturating_sub(self.reached_ns);
        (missing > (stated / 50).max(SECOND / 2)).then_some(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_are_not_missing() {
        let health = |reached_ns| SourceHealth { stated_ns: Some(100 * SECOND), reached_ns, ..SourceHealth::default() };
        assert_eq!(health(98 * SECOND).missing_ns(), None);
        assert_eq!(health(97 * SECOND).missing_ns(), Some(3 * SECOND));
        assert_eq!(health(101 * SECOND).missing_ns(), None);
        assert_eq!(SourceHealth::default().missing_ns(), None);
    }

    #[test]
    fn the_share_of_nothing_is_none() {
        assert!(SourceHealth::default().lost_share() < f64::EPSILON);
        let health = SourceHealth { packets: 99, lost: 1, ..SourceHealth::default() };
        assert!((health.lost_share() - 0.01).abs() < 1e-9);
    }
}
