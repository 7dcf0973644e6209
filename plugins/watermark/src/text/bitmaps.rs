//! Glyphs that are pictures, scaled to the size of the letters.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use cosmic_text::fontdb::ID;
use wasmux_sdk::Rect;
use wasmux_sdk::kernels::{Bitmap, resize};

use super::face::{Edge, GlyphPicture};
use crate::picture::decode_png;

/// The largest side of a picture in a font, in pixels.
const MAX_SIDE: u32 = 512;
/// The largest side of a scaled picture, in ems. The pictures of fonts are hardly larger than one.
const MAX_EMS: f32 = 4.0;
/// How many pixels all scaled pictures of a text may have.
const MAX_PIXELS: u64 = 16 << 20;

/// A picture of a glyph as large as it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Scaled {
    pub(super) bitmap: Rc<Bitmap>,
    /// Pixels from the glyph's origin to the left top corner, y downwards.
    pub(super) left: f32,
    pub(super) top: f32,
}

/// The scaled pictures of a text, each of which is made once.
#[derive(Default)]
pub(super) struct Scaler {
    made: BTreeMap<(ID, u16), Option<Scaled>>,
    pixels: u64,
}

impl Scaler {
    /// The picture of a glyph for letters of `em` pixels. `outline` is the left lower corner of its outline, in ems. `None` where
    /// there is none, where it is no PNG file of at most 512x512 pixels, and where it is out of all proportion.
    pub(super) fn scaled(
        &mut self,
        key: (ID, u16),
        em: f32,
        outline: (f32, f32),
        read: impl FnOnce() -> Option<GlyphPicture>,
    ) -> Option<Scaled> {
        if let Some(known) = self.made.get(&key) {
            return known.clone();
        }
        let scaled = read().and_then(|picture| self.scale(&picture, em, outline));
        self.made.insert(key, scaled.clone());
        scaled
    }

    #[expect(clippy::cast_precision_loss, reason = "sides are small")]
    fn scale(&mut self, picture: &GlyphPicture, em: f32, outline: (f32, f32)) -> Option<Scaled> {
        let (x, y) = (em / picture.per_em.0, em / picture.per_em.1);
        let source = decode_png(&Arc::from(picture.file.as_slice()), MAX_SIDE).ok()?;
        let width = side(source.width() as f32 * x, em)?;
        let height = side(source.height() as f32 * y, em)?;
        self.pixels += u64::from(width) * u64::from(height);
        if self.pixels > MAX_PIXELS {
            return None;
        }
        let (left, top) = match picture.edge {
            Edge::Top(top) => (picture.left * x, -top * y),
            Edge::Bottom(bottom) => (picture.left * x + outline.0 * em, -(bottom * y + outline.1 * em) - height as f32),
        };
        let bitmap = resize(&source, width, height, Rect::new(0, 0, width, height));
        Some(Scaled { bitmap: Rc::new(bitmap), left, top })
    }
}

/// Whole pixels, at least one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a few ems")]
fn side(length: f32, em: f32) -> Option<u32> {
    (length <= MAX_EMS * em).then(|| length.round().max(1.0) as u32)
}
