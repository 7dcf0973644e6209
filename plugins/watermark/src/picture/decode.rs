//! From the bytes of a file to pictures.

mod canvas;
mod gif;
mod jpeg;
mod movie;
mod orientation;
mod png;
mod webp;

use std::sync::Arc;

use thiserror::Error;
use wasmux_sdk::clips::ClipError;
use wasmux_sdk::kernels::Bitmap;

/// The largest side of a picture, in pixels.
const MAX_SIDE: u32 = 4096;
/// What the decoders of PNG and WebP may allocate besides the picture, in bytes.
const MAX_SCRATCH: usize = 64 << 20;
/// The shortest time that a picture of an animation may ask for, in nanoseconds, and what it gets if it asks for less: as
/// browsers do, because such files mean "as fast as it was usual".
const SHORTEST: i64 = 20_000_000;
const USUAL: i64 = 100_000_000;

pub(crate) use movie::Movie;

/// Why a file is no usable picture.
#[derive(Debug, Error)]
pub(crate) enum PictureError {
    /// None of the formats.
    #[error("is {0}; allowed are PNG, JPEG, GIF, WebP and MOV")]
    Format(&'static str),
    /// A movie that the host cannot decode.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// Too many pixels, or none.
    #[error("has {width}x{height} pixels; allowed are 1x1 to {MAX_SIDE}x{MAX_SIDE}")]
    Size { width: u64, height: u64 },
    /// Broken.
    #[error("cannot be decoded: {0}")]
    Damaged(String),
}

impl PictureError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Format(_) => "UnsupportedPicture",
            Self::Clip(error) => error.code(),
            Self::Size { .. } => "PictureTooLarge",
            Self::Damaged(_) => "PictureDamaged",
        }
    }
}

/// The pictures of a file in their order: one, or those of an animation. All have the same size.
pub(crate) trait Pictures: Send {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// The next picture, and for how long it is shown, in nanoseconds, above 0. `None` after the last one.
    fn next(&mut self) -> Result<Option<(&Bitmap, i64)>, PictureError>;
}

/// Whether a file that begins so is for the host to decode: MOV, or an MP4 of the same build.
pub(crate) fn is_movie(head: &[u8]) -> bool {
    matches!(head.get(4..8), Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot"))
}

/// Opens the file of a picture by its content; its name does not count.
pub(crate) fn open(bytes: &Arc<[u8]>) -> Result<Box<dyn Pictures>, PictureError> {
    match **bytes {
        [0x89, b'P', b'N', b'G', ..] => Ok(Box::new(png::Png::new(bytes, MAX_SIDE)?)),
        [0xff, 0xd8, 0xff, ..] => Ok(Box::new(Still::new(jpeg::decode(bytes)?))),
        [b'G', b'I', b'F', b'8', ..] => Ok(Box::new(gif::Gif::new(bytes)?)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp::open(bytes),
        [] => Err(PictureError::Format("empty")),
        _ => Err(PictureError::Format("of an unknown format")),
    }
}

/// The first picture of a PNG file with sides of at most so many pixels, which are checked before anything is decoded.
pub(crate) fn decode_png(bytes: &Arc<[u8]>, max_side: u32) -> Result<Bitmap, PictureError> {
    let mut file = png::Png::new(bytes, max_side)?;
    match file.next()? {
        Some((bitmap, _)) => Ok(bitmap.clone()),
        None => Err(damaged("it has no picture")),
    }
}

/// The only picture of a file.
struct Still {
    bitmap: Bitmap,
    taken: bool,
}

impl Still {
    fn new(bitmap: Bitmap) -> Self {
        Self { bitmap, taken: false }
    }
}

impl Pictures for Still {
    fn size(&self) -> (u32, u32) {
        (self.bitmap.width(), self.bitmap.height())
    }

    fn next(&mut self) -> Result<Option<(&Bitmap, i64)>, PictureError> {
        let first = !std::mem::replace(&mut self.taken, true);
        Ok(first.then_some((&self.bitmap, USUAL)))
    }
}

/// Nanoseconds of a picture that asks for `units` of `unit` nanoseconds.
fn duration(units: u32, unit: i64) -> i64 {
    let asked = i64::from(units).saturating_mul(unit);
    if asked < SHORTEST { USUAL } else { asked }
}

/// Both sides as `u32`, within the limit.
fn checked(width: u64, height: u64) -> Result<(u32, u32), PictureError> {
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(w @ 1..=MAX_SIDE), Ok(h @ 1..=MAX_SIDE)) => Ok((w, h)),
        _ => Err(PictureError::Size { width, height }),
    }
}

fn damaged(error: impl std::fmt::Display) -> PictureError {
    PictureError::Damaged(error.to_string())
}

/// Pixels of packed RGB.
fn opaque(samples: &[u8]) -> Vec<[u8; 4]> {
    samples.as_chunks().0.iter().map(|&[red, green, blue]| [red, green, blue, 255]).collect()
}

fn bitmap(width: u32, height: u32, pixels: Vec<[u8; 4]>) -> Result<Bitmap, PictureError> {
    let got = pixels.len();
    Bitmap::new(width, height, pixels)
        .ok_or_else(|| PictureError::Damaged(format!("it has {got} pixels instead of {width}x{height}")))
}

#[cfg(test)]
mod tests;
