//! What can go wrong with an object.

use std::io;

use crate::task::{ErrorCode, ObjectUri};

/// Why an object cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bucket is not configured.
    #[error("there is no bucket `{bucket}`; {known}")]
    NoBucket {
        /// Its name.
        bucket: String,
        /// The buckets that exist, as a sentence part.
        known: String,
    },
    /// The bucket exists, but this may not be done with this key.
    #[error("{uri} may not be {what}: {why}")]
    Forbidden {
        /// The object.
        uri: ObjectUri,
        /// `read` or `written`.
        what: &'static str,
        /// Which rule says so.
        why: String,
    },
    /// There is no such object.
    #[error("{0} does not exist")]
    NotFound(ObjectUri),
    /// There is a folder or a device of that name.
    #[error("{0} is no regular file")]
    NoFile(ObjectUri),
    /// A playlist from which no source can be made.
    #[error("{uri} cannot be read as a playlist: {why}")]
    Playlist {
        /// The playlist.
        uri: ObjectUri,
        /// What is wrong with it.
        why: String,
    },
    /// An object that a playlist names cannot be read.
    #[error("{playlist} names an object that cannot be read: {cause}")]
    Segment {
        /// The playlist.
        playlist: ObjectUri,
        /// What is wrong with the object.
        cause: Box<StoreError>,
    },
    /// The file system or the object store refused.
    #[error("{uri}: {what}: {source}")]
    Io {
        /// The object.
        uri: ObjectUri,
        /// What was being done.
        what: &'static str,
        /// The system's own error.
        source: io::Error,
    },
    /// A configured name that no URI could have.
    #[error(
        "`{0}` is no bucket name: 1 to 63 characters of a-z, 0-9, '-', '_' and '.', beginning with a letter or a digit"
    )]
    Name(String),
    /// A bucket of an object store cannot be used.
    #[error("bucket `{bucket}`: {why}")]
    Store {
        /// Its name.
        bucket: String,
        /// What is wrong with its configuration.
        why: String,
    },
    /// A bucket's folder cannot be used.
    #[error("bucket `{bucket}`: folder {folder}: {source}")]
    Folder {
        /// Its name.
        bucket: String,
        /// Its folder.
        folder: String,
        /// The system's own error.
        source: io::Error,
    },
}

impl StoreError {
    /// The code when a source cannot be read.
    pub fn source_code(&self) -> ErrorCode {
        match self {
            Self::NoFile(_)
            | Self::Io { .. }
            | Self::Store { .. }
            | Self::Folder { .. }
            | Self::Name(_)
            | Self::Playlist { .. } => ErrorCode::SourceUnreadable,
            Self::Segment { cause, .. } => cause.source_code(),
            Self::NoBucket { .. } | Self::Forbidden { .. } | Self::NotFound(_) => ErrorCode::SourceNotFound,
        }
    }

    /// The code when an output cannot be written.
    pub fn output_code(&self) -> ErrorCode {
        match self {
            Self::NoBucket { .. } | Self::Forbidden { .. } => ErrorCode::OutputRefused,
            Self::NotFound(_)
            | Self::NoFile(_)
            | Self::Io { .. }
            | Self::Store { .. }
            | Self::Folder { .. }
            | Self::Name(_)
            | Self::Playlist { .. }
            | Self::Segment { .. } => ErrorCode::OutputFailed,
        }
    }
}
