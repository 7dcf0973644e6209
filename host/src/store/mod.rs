//! Room `store`: buckets. Each is a folder here, where `oss://bucket/key` is the file `key` below it, or a bucket of an object store.
//!
//! It owns: rights, path checks, reading, staging, committing, and the way on which a worker reads remote objects. It promises: one
//! function ([`Buckets::check`]) judges every access, below everything else; no path and no symlink leads out of a bucket; an output is
//! either whole in its place or not there at all; a commit can be gone through again after a crash. It refuses: knowing what is in an object, but for playlists, whose
//! segments are objects as well.

mod attempt;
mod bucket;
mod commit;
mod config;
mod error;
mod places;
mod playlist;
mod read;
mod remote;
mod staging;

#[cfg(test)]
mod tests;

pub use attempt::Attempt;
pub use bucket::{Access, BucketParts, Buckets};
pub use config::{BucketConfig, BucketGrant, BucketPlace, ObjectStoreConfig};
pub use error::StoreError;
pub use read::{ObjectFacts, ObjectReader};
pub use remote::{Link, serve};
pub use staging::{STAGING_FOLDER, Staged, Staging};
