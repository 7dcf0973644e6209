//! Hides a region behind a blur.

use super::{Sample, of_planes};
use crate::{Rect, Setup};

/// Three box blurs behind each other are nearly a Gaussian.
const PASSES: usize = 3;
/// Windows of this radius still sum up in 32 bits.
const LARGEST_RADIUS: u32 = 4096;
/// Columns that are blurred together: enough for long loops, and few enough that the rows which must be kept stay few bytes.
const STRIPE: usize = 512;

/// A sample between the passes.
type Word = [u8; 2];

/// A region whose samples become the weighted mean of their neighbours within it. At its edge the outermost samples are
/// repeated, so that nothing outside of the region is read.
///
/// It works in place, with a [`BlurBuffer`] that all planes and all blurs can share. Beside the rows of a plane that buffer
/// takes 2 bytes for each sample of the plane if frames have 8 bits, and for each row of the radius, at most for each row of
/// the region, 1 KiB. A whole frame of 4096x2160 takes at most 20 MB of 8 bits, and 2.3 MB of 10 bits.
#[derive(Debug, Clone)]
pub struct Blur {
    planes: Vec<BlurPlane>,
}

impl Blur {
    /// A blur of a region, in luma samples, of the frames of a stream; the region is clipped to the frame. `radius`, in luma
    /// samples and at most 4096, is that of each of three box blurs. An alpha plane stays as it is.
    pub fn new(area: Rect, radius: u32, setup: &Setup) -> Self {
        let planes = of_planes(area, setup, |plane, _, area| {
            let (shift_x, shift_y) = setup.plane_shift(plane);
            BlurPlane {
                plane,
                area,
                wide: setup.sample_bytes() == 2,
                radius_x: radius_in(radius, shift_x),
                radius_y: radius_in(radius, shift_y),
            }
        });
        Self { planes }
    }

    /// What it does to each plane; nothing for an empty region.
    pub fn planes(&self) -> &[BlurPlane] {
        &self.planes
    }
}

fn radius_in(radius: u32, shift: u8) -> usize {
    match radius.min(LARGEST_RADIUS) {
        0 => 0,
        radius => (radius >> shift).max(1) as usize,
    }
}

/// Memory that blurs work in. Grows to what the largest of them needs.
#[derive(Debug, Clone, Default)]
pub struct BlurBuffer {
    /// Samples of 8 bits with 8 bits of fraction, so that rounding does not add up.
    widened: Vec<Word>,
    /// A row as it was before it was blurred.
    line: Vec<Word>,
    /// Rows of a stripe as they were before they were blurred: those that have not left the window yet.
    kept: Vec<Word>,
    sums: Vec<u32>,
}

impl BlurBuffer {
    /// What it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let words = self.widened.capacity() + self.line.capacity() + self.kept.capacity();
        words * size_of::<Word>() + self.sums.capacity() * size_of::<u32>()
    }

    /// What a plane needs: widened samples, a line, kept rows and sums. Nothing else grows.
    fn parts(&mut self, plane: &BlurPlane) -> (&mut [Word], &mut [Word], &mut [Word], &mut [u32]) {
        let (width, height) = (plane.area.width as usize, plane.area.height as usize);
        let (depth, span) = ((plane.radius_y + 1).min(height), width.min(STRIPE));
        let widened = if plane.wide { 0 } else { width * height };
        (
            sized(&mut self.widened, widened),
            sized(&mut self.line, width),
            sized(&mut self.kept, depth * span),
            sized(&mut self.sums, span),
        )
    }
}

/// What a [`Blur`] does to one plane.
#[derive(Debug, Clone)]
pub struct BlurPlane {
    plane: u8,
    area: Rect,
    wide: bool,
    radius_x: usize,
    radius_y: usize,
}

impl BlurPlane {
    /// Which plane of the frame.
    pub fn plane(&self) -> u8 {
        self.plane
    }

    /// The samples that it changes, in samples of this plane.
    pub fn area(&self) -> Rect {
        self.area
    }

