//! Outputs on their way: written beside their place, moved into it only when the whole task is done.
//!
//! A bucket's staging folder is on the bucket's own file system, so that the move is a rename. A run in the foreground makes a folder
//! there and locks it while its process lives; the folders of runs that died are swept by the next one. A worker of a service gets
//! its folder from the service, which also moves and removes what is in it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::MetadataExt;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::attempt::Attempt;
use super::bucket::Bucket;
use super::commit::{again_if_gone, all_or_none, remove_staging};
use super::places::Places;
use super::{Access, Buckets, StoreError};
use crate::task::ObjectUri;

/// Name of the staging folder at the top of a bucket. No key may begin with it.
pub const STAGING_FOLDER: &str = ".wasmux-staging";

const LOCK: &str = "lock";

/// The staged outputs of one task. When it is dropped, all that was not committed is removed, unless the folder is a service's.
pub struct Staging<'a> {
    buckets: &'a Buckets,
    /// Within each bucket.
    folder: String,
    /// Whether the folder is this object's to make, lock and remove.
    own: bool,
    sources: Vec<ObjectUri>,
    staged: Vec<Staged>,
    /// Open lock files: the lock ends with the process, however it ends.
    locks: Vec<(String, File)>,
    places: Places,
}

/// One reserved place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    uri: ObjectUri,
    /// Where to write.
    path: PathBuf,
    /// The same within the bucket.
    key: String,
}

impl Staged {
    /// Where the output is to be written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it will stand.
    pub fn uri(&self) -> &ObjectUri {
        &self.uri
    }

    /// Its name within the staging folder.
    pub fn name(&self) -> &str {
        self.key.rsplit_once('/').map_or(&self.key, |(_, name)| name)
    }
}

impl Buckets {
    /// Begins staging for a run; `run` is unique. None of the sources may be overwritten.
    pub fn staging(&self, run: &str, sources: &[ObjectUri]) -> Staging<'_> {
        for bucket in self.all().iter().filter(|bucket| bucket.config.write) {
            sweep(bucket);
        }
        self.staging_in(format!("{STAGING_FOLDER}/{run}"), true, sources)
    }

    /// Begins staging in the folders that [`Buckets::open_attempt`] has made.
    pub fn staging_of(&self, attempt: &Attempt, sources: &[ObjectUri]) -> Staging<'_> {
        self.staging_in(attempt.folder(), false, sources)
    }

    fn staging_in(&self, folder: String, own: bool, sources: &[ObjectUri]) -> Staging<'_> {
        Staging {
            buckets: self,
            folder,
            own,
            sources: sources.to_vec(),
            staged: Vec::new(),
            locks: Vec::new(),
            places: Places::of_sources(self, sources),
        }
    }
}

impl Staging<'_> {
    /// Reserves a place for an output.
    pub fn reserve(&mut self, uri: &ObjectUri) -> Result<Staged, StoreError> {
        let bucket = self.buckets.bucket(uri, Access::Write)?;
        let failed = |source| StoreError::Io { uri: uri.clone(), what: "reserving its place", source };
        self.places.take(&bucket, uri)?;
        if self.own && !self.locks.iter().any(|(name, _)| name == uri.bucket()) {
            let lock = again_if_gone(|| open_folder(&bucket, &self.folder)).map_err(failed)?;
            self.locks.push((uri.bucket().to_owned(), lock));
        }
        // The name tells the muxer nothing and a person which output it is.
        let key = format!("{}/{}-{}", self.folder, self.staged.len(), tail(uri.basename()));
        let staged = Staged { uri: uri.clone(), path: bucket.path.join(&key), key };
        self.staged.push(staged.clone());
        Ok(staged)
    }

    /// The outputs that were reserved, in order.
    pub fn reserved(&self) -> &[Staged] {
        &self.staged
    }

    /// Moves these outputs, all of them reserved before, into their places, in this order. When one cannot be moved, those that were
    /// are taken back.
    pub fn commit(self, order: &[ObjectUri]) -> Result<(), StoreError> {
        let key = |uri: &ObjectUri| {
            let staged = self.staged.iter().find(|staged| staged.uri == *uri);
            let staged = staged.ok_or_else(|| {
                let source = io::Error::new(io::ErrorKind::NotFound, "no place was reserved for it");
                StoreError::Io { uri: uri.clone(), what: "finding its staged file", source }
            })?;
            Ok((uri.clone(), staged.key.clone()))
        };
        let staged = order.iter().map(key).collect::<Result<Vec<_>, StoreError>>()?;
        all_or_none(self.buckets, &self.buckets.journal(&self.sources, &staged)?)
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        for (name, lock) in self.locks.drain(..) {
            if let Ok(bucket) = self.buckets.named(&name) {
                remove_staging(&bucket, &self.folder);
            }
            drop(lock);
        }
    }
}

/// Creates and locks a run's folder. Another process may sweep it in the moment before it is locked.
fn open_folder(bucket: &Bucket, folder: &str) -> io::Result<File> {
    bucket.dir.create_dir_all(folder)?;
    let name = format!("{folder}/{LOCK}");
    let lock = bucket.dir.create(&name)?;
    // Whoever holds the lock is sweeping the folder.
    flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
        Errno::WOULDBLOCK => io::ErrorKind::NotFound.into(),
        error => io::Error::from(error),
    })?;
    // Locked too late where the name is gone by now, or is another's.
    let (mine, there) = (lock.metadata()?, bucket.dir.metadata(&name)?);
    if (mine.dev(), mine.ino()) != (there.dev(), there.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(lock.into_std())
}

/// Removes the folders of runs whose process is gone. Those of services have no lock.
fn sweep(bucket: &Bucket) {
    let Ok(entries) = bucket.dir.read_dir(STAGING_FOLDER) else { return };
    for entry in entries.flatten() {
        let Ok(run) = entry.file_name().into_string() else { continue };
        let folder = format!("{STAGING_FOLDER}/{run}");
        let Ok(lock) = bucket.dir.open(format!("{folder}/{LOCK}")) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            tracing::info!(%run, bucket = bucket.config.name, "removing what an interrupted run left behind");
            remove_staging(bucket, &folder);
        }
    }
}

/// The last characters of a name, so that the staged name stays under the limit of file systems.
fn tail(name: &str) -> String {
    let skip = name.char_indices().rev().map(|(at, _)| at).take_while(|at| name.len() - at <= 100).last().unwrap_or(0);
    name.get(skip..).unwrap_or("output").to_owned()
}
