//! Outputs on their way: written beside their place, moved into it only when the whole task is done.
//!
//! A bucket's staging folder is on the bucket's own file system, so that the move is a rename: a reader sees the old
//! object or the whole new one. Each task has a folder there, locked while its process lives; the folders of processes that
//! died are swept by the next task.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, MetadataExt};
use rustix::fs::{FlockOperation, flock};

use super::bucket::Bucket;
use super::{Access, Buckets, StoreError};
use crate::task::ObjectUri;

/// Name of the staging folder at the top of a bucket. No key may begin with it.
pub const STAGING_FOLDER: &str = ".wasmux-staging";

const LOCK: &str = "lock";
/// How often a task's folder is created anew when it is swept in the moment before it is locked.
const TRIES: usize = 20;
/// Longest name of a file or folder on the usual file systems, in bytes.
const MAX_NAME: usize = 255;

/// The staged outputs of one task. When it is dropped, all that was not committed is removed.
pub struct Staging<'a> {
    buckets: &'a Buckets,
    task: String,
    staged: Vec<Staged>,
    /// Open lock files: the lock ends with the process, however it ends.
    folders: Vec<(String, File)>,
    /// Sources and outputs with the bucket and key that symlinks lead to.
    taken: Vec<(ObjectUri, (String, PathBuf))>,
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
    /// Begins staging for a task; `task` is unique for each run. None of the sources may be overwritten.
    pub fn staging(&self, task: &str, sources: &[ObjectUri]) -> Staging<'_> {
        for bucket in self.all().filter(|bucket| bucket.config.write) {
            sweep(bucket);
        }
        let places = sources.iter().filter_map(|uri| {
            let bucket = self.bucket(uri, Access::Read).ok()?;
            Some((uri.clone(), real_place(bucket, uri)))
        });
        Staging {
            buckets: self,
            task: task.to_owned(),
            staged: Vec::new(),
            folders: Vec::new(),
            taken: places.collect(),
        }
    }
}

impl Staging<'_> {
    /// Reserves a place for an output.
    pub fn reserve(&mut self, uri: &ObjectUri) -> Result<Staged, StoreError> {
        let bucket = self.buckets.bucket(uri, Access::Write)?;
        let folder = format!("{STAGING_FOLDER}/{}", self.task);
        let failed = |source| StoreError::Io { uri: uri.clone(), what: "reserving its place", source };
        self.check_place(bucket, uri)?;
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

    /// What could stop the move at the end is told at the start: a folder in the object's place, a name that is too long, or a
    /// place that is another output's or a source's under another name, by a symlink.
    fn check_place(&mut self, bucket: &Bucket, uri: &ObjectUri) -> Result<(), StoreError> {
        let refuse = |why: String| Err(StoreError::Forbidden { uri: uri.clone(), what: "written", why });
        if uri.key().split('/').any(|segment| segment.len() > MAX_NAME) {
            return refuse(format!("a name in it has more than {MAX_NAME} bytes"));
        }
        if bucket.dir.metadata(uri.key()).is_ok_and(|there| there.is_dir()) {
            return refuse("a folder of that name is there".into());
        }
        if let Err(error) = bucket.dir.metadata(uri.key())
            && !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        {
            return refuse(format!("its place cannot be reached: {error}"));
        }
        let place = real_place(bucket, uri);
        if let Some((other, _)) = self.taken.iter().find(|(_, taken)| *taken == place) {
            return refuse(format!("it is the same object as {other}"));
        }
        self.taken.push((uri.clone(), place));
        Ok(())
    }

    /// Moves all outputs into their places. When one cannot be moved, those that were are taken back.
    pub fn commit(mut self) -> Result<(), StoreError> {
        let staged = std::mem::take(&mut self.staged);
        let mut moved: Vec<(&Staged, Option<String>)> = Vec::new();
        let mut created: Vec<(ObjectUri, String)> = Vec::new();
        let mut result = staged.iter().try_for_each(|output| self.flush(output));
        for output in &staged {
            if result.is_err() {
                break;
            }
            let mut folders = Vec::new();
            let placed = self.place(output, &mut folders);
            created.extend(folders.into_iter().map(|folder| (output.uri.clone(), folder)));
            match placed {
                Ok(backup) => moved.push((output, backup)),
                Err(error) => result = Err(error),
            }
        }
        if result.is_err() {
            for (output, backup) in moved.into_iter().rev() {
                self.take_back(output, backup.as_deref());
            }
            for (uri, folder) in created.into_iter().rev() {
                if let Ok(bucket) = self.buckets.bucket(&uri, Access::Write) {
                    // Fails where somebody else has put something there meanwhile, and that is right.
                    let _ = bucket.dir.remove_dir(&folder);
                }
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

    /// Moves one output; returns where the object that stood there is kept, and notes the folders that it created.
    fn place(&self, output: &Staged, created: &mut Vec<String>) -> Result<Option<String>, StoreError> {
        let failed = |source| StoreError::Io { uri: output.uri.clone(), what: "moving it into its place", source };
        let bucket = self.buckets.bucket(&output.uri, Access::Write)?;
        let dir = &bucket.dir;
        create_folders(dir, output.uri.dirname(), created).map_err(failed)?;
        let backup = format!("{}.before", output.key);
        let kept = match dir.hard_link(output.uri.key(), dir, &backup) {
            Ok(()) => Some(backup),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            // File systems without hard links: there the old object is away for a moment.
            Err(_) => dir.rename(output.uri.key(), dir, &backup).map(|()| Some(backup)).map_err(failed)?,
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

/// Creates and locks a task's folder. Another process may sweep it in the moment before it is locked: then again.
fn open_folder(bucket: &Bucket, folder: &str) -> io::Result<File> {
    let mut result = Err(io::Error::other("the staging folder is swept again and again"));
    for _ in 0..TRIES {
        result = try_open_folder(bucket, folder);
        match &result {
            Err(error) if error.kind() == io::ErrorKind::NotFound || error.kind() == io::ErrorKind::WouldBlock => {}
            _ => break,
        }
    }
    result
}

fn try_open_folder(bucket: &Bucket, folder: &str) -> io::Result<File> {
    bucket.dir.create_dir_all(folder)?;
    let name = format!("{folder}/{LOCK}");
    let lock = bucket.dir.create(&name)?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    // Locked too late where the name is gone by now, or is another's.
    let (mine, there) = (lock.metadata()?, bucket.dir.metadata(&name)?);
    if (mine.dev(), mine.ino()) != (there.dev(), there.ino()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(lock.into_std())
}

/// Creates a folder and those above it, and notes each that was not there, outermost first.
fn create_folders(dir: &Dir, folder: &str, created: &mut Vec<String>) -> io::Result<()> {
    let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
    for part in ends.filter_map(|end| folder.get(..end)).filter(|part| !part.is_empty()) {
        match dir.create_dir(part) {
            Ok(()) => created.push(part.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The bucket and the key without symlinks; a part that is not there yet stays as it is.
fn real_place(bucket: &Bucket, uri: &ObjectUri) -> (String, PathBuf) {
    let mut above = Path::new(uri.key());
    let mut below = Vec::new();
    let real = loop {
        if let Ok(real) = bucket.dir.canonicalize(above) {
            break real;
        }
        below.extend(above.file_name());
        match above.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => above = parent,
            _ => break PathBuf::new(),
        }
    };
    let place = below.into_iter().rev().fold(real, |place, name| place.join(name));
    (uri.bucket().to_owned(), place)
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
