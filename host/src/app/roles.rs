//! What the configuration says of single projects: which components take the four roles, and which buckets are theirs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::intake::RoleDefaults;
use crate::store::BucketGrant;
use crate::task::{PluginRef, Policies};

/// Components of roles that a target's `Policies` does not name: `"name"` or `"name@range"`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleConfig {
    /// Draws `Watermarks`.
    pub watermark: Option<PluginRef>,
    /// Hides `Delogos`.
    pub delogo: Option<PluginRef>,
    /// Expands the URIs of outputs.
    pub uri_template: Option<PluginRef>,
    /// Resolves the parameters of outputs.
    pub parameters: Option<PluginRef>,
}

/// What differs for the tasks of one project.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectConfig {
    /// Its roles; those that it does not name are the host's.
    pub policies: RoleConfig,
    /// The buckets that it may use, and no others; all where it is absent.
    pub buckets: Option<Vec<BucketGrant>>,
}

impl ProjectConfig {
    /// Refuses what no project could have; each a sentence part that names the field within the project's table.
    pub(super) fn check(&self) -> Vec<String> {
        let mut names = BTreeSet::new();
        let again = |(index, bucket): (usize, &BucketGrant)| {
            let new = names.insert(bucket.name.clone());
            (!new).then(|| format!("buckets[{index}].name is {} again; each bucket is named once", bucket.name))
        };
        self.buckets.iter().flatten().enumerate().filter_map(again).collect()
    }
}

impl RoleConfig {
    fn over(&self, others: &Policies) -> Policies {
        let or = |own: &Option<PluginRef>, other: &PluginRef| own.as_ref().unwrap_or(other).clone();
        Policies {
            watermark: or(&self.watermark, &others.watermark),
            delogo: or(&self.delogo, &others.delogo),
            uri_template: or(&self.uri_template, &others.uri_template),
            parameters: or(&self.parameters, &others.parameters),
        }
    }
}

/// The defaults of all projects.
pub(super) fn defaults(host: &RoleConfig, projects: &BTreeMap<String, ProjectConfig>) -> RoleDefaults {
    let all = host.over(&Policies::default());
    let projects = projects.iter().map(|(name, project)| (name.clone(), project.policies.over(&all))).collect();
    RoleDefaults { all, projects }
}

/// The projects that are limited to some buckets.
pub(super) fn grants(projects: &BTreeMap<String, ProjectConfig>) -> BTreeMap<String, Vec<BucketGrant>> {
    projects.iter().filter_map(|(name, project)| Some((name.clone(), project.buckets.clone()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_goes_before_the_host_and_both_before_what_is_built_in() {
        let named = |name: &str| Some(name.parse::<PluginRef>().unwrap());
        let host = RoleConfig { watermark: named("brand@^1"), delogo: named("hide"), ..RoleConfig::default() };
        let own = RoleConfig { watermark: named("acme"), ..RoleConfig::default() };
        let projects = [("acme".to_owned(), ProjectConfig { policies: own, buckets: None })].into();
        let defaults = defaults(&host, &projects);
        let of = |project: &str| {
            let Policies { watermark, delogo, parameters, .. } = defaults.of(project);
            [watermark, delogo, parameters].map(ToString::to_string)
        };
        assert_eq!(of("acme"), ["acme", "hide", "parameters"]);
        assert_eq!(of("other"), ["brand@^1", "hide", "parameters"]);
    }
}
