//! Which components take the roles that a target does not name.

use std::collections::BTreeMap;

use crate::task::{PluginRef, Policies};

/// The components of the four roles where `Policies` of a target says nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoleDefaults {
    /// Of projects that have none of their own.
    pub all: Policies,
    /// Of single projects, by name.
    pub projects: BTreeMap<String, Policies>,
}

impl RoleDefaults {
    /// Those of a project.
    pub fn of(&self, project: &str) -> &Policies {
        self.projects.get(project).unwrap_or(&self.all)
    }

    /// All that are named.
    pub fn plugins(&self) -> impl Iterator<Item = &PluginRef> {
        std::iter::once(&self.all).chain(self.projects.values()).flat_map(Policies::plugins)
    }
}
