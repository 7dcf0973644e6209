//! What intake asks the plugins at submission.

use serde_json::Value;

use crate::task::{Failure, PluginRef};

/// A fault that a plugin, or the schema in its manifest, finds at submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFault {
    /// Path within the parameters (`Watermarks[0].FontSize`), or empty.
    pub field: String,
    /// What is wrong and what is allowed, as a sentence part that follows the field's name.
    pub message: String,
}

/// The checks that need no media. The sandbox implements it; a fake stands in for tests of intake.
pub trait SubmissionCheck {
    /// The reference with its bytes pinned: the highest version that will do now. Fails with `PluginNotFound`, or with
    /// `PluginIncompatible` where nobody can say which it is.
    fn pin(&self, plugin: &PluginRef) -> Result<PluginRef, Failure>;

    /// Asks a URI policy whether it can expand the template with variables of these names. The inner error is the policy's
    /// verdict on the template, the outer one a failure of the policy itself.
    fn check_template(
        &self,
        plugin: &PluginRef,
        template: &str,
        available: &[String],
    ) -> Result<Result<(), CheckFault>, Failure>;

    /// Checks a filter's parameters against the schema in its manifest; all faults at once.
    fn check_parameters(&self, plugin: &PluginRef, parameters: &Value) -> Result<Vec<CheckFault>, Failure>;

    /// The objects that a filter with these parameters could read.
    fn assets(&self, plugin: &PluginRef, parameters: &Value) -> Vec<String>;

    /// Whether there is a parameter policy of that name and version.
    fn check_parameter_policy(&self, plugin: &PluginRef) -> Result<(), Failure>;

    /// The names of fonts that this host has, besides those that the API documents.
    fn font_names(&self) -> Vec<String>;
}
