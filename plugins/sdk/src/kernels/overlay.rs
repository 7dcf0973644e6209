//! A picture that is laid over frames: converted to planes once, then blended into many frames.

use super::siting::Siting;
use super::weights::weights;
use super::{Bitmap, Placed, Sample};
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
pub(super) struct Source<'a> {
    bitmap: &'a Bitmap,
    x: i64,
    y: i64,
    pub(super) area: Rect,
}

impl Source<'_> {
    /// The pixels of one row of the frame, from `start` to `end` of the frame's columns, as far as they belong to the area.
    pub(super) fn row(&self, y: u32, start: u32, end: u32) -> &[[u8; 4]] {
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
