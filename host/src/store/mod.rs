//! Room `store`: buckets. Each is a folder here; `oss://bucket/key` is the file `key` below it.
//!
//! It owns: rights, path checks, reading, staging, committing. It promises: one function ([`Buckets::check`]) judges every
//! access, below everything else; no path and no symlink leads out of a bucket; an output is either whole in its place or not
//! there at all; a commit can be gone through again after a crash. It refuses: knowing what is in an object, but for playlists, whose
//! segments are objects as well.

mod attempt;
mod bucket;
mod commit;
mod error;
mod places;
mod playlist;
mod read;
mod staging;

#[cfg(test)]
mod tests;

pub use attempt::Attempt;
pub use bucket::{Access, BucketConfig, BucketGrant, Buckets};
pub use error::StoreError;
pub use read::{ObjectFacts, ObjectReader};
pub use staging::{STAGING_FOLDER, Staged, Staging};
