//! What was written, to be compared with what is read back.

use std::path::PathBuf;

use crate::media::attached::AttachedPicture;
use crate::media::joined::JoinedSource;
use crate::media::source::{ByteSource, FileSource};
use crate::media::stream::StreamKind;
use crate::task::Container;

/// What was written of one stream. Times are nanoseconds from the start of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuxedStream {
    /// What it holds.
    pub kind: StreamKind,
    /// FFmpeg's name of the codec.
    pub codec: String,
    /// Width and height in samples, of a video stream.
    pub size: Option<(u32, u32)>,
    /// Packets written.
    pub packets: u64,
    /// Packets of those where decoding can start.
    pub keys: u64,
    /// Bytes of payload in those.
    pub bytes: u64,
    /// Sum over the payload, the same in every container; `None` where its form is not known.
    pub digest: Option<u32>,
    /// Earliest time shown.
    pub start_ns: i64,
    /// Latest end shown.
    pub end_ns: i64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuxReport {
    /// The file.
    pub path: PathBuf,
    /// The files that hold the streams, one behind the other, where `path` only names them.
    pub pieces: Vec<PathBuf>,
    /// What it was written as.
    pub container: Container,
    /// Bytes.
    pub size: u64,
    /// The streams in their order.
    pub streams: Vec<MuxedStream>,
    /// Chapters written.
    pub chapters: usize,
    /// Attached pictures, in their order.
    pub pictures: Vec<AttachedPicture>,
}

impl MuxReport {
    /// The bytes in which the streams are.
    pub fn open(&self) -> std::io::Result<Box<dyn ByteSource>> {
        Ok(match self.pieces.as_slice() {
            [] => Box::new(FileSource::open(&self.path)?),
            pieces => Box::new(JoinedSource::open(pieces)?),
        })
    }
}
