//! `{"Delogos": [...]}`, with the wire names of the API.

use serde::Deserialize;
use wasmux_sdk::kernels::{Corner, LengthError, Placed, Span, extent, offset};
use wasmux_sdk::{Error, Setup};

/// The code of a value that the schema cannot judge.
const INVALID: &str = "InvalidArgument";

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

    /// When it works. `path` names the object in errors.
    pub(crate) fn span(&self, setup: &Setup, path: &str) -> Result<Span, Error> {
        let rate = setup.frame_rate().map(|rate| (rate.numerator, rate.denominator));
        Span::from_seconds(self.start_time, self.duration, rate)
            .map_err(|error| Error::new(INVALID, error.to_string()).field(format!("{path}.{}", error.field)))
    }
}
