//! What a plugin answers when it cannot do what it was asked for in good faith.

use std::fmt;

use serde::de::DeserializeOwned;

/// A typed answer to the user: `errors.error` of `wasmux:host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    code: String,
    message: String,
    field: Option<String>,
}

impl Error {
    /// The code of parameters that are no JSON or not of the expected types.
    pub const INVALID_PARAMETERS: &'static str = "InvalidParameters";

    /// An error with a stable code in CamelCase (`UnknownVariable`) and one sentence that a person can act on.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), field: None }
    }

    /// Names the parameter at fault by its path, such as `Watermarks[0].URI`. An empty path names none.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>) -> Self {
        self.field = Some(path.into()).filter(|path| !path.is_empty());
        self
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The path of the parameter at fault, where one is.
    pub fn field_path(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Code, message and field.
    #[cfg(target_family = "wasm")]
    pub(crate) fn into_parts(self) -> (String, String, Option<String>) {
        (self.code, self.message, self.field)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{}: {field}: {}", self.code, self.message),
            None => write!(f, "{}: {}", self.code, self.message),
        }
    }
}

impl std::error::Error for Error {}

/// Reads JSON. A fault becomes [`Error::INVALID_PARAMETERS`] with the path of the value at fault.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        Error::new(Error::INVALID_PARAMETERS, error.inner().to_string()).field(path)
    })?;
    // Text after the document would otherwise pass unseen.
    deserializer.end().map_err(|error| Error::new(Error::INVALID_PARAMETERS, error.to_string()))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Parameters {
        marks: Vec<Mark>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Mark {
        size: u32,
    }

    #[test]
    fn a_json_fault_names_the_path() {
        let error = from_json::<Parameters>(r#"{"marks":[{"size":1},{"size":"big"}]}"#).unwrap_err();
        assert_eq!(error.code(), Error::INVALID_PARAMETERS);
        assert_eq!(error.field_path(), Some("marks[1].size"));
        assert!(error.message().contains("big"), "{error}");
    }

    #[test]
    fn a_fault_of_the_whole_document_names_no_field() {
        assert_eq!(from_json::<Parameters>("[").unwrap_err().field_path(), None);
        assert_eq!(from_json::<Parameters>("").unwrap_err().code(), Error::INVALID_PARAMETERS);
    }

    #[test]
    fn trailing_text_is_a_fault() {
        assert!(from_json::<Parameters>(r#"{"marks":[]} x"#).is_err());
        assert_eq!(from_json::<Parameters>(r#"{"marks":[],"more":1}"#).unwrap(), Parameters { marks: vec![] });
    }
}
