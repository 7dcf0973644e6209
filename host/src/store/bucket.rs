//! Buckets and the one function that judges access to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde::{Deserialize, Serialize};

use super::{STAGING_FOLDER, StoreError};
use crate::task::{ObjectUri, uri};

/// One bucket of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketConfig {
    /// Its name in URIs.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether objects may be read.
    #[serde(default = "allowed")]
    pub read: bool,
    /// Whether objects may be created and replaced.
    #[serde(default = "allowed")]
    pub write: bool,
    /// If set, only keys that begin with it exist for the project.
    #[serde(default)]
    pub key_prefix: Option<String>,
}

/// Rights that a configuration does not name are there.
fn allowed() -> bool {
    true
}

impl BucketConfig {
    /// A bucket with all rights.
    pub fn new(name: &str, folder: &Path) -> Self {
        Self { name: name.to_owned(), folder: folder.to_owned(), read: true, write: true, key_prefix: None }
    }
}

/// What is to be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read it.
    Read,
    /// Create or replace it.
    Write,
}

pub(super) struct Bucket {
    pub(super) config: BucketConfig,
    /// All access goes through this handle: it never leaves the folder, whatever symlinks say.
    pub(super) dir: Dir,
    /// The folder's real path, for FFmpeg, which can only write to paths.
    pub(super) path: PathBuf,
}

/// All buckets that a project can use.
pub struct Buckets {
    open: RwLock<BTreeMap<String, Arc<Bucket>>>,
    /// Every folder in it is a bucket of that name, from the moment that it is there.
    root: Option<PathBuf>,
}

impl Buckets {
    /// Opens all folders.
    pub fn open(configs: Vec<BucketConfig>) -> Result<Self, StoreError> {
        let mut open = BTreeMap::new();
        for config in configs {
            let bucket = Bucket::open(config, &open)?;
            open.insert(bucket.config.name.clone(), Arc::new(bucket));
        }
        Ok(Self { open: RwLock::new(open), root: None })
    }

    /// The same, and every folder in `root` is a bucket too, whenever it is made.
    pub fn open_with_root(configs: Vec<BucketConfig>, root: PathBuf) -> Result<Self, StoreError> {
        Ok(Self { root: Some(root), ..Self::open(configs)? })
    }

    /// Refuses buckets in whose folder one of these lies, or the other way round: what the host keeps for itself is no object. Buckets of
    /// the root are not asked about.
    pub fn keep_out(&self, own: &[PathBuf]) -> Result<(), StoreError> {
        for bucket in self.open.read().unwrap_or_else(PoisonError::into_inner).values() {
            let met = own.iter().find(|own| overlap(own, &bucket.path));
            if let Some(own) = met {
                let what = format!("it holds {}, which is the host's own, or lies in it", own.display());
                return Err(StoreError::Folder {
                    bucket: bucket.config.name.clone(),
                    folder: bucket.path.display().to_string(),
                    source: std::io::Error::new(std::io::ErrorKind::InvalidInput, what),
                });
            }
        }
        Ok(())
    }

    /// The buckets that there are now.
    pub fn configs(&self) -> Vec<BucketConfig> {
        self.all().iter().map(|bucket| BucketConfig { folder: bucket.path.clone(), ..bucket.config.clone() }).collect()
    }

    /// The one place that judges access: the bucket exists, the right is there, the key is within the prefix and not in the
    /// staging folder. That the key does not climb is a promise of [`ObjectUri`], that symlinks do not one of [`Dir`].
    pub fn check(&self, uri: &ObjectUri, access: Access) -> Result<(), StoreError> {
        self.bucket(uri, access).map(|_| ())
    }

    /// The same with the parts of a URI that may not be complete yet: is there such a bucket with this right?
    pub fn check_bucket(&self, name: &str, access: Access) -> Result<(), String> {
        let bucket = self.named(name).map_err(|error| error.to_string())?;
        let (allowed, what) = match access {
            Access::Read => (bucket.config.read, "read from"),
            Access::Write => (bucket.config.write, "written to"),
        };
        if allowed { Ok(()) } else { Err(format!("bucket `{name}` may not be {what}")) }
    }

