//! A picture that is laid over frames: converted to planes once, then blended into many frames.

use super::siting::{Axis, Siting, Taps};
use super::{Bitmap, Encoder, Placed, Sample};
use crate::{Rect, Setup};

/// A bitmap at its place, in the planes of a stream's frames.
#[derive(Debug, Clone)]
pub struct Overlay {
    area: Rect,
    planes: Vec<OverlayPlane>,
}

impl Overlay {
    /// Converts a bitmap whose top left pixel lies at (`x`, `y`), in luma samples, for frames of this stream. What leaves
    /// the frame is cut off. `None` when no pixel with any alpha is in the frame.
    pub fn new(bitmap: &Bitmap, x: i64, y: i64, setup: &Setup) -> Option<Self> {
        let placed = Placed { x, y, width: bitmap.width(), height: bitmap.height() };
        let visible = placed.clip(setup.width(), setup.height());
        let source = Source { bitmap, x, y, area: visible }.trimmed()?;
        let planes = (0..setup.planes()).map(|plane| OverlayPlane::new(&source, plane, setup)).collect();
        Some(Self { area: source.area, planes })
    }

    /// All pixels that it changes, in luma samples.
    pub fn area(&self) -> Rect {
        self.area
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.planes.iter().map(|plane| plane.weights.bytes()).sum()
    }

    /// Its planes, in the order of the frame's.
    pub fn planes(&self) -> &[OverlayPlane] {
        &self.planes
    }
}

/// What an [`Overlay`] does to one plane.
#[derive(Debug, Clone)]
pub struct OverlayPlane {
    plane: u8,
    area: Rect,
    alpha_area: Rect,
    siting: Siting,
    weights: Weights,
}

/// For each sample: OPAQUE - alpha, and colour * alpha. `product <= OPAQUE * alpha` always holds, so nothing overflows.
#[derive(Debug, Clone)]
enum Weights {
    Byte { inverse: Vec<u8>, product: Vec<u16> },
    Word { inverse: Vec<[u8; 2]>, product: Vec<u32> },
}

impl Weights {
    fn bytes(&self) -> usize {
        match self {
            Self::Byte { inverse, .. } => inverse.len() * (size_of::<u8>() + size_of::<u16>()),
            Self::Word { inverse, .. } => inverse.len() * (size_of::<u16>() + size_of::<u32>()),
        }
    }
}

impl OverlayPlane {
    fn new(source: &Source<'_>, plane: u8, setup: &Setup) -> Self {
        let siting = Siting::new(plane, setup);
        let shift = setup.plane_shift(plane);
        let area = source.area.subsampled(shift.0, shift.1);
        let blocks = siting.blocks(area, setup);
        let weights = if setup.sample_bytes() == 1 {
            let (inverse, product) = weights::<u8>(source, plane, setup, (area, blocks));
            Weights::Byte { inverse, product }
        } else {
            let (inverse, product) = weights::<[u8; 2]>(source, plane, setup, (area, blocks));
            Weights::Word { inverse, product }
        };
        Self { plane, area, alpha_area: blocks, siting, weights }
    }

    /// Which plane of the frame.
    pub fn plane(&self) -> u8 {
        self.plane
    }

    /// The samples that it changes, in samples of this plane.
    pub fn area(&self) -> Rect {
        self.area
    }

    /// The samples of the alpha plane that [`blend_over_alpha`](Self::blend_over_alpha) needs.
    pub fn alpha_area(&self) -> Rect {
        self.alpha_area
    }

    /// Blends into the packed rows of [`area`](Self::area): right for luma and chroma of opaque frames and for any alpha plane.
    pub fn blend(&self, rows: &mut [u8]) {
        match &self.weights {
            Weights::Byte { inverse, product } => blend::<u8, 64>(rows, inverse, product),
            Weights::Word { inverse, product } => blend::<[u8; 2], 32>(rows, inverse, product),
        }
    }

    /// Blends luma or chroma of a frame that has an alpha plane. Colours there are straight, so what the frame shows counts
    /// by its own alpha. `alpha` holds the samples of [`alpha_area`](Self::alpha_area) from before the overlay was blended into it.
    pub fn blend_over_alpha(&self, rows: &mut [u8], alpha: &AlphaBlock<'_>) {
        match &self.weights {
            Weights::Byte { inverse, product } => self.over_alpha::<u8>(rows, alpha, inverse, product),
            Weights::Word { inverse, product } => self.over_alpha::<[u8; 2]>(rows, alpha, inverse, product),
        }
    }

