//! Takes the colour out of a picture. Its idea: only the planes that change cross the boundary. Luma, two thirds of a picture of
//! 4:2:0, stays in the host, and where all colour goes nothing is read at all.

use serde::Deserialize;
use wasmux_sdk::kernels::{Encoder, Matrix, Sample};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, report};

/// The planes of Cb and Cr.
const CHROMA: [u8; 2] = [1, 2];

/// What schema.json describes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Parameters {
    /// How much of the colour goes, 0 to 1.
    pub strength: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { strength: 1.0 }
    }
}

/// The filter.
#[derive(Debug)]
pub struct Grayscale {
    /// A whole plane of chroma.
    area: Rect,
    change: Change,
}

#[derive(Debug)]
enum Change {
    /// Every sample becomes neutral: the plane to write.
    All(Vec<u8>),
    /// A share of the colour stays, of 255 or 65535, and the neutral value is added in the share that goes.
    Byte(u8, u16),
    /// The same for samples over 8 bits.
    Word([u8; 2], u32),
}

impl Change {
    fn new(strength: f64, samples: usize, setup: &Setup) -> Self {
        let neutral = 1 << (setup.bit_depth() - 1);
        match (strength >= 1.0, setup.sample_bytes()) {
            (true, 1) => Self::All(vec![u8::new(neutral); samples]),
            (true, _) => Self::All(<[u8; 2]>::new(neutral).repeat(samples)),
            (false, 1) => {
                let (stays, add) = weights(strength, neutral);
                Self::Byte(stays, add)
            }
            (false, _) => {
                let (stays, add) = weights(strength, neutral);
                Self::Word(stays, add)
            }
        }
    }
}

/// What a sample is multiplied by, and what is added.
fn weights<T: Sample>(strength: f64, neutral: u32) -> (T, T::Product) {
    let goes = (strength * f64::from(T::OPAQUE)).round() as u32;
    (T::new(T::OPAQUE - goes), T::product(u64::from(neutral) * u64::from(goes)))
}

impl VideoFilter for Grayscale {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        if Encoder::new(setup).matrix() == Matrix::Identity {
            let message =
                "the planes of this picture are green, blue and red; choose a PixelFormat with luma and chroma";
            return Err(Error::new("NoChroma", message));
        }
        if parameters.strength <= 0.0 {
            report::region(Rect::default(), 0, Some(0));
        }
        let (width, height) = setup.plane_size(CHROMA[0]);
        let change = Change::new(parameters.strength, width as usize * height as usize, setup);
        Ok(Self { area: Rect::new(0, 0, width, height), change })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        for plane in CHROMA {
            match &self.change {
                Change::All(neutral) => frame.write(plane, self.area, neutral),
                Change::Byte(stays, add) => fade(frame, plane, self.area, *stays, *add),
                Change::Word(stays, add) => fade(frame, plane, self.area, *stays, *add),
            }
        }
        Ok(())
    }
}

fn fade<T: Sample>(frame: &mut Frame<'_>, plane: u8, area: Rect, stays: T, add: T::Product) {
    let mut samples = frame.read(plane, area);
    for sample in T::of_bytes_mut(&mut samples) {
        *sample = sample.blend(stays, add);
    }
    frame.write(plane, area, &samples);
}

wasmux_sdk::register_video_filter!(Grayscale, schema: include_str!("../schema.json"), stateless: true);

#[cfg(test)]
mod tests {
    use wasmux_sdk::testing::{Chroma, FakeFrame, Host, manifest, open, picture};

    use super::*;

    fn gray(mut frame: FakeFrame, strength: f64) -> (bool, FakeFrame) {
        let mut filter = open::<Grayscale>(frame.setup(), &format!(r#"{{"Strength": {strength}}}"#)).unwrap();
        let called = filter.process(&mut frame).unwrap();
        (called, frame)
    }

    #[test]
    fn all_or_a_share_of_the_colour_goes() {
        let _host = Host::install();
        for (bits, neutral) in [(8, 128), (10, 512)] {
            for chroma in Chroma::ALL {
                let mut frame = picture(31, 17).bit_depth(bits).chroma(chroma).alpha(true).frame();
                frame.fill(1, neutral + neutral / 2);
                frame.fill(2, neutral / 4);
                let before = frame.clone();
                for (strength, cb, cr) in [(1.0, neutral, neutral), (0.5, neutral + neutral / 4, neutral / 8 * 5)] {
                    let (called, after) = gray(before.clone(), strength);
                    assert!(called);
                    assert!(after.samples(1).iter().all(|sample| sample.abs_diff(cb) <= 1), "{bits} bits, {strength}");
                    assert!(after.samples(2).iter().all(|sample| sample.abs_diff(cr) <= 1), "{bits} bits, {strength}");
                    for plane in [0, 3] {
                        assert_eq!(after.samples(plane), before.samples(plane));
                    }
                }
            }
        }
    }

    #[test]
    fn without_strength_it_is_not_called() {
        let _host = Host::install();
        let frame = picture(32, 18).frame();
        assert_eq!(gray(frame.clone(), 0.0), (false, frame));
    }

    #[test]
    fn planes_of_red_green_and_blue_are_refused() {
        let _host = Host::install();
        let setup = picture(32, 18).chroma(Chroma::C444).colour(1, 1, 0).setup();
        assert_eq!(open::<Grayscale>(&setup, "{}").err().unwrap().code(), "NoChroma");
    }

    #[test]
    fn the_schema_has_the_default_of_the_code() {
        let schema = &manifest::<Grayscale>()["parameters"]["properties"]["Strength"];
        assert_eq!(schema["default"], Parameters::default().strength);
    }
}
