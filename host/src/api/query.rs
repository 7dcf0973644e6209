//! Query parameters: each at most once, none unknown, all faults at once.

use axum::extract::Query;
use axum::http::Uri;
use serde_json::Value;

use super::refusal::Refusal;
use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath, Timestamp};

/// The query parameters of one request.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    given: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Parameters {
    /// Reads them. Empty ones are the same as absent ones.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Self {
        let mut parameters = Self::default();
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            parameters.faults.push(Fault::new(FaultCode::InvalidArgument, FieldPath::root(), "has no readable query"));
            return parameters;
        };
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                let list = if known.is_empty() { "there are none here".into() } else { known.join(", ") };
                let shown: String = name.chars().take(60).collect();
                parameters.fault(&shown, None, format!("is no parameter of this route; known: {list}"));
            } else if parameters.given.iter().any(|(given, _)| *given == name) {
                parameters.fault(&name, Some(&value), "is given twice");
            } else {
                parameters.given.push((name, value));
            }
        }
        parameters.given.retain(|(_, value)| !value.is_empty());
        parameters
    }

    /// The value of a parameter.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone())
    }

    /// The value of a parameter, read by `read`; `must` follows its name where that fails.
    pub(super) fn parsed<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Option<T>, must: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            self.fault(name, Some(&text), must);
        }
        value
    }

    /// A flag, also as SDKs of the vendor write it.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        let read = |text: &str| match text {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => None,
        };
        self.parsed(name, read, "must be true or false").unwrap_or_default()
    }

    /// A moment.
    pub(super) fn moment(&mut self, name: &str) -> Option<Timestamp> {
        let must = "must be ISO-8601 with a zone, such as 2026-01-31T08:00:00Z; a + is written %2B";
        self.parsed(name, Timestamp::parse, must)
    }

    /// Notes a fault of a parameter.
    pub(super) fn fault(&mut self, name: &str, value: Option<&str>, message: impl Into<String>) {
        let (code, field) = (FaultCode::InvalidArgument, FieldPath::from(name));
        self.faults.push(match value {
            Some(value) => Fault::with_value(code, field, &Value::from(value), message),
            None => Fault::new(code, field, message),
        });
    }

    /// Refuses the request where there was a fault.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::faults(self.faults)) }
    }
}
