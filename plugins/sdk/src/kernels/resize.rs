//! Scales bitmaps.

use std::f64::consts::PI;

use super::Bitmap;
use crate::Rect;

/// Lobes of the Lanczos kernel.
const LOBES: f64 = 3.0;

/// Bits of fraction of a weight; the whole has 16 bits, with its sign.
const WEIGHT: u32 = 14;
/// Bits of fraction of a premultiplied channel. It overshoots, which is what the last bit of 16 is for.
const FRACTION: u32 = 6;
/// A channel of 255.
const OPAQUE: i32 = 255 << FRACTION;

/// Rows or columns that are scaled together. With their channels these are four vectors of sums: with more the loop over them stays a
/// loop, in which the compiler no longer knows that 16 bits are multiplied.
const LANES: usize = 4;
/// One premultiplied pixel of each row or column.
type Lanes = [i16; 4 * LANES];
/// Pixels that are weighed at once, so that their sums are loaded and stored once.
const TOGETHER: usize = 4;
/// Lanes after the last, for the weights of 0.
const PADDING: usize = TOGETHER - 1;
/// Columns of the result that are made together. All rows of the source are kept of them.
const STRIPE: usize = 16 * LANES;

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
            pixels.resize(columns.len() * rows.len(), [0; 4]);
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

/// First across, then down, on integers: exact sums, and a component pays for the result of each operation on floating point.
fn scale(source: &Bitmap, columns: &[Taps], rows: &[Taps], pixels: &mut [[u8; 4]]) {
    let (top, bottom) = reach(rows);
    let height = (bottom - top) as usize;
    // Pixels of a row of the source after the pass across, the rows of each group behind each other.
    let padded = height + PADDING;
    let mut passed = vec![[0; 4 * LANES]; padded * columns.len().min(STRIPE).div_ceil(LANES)];
    let mut lanes = Vec::new();
    for (columns_before, stripe) in columns.chunks(STRIPE).enumerate().map(|(index, stripe)| (index * STRIPE, stripe)) {
        let (left, right) = reach(stripe);
        lanes.resize((right - left) as usize + PADDING, [0; 4 * LANES]);
        for first in (0..height).step_by(LANES) {
            for (lane, row) in (first..height.min(first + LANES)).enumerate() {
                take_row(source.row(top + row as u32), left, &mut lanes, lane);
            }
            for (x, taps) in stripe.iter().enumerate() {
                let sums = taps.means(&lanes, left);
                let group = passed[x / LANES * padded..][first..height].iter_mut();
                for (row, pixel) in group.zip(sums.as_chunks::<4>().0) {
                    row[x % LANES * 4..][..4].copy_from_slice(pixel);
                }
            }
        }
        for (taps, row) in rows.iter().zip(pixels.chunks_exact_mut(columns.len())) {
            let groups = row[columns_before..][..stripe.len()].chunks_mut(LANES);
            for (out, passed) in groups.zip(passed.chunks_exact(padded)) {
                let sums = taps.means(passed, top);
                for (out, pixel) in out.iter_mut().zip(sums.as_chunks::<4>().0) {
                    *out = straight(*pixel);
                }
            }
        }
    }
}

/// The source pixels of some pixels of the result: the first, and the end.
fn reach(taps: &[Taps]) -> (u32, u32) {
    let first = taps.iter().map(|taps| taps.first).min().unwrap_or(0);
    (first, taps.iter().map(Taps::end).max().unwrap_or(first))
}

fn take_row(row: &[[u8; 4]], left: u32, lanes: &mut [Lanes], lane: usize) {
    for (lanes, pixel) in lanes.iter_mut().zip(row.get(left as usize..).unwrap_or(&[])) {
        lanes[4 * lane..][..4].copy_from_slice(&premultiplied(*pixel));
    }
}

/// The source pixels that one pixel of the result is made of.
#[derive(Debug, Clone)]
struct Taps {
    first: u32,
    count: u32,
    /// Their sum is `1 << WEIGHT`; those beyond the count are 0.
    weights: Vec<[i16; TOGETHER]>,
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
        // The sum so far is rounded, and not each weight, so that many small ones still make a whole.
        let (mut so_far, mut given) = (0.0, 0);
        let weight = |weight: f64| {
            so_far += weight / sum;
            let before = given;
            given = (so_far * f64::from(1 << WEIGHT) + 0.5).floor() as i32;
            (given - before).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
        };
        let flat: Vec<i16> = raw.into_iter().map(weight).collect();
        let padded = |some: &[i16]| std::array::from_fn(|at| some.get(at).copied().unwrap_or(0));
        Self { first, count: end - first, weights: flat.chunks(TOGETHER).map(padded).collect() }
    }

    /// Weighted means of lanes, of which the first is that of the source pixel `start`. After the last there are [`PADDING`] more.
    fn means(&self, lanes: &[Lanes], start: u32) -> Lanes {
        let mut sums = [1 << (WEIGHT - 1); 4 * LANES];
        let (lanes, _) = lanes[(self.first - start) as usize..].as_chunks();
        for (lanes, weights) in lanes.iter().zip(&self.weights) {
            add(&mut sums, lanes, weights);
        }
        sums.map(|sum| (sum >> WEIGHT).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16)
    }

    fn end(&self) -> u32 {
        self.first + self.count
    }
}

/// A function of its own, since within the loop over all weights the compiler makes vectors of weights instead of lanes.
#[inline(never)]
fn add(sums: &mut [i32; 4 * LANES], lanes: &[Lanes; TOGETHER], weights: &[i16; TOGETHER]) {
    let [a, b, c, d] = lanes;
    let weights = weights.map(i32::from);
    for at in 0..4 * LANES {
        sums[at] += i32::from(a[at]) * weights[0]
            + i32::from(b[at]) * weights[1]
            + i32::from(c[at]) * weights[2]
            + i32::from(d[at]) * weights[3];
    }
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
    if x.abs() < LOBES { sinc(x) * sinc(x / LOBES) } else { 0.0 }
}

#[inline(always)]
fn premultiplied([red, green, blue, alpha]: [u8; 4]) -> [i16; 4] {
    // A division by 255 once for all channels. Opaque channels stay exact, and none exceeds its alpha.
    let scale = ((u32::from(alpha) << (FRACTION + 16)) + 127) / 255;
    let channel = |value: u8| ((u32::from(value) * scale + (1 << 15)) >> 16) as i16;
    [channel(red), channel(green), channel(blue), i16::from(alpha) << FRACTION]
}

/// The kernel overshoots at edges; no channel may exceed its alpha.
#[inline(always)]
fn straight([red, green, blue, alpha]: [i16; 4]) -> [u8; 4] {
    let alpha = i32::from(alpha).clamp(0, OPAQUE);
    let opacity = (alpha + (1 << (FRACTION - 1))) >> FRACTION;
    if opacity == 0 {
        return [0; 4];
    }
    // A division once for all channels; of a whole it leaves a whole.
    let scale = ((255 << 20) + alpha as u32 / 2) / alpha as u32;
    let channel = |value: i16| ((i32::from(value).clamp(0, alpha) as u32 * scale + (1 << 19)) >> 20) as u8;
    [channel(red), channel(green), channel(blue), opacity as u8]
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
