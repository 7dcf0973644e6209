//! Fills a region from the samples around it.

use super::{Sample, of_planes};
use crate::{Rect, Setup};

/// Bits after the point of a share, from 0 to 1.
const SHARE_BITS: u32 = 15;
/// Bits of a sample on the way: 16 for a sample and what of a mean is after its point, so that with a share they fit 31 bits.
const FINE_BITS: u32 = 16;
/// The weight of a sample beside its border. The sum of four, and of two more, fits 31 bits.
const WEIGHT: u32 = 1 << 28;
/// Samples to each side over which an edge is averaged at most: the sum of as many, with [`FINE_BITS`], fits 32 bits.
const LONGEST_REACH: usize = (1 << 15) - 1;

/// A region that is filled from the samples just outside of its four edges, each weighted by the inverse of its distance. An edge
/// that is the frame's own has no such samples and no weight; a region that is the whole frame becomes its mean colour.
#[derive(Debug, Clone)]
pub struct Interpolate {
    planes: Vec<InterpolatePlane>,
}

impl Interpolate {
    /// A fill of a region, in luma samples, of the frames of a stream; the region is clipped to the frame. The samples around it
    /// are first averaged along their edge over `radius` luma samples to each side, fewer near a corner, so that
    /// noise does not become streaks. An alpha plane stays as it is.
    pub fn new(area: Rect, radius: u32, setup: &Setup) -> Self {
        let planes = of_planes(area, setup, |plane, _, area| {
            let (shift_x, shift_y) = setup.plane_shift(plane);
            let (width, height) = setup.plane_size(plane);
            let (right, bottom) = (area.x + area.width, area.y + area.height);
            let borders = [
                (area.x > 0).then(|| Rect::new(area.x.saturating_sub(1), area.y, 1, area.height)),
                (right < width).then(|| Rect::new(right, area.y, 1, area.height)),
                (area.y > 0).then(|| Rect::new(area.x, area.y.saturating_sub(1), area.width, 1)),
                (bottom < height).then(|| Rect::new(area.x, bottom, area.width, 1)),
            ];
            let (wide, high) = (area.width as usize, area.height as usize);
            let [left, right, top, bottom] = borders.map(|border| border.is_some());
            InterpolatePlane {
                plane,
                area,
                borders,
                wide: setup.sample_bytes() == 2,
                finer: FINE_BITS.saturating_sub(u32::from(setup.bit_depth())),
                radius_x: (radius >> shift_x) as usize,
                radius_y: (radius >> shift_y) as usize,
                columns: Sides::new(wide, [left, right]),
                rows: Sides::new(high, [top, bottom]),
                edges: [high, high, wide, wide].map(|length| vec![0; length]),
                sums: Vec::with_capacity(wide.max(high) + 1),
                down: vec![0; wide],
                down_steps: vec![0; wide],
            }
        });
        Self { planes }
    }

    /// What it does to each plane; nothing for an empty region.
    pub fn planes_mut(&mut self) -> &mut [InterpolatePlane] {
        &mut self.planes
    }
}

/// What an [`Interpolate`] does to one plane.
#[derive(Debug, Clone)]
pub struct InterpolatePlane {
    plane: u8,
    area: Rect,
    borders: [Option<Rect>; 4],
    wide: bool,
    /// Bits by which a sample is shifted to have [`FINE_BITS`].
    finer: u32,
    radius_x: usize,
    radius_y: usize,
    /// The left and the right border, to each column.
    columns: Sides,
    /// The top and the bottom border, to each row.
    rows: Sides,
    /// What the borders are once they are averaged, in their order, with [`FINE_BITS`].
    edges: [Vec<i32>; 4],
    /// The sums of the samples of an edge up to each of them.
    sums: Vec<u32>,
    /// What the top and the bottom border mean to the row that is filled, and what they mean more to the next.
    down: Vec<i32>,
    down_steps: Vec<i32>,
}

impl InterpolatePlane {
    /// Which plane of the frame.
    pub fn plane(&self) -> u8 {
        self.plane
    }

    /// The samples that it changes, in samples of this plane.
    pub fn area(&self) -> Rect {
        self.area
    }

    /// The samples that it needs: left, right, above and below of [`area`](Self::area), where the frame has any.
    pub fn borders(&self) -> [Option<Rect>; 4] {
        self.borders
    }

    /// Fills the packed rows of [`area`](Self::area). `borders` are the samples of [`borders`](Self::borders), empty where
    /// there are none.
    pub fn apply(&mut self, rows: &mut [u8], borders: &[Vec<u8>; 4]) {
        if self.wide { self.fill::<[u8; 2]>(rows, borders) } else { self.fill::<u8>(rows, borders) }
    }

