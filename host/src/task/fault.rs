//! Faults of a request: what is wrong with it before anything runs.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Where in a request something is, in the wire's names: `Targets[1].Video.TranscodeVideo.Codec`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct FieldPath(String);

impl FieldPath {
    /// The request itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A field of the object at this path.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// An element of the array at this path, counted from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// As text; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for FieldPath {
    fn from(path: &str) -> Self {
        Self(path.to_owned())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "the request" } else { &self.0 })
    }
}

/// The kinds of fault, with the codes of the vendor's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum FaultCode {
    /// A value that is not allowed, or a field that does not exist.
    InvalidArgument,
    /// A required field is absent or empty.
    MissingArgument,
    /// A field or value of the API that this version does not support.
    Unsupported,
    /// The request is no JSON.
    #[serde(rename = "InvalidJSON")]
    InvalidJson,
    /// A bucket, project or plugin that does not exist or may not be used.
    ResourceNotFound,
    /// More of something than is allowed.
    #[serde(rename = "LimitExceededError")]
    LimitExceeded,
}

/// One thing that is wrong with a request. A request's faults are always collected and shown all at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Fault {
    /// The kind.
    pub code: FaultCode,
    /// Where.
    pub field: FieldPath,
    /// The value found there, as compact JSON, shortened; `None` where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong, in a sentence part that follows the field's name, such as `must be one of mp4, mov`.
    pub message: String,
}

impl Fault {
    /// A fault without a value.
    pub fn new(code: FaultCode, field: FieldPath, message: impl Into<String>) -> Self {
        Self { code, field, value: None, message: message.into() }
    }

    /// A fault that shows the value found; long ones are cut.
    pub fn with_value(
        code: FaultCode,
        field: FieldPath,
        value: &serde_json::Value,
        message: impl Into<String>,
    ) -> Self {
        const SHOWN: usize = 120;
        let mut text = value.to_string();
        if text.chars().count() > SHOWN {
            text = text.chars().take(SHOWN).chain("...".chars()).collect();
        }
        Self { code, field, value: Some(text), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)?;
        match &self.value {
            Some(value) => write!(f, " (found {value})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_the_wire() {
        let path = FieldPath::root().field("Targets").index(1).field("Video");
        assert_eq!(path.as_str(), "Targets[1].Video");
    }

    #[test]
    fn long_values_are_cut() {
        let value = serde_json::Value::String("x".repeat(5000));
        let fault = Fault::with_value(FaultCode::InvalidArgument, FieldPath::root(), &value, "is too long");
        assert!(fault.to_string().len() < 200);
    }
}
