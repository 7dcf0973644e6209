//! One picture in the host, and the rectangles of it that a plugin moves.

use std::fmt;

use crate::outside::FrameHandle;
use crate::{Rect, Setup};

/// One picture, valid during one call of [`VideoFilter::process`](crate::VideoFilter::process).
///
/// Rows are packed: no padding between them. Samples of up to 8 bits are bytes, of more bits little-endian u16 with the
/// value in the low bits. A rectangle that is not wholly inside its plane, a plane that does not exist and data of the
/// wrong length are bugs of the plugin: they trap, and natively they panic.
pub struct Frame<'a> {
    handle: FrameHandle<'a>,
    setup: &'a Setup,
}

impl<'a> Frame<'a> {
    pub(crate) fn new(handle: FrameHandle<'a>, setup: &'a Setup) -> Self {
        Self { handle, setup }
    }

    /// The picture that all frames of the stream have.
    pub fn setup(&self) -> &'a Setup {
        self.setup
    }

    /// When the frame is shown: nanoseconds from the start of the output.
    pub fn time(&self) -> i64 {
        self.handle.time()
    }

    /// For how long, in nanoseconds; 0 where unknown.
    pub fn duration(&self) -> i64 {
        self.handle.duration()
    }

    /// Number of the frame, counted from 0 at the filter's input.
    pub fn index(&self) -> u64 {
        self.handle.index()
    }

    /// A copy of the rectangle's samples, row by row: `width * height * setup.sample_bytes()` bytes.
    pub fn read(&self, plane: u8, area: Rect) -> Vec<u8> {
        self.handle.read(plane, area)
    }

    /// Replaces the rectangle's samples.
    pub fn write(&mut self, plane: u8, area: Rect, data: &[u8]) {
        self.handle.write(plane, area, data);
    }

    /// The rectangle's samples as numbers, whatever the bit depth. Twice the memory of [`Frame::read`] at 8 bit.
    pub fn read_samples(&self, plane: u8, area: Rect) -> Vec<u16> {
        samples_from_bytes(&self.read(plane, area), self.setup.sample_bytes())
    }

    /// Replaces the rectangle's samples by numbers, whatever the bit depth. A number over [`Setup::max_sample`] is written
    /// as that.
    pub fn write_samples(&mut self, plane: u8, area: Rect, samples: &[u16]) {
        self.write(plane, area, &bytes_from_samples(samples, self.setup));
    }

    /// Reads a rectangle, lets `change` rework the samples and writes them back. `change` gets the samples row by row and
    /// must keep their number.
    pub fn edit_samples(&mut self, plane: u8, area: Rect, change: impl FnOnce(&mut [u16])) {
        let mut samples = self.read_samples(plane, area);
        change(&mut samples);
        self.write_samples(plane, area, &samples);
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("time", &self.time()).field("index", &self.index()).finish_non_exhaustive()
    }
}

pub(crate) fn samples_from_bytes(bytes: &[u8], sample_bytes: usize) -> Vec<u16> {
    if sample_bytes == 1 {
        bytes.iter().map(|&byte| u16::from(byte)).collect()
    } else {
        bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect()
    }
}

fn bytes_from_samples(samples: &[u16], setup: &Setup) -> Vec<u8> {
    let max = setup.max_sample();
    if setup.sample_bytes() == 1 {
        // At most 255 after the limit, so that nothing is cut off.
        samples.iter().map(|&sample| sample.min(max) as u8).collect()
    } else {
        samples.iter().flat_map(|&sample| sample.min(max).to_le_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::Rect;
    use crate::testing::{Chroma, picture};

    #[test]
    fn samples_are_numbers_at_any_depth() {
        for depth in [8, 10] {
            let mut fake = picture(8, 8).bit_depth(depth).chroma(Chroma::C422).frame();
            let max = fake.setup().max_sample();
            let mut frame = fake.frame();
            let area = Rect::new(1, 2, 2, 2);
            frame.write_samples(1, area, &[1, 2, 3, u16::MAX]);
            assert_eq!(frame.read_samples(1, area), [1, 2, 3, max]);
            frame.edit_samples(1, area, <[u16]>::reverse);
            assert_eq!(frame.read_samples(1, area), [max, 3, 2, 1]);
            assert_eq!(frame.read(1, area).len(), 4 * frame.setup().sample_bytes());
        }
    }
}
