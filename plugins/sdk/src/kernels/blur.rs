//! Hides a region behind a blur.

use super::{Sample, of_planes};
use crate::{Rect, Setup};

/// Windows of this radius still sum up in 32 bits.
const LARGEST_RADIUS: u32 = 4096;
/// Rows or columns that are blurred together: eight vectors of sums, for the reason of the blocks that are blended.
const LANES: usize = 32;

/// One sample of each row or column.
type Lanes = [u16; LANES];

/// A region whose samples become the weighted mean of their neighbours within it. At its edge the outermost samples are
/// repeated, so that nothing outside of the region is read.
///
/// It works in place, with a [`BlurBuffer`] that all planes and all blurs can share. Beside the rows of a plane that buffer
/// takes 2 bytes for each sample of the plane if frames have 8 bits, and 128 bytes for each sample of its longer side. A whole
/// frame of 4096x2160 takes at most 19 MB of 8 bits, and 0.6 MB of 10 bits.
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
    /// Samples of 8 bits that were blurred across and not yet down.
    widened: Vec<[u8; 2]>,
    /// Rows or columns before a pass, and after it.
    lanes: [Vec<Lanes>; 2],
}

impl BlurBuffer {
    /// What it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let lanes: usize = self.lanes.iter().map(Vec::capacity).sum();
        self.widened.capacity() * size_of::<[u8; 2]>() + lanes * size_of::<Lanes>()
    }

    /// What a plane needs. Nothing else grows.
    fn parts(&mut self, plane: &BlurPlane) -> (&mut [[u8; 2]], Work<'_>) {
        let (width, height) = (plane.area.width as usize, plane.area.height as usize);
        let [from, to] = self.lanes.each_mut().map(|lanes| sized(lanes, width.max(height)));
        (sized(&mut self.widened, if plane.wide { 0 } else { width * height }), Work { from, to, width, height })
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
        let (widened, mut work) = buffer.parts(self);
        let (across, down) = ((0..work.height).step_by(LANES), (0..work.width).step_by(LANES));
        if self.wide {
            let samples = <[u8; 2]>::of_bytes_mut(rows);
            for first in across {
                work.take_rows(samples, first);
                work.blur(work.width, self.radius_x);
                work.put_rows(samples, first);
            }
            for first in down {
                work.take_columns(samples, first);
                work.blur(work.height, self.radius_y);
                work.put_columns(samples, first);
            }
        } else {
            for first in across {
                work.take_rows(rows, first);
                work.blur(work.width, self.radius_x);
                work.put_rows(widened, first);
            }
            for first in down {
                work.take_columns(widened, first);
                work.blur(work.height, self.radius_y);
                work.put_columns(rows, first);
            }
        }
    }
}

/// The first `length` of a buffer that is as large as it must be and no larger. What it holds may be lost.
fn sized<const N: usize, T: Copy + Default>(buffer: &mut Vec<[T; N]>, length: usize) -> &mut [[T; N]] {
    if buffer.len() < length {
        // Freed first, so that there are never two of them.
        *buffer = Vec::new();
        buffer.resize(length, [T::default(); N]);
    }
    &mut buffer[..length]
}

/// A sample as it is between the passes.
trait Widen: Copy {
    fn widen(self) -> u16;
    fn narrow(wide: u16) -> Self;
}

/// With 8 bits of fraction, so that rounding does not add up.
impl Widen for u8 {
    #[inline(always)]
    fn widen(self) -> u16 {
        u16::from(self) << 8
    }

    #[inline(always)]
    fn narrow(wide: u16) -> Self {
        // A mean is no larger than the largest sample, 255 << 8.
        (wide.wrapping_add(128) >> 8) as Self
    }
}

impl Widen for [u8; 2] {
    #[inline(always)]
    fn widen(self) -> u16 {
        u16::from_le_bytes(self)
    }

    #[inline(always)]
    fn narrow(wide: u16) -> Self {
        wide.to_le_bytes()
    }
}

/// Some rows or columns of a plane, beside each other.
struct Work<'a> {
    from: &'a mut [Lanes],
    to: &'a mut [Lanes],
    width: usize,
    height: usize,
}

