//! Reading objects.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::SystemTime;

use cap_std::fs::{OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;

use super::bucket::Bucket;
use super::remote::RemoteReader;
use super::{Access, Buckets, StoreError};
use crate::media::ByteSource;
use crate::task::ObjectUri;

/// What the store knows of an object without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Bytes.
    pub size: u64,
    /// When it was last modified.
    pub modified: SystemTime,
}

/// An object that is being read.
pub struct ObjectReader {
    from: From,
    facts: ObjectFacts,
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader").field("facts", &self.facts).finish_non_exhaustive()
    }
}

enum From {
    File(cap_std::fs::File),
    Remote(Box<RemoteReader>),
}

impl ObjectReader {
    /// Size and time of the object when it was opened.
    pub fn facts(&self) -> ObjectFacts {
        self.facts
    }
}

impl Buckets {
    /// Where an object that may be read really lies, symlinks within its bucket followed: for restrictions that are made of paths.
    pub fn real_path(&self, uri: &ObjectUri) -> Result<PathBuf, StoreError> {
        let bucket = self.bucket(uri, Access::Read)?;
        let failed = |source| StoreError::Io { uri: uri.clone(), what: "finding it", source };
        if bucket.remote.is_some() {
            return Err(failed(io::Error::new(io::ErrorKind::Unsupported, "it is in an object store")));
        }
        bucket.dir.canonicalize(uri.key()).map(|key| bucket.path.join(key)).map_err(failed)
    }

    /// Opens an object for reading.
    pub fn read(&self, uri: &ObjectUri) -> Result<ObjectReader, StoreError> {
        open(&*self.bucket(uri, Access::Read)?, uri)
    }
}

/// Opens an object of a bucket that may be read.
pub(super) fn open(bucket: &Bucket, uri: &ObjectUri) -> Result<ObjectReader, StoreError> {
    let failed = |what| {
        move |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreError::NotFound(uri.clone()),
            _ => StoreError::Io { uri: uri.clone(), what, source },
        }
    };
    if let Some(remote) = &bucket.remote {
        let reader = RemoteReader::open(remote.clone(), uri).map_err(|error| error.of(uri, "opening it"))?;
        let facts = ObjectFacts { size: reader.head().size, modified: reader.head().modified };
        return Ok(ObjectReader { from: From::Remote(Box::new(reader)), facts });
    }
    // A pipe would block until somebody writes to it.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0));
    let file = bucket.dir.open_with(uri.key(), &options).map_err(failed("opening it"))?;
    let metadata = file.metadata().map_err(failed("reading its size"))?;
    if !metadata.is_file() {
        return Err(StoreError::NoFile(uri.clone()));
    }
    let modified = metadata.modified().map_or(SystemTime::UNIX_EPOCH, cap_std::time::SystemTime::into_std);
    Ok(ObjectReader { from: From::File(file), facts: ObjectFacts { size: metadata.len(), modified } })
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.from {
            From::File(file) => file.read(buffer),
            From::Remote(remote) => remote.read(buffer),
        }
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match &mut self.from {
            From::File(file) => file.seek(position),
            From::Remote(remote) => remote.seek(position),
        }
    }
}

impl ByteSource for ObjectReader {
    fn size(&self) -> u64 {
        self.facts.size
    }
}
