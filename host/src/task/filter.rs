//! The filters of a target: which components change its pictures.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ErrorCode, Failure, PluginRef, Rational};

/// Which field of the request a filter comes from. As text `Delogo`, `Watermark` or `Plugins[2]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FilterRole {
    /// `FilterVideo.Delogos`.
    Delogo,
    /// `FilterVideo.Plugins[]`, extension: which of them.
    Plugin(usize),
    /// `FilterVideo.Watermarks`.
    Watermark,
}

impl FilterRole {
    /// The filter's field within `FilterVideo`.
    pub fn field(self) -> String {
        match self {
            Self::Delogo => "Delogos".to_owned(),
            Self::Watermark => "Watermarks".to_owned(),
            Self::Plugin(_) => self.to_string(),
        }
    }

    /// A path within the filter's parameters as one within `FilterVideo`.
    pub fn within(self, parameter: &str) -> String {
        match self {
            // Their parameters are objects of this one field.
            Self::Delogo | Self::Watermark => parameter.to_owned(),
            Self::Plugin(_) if parameter.is_empty() => self.field(),
            Self::Plugin(_) => format!("{}.Params.{parameter}", self.field()),
        }
    }
}

impl fmt::Display for FilterRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delogo => f.write_str("Delogo"),
            Self::Watermark => f.write_str("Watermark"),
            Self::Plugin(number) => write!(f, "Plugins[{number}]"),
        }
    }
}

impl From<FilterRole> for String {
    fn from(role: FilterRole) -> Self {
        role.to_string()
    }
}

impl TryFrom<String> for FilterRole {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = || text.strip_prefix("Plugins[")?.strip_suffix(']')?.parse().ok();
        match text.as_str() {
            "Delogo" => Ok(Self::Delogo),
            "Watermark" => Ok(Self::Watermark),
            _ => number().map(Self::Plugin).ok_or_else(|| format!("`{text}` is no role of a filter")),
        }
    }
}

/// What becomes of a task when a filter of it fails (`Plugins[].OnError`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The task fails.
    #[default]
    Fail,
    /// The frame stays as it was before the filter, and the task gets a warning.
    Skip,
}

impl OnError {
    /// Whether this failure costs the filter's work and not the task. Only what the plugin itself does wrong does; a cancel or a bug of
    /// the host never.
    pub fn passes_over(self, failure: &Failure) -> bool {
        let of_plugin = matches!(
            failure.code,
            ErrorCode::PluginError
                | ErrorCode::PluginTrap
                | ErrorCode::PluginDeadline
                | ErrorCode::PluginMemory
                | ErrorCode::PluginIncompatible
        );
        of_plugin && self == Self::Skip
    }

    /// For serde: the default stays out of documents.
    pub fn is_fail(&self) -> bool {
        *self == Self::Fail
    }
}

/// One filter of a target: which component, with which parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FilterWish {
    /// Where it comes from.
    pub role: FilterRole,
    /// The component.
    pub plugin: PluginRef,
    /// JSON object that its schema admits, such as `{"Watermarks": [...]}`.
    pub parameters: Value,
    /// The part of the output that it sees; `None`: all of it.
    #[serde(default)]
    pub span: Option<FilterSpan>,
    /// What if it fails.
    #[serde(default)]
    pub on_error: OnError,
}

impl FilterWish {
    /// A filter that sees all of the output, and without which there is none.
    pub fn new(role: FilterRole, plugin: PluginRef, parameters: Value) -> Self {
        Self { role, plugin, parameters, span: None, on_error: OnError::Fail }
    }
}

/// `Plugins[].StartTime` and `Duration`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FilterSpan {
    /// Seconds from the start of the output.
    pub start: f64,
    /// Seconds; `None`: to the end.
    #[serde(default)]
    pub duration: Option<f64>,
}

impl FilterSpan {
    /// The first nanosecond of it and the first after it. A time within a microsecond of a frame of this rate means that frame:
    /// rates such as 30000/1001 have no exact decimal seconds.
    pub fn nanoseconds(self, rate: Option<Rational>) -> (i64, Option<i64>) {
        let end = self.duration.map(|duration| at_frame(self.start + duration, rate));
        (at_frame(self.start, rate), end)
    }
}

fn at_frame(seconds: f64, rate: Option<Rational>) -> i64 {
    const NEAR: f64 = 1e-6;
    let plain = (seconds * 1e9).round() as i64;
    let Some(rate) = rate else { return plain };
    let number = (seconds * rate.as_f64()).round();
    if (number / rate.as_f64() - seconds).abs() > NEAR {
        return plain;
    }
    // Rounded down: the time of the frame itself may be rounded either way.
    let exact = number as i128 * 1_000_000_000 * i128::from(rate.den()) / i128::from(rate.num());
    i64::try_from(exact).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_texts() {
        for role in [FilterRole::Delogo, FilterRole::Watermark, FilterRole::Plugin(0), FilterRole::Plugin(12)] {
            assert_eq!(FilterRole::try_from(role.to_string()), Ok(role));
        }
        for wrong in ["", "Plugins", "Plugins[", "Plugins[]", "Plugins[-1]", "watermark"] {
            assert!(FilterRole::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_have_paths_in_the_request() {
        assert_eq!(FilterRole::Watermark.within("Watermarks[1].URI"), "Watermarks[1].URI");
        assert_eq!(FilterRole::Plugin(2).within("Stops[0]"), "Plugins[2].Params.Stops[0]");
        assert_eq!(FilterRole::Plugin(2).within(""), "Plugins[2]");
    }

    #[test]
    fn a_time_beside_a_frame_is_that_frame() {
        let rate = Rational::positive(30000, 1001);
        let span = FilterSpan { start: 0.033367, duration: Some(0.0333666) };
        let (start, end) = span.nanoseconds(rate);
        let frame = |number: i64| number * 1001 * 1_000_000_000 / 30000;
        assert!(start <= frame(1) && start > frame(0), "{start}");
        assert!(end.is_some_and(|end| end <= frame(2) && end > frame(1)), "{end:?}");
        let between = FilterSpan { start: 0.02, duration: None };
        assert_eq!(between.nanoseconds(rate), (20_000_000, None));
        assert_eq!(
            FilterSpan { start: 1.5, duration: Some(0.0) }.nanoseconds(None),
            (1_500_000_000, Some(1_500_000_000))
        );
        assert_eq!(FilterSpan { start: 0.0, duration: None }.nanoseconds(rate), (0, None));
    }
}
