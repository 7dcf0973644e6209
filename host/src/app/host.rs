//! What the API needs of the rest of a service.

use std::collections::BTreeSet;
use std::sync::Arc;

use semver::Version;
use serde_json::{Value, json};

use super::App;
use super::messages::SinkRights;
use super::published::Published;
use crate::api::{DescribeError, DryRunError, Host, PluginClaim, Publication, PublishError};
use crate::intake::Faults;
use crate::store::Access;
use crate::supervise::Supervisor;
use crate::task::{MediaMeta, ObjectUri, PluginId, PluginName, PluginRef, TaskSpec};

pub(super) struct ServiceHost {
    pub(super) app: Arc<App>,
    pub(super) supervisor: Arc<Supervisor>,
    pub(super) published: Published,
    pub(super) notices: SinkRights,
    pub(super) takes_plugins: bool,
    /// Names of the projects that the configuration names.
    pub(super) projects: BTreeSet<String>,
}

impl Host for ServiceHost {
    fn intake(&self, body: &[u8]) -> Result<TaskSpec, Faults> {
        self.app.intake_with(body, &self.notices)
    }

    fn request_schema(&self) -> Value {
        self.app.request_schema()
    }

    fn has_plugins(&self, spec: &TaskSpec) -> bool {
        let pinned = spec.plugins().into_iter().filter(|plugin| plugin.pin.is_some());
        pinned.map(|plugin| self.app.sandbox.plugin_id(plugin)).all(|found| found.is_ok())
    }

    fn dry_run(&self, spec: &TaskSpec) -> Result<String, DryRunError> {
        match self.supervisor.plan(spec) {
            Some(plan) => plan.map_err(DryRunError::Failed),
            None => Err(DryRunError::Busy),
        }
    }

    fn describe(&self, project: &str, uri: &ObjectUri) -> Result<MediaMeta, DescribeError> {
        self.app
            .buckets
            .of(project)
            .check(uri, Access::Read)
            .map_err(|error| DescribeError::Forbidden(error.to_string()))?;
        self.supervisor.describe(project, uri).ok_or(DescribeError::Busy)?.map_err(DescribeError::Failed)
    }

    fn is_configured(&self, project: &str) -> bool {
        self.projects.contains(project)
    }

    fn wake(&self) {
        self.supervisor.wake();
    }

    fn about(&self) -> Value {
        json!({
            "Version": env!("CARGO_PKG_VERSION"),
            "Workers": self.supervisor.confinements(),
            "BrokenPlugins": self.app.broken_plugins(),
        })
    }

    fn unready(&self) -> Option<String> {
        self.supervisor.unready().map(str::to_owned)
    }

    fn plugins(&self) -> Value {
        json!(self.app.plugins())
    }

    fn claim(&self, name: &PluginName, version: &Version) -> Option<PluginClaim> {
        let claim = self.app.sandbox.claim(name, version)?;
        let plugin = PluginRef::exactly(&claim.id);
        // One that two files claim can be found, but not used.
        let report = self.app.sandbox.report(&plugin).map_or_else(|_| json!(claim.id), |report| json!(report));
        Some(PluginClaim { id: claim.id, is_published: claim.is_published, report })
    }

    fn max_component_bytes(&self) -> u64 {
        self.app.sandbox.max_component_bytes()
    }

    fn publish(&self, name: &PluginName, version: &Version, component: &[u8]) -> Result<Publication, PublishError> {
        if !self.takes_plugins {
            let message = "this server takes no plugins: it takes tasks of anybody, or plugins.publish is false";
            return Err(PublishError::Forbidden(message.to_owned()));
        }
        let compile = |plugin: &PluginRef, file: &std::path::Path| self.supervisor.compile(plugin, Some(file));
        self.published.put(&self.app.sandbox, name, version, component, compile)
    }

    fn unpublish(&self, plugin: &PluginId) -> Result<(), PublishError> {
        if !self.takes_plugins {
            return Err(PublishError::Forbidden("this server takes no orders about plugins".to_owned()));
        }
        let role = |wanted: &&PluginRef| self.app.sandbox.plugin_id(wanted).is_ok_and(|id| id == *plugin);
        if let Some(wanted) = self.app.defaults.plugins().find(role) {
            let message = format!("{plugin} is in use: the configuration names `{wanted}` in `policies`");
            return Err(PublishError::Conflict("PluginInUse", message));
        }
        self.published.remove(&self.app.sandbox, plugin)
    }
}
