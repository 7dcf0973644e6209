//! Outputs on their way: written beside their place, moved into it only when the whole task is done.
//!
//! A bucket's staging folder is on the bucket's own file system, so that the move is a rename: a reader sees the old
//! object or the whole new one. Each task has a folder there, locked while its process lives; the folders of processes that
//! died are swept by the next task.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;
use rustix::fs::{FlockOperation, flock};

use super::bucket::Bucket;
use super::{Access, Buckets, StoreError};
use crate::task::ObjectUri;

/// Name of the staging folder at the top of a bucket. No key may begin with it.
pub const STAGING_FOLDER: &str = ".wasmux-staging";

const LOCK: &str = "lock";

/// The staged outputs of one task. When it is dropped, all that was not committed is removed.
pub struct Staging<'a> {
    buckets: &'a Buckets,
    task: String,
    staged: Vec<Staged>,
    /// Open lock files: the lock ends with the process, however it ends.
    folders: Vec<(String, File)>,
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
}

impl Buckets {
    /// Begins staging for a task; `task` is unique for each run.
    pub fn staging(&self, task: &str) -> Staging<'_> {
        for bucket in self.all().filter(|bucket| bucket.config.write) {
            sweep(bucket);
        }
        Staging { buckets: self, task: task.to_owned(), staged: Vec::new(), folders: Vec::new() }
    }
}

impl Staging<'_> {
    /// Reserves a place for an output.
    pub fn reserve(&mut self, uri: &ObjectUri) -> Result<Staged, StoreError> {
        let bucket = self.buckets.bucket(uri, Access::Write)?;
        let folder = format!("{STAGING_FOLDER}/{}", self.task);
        let failed = |source| StoreError::Io { uri: uri.clone(), what: "reserving its place", source };
        if !self.folders.iter().any(|(name, _)| name == uri.bucket()) {
            let lock = open_folder(bucket, &folder).map_err(failed)?;
            self.folders.push((uri.bucket().to_owned(), lock));
        }
        // The name tells the muxer nothing and a person which output it is.
        let key = format!("{folder}/{}-{}", self.staged.len(), tail(uri.basename()));
        let staged = Staged { uri: uri.clone(), path: bucket.path.join(&key), key };
        self.staged.push(staged.clone());
        Ok(staged)
    }

    /// Moves all outputs into their places. When one cannot be moved, those that were are taken back.
    pub fn commit(mut self) -> Result<(), StoreError> {
        let staged = std::mem::take(&mut self.staged);
        let mut moved: Vec<(&Staged, Option<String>)> = Vec::new();
        let mut result = staged.iter().try_for_each(|output| self.flush(output));
        for output in &staged {
            if result.is_err() {
                break;
            }
            match self.place(output) {
                Ok(backup) => moved.push((output, backup)),
                Err(error) => result = Err(error),
            }
        }
        if result.is_err() {
            for (output, backup) in moved.into_iter().rev() {
                self.take_back(output, backup.as_deref());
            }
        }
        result
    }

    /// All bytes are on the disk before anybody sees the output.
    fn flush(&self, output: &Staged) -> Result<(), StoreError> {
        let failed = |source| StoreError::Io { uri: output.uri.clone(), what: "writing it to the disk", source };
        let bucket = self.buckets.bucket(&output.uri, Access::Write)?;
        bucket.dir.open(&output.key).and_then(|file| file.sync_all()).map_err(failed)
    }

    /// Moves one output; returns where the object that stood there is kept.
    fn place(&self, output: &Staged) -> Result<Option<String>, StoreError> {
        let failed = |source| StoreError::Io { uri: output.uri.clone(), what: "moving it into its place", source };
        let bucket = self.buckets.bucket(&output.uri, Access::Write)?;
        let dir = &bucket.dir;
        if !output.uri.dirname().is_empty() {
            dir.create_dir_all(output.uri.dirname()).map_err(failed)?;
        }
        let backup = format!("{}.before", output.key);
        let kept = match dir.hard_link(output.uri.key(), dir, &backup) {
            Ok(()) => Some(backup),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        dir.rename(&output.key, dir, output.uri.key()).map_err(failed)?;
        sync_folder(dir, output.uri.dirname());
        Ok(kept)
    }

    fn take_back(&self, output: &Staged, backup: Option<&str>) {
        let Ok(bucket) = self.buckets.bucket(&output.uri, Access::Write) else { return };
        let undone = match backup {
            Some(backup) => bucket.dir.rename(backup, &bucket.dir, output.uri.key()),
            None => bucket.dir.remove_file(output.uri.key()),
        };
        if let Err(error) = undone {
            tracing::error!(uri = %output.uri, %error, "an output of a failed task could not be taken back");
        }
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        for (name, lock) in self.folders.drain(..) {
            let Some(bucket) = self.buckets.all().find(|bucket| bucket.config.name == name) else { continue };
            remove(bucket, &self.task);
            drop(lock);
        }
    }
}

/// Creates and locks a task's folder.
fn open_folder(bucket: &Bucket, folder: &str) -> io::Result<File> {
    bucket.dir.create_dir_all(folder)?;
    let lock = bucket.dir.create(format!("{folder}/{LOCK}"))?.into_std();
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    Ok(lock)
}

/// Removes the folders of tasks whose process is gone.
fn sweep(bucket: &Bucket) {
    let Ok(entries) = bucket.dir.read_dir(STAGING_FOLDER) else { return };
    for entry in entries.flatten() {
        let Ok(task) = entry.file_name().into_string() else { continue };
        let Ok(lock) = bucket.dir.open(format!("{STAGING_FOLDER}/{task}/{LOCK}")) else { continue };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            tracing::info!(%task, bucket = bucket.config.name, "removing what an interrupted task left behind");
            remove(bucket, &task);
        }
    }
}

fn remove(bucket: &Bucket, task: &str) {
    let folder = format!("{STAGING_FOLDER}/{task}");
    if let Err(error) = bucket.dir.remove_dir_all(&folder) {
        tracing::warn!(bucket = bucket.config.name, folder, %error, "a staging folder could not be removed");
    }
    // Fails while another task is staging here, and that is right.
    drop(bucket.dir.remove_dir(STAGING_FOLDER));
}

/// Makes the rename itself durable. A file system that cannot is no reason to fail.
fn sync_folder(dir: &Dir, folder: &str) {
    let folder = if folder.is_empty() { "." } else { folder };
    if let Ok(folder) = dir.open(folder) {
        drop(folder.sync_all());
    }
}

/// The last characters of a name, so that the staged name stays under the limit of file systems.
fn tail(name: &str) -> String {
    let skip = name.char_indices().rev().map(|(at, _)| at).take_while(|at| name.len() - at <= 100).last().unwrap_or(0);
    name.get(skip..).unwrap_or("output").to_owned()
}
