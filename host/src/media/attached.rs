//! Pictures that are attached to a file, such as covers.

use std::sync::Arc;

use super::ffi::RawStream;
use super::tags;

/// One picture, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedPicture {
    /// FFmpeg's name of its codec.
    pub codec: String,
    /// Width and height in samples; 0 where unknown.
    pub size: (i32, i32),
    /// The file.
    pub data: Arc<[u8]>,
    /// Its title and the like.
    pub metadata: Vec<(String, String)>,
}

impl AttachedPicture {
    pub(super) fn of(raw: RawStream) -> Self {
        Self {
            codec: raw.codec_name,
            size: (raw.width, raw.height),
            data: raw.picture.into(),
            metadata: tags::of_stream(raw.metadata),
        }
    }

    /// Without words.
    pub(super) fn stripped(&self) -> Self {
        Self { metadata: Vec::new(), ..self.clone() }
    }

    /// Its type on the internet, and the extension of its file.
    pub(super) fn kind(&self) -> Option<(&'static str, &'static str)> {
        match self.codec.as_str() {
            "mjpeg" => Some(("image/jpeg", "jpg")),
            "png" => Some(("image/png", "png")),
            "bmp" => Some(("image/bmp", "bmp")),
            _ => None,
        }
    }
}
