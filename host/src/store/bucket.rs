//! Buckets and the one function that judges access to them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::config::{BucketConfig, BucketGrant, BucketPlace};
use super::remote::{Link, ObjectStore, Remote};
use super::{STAGING_FOLDER, StoreError};
use crate::task::{ObjectUri, uri};

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
    /// Where its objects are, or, where they are elsewhere, what is staged. All access goes through this handle: it never leaves the
    /// folder, whatever symlinks say.
    pub(super) dir: Dir,
    /// The folder's real path, for FFmpeg, which can only write to paths.
    pub(super) path: PathBuf,
    /// Where its objects are, if not in the folder.
    pub(super) remote: Option<Remote>,
}

/// What [`Buckets`] are made of.
#[derive(Default)]
pub struct BucketParts {
    /// Those of the configuration.
    pub configs: Vec<BucketConfig>,
    /// Every folder in it is a bucket of that name, from the moment that it is there.
    pub root: Option<PathBuf>,
    /// Where outputs are staged whose buckets are in object stores.
    pub spool: Option<PathBuf>,
    /// Those of the buckets whose objects are read through the service of this worker; their folders are for staging.
    pub served: BTreeSet<String>,
    /// The way to that service.
    pub service: Option<Arc<Link>>,
}

/// All buckets, or those of one project.
#[derive(Clone)]
pub struct Buckets {
    open: Arc<RwLock<BTreeMap<String, Arc<Bucket>>>>,
    /// Every folder in it is a bucket of that name, from the moment that it is there.
    root: Option<PathBuf>,
    /// What the projects may that are limited to some buckets.
    projects: Arc<BTreeMap<String, Vec<BucketGrant>>>,
    /// The one of them whose buckets these are.
    project: Option<String>,
}

impl Buckets {
    /// Opens folders.
    pub fn open(configs: Vec<BucketConfig>) -> Result<Self, StoreError> {
        Self::of_parts(BucketParts { configs, ..BucketParts::default() })
    }

    /// Opens all folders and object stores; nothing is asked of the latter.
    pub fn of_parts(parts: BucketParts) -> Result<Self, StoreError> {
        let BucketParts { configs, root, spool, served, service } = parts;
        let mut open = BTreeMap::new();
        for config in configs {
            let name = config.name.clone();
            let mut bucket = Bucket::open(config, spool.as_deref(), &open)?;
            if served.contains(&name) {
                bucket.remote = service.clone().map(Remote::Served);
            }
            open.insert(name, Arc::new(bucket));
        }
        Ok(Self { open: Arc::new(RwLock::new(open)), root, projects: Arc::default(), project: None })
    }

    /// The names of the buckets whose objects are not in a folder.
    pub fn remote(&self) -> BTreeSet<String> {
        let all = self.open.read().unwrap_or_else(PoisonError::into_inner);
        all.values().filter(|bucket| bucket.remote.is_some()).map(|bucket| bucket.config.name.clone()).collect()
    }

    /// Whether the objects of this bucket are not in a folder.
    pub fn is_remote(&self, name: &str) -> bool {
        self.named(name).is_ok_and(|bucket| bucket.remote.is_some())
    }

    /// The same, with projects that are limited to some of them.
    #[must_use]
    pub fn with_projects(self, projects: BTreeMap<String, Vec<BucketGrant>>) -> Self {
        Self { projects: Arc::new(projects), ..self }
    }

    /// The buckets as a project may use them; one that is not limited uses all.
    #[must_use]
    pub fn of(&self, project: &str) -> Self {
        let project = self.projects.contains_key(project).then(|| project.to_owned());
        Self { project, ..self.clone() }
    }

    /// What the project may do with a bucket; `None`: it has not this one.
    fn narrowed(&self, config: &BucketConfig) -> Option<BucketConfig> {
        let Some(grants) = self.project.as_ref().and_then(|project| self.projects.get(project)) else {
            return Some(config.clone());
        };
        grants.iter().find(|grant| grant.name == config.name).map(|grant| grant.narrow(config))
    }

