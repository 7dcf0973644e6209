//! A frame in memory that traps where the host's does.

use std::ops::Range;

use super::{Region, with_host};
use crate::frame::samples_from_bytes;
use crate::outside::{FrameHandle, Samples};
use crate::{Frame, Rect, Setup};

/// The samples of a picture that is not the fake host's: of a program that runs filters natively. What traps in the real host has to panic.
pub trait Planes {
    /// As [`Frame::read`].
    fn read(&self, plane: u8, area: Rect) -> Vec<u8>;

    /// As [`Frame::write`].
    fn write(&mut self, plane: u8, area: Rect, data: &[u8]);
}

/// A frame in memory. A test fills it, runs a filter over it and looks at the samples.
#[derive(Debug, Clone, PartialEq)]
pub struct FakeFrame {
    setup: Setup,
    pub(super) memory: FrameMemory,
}

/// What changes from frame to frame, apart from the setup so that a [`Frame`] can borrow both.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FrameMemory {
    planes: Vec<Vec<u8>>,
    pub(crate) time: i64,
    pub(crate) duration: i64,
    pub(crate) index: u64,
    /// Whether a filter is at work, so that its declared regions bind.
    pub(super) guarded: bool,
}

impl FakeFrame {
    pub(super) fn black(setup: Setup) -> Self {
        let planes = (0..setup.planes())
            .map(|plane| {
                let (width, height) = setup.plane_size(plane);
                vec![0; width as usize * height as usize * setup.sample_bytes()]
            })
            .collect();
        let duration = setup.frame_rate.map_or(0, |rate| (1e9 / rate.as_f64()).round() as i64);
        let memory = FrameMemory { planes, time: 0, duration, index: 0, guarded: false };
        let mut frame = Self { setup, memory };
        let max = frame.setup.max_sample();
        frame.fill(0, if frame.setup.full_range { 0 } else { 16 * (max / 255) });
        for plane in [1, 2] {
            frame.fill(plane, max / 2 + 1);
        }
        if frame.setup.alpha {
            frame.fill(3, max);
        }
        frame
    }

    /// Sets when the frame is shown, in nanoseconds from the start of the output.
    #[must_use]
    pub fn at(mut self, time: i64) -> Self {
        self.memory.time = time;
        self
    }

    /// Sets the frame's number.
    #[must_use]
    pub fn numbered(mut self, index: u64) -> Self {
        self.memory.index = index;
        self
    }

    /// The picture.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Nanoseconds from the start of the output.
    pub fn time(&self) -> i64 {
        self.memory.time
    }

    /// What a filter gets.
    pub fn frame(&mut self) -> Frame<'_> {
        let samples = Samples::Own(&mut self.memory);
        Frame::new(FrameHandle { samples, setup: &self.setup }, &self.setup)
    }

    /// Makes all samples of a plane the same.
    #[track_caller]
    pub fn fill(&mut self, plane: u8, value: u16) {
        let (width, height) = checked_plane_size(&self.setup, plane);
        let data = self.bytes_of(value).repeat(width as usize * height as usize);
        self.memory.write(&self.setup, plane, Rect::new(0, 0, width, height), &data);
    }

    /// One sample.
    #[track_caller]
    pub fn sample(&self, plane: u8, x: u32, y: u32) -> u16 {
        self.samples_in(plane, Rect::new(x, y, 1, 1))[0]
    }

    /// Sets one sample.
    #[track_caller]
    pub fn set_sample(&mut self, plane: u8, x: u32, y: u32, value: u16) {
        let data = self.bytes_of(value);
        self.memory.write(&self.setup, plane, Rect::new(x, y, 1, 1), &data);
    }

    /// All samples of a plane, row by row.
    #[track_caller]
    pub fn samples(&self, plane: u8) -> Vec<u16> {
        let (width, height) = checked_plane_size(&self.setup, plane);
        self.samples_in(plane, Rect::new(0, 0, width, height))
    }

    #[track_caller]
    fn samples_in(&self, plane: u8, area: Rect) -> Vec<u16> {
        samples_from_bytes(&self.memory.read(&self.setup, plane, area), self.setup.sample_bytes())
    }

    fn bytes_of(&self, value: u16) -> Vec<u8> {
        let value = value.min(self.setup.max_sample()).to_le_bytes();
        value[..self.setup.sample_bytes()].to_vec()
    }
}

impl FrameMemory {
    #[track_caller]
    pub(crate) fn read(&self, setup: &Setup, plane: u8, area: Rect) -> Vec<u8> {
        check(setup, plane, area);
        rows(setup, plane, area).flat_map(|row| &self.planes[usize::from(plane)][row]).copied().collect()
    }

