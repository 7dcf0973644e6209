//! Scales bitmaps.

use std::collections::VecDeque;
use std::f64::consts::PI;

use super::Bitmap;
use crate::Rect;

/// Lobes of the Lanczos kernel.
const LOBES: f64 = 3.0;

/// A row of premultiplied RGBA.
type Row = Vec<[f32; 4]>;

/// Scales to `width` x `height` with a Lanczos filter of three lobes, widened for reduction so that nothing aliases, on
/// premultiplied alpha so that the colour of transparent pixels does not bleed. Only `window`, in pixels of the result, is made:
/// a picture that leaves the frame costs what is seen of it. The window is clipped to the result.
pub fn resize(source: &Bitmap, width: u32, height: u32, window: Rect) -> Bitmap {
    Resizer::new((source.width(), source.height()), (width, height), window).resize(source)
}

/// [`resize`] for many pictures of one size.
#[derive(Debug, Clone)]
pub struct Resizer {
    from: (u32, u32),
    window: Rect,
    /// `None` where pictures have the size that is asked for.
    taps: Option<(Vec<Taps>, Vec<Taps>)>,
}

impl Resizer {
    /// Prepares to scale pictures of the size `from` to the size `to`, both in pixels, within `window`.
    pub fn new(from: (u32, u32), to: (u32, u32), window: Rect) -> Self {
        let x = window.x.min(to.0);
        let y = window.y.min(to.1);
        let window = Rect { x, y, width: window.width.min(to.0 - x), height: window.height.min(to.1 - y) };
        let columns = || (window.x..window.x + window.width).map(|x| Taps::new(x, from.0, to.0)).collect();
        let rows = || (window.y..window.y + window.height).map(|y| Taps::new(y, from.1, to.1)).collect();
        Self { from, window, taps: (from != to).then(|| (columns(), rows())) }
    }

    /// The window of one picture. Empty where the picture has not the size that this is for.
    pub fn resize(&self, source: &Bitmap) -> Bitmap {
        let window = self.window;
        if window.is_empty() || source.pixels().is_empty() || (source.width(), source.height()) != self.from {
            return Bitmap::filled(0, 0, [0; 4]);
        }
        let mut pixels = Vec::with_capacity(usize::try_from(window.area()).unwrap_or(0));
        if let Some((columns, rows)) = &self.taps {
            scale(source, columns, rows, &mut pixels);
        } else {
            for row in window.y..window.y + window.height {
                let row = source.row(row).get(window.x as usize..(window.x + window.width) as usize);
                pixels.extend_from_slice(row.unwrap_or(&[]));
            }
        }
        Bitmap::new(window.width, window.height, pixels).unwrap_or_else(|| Bitmap::filled(0, 0, [0; 4]))
    }
}

fn scale(source: &Bitmap, columns: &[Taps], rows: &[Taps], pixels: &mut Vec<[u8; 4]>) {
    // Source rows after the horizontal pass, as many as the vertical filter looks at.
    let mut passed: VecDeque<(u32, Row)> = VecDeque::new();
    let mut sum: Row = vec![[0.0; 4]; columns.len()];
    for taps in rows {
        while passed.front().is_some_and(|row| row.0 < taps.first) {
            passed.pop_front();
        }
        let next = passed.back().map_or(taps.first, |row| row.0 + 1);
        for row in next..taps.end() {
            passed.push_back((row, scaled_row(source.row(row), columns)));
        }
        sum.fill([0.0; 4]);
        for ((_, row), weight) in passed.iter().zip(&taps.weights) {
            for (sum, pixel) in sum.iter_mut().zip(row) {
                for (sum, channel) in sum.iter_mut().zip(pixel) {
                    *sum += channel * weight;
                }
            }
        }
        pixels.extend(sum.iter().copied().map(straight));
    }
}

/// The source pixels that one pixel of the result is made of.
#[derive(Debug, Clone)]
struct Taps {
    first: u32,
    weights: Vec<f32>,
}

impl Taps {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the source's side")]
    fn new(index: u32, from: u32, to: u32) -> Self {
        let scale = f64::from(from) / f64::from(to.max(1));
        let stretch = scale.max(1.0);
        let centre = (f64::from(index) + 0.5) * scale;
        let first = (centre - LOBES * stretch).floor().clamp(0.0, f64::from(from.saturating_sub(1))) as u32;
        let end = ((centre + LOBES * stretch).ceil() as u32).clamp(first + 1, from.max(first + 1));
        let raw: Vec<f64> = (first..end).map(|tap| lanczos((f64::from(tap) + 0.5 - centre) / stretch)).collect();
        let sum: f64 = raw.iter().sum();
        Self { first, weights: raw.into_iter().map(|weight| (weight / sum) as f32).collect() }
    }

