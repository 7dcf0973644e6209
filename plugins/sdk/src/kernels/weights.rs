//! From pixels to what an overlay does to the samples of a plane.

use super::overlay::Source;
use super::siting::{Axis, Siting, Taps};
use super::{Encoder, Sample};
use crate::{Rect, Setup};

/// Bits of fraction of a code value while pixels are added up. With 16 of the code, 8 of alpha, 4 of the weights of pixels and 9 of
/// [`Sample::OPAQUE`] they stay below 64.
const FRACTION: u32 = 24;

/// Weights of one plane: a sample of a subsampled plane is the average of the pixels that it stands for (see
/// [`siting`](super::siting)), each weighted by its alpha. Pixels outside of the bitmap count as transparent, those outside of
/// the blocks of `area` do not count. In integers, since a component pays for the result of each operation on floating point.
pub(super) fn weights<T: Sample>(
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
