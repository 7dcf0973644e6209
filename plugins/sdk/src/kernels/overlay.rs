//! A picture that is laid over frames: converted to planes once, then blended into many frames.

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
    shift: (u8, u8),
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
        let shift = setup.plane_shift(plane);
        let area = source.area.subsampled(shift.0, shift.1);
        let blocks = Rect {
            x: area.x << shift.0,
            y: area.y << shift.1,
            width: area.width << shift.0,
            height: area.height << shift.1,
        };
        let frame = |rect: Rect| Rect {
            width: rect.width.min(setup.width() - rect.x),
            height: rect.height.min(setup.height() - rect.y),
            ..rect
        };
        let weights = if setup.sample_bytes() == 1 {
            let (inverse, product) = weights::<u8>(source, plane, setup, area);
            Weights::Byte { inverse, product }
        } else {
            let (inverse, product) = weights::<[u8; 2]>(source, plane, setup, area);
            Weights::Word { inverse, product }
        };
        Self { plane, area, alpha_area: frame(blocks), shift, weights }
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
            Weights::Byte { inverse, product } => blend::<u8>(rows, inverse, product),
            Weights::Word { inverse, product } => blend::<[u8; 2]>(rows, inverse, product),
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
        let width = (self.area.width as usize).max(1);
        let backdrop = T::of_bytes(alpha.rows);
        let stride = self.alpha_area.width as usize;
        let opaque = f64::from(T::OPAQUE);
        let (step_x, step_y) = (1usize << self.shift.0, 1usize << self.shift.1);
        for (index, ((sample, inverse), product)) in
            T::of_bytes_mut(rows).iter_mut().zip(inverse).zip(product).enumerate()
        {
            let keep = f64::from(inverse.get()) / opaque;
            if keep >= 1.0 {
                continue;
            }
            let (left, top) = ((index % width) * step_x, (index / width) * step_y);
            let right = (left + step_x).min(stride);
            let (mut sum, mut count) = (0u32, 0u32);
            for y in top..top + step_y {
                for under in backdrop.get(y * stride + left..y * stride + right).unwrap_or(&[]) {
                    sum += under.get();
                    count += 1;
                }
            }
            let under = f64::from(sum) / (f64::from(count.max(1)) * f64::from(alpha.opaque.max(1)));
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

fn blend<T: Sample>(rows: &mut [u8], inverse: &[T], product: &[T::Product]) {
    for ((sample, inverse), product) in T::of_bytes_mut(rows).iter_mut().zip(inverse).zip(product) {
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

/// Weights of one plane: a sample of a subsampled plane is the average of the pixels that it stands for, each weighted
/// by its alpha. Pixels outside of the bitmap count as transparent, columns and rows outside of the frame do not count.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded values within the range of a product"
)]
fn weights<T: Sample>(source: &Source<'_>, plane: u8, setup: &Setup, area: Rect) -> (Vec<T>, Vec<T::Product>) {
    let (shift_x, shift_y) = setup.plane_shift(plane);
    let opaque = f64::from(T::OPAQUE);
    let unit = opaque / 255.0;
    let samples = usize::try_from(area.area()).unwrap_or(0);
    let mut inverses = Vec::with_capacity(samples);
    let mut products = Vec::with_capacity(samples);
    let mut codes = Codes { encoder: Encoder::new(setup), opaque: f64::from(setup.max_sample()), plane, known: None };
    for y in area.y..area.y + area.height {
        let (top, bottom) = (y << shift_y, ((y + 1) << shift_y).min(setup.height()));
        for x in area.x..area.x + area.width {
            let (left, right) = (x << shift_x, ((x + 1) << shift_x).min(setup.width()));
            let (mut alpha, mut colour) = (0u32, 0.0);
            for row in top..bottom {
                for &[red, green, blue, opacity] in source.row(row, left, right) {
                    if opacity != 0 {
                        alpha += u32::from(opacity);
                        colour += f64::from(opacity) * codes.of([red, green, blue]);
                    }
                }
            }
            let count = f64::from((right - left) * (bottom - top)).max(1.0);
            let alpha = (f64::from(alpha) * unit / count).round();
            let product = (colour * unit / count).round().min(alpha * f64::from(setup.max_sample()));
            inverses.push(T::new(T::OPAQUE - alpha as u32));
            products.push(T::product(product as u64));
        }
    }
    (inverses, products)
}

/// Code values of one plane. Neighbours mostly have the same colour, so the last one is kept.
struct Codes {
    encoder: Encoder,
    opaque: f64,
    plane: u8,
    known: Option<([u8; 3], f64)>,
}

impl Codes {
    fn of(&mut self, rgb: [u8; 3]) -> f64 {
        if let Some((colour, code)) = self.known
            && colour == rgb
        {
            return code;
        }
        let code = match self.plane {
            3 => self.opaque,
            plane => self.encoder.encode(rgb)[usize::from(plane.min(2))],
        };
        self.known = Some((rgb, code));
        code
    }
}
