//! What resolve asks of policies. The sandbox implements both; fakes stand in for tests.

use crate::task::{Failure, PluginId, PluginRef, Warning};

/// A policy's answer, and what it reported meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The URI, or the JSON document.
    pub text: String,
    /// From `report.warning`; `field` is a path within the policy's input.
    pub warnings: Vec<Warning>,
}

/// Where an output goes. Failures carry stage `Resolve` and no target: the caller knows it.
pub trait UriPolicy {
    /// Expands a template to a complete URI.
    fn expand(&self, plugin: &PluginRef, template: &str, variables: &[(String, String)]) -> Result<Answer, Failure>;
}

/// Which parameters an output gets. Failures as with [`UriPolicy`].
pub trait ParameterPolicy {
    /// JSON of docs/schemas/parameters-request.json in, JSON of docs/schemas/parameters-answer.json out.
    fn resolve(&self, plugin: &PluginRef, document: &str) -> Result<Answer, Failure>;
}

/// Which exact component a reference means.
pub trait PluginIds {
    /// Name, version and digest; fails with `PluginNotFound`.
    fn id(&self, plugin: &PluginRef) -> Result<PluginId, Failure>;
}
