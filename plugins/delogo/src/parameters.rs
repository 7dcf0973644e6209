//! `{"Delogos": [...]}`, with the wire names of the API.

use serde::Deserialize;
use wasmux_sdk::kernels::{Corner, LengthError, Placed, Span, extent, offset};
use wasmux_sdk::{Error, Rect, Setup};

/// The code of a value that the schema cannot judge.
const INVALID: &str = "InvalidArgument";

/// Without `Strength`, cells of a mosaic are an eighth of the shorter side.
const STRENGTH: f64 = 0.5;

/// What the plugin takes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Parameters {
    /// The rectangles, in the order in which they are hidden.
    #[serde(default)]
    pub delogos: Vec<Delogo>,
}

/// One rectangle: `FilterVideo.Delogos[]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Delogo {
    /// Horizontal distance from the corner.
    pub dx: f64,
    /// Vertical distance from the corner.
    pub dy: f64,
    /// Default 1: 100 % of the output width.
    pub width: Option<f64>,
    /// Default 1: 100 % of the output height.
    pub height: Option<f64>,
    /// Which corner.
    pub refer_pos: Corner,
    /// Seconds.
    pub start_time: f64,
    /// Seconds; `None`: to the end.
    pub duration: Option<f64>,
    /// How it is hidden.
    pub style: Style,
    /// Above 0 and at most 1; `None`: 0.5.
    pub strength: Option<f64>,
}

/// How a rectangle is hidden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Cells of their average colour. An empty text is the default.
    #[default]
    #[serde(alias = "")]
    Mosaic,
    /// A blur.
    Blur,
    /// Filled from the samples around it.
    Interpolate,
}

impl Delogo {
    /// Where it lies. `path` names the object in errors.
    pub(crate) fn place(&self, setup: &Setup, path: &str) -> Result<Placed, Error> {
        let frame = (setup.width(), setup.height());
        let fault = |field: &str, error: LengthError| {
            Error::new(INVALID, format!("{field} {error}")).field(format!("{path}.{field}"))
        };
        let dx = offset(self.dx, frame.0).map_err(|error| fault("Dx", error))?;
        let dy = offset(self.dy, frame.1).map_err(|error| fault("Dy", error))?;
        let width = extent(self.width.unwrap_or(1.0), frame.0).map_err(|error| fault("Width", error))?;
        let height = extent(self.height.unwrap_or(1.0), frame.1).map_err(|error| fault("Height", error))?;
        Ok(Placed::in_corner(self.refer_pos, (dx, dy), (width, height), frame))
    }

    /// A length in luma samples for a rectangle: this share of its shorter side, times the strength. `path` names the object
    /// in errors.
    pub(crate) fn reach(&self, area: Rect, share: f64, path: &str) -> Result<u32, Error> {
        let strength = self.strength.unwrap_or(STRENGTH);
        if strength > 0.0 && strength <= 1.0 {
            Ok((f64::from(area.width.min(area.height)) * share * strength) as u32)
        } else {
            let message = format!("Strength must be a number above 0 and at most 1 (found {strength})");
            Err(Error::new(INVALID, message).field(format!("{path}.Strength")))
        }
    }

    /// When it works. `path` names the object in errors.
    pub(crate) fn span(&self, setup: &Setup, path: &str) -> Result<Span, Error> {
        let rate = setup.frame_rate().map(|rate| (rate.numerator, rate.denominator));
        Span::from_seconds(self.start_time, self.duration, rate)
            .map_err(|error| Error::new(INVALID, error.to_string()).field(format!("{path}.{}", error.field)))
    }
}
