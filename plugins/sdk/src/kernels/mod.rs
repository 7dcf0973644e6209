//! What a filter does with samples: place a rectangle, turn an RGBA picture into planes, blend it, hide a region.
//!
//! Owns geometry, colour conversion and the inner loops. They are pure functions of numbers and slices, so they run and
//! are tested natively. Nothing here leaves the rectangle that it was given, and nothing here allocates per frame.
//! Rows are packed; samples over 8 bits are little-endian `u16`, as frames hand them over.
//!
//! Refuses to know parameters of a particular plugin, fonts or file formats.

mod bitmap;
mod blur;
mod colour;
mod geometry;
mod interpolate;
mod mosaic;
mod overlay;
mod resize;
mod sample;
mod siting;
mod span;
mod weights;

pub use bitmap::Bitmap;
pub use blur::{Blur, BlurBuffer, BlurPlane};
pub use colour::{Encoder, Matrix};
pub use geometry::{Corner, LengthError, Placed, extent, offset};
pub use interpolate::{Interpolate, InterpolatePlane};
pub use mosaic::{Mosaic, MosaicPlane};
pub use overlay::{AlphaBlock, Overlay, OverlayPlane};
pub use resize::{Resizer, resize};
pub use sample::Sample;
pub use span::{Span, SpanError};

use crate::{Rect, Setup};

/// What a region, clipped to the frame, is on each plane but that of alpha: its number, the region, and the region in samples of the
/// plane. Nothing for an empty region.
fn of_planes<P>(area: Rect, setup: &Setup, make: impl Fn(u8, Rect, Rect) -> P) -> Vec<P> {
    let area = area.intersection(setup.area());
    let planes = if area.is_empty() { 0..0 } else { 0..3 };
    planes.map(|plane| make(plane, area, setup.plane_area(plane, area))).collect()
}

#[cfg(test)]
mod hide_tests;
#[cfg(test)]
mod tests;
