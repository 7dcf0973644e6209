//! Which places are taken: by a source, or by another output of the same task.

use std::io;
use std::path::{Path, PathBuf};

use super::bucket::Bucket;
use super::{Access, Buckets, StoreError};
use crate::task::ObjectUri;

/// Longest name of a file or folder on the usual file systems, in bytes.
const MAX_NAME: usize = 255;

/// Sources and outputs of one task with the bucket and key that symlinks lead to.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<(ObjectUri, (String, PathBuf))>);

impl Places {
    /// The places of sources, with all that playlists among them name: none of them may be overwritten.
    pub(super) fn of_sources(buckets: &Buckets, sources: &[ObjectUri]) -> Self {
        let place = |uri: &ObjectUri| {
            let bucket = buckets.bucket(uri, Access::Read).ok()?;
            Some((uri.clone(), real_place(&bucket, uri)))
        };
        Self(sources.iter().flat_map(|source| buckets.objects_of(source)).filter_map(|uri| place(&uri)).collect())
    }

    /// Takes a place for an output. What could stop the move at the end is told at the start: a folder in the object's place, a name
    /// that is too long, or a place that is another output's or a source's under another name, by a symlink.
    pub(super) fn take(&mut self, bucket: &Bucket, uri: &ObjectUri) -> Result<(), StoreError> {
        let refuse = |why: String| Err(StoreError::Forbidden { uri: uri.clone(), what: "written", why });
        if uri.key().split('/').any(|segment| segment.len() > MAX_NAME) {
            return refuse(format!("a name in it has more than {MAX_NAME} bytes"));
        }
        if bucket.remote.is_none() {
            Self::reachable(bucket, uri)?;
        }
        let place = real_place(bucket, uri);
        if let Some((other, _)) = self.0.iter().find(|(_, taken)| *taken == place) {
            return refuse(format!("it is the same object as {other}"));
        }
        self.0.push((uri.clone(), place));
        Ok(())
    }

    /// Whether a file can stand there. Object stores have no folders.
    fn reachable(bucket: &Bucket, uri: &ObjectUri) -> Result<(), StoreError> {
        let refuse = |why: String| Err(StoreError::Forbidden { uri: uri.clone(), what: "written", why });
        if bucket.dir.metadata(uri.key()).is_ok_and(|there| there.is_dir()) {
            return refuse("a folder of that name is there".into());
        }
        if let Err(error) = bucket.dir.metadata(uri.key())
            && error.kind() != io::ErrorKind::NotFound
        {
            return refuse(format!("its place cannot be reached: {error}"));
        }
        Ok(())
    }
}

/// The bucket and the key without symlinks; a part that is not there yet stays as it is.
fn real_place(bucket: &Bucket, uri: &ObjectUri) -> (String, PathBuf) {
    if bucket.remote.is_some() {
        return (uri.bucket().to_owned(), PathBuf::from(uri.key()));
    }
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