    fn over_alpha<T: Sample>(&self, rows: &mut [u8], alpha: &AlphaBlock<'_>, inverse: &[T], product: &[T::Product]) {
        let Rect { x: left, y: top, width: stride, .. } = self.alpha_area;
        let (columns, rows_of_blocks) = (left..left + stride, top..top + self.alpha_area.height);
        let backdrop = T::of_bytes(alpha.rows);
        let opaque = f64::from(T::OPAQUE);
        let places = (self.area.y..self.area.y + self.area.height)
            .flat_map(|y| (self.area.x..self.area.x + self.area.width).map(move |x| (x, y)));
        for (((sample, inverse), product), (x, y)) in
            T::of_bytes_mut(rows).iter_mut().zip(inverse).zip(product).zip(places)
        {
            let keep = f64::from(inverse.get()) / opaque;
            if keep >= 1.0 {
                continue;
            }
            let across = self.siting.columns.taps(x, &columns);
            let down = self.siting.rows.taps(y, &rows_of_blocks);
            let mut sum = 0;
            for (row, height) in down.iter() {
                let start = (row - top) as usize * stride as usize;
                for (column, width) in across.iter() {
                    sum +=
                        height * width * backdrop.get(start + (column - left) as usize).map_or(0, |under| under.get());
                }
            }
            let under = f64::from(sum) / (f64::from(across.total() * down.total()) * f64::from(alpha.opaque.max(1)));
            let total = 1.0 - keep + keep * under;
            let colour = T::product_value(*product) as f64 / opaque;
            let value = (f64::from(sample.get()) * keep * under + colour) / total;
            *sample = T::new(value.round() as u32);
        }
    }
}

/// Samples of a frame's alpha plane.
#[derive(Debug, Clone, Copy)]
pub struct AlphaBlock<'a> {
    /// Packed rows.
    pub rows: &'a [u8],
    /// The code value of opaque: [`Setup::max_sample`].
    pub opaque: u16,
}

/// Blends blocks of `BLOCK` samples and then the rest, sample by sample. A block is eight vectors of products: the compiler makes vectors of
/// the loop over a block and then no loop at all, while larger blocks stay a loop. In a component each turn of a loop also looks at the
/// deadline, which costs as much as two instructions on vectors. A function of its own, so that the compiler knows the slices to be apart.
#[inline(never)]
fn blend<T: Sample, const BLOCK: usize>(rows: &mut [u8], inverse: &[T], product: &[T::Product]) {
    let (samples, samples_rest) = T::of_bytes_mut(rows).as_chunks_mut::<BLOCK>();
    let (inverse, inverse_rest) = inverse.as_chunks::<BLOCK>();
    let (product, product_rest) = product.as_chunks::<BLOCK>();
    for ((samples, inverse), product) in samples.iter_mut().zip(inverse).zip(product) {
        for at in 0..BLOCK {
            samples[at] = samples[at].blend(inverse[at], product[at]);
        }
    }
    for ((sample, inverse), product) in samples_rest.iter_mut().zip(inverse_rest).zip(product_rest) {
        *sample = sample.blend(*inverse, *product);
    }
}

/// A bitmap, where it lies, and which part of the frame it may touch.
#[derive(Clone, Copy)]
struct Source<'a> {
    bitmap: &'a Bitmap,
    x: i64,
    y: i64,
    area: Rect,
}

