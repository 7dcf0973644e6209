//! From sRGB to the code values of a picture.

use crate::Setup;

/// Turns sRGB colours into the code values of a stream's frames.
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    matrix: Matrix,
    /// To the picture's own non-linear signal; `None`: sRGB as it is.
    transfer: Option<fn(f64) -> f64>,
    wide_gamut: bool,
    full_range: bool,
    /// Largest code value.
    max: f64,
    /// Code values of these bits per code value of 8 bits.
    scale: f64,
}

impl Encoder {
    /// For the frames of this stream.
    ///
    /// The matrix is that of the code point. Unspecified and unknown ones are guessed from the size, as players do: BT.709 from
    /// 720 rows or 1280 columns on, BT.601 below.
    pub fn new(setup: &Setup) -> Self {
        let matrix = match setup.matrix_coefficients() {
            0 => Matrix::Identity,
            1 => Matrix::BT709,
            4 => Matrix::Weights { red: 0.30, blue: 0.11 },
            5 | 6 => Matrix::BT601,
            7 => Matrix::Weights { red: 0.212, blue: 0.087 },
            9 | 10 => Matrix::BT2020,
            _ if setup.height() >= 720 || setup.width() >= 1280 => Matrix::BT709,
            _ => Matrix::BT601,
        };
        let transfer: Option<fn(f64) -> f64> = match setup.transfer_characteristics() {
            16 => Some(pq),
            18 => Some(hlg),
            _ => None,
        };
        Self {
            matrix,
            transfer,
            wide_gamut: setup.colour_primaries() == 9,
            full_range: setup.full_range(),
            max: f64::from(setup.max_sample()),
            scale: f64::from(1u32 << setup.bit_depth().clamp(8, 16).saturating_sub(8)),
        }
    }

    /// The matrix in use.
    pub fn matrix(&self) -> Matrix {
        self.matrix
    }

    /// Code values of planes 0, 1 and 2, not rounded, within the range of the samples.
    pub fn encode(&self, rgb: [u8; 3]) -> [f64; 3] {
        let signal = self.signal(rgb.map(|channel| f64::from(channel) / 255.0));
        self.planes(signal).map(|value| value.clamp(0.0, self.max))
    }

    /// What a plane's code value is a weighted sum of, where it is: the constant, and the weights of red, green and blue in code
    /// values of 8 bits. The sum is to be clamped to the range of the samples.
    pub(super) fn weights(&self, plane: u8) -> Option<(f64, [f64; 3])> {
        if self.transfer.is_some() {
            return None;
        }
        let of = |signal| self.planes(signal)[usize::from(plane.min(2))];
        let black = of([0.0; 3]);
        let weight = |signal| (of(signal) - black) / 255.0;
        Some((black, [weight([1.0, 0.0, 0.0]), weight([0.0, 1.0, 0.0]), weight([0.0, 0.0, 1.0])]))
    }

    fn planes(&self, [red, green, blue]: [f64; 3]) -> [f64; 3] {
        let luma = |value: f64| if self.full_range { value * self.max } else { (219.0 * value + 16.0) * self.scale };
        let chroma = |value: f64| {
            let span = if self.full_range { self.max } else { 224.0 * self.scale };
            value * span + 128.0 * self.scale
        };
        match self.matrix {
            Matrix::Identity => [luma(green), luma(blue), luma(red)],
            Matrix::Weights { red: red_weight, blue: blue_weight } => {
                let y = red_weight * red + (1.0 - red_weight - blue_weight) * green + blue_weight * blue;
                let cb = (blue - y) / (2.0 * (1.0 - blue_weight));
                let cr = (red - y) / (2.0 * (1.0 - red_weight));
                [luma(y), chroma(cb), chroma(cr)]
            }
        }
    }

    /// sRGB is taken as it is for standard dynamic range. For PQ and HLG white becomes the reference white of ITU-R BT.2408
    /// (203 cd/m2, 75 % HLG): the full signal would dazzle.
    fn signal(&self, rgb: [f64; 3]) -> [f64; 3] {
        let Some(transfer) = self.transfer else { return rgb };
        let mut linear = rgb.map(linear_srgb);
        if self.wide_gamut {
            linear = SRGB_TO_BT2020.map(|row| row[0] * linear[0] + row[1] * linear[1] + row[2] * linear[2]);
        }
        linear.map(transfer)
    }
}

