//! Room `api`: HTTP.
//!
//! It owns: routes, the JSON of requests and answers, HTTP statuses, limits on what a client may send. It promises: every answer is
//! JSON of one shape, errors included; all faults of a request at once; no answer waits for media work except a dry run, which has a
//! time limit; a task that was answered with its id is on the disk. It refuses: processes, databases, media: those stand behind
//! [`Queue`] and [`Host`].

mod answer;
mod listing;
mod query;
mod refusal;
mod routes;
mod serve;
mod tasks;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use answer::{CancelDone, ErrorAnswer, ListAnswer, SubmitAnswer, TargetAnswer, TaskAnswer};
pub use serve::serve;

use crate::intake::Faults;
use crate::queue::Queue;
use crate::task::{Failure, TaskSpec};

/// What the API needs of the rest of the host. All methods may block; they are called on threads that may.
pub trait Host: Send + Sync {
    /// Judges the body of a request; all faults at once.
    fn intake(&self, body: &[u8]) -> Result<TaskSpec, Faults>;

    /// Plans a task in a worker of its own, and writes nothing: the plan as JSON text. `Busy` when too many are being made.
    fn dry_run(&self, spec: &TaskSpec) -> Result<String, DryRunError>;

    /// Something has changed in the queue: a task was submitted, or a cancel was asked for.
    fn wake(&self);

    /// What this host is, as a JSON object: version, features, whether the sandbox of workers is whole.
    fn about(&self) -> serde_json::Value;

    /// The plugins that requests can name, as JSON.
    fn plugins(&self) -> serde_json::Value;
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq)]
pub enum DryRunError {
    /// The task would fail with this.
    Failed(Failure),
    /// Too many dry runs at once: try again.
    Busy,
}

/// What the API serves.
#[derive(Clone)]
pub struct Api {
    /// The tasks.
    pub queue: Arc<dyn Queue>,
    /// The rest.
    pub host: Arc<dyn Host>,
}
