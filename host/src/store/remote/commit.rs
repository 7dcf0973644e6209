//! The steps of a commit where the objects are in an object store.
//!
//! An upload is sent before the journal is written, and completed when its turn comes; whoever finds a journal after a crash sends it
//! again from the staged file. How far a step came is noted beside that file: what stood in the object's place (kept as a copy
//! in the store), and what stands there since.

use std::io::{self, Write};

use cap_std::fs::Dir;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Head, ObjectStore, RemoteError};
use crate::store::StoreError;
use crate::task::CommitEntry;

/// What stood in the place of an object before.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct Kept {
    /// `None`: nothing.
    before: Option<Head>,
}

/// Where what a commit replaces is kept, in the store; beside the staged file stands a note of that name.
fn before(entry: &CommitEntry) -> String {
    format!("{}.before", entry.staged)
}

/// The note that an object is in its place.
fn placed(entry: &CommitEntry) -> String {
    format!("{}.placed", entry.staged)
}

/// Sends a staged file, so that there is nothing left but to complete it.
pub(in crate::store) fn prepare(store: &ObjectStore, dir: &Dir, entry: &CommitEntry) -> Result<(), StoreError> {
    send(store, dir, entry).map_err(|error| error.of(&entry.uri, "uploading it"))
}

fn send(store: &ObjectStore, dir: &Dir, entry: &CommitEntry) -> Result<(), RemoteError> {
    let file = dir.open(&entry.staged).map_err(|error| RemoteError::Failed(format!("its staged file: {error}")))?;
    store.upload(&entry.staged, entry.uri.key(), file.into_std(), entry.size)
}

/// Puts the object in its place; does nothing where that was done before.
pub(in crate::store) fn place(store: &ObjectStore, dir: &Dir, entry: &CommitEntry) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io { uri: entry.uri.clone(), what: "noting how far its upload came", source };
    let of = |error: RemoteError| error.of(&entry.uri, "uploading it");
    if note::<Head>(dir, &placed(entry)).map_err(failed)?.is_some() {
        return Ok(());
    }
    if note::<Kept>(dir, &before(entry)).map_err(failed)?.is_none() {
        let before_it = there(store, entry.uri.key()).map_err(of)?;
        if before_it.is_some() {
            store
                .copy(entry.uri.key(), &before(entry))
                .map_err(|error| error.of(&entry.uri, "keeping what it replaces"))?;
        }
        write_note(dir, &before(entry), &Kept { before: before_it }).map_err(failed)?;
    }
    if !store.complete(&entry.staged).map_err(of)? {
        send(store, dir, entry).map_err(of)?;
        store.complete(&entry.staged).map_err(of)?;
    }
    let head = store.head(entry.uri.key()).map_err(of)?;
    if head.size != entry.size {
        let why = format!("it has {} bytes in the store, and {} were sent", head.size, entry.size);
        return Err(of(RemoteError::Failed(why)));
    }
    write_note(dir, &placed(entry), &head).map_err(failed)
}

/// The place is as it was before. Does nothing where the object was not put there, or where somebody else has replaced it since.
pub(in crate::store) fn take_back(store: &ObjectStore, dir: &Dir, entry: &CommitEntry) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io { uri: entry.uri.clone(), what: "reading how far its upload came", source };
    let of = |error: RemoteError| error.of(&entry.uri, "taking it back");
    store.give_up(&entry.staged);
    let Some(kept) = note::<Kept>(dir, &before(entry)).map_err(failed)? else { return Ok(()) };
    let Some(now) = there(store, entry.uri.key()).map_err(of)? else { return Ok(()) };
    let ours = match (note::<Head>(dir, &placed(entry)).map_err(failed)?, &kept.before) {
        (Some(placed), _) => now.is(&placed),
        // The upload may have been completed just before a crash.
        (None, Some(before)) => !now.is(before) && now.size == entry.size,
        (None, None) => now.size == entry.size,
    };
    match kept.before {
        _ if !ours => Ok(()),
        Some(_) => store.copy(&before(entry), entry.uri.key()).map_err(of),
        None => store.delete(entry.uri.key()).map_err(of),
    }
}

/// Gives up the uploads of a staging folder and removes what was kept for taking its commit back.
pub(in crate::store) fn forget(store: &ObjectStore, dir: &Dir, folder: &str) {
    store.give_up(&format!("{folder}/"));
    let Ok(entries) = dir.read_dir(folder) else { return };
    for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let path = format!("{folder}/{name}");
        if name.ends_with(".before")
            && let Ok(Some(Kept { before: Some(_) })) = note::<Kept>(dir, &path)
            && let Err(error) = store.delete(&path)
        {
            tracing::warn!(path, ?error, "what a commit has replaced could not be removed from the object store");
        }
    }
}

fn there(store: &ObjectStore, key: &str) -> Result<Option<Head>, RemoteError> {
    match store.head(key) {
        Ok(head) => Ok(Some(head)),
        Err(RemoteError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn note<T: DeserializeOwned>(dir: &Dir, path: &str) -> io::Result<Option<T>> {
    match dir.read(path) {
        Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A note is there whole or not at all, and on the disk.
fn write_note(dir: &Dir, path: &str, note: &impl Serialize) -> io::Result<()> {
    let part = format!("{path}.part");
    let mut file = dir.create(&part)?;
    file.write_all(&serde_json::to_vec(note)?)?;
    file.sync_all()?;
    dir.rename(&part, dir, path)
}
