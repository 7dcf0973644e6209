//! Buckets as the configuration writes them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Access;
use super::remote::ObjectStore;
use crate::access::{Secret, SecretSource};

/// One bucket of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BucketTable", into = "BucketTable")]
pub struct BucketConfig {
    /// Its name in URIs.
    pub name: String,
    /// Where its objects are.
    pub place: BucketPlace,
    /// Whether objects may be read.
    pub read: bool,
    /// Whether objects may be created and replaced.
    pub write: bool,
    /// If set, only keys that begin with it exist for the project.
    pub key_prefix: Option<String>,
}

/// Where the objects of a bucket are.
#[derive(Debug, Clone, PartialEq)]
pub enum BucketPlace {
    /// Files below this folder.
    Folder(PathBuf),
    /// In a store that speaks the protocol of S3.
    S3(ObjectStoreConfig),
    /// In the OSS of Alibaba Cloud.
    Oss(ObjectStoreConfig),
    /// In the memory of this process, gone when it ends.
    Memory,
}

/// A bucket of an object store. Only the service talks to it and has its credentials.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectStoreConfig {
    /// URL of the store; by default that of AWS. OSS has no default.
    pub endpoint: Option<String>,
    /// Region that requests are signed for, `us-east-1` by default. OSS has none.
    pub region: Option<String>,
    /// Its name there; by default its name in URIs.
    pub bucket: Option<String>,
    /// What all keys begin with there; URIs do not name it.
    pub root: String,
    /// Name of the access key; without one, requests are not signed.
    pub access_key: Option<String>,
    /// The secret of the access key itself.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// An environment variable that holds it.
    pub secret_env: Option<String>,
    /// Whether the bucket's name is in the path of URLs and not in their host; by default it is for S3, and is not for OSS.
    pub path_style: Option<bool>,
    /// How long a request may take to be answered, and a body to go on, in seconds; 0 is 30.
    pub timeout_seconds: u64,
}

impl ObjectStoreConfig {
    /// The secret of its access key. The error is a sentence part that names the field.
    pub(super) fn secret(&self) -> Result<Option<Secret>, String> {
        let secret = SecretSource { secret: &self.secret, file: &self.secret_file, env: &self.secret_env }.read()?;
        match (&self.access_key, &secret) {
            (Some(_), None) => Err("access_key needs one of secret, secret_file and secret_env".to_owned()),
            (None, Some(_)) => Err("a secret needs an access_key".to_owned()),
            _ => Ok(secret),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(if self.timeout_seconds == 0 { 30 } else { self.timeout_seconds })
    }
}

/// The same as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketTable {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s3: Option<ObjectStoreConfig>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    oss: Option<ObjectStoreConfig>,
    #[serde(default)]
    memory: bool,
    #[serde(default = "allowed")]
    read: bool,
    #[serde(default = "allowed")]
    write: bool,
    #[serde(default)]
    key_prefix: Option<String>,
}

impl TryFrom<BucketTable> for BucketConfig {
    type Error = String;

    fn try_from(table: BucketTable) -> Result<Self, String> {
        let BucketTable { name, folder, s3, oss, memory, read, write, key_prefix } = table;
        let place = match (folder, s3, oss, memory) {
            (Some(folder), None, None, false) => BucketPlace::Folder(folder),
            (None, Some(store), None, false) => BucketPlace::S3(store),
            (None, None, Some(store), false) => BucketPlace::Oss(store),
            (None, None, None, true) => BucketPlace::Memory,
            _ => return Err(format!("bucket `{name}` needs exactly one of folder, s3, oss and memory")),
        };
        Ok(Self { name, place, read, write, key_prefix })
    }
}

