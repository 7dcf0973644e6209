//! Hides a region behind a mosaic.

use std::ops::Range;

use super::{Sample, of_planes};
use crate::{Rect, Setup};

/// A region that is cut into cells of its average colour. The cells start at the region's own edge, so they stand still.
#[derive(Debug, Clone)]
pub struct Mosaic {
    planes: Vec<MosaicPlane>,
}

impl Mosaic {
    /// A mosaic on a region, in luma samples, of the frames of a stream; the region is clipped to the frame. Cells are squares
    /// of about `cell` luma samples, stretched a little so that they divide the region evenly. An alpha plane stays as it is.
    pub fn new(area: Rect, cell: u32, setup: &Setup) -> Self {
        let planes = of_planes(area, setup, |plane, luma, area| {
            let (shift_x, shift_y) = setup.plane_shift(plane);
            MosaicPlane {
                plane,
                area,
                wide: setup.sample_bytes() == 2,
                columns: plane_edges(&edges(luma.x, luma.width, cell), shift_x, area.x, area.width),
                rows: plane_edges(&edges(luma.y, luma.height, cell), shift_y, area.y, area.height),
            }
        });
        Self { planes }
    }

    /// What it does to each plane; nothing for an empty region.
    pub fn planes(&self) -> &[MosaicPlane] {
        &self.planes
    }
}

/// What a [`Mosaic`] does to one plane.
#[derive(Debug, Clone)]
pub struct MosaicPlane {
    plane: u8,
    area: Rect,
    wide: bool,
    /// Edges of the cells from 0 to the area's width.
    columns: Vec<usize>,
    /// Edges of the cells from 0 to the area's height.
    rows: Vec<usize>,
}

impl MosaicPlane {
    /// Which plane of the frame.
    pub fn plane(&self) -> u8 {
        self.plane
    }

    /// The samples that it changes, in samples of this plane.
    pub fn area(&self) -> Rect {
        self.area
    }

    /// Replaces the packed rows of [`area`](Self::area) by cells.
    pub fn apply(&self, rows: &mut [u8]) {
        if self.wide { self.cells::<[u8; 2], 32>(rows) } else { self.cells::<u8, 64>(rows) }
    }

    fn cells<T: Column, const BLOCK: usize>(&self, rows: &mut [u8]) {
        let stride = self.area.width as usize;
        let samples = T::of_bytes_mut(rows);
        for band in self.rows.windows(2) {
            let &[top, bottom] = band else { continue };
            let Some(band) = samples.get_mut(top * stride..bottom * stride) else { return };
            self.first_row::<T, BLOCK>(band, bottom - top);
            // Twice as many rows each time: long copies are cheap, and calls of them are not.
            let mut done = stride;
            while done < band.len() {
                let (from, to) = band.split_at_mut(done);
                let length = to.len().min(done);
                to[..length].copy_from_slice(&from[..length]);
                done += length;
            }
        }
    }

    /// Makes the first row of a band of cells what all its rows are to be.
    fn first_row<T: Column, const BLOCK: usize>(&self, band: &mut [T], height: usize) {
        let stride = self.area.width as usize;
        let mut edges = self.columns.windows(2);
        let mut cell = edges.next();
        let mut sum = 0u64;
        for start in (0..stride).step_by(STRIPE) {
            let end = stride.min(start + STRIPE);
            let mut few = [T::Product::default(); STRIPE];
            // Only of bands that are too high for the few bits.
            let mut columns = Vec::new();
            // Columns first and cells after: columns are long rows of equal work, and cells are not.
            for rows in band.chunks(T::ROWS * stride) {
                few.fill(T::Product::default());
                for row in rows.chunks_exact(stride) {
                    add::<T, BLOCK>(&mut few, &row[start..end]);
                }
                if height > T::ROWS {
                    columns.resize(STRIPE, 0);
                    for (column, few) in columns.iter_mut().zip(few) {
                        *column += few.into();
                    }
                }
            }
            let mut at = start;
            while let Some(&[left, right]) = cell
                && at < end
            {
                let to = right.min(end);
                let part = at - start..to - start;
                sum += if columns.is_empty() { T::total(&few[part]) } else { columns[part].iter().sum() };
                at = to;
                if to == right {
                    let count = ((right - left) * height).max(1) as u64;
                    let mean = T::new(u32::try_from((sum + count / 2) / count).unwrap_or(u32::MAX));
                    fill(&mut band[..end], left..right, mean);
                    (sum, cell) = (0, edges.next());
                }
            }
        }
    }
}

