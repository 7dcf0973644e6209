//! Where a rectangle goes: corners, and the lengths of the API.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Rect;

/// The largest number of pixels that `Dx`, `Dy`, `Width` and `Height` take.
const MAX_PIXELS: f64 = 4096.0;

/// The corner that offsets are counted from, always inwards (`ReferPos` of the API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Corner {
    /// Top left; an empty text is the same as none (imm-api.md, decision 11).
    #[default]
    #[serde(alias = "")]
    TopLeft,
    /// Top right.
    TopRight,
    /// Bottom right.
    BottomRight,
    /// Bottom left.
    BottomLeft,
}

/// A rectangle that may leave the frame, even wholly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Left edge in luma samples; negative left of the frame.
    pub x: i64,
    /// Top edge in luma samples; negative above the frame.
    pub y: i64,
    /// Width in luma samples.
    pub width: u32,
    /// Height in luma samples.
    pub height: u32,
}

impl Placed {
    /// Puts a rectangle of `size` into a corner of a frame of `frame` (each width, height), `offset` (x, y) inwards.
    pub fn in_corner(corner: Corner, offset: (u32, u32), size: (u32, u32), frame: (u32, u32)) -> Self {
        let far = |frame: u32, size: u32, offset: u32| i64::from(frame) - i64::from(size) - i64::from(offset);
        let x = match corner {
            Corner::TopLeft | Corner::BottomLeft => i64::from(offset.0),
            Corner::TopRight | Corner::BottomRight => far(frame.0, size.0, offset.0),
        };
        let y = match corner {
            Corner::TopLeft | Corner::TopRight => i64::from(offset.1),
            Corner::BottomLeft | Corner::BottomRight => far(frame.1, size.1, offset.1),
        };
        Self { x, y, width: size.0, height: size.1 }
    }

    /// The part of it in a frame of this size; empty when it is wholly outside.
    pub fn clip(self, width: u32, height: u32) -> Rect {
        let (x, clipped_width) = clip_run(self.x, self.width, width);
        let (y, clipped_height) = clip_run(self.y, self.height, height);
        if clipped_width == 0 || clipped_height == 0 {
            return Rect::default();
        }
        Rect { x, y, width: clipped_width, height: clipped_height }
    }

    /// Whether all of it lies in a frame of this size.
    pub fn is_inside(self, width: u32, height: u32) -> bool {
        let clipped = self.clip(width, height);
        clipped.width == self.width && clipped.height == self.height
    }
}

fn clip_run(start: i64, length: u32, limit: u32) -> (u32, u32) {
    let from = start.clamp(0, i64::from(limit));
    let to = start.saturating_add(i64::from(length)).clamp(from, i64::from(limit));
    (u32::try_from(from).unwrap_or(limit), u32::try_from(to - from).unwrap_or(0))
}

/// Why a number is no length.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum LengthError {
    /// Below 0, or no number.
    #[error("{0} is negative; allowed are 0, a ratio between 0 and 1, and whole pixels from 1 to 4096")]
    Negative(f64),
    /// Pixels with a fraction.
    #[error(
        "{0} is above 1 and not a whole number of pixels; allowed are a ratio between 0 and 1, and whole pixels from 1 to 4096"
    )]
    Fractional(f64),
    /// More than 4096 pixels.
    #[error("{0} is too large; allowed are a ratio between 0 and 1, and whole pixels from 1 to 4096")]
    TooLarge(f64),
}

/// The pixels of an offset (`Dx`, `Dy`): 0 is 0, a value below 1 is a ratio of `side`, 1 is one pixel, more is pixels.
/// The spelling does not count: 600 and 600.0 are the same (imm-api.md, decisions 1 and 2).
pub fn offset(value: f64, side: u32) -> Result<u32, LengthError> {
    if value == 1.0 { Ok(1) } else { length(value, side) }
}

