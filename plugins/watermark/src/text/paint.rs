//! From outlines to pixels.

use wasmux_sdk::kernels::{Bitmap, Placed};
use wasmux_sdk::{Rect, Setup};
use zeno::{Command, Join, Mask, Stroke};

use super::layout::Text;
use crate::draw::Drawing;
use crate::place::Place;

/// How letters look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Colour of the letters.
    pub(crate) fill: [u8; 3],
    /// Colour of the border.
    pub(crate) edge: [u8; 3],
    /// Pixels of the border around the letters.
    pub(crate) border: u32,
    /// Of letters and border together: where they overlap, the border does not shine through.
    pub(crate) opacity: f32,
}

/// Draws the part of a text that is in the frame. `None` when that is nothing.
pub(crate) fn paint(text: &Text, style: &Style, place: &Place, setup: &Setup) -> Option<Drawing> {
    let border = i64::from(style.border);
    let (left, top) = (i64::from(text.origin.0), i64::from(text.origin.1));
    let origin = (place.placed.x + border + left, place.placed.y + border + top);
    let area = ink(text, style.border, origin)?.clip(setup.width(), setup.height());
    let window = Window {
        x: i64::from(area.x) - origin.0,
        y: i64::from(area.y) - origin.1,
        width: area.width,
        height: area.height,
    };
    let letters = window.coverage(&text.outlines, None).unwrap_or_else(|| vec![0; window.size()]);
    let mut edges = if style.border == 0 { None } else { window.coverage(&text.outlines, Some(style.border)) };
    if style.border > 0 && !text.coloured.is_empty() {
        let parts: Vec<Command> = text.coloured.iter().flat_map(|(part, _)| part.iter().copied()).collect();
        edges = window.union(edges, window.coverage(&[parts], Some(style.border)));
    }
    let mut pixels: Vec<[u8; 4]> = letters
        .iter()
        .enumerate()
        .map(|(index, letter)| {
            let edge = edges.as_ref().and_then(|edges| edges.get(index)).copied().unwrap_or(0);
            pixel(*letter, edge, style)
        })
        .collect();
    for (part, colour) in &text.coloured {
        let [red, green, blue, alpha] = colour.unwrap_or([style.fill[0], style.fill[1], style.fill[2], 255]);
        let Some(coverage) = window.coverage(std::slice::from_ref(part), None) else { continue };
        for (below, cover) in pixels.iter_mut().zip(coverage) {
            *below =
                over(*below, [red, green, blue], f32::from(alpha) / 255.0 * f32::from(cover) / 255.0, style.opacity);
        }
    }
    for (picture, x, y) in &text.bitmaps {
        window.lay(picture, *x, *y, style.opacity, &mut pixels);
    }
    let bitmap = Bitmap::new(area.width, area.height, pixels)?;
    // Letters may reach out of their box: the region holds both.
    Some(Drawing { bitmap, x: i64::from(area.x), y: i64::from(area.y), area: around(area, place.visible) })
}

/// The rectangle of the frame that letters and border may touch.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; it is clipped to the frame afterwards"
)]
fn ink(text: &Text, border: u32, origin: (i64, i64)) -> Option<Placed> {
    let (min, max) = text.bounds()?;
    // One pixel for what antialiasing spreads.
    let reach = i64::from(border) + 1;
    let side = |min: f32, max: f32| ((max.ceil() - min.floor()).max(0.0) as u32).saturating_add(2 * (border + 1));
    Some(Placed {
        x: origin.0.saturating_add(min.x.floor() as i64).saturating_sub(reach),
        y: origin.1.saturating_add(min.y.floor() as i64).saturating_sub(reach),
        width: side(min.x, max.x),
        height: side(min.y, max.y),
    })
}

fn around(a: Rect, b: Rect) -> Rect {
    if a.is_empty() {
        return b;
    }
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let side =
        |a: u64, b: u64, start: u32| u32::try_from(a.max(b).saturating_sub(u64::from(start))).unwrap_or(u32::MAX);
    Rect::new(x, y, side(a.right(), b.right(), x), side(a.bottom(), b.bottom(), y))
}

/// The part of a text that is drawn, from its box's corner within the border.
#[derive(Debug, Clone, Copy)]
struct Window {
    x: i64,
    y: i64,
    width: u32,
    height: u32,
}

impl Window {
    /// How much of each pixel the outlines cover, filled or, with a border, as strokes that wide on both sides.
    #[expect(clippy::cast_precision_loss, reason = "a frame's coordinates are exact in f32")]
    fn coverage(self, outlines: &[Vec<Command>], border: Option<u32>) -> Option<Vec<u8>> {
        let size = Some(self.size()).filter(|size| *size > 0)?;
        let mut stroke = Stroke::new(2.0 * border.unwrap_or(0) as f32);
        stroke.join(Join::Round);
        let mut total: Option<Vec<u8>> = None;
        for group in outlines {
            let mut mask = vec![0; size];
            let mut drawing = Mask::new(group);
            drawing.size(self.width, self.height).offset((-self.x as f32, -self.y as f32));
            if border.is_some() {
                drawing.style(stroke);
            }
            drawing.render_into(&mut mask, None);
            total = self.union(total, Some(mask));
        }
        total
    }

    /// Lays a picture over what is drawn.
    fn lay(self, picture: &Bitmap, x: i64, y: i64, opacity: f32, pixels: &mut [[u8; 4]]) {
        let rows = pixels.chunks_exact_mut((self.width as usize).max(1));
        for (row, below) in (self.y.saturating_sub(y)..).zip(rows) {
            let Some(row) = u32::try_from(row).ok().filter(|row| *row < picture.height()) else { continue };
            for (column, below) in (self.x.saturating_sub(x)..).zip(below) {
                let pixel = usize::try_from(column).ok().and_then(|column| picture.row(row).get(column));
                let Some(&[red, green, blue, alpha]) = pixel else { continue };
                *below = over(*below, [red, green, blue], f32::from(alpha) / 255.0, opacity);
            }
        }
    }

