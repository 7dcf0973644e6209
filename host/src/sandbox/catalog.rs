//! Which plugins there are: those built into the host and those of a folder.

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::SandboxError;
use super::manifest::{self, Formats, Manifest};
use super::schema::Schema;
use super::world::World;
use crate::task::{ErrorCode, Failure, Pin, PluginId, PluginRef, Stage};

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Embedded(&'static [u8]),
    File(PathBuf),
}

/// One plugin that can be used.
pub(super) struct Plugin {
    pub(super) id: PluginId,
    pub(super) world: World,
    pub(super) manifest: Manifest,
    pub(super) schema: Option<Schema>,
    imports: Vec<String>,
    size: u64,
    origin: Origin,
    max_bytes: u64,
    /// Why it may not be used: another component claims the same name and version.
    contested: Option<String>,
}

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
    /// The file, or `built in`.
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

/// All plugins, read once. A file that is put into the folder later is seen by the next process.
pub(super) struct Catalog {
    plugins: Vec<Arc<Plugin>>,
    broken: Vec<BrokenPlugin>,
    /// Who stands in the files that were named one by one.
    named: Vec<(PathBuf, PluginId)>,
}

impl Catalog {
    /// Reads all manifests. A broken file is listed, one in the folder logged too; a broken embedded component is an error.
    pub(super) fn load(
        embedded: &[&'static [u8]],
        folder: Option<&Path>,
        files: &[PathBuf],
        max_bytes: u64,
    ) -> Result<Self, SandboxError> {
        let mut catalog = Self { plugins: Vec::new(), broken: Vec::new(), named: Vec::new() };
        for (index, bytes) in embedded.iter().enumerate() {
            let plugin = Plugin::read(Origin::Embedded(bytes), bytes, u64::MAX)
                .map_err(|reason| SandboxError::Embedded(index, reason))?;
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
    pub(super) fn find(&self, wanted: &PluginRef, stage: Stage) -> Result<&Arc<Plugin>, Failure> {
        let best =
            self.plugins.iter().filter(|plugin| plugin.is_meant(wanted)).max_by(|a, b| a.id.version.cmp(&b.id.version));
        match best {
            Some(plugin) => match &plugin.contested {
                None => Ok(plugin),
                Some(reason) => Err(plugin.incompatible(stage, reason)),
            },
            None => Err(Failure::new(ErrorCode::PluginNotFound, stage, self.not_found(wanted))),
        }
    }

    /// The same, when it is made for this world.
    pub(super) fn find_for(&self, wanted: &PluginRef, world: World, stage: Stage) -> Result<&Arc<Plugin>, Failure> {
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

    /// Files that are no usable plugins.
    pub(super) fn broken(&self) -> &[BrokenPlugin] {
        &self.broken
    }
}

const NONE: &str = "none";

impl Plugin {
    fn open(path: &Path, max_bytes: u64) -> Result<Self, String> {
        Self::read(Origin::File(path.to_owned()), &bounded(path, max_bytes)?, max_bytes)
    }

    fn read(origin: Origin, bytes: &[u8], max_bytes: u64) -> Result<Self, String> {
        let inspected = manifest::inspect(bytes)?;
        let manifest = inspected.manifest;
        let schema = match &manifest.parameters {
            Some(schema) => Some(Schema::new(schema).map_err(|reason| format!("its parameter schema {reason}"))?),
            None => None,
        };
        let id = PluginId { name: manifest.name.clone(), version: manifest.version.clone(), digest: digest(bytes) };
        let (world, imports, size) = (inspected.world, inspected.imports, bytes.len() as u64);
        Ok(Self { id, world, manifest, schema, imports, size, origin, max_bytes, contested: None })
    }

    fn is_meant(&self, wanted: &PluginRef) -> bool {
        let bytes = match &wanted.pin {
            None => true,
            Some(Pin::BuiltIn) => self.is_built_in(),
            Some(Pin::Digest(digest)) => *digest == self.id.digest,
        };
        bytes && self.id.name == wanted.name && wanted.version.matches(&self.id.version)
    }

    fn is_built_in(&self) -> bool {
        matches!(self.origin, Origin::Embedded(_))
    }

    /// A reference to this plugin and no other. That of a built-in one keeps its range: another host has another component.
    pub(super) fn pinned(&self, reference: &PluginRef) -> PluginRef {
        if self.is_built_in() {
            PluginRef { pin: Some(Pin::BuiltIn), ..reference.clone() }
        } else {
            PluginRef::exactly(&self.id)
        }
    }

    /// The component's bytes, which are those that were inspected.
    pub(super) fn bytes(&self) -> Result<Cow<'static, [u8]>, String> {
        match &self.origin {
            Origin::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
            Origin::File(path) => {
                let bytes = bounded(path, self.max_bytes)?;
                if digest(&bytes) != self.id.digest {
                    return Err(format!(
                        "its file {} has changed since this process started; restart it",
                        path.display()
                    ));
                }
                Ok(Cow::Owned(bytes))
            }
        }
    }

    pub(super) fn incompatible(&self, stage: Stage, what: &str) -> Failure {
        super::failure::failure(&self.id, stage, ErrorCode::PluginIncompatible, what)
    }

    fn origin(&self) -> String {
        match &self.origin {
            Origin::Embedded(_) => "built in".into(),
            Origin::File(path) => path.display().to_string(),
        }
    }

    pub(super) fn report(&self) -> PluginReport {
        let formats = (self.world == World::VideoFilter).then(|| self.manifest.formats.clone());
        PluginReport { info: self.info(), formats, imports: self.imports.clone(), size: self.size }
    }

    fn info(&self) -> PluginInfo {
        PluginInfo {
            id: self.id.clone(),
            world: self.manifest.world.clone(),
            sdk: self.manifest.sdk.clone(),
            stateless: self.manifest.stateless,
            parameters: self.manifest.parameters.clone(),
            origin: self.origin(),
        }
    }
}

/// `sha256:` and hex digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

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

/// Reads a regular file of at most that size, whatever its size was a moment ago.
fn bounded(path: &Path, max_bytes: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("its file cannot be read: {error}");
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("it is no regular file".into());
    }
    let mut bytes = Vec::new();
    let limit = max_bytes.saturating_add(1);
    fs::File::open(path).map_err(unreadable)?.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > max_bytes {
        return Err(format!("its file has more than {max_bytes} bytes, the limit for a component"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