    /// Blurs the packed rows of [`area`](Self::area).
    pub fn apply(&self, rows: &mut [u8], buffer: &mut BlurBuffer) {
        let (widened, line, kept, sums) = buffer.parts(self);
        let width = line.len();
        let mut blur = |samples: &mut [Word]| {
            for _ in 0..PASSES {
                for row in samples.chunks_exact_mut(width) {
                    line.copy_from_slice(row);
                    blur_row(line, row, self.radius_x);
                }
                for start in (0..width).step_by(STRIPE) {
                    let stripe = start..width.min(start + STRIPE);
                    blur_columns(samples, width, stripe, self.radius_y, kept, sums);
                }
            }
        };
        if self.wide {
            blur(Word::of_bytes_mut(rows));
        } else {
            for (word, sample) in widened.iter_mut().zip(rows.iter()) {
                *word = (u16::from(*sample) << 8).to_le_bytes();
            }
            blur(widened);
            for (sample, word) in rows.iter_mut().zip(widened.iter()) {
                *sample = ((u32::from(u16::from_le_bytes(*word)) + 128) >> 8) as u8;
            }
        }
    }
}

/// The first `length` of a buffer that is as large as it must be and no larger. What it holds may be lost.
fn sized<T: Copy + Default>(buffer: &mut Vec<T>, length: usize) -> &mut [T] {
    if buffer.len() < length {
        // Freed first, so that there are never two of them.
        *buffer = Vec::new();
        buffer.resize(length, T::default());
    }
    &mut buffer[..length]
}

/// A function of its own for the reason of [`slide`].
#[inline(never)]
fn blur_row(from: &[Word], to: &mut [Word], radius: usize) {
    let last = from.len() - 1;
    let at = |index: usize| from[index.min(last)].get();
    let scale = scale(radius);
    let mut sum = at(0) * (radius as u32 + 1) + (1..=radius).map(at).sum::<u32>();
    for (x, out) in to.iter_mut().enumerate() {
        *out = mean(sum, scale);
        sum = sum + at(x + radius + 1) - at(x.saturating_sub(radius));
    }
}

/// Blurs the columns of a stripe in place. `kept` holds rows of the stripe for one more than the radius, or for all rows.
fn blur_columns(
    samples: &mut [Word],
    width: usize,
    stripe: std::ops::Range<usize>,
    radius: usize,
    kept: &mut [Word],
    sums: &mut [u32],
) {
    let span = stripe.len();
    let last = samples.len() / width - 1;
    let depth = kept.len() / sums.len();
    let sums = &mut sums[..span];
    let scale = scale(radius);
    let row = |y: usize| &samples[y * width..][stripe.clone()];
    for (sum, first) in sums.iter_mut().zip(row(0)) {
        *sum = first.get() * (radius as u32 + 1);
    }
    for y in 1..=radius.min(last) {
        for (sum, sample) in sums.iter_mut().zip(row(y)) {
            *sum += sample.get();
        }
    }
    // Below the last row there is the last row.
    let missing = radius.saturating_sub(last) as u32;
    for (sum, sample) in sums.iter_mut().zip(row(last)) {
        *sum += sample.get() * missing;
    }
    for y in 0..=last {
        let (above, below) = samples.split_at_mut((y + 1) * width);
        let out = &mut above[y * width..][stripe.clone()];
        kept[y % depth * span..][..span].copy_from_slice(out);
        if y == last {
            for (out, sum) in out.iter_mut().zip(sums.iter()) {
                *out = mean(*sum, scale);
            }
        } else {
            let enters = &below[((y + radius).min(last - 1) - y) * width..][stripe.clone()];
            let leaves = &kept[y.saturating_sub(radius) % depth * span..][..span];
            slide(out, sums, enters, leaves, scale);
        }
    }
}

/// Writes a row of means and moves their windows one row down. A function of its own, so that the compiler knows the four slices
/// to be apart.
#[inline(never)]
fn slide(out: &mut [Word], sums: &mut [u32], enters: &[Word], leaves: &[Word], scale: f32) {
    for (((out, sum), enters), leaves) in out.iter_mut().zip(sums.iter_mut()).zip(enters).zip(leaves) {
        *out = mean(*sum, scale);
        *sum = *sum + enters.get() - leaves.get();
    }
}

fn scale(radius: usize) -> f32 {
    1.0 / (2 * radius + 1) as f32
}

