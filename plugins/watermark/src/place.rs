//! Where a watermark's box lies, and what the user should know of it.

use wasmux_sdk::kernels::{LengthError, Placed, extent, offset};
use wasmux_sdk::{Error, Rect, Setup, report};

use crate::parameters::{Watermark, invalid};

/// A box at its place in the frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// May leave the frame.
    pub(crate) placed: Placed,
    /// The part in the frame; never empty.
    pub(crate) visible: Rect,
}

/// Puts a box of this size into the watermark's corner. `None`, with a warning, when nothing of it is in the frame.
pub(crate) fn place(
    watermark: &Watermark,
    size: (u32, u32),
    setup: &Setup,
    path: &str,
) -> Result<Option<Place>, Error> {
    let frame = (setup.width(), setup.height());
    let dx = offset(watermark.dx, frame.0).map_err(|error| fault(path, "Dx", error))?;
    let dy = offset(watermark.dy, frame.1).map_err(|error| fault(path, "Dy", error))?;
    if size.0 == 0 || size.1 == 0 {
        report::warning("Empty", path, "its width or height is 0, so nothing is drawn");
        return Ok(None);
    }
    let placed = Placed::in_corner(watermark.refer_pos, (dx, dy), size, frame);
    let visible = placed.clip(frame.0, frame.1);
    let at = format!("the watermark of {}x{} pixels at {},{}", size.0, size.1, placed.x, placed.y);
    if visible.is_empty() {
        let message = format!("{at} is outside of the {}x{} frame, so nothing is drawn", frame.0, frame.1);
        report::warning("OutsideFrame", path, &message);
        return Ok(None);
    }
    if !placed.is_inside(frame.0, frame.1) {
        let message = format!("{at} leaves the {}x{} frame and is clipped to {visible}", frame.0, frame.1);
        report::warning("Clipped", path, &message);
    }
    Ok(Some(Place { placed, visible }))
}

/// Width and height that the watermark asks for, in samples, where it does.
pub(crate) fn asked_size(
    watermark: &Watermark,
    setup: &Setup,
    path: &str,
) -> Result<(Option<u32>, Option<u32>), Error> {
    let side = |value: Option<f64>, side: u32, field: &str| {
        value.map(|value| extent(value, side).map_err(|error| fault(path, field, error))).transpose()
    };
    Ok((side(watermark.width, setup.width(), "Width")?, side(watermark.height, setup.height(), "Height")?))
}

fn fault(path: &str, field: &str, error: LengthError) -> Error {
    invalid(path, field, format!("{field} {error}"))
}
