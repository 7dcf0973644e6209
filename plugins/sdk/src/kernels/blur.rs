//! Hides a region behind a blur.

use super::{Sample, of_planes};
use crate::{Rect, Setup};

/// Three box blurs behind each other are nearly a Gaussian.
const PASSES: usize = 3;
/// Windows of this radius still sum up in 32 bits.
const LARGEST_RADIUS: u32 = 4096;

/// A region whose samples become the weighted mean of their neighbours within it. At its edge the outermost samples are
/// repeated, so that nothing outside of the region is read.
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
            let count = area.width as usize * area.height as usize;
            BlurPlane {
                plane,
                area,
                wide: setup.sample_bytes() == 2,
                radius_x: radius_in(radius, shift_x),
                radius_y: radius_in(radius, shift_y),
                front: vec![0; count],
                back: vec![0; count],
                sums: vec![0; area.width as usize],
            }
        });
        Self { planes }
    }

    /// What it does to each plane; nothing for an empty region.
    pub fn planes_mut(&mut self) -> &mut [BlurPlane] {
        &mut self.planes
    }
}

fn radius_in(radius: u32, shift: u8) -> usize {
    match radius.min(LARGEST_RADIUS) {
        0 => 0,
        radius => (radius >> shift).max(1) as usize,
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
    /// Samples between the passes; those of 8 bits have 8 bits of fraction, so that rounding does not add up.
    front: Vec<u16>,
    back: Vec<u16>,
    sums: Vec<u32>,
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
    pub fn apply(&mut self, rows: &mut [u8]) {
        if self.wide { self.blur::<[u8; 2]>(rows, 0) } else { self.blur::<u8>(rows, 8) }
    }

    fn blur<T: Sample>(&mut self, rows: &mut [u8], fraction: u32) {
        let samples = T::of_bytes_mut(rows);
        for (kept, sample) in self.front.iter_mut().zip(samples.iter()) {
            *kept = (sample.get() << fraction) as u16;
        }
        let width = self.area.width as usize;
        for _ in 0..PASSES {
            for (from, to) in self.front.chunks_exact(width).zip(self.back.chunks_exact_mut(width)) {
                blur_row(from, to, self.radius_x);
            }
            blur_columns(&self.back, &mut self.front, &mut self.sums, self.radius_y);
        }
        let half = (1u32 << fraction) >> 1;
        for (sample, blurred) in samples.iter_mut().zip(&self.front) {
            *sample = T::new((u32::from(*blurred) + half) >> fraction);
        }
    }
}

fn blur_row(from: &[u16], to: &mut [u16], radius: usize) {
    let last = from.len() - 1;
    let at = |index: usize| u32::from(from[index.min(last)]);
    let scale = scale(radius);
    let mut sum = at(0) * (radius as u32 + 1) + (1..=radius).map(at).sum::<u32>();
    for (x, out) in to.iter_mut().enumerate() {
        *out = mean(sum, scale);
        sum = sum + at(x + radius + 1) - at(x.saturating_sub(radius));
    }
}

fn blur_columns(from: &[u16], to: &mut [u16], sums: &mut [u32], radius: usize) {
    let width = sums.len();
    let last = from.len() / width - 1;
    let row = |y: usize| &from[y.min(last) * width..][..width];
    let scale = scale(radius);
    for (sum, first) in sums.iter_mut().zip(row(0)) {
        *sum = u32::from(*first) * (radius as u32 + 1);
    }
    for y in 1..=radius {
        for (sum, sample) in sums.iter_mut().zip(row(y)) {
            *sum += u32::from(*sample);
        }
    }
    for (y, out) in to.chunks_exact_mut(width).enumerate() {
        let (enters, leaves) = (row(y + radius + 1), row(y.saturating_sub(radius)));
        for (((out, sum), enters), leaves) in out.iter_mut().zip(sums.iter_mut()).zip(enters).zip(leaves) {
            *out = mean(*sum, scale);
            *sum = *sum + u32::from(*enters) - u32::from(*leaves);
        }
    }
}

fn scale(radius: usize) -> f32 {
    1.0 / (2 * radius + 1) as f32
}

/// In floating point, because it vectorises and a division of integers does not.
fn mean(sum: u32, scale: f32) -> u16 {
    (sum as f32 * scale + 0.5) as u16
}
