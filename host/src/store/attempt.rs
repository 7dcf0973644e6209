//! The staging folders of a service: one for each attempt at a task, in each bucket that it may write to.
//!
//! They have no lock: whether one is still needed is known by the queue of the service that made it, so only that service, known by
//! its node's name, sweeps it. A worker that outlived its service finds no folder any more.

use std::io;
use std::path::PathBuf;

use super::commit::{again_if_gone, remove_staging};
use super::{Access, Buckets, STAGING_FOLDER, StoreError};
use crate::task::{ObjectUri, TaskId};

/// One attempt at a task, by one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Name of the service.
    pub node: String,
    /// The task.
    pub task: TaskId,
    /// Number of the attempt, from 1.
    pub number: u32,
}

impl Attempt {
    /// Its staging folder within a bucket.
    pub fn folder(&self) -> String {
        format!("{STAGING_FOLDER}/{}/{}/{}", self.node, self.task, self.number)
    }
}

impl Buckets {
    /// Makes the staging folder of an attempt in these buckets; returns their paths.
    pub fn open_attempt(&self, attempt: &Attempt, buckets: &[String]) -> Result<Vec<PathBuf>, StoreError> {
        let folder = attempt.folder();
        let open = |name: &String| {
            let bucket = self.named(name)?;
            let path = bucket.path.join(&folder);
            again_if_gone(|| bucket.dir.create_dir_all(&folder)).map_err(|source| StoreError::Folder {
                bucket: name.clone(),
                folder: path.display().to_string(),
                source,
            })?;
            Ok(path)
        };
        let opened = buckets.iter().map(open).collect();
        if Result::is_err(&opened) {
            self.close_attempt(attempt);
        }
        opened
    }

    /// Removes all that an attempt has staged and what was kept for taking its commit back.
    pub fn close_attempt(&self, attempt: &Attempt) {
        for bucket in self.all().iter().filter(|bucket| bucket.config.write) {
            remove_staging(bucket, &attempt.folder());
        }
    }

    /// Removes the staging folders of this node that `live` does not know any more.
    pub fn sweep_attempts(&self, node: &str, live: &dyn Fn(TaskId, u32) -> bool) {
        let names = |bucket: &super::bucket::Bucket, folder: &str| -> Vec<String> {
            let Ok(entries) = bucket.dir.read_dir(folder) else { return Vec::new() };
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
        };
        for bucket in self.all().iter().filter(|bucket| bucket.config.write) {
            let top = format!("{STAGING_FOLDER}/{node}");
            for task in names(bucket, &top) {
                for attempt in names(bucket, &format!("{top}/{task}")) {
                    let known = task.parse().ok().zip(attempt.parse().ok());
                    if !known.is_some_and(|(task, attempt)| live(task, attempt)) {
                        tracing::info!(%task, attempt, bucket = bucket.config.name, "removing what an interrupted attempt left behind");
                        remove_staging(bucket, &format!("{top}/{task}/{attempt}"));
                    }
                }
            }
        }
    }

    /// The staged file of this name as an attempt's output. A name that is no plain file name is refused: it was told by a worker.
    pub fn staged(&self, attempt: &Attempt, uri: &ObjectUri, name: &str) -> Result<(ObjectUri, String), StoreError> {
        self.check(uri, Access::Write)?;
        if name.is_empty() || name.contains(['/', '\0']) || matches!(name, "." | "..") {
            let source = io::Error::new(io::ErrorKind::InvalidInput, format!("`{name}` is no name of a staged file"));
            return Err(StoreError::Io { uri: uri.clone(), what: "finding its staged file", source });
        }
        Ok((uri.clone(), format!("{}/{name}", attempt.folder())))
    }
}
