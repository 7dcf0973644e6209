//! What a drawn picture should look like, in floating point and by the definitions: Lanczos, the formulas of ITU-T H.273, and the box
//! that a chroma sample stands for. Shares nothing with the plugins.

use std::f64::consts::PI;
use std::path::Path;
use std::process::Command;

use crate::pictures::Area;
use crate::samples::{Format, Planar};

/// A picture with alpha: premultiplied red, green, blue, and alpha, each from 0 to 1.
pub struct Layer {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    pixels: Vec<[f64; 4]>,
}

impl Layer {
    /// A picture of a file, whose size is known.
    pub fn of_file(file: &Path, width: usize, height: usize) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-v", "error", "-i"]).arg(file);
        let bytes = command.args(["-pix_fmt", "rgba", "-f", "rawvideo", "-"]).output().unwrap().stdout;
        assert_eq!(bytes.len(), 4 * width * height, "{}", file.display());
        let straight = bytes.as_chunks::<4>().0.iter().map(|pixel| pixel.map(|value| f64::from(value) / 255.0));
        let pixels = straight.map(|[red, green, blue, alpha]| [red * alpha, green * alpha, blue * alpha, alpha]);
        Self { width, height, pixels: pixels.collect() }
    }

    /// Scaled by a Lanczos filter of three lobes.
    pub fn scaled(&self, width: usize, height: usize) -> Self {
        if (width, height) == (self.width, self.height) {
            return Self { width, height, pixels: self.pixels.clone() };
        }
        let (columns, rows) = (lanczos(self.width, width), lanczos(self.height, height));
        let mut pixels = Vec::with_capacity(width * height);
        for row in &rows {
            for column in &columns {
                let mut sum = [0.0; 4];
                for (y, down) in row {
                    for (x, across) in column {
                        let pixel = self.pixels[y * self.width + x];
                        sum = [0, 1, 2, 3].map(|channel: usize| sum[channel] + pixel[channel] * across * down);
                    }
                }
                let alpha = sum[3].clamp(0.0, 1.0);
                pixels.push(sum.map(|value| value.clamp(0.0, alpha)));
            }
        }
        Self { width, height, pixels }
    }

    fn pixel(&self, x: i64, y: i64) -> [f64; 4] {
        match (usize::try_from(x), usize::try_from(y)) {
            (Ok(x), Ok(y)) if x < self.width && y < self.height => self.pixels[y * self.width + x],
            _ => [0.0; 4],
        }
    }

    /// The part of the frame in which something is seen, where its top left pixel lies at `at`: alpha of at least half a step of 8 bits.
    pub fn visible(&self, at: (i64, i64), frame: &Planar) -> Area {
        let places = (0..frame.height).flat_map(|y| (0..frame.width).map(move |x| (x, y)));
        let seen = |x: usize, y: usize| self.pixel(x as i64 - at.0, y as i64 - at.1)[3] >= 0.5 / 255.0;
        let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
        for (x, y) in places.filter(|(x, y)| seen(*x, *y)) {
            (left, right) = (left.min(x), right.max(x + 1));
            (top, bottom) = (top.min(y), bottom.max(y + 1));
        }
        (left, top, right - left, bottom - top)
    }

    /// What one sample of a frame (BT.709, limited range) becomes when this picture is laid over it. Chroma lies at `place` within its
    /// block of luma samples. `visible` is that of [`visible`](Self::visible): what is outside of its blocks is not drawn on.
    pub fn over(
        &self,
        frame: &Planar,
        at: (i64, i64),
        visible: Area,
        place: (f64, f64),
        (plane, x, y): (usize, usize, usize),
    ) -> f64 {
        let Format { alpha: has_alpha, bits, .. } = frame.format;
        let (shift_x, shift_y) = frame.format.plane_shift(plane);
        let place = if plane == 1 || plane == 2 { place } else { (0.0, 0.0) };
        let columns = shares(x, shift_x, place.0, (visible.0, visible.2), frame.width);
        let rows = shares(y, shift_y, place.1, (visible.1, visible.3), frame.height);
        let (mut alpha, mut colour, mut under) = (0.0, 0.0, 0.0);
        for (row, height) in &rows {
            for (column, width) in &columns {
                let share = width * height;
                let pixel = self.pixel(*column as i64 - at.0, *row as i64 - at.1);
                alpha += share * pixel[3];
                colour += share * if plane == 3 { 255.0 * pixel[3] } else { bt709(pixel)[plane] };
                let backdrop = has_alpha && plane != 3;
                under += share * if backdrop { frame.sample(3, *column, *row) / frame.format.max() } else { 1.0 };
            }
        }
        let old = frame.sample(plane, x, y);
        let colour = colour * f64::from(1u32 << (bits - 8));
        (old * under * (1.0 - alpha) + colour) / (alpha + under * (1.0 - alpha))
    }
}

/// For each pixel of the result the pixels of the source with their weights.
fn lanczos(from: usize, to: usize) -> Vec<Vec<(usize, f64)>> {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
    let ratio = from as f64 / to as f64;
    let stretch = ratio.max(1.0);
    let weights = |index: usize| {
        let distance = |tap: usize| (tap as f64 + 0.5 - (index as f64 + 0.5) * ratio) / stretch;
        let near = (0..from).filter(|tap| distance(*tap).abs() < 3.0);
        let all: Vec<_> = near.map(|tap| (tap, sinc(distance(tap)) * sinc(distance(tap) / 3.0))).collect();
        let sum: f64 = all.iter().map(|(_, weight)| weight).sum();
        all.into_iter().map(|(tap, weight)| (tap, weight / sum)).collect()
    };
    (0..to).map(weights).collect()
}

/// Y, Cb and Cr of 8 bits in limited range, times alpha.
fn bt709([red, green, blue, alpha]: [f64; 4]) -> [f64; 3] {
    let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let chroma = |difference: f64, range: f64| 224.0 * difference / range + 128.0 * alpha;
    [219.0 * luma + 16.0 * alpha, chroma(blue - luma, 1.8556), chroma(red - luma, 1.5748)]
}

/// Which luma samples a sample stands for: those that a box as large as its block, around its place, covers, by how much; without those
/// outside of the blocks that `visible` (start, length) touches.
fn shares(index: usize, shift: usize, place: f64, visible: (usize, usize), side: usize) -> Vec<(usize, f64)> {
    let block = 1 << shift;
    let (start, end) = (visible.0 / block * block, (visible.0 + visible.1).next_multiple_of(block).min(side));
    let centre = (index * block) as f64 + place;
    let covered = |at: usize| (block as f64 / 2.0 + 0.5 - (at as f64 - centre).abs()).clamp(0.0, 1.0);
    let all: Vec<_> = (start..end).map(|at| (at, covered(at))).filter(|(_, share)| *share > 0.0).collect();
    let sum: f64 = all.iter().map(|(_, share)| share).sum();
    all.into_iter().map(|(at, share)| (at, share / sum)).collect()
}
