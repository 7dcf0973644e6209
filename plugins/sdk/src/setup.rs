//! What is the same for all frames of a stream.

use crate::{Ratio, Rect};

/// The picture that a filter works on: planar YUV, described by numbers. Plane 0 is Y, 1 is Cb, 2 is Cr, 3 is alpha where
/// there is one. A filter may keep a clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) sample_aspect: Ratio,
    pub(crate) frame_rate: Option<Ratio>,
    pub(crate) bit_depth: u8,
    pub(crate) chroma_shift: (u8, u8),
    pub(crate) chroma_location: Option<u8>,
    pub(crate) alpha: bool,
    pub(crate) colour_primaries: u8,
    pub(crate) transfer_characteristics: u8,
    pub(crate) matrix_coefficients: u8,
    pub(crate) full_range: bool,
}

impl Setup {
    /// Width of the picture in luma samples.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height of the picture in luma samples.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The whole picture, in luma samples.
    pub fn area(&self) -> Rect {
        Rect::new(0, 0, self.width, self.height)
    }

    /// Shape of a sample, width to height.
    pub fn sample_aspect(&self) -> Ratio {
        self.sample_aspect
    }

    /// Frames per second where that is constant.
    pub fn frame_rate(&self) -> Option<Ratio> {
        self.frame_rate
    }

    /// Bits of a sample, 8 to 16, of all planes.
    pub fn bit_depth(&self) -> u8 {
        self.bit_depth
    }

    /// The largest sample value: 255 for 8 bit, 1023 for 10.
    pub fn max_sample(&self) -> u16 {
        u16::MAX >> 16u8.saturating_sub(self.bit_depth).min(15)
    }

    /// Bytes of a sample in [`Frame::read`](crate::Frame::read) and [`write`](crate::Frame::write): 1 up to 8 bit, else 2.
    pub fn sample_bytes(&self) -> usize {
        if self.bit_depth > 8 { 2 } else { 1 }
    }

    /// log2 of the horizontal and the vertical subsampling of planes 1 and 2: (1, 1) is 4:2:0.
    pub fn chroma_shift(&self) -> (u8, u8) {
        self.chroma_shift
    }

    /// Where chroma samples sit: ChromaLocType of ITU-T H.273 (0 left, 1 centre, 2 top left ...); `None` for 4:4:4 and
    /// where the source does not say.
    pub fn chroma_location(&self) -> Option<u8> {
        self.chroma_location
    }

    /// Whether there is a plane 3 with alpha, straight and full range.
    pub fn alpha(&self) -> bool {
        self.alpha
    }

    /// ColourPrimaries of ITU-T H.273; 2 is unspecified.
    pub fn colour_primaries(&self) -> u8 {
        self.colour_primaries
    }

    /// TransferCharacteristics of ITU-T H.273; 2 is unspecified.
    pub fn transfer_characteristics(&self) -> u8 {
        self.transfer_characteristics
    }

    /// MatrixCoefficients of ITU-T H.273; 2 is unspecified.
    pub fn matrix_coefficients(&self) -> u8 {
        self.matrix_coefficients
    }

    /// True for full range (0 to 255 at 8 bit), false for limited range (16 to 235).
    pub fn full_range(&self) -> bool {
        self.full_range
    }

    /// Number of planes: 3, or 4 with alpha.
    pub fn planes(&self) -> u8 {
        if self.alpha { 4 } else { 3 }
    }

    /// Shifts of one plane: those of the chroma for planes 1 and 2, none for luma and alpha.
    pub fn plane_shift(&self, plane: u8) -> (u8, u8) {
        if matches!(plane, 1 | 2) { self.chroma_shift } else { (0, 0) }
    }

    /// Width and height of one plane, in samples. Subsampled planes round up.
    pub fn plane_size(&self, plane: u8) -> (u32, u32) {
        let (x, y) = self.plane_shift(plane);
        (self.width.div_ceil(1 << x.min(31)), self.height.div_ceil(1 << y.min(31)))
    }

    /// The samples of one plane that belong to a rectangle of the picture (in luma samples), clipped to the picture and
    /// rounded outwards.
    pub fn plane_area(&self, plane: u8, area: Rect) -> Rect {
        let (x, y) = self.plane_shift(plane);
        area.intersection(self.area()).subsampled(x, y)
    }
}
