//! What the kinds of watermarks come to: a picture and where it lies.

use wasmux_sdk::Rect;
use wasmux_sdk::kernels::Bitmap;

/// The visible part of a watermark.
#[derive(Debug)]
pub(crate) struct Drawing {
    /// Its pixels.
    pub(crate) bitmap: Bitmap,
    /// Where the bitmap's left edge lies in the frame.
    pub(crate) x: i64,
    /// Where the bitmap's top edge lies in the frame.
    pub(crate) y: i64,
    /// What the filter declares to touch; it holds all of the bitmap.
    pub(crate) area: Rect,
}