    #[track_caller]
    pub(crate) fn write(&mut self, setup: &Setup, plane: u8, area: Rect, data: &[u8]) {
        check(setup, plane, area);
        let expected = area.area() as usize * setup.sample_bytes();
        let found = data.len();
        assert!(found == expected, "{MISUSE}: {found} bytes were given for a rectangle of {expected} bytes");
        if self.guarded && !area.is_empty() {
            let regions = with_host(|host| host.regions.clone());
            assert!(
                regions.is_empty() || allowed(&regions, setup.plane_shift(plane), self.time, area),
                "it wrote {}x{} samples at ({}, {}) of plane {plane}, outside of all regions that it declared for this time",
                area.width,
                area.height,
                area.x,
                area.y
            );
        }
        if found == 0 {
            return;
        }
        let row_bytes = area.width as usize * setup.sample_bytes();
        for (row, data) in rows(setup, plane, area).zip(data.chunks_exact(row_bytes)) {
            self.planes[usize::from(plane)][row].copy_from_slice(data);
        }
    }
}

/// How the host begins to say that a rectangle, a plane or data does not fit.
const MISUSE: &str = "it asked for samples that do not exist";

#[track_caller]
fn checked_plane_size(setup: &Setup, plane: u8) -> (u32, u32) {
    let planes = setup.planes();
    assert!(plane < planes, "{MISUSE}: plane {plane} does not exist: the picture has planes 0 to {}", planes - 1);
    setup.plane_size(plane)
}

#[track_caller]
fn check(setup: &Setup, plane: u8, area: Rect) {
    let (width, height) = checked_plane_size(setup, plane);
    assert!(
        area.fits(width, height),
        "{MISUSE}: the rectangle {area} leaves plane {plane} of {width}x{height} samples"
    );
}

/// Whether the regions that are active at this time, rounded outwards to samples of the plane, together cover the area.
fn allowed(regions: &[Region], (x, y): (u8, u8), time: i64, area: Rect) -> bool {
    let active: Vec<Rect> =
        regions.iter().filter(|region| region.is_active(time)).map(|region| region.area.subsampled(x, y)).collect();
    let covers = |row: u32, column: u32| active.iter().any(|region| region.contains(Rect::new(column, row, 1, 1)));
    active.iter().any(|region| region.contains(area))
        || (area.y..area.y + area.height).all(|row| (area.x..area.x + area.width).all(|column| covers(row, column)))
}

/// Where the rows of a rectangle stand in the plane's bytes.
fn rows(setup: &Setup, plane: u8, area: Rect) -> impl Iterator<Item = Range<usize>> + use<> {
    let stride = setup.plane_size(plane).0 as usize;
    let bytes = setup.sample_bytes();
    (area.y..area.y + area.height).map(move |y| {
        let start = (y as usize * stride + area.x as usize) * bytes;
        start..start + area.width as usize * bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chroma, picture};

    #[test]
    fn rectangles_move_without_padding() {
        let mut fake = picture(7, 5).chroma(Chroma::C420).frame();
        fake.frame().write(1, Rect::new(2, 1, 2, 2), &[1, 2, 3, 4]);
        assert_eq!(fake.samples(1), [128, 128, 128, 128, 128, 128, 1, 2, 128, 128, 3, 4]);
        assert_eq!(fake.sample(0, 6, 4), 16);
        assert!(fake.frame().read(0, Rect::new(7, 5, 0, 0)).is_empty());
    }

    #[test]
    #[should_panic(
        expected = "it asked for samples that do not exist: the rectangle 2x1 at (6, 0) leaves plane 0 of 7x5 samples"
    )]
    fn reading_over_the_edge_traps() {
        picture(7, 5).frame().frame().read(0, Rect::new(6, 0, 2, 1));
    }

    #[test]
    #[should_panic(expected = "it asked for samples that do not exist: the rectangle")]
    fn hostile_rectangles_do_not_overflow() {
        picture(7, 5).frame().frame().read(0, Rect::new(u32::MAX, 0, u32::MAX, 1));
    }

    #[test]
    #[should_panic(expected = "plane 3 does not exist: the picture has planes 0 to 2")]
    fn a_missing_plane_traps() {
        picture(7, 5).frame().frame().read(3, Rect::new(0, 0, 1, 1));
    }

    #[test]
    fn active_regions_may_cover_a_write_together() {
        let region = |area, start, end| Region { area, start, end: Some(end) };
        let regions = [region(Rect::new(0, 0, 4, 4), 0, 10), region(Rect::new(4, 0, 4, 4), 5, 10)];
        let across = Rect::new(2, 1, 4, 2);
        assert!(allowed(&regions, (0, 0), 5, across));
        assert!(!allowed(&regions, (0, 0), 4, across));
        assert!(allowed(&regions, (1, 1), 9, Rect::new(0, 0, 4, 2)));
        assert!(!allowed(&regions, (1, 1), 9, Rect::new(0, 0, 4, 3)));
    }

    #[test]
    #[should_panic(expected = "3 bytes were given for a rectangle of 4 bytes")]
    fn data_of_the_wrong_length_traps() {
        picture(7, 5).frame().frame().write(0, Rect::new(0, 0, 2, 2), &[0; 3]);
    }
}
