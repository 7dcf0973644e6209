//! `{"Watermarks": [...]}`, with the wire names of the API.

use serde::Deserialize;
use wasmux_sdk::kernels::{Corner, Span};
use wasmux_sdk::{Error, Setup};

/// The code of a value that the schema cannot judge.
pub(crate) const INVALID: &str = "InvalidArgument";

/// The font where none is named (`FontName` of the API).
const DEFAULT_FONT: &str = "SourceHanSans-Regular";
const DEFAULT_FONT_SIZE: f64 = 16.0;

/// What the plugin takes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Parameters {
    /// The watermarks, in the order in which they are drawn.
    #[serde(default)]
    pub watermarks: Vec<Watermark>,
}

/// What a watermark is: `Type` of the API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Letters.
    #[default]
    #[serde(alias = "")]
    Text,
    /// A picture.
    File,
}

/// One watermark: `FilterVideo.Watermarks[]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Watermark {
    /// Text or file.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// The picture's object.
    #[serde(rename = "URI")]
    pub uri: String,
    /// Horizontal distance from the corner.
    pub dx: f64,
    /// Vertical distance from the corner.
    pub dy: f64,
    /// Which corner.
    pub refer_pos: Corner,
    /// Of a picture.
    pub width: Option<f64>,
    /// Of a picture.
    pub height: Option<f64>,
    /// Seconds.
    pub start_time: f64,
    /// Seconds; `None`: to the end.
    pub duration: Option<f64>,
    /// The text.
    pub content: String,
    /// A name that the host knows; empty is the API's default.
    pub font_name: String,
    /// Pixels of the em.
    pub font_size: Option<f64>,
    /// Of the letters.
    pub font_color: String,
    /// Opacity of letters and border. The spelling is the API's.
    #[serde(rename = "FontApha")]
    pub font_alpha: Option<f64>,
    /// Pixels around the letters.
    pub border_width: f64,
    /// Of the border.
    pub border_color: String,
}

impl Watermark {
    /// When it is shown. `path` names the object in errors.
    pub(crate) fn span(&self, setup: &Setup, path: &str) -> Result<Span, Error> {
        let rate = setup.frame_rate().map(|rate| (rate.numerator, rate.denominator));
        Span::from_seconds(self.start_time, self.duration, rate)
            .map_err(|error| invalid(path, error.field, error.to_string()))
    }

    /// The name of the font.
    pub(crate) fn font(&self) -> &str {
        if self.font_name.is_empty() { DEFAULT_FONT } else { &self.font_name }
    }

    /// Pixels of the em, above 4 and below 120.
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 120")]
    pub(crate) fn em(&self, path: &str) -> Result<f32, Error> {
        let size = self.font_size.unwrap_or(DEFAULT_FONT_SIZE);
        if size > 4.0 && size < 120.0 && size.fract() == 0.0 {
            Ok(size as f32)
        } else {
            Err(invalid(path, "FontSize", format!("FontSize {size} is not allowed: whole pixels from 5 to 119")))
        }
    }

    /// Pixels of the border, 0 to 4096.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 4096")]
    pub(crate) fn border(&self, path: &str) -> Result<u32, Error> {
        let width = self.border_width;
        if (0.0..=4096.0).contains(&width) && width.fract() == 0.0 {
            Ok(width as u32)
        } else {
            Err(invalid(
                path,
                "BorderWidth",
                format!("BorderWidth {width} is not allowed: whole pixels from 0 to 4096"),
            ))
        }
    }

    /// Opacity, above 0 and up to 1.
    #[expect(clippy::cast_possible_truncation, reason = "an opacity needs no more precision")]
    pub(crate) fn opacity(&self, path: &str) -> Result<f32, Error> {
        let alpha = self.font_alpha.unwrap_or(1.0);
        if alpha > 0.0 && alpha <= 1.0 {
            Ok(alpha as f32)
        } else {
            Err(invalid(path, "FontApha", format!("FontApha {alpha} is not allowed: above 0 and up to 1")))
        }
    }
}

/// A value that is not allowed, though the schema lets it pass.
pub(crate) fn invalid(path: &str, field: &str, message: impl Into<String>) -> Error {
    Error::new(INVALID, message).field(format!("{path}.{field}"))
}