impl Source<'_> {
    /// The pixels of one row of the frame, from `start` to `end` of the frame's columns, as far as they belong to the area.
    fn row(&self, y: u32, start: u32, end: u32) -> &[[u8; 4]] {
        let start = start.max(self.area.x);
        let end = end.min(self.area.x + self.area.width);
        if y < self.area.y || y - self.area.y >= self.area.height || start >= end {
            return &[];
        }
        let column = |x: u32| usize::try_from(i64::from(x) - self.x).unwrap_or(usize::MAX);
        let row = u32::try_from(i64::from(y) - self.y).unwrap_or(u32::MAX);
        self.bitmap.row(row).get(column(start)..column(end)).unwrap_or(&[])
    }

    /// Without the transparent margins: they would be read and written for nothing.
    fn trimmed(mut self) -> Option<Self> {
        let mut ink = Rect::default();
        for y in self.area.y..self.area.y + self.area.height {
            let row = self.row(y, 0, u32::MAX);
            let Some(first) = row.iter().position(|pixel| pixel[3] != 0) else { continue };
            let last = row.iter().rposition(|pixel| pixel[3] != 0).unwrap_or(first);
            let x = self.area.x + u32::try_from(first).ok()?;
            let width = u32::try_from(last - first).ok()?.saturating_add(1);
            ink = union(ink, Rect { x, y, width, height: 1 });
        }
        self.area = ink;
        (!ink.is_empty()).then_some(self)
    }
}

/// The smallest rectangle that holds both; an empty one counts for nothing.
fn union(a: Rect, b: Rect) -> Rect {
    if a.is_empty() {
        return b;
    }
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let side = |end: u64, start: u32| u32::try_from(end.saturating_sub(u64::from(start))).unwrap_or(u32::MAX);
    Rect::new(x, y, side(a.right().max(b.right()), x), side(a.bottom().max(b.bottom()), y))
}

/// Bits of fraction of a code value while pixels are added up. With 16 of the code, 8 of alpha, 4 of the weights of pixels and 9 of
/// [`Sample::OPAQUE`] they stay below 64.
const FRACTION: u32 = 24;

/// Weights of one plane: a sample of a subsampled plane is the average of the pixels that it stands for (see
/// [`siting`](super::siting)), each weighted by its alpha. Pixels outside of the bitmap count as transparent, those outside of
/// the blocks of `area` do not count. In integers, since a component pays for the result of each operation on floating point.
fn weights<T: Sample>(
    source: &Source<'_>,
    plane: u8,
    setup: &Setup,
    (area, blocks): (Rect, Rect),
) -> (Vec<T>, Vec<T::Product>) {
    let siting = Siting::new(plane, setup);
    let unit = T::OPAQUE / 255;
    let max = u64::from(setup.max_sample());
    let samples = usize::try_from(area.area()).unwrap_or(0);
    let mut inverses = Vec::with_capacity(samples);
    let mut products = Vec::with_capacity(samples);
    let mut codes = Codes::new(plane, setup);
    // A row that two rows of chroma share is the last of the first and the first of the second.
    let mut line = Line::new(siting.columns, area, blocks);
    let mut sums = Sums::default();
    for y in area.y..area.y + area.height {
        let down = siting.rows.taps(y, &(blocks.y..blocks.y + blocks.height));
        sums.clear(line.totals.len());
        for (row, height) in down.iter() {
            line.show(source, row, blocks, &mut codes);
            for _ in 0..height {
                sums.add(&line.sums);
            }
        }
        let (mut alphas, mut colours) = (sums.alphas.as_slice(), sums.colours.as_slice());
        // All but those on the edges have the same number.
        for run in line.totals.chunk_by(PartialEq::eq) {
            let (alpha, colour);
            (alpha, alphas) = alphas.split_at(run.len());
            (colour, colours) = colours.split_at(run.len());
            let total = run[0] * down.total();
            let pairs = || alpha.iter().map(|alpha| alpha * unit).zip(colour.iter().map(|sum| sum * u64::from(unit)));
            if total.is_power_of_two() {
                let shift = total.trailing_zeros();
                let (half, long, long_half) = (total / 2, shift + FRACTION, (u64::from(total) << FRACTION) / 2);
                inverses.extend(pairs().map(|(alpha, _)| T::new(T::OPAQUE - ((alpha + half) >> shift))));
                products.extend(pairs().map(|(alpha, colour)| {
                    T::product(((colour + long_half) >> long).min(u64::from((alpha + half) >> shift) * max))
                }));
            } else {
                let (half, long) = (total / 2, u64::from(total) << FRACTION);
                inverses.extend(pairs().map(|(alpha, _)| T::new(T::OPAQUE - (alpha + half) / total)));
                products.extend(pairs().map(|(alpha, colour)| {
                    T::product(((colour + long / 2) / long).min(u64::from((alpha + half) / total) * max))
                }));
            }
        }
    }
    (inverses, products)
}

