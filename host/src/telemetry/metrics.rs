//! What is counted of a service, for Prometheus. Counters begin at 0 with the process.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// A step of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "they are the values of a label as Prometheus has them")]
pub enum Step {
    /// From its submission until its first attempt.
    wait,
    /// From the start of a worker until its plan.
    plan,
    /// From the start of a worker until its end.
    run,
    /// From the end of the worker until the outputs are in place.
    commit,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStep {
    step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEnd {
    state: &'static str,
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    method: String,
    route: String,
    status: u16,
}

/// The metrics of this process.
pub struct Metrics {
    registry: Registry,
    tasks: Family<OfEnd, Counter>,
    depth: Family<OfState, Gauge<u64, AtomicU64>>,
    steps: Family<OfStep, Histogram>,
    attempts_lost: Counter,
    frames: Counter,
    bytes: Counter,
    requests: Family<OfRequest, Histogram>,
}

/// The one of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

impl Metrics {
    fn new() -> Self {
        // Seconds: from a task of one frame to one of a day; from an answer out of memory to a plan.
        let steps = Family::new_with_constructor((|| Histogram::new(exponential_buckets(0.01, 2.5, 16))) as fn() -> _);
        let requests =
            Family::new_with_constructor((|| Histogram::new(exponential_buckets(0.001, 2.5, 12))) as fn() -> _);
        let mut new = Self {
            registry: Registry::with_prefix("wasmux"),
            tasks: Family::default(),
            depth: Family::default(),
            steps,
            attempts_lost: Counter::default(),
            frames: Counter::default(),
            bytes: Counter::default(),
            requests,
        };
        let registry = &mut new.registry;
        registry.register("tasks", "Tasks that ended, by state and code of the failure", new.tasks.clone());
        registry.register("queue_tasks", "Tasks that have not ended, by state", new.depth.clone());
        registry.register_with_unit("step", "Time of each step of a task", Unit::Seconds, new.steps.clone());
        registry.register(
            "attempts_handed_back",
            "Attempts that ended without a result and are made again",
            new.attempts_lost.clone(),
        );
        registry.register("frames_encoded", "Video frames that tasks encoded", new.frames.clone());
        registry.register_with_unit("written", "Bytes of packets that tasks wrote", Unit::Bytes, new.bytes.clone());
        registry.register_with_unit("http_request", "Time of an answer", Unit::Seconds, new.requests.clone());
        new
    }

    /// A task ended in this state; `code` is that of its failure, or empty.
    pub fn task_ended(&self, state: &'static str, code: &str) {
        self.tasks.get_or_create(&OfEnd { state, code: code.to_owned() }).inc();
    }

    /// An attempt is to be made again.
    pub fn handed_back(&self) {
        self.attempts_lost.inc();
    }

    /// A step of a task took so long.
    pub fn step(&self, step: Step, time: Duration) {
        self.steps.get_or_create(&OfStep { step }).observe(time.as_secs_f64());
    }

    /// A worker encoded and wrote so much.
    pub fn made(&self, frames: u64, bytes: u64) {
        self.frames.inc_by(frames);
        self.bytes.inc_by(bytes);
    }

    /// A request was answered. `route` is its pattern, so that there are few.
    pub fn answered(&self, method: &str, route: &str, status: u16, time: Duration) {
        let of = OfRequest { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&of).observe(time.as_secs_f64());
    }

    /// All of it as OpenMetrics text, with what the queue holds at this moment.
    pub fn text(&self, depth: &[(&'static str, u64)]) -> String {
        for (state, count) in depth {
            self.depth.get_or_create(&OfState { state }).set(*count);
        }
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_in_the_text() {
        let metrics = Metrics::new();
        metrics.task_ended("Failed", "PluginTrap");
        metrics.step(Step::wait, Duration::from_millis(20));
        metrics.made(7, 1000);
        metrics.handed_back();
        metrics.answered("GET", "/v1/tasks/{id}", 200, Duration::from_millis(2));
        let text = metrics.text(&[("Queued", 3)]);
        for line in [
            "wasmux_tasks_total{state=\"Failed\",code=\"PluginTrap\"} 1",
            "wasmux_queue_tasks{state=\"Queued\"} 3",
            "wasmux_step_seconds_count{step=\"wait\"} 1",
            "wasmux_step_seconds_bucket{le=\"0.025\",step=\"wait\"} 1",
            "wasmux_frames_encoded_total 7",
            "wasmux_written_bytes_total 1000",
            "wasmux_attempts_handed_back_total 1",
            "wasmux_http_request_seconds_count{method=\"GET\",route=\"/v1/tasks/{id}\",status=\"200\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
        }
    }
}
