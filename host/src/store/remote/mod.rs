//! Buckets whose objects are not on this machine.
//!
//! The service reads and writes them in an object store ([`object_store`]). A worker, which has neither network nor credentials,
//! reads them through its service ([`link`]) and writes nothing: outputs are staged in a folder of the service, which
//! uploads them.

mod commit;
mod content_type;
mod link;
mod object_store;
mod reader;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use link::{Link, serve};

pub(super) use commit::{forget, place, prepare, take_back};
pub(super) use object_store::ObjectStore;
pub(super) use reader::RemoteReader;

use super::StoreError;
use crate::task::ObjectUri;

/// Where the objects of such a bucket come from.
#[derive(Clone)]
pub(super) enum Remote {
    /// From an object store.
    Store(Arc<ObjectStore>),
    /// From the service of this worker.
    Served(Arc<Link>),
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// Bytes.
    pub(super) size: u64,
    /// When it was last modified.
    pub(super) modified: SystemTime,
    /// What changes when the object does, where the store says so.
    pub(super) etag: Option<String>,
}

impl Head {
    /// Whether it is the object that this was told of, as far as can be known.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            (Some(one), Some(two)) => one == two && self.size == other.size,
            _ => self == other,
        }
    }
}

/// Bytes of an object that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    /// Of which one: of another the read fails.
    pub(super) etag: Option<String>,
    /// The first byte.
    pub(super) offset: u64,
    /// How many; they are all there.
    pub(super) length: usize,
}

/// Bytes that are on their way.
pub(super) type Fetch = Receiver<Result<Vec<u8>, RemoteError>>;

/// Why a store did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RemoteError {
    /// There is no such object.
    NotFound,
    /// The credentials do not allow it, or the service does not.
    Denied(String),
    /// The object is another one now.
    Changed,
    /// Anything else.
    Failed(String),
}

impl RemoteError {
    /// The same as an error about an object.
    pub(super) fn of(self, uri: &ObjectUri, what: &'static str) -> StoreError {
        match self {
            Self::NotFound => StoreError::NotFound(uri.clone()),
            other => StoreError::Io { uri: uri.clone(), what, source: other.into() },
        }
    }
}

impl From<RemoteError> for std::io::Error {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::NotFound => std::io::ErrorKind::NotFound.into(),
            RemoteError::Denied(why) => Self::new(std::io::ErrorKind::PermissionDenied, why),
            RemoteError::Changed => Self::other("the object was replaced while it was read"),
            RemoteError::Failed(why) => Self::other(why),
        }
    }
}

impl Remote {
    /// What is known of an object.
    pub(super) fn head(&self, uri: &ObjectUri) -> Result<Head, RemoteError> {
        match self {
            Self::Store(store) => store.head(uri.key()),
            Self::Served(link) => link.head(uri),
        }
    }

    /// Begins to read a part of an object.
    pub(super) fn fetch(&self, uri: &ObjectUri, range: Range) -> Fetch {
        match self {
            Self::Store(store) => store.fetch(uri.key(), range),
            Self::Served(link) => link.fetch(uri, range),
        }
    }

    /// The store itself, for who writes.
    pub(super) fn store(&self, uri: &ObjectUri) -> Result<&Arc<ObjectStore>, StoreError> {
        match self {
            Self::Store(store) => Ok(store),
            Self::Served(_) => {
                let why = "a worker writes no objects".to_owned();
                Err(StoreError::Forbidden { uri: uri.clone(), what: "written", why })
            }
        }
    }
}