/// In floating point, because it vectorises and a division of integers does not.
fn mean(sum: u32, scale: f32) -> Word {
    ((sum as f32 * scale + 0.5) as u16).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Chroma, picture};

    /// The same with all samples between all passes, one after the other.
    fn plain(rows: &[u16], width: usize, radius: (usize, usize), fraction: u32) -> Vec<u16> {
        let height = rows.len() / width;
        let mut samples: Vec<u32> = rows.iter().map(|sample| u32::from(*sample) << fraction).collect();
        let window = |at: usize, radius: usize, side: usize| {
            let places = at as isize - radius as isize..=at as isize + radius as isize;
            places.map(move |place| place.clamp(0, side as isize - 1) as usize)
        };
        let mean = |sum: u32, radius: usize| (sum as f32 * scale(radius) + 0.5) as u32;
        for _ in 0..PASSES {
            let places: Vec<(usize, usize)> = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).collect();
            let blurred = |(x, y): &(usize, usize)| {
                mean(window(*x, radius.0, width).map(|x| samples[y * width + x]).sum(), radius.0)
            };
            samples = places.iter().map(blurred).collect();
            let blurred = |(x, y): &(usize, usize)| {
                mean(window(*y, radius.1, height).map(|y| samples[y * width + x]).sum(), radius.1)
            };
            samples = places.iter().map(blurred).collect();
        }
        samples.into_iter().map(|sample| ((sample + ((1 << fraction) >> 1)) >> fraction) as u16).collect()
    }

    fn value(index: usize, bits: u32) -> u16 {
        (index.wrapping_mul(7919) / 13 % (1 << bits)) as u16
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn stripes_and_kept_rows_change_nothing(
            width in prop::sample::select(vec![1u32, 2, 17, 511, 512, 513, 1030]), height in 1u32..16, radius in 0u32..40,
        ) {
            // Of one buffer, which holds what was there before.
            let mut buffer = BlurBuffer::default();
            for (bits, fraction) in [(8, 8), (10, 0)] {
                let setup = picture(width, height).chroma(Chroma::C422).bit_depth(bits as u8).setup();
                let blur = Blur::new(setup.area(), radius, &setup);
                for plane in blur.planes() {
                    let (width, height) = (plane.area().width as usize, plane.area().height as usize);
                    let before: Vec<u16> = (0..width * height).map(|index| value(index, bits)).collect();
                    let bytes = |samples: &[u16]| -> Vec<u8> {
                        samples.iter().flat_map(|sample| sample.to_le_bytes()[..bits.div_ceil(8) as usize].to_vec()).collect()
                    };
                    let mut rows = bytes(&before);
                    plane.apply(&mut rows, &mut buffer);
                    prop_assert!(rows == bytes(&plain(&before, width, (plane.radius_x, plane.radius_y), fraction)));
                }
            }
        }
    }

    /// What the buffer takes after a blur of whole planes.
    fn bytes(width: u32, height: u32, bits: u8, radius: u32) -> usize {
        let setup = picture(width, height).chroma(Chroma::C444).bit_depth(bits).setup();
        let blur = Blur::new(setup.area(), radius, &setup);
        let mut buffer = BlurBuffer::default();
        for plane in blur.planes() {
            buffer.parts(plane);
        }
        buffer.bytes()
    }

    #[test]
    fn nothing_grows_but_the_parts() {
        for bits in [8, 10] {
            let setup = picture(300, 20).chroma(Chroma::C444).bit_depth(bits).setup();
            let blur = Blur::new(setup.area(), 9, &setup);
            let mut buffer = BlurBuffer::default();
            for plane in blur.planes() {
                plane.apply(&mut vec![7; 300 * 20 * setup.sample_bytes()], &mut buffer);
            }
            assert_eq!(buffer.bytes(), bytes(300, 20, bits, 9));
        }
    }

    #[test]
    fn a_whole_frame_takes_what_the_documentation_says() {
        assert!(bytes(3840, 2160, 10, 540) < 600_000);
        assert!(bytes(4096, 2160, 10, LARGEST_RADIUS) < 2_300_000);
        assert!(bytes(4096, 2160, 8, LARGEST_RADIUS) < 20_000_000);
        // Of the guest's 256 MiB, beside a plane's own 64 MiB.
        assert!(bytes(8192, 8192, 8, LARGEST_RADIUS) < 144_000_000);
    }
}