    fn end(&self) -> u32 {
        self.first + u32::try_from(self.weights.len()).unwrap_or(0)
    }
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
    if x.abs() < LOBES { sinc(x) * sinc(x / LOBES) } else { 0.0 }
}

fn scaled_row(source: &[[u8; 4]], columns: &[Taps]) -> Row {
    let row: Row = source.iter().map(premultiplied).collect();
    let scale = |taps: &Taps| {
        let mut sum = [0.0; 4];
        let pixels = row.get(taps.first as usize..).unwrap_or(&[]);
        for (pixel, weight) in pixels.iter().zip(&taps.weights) {
            for (sum, channel) in sum.iter_mut().zip(pixel) {
                *sum += channel * weight;
            }
        }
        sum
    };
    columns.iter().map(scale).collect()
}

fn premultiplied(&[red, green, blue, alpha]: &[u8; 4]) -> [f32; 4] {
    let opacity = f32::from(alpha) / 255.0;
    [f32::from(red) * opacity, f32::from(green) * opacity, f32::from(blue) * opacity, f32::from(alpha)]
}

/// The kernel overshoots at edges; no channel may exceed its alpha.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=255")]
fn straight([red, green, blue, alpha]: [f32; 4]) -> [u8; 4] {
    let alpha = alpha.clamp(0.0, 255.0);
    let opacity = alpha.round() as u8;
    if opacity == 0 {
        return [0; 4];
    }
    let channel = |value: f32| (value.clamp(0.0, alpha) * 255.0 / alpha).round() as u8;
    [channel(red), channel(green), channel(blue), opacity]
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn all(width: u32, height: u32) -> Rect {
        Rect { x: 0, y: 0, width, height }
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let pixels = (0..12u8).map(|index| [index, 2 * index, 3 * index, 255 - index]).collect();
        let bitmap = Bitmap::new(4, 3, pixels).unwrap();
        assert_eq!(resize(&bitmap, 4, 3, all(4, 3)), bitmap);
    }

    #[test]
    fn one_colour_stays_one_colour() {
        for (width, height) in [(1, 1), (7, 200), (64, 3), (300, 300)] {
            let scaled = resize(&Bitmap::filled(40, 30, [200, 100, 50, 255]), width, height, all(width, height));
            assert_eq!((scaled.width(), scaled.height()), (width, height));
            assert!(scaled.pixels().iter().all(|pixel| *pixel == [200, 100, 50, 255]));
        }
    }

    #[test]
    fn hidden_colour_does_not_bleed() {
        // Green that nobody sees beside opaque red.
        let row = (0..32).map(|x| if x < 16 { [0, 255, 0, 0] } else { [255, 0, 0, 255] });
        let bitmap = Bitmap::new(32, 8, row.clone().chain(row.clone()).cycle().take(256).collect()).unwrap();
        for side in [5, 13, 90] {
            let scaled = resize(&bitmap, side, side, all(side, side));
            assert!(scaled.pixels().iter().all(|pixel| pixel[3] == 0 || (pixel[0] > 250 && pixel[1] == 0)), "{side}");
        }
    }

    #[test]
    fn a_window_is_a_part_of_the_whole() {
        let pixels = (0..50u32 * 40).map(|index| [(index * 7 % 256) as u8, (index * 13 % 256) as u8, 9, 255]).collect();
        let bitmap = Bitmap::new(50, 40, pixels).unwrap();
        let whole = resize(&bitmap, 33, 71, all(33, 71));
        let window = Rect::new(5, 11, 20, 30);
        let part = resize(&bitmap, 33, 71, window);
        for y in 0..30 {
            assert_eq!(part.row(y), &whole.row(y + 11)[5..25]);
        }
    }

    #[test]
    fn fine_stripes_become_grey_and_do_not_alias() {
        let pixels = (0..512u32 * 8).map(|index| if index % 2 == 0 { [255; 4] } else { [0, 0, 0, 255] }).collect();
        let scaled = resize(&Bitmap::new(512, 8, pixels).unwrap(), 100, 8, all(100, 8));
        assert!(scaled.row(4)[4..96].iter().all(|pixel| pixel[0].abs_diff(128) < 4));
    }

    #[test]
    fn windows_outside_are_empty() {
        let scaled = resize(&Bitmap::filled(4, 4, [1; 4]), 8, 8, Rect::new(9, 0, 4, 4));
        assert_eq!(scaled.pixels().len(), 0);
    }

    #[test]
    fn prepared_for_one_size_only() {
        let resizer = Resizer::new((6, 4), (3, 2), all(3, 2));
        for colour in [[9, 8, 7, 255], [0, 0, 0, 128]] {
            let picture = Bitmap::filled(6, 4, colour);
            assert_eq!(resizer.resize(&picture), resize(&picture, 3, 2, all(3, 2)));
        }
        assert!(resizer.resize(&Bitmap::filled(4, 6, [1; 4])).pixels().is_empty());
    }
}