impl From<BucketConfig> for BucketTable {
    fn from(config: BucketConfig) -> Self {
        let BucketConfig { name, place, read, write, key_prefix } = config;
        let mut table = Self { name, folder: None, s3: None, oss: None, memory: false, read, write, key_prefix };
        match place {
            BucketPlace::Folder(folder) => table.folder = Some(folder),
            BucketPlace::S3(store) => table.s3 = Some(store),
            BucketPlace::Oss(store) => table.oss = Some(store),
            BucketPlace::Memory => table.memory = true,
        }
        table
    }
}

/// Rights that a configuration does not name are there.
fn allowed() -> bool {
    true
}

impl BucketConfig {
    /// A folder as a bucket, with all rights.
    pub fn new(name: &str, folder: &Path) -> Self {
        Self::at(name, BucketPlace::Folder(folder.to_owned()))
    }

    /// A bucket with all rights.
    pub fn at(name: &str, place: BucketPlace) -> Self {
        Self { name: name.to_owned(), place, read: true, write: true, key_prefix: None }
    }

    /// Its folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            BucketPlace::Folder(folder) => Some(folder),
            BucketPlace::S3(_) | BucketPlace::Oss(_) | BucketPlace::Memory => None,
        }
    }

    /// Refuses an object store that cannot be used as it is configured. The error is a sentence part that names the field.
    pub fn check(&self) -> Result<(), String> {
        let table = match &self.place {
            BucketPlace::Folder(_) | BucketPlace::Memory => return Ok(()),
            BucketPlace::S3(_) => "s3",
            BucketPlace::Oss(_) => "oss",
        };
        ObjectStore::open(&self.name, &self.place).map(drop).map_err(|why| format!("{table}: {why}"))
    }

    pub(super) fn allows(&self, access: Access) -> bool {
        match access {
            Access::Read => self.read,
            Access::Write => self.write,
        }
    }
}

/// What a project may do with one bucket, at most as much as the bucket's own configuration allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketGrant {
    /// The bucket.
    pub name: String,
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

impl BucketGrant {
    /// The bucket as the project sees it.
    pub(super) fn narrow(&self, config: &BucketConfig) -> BucketConfig {
        // Keys begin with both: with the longer one, if that begins with the other.
        let (key_prefix, met) = match (&config.key_prefix, &self.key_prefix) {
            (Some(one), Some(two)) if one.starts_with(two.as_str()) => (Some(one), true),
            (Some(one), Some(two)) => (Some(two), two.starts_with(one.as_str())),
            (one, two) => (one.as_ref().or(two.as_ref()), true),
        };
        BucketConfig {
            read: config.read && self.read && met,
            write: config.write && self.write && met,
            key_prefix: key_prefix.cloned(),
            ..config.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_in_exactly_one_place() {
        let parse = |text: &str| serde_json::from_str::<BucketConfig>(text).map_err(|error| error.to_string());
        let folder = parse(r#"{"name": "b", "folder": "/x"}"#).unwrap();
        assert_eq!(folder, BucketConfig::new("b", Path::new("/x")));
        let s3 = parse(r#"{"name": "b", "s3": {"endpoint": "http://x", "access_key": "a", "secret": "s"}}"#).unwrap();
        let text = serde_json::to_string(&s3).unwrap();
        assert!(text.contains("\"***\"") && !text.contains("\"s\""), "{text}");
        for wrong in [r#"{"name": "b"}"#, r#"{"name": "b", "folder": "/x", "memory": true}"#] {
            assert_eq!(parse(wrong).unwrap_err(), "bucket `b` needs exactly one of folder, s3, oss and memory");
        }
        let store = |access_key: Option<&str>, secret: Option<&str>| ObjectStoreConfig {
            access_key: access_key.map(str::to_owned),
            secret: secret.map(Into::into),
            ..ObjectStoreConfig::default()
        };
        assert!(store(None, None).secret().unwrap().is_none() && store(Some("a"), Some("s")).secret().is_ok());
        assert!(store(Some("a"), None).secret().unwrap_err().contains("secret_env"));
        assert!(store(None, Some("s")).secret().unwrap_err().contains("access_key"));
    }
}
