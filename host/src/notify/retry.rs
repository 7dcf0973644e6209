//! When a message is tried again, as the vendor's message service does it.

use std::time::Duration;

use crate::task::{RetryPolicy, TaskId};

/// How often `BACKOFF` tries again.
const BACKOFF_TRIES: u32 = 3;
/// Longest time between two tries of `EXPONENTIAL_DECAY`, in seconds.
const LONGEST: u64 = 512;
/// How often it tries again: for a day.
const DECAY_TRIES: u32 = 176;

/// How long after a try that failed the next one is made; `None`: there is none. `tries` counts those before this one.
pub(super) fn delay(policy: RetryPolicy, tries: u32, task: TaskId) -> Option<Duration> {
    match policy {
        // 10 to 20 s, different for each task, so that a receiver that comes back is not met by all at once.
        RetryPolicy::Backoff if tries < BACKOFF_TRIES => {
            let spread =
                task.to_string().bytes().fold(u64::from(tries), |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
            Some(Duration::from_millis(10_000 + spread % 10_001))
        }
        RetryPolicy::ExponentialDecay if tries < DECAY_TRIES => {
            Some(Duration::from_secs(1_u64.checked_shl(tries).map_or(LONGEST, |seconds| seconds.min(LONGEST))))
        }
        RetryPolicy::Backoff | RetryPolicy::ExponentialDecay => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: RetryPolicy) -> Vec<u64> {
        (0..1000).map_while(|tries| delay(policy, tries, TaskId::new())).map(|delay| delay.as_secs()).collect()
    }

    #[test]
    fn backoff_tries_three_times_again() {
        let backoff = delays(RetryPolicy::Backoff);
        assert_eq!(backoff.len(), 3);
        assert!(backoff.iter().all(|seconds| (10..=20).contains(seconds)), "{backoff:?}");
    }

    #[test]
    fn exponential_decay_tries_for_a_day() {
        let decay = delays(RetryPolicy::ExponentialDecay);
        assert_eq!(decay[..12], [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512, 512]);
        let day = 24 * 3600;
        let sum: u64 = decay.iter().sum();
        assert!((day - 512..=day + 512).contains(&sum), "{sum}");
    }
}