    fn size(self) -> usize {
        usize::try_from(u64::from(self.width) * u64::from(self.height)).unwrap_or(0)
    }

    fn union(self, a: Option<Vec<u8>>, b: Option<Vec<u8>>) -> Option<Vec<u8>> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.iter().zip(&b).map(|(a, b)| either(*a, *b)).collect()),
            (a, b) => a.or(b),
        }
    }
}

/// What two coverages cover together, when they do not depend on each other.
fn either(a: u8, b: u8) -> u8 {
    let rest = (255 - u32::from(a)) * (255 - u32::from(b));
    255 - u8::try_from((rest + 127) / 255).unwrap_or(255)
}

/// A letter over its border.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=255 by construction")]
fn pixel(letter: u8, edge: u8, style: &Style) -> [u8; 4] {
    let letter = f32::from(letter) / 255.0;
    let edge = f32::from(edge) / 255.0 * (1.0 - letter);
    let alpha = letter + edge;
    if alpha <= 0.0 {
        return [0; 4];
    }
    let mix = |fill: u8, border: u8| ((f32::from(fill) * letter + f32::from(border) * edge) / alpha).round() as u8;
    let [red, green, blue] = [0, 1, 2].map(|channel| mix(style.fill[channel], style.edge[channel]));
    [red, green, blue, (255.0 * alpha * style.opacity).round() as u8]
}

/// A colour over a pixel whose alpha is already scaled by the opacity, as everything that is drawn.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=255 by construction")]
fn over(below: [u8; 4], colour: [u8; 3], cover: f32, opacity: f32) -> [u8; 4] {
    let rest = f32::from(below[3]) / (255.0 * opacity) * (1.0 - cover);
    let alpha = (cover + rest).min(1.0);
    if alpha <= 0.0 {
        return below;
    }
    let mix = |a: u8, b: u8| ((f32::from(a) * cover + f32::from(b) * rest) / (cover + rest)).round() as u8;
    let [red, green, blue] = [0, 1, 2].map(|channel| mix(colour[channel], below[channel]));
    [red, green, blue, (255.0 * alpha * opacity).round() as u8]
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeno::Point;

    fn square(side: f32) -> Text {
        let at = |x: f32, y: f32| Point::new(x * side, y * side);
        let outline = vec![
            Command::MoveTo(at(0.0, 0.0)),
            Command::LineTo(at(1.0, 0.0)),
            Command::LineTo(at(1.0, 1.0)),
            Command::LineTo(at(0.0, 1.0)),
            Command::Close,
        ];
        Text {
            width: side,
            height: side,
            origin: (0, 0),
            outlines: vec![outline],
            coloured: Vec::new(),
            bitmaps: Vec::new(),
            missing: Vec::new(),
        }
    }

    const STYLE: Style = Style { fill: [255, 0, 0], edge: [0, 0, 255], border: 3, opacity: 0.5 };

    fn window(x: i64, y: i64, width: u32, height: u32) -> Window {
        Window { x, y, width, height }
    }

    #[test]
    fn a_border_surrounds_evenly() {
        let text = square(10.0);
        let border = window(-5, -5, 20, 20).coverage(&text.outlines, Some(3)).unwrap();
        let covered = |x: usize, y: usize| border[y * 20 + x];
        // The square lies at 5..15, its border reaches from 2 to 18.
        for middle in 6..14 {
            assert_eq!(
                [covered(1, middle), covered(2, middle), covered(17, middle), covered(18, middle)],
                [0, 255, 255, 0]
            );
            assert_eq!(
                [covered(middle, 1), covered(middle, 2), covered(middle, 17), covered(middle, 18)],
                [0, 255, 255, 0]
            );
        }
        // Round corners: only the inner corner of that pixel is within the radius.
        assert!((1..30).contains(&covered(2, 2)));
    }

    #[test]
    fn a_window_is_a_part_of_the_whole() {
        let text = square(10.0);
        let whole = window(-8, -8, 30, 30).coverage(&text.outlines, Some(4)).unwrap();
        for (x, y, width, height) in [(0, 0, 30, 30), (9, 3, 7, 20), (20, 20, 10, 10), (12, 12, 1, 1), (3, 25, 27, 5)] {
            let part = window(x - 8, y - 8, width, height).coverage(&text.outlines, Some(4)).unwrap();
            for row in 0..height as usize {
                for column in 0..width as usize {
                    let there = (row + usize::try_from(y).unwrap()) * 30 + column + usize::try_from(x).unwrap();
                    assert_eq!(
                        part[row * width as usize + column],
                        whole[there],
                        "{column},{row} of {width}x{height} at {x},{y}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_border_does_not_shine_through() {
        assert_eq!(pixel(255, 255, &STYLE), [255, 0, 0, 128]);
        assert_eq!(pixel(0, 255, &STYLE), [0, 0, 255, 128]);
        assert_eq!(pixel(0, 0, &STYLE), [0; 4]);
        assert_eq!(pixel(128, 0, &Style { opacity: 1.0, ..STYLE }), [255, 0, 0, 128]);
    }

    #[test]
    fn coverages_add_up() {
        assert_eq!(
            [either(0, 0), either(255, 0), either(0, 77), either(255, 255), either(128, 128)],
            [0, 255, 77, 255, 192]
        );
    }
}