/// The pixels of a size (`Width`, `Height`): as [`offset()`], but 1 is 100 % of `side`, and a ratio gives at least one pixel.
pub fn extent(value: f64, side: u32) -> Result<u32, LengthError> {
    if value == 1.0 {
        return Ok(side);
    }
    let pixels = length(value, side)?;
    Ok(if value > 0.0 { pixels.max(1) } else { pixels })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: from 0 to the side or to 4096")]
fn length(value: f64, side: u32) -> Result<u32, LengthError> {
    if value.is_nan() || value < 0.0 {
        Err(LengthError::Negative(value))
    } else if value < 1.0 {
        Ok((value * f64::from(side)).round() as u32)
    } else if value > MAX_PIXELS {
        Err(LengthError::TooLarge(value))
    } else if value.fract() == 0.0 {
        Ok(value as u32)
    } else {
        Err(LengthError::Fractional(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_judged_by_value() {
        assert_eq!(offset(0.0, 1920), Ok(0));
        assert_eq!(offset(0.5, 1920), Ok(960));
        assert_eq!(offset(1.0, 1920), Ok(1));
        assert_eq!(offset(600.0, 1920), Ok(600));
        assert_eq!(extent(1.0, 1920), Ok(1920));
        assert_eq!(extent(0.0, 1920), Ok(0));
        assert_eq!(extent(0.000_1, 1920), Ok(1));
        assert_eq!(extent(4096.0, 1920), Ok(4096));
        assert_eq!(extent(1.5, 1920), Err(LengthError::Fractional(1.5)));
        assert_eq!(extent(-0.1, 1920), Err(LengthError::Negative(-0.1)));
        assert_eq!(extent(4097.0, 1920), Err(LengthError::TooLarge(4097.0)));
        assert!(extent(f64::NAN, 1920).is_err());
        assert!(extent(f64::INFINITY, 1920).is_err());
    }

    #[test]
    fn offsets_run_inwards() {
        let place = |corner| Placed::in_corner(corner, (10, 20), (100, 50), (1920, 1080));
        assert_eq!(place(Corner::TopLeft).clip(1920, 1080), Rect::new(10, 20, 100, 50));
        assert_eq!(place(Corner::TopRight).clip(1920, 1080), Rect::new(1810, 20, 100, 50));
        assert_eq!(place(Corner::BottomRight).clip(1920, 1080), Rect::new(1810, 1010, 100, 50));
        assert_eq!(place(Corner::BottomLeft).clip(1920, 1080), Rect::new(10, 1010, 100, 50));
    }

    fn any_corner() -> impl Strategy<Value = Corner> {
        prop::sample::select(vec![Corner::TopLeft, Corner::TopRight, Corner::BottomRight, Corner::BottomLeft])
    }

    proptest! {
        #[test]
        fn a_clipped_rectangle_never_leaves_the_frame(
            corner in any_corner(), dx: u32, dy: u32, width: u32, height: u32, frame_width in 1u32..9000, frame_height in 1u32..9000,
        ) {
            let placed = Placed::in_corner(corner, (dx, dy), (width, height), (frame_width, frame_height));
            let clipped = placed.clip(frame_width, frame_height);
            prop_assert!(clipped.fits(frame_width, frame_height));
            prop_assert!(clipped.width <= width && clipped.height <= height);
        }

        #[test]
        fn what_fits_is_not_clipped(corner in any_corner(), dx in 0u32..500, dy in 0u32..500, width in 1u32..500, height in 1u32..500) {
            let placed = Placed::in_corner(corner, (dx, dy), (width, height), (1000, 1000));
            prop_assert!(placed.is_inside(1000, 1000));
            let clipped = placed.clip(1000, 1000);
            prop_assert_eq!((i64::from(clipped.x), i64::from(clipped.y)), (placed.x, placed.y));
        }

        #[test]
        fn lengths_never_panic(value: f64, side: u32) {
            if let Ok(pixels) = extent(value, side) {
                prop_assert!(pixels <= side.max(4096));
            }
            if let Ok(pixels) = offset(value, side) {
                prop_assert!(pixels <= side.max(4096));
            }
        }
    }
}
