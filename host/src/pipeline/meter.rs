//! What the stages of a run use: items, times, waiting.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

use crate::task::ItemTimes;

/// The longest time that is told apart from longer ones, in nanoseconds: an hour.
const LONGEST: u64 = 3600 * 1_000_000_000;
/// Digits of a time that are kept: 1 % is finer than any two runs agree.
const DIGITS: u8 = 2;
/// End of the first step of a histogram in nanoseconds, and how much longer each step is than the one before.
const STEP_NS: u64 = 1000;
const STEP: f64 = 1.189_207_115; // the fourth root of 2

/// Of one stage. Only its own thread writes to it; it is read when that has ended.
#[derive(Debug, Default)]
pub(super) struct Meter {
    items: AtomicU64,
    passed: AtomicU64,
    input_wait_ns: AtomicU64,
    output_wait_ns: AtomicU64,
    turns: Option<Mutex<Turns>>,
}

/// One turn is from an item's arrival until the next one is asked for.
#[derive(Debug)]
struct Turns {
    /// When the current one began, and how long was waited for room before it.
    current: Option<(Instant, u64)>,
    times: Histogram<u32>,
    total: Duration,
}

impl Meter {
    /// Measures waiting only: two looks at the clock would be a good part of the time for a packet.
    pub(super) fn of_packets() -> Self {
        Self::default()
    }

    /// Measures the time of each item too.
    pub(super) fn of_frames() -> Self {
        // The bounds are valid, so there always is one.
        let times = Histogram::new_with_max(LONGEST, DIGITS).ok();
        let turns = times.map(|times| Mutex::new(Turns { current: None, times, total: Duration::ZERO }));
        Self { turns, ..Self::default() }
    }

    fn turns(&self) -> Option<MutexGuard<'_, Turns>> {
        Some(self.turns.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The stage asks for its next item: what it had is done.
    pub(super) fn asks(&self) {
        let Some(mut turns) = self.turns() else { return };
        let Some((begun, waited)) = turns.current.take() else { return };
        let waited = Duration::from_nanos(self.output_wait_ns.load(Relaxed).saturating_sub(waited));
        let time = begun.elapsed().saturating_sub(waited);
        turns.times.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(LONGEST));
        turns.total += time;
    }

    /// The stage has an item.
    pub(super) fn takes(&self) {
        self.items.fetch_add(1, Relaxed);
        if let Some(mut turns) = self.turns() {
            turns.current = Some((Instant::now(), self.output_wait_ns.load(Relaxed)));
        }
    }

    /// The stage does nothing with the item that it has.
    pub(super) fn passes(&self) {
        self.items.fetch_sub(1, Relaxed);
        self.passed.fetch_add(1, Relaxed);
        if let Some(mut turns) = self.turns() {
            turns.current = None;
        }
    }

    pub(super) fn waited_for_input(&self, time: Duration) {
        self.input_wait_ns.fetch_add(nanos(time), Relaxed);
    }

    pub(super) fn waited_for_room(&self, time: Duration) {
        self.output_wait_ns.fetch_add(nanos(time), Relaxed);
    }

    pub(super) fn items(&self) -> u64 {
        self.items.load(Relaxed)
    }

    pub(super) fn passed(&self) -> u64 {
        self.passed.load(Relaxed)
    }

    /// Seconds of waiting for something to do, and for those behind.
    pub(super) fn waits(&self) -> (f64, f64) {
        let seconds = |ns: &AtomicU64| Duration::from_nanos(ns.load(Relaxed)).as_secs_f64();
        (seconds(&self.input_wait_ns), seconds(&self.output_wait_ns))
    }

    /// `None` where no times are measured, or there were no items; with all times, or without.
    pub(super) fn per_item(&self, whole: bool) -> Option<ItemTimes> {
        let turns = self.turns()?;
        let us = |ns: u64| ns as f64 / 1000.0;
        let steps = turns.times.iter_log(STEP_NS, STEP).filter(|step| whole && step.count_since_last_iteration() > 0);
        let steps = steps.map(|step| (us(step.value_iterated_to()), step.count_since_last_iteration())).collect();
        (!turns.times.is_empty()).then(|| ItemTimes {
            median_us: us(turns.times.value_at_quantile(0.5)),
            p99_us: us(turns.times.value_at_quantile(0.99)),
            max_us: us(turns.times.max()),
            total_seconds: turns.total.as_secs_f64(),
            steps,
        })
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// CPU time of the calling thread so far, in seconds.
pub(super) fn thread_cpu_seconds() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

/// CPU time of this process so far, in seconds.
pub(super) fn process_cpu_seconds() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_room_is_no_work() {
        let meter = Meter::of_frames();
        meter.asks();
        for _ in 0..3 {
            meter.takes();
            meter.waited_for_room(Duration::from_secs(5));
            meter.asks();
        }
        meter.takes();
        meter.passes();
        meter.asks();
        meter.waited_for_input(Duration::from_millis(1500));
        let times = meter.per_item(true).unwrap();
        assert!(times.max_us < 1e6 && times.median_us <= times.p99_us && times.p99_us <= times.max_us, "{times:?}");
        assert_eq!(times.steps.iter().map(|(_, count)| count).sum::<u64>(), 3);
        assert!(meter.per_item(false).unwrap().steps.is_empty());
        assert_eq!((meter.items(), meter.passed(), meter.waits()), (3, 1, (1.5, 15.0)));
    }

    #[test]
    fn where_only_waiting_is_measured_items_are_counted() {
        let meter = Meter::of_packets();
        meter.takes();
        meter.asks();
        assert_eq!((meter.items(), meter.per_item(true)), (1, None));
    }

    #[test]
    fn a_thread_has_used_no_more_than_its_process() {
        let before = thread_cpu_seconds();
        let sum: u64 = std::hint::black_box((0..1_000_000u64).map(|n| n ^ 7).sum());
        assert!(sum > 0 && thread_cpu_seconds() >= before);
        assert!(process_cpu_seconds() >= thread_cpu_seconds());
    }
}
