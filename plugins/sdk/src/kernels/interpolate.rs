//! Fills a region from the samples around it.

use super::{Sample, of_planes};
use crate::{Rect, Setup};

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
            let ([left, right], [top, bottom]) = (weights(wide, [left, right]), weights(high, [top, bottom]));
            InterpolatePlane {
                plane,
                area,
                borders,
                wide: setup.sample_bytes() == 2,
                radius_x: (radius >> shift_x) as usize,
                radius_y: (radius >> shift_y) as usize,
                weights: [left, right, top, bottom],
                edges: [high, high, wide, wide].map(|length| vec![0.0; length]),
                sums: Vec::with_capacity(wide.max(high) + 1),
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
    radius_x: usize,
    radius_y: usize,
    /// Of the samples of a row from the left and the right border, of a column from the top and the bottom one.
    weights: [Vec<f32>; 4],
    /// What the borders are once they are averaged, in their order.
    edges: [Vec<f32>; 4],
    sums: Vec<u64>,
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
            average::<T>(bytes, edge, &mut self.sums, radius);
        }
        let [left, right, top, bottom] = &self.edges;
        let [from_left, from_right, from_top, from_bottom] = &self.weights;
        let rows = samples.chunks_exact_mut(width).zip(left).zip(right).zip(from_top).zip(from_bottom);
        for ((((row, left), right), from_top), from_bottom) in rows {
            // Slices of one length that are walked together: nothing stands in the loop that keeps it from vectors.
            let columns = row.iter_mut().zip(from_left).zip(from_right).zip(top).zip(bottom);
            for ((((sample, from_left), from_right), top), bottom) in columns {
                let weight = from_left + from_right + from_top + from_bottom;
                let sum = left * from_left + right * from_right + top * from_top + bottom * from_bottom;
                *sample = T::rounded(sum / weight);
            }
        }
    }
}

/// The samples of one edge, each the mean of its neighbours. The window is symmetric even near the ends, which leaves a ramp
/// as it is. Zeros where there is no edge; they have no weight.
fn average<T: Sample>(bytes: &[u8], edge: &mut [f32], sums: &mut Vec<u64>, radius: usize) {
    let samples = T::of_bytes(bytes);
    if samples.len() != edge.len() {
        edge.fill(0.0);
        return;
    }
    sums.clear();
    sums.push(0);
    let mut sum = 0;
    for sample in samples {
        sum += u64::from(sample.get());
        sums.push(sum);
    }
    let last = edge.len().saturating_sub(1);
    for (at, mean) in edge.iter_mut().enumerate() {
        let reach = radius.min(at).min(last - at);
        *mean = (sums[at + reach + 1] - sums[at - reach]) as f32 / (2 * reach + 1) as f32;
    }
}

/// The inverse distances of samples along one side from its first and its last border, where these exist.
fn weights(length: usize, exist: [bool; 2]) -> [Vec<f32>; 2] {
    let inverse = |exists: bool, distance: usize| if exists { 1.0 / distance as f32 } else { 0.0 };
    [
        (0..length).map(|at| inverse(exist[0], at + 1)).collect(),
        (0..length).map(|at| inverse(exist[1], length - at)).collect(),
    ]
}