impl Work<'_> {
    fn take_rows<T: Widen>(&mut self, samples: &[T], first: usize) {
        let rows = samples[first * self.width..].chunks_exact(self.width).take(LANES);
        for (lane, row) in rows.enumerate() {
            for (lanes, sample) in self.from.iter_mut().zip(row) {
                lanes[lane] = sample.widen();
            }
        }
    }

    fn put_rows<T: Widen>(&self, samples: &mut [T], first: usize) {
        let rows = samples[first * self.width..].chunks_exact_mut(self.width).take(LANES);
        for (lane, row) in rows.enumerate() {
            for (lanes, sample) in self.to.iter().zip(row) {
                *sample = T::narrow(lanes[lane]);
            }
        }
    }

    fn take_columns<T: Widen>(&mut self, samples: &[T], first: usize) {
        let last = self.width.min(first + LANES);
        for (lanes, row) in self.from.iter_mut().zip(samples.chunks_exact(self.width)) {
            match row[first..].first_chunk::<LANES>() {
                Some(row) => {
                    for lane in 0..LANES {
                        lanes[lane] = row[lane].widen();
                    }
                }
                None => lanes.iter_mut().zip(&row[first..last]).for_each(|(lane, sample)| *lane = sample.widen()),
            }
        }
    }

    fn put_columns<T: Widen>(&self, samples: &mut [T], first: usize) {
        let last = self.width.min(first + LANES);
        for (lanes, row) in self.to.iter().zip(samples.chunks_exact_mut(self.width)) {
            match row[first..].first_chunk_mut::<LANES>() {
                Some(row) => {
                    for lane in 0..LANES {
                        row[lane] = T::narrow(lanes[lane]);
                    }
                }
                None => lanes.iter().zip(&mut row[first..last]).for_each(|(lane, sample)| *sample = T::narrow(*lane)),
            }
        }
    }

    /// Three box blurs behind each other, which are nearly a Gaussian, from `from` to `to`.
    fn blur(&mut self, length: usize, radius: usize) {
        let (from, to) = (&mut self.from[..length], &mut self.to[..length]);
        pass(from, to, radius);
        pass(to, from, radius);
        pass(from, to, radius);
    }
}

/// One box blur along the lanes. A function of its own, so that the compiler knows the slices to be apart.
#[inline(never)]
fn pass(from: &[Lanes], to: &mut [Lanes], radius: usize) {
    if radius == 0 {
        to.copy_from_slice(from);
        return;
    }
    let last = from.len() - 1;
    let size = 2 * radius as u32 + 1;
    // A division by a multiplication, which vectorises. Rounded up, it is exact for windows of up to 255 samples; beyond, what is an eighth
    // below the middle of two numbers may become the upper one.
    let reciprocal = u64::from((1u64 << 32).div_ceil(u64::from(size)) as u32);
    // The half of a window is in the sum, so that the mean is rounded to nearest.
    let mut sums = [radius as u32; LANES];
    let mut add = |lanes: &Lanes, times: usize| {
        for lane in 0..LANES {
            sums[lane] += u32::from(lanes[lane]) * times as u32;
        }
    };
    add(&from[0], radius + 1);
    from[1..].iter().take(radius).for_each(|lanes| add(lanes, 1));
    add(&from[last], radius.saturating_sub(last));
    for (at, out) in to.iter_mut().enumerate() {
        let (enters, leaves) = (&from[(at + radius + 1).min(last)], &from[at.saturating_sub(radius)]);
        for lane in 0..LANES {
            out[lane] = ((u64::from(sums[lane]) * reciprocal) >> 32) as u16;
            sums[lane] = sums[lane].wrapping_add(u32::from(enters[lane])).wrapping_sub(u32::from(leaves[lane]));
        }
    }
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
        let mean = |sum: u32, radius: usize| (sum + radius as u32) / (2 * radius as u32 + 1);
        let places: Vec<(usize, usize)> = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).collect();
        for _ in 0..3 {
            let blurred = |(x, y): &(usize, usize)| {
                mean(window(*x, radius.0, width).map(|x| samples[y * width + x]).sum(), radius.0)
            };
            samples = places.iter().map(blurred).collect();
        }
        for _ in 0..3 {
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
        fn lanes_change_nothing(
            width in prop::sample::select(vec![1u32, 2, 17, 31, 32, 33, 130]), height in 1u32..70, radius in 0u32..120,
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
    fn the_largest_window_keeps_what_is_flat() {
        for value in [0u16, 1, 16, 32_767, 65_535] {
            let from = vec![[value; LANES]; 40];
            let mut to = vec![[0; LANES]; 40];
            for radius in [0, 1, 127, 128, 2047, LARGEST_RADIUS as usize] {
                pass(&from, &mut to, radius);
                assert_eq!(from, to, "{value} {radius}");
            }
        }
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
        assert!(bytes(4096, 2160, 10, LARGEST_RADIUS) < 600_000);
        assert!(bytes(4096, 2160, 8, LARGEST_RADIUS) < 19_000_000);
        // Of the guest's 256 MiB, beside a plane's own 64 MiB.
        assert!(bytes(8192, 8192, 8, LARGEST_RADIUS) < 144_000_000);
    }
}