/// Weighted sums of the alpha of pixels, and of alpha times code value, with bits of fraction.
#[derive(Default)]
struct Sums {
    alphas: Vec<u32>,
    colours: Vec<u64>,
}

impl Sums {
    fn clear(&mut self, length: usize) {
        self.alphas.clear();
        self.alphas.resize(length, 0);
        self.colours.clear();
        self.colours.resize(length, 0);
    }

    fn add(&mut self, other: &Self) {
        for (sum, alpha) in self.alphas.iter_mut().zip(&other.alphas) {
            *sum += alpha;
        }
        for (sum, colour) in self.colours.iter_mut().zip(&other.colours) {
            *sum += colour;
        }
    }
}

/// One row of the frame, as the pixels that each sample of the plane stands for.
struct Line {
    row: Option<u32>,
    /// Those of the blocks, and then transparent ones for the weights of 0.
    pixels: Sums,
    /// Whether each sample stands for one pixel.
    plain: bool,
    /// The first pixel of each sample.
    firsts: Vec<usize>,
    /// Equally many weights for each sample, 0 beyond what it stands for.
    weights: Vec<u32>,
    /// Of the weights of each sample.
    totals: Vec<u32>,
    sums: Sums,
}

impl Line {
    fn new(columns: Axis, area: Rect, blocks: Rect) -> Self {
        let limits = blocks.x..blocks.x + blocks.width;
        let taps = || (area.x..area.x + area.width).map(|x| columns.taps(x, &limits));
        let reach = taps().map(|taps| taps.iter().count()).max().unwrap_or(0).max(1);
        let weights = |taps: Taps| taps.iter().map(|tap| tap.1).chain(std::iter::repeat(0)).take(reach);
        let mut pixels = Sums::default();
        pixels.clear(blocks.width as usize + reach);
        let totals: Vec<u32> = taps().map(|taps| taps.total()).collect();
        Self {
            row: None,
            pixels,
            plain: totals.iter().all(|total| *total == 1) && totals.len() == blocks.width as usize,
            firsts: taps().map(|taps| taps.iter().next().map_or(0, |tap| tap.0 - blocks.x) as usize).collect(),
            weights: taps().flat_map(weights).collect(),
            totals,
            sums: Sums::default(),
        }
    }

    fn show(&mut self, source: &Source<'_>, row: u32, blocks: Rect, codes: &mut Codes) {
        if self.row == Some(row) {
            return;
        }
        self.row = Some(row);
        self.pixels.alphas.fill(0);
        self.pixels.colours.fill(0);
        let margin = source.area.x.saturating_sub(blocks.x) as usize;
        let Sums { alphas, colours } = &mut self.pixels;
        let seen = source.row(row, blocks.x, blocks.x + blocks.width);
        codes.weigh(seen, &mut alphas[margin..], &mut colours[margin..]);
        self.sums.alphas.clear();
        self.sums.colours.clear();
        if self.plain {
            self.sums.alphas.extend_from_slice(&self.pixels.alphas[..self.totals.len()]);
            self.sums.colours.extend_from_slice(&self.pixels.colours[..self.totals.len()]);
            return;
        }
        // Constants, so that the loop over them is none.
        match self.weights.len() / self.totals.len().max(1) {
            2 => self.sum_up::<2>(),
            3 => self.sum_up::<3>(),
            reach => self.sum_up_any(reach),
        }
    }

    fn sum_up<const REACH: usize>(&mut self) {
        let (weights, _) = self.weights.as_chunks::<REACH>();
        let places = || self.firsts.iter().zip(weights);
        self.sums.alphas.extend(places().map(|(first, weights)| {
            let alphas = &self.pixels.alphas[*first..][..REACH];
            alphas.iter().zip(weights).map(|(alpha, weight)| alpha * weight).sum::<u32>()
        }));
        self.sums.colours.extend(places().map(|(first, weights)| {
            let colours = &self.pixels.colours[*first..][..REACH];
            colours.iter().zip(weights).map(|(colour, weight)| colour * u64::from(*weight)).sum::<u64>()
        }));
    }

