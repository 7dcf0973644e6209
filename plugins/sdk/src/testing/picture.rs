//! A builder of pictures.

use super::FakeFrame;
use crate::{Ratio, Setup};

/// How chroma is subsampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// 4:2:0.
    C420,
    /// 4:2:2.
    C422,
    /// 4:4:4.
    C444,
}

impl Chroma {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::C420, Self::C422, Self::C444];
}

/// A picture to be: 8 bit 4:2:0 without alpha, BT.709, limited range, 25 frames per second, until told otherwise.
#[derive(Debug, Clone)]
#[must_use = "ask it for a setup or a frame"]
pub struct Picture(Setup);

/// A picture of this size in luma samples.
pub fn picture(width: u32, height: u32) -> Picture {
    Picture(Setup {
        width,
        height,
        sample_aspect: Ratio::ONE,
        frame_rate: Some(Ratio::new(25, 1)),
        bit_depth: 8,
        chroma_shift: (1, 1),
        chroma_location: Some(0),
        alpha: false,
        colour_primaries: 1,
        transfer_characteristics: 1,
        matrix_coefficients: 1,
        full_range: false,
    })
}

impl Picture {
    /// Bits of a sample, 8 to 16.
    #[track_caller]
    pub fn bit_depth(mut self, bits: u8) -> Self {
        assert!((8..=16).contains(&bits), "bit depth {bits}: allowed are 8 to 16");
        self.0.bit_depth = bits;
        self
    }

    /// Subsampling.
    pub fn chroma(mut self, chroma: Chroma) -> Self {
        self.0.chroma_shift = match chroma {
            Chroma::C420 => (1, 1),
            Chroma::C422 => (1, 0),
            Chroma::C444 => (0, 0),
        };
        self.0.chroma_location = if chroma == Chroma::C444 { None } else { Some(0) };
        self
    }

    /// ChromaLocType of ITU-T H.273, or `None` for unknown.
    pub fn chroma_location(mut self, location: Option<u8>) -> Self {
        self.0.chroma_location = location;
        self
    }

    /// Whether there is an alpha plane.
    pub fn alpha(mut self, alpha: bool) -> Self {
        self.0.alpha = alpha;
        self
    }

    /// Shape of a sample.
    pub fn sample_aspect(mut self, numerator: u32, denominator: u32) -> Self {
        self.0.sample_aspect = Ratio::new(numerator, denominator);
        self
    }

    /// Constant frame rate, or `None` for a variable one.
    pub fn frame_rate(mut self, rate: Option<Ratio>) -> Self {
        self.0.frame_rate = rate;
        self
    }

    /// Code points of ITU-T H.273: primaries, transfer, matrix.
    pub fn colour(mut self, primaries: u8, transfer: u8, matrix: u8) -> Self {
        self.0.colour_primaries = primaries;
        self.0.transfer_characteristics = transfer;
        self.0.matrix_coefficients = matrix;
        self
    }

    /// Full range instead of limited.
    pub fn full_range(mut self, full: bool) -> Self {
        self.0.full_range = full;
        self
    }

    /// The setup of such a picture.
    pub fn setup(&self) -> Setup {
        self.0.clone()
    }

    /// A black frame, opaque where there is alpha, at time 0.
    pub fn frame(&self) -> FakeFrame {
        FakeFrame::black(self.0.clone())
    }
}
