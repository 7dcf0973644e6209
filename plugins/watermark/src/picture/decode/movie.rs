//! MOV, with alpha or without: decoded by the host.

use wasmux_sdk::Rect;
use wasmux_sdk::clips::Clip;
use wasmux_sdk::kernels::Bitmap;

use super::{PictureError, Pictures};

pub(crate) struct Movie {
    clip: Clip,
    shown: Bitmap,
}

impl Movie {
    pub(crate) fn open(uri: &str) -> Result<Self, PictureError> {
        let clip = Clip::open(uri)?;
        let shown = Bitmap::filled(clip.width(), clip.height(), [0; 4]);
        Ok(Self { clip, shown })
    }
}

impl Pictures for Movie {
    fn size(&self) -> (u32, u32) {
        (self.shown.width(), self.shown.height())
    }

    fn next(&mut self) -> Result<Option<(&Bitmap, i64)>, PictureError> {
        if !self.clip.advance()? {
            return Ok(None);
        }
        let whole = Rect::new(0, 0, self.shown.width(), self.shown.height());
        self.shown.pixels_mut().copy_from_slice(&self.clip.read(whole));
        Ok(Some((&self.shown, self.clip.duration())))
    }
}
