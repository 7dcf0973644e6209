//! Between the code values of a picture and its red, green and blue, each 0 to 1. The transfer stays as it is: a table is made for
//! one.

use wasmux_sdk::Setup;
use wasmux_sdk::kernels::{Encoder, Matrix};

/// How a picture's planes hold a colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signal {
    matrix: Matrix,
    /// Code value of black, and of white above it, in luma.
    luma: (f32, f32),
    /// Code value of no colour, and the whole span, in chroma.
    chroma: (f32, f32),
}

impl Signal {
    pub(crate) fn new(setup: &Setup) -> Self {
        let unit = f32::from(1u16 << setup.bit_depth().saturating_sub(8).min(8));
        let max = f32::from(setup.max_sample());
        let (luma, span) = match setup.full_range() {
            true => ((0.0, max), max),
            false => ((16.0 * unit, 219.0 * unit), 224.0 * unit),
        };
        Self { matrix: Encoder::new(setup).matrix(), luma, chroma: (128.0 * unit, span) }
    }

    /// Red, green and blue of these code values; outside of 0 to 1 for most of them.
    pub(crate) fn decode(self, codes: [f32; 3]) -> [f32; 3] {
        let luma = |code: f32| (code - self.luma.0) / self.luma.1;
        let chroma = |code: f32| (code - self.chroma.0) / self.chroma.1;
        match self.matrix {
            Matrix::Identity => [luma(codes[2]), luma(codes[0]), luma(codes[1])],
            Matrix::Weights { red: red_weight, blue: blue_weight } => {
                let (red_weight, blue_weight) = (red_weight as f32, blue_weight as f32);
                let y = luma(codes[0]);
                let blue = y + 2.0 * (1.0 - blue_weight) * chroma(codes[1]);
                let red = y + 2.0 * (1.0 - red_weight) * chroma(codes[2]);
                let green = (y - red_weight * red - blue_weight * blue) / (1.0 - red_weight - blue_weight);
                [red, green, blue]
            }
        }
    }

    /// The code values of a colour, neither rounded nor cut off.
    pub(crate) fn encode(self, [red, green, blue]: [f32; 3]) -> [f32; 3] {
        let luma = |value: f32| value * self.luma.1 + self.luma.0;
        let chroma = |value: f32| value * self.chroma.1 + self.chroma.0;
        match self.matrix {
            Matrix::Identity => [luma(green), luma(blue), luma(red)],
            Matrix::Weights { red: red_weight, blue: blue_weight } => {
                let (red_weight, blue_weight) = (red_weight as f32, blue_weight as f32);
                let y = red_weight * red + (1.0 - red_weight - blue_weight) * green + blue_weight * blue;
                let cb = (blue - y) / (2.0 * (1.0 - blue_weight));
                let cr = (red - y) / (2.0 * (1.0 - red_weight));
                [luma(y), chroma(cb), chroma(cr)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wasmux_sdk::testing::picture;

    use super::*;

    #[test]
    fn it_agrees_with_the_sdk_and_goes_both_ways() {
        for matrix in [0, 1, 5, 9] {
            for (bits, full) in [(8, false), (8, true), (10, false), (10, true)] {
                let setup = picture(64, 64).bit_depth(bits).full_range(full).colour(1, 1, matrix).setup();
                let signal = Signal::new(&setup);
                for rgb in [[0, 0, 0], [255, 255, 255], [255, 0, 0], [17, 200, 90]] {
                    let codes = signal.encode(rgb.map(|channel| f32::from(channel) / 255.0));
                    let sdk = Encoder::new(&setup).encode(rgb);
                    let alike = codes.iter().zip(sdk).all(|(own, sdk)| (f64::from(*own) - sdk).abs() < 0.6);
                    assert!(alike, "matrix {matrix}, {rgb:?}: {codes:?} and {sdk:?}");
                    let back = signal.decode(codes).map(|channel| (channel * 255.0).round() as u8);
                    assert_eq!(back, rgb, "matrix {matrix}");
                }
            }
        }
    }
}
