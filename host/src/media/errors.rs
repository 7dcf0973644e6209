//! What goes wrong with media, and what the caller can do about it.

use std::path::Path;

use crate::task::{ErrorCode, Failure, Stage};

/// Result of this room.
pub type Result<T, E = MediaError> = std::result::Result<T, E>;

/// Why media could not be read or written. Single damaged packets are no error: they are counted and skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The file is no media of a supported container. Stop: nothing else can be read from it.
    #[error("the source is no supported media file: {0}")]
    NotMedia(String),
    /// A stream is absent, or its codec or sample format has no decoder here. Drop the stream, or stop where it is needed.
    #[error("unsupported stream: {0}")]
    Unsupported(String),
    /// So much is damaged that going on would make a wrong output. Stop.
    #[error("the source is damaged: {0}")]
    Damaged(String),
    /// The encoder refused its parameters or failed. Stop; a new encoder with other parameters may work.
    #[error("the encoder failed: {0}")]
    Encoder(String),
    /// The bytes of a source could not be read. Stop; the same read may succeed later.
    #[error("reading the source failed: {0}")]
    Read(String),
    /// An output could not be written. Stop; the staged file is worthless.
    #[error("writing the output failed: {0}")]
    Write(String),
    /// A file, read back, is not what was written. Stop; the staged file is worthless.
    #[error("the output is not what was written to it: {0}")]
    Verify(String),
    /// An [`Interrupt`](super::Interrupt) was triggered. Stop.
    #[error("interrupted")]
    Interrupted,
    /// The objects of this room were used wrongly, or FFmpeg failed where it cannot, such as out of memory. Stop.
    #[error("internal media failure: {0}")]
    Bug(String),
}

impl MediaError {
    /// The stable code that a task fails with.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotMedia(_) => ErrorCode::SourceUnreadable,
            Self::Unsupported(_) => ErrorCode::StreamUnsupported,
            Self::Damaged(_) => ErrorCode::SourceDamaged,
            Self::Encoder(_) => ErrorCode::EncodeFailed,
            Self::Write(_) => ErrorCode::OutputFailed,
            Self::Verify(_) => ErrorCode::VerifyFailed,
            Self::Interrupted => ErrorCode::Canceled,
            Self::Read(_) | Self::Bug(_) => ErrorCode::Internal,
        }
    }

    /// The failure of a task, at this stage.
    pub fn at(&self, stage: Stage) -> Failure {
        Failure::new(self.code(), stage, self.to_string())
    }

    /// An allocation that FFmpeg could not make.
    pub(super) fn memory(what: &str) -> Self {
        Self::Bug(format!("out of memory for {what}"))
    }

    /// A failure to write this file.
    pub(super) fn write(path: &Path, what: &str, error: ffmpeg_next::Error) -> Self {
        match error {
            ffmpeg_next::Error::Exit => Self::Interrupted,
            error => Self::Write(format!("{}: {what}: {error}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_code() {
        let text = || "x".to_owned();
        for (error, code) in [
            (MediaError::NotMedia(text()), ErrorCode::SourceUnreadable),
            (MediaError::Unsupported(text()), ErrorCode::StreamUnsupported),
            (MediaError::Damaged(text()), ErrorCode::SourceDamaged),
            (MediaError::Encoder(text()), ErrorCode::EncodeFailed),
            (MediaError::Read(text()), ErrorCode::Internal),
            (MediaError::Write(text()), ErrorCode::OutputFailed),
            (MediaError::Verify(text()), ErrorCode::VerifyFailed),
            (MediaError::Interrupted, ErrorCode::Canceled),
            (MediaError::Bug(text()), ErrorCode::Internal),
        ] {
            assert_eq!(error.code(), code);
            assert_eq!(error.at(Stage::Demux).stage, Stage::Demux);
        }
    }
}
