//! Fills a region from the samples around it.

use super::Sample;
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
        let area = area.intersection(setup.area());
        if area.is_empty() {
            return Self { planes: Vec::new() };
        }
        let planes = (0..3)
            .map(|plane| {
                let (shift_x, shift_y) = setup.plane_shift(plane);
                let area = setup.plane_area(plane, area);
                let (width, height) = setup.plane_size(plane);
                let (right, bottom) = (area.x + area.width, area.y + area.height);
                InterpolatePlane {
                    plane,
                    area,
                    borders: [
                        (area.x > 0).then(|| Rect::new(area.x.saturating_sub(1), area.y, 1, area.height)),
                        (right < width).then(|| Rect::new(right, area.y, 1, area.height)),
                        (area.y > 0).then(|| Rect::new(area.x, area.y.saturating_sub(1), area.width, 1)),
                        (bottom < height).then(|| Rect::new(area.x, bottom, area.width, 1)),
                    ],
                    wide: setup.sample_bytes() == 2,
                    radius_x: (radius >> shift_x) as usize,
                    radius_y: (radius >> shift_y) as usize,
                }
            })
            .collect();
        Self { planes }
    }

    /// What it does to each plane; nothing for an empty region.
    pub fn planes(&self) -> &[InterpolatePlane] {
        &self.planes
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
    pub fn apply(&self, rows: &mut [u8], borders: &[Vec<u8>; 4]) {
        if self.wide { self.fill::<[u8; 2]>(rows, borders) } else { self.fill::<u8>(rows, borders) }
    }

    fn fill<T: Sample>(&self, rows: &mut [u8], borders: &[Vec<u8>; 4]) {
        let (width, height) = (self.area.width as usize, self.area.height as usize);
        let samples = T::of_bytes_mut(rows);
        if self.borders.iter().all(Option::is_none) {
            let sum: u64 = samples.iter().map(|sample| u64::from(sample.get())).sum();
            let count = samples.len().max(1) as u64;
            samples.fill(T::new(u32::try_from((sum + count / 2) / count).unwrap_or(u32::MAX)));
            return;
        }
        let [left, right, top, bottom] = borders;
        let (left, right) = (edge::<T>(left, height, self.radius_y), edge::<T>(right, height, self.radius_y));
        let (top, bottom) = (edge::<T>(top, width, self.radius_x), edge::<T>(bottom, width, self.radius_x));
        let [from_left, from_right] = weights(width, [self.borders[0], self.borders[1]]);
        let [from_top, from_bottom] = weights(height, [self.borders[2], self.borders[3]]);
        for (y, row) in samples.chunks_exact_mut(width).enumerate() {
            for (x, sample) in row.iter_mut().enumerate() {
                let weight = from_left[x] + from_right[x] + from_top[y] + from_bottom[y];
                let sum = left[y] * from_left[x]
                    + right[y] * from_right[x]
                    + top[x] * from_top[y]
                    + bottom[x] * from_bottom[y];
                *sample = T::new((sum / weight + 0.5) as u32);
            }
        }
    }
}

/// The samples of one edge, each the mean of its neighbours. The window is symmetric even near the ends, which leaves a ramp
/// as it is. Zeros where there is no edge; they have no weight.
fn edge<T: Sample>(bytes: &[u8], length: usize, radius: usize) -> Vec<f32> {
    let samples = T::of_bytes(bytes);
    if samples.len() != length {
        return vec![0.0; length];
    }
    let mut sums = vec![0u64];
    for sample in samples {
        sums.push(sums[sums.len() - 1] + u64::from(sample.get()));
    }
    (0..length)
        .map(|at| {
            let reach = radius.min(at).min(length - 1 - at);
            (sums[at + reach + 1] - sums[at - reach]) as f32 / (2 * reach + 1) as f32
        })
        .collect()
}

/// The inverse distances of samples along one side from its first and its last border.
fn weights(length: usize, borders: [Option<Rect>; 2]) -> [Vec<f32>; 2] {
    let inverse = |exists: bool, distance: usize| if exists { 1.0 / distance as f32 } else { 0.0 };
    [
        (0..length).map(|at| inverse(borders[0].is_some(), at + 1)).collect(),
        (0..length).map(|at| inverse(borders[1].is_some(), length - at)).collect(),
    ]
}
