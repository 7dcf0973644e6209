//! Watermarks of type `file`.
//!
//! Owns the decoding of pictures inside the sandbox, the rule for their size, and the time line of animations. Promises typed
//! errors for everything that a hostile file can be, and limits on bytes and pixels before they are allocated. Movies (`MOV`)
//! are the exception: the host decodes them.

mod animation;
mod decode;

use std::sync::Arc;

use wasmux_sdk::assets::{self, AssetError};
use wasmux_sdk::kernels::Resizer;
use wasmux_sdk::{Error, Rect, Setup};

pub(crate) use animation::Animation;
pub(crate) use decode::decode_png;

use crate::parameters::{Watermark, invalid};
use crate::place::{asked_size, place};
use animation::Fit;

/// The largest file, in bytes.
const MAX_BYTES: u64 = 32 << 20;
/// How much of a file tells a movie from a picture, in bytes.
const HEAD: u32 = 16;

/// Reads and places the picture or the animation, and the area that it lies in. `None`, with a warning, when nothing of it is
/// in the frame. Converted pictures of an animation are kept up to `budget` bytes.
pub(crate) fn load(
    watermark: &Watermark,
    setup: &Setup,
    path: &str,
    budget: usize,
) -> Result<Option<(Animation, Rect)>, Error> {
    if watermark.uri.is_empty() {
        return Err(invalid(
            path,
            "URI",
            "URI is missing: a watermark of type file needs the oss:// URI of a PNG, JPEG, GIF, WebP or MOV file",
        ));
    }
    let field = format!("{path}.URI");
    let asked = asked_size(watermark, setup, path)?;
    let unread = |error: AssetError| Error::from(error).field(&field);
    let bytes = if decode::is_movie(&assets::read(&watermark.uri, 0, HEAD).map_err(unread)?) {
        None
    } else {
        Some(Arc::from(assets::read_all(&watermark.uri, MAX_BYTES).map_err(unread)?))
    };
    let file = animation::File { bytes, uri: watermark.uri.clone(), field };
    let pictures = file.open()?;
    let scaled = size(asked, pictures.size(), sample_aspect(setup));
    let Some(place) = place(watermark, scaled, setup, path)? else { return Ok(None) };
    // Both differences are within the picture, because what is visible is a part of it.
    let inside = |visible: u32, edge: i64| u32::try_from(i64::from(visible) - edge).unwrap_or(0);
    let visible = place.visible;
    let window =
        Rect::new(inside(visible.x, place.placed.x), inside(visible.y, place.placed.y), visible.width, visible.height);
    let resizer = Resizer::new(pictures.size(), scaled, window);
    let fit = Fit { resizer, x: visible.x, y: visible.y, setup: setup.clone() };
    Ok(Some((Animation::new(file, pictures, fit, budget)?, visible)))
}

/// Width over height of a sample; 1 where that is unknown.
fn sample_aspect(setup: &Setup) -> f64 {
    let aspect = setup.sample_aspect();
    if aspect.numerator == 0 || aspect.denominator == 0 { 1.0 } else { aspect.as_f64() }
}

/// Both sides as asked; one side keeps the picture's aspect ratio as it is displayed; neither is the picture's own size
/// (imm-api.md, decision 3).
fn size(asked: (Option<u32>, Option<u32>), own: (u32, u32), sample_aspect: f64) -> (u32, u32) {
    let shape = f64::from(own.0) / f64::from(own.1.max(1)) / sample_aspect;
    match asked {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, derived(f64::from(width) / shape)),
        (None, Some(height)) => (derived(f64::from(height) * shape), height),
        (None, None) => own,
    }
}

/// A derived side has at least one pixel, unless the other has none. The limit is far outside of every frame.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn derived(side: f64) -> u32 {
    if side > 0.0 { side.round().clamp(1.0, f64::from(1 << 24)) as u32 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_keeps_the_aspect_ratio() {
        assert_eq!(size((None, None), (300, 100), 1.0), (300, 100));
        assert_eq!(size((Some(600), None), (300, 100), 1.0), (600, 200));
        assert_eq!(size((None, Some(50)), (300, 100), 1.0), (150, 50));
        assert_eq!(size((Some(10), Some(20)), (300, 100), 1.0), (10, 20));
        assert_eq!(size((Some(1), None), (300, 100), 1.0), (1, 1));
        assert_eq!(size((Some(0), None), (300, 100), 1.0), (0, 0));
        assert_eq!(size((Some(4096), None), (1, 4096), 1.0), (4096, 1 << 24));
    }

    #[test]
    fn the_shape_of_samples_counts() {
        // Samples twice as wide as high: a square picture needs half as many columns.
        assert_eq!(size((Some(100), None), (64, 64), 2.0), (100, 200));
        assert_eq!(size((None, Some(100)), (64, 64), 2.0), (50, 100));
    }
}