    pub(super) fn bucket(&self, uri: &ObjectUri, access: Access) -> Result<Arc<Bucket>, StoreError> {
        let bucket = self.named(uri.bucket())?;
        let (allowed, what) = match access {
            Access::Read => (bucket.config.read, "read"),
            Access::Write => (bucket.config.write, "written"),
        };
        let why = if !allowed {
            format!("bucket `{}` is not configured for it", uri.bucket())
        } else if let Some(prefix) = bucket.config.key_prefix.as_deref().filter(|prefix| !uri.key().starts_with(prefix))
        {
            format!("only keys that begin with `{prefix}` are open to this project")
        } else if uri.key().split('/').next() == Some(STAGING_FOLDER) {
            format!("`{STAGING_FOLDER}` holds unfinished outputs")
        } else {
            return Ok(bucket);
        };
        Err(StoreError::Forbidden { uri: uri.clone(), what, why })
    }

    pub(super) fn named(&self, name: &str) -> Result<Arc<Bucket>, StoreError> {
        if let Some(bucket) = self.open.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(Arc::clone(bucket));
        }
        if let Some(bucket) = self.open_in_root(name)? {
            return Ok(bucket);
        }
        let names: Vec<_> = self.all().iter().map(|bucket| bucket.config.name.clone()).collect();
        let known = match &self.root {
            _ if !names.is_empty() => format!("configured are: {}", names.join(", ")),
            Some(root) => format!("make a folder in {}, or give one with --bucket NAME=FOLDER", root.display()),
            None => "none is configured: give one with --bucket NAME=FOLDER".to_owned(),
        };
        Err(StoreError::NoBucket { bucket: name.to_owned(), known })
    }

    /// A folder of the root that was not seen before.
    fn open_in_root(&self, name: &str) -> Result<Option<Arc<Bucket>>, StoreError> {
        let Some(root) = self.root.as_deref().filter(|_| uri::valid_bucket(name)) else { return Ok(None) };
        let folder = root.join(name);
        // A symlink could lead to another bucket or to anything else.
        if !folder.symlink_metadata().is_ok_and(|there| there.is_dir()) {
            return Ok(None);
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = open.get(name) {
            return Ok(Some(Arc::clone(bucket)));
        }
        let bucket = Arc::new(Bucket::open(BucketConfig::new(name, &folder), &open)?);
        open.insert(name.to_owned(), Arc::clone(&bucket));
        Ok(Some(bucket))
    }

    /// All buckets, those of the root included.
    pub(super) fn all(&self) -> Vec<Arc<Bucket>> {
        for entry in self.root.iter().filter_map(|root| root.read_dir().ok()).flatten().flatten() {
            if let Some(name) = entry.file_name().to_str()
                && let Err(error) = self.open_in_root(name)
            {
                tracing::warn!(%error, "this folder is no bucket");
            }
        }
        self.open.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// Whether one folder is the other, or lies in it.
fn overlap(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Bucket {
    fn open(config: BucketConfig, others: &BTreeMap<String, Arc<Self>>) -> Result<Self, StoreError> {
        if !uri::valid_bucket(&config.name) {
            return Err(StoreError::Name(config.name));
        }
        let failed = |source| StoreError::Folder {
            bucket: config.name.clone(),
            folder: config.folder.display().to_string(),
            source,
        };
        let path = config.folder.canonicalize().map_err(failed)?;
        // Two names for one object would hide that an output is a source.
        if let Some(other) = others.values().find(|other| overlap(&path, &other.path)) {
            let message = format!("it is the folder of bucket `{}`, or one lies in the other", other.config.name);
            return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, message)));
        }
        let dir = Dir::open_ambient_dir(&path, ambient_authority()).map_err(failed)?;
        Ok(Self { config, dir, path })
    }
}