    fn sum_up_any(&mut self, reach: usize) {
        for (first, weights) in self.firsts.iter().zip(self.weights.chunks_exact(reach)) {
            let (alphas, colours) = (&self.pixels.alphas[*first..], &self.pixels.colours[*first..]);
            self.sums.alphas.push(alphas.iter().zip(weights).map(|(alpha, weight)| alpha * weight).sum());
            let weighed = colours.iter().zip(weights).map(|(colour, weight)| colour * u64::from(*weight));
            self.sums.colours.push(weighed.sum());
        }
    }
}

/// Code values of one plane, with bits of fraction.
enum Codes {
    /// All have the same.
    Constant(u64),
    /// Weighted sums, clamped to this.
    Sum { constant: i64, weights: [i64; 3], max: i64 },
    /// Neighbours mostly have the same colour, so the last one is kept.
    Any { encoder: Encoder, plane: usize, known: Option<([u8; 3], u64)> },
}

impl Codes {
    fn new(plane: u8, setup: &Setup) -> Self {
        let (encoder, max) = (Encoder::new(setup), u64::from(setup.max_sample()) << FRACTION);
        match encoder.weights(plane) {
            _ if plane == 3 => Self::Constant(max),
            Some((constant, weights)) => {
                Self::Sum { constant: fixed(constant), weights: weights.map(fixed), max: max as i64 }
            }
            None => Self::Any { encoder, plane: usize::from(plane.min(2)), known: None },
        }
    }

    /// Weighs pixels by their alpha.
    fn weigh(&mut self, pixels: &[[u8; 4]], alphas: &mut [u32], colours: &mut [u64]) {
        for (alpha, pixel) in alphas.iter_mut().zip(pixels) {
            *alpha = u32::from(pixel[3]);
        }
        let colours = colours.iter_mut().zip(pixels);
        match self {
            Self::Constant(code) => colours.for_each(|(colour, pixel)| *colour = *code * u64::from(pixel[3])),
            Self::Sum { constant, weights, max } => {
                let (constant, [for_red, for_green, for_blue], max) = (*constant, *weights, *max);
                for (colour, &[red, green, blue, opacity]) in colours {
                    let [red, green, blue] = [red, green, blue].map(i64::from);
                    let code = constant + for_red * red + for_green * green + for_blue * blue;
                    *colour = code.clamp(0, max) as u64 * u64::from(opacity);
                }
            }
            Self::Any { encoder, plane, known } => {
                for (colour, &[red, green, blue, opacity]) in colours {
                    let rgb = [red, green, blue];
                    let code = match known {
                        _ if opacity == 0 => 0,
                        Some((colour, code)) if *colour == rgb => *code,
                        _ => known.insert((rgb, fixed(encoder.encode(rgb)[*plane]) as u64)).1,
                    };
                    *colour = code * u64::from(opacity);
                }
            }
        }
    }
}

/// Rounded to nearest.
#[expect(clippy::cast_possible_truncation, reason = "code values have 16 bits")]
fn fixed(code: f64) -> i64 {
    (code * f64::from(1u32 << FRACTION) + 0.5).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks against single samples, of every length around two blocks.
    fn agree<T: Sample + PartialEq + std::fmt::Debug, const BLOCK: usize>() {
        let value = |index: usize| T::new((index as u32).wrapping_mul(7919) / 13 % (T::OPAQUE + 1));
        for length in 0..=2 * BLOCK + 3 {
            let inverse: Vec<T> = (0..length).map(|index| value(index * 31 + length)).collect();
            let product: Vec<T::Product> = inverse
                .iter()
                .enumerate()
                .map(|(index, inverse)| {
                    T::product(u64::from(T::OPAQUE - inverse.get()) * u64::from(value(index * 17).get()))
                })
                .collect();
            let before: Vec<T> = (0..length).map(value).collect();
            let mut rows = vec![0; length * size_of::<T>()];
            T::of_bytes_mut(&mut rows).copy_from_slice(&before);
            blend::<T, BLOCK>(&mut rows, &inverse, &product);
            let single = before
                .iter()
                .zip(&inverse)
                .zip(&product)
                .map(|((sample, inverse), product)| sample.blend(*inverse, *product));
            assert_eq!(T::of_bytes(&rows), single.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_block_is_what_its_samples_are() {
        agree::<u8, 64>();
        agree::<[u8; 2], 32>();
    }
}
