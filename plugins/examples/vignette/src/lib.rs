//! A vignette: darkens a picture towards its corners. Its idea: what depends on the place alone is computed once, and the picture
//! goes through in bands of rows that stay in the cache.
//!
//! What a filter is: [`VideoFilter::open`] is called once and gets the picture's size and format and the parameters;
//! [`VideoFilter::process`] is called for each frame. The host keeps the picture; a filter reads and writes rectangles of it.

use serde::Deserialize;
use wasmux_sdk::kernels::{Encoder, Sample};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, report};

/// Rows that are read, changed and written at once: few enough to stay in the cache.
const BAND: u32 = 32;

/// What schema.json describes; the host has compared it with the schema before.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Parameters {
    /// How dark the corners become, 0 to 1.
    pub strength: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { strength: 0.5 }
    }
}

/// The filter.
#[derive(Debug)]
pub struct Vignette {
    planes: Vec<Plane>,
}

/// What becomes of one plane. The darkness of a sample is that of its column plus that of its row.
#[derive(Debug)]
struct Plane {
    number: u8,
    /// Code value of black in this plane: 16 in luma of 8 bits and limited range, 128 in chroma.
    black: u32,
    columns: Vec<u32>,
    rows: Vec<u32>,
}

impl VideoFilter for Vignette {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        if parameters.strength == 0.0 {
            // A filter with nothing to do says so, and is not called.
            report::region(Rect::default(), 0, Some(0));
        }
        // Alpha is opaque in samples of 8 bits at 255, in wider ones at 65535.
        let opaque = if setup.sample_bytes() == 1 { u8::OPAQUE } else { <[u8; 2]>::OPAQUE };
        let black = Encoder::new(setup).encode([0, 0, 0]);
        let planes = (0u8..).zip(black).map(|(number, black)| {
            let (width, height) = setup.plane_size(number);
            let most = parameters.strength * f64::from(opaque) / 2.0;
            Plane { number, black: black.round() as u32, columns: fall(width, most), rows: fall(height, most) }
        });
        Ok(Self { planes: planes.collect() })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        let wide = frame.setup().sample_bytes() == 2;
        for plane in &self.planes {
            let (width, height) = frame.setup().plane_size(plane.number);
            for y in (0..height).step_by(BAND as usize) {
                let band = Rect::new(0, y, width, BAND.min(height - y));
                let mut samples = frame.read(plane.number, band);
                if wide {
                    plane.darken::<[u8; 2]>(y, &mut samples);
                } else {
                    plane.darken::<u8>(y, &mut samples);
                }
                frame.write(plane.number, band, &samples);
            }
        }
        Ok(())
    }
}

impl Plane {
    /// Darkens packed rows, the first of which is row `y` of the plane.
    fn darken<T: Sample>(&self, y: u32, bytes: &mut [u8]) {
        let lines = T::of_bytes_mut(bytes).chunks_exact_mut(self.columns.len());
        for (line, row) in lines.zip(&self.rows[y as usize..]) {
            for (sample, column) in line.iter_mut().zip(&self.columns) {
                let dark = row + column;
                let add = T::product(u64::from(self.black) * u64::from(dark));
                *sample = sample.blend(T::new(T::OPAQUE - dark), add);
            }
        }
    }
}

/// The darkness along a line: 0 in its middle, at most `most` at its ends, with the square of the distance.
fn fall(length: u32, most: f64) -> Vec<u32> {
    let middle = f64::from(length) / 2.0;
    let darkness = |at: u32| {
        let distance = (f64::from(at) + 0.5 - middle) / middle;
        (most * distance * distance) as u32
    };
    (0..length).map(darkness).collect()
}

wasmux_sdk::register_video_filter!(Vignette, schema: include_str!("../schema.json"), stateless: true);

#[cfg(test)]
mod tests {
    use wasmux_sdk::testing::{Chroma, Host, manifest, open, picture};

    use super::*;

    #[test]
    fn corners_become_dark_and_the_middle_stays() {
        let _host = Host::install();
        for (bits, white, black) in [(8, 235, 16), (10, 940, 64)] {
            for chroma in Chroma::ALL {
                let picture = picture(96, 54).bit_depth(bits).chroma(chroma);
                let mut frame = picture.frame();
                frame.fill(0, white);
                frame.fill(1, white);
                let mut filter = open::<Vignette>(&picture.setup(), r#"{"Strength": 1}"#).unwrap();
                filter.process(&mut frame).unwrap();
                let (middle, corner) = (frame.sample(0, 48, 27), frame.sample(0, 0, 0));
                assert!(middle >= white - white / 100, "{bits} bits: the middle is {middle}");
                assert!(corner < black + white / 20, "{bits} bits: the corner is {corner}");
                assert!(frame.sample(0, 95, 53).abs_diff(corner) <= 1, "the corners are alike");
                // Where it is dark it has no colour either.
                let (neutral, colour) = (128 << (bits - 8), frame.sample(1, 0, 0));
                assert!(colour.abs_diff(neutral) < white / 10, "{bits} bits: the corner's colour is {colour}");
            }
        }
    }

    #[test]
    fn without_strength_it_is_not_called() {
        let _host = Host::install();
        let picture = picture(96, 54);
        let mut filter = open::<Vignette>(&picture.setup(), r#"{"Strength": 0}"#).unwrap();
        assert_eq!(filter.process(&mut picture.frame()), Ok(false));
    }

    #[test]
    fn the_schema_has_the_default_of_the_code() {
        let schema = &manifest::<Vignette>()["parameters"]["properties"]["Strength"];
        assert_eq!(schema["default"], Parameters::default().strength);
    }
}
