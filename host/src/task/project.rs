//! Projects: what tasks, keys and buckets are grouped by.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Longest name, in characters.
pub const MAX_NAME: usize = 128;

/// What a name must be, in a sentence part.
pub const NAME_RULE: &str = "must be 1 to 128 characters of A-Z, a-z, 0-9, '-' and '_'";

/// Whether a project can have this name.
pub fn valid_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(legal)
}

/// What a project says of itself, with the fields and defaults of the vendor's API. There are no datasets here: their limits are kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ProjectSettings {
    /// For people.
    pub description: String,
    /// Kept and shown: buckets are reached by the host's own configuration.
    pub service_role: String,
    /// Kept and shown: there are no workflow templates.
    pub template_id: String,
    /// Most datasets of the project.
    pub project_max_dataset_count: u64,
    /// Most bindings of a dataset.
    pub dataset_max_bind_count: u64,
    /// Most files of a dataset.
    pub dataset_max_file_count: u64,
    /// Most entities of a dataset.
    pub dataset_max_entity_count: u64,
    /// Most relations of a dataset.
    pub dataset_max_relation_count: u64,
    /// Most bytes of all files of a dataset.
    pub dataset_max_total_file_size: u64,
    /// By their names.
    pub tags: BTreeMap<String, String>,
}

impl Default for ProjectSettings {
    fn default() -> Self {
        Self {
            description: String::new(),
            service_role: String::new(),
            template_id: String::new(),
            project_max_dataset_count: 1_000_000_000,
            dataset_max_bind_count: 10,
            dataset_max_file_count: 100_000_000,
            dataset_max_entity_count: 10_000_000_000,
            dataset_max_relation_count: 100_000_000_000,
            dataset_max_total_file_size: 90_000_000_000_000_000,
            tags: BTreeMap::new(),
        }
    }
}

impl ProjectSettings {
    /// What the vendor's API takes as `ProjectMaxDatasetCount`.
    pub const DATASETS: RangeInclusive<u64> = 1..=1_000_000_000;
    /// As `DatasetMaxBindCount`.
    pub const BINDS: RangeInclusive<u64> = 1..=10;
    /// As `DatasetMaxFileCount`.
    pub const FILES: RangeInclusive<u64> = 1..=100_000_000;
    /// As the other limits of datasets, which the vendor's API leaves open.
    pub const ANY: RangeInclusive<u64> = 1..=9_000_000_000_000_000_000;
    /// Longest `Description`, in characters.
    pub const DESCRIPTION: usize = 256;
}

/// What is to be different of a project; `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectChanges {
    /// See [`ProjectSettings::description`].
    pub description: Option<String>,
    /// See [`ProjectSettings::service_role`].
    pub service_role: Option<String>,
    /// See [`ProjectSettings::template_id`].
    pub template_id: Option<String>,
    /// See [`ProjectSettings::project_max_dataset_count`].
    pub project_max_dataset_count: Option<u64>,
    /// See [`ProjectSettings::dataset_max_bind_count`].
    pub dataset_max_bind_count: Option<u64>,
    /// See [`ProjectSettings::dataset_max_file_count`].
    pub dataset_max_file_count: Option<u64>,
    /// See [`ProjectSettings::dataset_max_entity_count`].
    pub dataset_max_entity_count: Option<u64>,
    /// See [`ProjectSettings::dataset_max_relation_count`].
    pub dataset_max_relation_count: Option<u64>,
    /// See [`ProjectSettings::dataset_max_total_file_size`].
    pub dataset_max_total_file_size: Option<u64>,
    /// All tags, in place of those before.
    pub tags: Option<BTreeMap<String, String>>,
}

impl ProjectChanges {
    /// The settings after the changes.
    #[must_use]
    pub fn on(&self, before: &ProjectSettings) -> ProjectSettings {
        fn or<T: Clone>(new: &Option<T>, old: &T) -> T {
            new.as_ref().unwrap_or(old).clone()
        }
        ProjectSettings {
            description: or(&self.description, &before.description),
            service_role: or(&self.service_role, &before.service_role),
            template_id: or(&self.template_id, &before.template_id),
            project_max_dataset_count: or(&self.project_max_dataset_count, &before.project_max_dataset_count),
            dataset_max_bind_count: or(&self.dataset_max_bind_count, &before.dataset_max_bind_count),
            dataset_max_file_count: or(&self.dataset_max_file_count, &before.dataset_max_file_count),
            dataset_max_entity_count: or(&self.dataset_max_entity_count, &before.dataset_max_entity_count),
            dataset_max_relation_count: or(&self.dataset_max_relation_count, &before.dataset_max_relation_count),
            dataset_max_total_file_size: or(&self.dataset_max_total_file_size, &before.dataset_max_total_file_size),
            tags: or(&self.tags, &before.tags),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        for name in ["a", "7-_Z", &"x".repeat(MAX_NAME)] {
            assert!(valid_name(name), "{name}");
        }
        for name in ["", "a b", "ä", "a/b", "a.b", &"x".repeat(MAX_NAME + 1)] {
            assert!(!valid_name(name), "{name}");
        }
        assert!(NAME_RULE.contains(&MAX_NAME.to_string()));
    }

    #[test]
    fn defaults_are_values_that_are_taken() {
        let settings = ProjectSettings::default();
        assert!(ProjectSettings::DATASETS.contains(&settings.project_max_dataset_count));
        assert!(ProjectSettings::BINDS.contains(&settings.dataset_max_bind_count));
        assert!(ProjectSettings::FILES.contains(&settings.dataset_max_file_count));
        for open in [
            settings.dataset_max_entity_count,
            settings.dataset_max_relation_count,
            settings.dataset_max_total_file_size,
        ] {
            assert!(ProjectSettings::ANY.contains(&open));
        }
    }
}