    fn fill<T: Sample>(&mut self, rows: &mut [u8], borders: &[Vec<u8>; 4]) {
        let width = self.area.width as usize;
        let samples = T::of_bytes_mut(rows);
        if self.borders.iter().all(Option::is_none) {
            let sum: u64 = samples.iter().map(|sample| u64::from(sample.get())).sum();
            let count = samples.len().max(1) as u64;
            samples.fill(T::new(u32::try_from((sum + count / 2) / count).unwrap_or(u32::MAX)));
            return;
        }
        let radii = [self.radius_y, self.radius_y, self.radius_x, self.radius_x];
        for ((edge, bytes), radius) in self.edges.iter_mut().zip(borders).zip(radii) {
            average::<T>(bytes, edge, &mut self.sums, radius, self.finer);
        }
        let [left, right, top, bottom] = &self.edges;
        let ends = top.iter().zip(bottom);
        for ((at, step), (top, bottom)) in self.down.iter_mut().zip(&mut self.down_steps).zip(ends) {
            (*at, *step) = self.rows.line(*top, *bottom);
        }
        // With the bits of a share, and half of what the shift takes, so that it rounds to nearest.
        let (bits, half) = (SHARE_BITS + self.finer, 1 << (SHARE_BITS + self.finer - 1));
        let rows = samples.chunks_exact_mut(width).zip(left.iter().zip(right)).zip(&self.rows.weights);
        for ((row, (left, right)), row_weight) in rows {
            // Slices of one length that are walked together, and whole numbers: nothing stands in the loop that keeps it from vectors
            // or makes them slow in a component, as floats do, whose results must be the same on every machine.
            let (mut across, across_step) = self.columns.line(*left, *right);
            let columns = row.iter_mut().zip(&mut self.down).zip(&self.down_steps).zip(&self.columns.weights);
            for (((sample, down), down_step), column_weight) in columns {
                across = across.wrapping_add(across_step);
                *down = down.wrapping_add(*down_step);
                let apart = (*down >> SHARE_BITS) - (across >> SHARE_BITS);
                let more = apart.wrapping_mul(share(*row_weight, *column_weight));
                *sample = T::new((across.wrapping_add(more).wrapping_add(half) >> bits) as u32);
            }
        }
    }
}

/// The two borders of one direction, left and right or top and bottom, as the samples along it see them.
#[derive(Debug, Clone)]
struct Sides {
    exist: [bool; 2],
    /// The sum of the inverse distances from those that exist, in parts of [`WEIGHT`].
    weights: Vec<i32>,
}

impl Sides {
    fn new(length: usize, exist: [bool; 2]) -> Self {
        let inverse = |exists: bool, distance: usize| if exists { f64::from(WEIGHT) / distance as f64 } else { 0.0 };
        // Rounded up, so that a border has a weight however far away it is.
        let weight = |at: usize| (inverse(exist[0], at + 1) + inverse(exist[1], length - at)).ceil() as i32;
        Self { exist, weights: (0..length).map(weight).collect() }
    }

    /// What borders of these values mean to the samples between them, which is a line if they are weighted by the inverse distances: where it
    /// begins, before the first sample, and what each has more than the one before, with [`SHARE_BITS`] after the point.
    fn line(&self, first: i32, second: i32) -> (i32, i32) {
        let steps = i32::try_from(self.weights.len()).unwrap_or(i32::MAX).saturating_add(1);
        match self.exist {
            [true, true] => {
                let apart = (second - first) << SHARE_BITS;
                (first << SHARE_BITS, apart.saturating_add(apart.signum() * (steps / 2)) / steps)
            }
            [true, false] => (first << SHARE_BITS, 0),
            _ => (second << SHARE_BITS, 0),
        }
    }
}

/// The share of `first` in the sum of two weights, which is not 0, with [`SHARE_BITS`].
///
/// Only the division is one of floats: the quotient, 1 and the share, has its 23 bits after the point as it stands.
#[inline(always)]
fn share(first: i32, second: i32) -> i32 {
    let sum = first.wrapping_add(second);
    let quotient = sum.wrapping_add(first) as f32 / sum as f32;
    let bits = quotient.to_bits().wrapping_sub(1f32.to_bits()) as i32;
    (bits + (1 << (22 - SHARE_BITS))) >> (23 - SHARE_BITS)
}

/// The samples of one edge, each the mean of its neighbours, shifted by `finer` bits. The window is symmetric even near the ends, which leaves a ramp
/// as it is. Zeros where there is no edge; they have no weight.
fn average<T: Sample>(bytes: &[u8], edge: &mut [i32], sums: &mut Vec<u32>, radius: usize, finer: u32) {
    let samples = T::of_bytes(bytes);
    if samples.len() != edge.len() {
        edge.fill(0);
        return;
    }
    // Two bytes may say more than the format's bits hold. A sum wraps; the difference of two is right, because it fits.
    let largest = ((1 << FINE_BITS) - 1) >> finer;
    let mut sum = 0u32;
    sums.clear();
    sums.push(0);
    sums.extend(samples.iter().map(|sample| {
        sum = sum.wrapping_add(sample.get().min(largest));
        sum
    }));
    let last = edge.len().saturating_sub(1);
    for (at, mean) in edge.iter_mut().enumerate() {
        let reach = radius.min(LONGEST_REACH).min(at).min(last - at);
        let count = 2 * reach as u32 + 1;
        let sum = sums[at + reach + 1].wrapping_sub(sums[at - reach]) << finer;
        *mean = (sum.saturating_add(count / 2) / count) as i32;
    }
}
