//! Which plugins there are: those built into the host and those of a folder.

mod entry;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use semver::Version;
use serde::Serialize;

pub(super) use self::entry::{Plugin, hex, inspected};
use super::SandboxError;
use super::manifest::Formats;
use super::world::World;
use crate::task::{ErrorCode, Failure, PluginId, PluginName, PluginRef, Stage};

/// One line of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PluginInfo {
    /// Name, version and digest.
    #[serde(flatten)]
    pub id: PluginId,
    /// The world it is made for.
    pub world: String,
    /// The SDK it is made with.
    pub sdk: String,
    /// Whether a filter keeps no state between frames.
    pub stateless: bool,
    /// JSON schema of its parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<serde_json::Value>,
    /// The file, `published` or `built in`.
    pub origin: String,
}

/// Everything that is known of a plugin without calling it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PluginReport {
    /// Its line of the catalog.
    #[serde(flatten)]
    pub info: PluginInfo,
    /// The pictures that it takes; none for a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formats: Option<Formats>,
    /// The interfaces that it imports, with their versions.
    pub imports: Vec<String>,
    /// Bytes of the component.
    pub size: u64,
}

/// A file in the plugin folder that is no usable plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BrokenPlugin {
    /// The file.
    pub path: PathBuf,
    /// Why, as a sentence part about the component.
    pub reason: String,
}

/// A component that is part of the binary, with the digest that its build found: who starts the host does not wait until all of them are read.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// The component.
    pub bytes: &'static [u8],
    /// `sha256:` and hex digits.
    pub digest: &'static str,
}

/// All plugins, read once. A file that is put into the folder later is seen by the next process.
#[derive(Clone)]
pub(super) struct Catalog {
    plugins: Vec<Arc<Plugin>>,
    broken: Vec<BrokenPlugin>,
    /// Who stands in the files that were named one by one.
    named: Vec<(PathBuf, PluginId)>,
}

impl Catalog {
    /// Reads all manifests. A broken file is listed, one in the folder logged too; a broken embedded component is an error.
    pub(super) fn load(
        embedded: &[Embedded],
        folder: Option<&Path>,
        files: &[PathBuf],
        max_bytes: u64,
    ) -> Result<Self, SandboxError> {
        let mut catalog = Self { plugins: Vec::new(), broken: Vec::new(), named: Vec::new() };
        for (index, component) in embedded.iter().enumerate() {
            let plugin = Plugin::embedded(component).map_err(|reason| SandboxError::Embedded(index, reason))?;
            catalog.add(plugin);
        }
        for path in folder.map(wasm_files).transpose()?.into_iter().flatten() {
            match Plugin::open(&path, max_bytes) {
                Ok(plugin) => catalog.add(plugin),
                Err(reason) => {
                    tracing::warn!(file = %path.display(), reason, "this file in the plugin folder is no usable plugin");
                    catalog.broken.push(BrokenPlugin { path, reason });
                }
            }
        }
        for path in files {
            match Plugin::open(path, max_bytes) {
                Ok(plugin) => {
                    catalog.named.push((path.clone(), plugin.id.clone()));
                    catalog.add(plugin);
                }
                // Whoever named the file asks for it, and is told then.
                Err(reason) => catalog.broken.push(BrokenPlugin { path: path.clone(), reason }),
            }
        }
        Ok(catalog)
    }

    /// Who stands in a file that was named by itself. The error says why nobody does.
    pub(super) fn in_file(&self, path: &Path) -> Result<PluginRef, String> {
        if let Some(broken) = self.broken.iter().find(|broken| broken.path == path) {
            return Err(broken.reason.clone());
        }
        let named = self.named.iter().find(|(other, _)| other == path);
        named.map(|(_, id)| PluginRef::exactly(id)).ok_or_else(|| "its file was not read".to_owned())
    }

    /// Takes in a file of the host's own.
    pub(super) fn publish(&mut self, path: &Path, max_bytes: u64) -> Result<PluginId, String> {
        let plugin = Plugin::open_published(path, max_bytes)?;
        let id = plugin.id.clone();
        self.add(plugin);
        Ok(id)
    }

    /// Forgets the published plugin of this digest.
    pub(super) fn forget(&mut self, digest: &str) {
        self.plugins.retain(|plugin| !plugin.is_published() || plugin.id.digest != digest);
    }

