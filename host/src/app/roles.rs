//! Which components take the four roles, as the configuration says it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::intake::RoleDefaults;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_goes_before_the_host_and_both_before_what_is_built_in() {
        let named = |name: &str| Some(name.parse::<PluginRef>().unwrap());
        let host = RoleConfig { watermark: named("brand@^1"), delogo: named("hide"), ..RoleConfig::default() };
        let own = RoleConfig { watermark: named("acme"), ..RoleConfig::default() };
        let projects = [("acme".to_owned(), ProjectConfig { policies: own })].into();
        let defaults = defaults(&host, &projects);
        let of = |project: &str| {
            let Policies { watermark, delogo, parameters, .. } = defaults.of(project);
            [watermark, delogo, parameters].map(ToString::to_string)
        };
        assert_eq!(of("acme"), ["acme", "hide", "parameters"]);
        assert_eq!(of("other"), ["brand@^1", "hide", "parameters"]);
    }
}