    /// Refuses buckets in whose folder one of these lies, or the other way round: what the host keeps for itself is no object. Buckets of
    /// the root are not asked about.
    pub fn keep_out(&self, own: &[PathBuf]) -> Result<(), StoreError> {
        for bucket in self.open.read().unwrap_or_else(PoisonError::into_inner).values() {
            if bucket.remote.is_some() {
                continue;
            }
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

    /// The buckets that there are now as a worker is told of them: with the rights of the project, their folders or those for staging, and no
    /// credentials.
    pub fn configs(&self) -> Vec<BucketConfig> {
        let own = |bucket: &Arc<Bucket>| {
            let place = BucketPlace::Folder(bucket.path.clone());
            Some(BucketConfig { place, ..self.narrowed(&bucket.config)? })
        };
        self.all().iter().filter_map(own).collect()
    }

    /// The one place that judges access: the bucket exists, the project has it, the right is there, the key is within the prefix and not in the
    /// staging folder. That the key does not climb is a promise of [`ObjectUri`], that symlinks do not one of [`Dir`].
    pub fn check(&self, uri: &ObjectUri, access: Access) -> Result<(), StoreError> {
        self.bucket(uri, access).map(|_| ())
    }

    /// The same with the parts of a URI that may not be complete yet: is there such a bucket with this right?
    pub fn check_bucket(&self, name: &str, access: Access) -> Result<(), String> {
        let (_, config) = self.granted(name).map_err(|error| error.to_string())?;
        let what = match access {
            Access::Read => "read from",
            Access::Write => "written to",
        };
        if config.allows(access) { Ok(()) } else { Err(format!("bucket `{name}` may not be {what}")) }
    }

    pub(super) fn bucket(&self, uri: &ObjectUri, access: Access) -> Result<Arc<Bucket>, StoreError> {
        let (bucket, config) = self.granted(uri.bucket())?;
        let what = match access {
            Access::Read => "read",
            Access::Write => "written",
        };
        let why = if !config.allows(access) {
            format!("bucket `{}` is not configured for it", uri.bucket())
        } else if let Some(prefix) = config.key_prefix.as_deref().filter(|prefix| !uri.key().starts_with(prefix)) {
            format!("only keys that begin with `{prefix}` are open to this project")
        } else if uri.key().split('/').next() == Some(STAGING_FOLDER) {
            format!("`{STAGING_FOLDER}` holds unfinished outputs")
        } else {
            return Ok(bucket);
        };
        Err(StoreError::Forbidden { uri: uri.clone(), what, why })
    }

    /// A bucket that the project has, and what it may do with it.
    fn granted(&self, name: &str) -> Result<(Arc<Bucket>, BucketConfig), StoreError> {
        let bucket = self.named(name)?;
        let config = self.narrowed(&bucket.config).ok_or_else(|| self.unknown(name))?;
        Ok((bucket, config))
    }

    pub(super) fn named(&self, name: &str) -> Result<Arc<Bucket>, StoreError> {
        if let Some(bucket) = self.open.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(Arc::clone(bucket));
        }
        if let Some(bucket) = self.open_in_root(name)? {
            return Ok(bucket);
        }
        Err(self.unknown(name))
    }

    /// Says which buckets there are. Those of other projects are as unknown as those that do not exist.
    fn unknown(&self, name: &str) -> StoreError {
        let names: Vec<_> = self.configs().into_iter().map(|bucket| bucket.name).collect();
        let known = match &self.root {
            _ if !names.is_empty() => format!("configured are: {}", names.join(", ")),
            _ if self.project.is_some() => "this project has none".to_owned(),
            Some(root) => format!("make a folder in {}, or give one with --bucket NAME=FOLDER", root.display()),
            None => "none is configured: give one with --bucket NAME=FOLDER".to_owned(),
        };
        StoreError::NoBucket { bucket: name.to_owned(), known }
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
        let bucket = Arc::new(Bucket::open(BucketConfig::new(name, &folder), None, &open)?);
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
    fn open(
        config: BucketConfig,
        spool: Option<&Path>,
        others: &BTreeMap<String, Arc<Self>>,
    ) -> Result<Self, StoreError> {
        if !uri::valid_bucket(&config.name) {
            return Err(StoreError::Name(config.name));
        }
        let store = ObjectStore::open(&config.name, &config.place);
        let store = store.map_err(|why| StoreError::Store { bucket: config.name.clone(), why })?;
        let folder = match (config.folder(), spool) {
            (Some(folder), _) => folder.to_owned(),
            (None, Some(spool)) => spool.join(&config.name),
            (None, None) => {
                let why = "there is no folder to stage its outputs in".to_owned();
                return Err(StoreError::Store { bucket: config.name, why });
            }
        };
        let failed =
            |source| StoreError::Folder { bucket: config.name.clone(), folder: folder.display().to_string(), source };
        if store.is_some() {
            std::fs::create_dir_all(&folder).map_err(failed)?;
        }
        let path = folder.canonicalize().map_err(failed)?;
        // Two names for one object would hide that an output is a source.
        if let Some(other) = others.values().find(|other| overlap(&path, &other.path)) {
            let message = format!("it is the folder of bucket `{}`, or one lies in the other", other.config.name);
            return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, message)));
        }
        let dir = Dir::open_ambient_dir(&path, ambient_authority()).map_err(failed)?;
        Ok(Self { config, dir, path, remote: store.map(|store| Remote::Store(Arc::new(store))) })
    }
}
