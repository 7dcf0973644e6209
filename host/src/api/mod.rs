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
mod openapi;
mod plugins;
mod probe;
mod projects;
mod query;
mod rates;
mod refusal;
mod routes;
mod rpc;
mod serve;
mod tasks;
mod templates;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::{Arc, RwLock};

use semver::Version;
use serde_json::Value;

pub use answer::{CancelDone, ErrorAnswer, ListAnswer, PublishAnswer, SubmitAnswer, TargetAnswer, TaskAnswer};
pub use rates::RateConfig;
pub use serve::serve;
pub use tls::{Tls, TlsFiles};

use self::rates::Rates;
use crate::access::Access;
use crate::intake::Faults;
use crate::queue::{Projects, Queue, Templates};
use crate::task::{Failure, MediaMeta, ObjectUri, PluginId, PluginName, TaskSpec};

/// What the API needs of the rest of the host. All methods may block; they are called on threads that may.
pub trait Host: Send + Sync {
    /// Judges the body of a request; all faults at once.
    fn intake(&self, body: &[u8]) -> Result<TaskSpec, Faults>;

    /// The shape of the body that [`Host::intake`] takes, as a JSON schema.
    fn request_schema(&self) -> Value;

    /// Whether the plugins that intake has pinned for this task are still there.
    fn has_plugins(&self, spec: &TaskSpec) -> bool;

    /// Plans a task in a worker of its own, and writes nothing: the plan as JSON text. `Busy` when too many are being made.
    fn dry_run(&self, spec: &TaskSpec) -> Result<String, DryRunError>;

    /// What a source of a project says of itself, read by a worker of its own. `Busy` when too many are being read.
    fn describe(&self, project: &str, uri: &ObjectUri) -> Result<MediaMeta, DescribeError>;

    /// Whether the configuration names this project: then it cannot be removed.
    fn is_configured(&self, project: &str) -> bool;

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

/// Why nothing is said of a source.
#[derive(Debug, Clone, PartialEq)]
pub enum DescribeError {
    /// The project may not read it, or there is no such bucket: a sentence.
    Forbidden(String),
    /// It is not there, is no media, or took too much.
    Failed(Failure),
    /// Too many at once: try again.
    Busy,
}

/// What the API serves.
#[derive(Clone)]
pub struct Api {
    queue: Arc<dyn Queue>,
    projects: Arc<dyn Projects>,
    templates: Arc<dyn Templates>,
    host: Arc<dyn Host>,
    /// Whether a project that a task names is made where there is none.
    makes_projects: bool,
    /// Who may do what; `None`: anybody everything.
    access: Option<Arc<Access>>,
    /// How many requests each caller may send; `None`: any.
    rates: Option<Arc<Rates>>,
    /// Held for reading from the moment that a request's plugins are looked up until its task is in the queue, for writing while
    /// a plugin is removed: whoever removes one sees all tasks that need it.
    plugins_in_use: Arc<RwLock<()>>,
}

impl Api {
    /// An API over this queue and this host.
    pub fn new<Q: Queue + Projects + Templates + 'static>(queue: Arc<Q>, host: Arc<dyn Host>) -> Self {
        Self {
            queue: Arc::clone(&queue) as Arc<dyn Queue>,
            projects: Arc::clone(&queue) as Arc<dyn Projects>,
            templates: queue,
            host,
            makes_projects: false,
            access: None,
            rates: None,
            plugins_in_use: Arc::default(),
        }
    }

    /// The same where projects are made by the tasks that name them, or are not.
    #[must_use]
    pub fn making_projects(self, makes_projects: bool) -> Self {
        Self { makes_projects, ..self }
    }

    /// The same for those who have one of these keys; without keys for anybody.
    #[must_use]
    pub fn for_keys(self, access: Option<Access>) -> Self {
        Self { access: access.map(Arc::new), ..self }
    }

    /// The same with limits on how many requests each caller may send.
    #[must_use]
    pub fn with_rates(self, config: &RateConfig) -> Self {
        Self { rates: Rates::new(config).map(Arc::new), ..self }
    }
}
