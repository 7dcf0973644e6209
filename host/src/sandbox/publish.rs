//! Plugins that come and go while the process runs: those that were published to a service.

use std::path::{Path, PathBuf};

use semver::Version;

use super::catalog::{PluginReport, inspected};
use super::host::Sandbox;
use crate::task::{Failure, PluginId, PluginName, PluginRef, Stage};

/// Who has a name and a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The component.
    pub id: PluginId,
    /// Whether it was published; otherwise it is built in or stands in the plugin folder.
    pub is_published: bool,
}

impl Sandbox {
    /// Name, version and digest of a component that need not be among the plugins. The error says, as a sentence part about it,
    /// why it is no plugin of this host. Nothing of it is compiled or run.
    pub fn identify(&self, component: &[u8]) -> Result<PluginId, String> {
        inspected(component)
    }

    /// Who has this name and version.
    pub fn claim(&self, name: &PluginName, version: &Version) -> Option<Claim> {
        let catalog = self.catalog();
        let plugin = catalog.claimant(name, version)?;
        Some(Claim { id: plugin.id.clone(), is_published: plugin.is_published() })
    }

    /// Whether this is the name of a built-in plugin.
    pub fn is_reserved(&self, name: &PluginName) -> bool {
        self.catalog().is_reserved(name)
    }

    /// How many plugins were published.
    pub fn published(&self) -> usize {
        self.catalog().published()
    }

    /// Takes in a published component. The error is a sentence part about it.
    pub fn publish(&self, file: &Path) -> Result<PluginId, String> {
        let limit = self.max_component_bytes();
        let id = self.change_catalog(|catalog| catalog.publish(file, limit))?;
        // An earlier trial may have failed to compile it.
        self.drop_compiled(&id.digest);
        Ok(id)
    }

    /// Forgets a published component. A call that runs ends as it would have.
    pub fn unpublish(&self, digest: &str) {
        self.change_catalog(|catalog| catalog.forget(digest));
        self.drop_compiled(digest);
    }

    /// The file of a plugin; `None` of one that is built in or not there.
    pub fn file(&self, plugin: &PluginRef) -> Option<PathBuf> {
        let plugin = self.catalog().find(plugin, Stage::Resolve).ok()?;
        plugin.file().map(Path::to_owned)
    }

    /// What is known of a plugin. Fails like [`Sandbox::plugin_id`].
    pub fn report(&self, plugin: &PluginRef) -> Result<PluginReport, Failure> {
        Ok(self.catalog().find(plugin, Stage::Resolve)?.report())
    }
}
