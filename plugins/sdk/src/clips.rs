//! Movies among the granted assets, decoded by the host one picture after the other.

use std::fmt;

use crate::assets::AssetError;
use crate::{Error, Rect, outside};

/// Why there is no movie.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    /// The object cannot be read.
    #[error(transparent)]
    Asset(#[from] AssetError),
    /// The host cannot decode it.
    #[error("`{uri}` cannot be decoded as a movie: {reason}")]
    Unusable {
        /// The URI.
        uri: String,
        /// Why, in the host's words.
        reason: String,
    },
}

impl ClipError {
    /// That of the [`AssetError`], or `ClipUnusable`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Asset(error) => error.code(),
            Self::Unusable { .. } => "ClipUnusable",
        }
    }
}

impl From<ClipError> for Error {
    fn from(error: ClipError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// An open movie: its first video stream. Each one is a decoder of the host, which allows 16 at the same time unless it is
/// configured otherwise.
pub struct Clip {
    handle: outside::ClipHandle,
    uri: String,
}

impl Clip {
    /// Opens a granted object. There is no picture before the first [`advance`](Self::advance).
    pub fn open(uri: &str) -> Result<Self, ClipError> {
        Ok(Self { handle: outside::clip_open(uri)?, uri: uri.to_owned() })
    }

    /// Width of every picture in pixels, as it is displayed, 1 to 4096.
    pub fn width(&self) -> u32 {
        self.handle.width()
    }

    /// Height of every picture in pixels, 1 to 4096.
    pub fn height(&self) -> u32 {
        self.handle.height()
    }

    /// Decodes the next picture. False behind the last one; open the clip again for another round.
    pub fn advance(&mut self) -> Result<bool, ClipError> {
        outside::clip_advance(&self.handle, &self.uri)
    }

    /// For how long the picture is shown, in nanoseconds, above 0. Traps where there is no picture.
    pub fn duration(&self) -> i64 {
        self.handle.duration()
    }

    /// Pixels of the picture, row by row: red, green, blue and straight alpha, full range. Traps where there is no picture, and for a
    /// rectangle that is not wholly inside of it.
    pub fn read(&self, area: Rect) -> Vec<[u8; 4]> {
        outside::clip_read(&self.handle, area).as_chunks().0.to_vec()
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clip").field("uri", &self.uri).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ClipPicture, Host};

    const URI: &str = "oss://b/logo.mov";

    #[test]
    fn clips_go_from_picture_to_picture() {
        let host = Host::install();
        let picture = |value, duration| ClipPicture { pixels: vec![[value; 4]; 6], duration };
        host.grant_clip(URI, 3, vec![picture(1, 10), picture(2, 20)]);
        let mut clip = Clip::open(URI).unwrap();
        assert_eq!((clip.width(), clip.height()), (3, 2));
        for (value, duration) in [(1, 10), (2, 20)] {
            assert_eq!(clip.advance(), Ok(true));
            assert_eq!((clip.duration(), clip.read(Rect::new(2, 1, 1, 1))), (duration, vec![[value; 4]]));
        }
        assert_eq!((clip.advance(), clip.advance()), (Ok(false), Ok(false)));
    }

    #[test]
    fn what_is_no_clip_is_an_error() {
        let host = Host::install();
        let refusal = || Error::from(Clip::open(URI).unwrap_err());
        assert_eq!(refusal().code(), "AssetNotGranted");
        host.grant_unavailable(URI, "no such object");
        assert!(refusal().to_string().contains("no such object"));
        host.grant(URI, "no movie");
        assert_eq!(refusal().code(), "ClipUnusable");
    }

    #[test]
    #[should_panic(expected = "is not inside of the picture")]
    fn reading_outside_traps() {
        let host = Host::install();
        host.grant_clip(URI, 1, vec![ClipPicture { pixels: vec![[0; 4]], duration: 1 }]);
        let mut clip = Clip::open(URI).unwrap();
        clip.advance().unwrap();
        clip.read(Rect::new(0, 0, 2, 1));
    }
}
