//! One plugin of the catalog.

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Embedded, PluginInfo, PluginReport};
use crate::sandbox::manifest::{self, Manifest};
use crate::sandbox::schema::Schema;
use crate::sandbox::world::World;
use crate::task::{ErrorCode, Failure, Pin, PluginId, PluginRef, Stage};

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Embedded(&'static [u8]),
    File(PathBuf),
    /// A file of the host's own, whose name means nothing to anybody.
    Published(PathBuf),
}

/// One plugin that can be used.
pub(in crate::sandbox) struct Plugin {
    pub(in crate::sandbox) id: PluginId,
    pub(in crate::sandbox) world: World,
    pub(in crate::sandbox) manifest: Manifest,
    pub(in crate::sandbox) schema: Option<Schema>,
    imports: Vec<String>,
    size: u64,
    origin: Origin,
    max_bytes: u64,
    /// Why it may not be used: another component claims the same name and version.
    pub(super) contested: Option<String>,
}

impl Plugin {
    pub(super) fn open(path: &Path, max_bytes: u64) -> Result<Self, String> {
        Self::read(Origin::File(path.to_owned()), &bounded(path, max_bytes)?, max_bytes)
    }

    /// The same in a file of the host's own.
    pub(super) fn open_published(path: &Path, max_bytes: u64) -> Result<Self, String> {
        Self::read(Origin::Published(path.to_owned()), &bounded(path, max_bytes)?, max_bytes)
    }

    pub(super) fn embedded(component: &Embedded) -> Result<Self, String> {
        let origin = Origin::Embedded(component.bytes);
        let judged = |schema: &Value| Ok(Schema::of_built_in(schema));
        Self::identified(origin, component.bytes, component.digest.to_owned(), u64::MAX, judged)
    }

    pub(super) fn read(origin: Origin, bytes: &[u8], max_bytes: u64) -> Result<Self, String> {
        Self::identified(origin, bytes, digest(bytes), max_bytes, Schema::new)
    }

    fn identified(
        origin: Origin,
        bytes: &[u8],
        digest: String,
        max_bytes: u64,
        judged: fn(&Value) -> Result<Schema, String>,
    ) -> Result<Self, String> {
        let inspected = manifest::inspect(bytes)?;
        let manifest = inspected.manifest;
        let schema = match &manifest.parameters {
            Some(schema) => Some(judged(schema).map_err(|reason| format!("its parameter schema {reason}"))?),
            None => None,
        };
        let id = PluginId { name: manifest.name.clone(), version: manifest.version.clone(), digest };
        let (world, imports, size) = (inspected.world, inspected.imports, bytes.len() as u64);
        Ok(Self { id, world, manifest, schema, imports, size, origin, max_bytes, contested: None })
    }

    pub(super) fn is_meant(&self, wanted: &PluginRef) -> bool {
        let bytes = match &wanted.pin {
            None => true,
            Some(Pin::BuiltIn) => self.is_built_in(),
            Some(Pin::Digest(digest)) => *digest == self.id.digest,
        };
        bytes && self.id.name == wanted.name && wanted.version.matches(&self.id.version)
    }

    pub(in crate::sandbox) fn is_built_in(&self) -> bool {
        matches!(self.origin, Origin::Embedded(_))
    }

    pub(in crate::sandbox) fn is_published(&self) -> bool {
        matches!(self.origin, Origin::Published(_))
    }

    /// Its file; `None` of one that is built in.
    pub(in crate::sandbox) fn file(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Embedded(_) => None,
            Origin::File(path) | Origin::Published(path) => Some(path),
        }
    }

    /// A reference to this plugin and no other. That of a built-in one keeps its range: another host has another component.
    pub(in crate::sandbox) fn pinned(&self, reference: &PluginRef) -> PluginRef {
        if self.is_built_in() {
            PluginRef { pin: Some(Pin::BuiltIn), ..reference.clone() }
        } else {
            PluginRef::exactly(&self.id)
        }
    }

    /// The component's bytes, which are those that were inspected.
    pub(in crate::sandbox) fn bytes(&self) -> Result<Cow<'static, [u8]>, String> {
        match &self.origin {
            Origin::Embedded(bytes) => Ok(Cow::Borrowed(bytes)),
            Origin::File(path) | Origin::Published(path) => {
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

    pub(in crate::sandbox) fn incompatible(&self, stage: Stage, what: &str) -> Failure {
        crate::sandbox::failure::failure(&self.id, stage, ErrorCode::PluginIncompatible, what)
    }

    pub(super) fn origin(&self) -> String {
        match &self.origin {
            Origin::Embedded(_) => "built in".into(),
            Origin::File(path) => path.display().to_string(),
            Origin::Published(_) => "published".into(),
        }
    }

    pub(in crate::sandbox) fn report(&self) -> PluginReport {
        let formats = (self.world == World::VideoFilter).then(|| self.manifest.formats.clone());
        PluginReport { info: self.info(), formats, imports: self.imports.clone(), size: self.size }
    }

    pub(super) fn info(&self) -> PluginInfo {
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

/// Who a component is, if it is a plugin.
pub(in crate::sandbox) fn inspected(bytes: &[u8]) -> Result<PluginId, String> {
    Plugin::read(Origin::Embedded(&[]), bytes, u64::MAX).map(|plugin| plugin.id)
}

/// `sha256:` and hex digits.
pub(in crate::sandbox) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

pub(in crate::sandbox) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
        return Err(format!(
            "its file has more than {max_bytes} bytes, the limit for a component (max_component_bytes)"
        ));
    }
    Ok(bytes)
}
