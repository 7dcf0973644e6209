//! What all decisions have in common: refusals, warnings, and the choice that the `*Option` fields make.

use std::fmt;

use wasmux_sdk::parameters::{LessOption, Warning};

/// Why a target cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Path within the target.
    pub(crate) field: String,
    /// A sentence that names what is wrong and what is allowed.
    pub(crate) reason: String,
}

pub(crate) fn refuse<T>(field: &str, reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { field: field.to_owned(), reason: reason.into() })
}

pub(crate) fn warning(code: &str, field: &str, message: impl Into<String>) -> Warning {
    Warning { code: code.to_owned(), field: field.to_owned(), message: message.into() }
}

/// A number that must lie in a range.
pub(crate) fn within<T: PartialOrd + fmt::Display + Copy>(
    field: &str,
    value: T,
    low: T,
    high: T,
) -> Result<T, Refusal> {
    if low <= value && value <= high {
        return Ok(value);
    }
    refuse(field, format!("{value} is not allowed; allowed are {low} to {high}"))
}

/// A value asked for against the source's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The value asked for.
    Asked,
    /// The source's value.
    Source,
}

/// Decision 8. `less` tells whether the source has less than what is asked for, `None` where that is unknown: then the value
/// asked for stands, and the user is told.
pub(crate) fn choose(
    field: &str,
    option: LessOption,
    less: Option<bool>,
    source: &dyn fmt::Display,
    asked: &dyn fmt::Display,
    warnings: &mut Vec<Warning>,
) -> Result<Choice, Refusal> {
    match (option, less) {
        (LessOption::Fixed, _) | (_, Some(false)) => Ok(Choice::Asked),
        (LessOption::Adaptive, Some(true)) => Ok(Choice::Source),
        (LessOption::Fall, Some(true)) => refuse(
            field,
            format!("the source has {source}, less than the {asked} asked for, and the option `fall` refuses that"),
        ),
        (LessOption::Adaptive | LessOption::Fall, None) => {
            let message = format!("the source does not tell its value, so the {asked} asked for is used");
            warnings.push(warning("SourceValueUnknown", field, message));
            Ok(Choice::Asked)
        }
    }
}
