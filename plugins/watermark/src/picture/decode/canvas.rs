//! Where the parts that an animation's pictures consist of are laid over each other.

use wasmux_sdk::kernels::Bitmap;

/// What becomes of a part before the next one is laid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It stays.
    Keep,
    /// Its rectangle becomes transparent.
    Clear,
    /// What was below it comes back.
    Restore,
}

/// A rectangle of a picture; it may leave the canvas.
pub(super) struct Part<'a> {
    pub(super) left: usize,
    pub(super) top: usize,
    /// Pixels in a row, above 0.
    pub(super) width: usize,
    pub(super) pixels: &'a [[u8; 4]],
    /// Whether the part is composited with what lies below, or takes its place.
    pub(super) over: bool,
    pub(super) after: After,
}

/// The picture that is shown, and how to make it ready for the next part.
pub(super) struct Canvas {
    bitmap: Bitmap,
    undo: Option<Undo>,
}

/// A rectangle of the canvas, and its pixels; none: transparent.
struct Undo {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    pixels: Option<Vec<[u8; 4]>>,
}

impl Canvas {
    /// A transparent canvas.
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { bitmap: Bitmap::filled(width, height, [0; 4]), undo: None }
    }

    pub(super) fn bitmap(&self) -> &Bitmap {
        &self.bitmap
    }

    /// Does what the part before asked for, and lays this one.
    pub(super) fn lay(&mut self, part: &Part<'_>) {
        let side = self.bitmap.width() as usize;
        if let Some(undo) = self.undo.take() {
            let rows = self.bitmap.pixels_mut().chunks_mut(side).skip(undo.top).take(undo.height);
            for (index, row) in rows.enumerate() {
                let row = &mut row[undo.left..undo.left + undo.width];
                match &undo.pixels {
                    Some(pixels) => row.copy_from_slice(&pixels[index * undo.width..(index + 1) * undo.width]),
                    None => row.fill([0; 4]),
                }
            }
        }
        let (left, top) = (part.left.min(side), part.top.min(self.bitmap.height() as usize));
        let width = part.width.min(side - left);
        let height = part.pixels.len().div_ceil(part.width.max(1)).min(self.bitmap.height() as usize - top);
        let rows = |bitmap: &Bitmap| -> Vec<[u8; 4]> {
            let rows = bitmap.pixels().chunks(side).skip(top).take(height);
            rows.flat_map(|row| &row[left..left + width]).copied().collect()
        };
        self.undo = match part.after {
            After::Keep => None,
            After::Clear => Some(Undo { left, top, width, height, pixels: None }),
            After::Restore => Some(Undo { left, top, width, height, pixels: Some(rows(&self.bitmap)) }),
        };
        let below = self.bitmap.pixels_mut().chunks_mut(side).skip(top);
        for (below, above) in below.zip(part.pixels.chunks(part.width.max(1))) {
            for (below, above) in below.iter_mut().skip(left).zip(above) {
                *below = if part.over { over(*above, *below) } else { *above };
            }
        }
    }
}

/// Straight alpha.
fn over(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    match (above[3], below[3]) {
        (255, _) | (_, 0) => above,
        (0, _) => below,
        (above_alpha, below_alpha) => {
            let above_weight = u32::from(above_alpha) * 255;
            let below_weight = u32::from(below_alpha) * (255 - u32::from(above_alpha));
            let total = above_weight + below_weight;
            let mix = |above: u8, below: u8| {
                let sum = u32::from(above) * above_weight + u32::from(below) * below_weight;
                u8::try_from((sum + total / 2) / total).unwrap_or(u8::MAX)
            };
            let alpha = u8::try_from((total + 127) / 255).unwrap_or(u8::MAX);
            [mix(above[0], below[0]), mix(above[1], below[1]), mix(above[2], below[2]), alpha]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];

    fn part(left: usize, pixels: &[[u8; 4]], after: After) -> Part<'_> {
        Part { left, top: 0, width: pixels.len(), pixels, over: true, after }
    }

    #[test]
    fn parts_stay_go_or_give_back_what_was_below() {
        for (after, want) in [(After::Keep, BLUE), (After::Clear, [0; 4]), (After::Restore, RED)] {
            let mut canvas = Canvas::new(3, 1);
            canvas.lay(&part(0, &[RED; 3], After::Keep));
            canvas.lay(&part(1, &[BLUE], after));
            assert_eq!(canvas.bitmap().row(0), [RED, BLUE, RED]);
            canvas.lay(&part(2, &[BLUE], After::Keep));
            assert_eq!(canvas.bitmap().row(0), [RED, want, BLUE], "{after:?}");
        }
    }

    #[test]
    fn parts_that_leave_the_canvas_are_cut() {
        for (left, top) in [(2, 0), (5, 0), (0, 1), (usize::MAX, usize::MAX)] {
            for after in [After::Keep, After::Clear, After::Restore] {
                let mut canvas = Canvas::new(3, 1);
                let pixels = [BLUE; 8];
                canvas.lay(&Part { left, top, width: 4, pixels: &pixels, over: false, after });
                let blue = usize::from(left == 2);
                assert_eq!(canvas.bitmap().pixels().iter().filter(|pixel| **pixel == BLUE).count(), blue);
                canvas.lay(&part(0, &[RED], after));
            }
        }
    }

    #[test]
    fn translucent_pixels_are_composited_or_take_the_place() {
        let mut canvas = Canvas::new(1, 1);
        canvas.lay(&part(0, &[[0, 0, 200, 128]], After::Keep));
        assert_eq!(canvas.bitmap().row(0), [[0, 0, 200, 128]]);
        canvas.lay(&part(0, &[[200, 0, 0, 128]], After::Keep));
        // 128 of 255 above, 128 of the remaining 127 below: alpha 191.7, red 133.5 of it.
        assert_eq!(canvas.bitmap().row(0), [[134, 0, 66, 192]]);
        canvas.lay(&Part { over: false, ..part(0, &[[9, 9, 9, 1]], After::Keep) });
        assert_eq!(canvas.bitmap().row(0), [[9, 9, 9, 1]]);
    }
}