/// How RGB becomes luma and chroma.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Matrix {
    /// The planes are G, B and R.
    Identity,
    /// Luma is a weighted sum; green has the rest of the weight.
    Weights {
        /// Weight of red.
        red: f64,
        /// Weight of blue.
        blue: f64,
    },
}

impl Matrix {
    /// ITU-R BT.601.
    pub const BT601: Self = Self::Weights { red: 0.299, blue: 0.114 };
    /// ITU-R BT.709.
    pub const BT709: Self = Self::Weights { red: 0.2126, blue: 0.0722 };
    /// ITU-R BT.2020, non-constant luminance.
    pub const BT2020: Self = Self::Weights { red: 0.2627, blue: 0.0593 };
}

/// ITU-R BT.2087, linear light.
const SRGB_TO_BT2020: [[f64; 3]; 3] = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]];

fn linear_srgb(value: f64) -> f64 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// Inverse EOTF of SMPTE ST 2084, where 1 is 203 cd/m2.
fn pq(linear: f64) -> f64 {
    let power = (linear * 203.0 / 10_000.0).max(0.0).powf(0.159_301_757_812_5);
    ((0.835_937_5 + 18.851_562_5 * power) / (1.0 + 18.6875 * power)).powf(78.843_75)
}

/// OETF of ARIB STD-B67, where 1 gives the signal 0.75.
fn hlg(linear: f64) -> f64 {
    const A: f64 = 0.178_832_77;
    let scene = (linear * 0.264_962).max(0.0);
    if scene <= 1.0 / 12.0 {
        (3.0 * scene).sqrt()
    } else {
        let b = 1.0 - 4.0 * A;
        let c = 0.5 - A * (4.0 * A).ln();
        A * (12.0 * scene - b).ln() + c
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Picture, picture};

    fn codes(picture: &Picture, rgb: [u8; 3]) -> [u32; 3] {
        Encoder::new(&picture.setup()).encode(rgb).map(|value| value.round() as u32)
    }

    fn limited(bit_depth: u8, matrix: u8) -> Picture {
        picture(640, 480).bit_depth(bit_depth).colour(2, 2, matrix)
    }

    #[test]
    fn published_values() {
        assert_eq!(codes(&limited(8, 6), [255, 255, 255]), [235, 128, 128]);
        assert_eq!(codes(&limited(8, 6), [0, 0, 0]), [16, 128, 128]);
        assert_eq!(codes(&limited(8, 6), [255, 0, 0]), [81, 90, 240]);
        assert_eq!(codes(&limited(8, 1), [255, 0, 0]), [63, 102, 240]);
        assert_eq!(codes(&limited(8, 1), [0, 0, 255]), [32, 240, 118]);
        assert_eq!(codes(&limited(10, 9), [255, 255, 255]), [940, 512, 512]);
        assert_eq!(codes(&limited(10, 9), [0, 0, 255]), [116, 960, 476]);
        assert_eq!(codes(&limited(8, 1).full_range(true), [255, 255, 255]), [255, 128, 128]);
        assert_eq!(codes(&limited(8, 1).full_range(true), [0, 0, 255]), [18, 255, 116]);
        assert_eq!(codes(&limited(8, 0).full_range(true), [1, 2, 3]), [2, 3, 1]);
    }

    #[test]
    fn unspecified_follows_the_size() {
        let matrix = |width, height| Encoder::new(&picture(width, height).colour(2, 2, 2).setup()).matrix();
        assert_eq!(matrix(640, 480), Matrix::BT601);
        assert_eq!(matrix(640, 720), Matrix::BT709);
        assert_eq!(matrix(1280, 532), Matrix::BT709);
    }

    #[test]
    fn white_is_reference_white_in_high_dynamic_range() {
        let level = |transfer, white: u8| {
            let picture = picture(1920, 1080).bit_depth(10).colour(9, transfer, 9);
            (Encoder::new(&picture.setup()).encode([white; 3])[0] - 64.0) / 876.0
        };
        assert!((level(16, 255) - 0.58).abs() < 0.002, "{}", level(16, 255));
        assert!((level(18, 255) - 0.75).abs() < 0.002, "{}", level(18, 255));
        assert!(level(16, 0).abs() < 1e-6 && level(18, 0).abs() < 1e-6);
    }
}
