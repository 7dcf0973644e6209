//! Moving staged files into their places, all or none.
//!
//! A move is a rename within the bucket's file system, so a reader sees the old object or the whole new one. The object that a
//! move replaces is kept beside the staged file until the end, so that the move can be taken back. Each step looks first whether
//! it was done already: whoever finds a journal after a crash does all of it again, in either direction.

use std::io;

use cap_std::fs::{Dir, Metadata, MetadataExt};
use rustix::io::Errno;

use super::bucket::Bucket;
use super::places::Places;
use super::remote::{self, Remote};
use super::{Access, Buckets, StoreError};
use crate::task::{CommitEntry, ObjectUri};

/// How often a folder is made anew that somebody else removes because it is empty.
const TRIES: usize = 20;

impl Buckets {
    /// The journal of a commit: what will be moved where. Each staged file is named by its path within the bucket of its URI. Rights
    /// and places are judged once more, and all bytes are on the disk when this returns.
    pub fn journal(
        &self,
        sources: &[ObjectUri],
        staged: &[(ObjectUri, String)],
    ) -> Result<Vec<CommitEntry>, StoreError> {
        let mut places = Places::of_sources(self, sources);
        let entries = staged.iter().map(|(uri, staged)| {
            let bucket = self.bucket(uri, Access::Write)?;
            places.take(&bucket, uri)?;
            let failed = |source| StoreError::Io { uri: uri.clone(), what: "writing it to the disk", source };
            let file = synced(&bucket.dir, staged).map_err(failed)?;
            let folders = if bucket.remote.is_some() { Ok(Vec::new()) } else { missing(&bucket.dir, uri) };
            let folders = folders.map_err(failed)?;
            Ok(CommitEntry { uri: uri.clone(), staged: staged.clone(), inode: file.ino(), size: file.len(), folders })
        });
        let entries = entries.collect::<Result<Vec<_>, StoreError>>()?;
        // What can fail, and what takes its time, is done before anything is in its place.
        for entry in &entries {
            let bucket = self.bucket(&entry.uri, Access::Write)?;
            if let Some(remote) = &bucket.remote {
                remote::prepare(remote.store(&entry.uri)?, &bucket.dir, entry)?;
            }
        }
        Ok(entries)
    }

    /// Moves a staged file into its place; does nothing where that was done before.
    pub fn place(&self, entry: &CommitEntry) -> Result<(), StoreError> {
        let failed = |source| StoreError::Io { uri: entry.uri.clone(), what: "moving it into its place", source };
        let bucket = self.bucket(&entry.uri, Access::Write)?;
        match &bucket.remote {
            Some(remote) => remote::place(remote.store(&entry.uri)?, &bucket.dir, entry),
            None => place(&bucket.dir, entry).map_err(failed),
        }
    }

    /// Takes a move back: the place is as it was before. Does nothing where the file was not moved, or where somebody else has
    /// put another object there since.
    pub fn take_back(&self, entry: &CommitEntry) -> Result<(), StoreError> {
        let failed = |source| StoreError::Io { uri: entry.uri.clone(), what: "taking it back", source };
        let bucket = self.bucket(&entry.uri, Access::Write)?;
        if let Some(remote) = &bucket.remote {
            return remote::take_back(remote.store(&entry.uri)?, &bucket.dir, entry);
        }
        take_back(&bucket.dir, entry).map_err(failed)?;
        for folder in entry.folders.iter().rev() {
            // Fails where somebody else has put something there meanwhile, and that is right.
            drop(bucket.dir.remove_dir(folder));
        }
        Ok(())
    }
}

/// Creates the folders above a place.
fn create_folders(dir: &Dir, uri: &ObjectUri) -> io::Result<()> {
    if uri.dirname().is_empty() { Ok(()) } else { dir.create_dir_all(uri.dirname()) }
}

/// The folders above a place that are not there, outermost first.
fn missing(dir: &Dir, uri: &ObjectUri) -> io::Result<Vec<String>> {
    let folder = uri.dirname();
    let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
    let mut missing = Vec::new();
    for part in ends.filter_map(|end| folder.get(..end)).filter(|part| !part.is_empty()) {
        if look(dir, part)?.is_none() {
            missing.push(part.to_owned());
        }
    }
    Ok(missing)
}

