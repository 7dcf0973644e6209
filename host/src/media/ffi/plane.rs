//! The rows of one plane of a picture. Decoders may hand out pictures whose rows run upwards in memory (a negative line size),
//! which slices of the whole plane cannot express; rows can.

use std::marker::PhantomData;
use std::slice;

use ffmpeg_next::frame::Video;

/// Where the rows of a plane are.
#[derive(Clone, Copy)]
struct Layout {
    base: *mut u8,
    stride: isize,
    row_bytes: usize,
    rows: usize,
}

impl Layout {
    /// `None` where the frame does not hold that plane in that size.
    fn of(frame: &Video, plane: usize, row_bytes: usize, rows: usize) -> Option<Self> {
        // SAFETY: the pointer is only used below, while the frame is borrowed.
        let frame = unsafe { frame.as_ptr() };
        // SAFETY: a frame's pointer comes from av_frame_alloc and lives as long as the frame.
        let frame = unsafe { &*frame };
        let base = *frame.data.get(plane)?;
        let stride = isize::try_from(*frame.linesize.get(plane)?).ok()?;
        (!base.is_null() && stride.unsigned_abs() >= row_bytes).then_some(Self { base, stride, row_bytes, rows })
    }

    /// The first byte of `rows` rows from row `y`; panics outside the plane, which callers have checked.
    fn at(&self, y: usize, rows: usize) -> *mut u8 {
        assert!(y.checked_add(rows).is_some_and(|end| end <= self.rows) && rows > 0, "row {y} of {}", self.rows);
        // SAFETY: row y is inside the plane (asserted), and FFmpeg allocates `stride` bytes for each row of it.
        unsafe { self.base.offset(self.stride * y.cast_signed()) }
    }

    /// Whether rows follow each other without gaps.
    fn is_packed(&self) -> bool {
        self.stride.cast_unsigned() == self.row_bytes
    }
}

/// A plane that is read.
pub(in crate::media) struct Plane<'a> {
    layout: Layout,
    frame: PhantomData<&'a Video>,
}

impl<'a> Plane<'a> {
    /// A plane of `rows` rows with `row_bytes` bytes of samples each, which the caller knows from the frame's size and format.
    pub(in crate::media) fn of(frame: &'a Video, plane: usize, row_bytes: usize, rows: usize) -> Option<Self> {
        Layout::of(frame, plane, row_bytes, rows).map(|layout| Self { layout, frame: PhantomData })
    }

    /// The samples of one row.
    pub(in crate::media) fn row(&self, y: usize) -> &'a [u8] {
        let start = self.layout.at(y, 1);
        // SAFETY: a row holds at least row_bytes bytes (checked in `Layout::of`); nobody writes while the frame is borrowed.
        unsafe { slice::from_raw_parts(start, self.layout.row_bytes) }
    }

    /// Several rows at once, where they follow each other without gaps.
    pub(in crate::media) fn packed_rows(&self, y: usize, rows: usize) -> Option<&'a [u8]> {
        if !self.layout.is_packed() || rows == 0 {
            return None;
        }
        let start = self.layout.at(y, rows);
        // SAFETY: the rows are in the plane (asserted in `at`) and contiguous, for the line size equals the row's length.
        Some(unsafe { slice::from_raw_parts(start, self.layout.row_bytes * rows) })
    }
}

/// A plane that is written.
pub(in crate::media) struct PlaneMut<'a> {
    layout: Layout,
    frame: PhantomData<&'a mut Video>,
}

impl<'a> PlaneMut<'a> {
    /// As [`Plane::of`]. `None` also where the samples are shared with another frame.
    pub(in crate::media) fn of(frame: &'a mut Video, plane: usize, row_bytes: usize, rows: usize) -> Option<Self> {
        if !super::video::is_writable(frame) {
            return None;
        }
        Layout::of(frame, plane, row_bytes, rows).map(|layout| Self { layout, frame: PhantomData })
    }

    /// The samples of one row.
    pub(in crate::media) fn row(&mut self, y: usize) -> &mut [u8] {
        let start = self.layout.at(y, 1);
        // SAFETY: as in `Plane::row`; the frame is borrowed mutably and is the only owner of its buffers (checked in `of`).
        unsafe { slice::from_raw_parts_mut(start, self.layout.row_bytes) }
    }

    /// Several rows at once, where they follow each other without gaps.
    pub(in crate::media) fn packed_rows(&mut self, y: usize, rows: usize) -> Option<&mut [u8]> {
        if !self.layout.is_packed() || rows == 0 {
            return None;
        }
        let start = self.layout.at(y, rows);
        // SAFETY: as in `Plane::packed_rows` and `row`.
        Some(unsafe { slice::from_raw_parts_mut(start, self.layout.row_bytes * rows) })
    }
}
