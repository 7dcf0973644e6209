//! How many requests a caller may send.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::access::Caller;

/// So many callers are remembered; above it those that were quiet are forgotten.
const REMEMBERED: usize = 10_000;

/// How many requests each key may send; where there are no keys, each address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateConfig {
    /// Requests per second over a long time; 0 is no limit.
    pub per_second: u32,
    /// So many may come at once.
    pub burst: u32,
}

impl Default for RateConfig {
    fn default() -> Self {
        Self { per_second: 0, burst: 100 }
    }
}

impl RateConfig {
    /// Refuses what could let nobody in; names the field.
    pub fn check(&self) -> Result<(), String> {
        if self.per_second > 0 && self.burst == 0 {
            return Err("rates.burst 0 is not allowed: it must be at least 1".to_owned());
        }
        Ok(())
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Key(String),
    Address(Option<IpAddr>),
}

/// Counts requests.
pub(super) struct Rates(DefaultKeyedRateLimiter<Who>);

impl Rates {
    /// `None`: there is no limit.
    pub(super) fn new(config: &RateConfig) -> Option<Self> {
        let (rate, burst) = (NonZeroU32::new(config.per_second)?, NonZeroU32::new(config.burst)?);
        Some(Self(RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))))
    }

    /// Counts a request, and refuses it where there were too many.
    pub(super) fn count(&self, caller: &Caller, address: Option<IpAddr>) -> Result<(), Refusal> {
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        let who = match caller {
            Caller::Key(key) => Who::Key(key.id().to_owned()),
            Caller::Anonymous => Who::Address(address),
        };
        let Err(until) = self.0.check_key(&who) else { return Ok(()) };
        let wait = until.wait_time_from(DefaultClock::default().now());
        Err(Refusal::throttled(seconds(wait)))
    }
}

/// In whole seconds, at least one.
fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_burst() {
        assert!(Rates::new(&RateConfig::default()).is_none(), "by default there is no limit");
        let rates = Rates::new(&RateConfig { per_second: 1, burst: 2 }).unwrap();
        let (one, two) = (Some("10.0.0.1".parse().unwrap()), Some("10.0.0.2".parse().unwrap()));
        let count = |address| rates.count(&Caller::Anonymous, address).is_ok();
        assert_eq!([count(one), count(one), count(one), count(two)], [true, true, false, true]);
    }

    #[test]
    fn waits_are_told_in_whole_seconds() {
        assert_eq!([0, 1, 1000, 1001].map(|ms| seconds(Duration::from_millis(ms))), [1, 1, 1, 2]);
    }

    #[test]
    fn a_burst_of_none_is_refused() {
        assert!(RateConfig { per_second: 5, burst: 0 }.check().unwrap_err().starts_with("rates.burst"));
        assert_eq!(RateConfig { per_second: 0, burst: 0 }.check(), Ok(()));
    }
}
