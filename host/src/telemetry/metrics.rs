//! What is counted of a service, for Prometheus. Counters begin at 0 with the process.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
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

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfMessage {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPlugin {
    plugin: String,
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
    messages: Family<OfMessage, Counter>,
    messages_due: Gauge<u64, AtomicU64>,
    requests: Family<OfRequest, Histogram>,
    plugin_frames: Family<OfPlugin, Counter>,
    plugin_cpu: Family<OfPlugin, Counter<f64, AtomicU64>>,
    plugin_memory: Family<OfPlugin, Gauge<u64, AtomicU64>>,
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
            messages: Family::default(),
            messages_due: Gauge::default(),
            requests,
            plugin_frames: Family::default(),
            plugin_cpu: Family::default(),
            plugin_memory: Family::default(),
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
        registry.register(
            "plugin_frames",
            "Frames that filters of committed tasks worked on, by plugin",
            new.plugin_frames.clone(),
        );
        registry.register_with_unit(
            "plugin_cpu",
            "CPU time of the filters of committed tasks, by plugin",
            Unit::Seconds,
            new.plugin_cpu.clone(),
        );
        registry.register_with_unit(
            "plugin_memory",
            "Linear memory of the filter that was the largest so far, by plugin",
            Unit::Bytes,
            new.plugin_memory.clone(),
        );
        registry.register(
            "messages",
            "Tries to tell the end of a task, by outcome: delivered, refused (and tried again) or given_up",
            new.messages.clone(),
        );
        registry.register(
            "messages_waiting",
            "Messages of tasks that have ended which nobody has taken yet",
            new.messages_due.clone(),
        );
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

    /// A filter of a task that is committed worked on so many frames.
    pub fn plugin(&self, name: &str, frames: u64, cpu_seconds: f64, memory_bytes: u64) {
        let of = OfPlugin { plugin: name.to_owned() };
        self.plugin_frames.get_or_create(&of).inc_by(frames);
        self.plugin_cpu.get_or_create(&of).inc_by(cpu_seconds.max(0.0));
        let most = self.plugin_memory.get_or_create(&of);
        most.inner().fetch_max(memory_bytes, Ordering::Relaxed);
    }

    /// A message was tried: `delivered`, `refused` or `given_up`.
    pub fn message(&self, outcome: &'static str) {
        self.messages.get_or_create(&OfMessage { outcome }).inc();
    }

    /// A request was answered. `route` is its pattern, so that there are few.
    pub fn answered(&self, method: &str, route: &str, status: u16, time: Duration) {
        let of = OfRequest { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&of).observe(time.as_secs_f64());
    }

    /// All of it as OpenMetrics text, with what the queue holds at this moment.
    pub fn text(&self, depth: &[(&'static str, u64)], messages: u64) -> String {
        self.messages_due.set(messages);
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
        metrics.message("delivered");
        metrics.plugin("vignette", 7, 0.5, 4096);
        metrics.plugin("vignette", 3, 0.25, 1024);
        metrics.answered("GET", "/v1/tasks/{id}", 200, Duration::from_millis(2));
        let text = metrics.text(&[("Queued", 3)], 2);
        for line in [
            "wasmux_tasks_total{state=\"Failed\",code=\"PluginTrap\"} 1",
            "wasmux_queue_tasks{state=\"Queued\"} 3",
            "wasmux_step_seconds_count{step=\"wait\"} 1",
            "wasmux_step_seconds_bucket{le=\"0.025\",step=\"wait\"} 1",
            "wasmux_frames_encoded_total 7",
            "wasmux_written_bytes_total 1000",
            "wasmux_attempts_handed_back_total 1",
            "wasmux_messages_total{outcome=\"delivered\"} 1",
            "wasmux_messages_waiting 2",
            "wasmux_plugin_frames_total{plugin=\"vignette\"} 10",
            "wasmux_plugin_cpu_seconds_total{plugin=\"vignette\"} 0.75",
            "wasmux_plugin_memory_bytes{plugin=\"vignette\"} 4096",
            "wasmux_http_request_seconds_count{method=\"GET\",route=\"/v1/tasks/{id}\",status=\"200\"} 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
        }
    }
}