    /// Who has this name and version.
    pub(super) fn claimant(&self, name: &PluginName, version: &Version) -> Option<&Arc<Plugin>> {
        self.plugins.iter().find(|plugin| plugin.id.name == *name && plugin.id.version == *version)
    }

    /// Whether a component of the host has this name.
    pub(super) fn is_reserved(&self, name: &PluginName) -> bool {
        self.plugins.iter().any(|plugin| plugin.is_built_in() && plugin.id.name == *name)
    }

    /// Two components of the same name and version must be the same bytes, else nobody could say which one ran.
    fn add(&mut self, mut plugin: Plugin) {
        let twin = self
            .plugins
            .iter_mut()
            .find(|other| (&other.id.name, &other.id.version) == (&plugin.id.name, &plugin.id.version));
        match twin {
            None => self.plugins.push(Arc::new(plugin)),
            Some(twin) if twin.id.digest == plugin.id.digest => {}
            Some(twin) => {
                let reason = format!(
                    "{} ({}) and {} ({}) claim the same name and version with different bytes; remove one of them or raise its version",
                    twin.origin(),
                    twin.id.digest,
                    plugin.origin(),
                    plugin.id.digest
                );
                tracing::warn!(plugin = %plugin.id, reason, "this plugin is not usable");
                plugin.contested = Some(reason);
                *twin = Arc::new(plugin);
            }
        }
    }

    /// The highest version that will do.
    pub(super) fn find(&self, wanted: &PluginRef, stage: Stage) -> Result<Arc<Plugin>, Failure> {
        let best =
            self.plugins.iter().filter(|plugin| plugin.is_meant(wanted)).max_by(|a, b| a.id.version.cmp(&b.id.version));
        match best {
            Some(plugin) => match &plugin.contested {
                None => Ok(Arc::clone(plugin)),
                Some(reason) => Err(plugin.incompatible(stage, reason)),
            },
            None => Err(Failure::new(ErrorCode::PluginNotFound, stage, self.not_found(wanted))),
        }
    }

    /// The same, when it is made for this world.
    pub(super) fn find_for(&self, wanted: &PluginRef, world: World, stage: Stage) -> Result<Arc<Plugin>, Failure> {
        let plugin = self.find(wanted, stage)?;
        if plugin.world == world {
            return Ok(plugin);
        }
        let there = self.names(|plugin| plugin.world == world);
        let what = format!("it is a {}, but a {} is needed here; there are {there}", plugin.world.name(), world.name());
        Err(plugin.incompatible(stage, &what))
    }

    fn not_found(&self, wanted: &PluginRef) -> String {
        let versions = self.names(|plugin| plugin.id.name == wanted.name);
        let there = if versions == NONE { self.names(|_| true) } else { versions };
        let mut message = format!("there is no plugin `{wanted}`; there are {there}");
        let named = |broken: &&BrokenPlugin| {
            let stem = broken.path.file_stem().map(|stem| stem.to_string_lossy().replace('_', "-"));
            stem.as_deref() == Some(wanted.name.as_str())
        };
        if let Some(broken) = self.broken.iter().find(named) {
            message.push_str(&format!(". The file {} is not usable: {}", broken.path.display(), broken.reason));
        }
        message
    }

    fn names(&self, which: impl Fn(&Plugin) -> bool) -> String {
        let mut names: Vec<_> =
            self.plugins.iter().filter(|plugin| which(plugin)).map(|plugin| plugin.id.to_string()).collect();
        names.sort();
        if names.is_empty() { NONE.to_owned() } else { names.join(", ") }
    }

    /// Everything that can be used, sorted by name and version.
    pub(super) fn list(&self) -> Vec<PluginInfo> {
        let mut list: Vec<_> =
            self.plugins.iter().filter(|plugin| plugin.contested.is_none()).map(|p| p.info()).collect();
        list.sort_by(|a, b| (&a.id.name, &a.id.version).cmp(&(&b.id.name, &b.id.version)));
        list
    }

    /// How many were published.
    pub(super) fn published(&self) -> usize {
        self.plugins.iter().filter(|plugin| plugin.is_published()).count()
    }

    /// Files that are no usable plugins.
    pub(super) fn broken(&self) -> &[BrokenPlugin] {
        &self.broken
    }
}

const NONE: &str = "none";

fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>, SandboxError> {
    let unreadable = |error: std::io::Error| SandboxError::PluginFolder(folder.to_owned(), error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
