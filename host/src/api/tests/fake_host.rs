//! A host that does as it is told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use semver::Version;
use serde_json::{Value, json};

use crate::api::{DescribeError, DryRunError, Host, PluginClaim, Publication, PublishError};
use crate::intake::{self, BucketRights, CheckFault, Faults, Limits, RoleDefaults, SubmissionCheck};
use crate::task::*;

/// Remembers what it was asked.
pub(super) struct FakeHost {
    pub(super) woken: AtomicUsize,
    /// Whether [`Host::plugins`] panics.
    pub(super) panics: AtomicBool,
    pub(super) plan: Mutex<Result<String, DryRunError>>,
    pub(super) meta: Mutex<Result<MediaMeta, DescribeError>>,
    /// What was to be described.
    pub(super) described: Mutex<Option<(String, ObjectUri)>>,
    pub(super) published: Mutex<Vec<PluginId>>,
    pub(super) unready: Mutex<Option<String>>,
}

impl Host for FakeHost {
    fn intake(&self, body: &[u8]) -> Result<TaskSpec, Faults> {
        let context = intake::Context {
            check: &All,
            buckets: &All,
            defaults: &RoleDefaults::default(),
            notices: &intake::NoNotices,
            limits: Limits::default(),
        };
        intake::intake(body, &context)
    }

    fn request_schema(&self) -> Value {
        intake::request_schema(&Limits::default())
    }

    fn has_plugins(&self, _: &TaskSpec) -> bool {
        true
    }

    fn dry_run(&self, _: &TaskSpec) -> Result<String, DryRunError> {
        self.plan.lock().unwrap().clone()
    }

    fn describe(&self, project: &str, uri: &ObjectUri) -> Result<MediaMeta, DescribeError> {
        *self.described.lock().unwrap() = Some((project.to_owned(), uri.clone()));
        self.meta.lock().unwrap().clone()
    }

    fn is_configured(&self, project: &str) -> bool {
        project == "configured"
    }

    fn wake(&self) {
        self.woken.fetch_add(1, Ordering::Relaxed);
    }

    fn about(&self) -> Value {
        json!({"Version": "0.1.0"})
    }

    fn unready(&self) -> Option<String> {
        self.unready.lock().unwrap().clone()
    }

    fn plugins(&self) -> Value {
        assert!(!self.panics.load(Ordering::Relaxed), "a secret");
        json!([{"Name": "watermark"}])
    }

    fn claim(&self, name: &PluginName, version: &Version) -> Option<PluginClaim> {
        let published = self.published.lock().unwrap();
        let id = published.iter().find(|id| (&id.name, &id.version) == (name, version)).cloned();
        let built_in = || (name.as_str() == "watermark").then(|| plugin(name, version, "built in"));
        let is_published = id.is_some();
        let id = id.or_else(built_in)?;
        Some(PluginClaim { report: json!(id), id, is_published })
    }

    fn max_component_bytes(&self) -> u64 {
        3 << 20
    }

    fn publish(&self, name: &PluginName, version: &Version, component: &[u8]) -> Result<Publication, PublishError> {
        let digest = format!("{} bytes", component.len());
        let id = plugin(name, version, &digest);
        match self.claim(name, version) {
            Some(there) if there.id == id => Ok(Publication { id, is_new: false }),
            Some(_) => Err(PublishError::Conflict("PluginExists", "it is there".into())),
            None => {
                self.published.lock().unwrap().push(id.clone());
                Ok(Publication { id, is_new: true })
            }
        }
    }

    fn unpublish(&self, plugin: &PluginId) -> Result<(), PublishError> {
        self.published.lock().unwrap().retain(|id| id != plugin);
        Ok(())
    }
}

fn plugin(name: &PluginName, version: &Version, digest: &str) -> PluginId {
    PluginId { name: name.clone(), version: version.clone(), digest: digest.into() }
}

/// Allows everything.
struct All;

impl SubmissionCheck for All {
    fn pin(&self, plugin: &PluginRef) -> Result<PluginRef, Failure> {
        Ok(PluginRef { pin: Some(Pin::BuiltIn), ..plugin.clone() })
    }

    fn assets(&self, _: &PluginRef, _: &Value) -> Vec<String> {
        Vec::new()
    }

    fn check_template(&self, _: &PluginRef, _: &str, _: &[String]) -> Result<Result<(), CheckFault>, Failure> {
        Ok(Ok(()))
    }

    fn check_parameters(&self, _: &PluginRef, _: &Value) -> Result<Vec<CheckFault>, Failure> {
        Ok(Vec::new())
    }

    fn check_parameter_policy(&self, _: &PluginRef) -> Result<(), Failure> {
        Ok(())
    }

    fn font_names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl BucketRights for All {
    fn of(&self, _: &str) -> Box<dyn BucketRights + '_> {
        Box::new(Self)
    }

    fn can_read(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn can_write(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
}
