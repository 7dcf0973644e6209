//! Room `api`: HTTP.
//!
//! It owns: routes, the JSON of requests and answers, HTTP statuses, limits on what a client may send. It promises: every answer is
//! JSON of one shape, errors included; all faults of a request at once; no answer waits for media work except a dry run, which has a
//! time limit; a task that was answered with its id is on the disk. It refuses: processes, databases, media: those stand behind
//! [`Queue`] and [`Host`].

mod admit;
mod answer;
mod events;
mod listing;
mod plugins;
mod query;
mod refusal;
mod routes;
mod rpc;
mod serve;
mod tasks;
#[cfg(test)]
mod tests;

use std::sync::{Arc, RwLock};

use semver::Version;
use serde_json::Value;

pub use answer::{CancelDone, ErrorAnswer, ListAnswer, PublishAnswer, SubmitAnswer, TargetAnswer, TaskAnswer};
pub use serve::serve;

use crate::access::Access;
use crate::intake::Faults;
use crate::queue::Queue;
use crate::task::{Failure, PluginId, PluginName, TaskSpec};

/// What the API needs of the rest of the host. All methods may block; they are called on threads that may.
pub trait Host: Send + Sync {
    /// Judges the body of a request; all faults at once.
    fn intake(&self, body: &[u8]) -> Result<TaskSpec, Faults>;

    /// Whether the plugins that intake has pinned for this task are still there.
    fn has_plugins(&self, spec: &TaskSpec) -> bool;

    /// Plans a task in a worker of its own, and writes nothing: the plan as JSON text. `Busy` when too many are being made.
    fn dry_run(&self, spec: &TaskSpec) -> Result<String, DryRunError>;

    /// Something has changed in the queue: a task was submitted, or a cancel was asked for.
    fn wake(&self);

    /// What this host is, as a JSON object: version, features, whether the sandbox of workers is whole.
    fn about(&self) -> Value;

    /// Why tasks are not run at this moment; `None`: they are.
    fn unready(&self) -> Option<String>;

    /// The plugins that requests can name, as JSON.
    fn plugins(&self) -> Value;

    /// Who has this name and version.
    fn claim(&self, name: &PluginName, version: &Version) -> Option<PluginClaim>;

    /// Largest component that is taken, in bytes.
    fn max_component_bytes(&self) -> u64;

    /// Takes in a component under the name and version that it says it has; the same bytes again change nothing.
    fn publish(&self, name: &PluginName, version: &Version, component: &[u8]) -> Result<Publication, PublishError>;

    /// Removes a published component, unless the configuration names it. That no task needs it any more is for the caller to know.
    fn unpublish(&self, plugin: &PluginId) -> Result<(), PublishError>;
}

/// Who has a name and a version.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginClaim {
    /// The component.
    pub id: PluginId,
    /// Whether it was published; otherwise it is built in or stands in the plugin folder.
    pub is_published: bool,
    /// All that is known of it, as a JSON object.
    pub report: Value,
}

/// A component that is among the plugins.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// The component.
    pub id: PluginId,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// Why a component is not published, or not removed.
#[derive(Debug, Clone, PartialEq)]
pub enum PublishError {
    /// It is no plugin, or not the one that it is said to be.
    Wrong(String),
    /// It does not go together with what is there: a code and a sentence.
    Conflict(&'static str, String),
    /// It cannot be compiled within the limits.
    Failed(Failure),
    /// This server takes no plugins.
    Forbidden(String),
    /// Too many are being published: try again.
    Busy,
    /// The disk refuses; for the log.
    Storage(String),
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
    queue: Arc<dyn Queue>,
    host: Arc<dyn Host>,
    /// Who may do what; `None`: anybody everything.
    access: Option<Arc<Access>>,
    /// Held for reading from the moment that a request's plugins are looked up until its task is in the queue, for writing while
    /// a plugin is removed: whoever removes one sees all tasks that need it.
    plugins_in_use: Arc<RwLock<()>>,
}

impl Api {
    /// An API over these tasks and this host.
    pub fn new(queue: Arc<dyn Queue>, host: Arc<dyn Host>) -> Self {
        Self { queue, host, access: None, plugins_in_use: Arc::default() }
    }

    /// The same for those who have one of these keys; without keys for anybody.
    #[must_use]
    pub fn for_keys(self, access: Option<Access>) -> Self {
        Self { access: access.map(Arc::new), ..self }
    }
}