/// Columns that are summed up together. Their sums lie on the stack.
const STRIPE: usize = 512;

/// Samples that can be summed up in few bits.
trait Column: Sample<Product: Default + Into<u64>> {
    /// As many of the largest samples fit into a sum.
    const ROWS: usize;
    /// Adds one sample to a sum.
    fn add(self, sum: &mut Self::Product);
    /// The total of at most [`STRIPE`] sums.
    fn total(sums: &[Self::Product]) -> u64;
}

impl Column for u8 {
    const ROWS: usize = 257;

    #[inline(always)]
    fn add(self, sum: &mut u16) {
        *sum = sum.wrapping_add(u16::from(self));
    }

    #[inline(always)]
    fn total(sums: &[u16]) -> u64 {
        u64::from(sums.iter().map(|sum| u32::from(*sum)).sum::<u32>())
    }
}

impl Column for [u8; 2] {
    const ROWS: usize = 65_537;

    #[inline(always)]
    fn add(self, sum: &mut u32) {
        *sum = sum.wrapping_add(self.get());
    }

    #[inline(always)]
    fn total(sums: &[u32]) -> u64 {
        sums.iter().map(|sum| u64::from(*sum)).sum()
    }
}

/// Fills a cell's part of a row. In whole blocks, because in a component filling a few bytes is a call of the host. What a block has
/// beyond the cell belongs to the next ones, which are filled after it and whose sums are known.
fn fill<T: Column>(row: &mut [T], cell: Range<usize>, mean: T) {
    for at in cell.clone().step_by(16) {
        match row[at..].first_chunk_mut::<16>() {
            Some(block) => *block = [mean; 16],
            None => row[at..cell.end].fill(mean),
        }
    }
}

/// Adds a row to the sums of its columns, in blocks and as a function of its own for the reasons of the one that blends.
#[inline(never)]
fn add<T: Column, const BLOCK: usize>(sums: &mut [T::Product], row: &[T]) {
    let (samples, samples_rest) = row.as_chunks::<BLOCK>();
    let (sums, sums_rest) = sums[..row.len()].as_chunks_mut::<BLOCK>();
    for (sums, samples) in sums.iter_mut().zip(samples) {
        for at in 0..BLOCK {
            samples[at].add(&mut sums[at]);
        }
    }
    for (sum, sample) in sums_rest.iter_mut().zip(samples_rest) {
        sample.add(sum);
    }
}

/// The edges of evenly divided cells along one side, in luma samples of the frame. All inner ones are even where the cells allow
/// it, so that the cells of luma and of subsampled chroma coincide.
fn edges(start: u32, length: u32, cell: u32) -> Vec<u32> {
    let cell = cell.max(1);
    let count = ((length + cell / 2) / cell).max(1);
    let even = length / count >= 4;
    (0..=count)
        .map(|index| {
            let along = u64::from(length) * u64::from(index) / u64::from(count);
            let edge = start.saturating_add(u32::try_from(along).unwrap_or(length));
            if even && index != 0 && index != count { edge & !1 } else { edge }
        })
        .collect()
}

/// The same edges in samples of a plane, counted from its area's edge, without cells that hold no sample.
fn plane_edges(edges: &[u32], shift: u8, start: u32, length: u32) -> Vec<usize> {
    let last = edges.len().saturating_sub(1);
    let mut inside: Vec<usize> = edges
        .iter()
        .enumerate()
        .map(|(index, edge)| match index {
            0 => 0,
            index if index == last => length as usize,
            _ => edge.div_ceil(1 << shift).saturating_sub(start).min(length) as usize,
        })
        .collect();
    inside.dedup();
    inside
}
