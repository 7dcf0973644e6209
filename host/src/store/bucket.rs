//! Buckets and the one function that judges access to them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::{STAGING_FOLDER, StoreError};
use crate::task::ObjectUri;

/// One bucket of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketConfig {
    /// Its name in URIs.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether objects may be read.
    pub read: bool,
    /// Whether objects may be written.
    pub write: bool,
    /// If set, only keys that begin with it exist for the project.
    pub key_prefix: Option<String>,
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
    buckets: BTreeMap<String, Bucket>,
}

impl Buckets {
    /// Opens all folders.
    pub fn open(configs: Vec<BucketConfig>) -> Result<Self, StoreError> {
        let mut buckets: BTreeMap<String, Bucket> = BTreeMap::new();
        for config in configs {
            let failed = |source| StoreError::Folder {
                bucket: config.name.clone(),
                folder: config.folder.display().to_string(),
                source,
            };
            let path = config.folder.canonicalize().map_err(failed)?;
            // Two names for one object would hide that an output is a source.
            if let Some(other) =
                buckets.values().find(|other| path.starts_with(&other.path) || other.path.starts_with(&path))
            {
                let message = format!("it is the folder of bucket `{}`, or one lies in the other", other.config.name);
                return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, message)));
            }
            let dir = Dir::open_ambient_dir(&path, ambient_authority()).map_err(failed)?;
            buckets.insert(config.name.clone(), Bucket { config, dir, path });
        }
        Ok(Self { buckets })
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

    pub(super) fn bucket(&self, uri: &ObjectUri, access: Access) -> Result<&Bucket, StoreError> {
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

    fn named(&self, name: &str) -> Result<&Bucket, StoreError> {
        self.buckets.get(name).ok_or_else(|| {
            let names: Vec<_> = self.buckets.keys().map(String::as_str).collect();
            let known = if names.is_empty() {
                "none is configured: give one with --bucket NAME=FOLDER".to_owned()
            } else {
                format!("configured are: {}", names.join(", "))
            };
            StoreError::NoBucket { bucket: name.to_owned(), known }
        })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Bucket> {
        self.buckets.values()
    }
}