/// What is of this name, symlinks not followed.
fn look(dir: &Dir, path: &str) -> io::Result<Option<Metadata>> {
    match dir.symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a staged file and its name on the disk.
fn synced(dir: &Dir, staged: &str) -> io::Result<Metadata> {
    let found = dir.symlink_metadata(staged)?;
    if !found.is_file() {
        return Err(io::Error::other("the staged output is no regular file"));
    }
    dir.open(staged)?.sync_all()?;
    sync_folder(dir, parent(staged));
    Ok(found)
}

fn place(dir: &Dir, entry: &CommitEntry) -> io::Result<()> {
    let key = entry.uri.key();
    match look(dir, &entry.staged)? {
        Some(staged) if is(&staged, entry) => {}
        Some(_) => return Err(io::Error::other("its staged file is not the one that was verified")),
        None => return placed_before(dir, entry),
    }
    keep(dir, entry)?;
    // Another task that is taken back may remove a folder in the moment before it is used.
    let moved = again_if_gone(|| {
        create_folders(dir, &entry.uri)?;
        dir.rename(&entry.staged, dir, key)
    });
    moved?;
    sync_folder(dir, entry.uri.dirname());
    sync_folder(dir, parent(&entry.staged));
    Ok(())
}

/// Tries again where a folder that was just made is gone: who removes empty folders may be faster.
pub(super) fn again_if_gone<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..TRIES {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => return result,
        }
    }
    attempt()
}

/// The staged file is gone. Only a move takes it out of its folder, so it was moved before a crash, even where somebody has
/// replaced the object since; but when the folder is gone too, somebody has removed both.
fn placed_before(dir: &Dir, entry: &CommitEntry) -> io::Result<()> {
    let there = look(dir, entry.uri.key())?.is_some_and(|found| is(&found, entry));
    if there || look(dir, parent(&entry.staged))?.is_some() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "its staged file was removed before it could be moved"))
}

/// Keeps the object that stands in the place.
fn keep(dir: &Dir, entry: &CommitEntry) -> io::Result<()> {
    let (key, kept) = (entry.uri.key(), kept(entry));
    match (look(dir, key)?, look(dir, &kept)?) {
        // Kept before a crash, where there are no hard links; or nothing is to be kept.
        (None, _) => return Ok(()),
        (Some(there), _) if there.is_dir() => {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "a folder of that name is there"));
        }
        // Kept before a crash; if somebody has replaced the object since, the newer one is kept.
        (Some(there), Some(before)) if there.ino() == before.ino() => return Ok(()),
        // The move was made already, by whoever; what was kept is the only copy of the old object.
        (Some(there), _) if is(&there, entry) => return Ok(()),
        (Some(_), Some(_)) => dir.remove_file(&kept)?,
        (Some(_), None) => {}
    }
    // File systems without hard links: there the old object is away for a moment.
    dir.hard_link(key, dir, &kept).or_else(|error| match Errno::from_io_error(&error) {
        Some(Errno::PERM | Errno::OPNOTSUPP | Errno::MLINK) => dir.rename(key, dir, &kept),
        _ => Err(error),
    })
}

fn take_back(dir: &Dir, entry: &CommitEntry) -> io::Result<()> {
    let (key, kept) = (entry.uri.key(), kept(entry));
    let there = look(dir, key)?;
    let before = look(dir, &kept)?;
    match (there, before) {
        (Some(there), Some(_)) if is(&there, entry) => dir.rename(&kept, dir, key)?,
        (Some(there), None) if is(&there, entry) => dir.remove_file(key)?,
        (None, Some(_)) => dir.rename(&kept, dir, key)?,
        _ => return Ok(()),
    }
    sync_folder(dir, entry.uri.dirname());
    Ok(())
}

fn is(found: &Metadata, entry: &CommitEntry) -> bool {
    found.is_file() && (found.ino(), found.len()) == (entry.inode, entry.size)
}

/// Where the object that a move replaces is kept.
fn kept(entry: &CommitEntry) -> String {
    format!("{}.before", entry.staged)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Makes a rename itself durable. A file system that cannot is no reason to fail.
fn sync_folder(dir: &Dir, folder: &str) {
    let folder = if folder.is_empty() { "." } else { folder };
    if let Ok(folder) = dir.open(folder) {
        drop(folder.sync_all());
    }
}

/// Commits in one go, for who keeps no journal: when one file cannot be moved, those that were are taken back.
pub(super) fn all_or_none(buckets: &Buckets, journal: &[CommitEntry]) -> Result<(), StoreError> {
    let result = journal.iter().try_for_each(|entry| buckets.place(entry));
    if result.is_err() {
        for entry in journal.iter().rev() {
            if let Err(error) = buckets.take_back(entry) {
                tracing::error!(uri = %entry.uri, %error, "an output of a failed task could not be taken back");
            }
        }
    }
    result
}

/// Removes a staging folder and those above it that are empty then.
pub(super) fn remove_staging(bucket: &Bucket, folder: &str) {
    if let Some(Remote::Store(store)) = &bucket.remote {
        remote::forget(store, &bucket.dir, folder);
    }
    match bucket.dir.remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(bucket = bucket.config.name, folder, %error, "a staging folder could not be removed");
        }
        _ => {}
    }
    let mut above = parent(folder);
    // Fails while another task is staging there, and that is right.
    while !above.is_empty() && bucket.dir.remove_dir(above).is_ok() {
        above = parent(above);
    }
}

#[cfg(test)]
mod tests;
