//! Query parameters: each at most once, none unknown, all faults at once.

use axum::extract::Query;
use axum::http::Uri;
use serde_json::Value;

use super::refusal::Refusal;
use crate::intake;
use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath, Timestamp};

/// The query parameters of one request.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    given: Vec<(String, String)>,
    faults: Vec<Fault>,
}

/// What texts are taken as a moment.
const MOMENT: &str = "must be ISO-8601 with a zone, such as 2026-01-31T08:00:00Z; a + is written %2B";

impl Parameters {
    /// Reads them. Empty ones are the same as absent ones.
    pub(super) fn read(uri: &Uri, known: &[&str]) -> Self {
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            let fault = Fault::new(FaultCode::InvalidArgument, FieldPath::root(), "has no readable query");
            return Self { given: Vec::new(), faults: vec![fault] };
        };
        Self::of(pairs, known, "this route")
    }

    /// The same from parameters that are decoded already; `of` is what they belong to.
    pub(super) fn of(pairs: Vec<(String, String)>, known: &[&str], of: &str) -> Self {
        let mut parameters = Self::default();
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                let list = if known.is_empty() { "there are none here".into() } else { known.join(", ") };
                let shown: String = name.chars().take(60).collect();
                parameters.fault(&shown, None, format!("is no parameter of {of}; known: {list}"));
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

    /// The value of a parameter that must be there.
    pub(super) fn required(&mut self, name: &str) -> Option<String> {
        let text = self.text(name);
        if text.is_none() {
            self.faults.push(Fault::new(FaultCode::MissingArgument, FieldPath::from(name), "is required"));
        }
        text
    }

    /// The value of a parameter as JSON.
    pub(super) fn json(&mut self, name: &str) -> Option<Value> {
        let text = self.text(name)?;
        match intake::parse_json(&text) {
            Ok(value) => Some(value),
            Err(faults) => {
                let named = |fault: Fault| Fault { field: FieldPath::from(name), ..fault };
                self.faults.extend(faults.into_vec().into_iter().map(named));
                None
            }
        }
    }

    /// Two moments, `{"Start": ..., "End": ...}` as JSON: from the first on, and before the second. Either may be missing.
    pub(super) fn moments(&mut self, name: &str) -> (Option<Timestamp>, Option<Timestamp>) {
        let range = match self.json(name) {
            Some(Value::Object(range)) => range,
            None | Some(Value::Null) => return (None, None),
            Some(other) => {
                self.fault(name, Some(&other.to_string()), "must be an object of Start and End");
                return (None, None);
            }
        };
        for field in range.keys().filter(|field| !matches!(field.as_str(), "Start" | "End")) {
            let shown: String = field.chars().take(60).collect();
            self.fault(&format!("{name}.{shown}"), None, "does not exist; known: Start, End");
        }
        let mut moment = |field: &str| match range.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(value) => {
                let moment = value.as_str().and_then(Timestamp::parse);
                if moment.is_none() {
                    self.faults.push(Fault::with_value(
                        FaultCode::InvalidArgument,
                        FieldPath::from(name).field(field),
                        value,
                        MOMENT,
                    ));
                }
                moment
            }
        };
        let moments = (moment("Start"), moment("End"));
        if let (Some(start), Some(end)) = moments
            && start >= end
        {
            let value = range.get("End").and_then(Value::as_str);
            self.fault(&format!("{name}.End"), value, "must be later than Start");
        }
        moments
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
        self.parsed(name, Timestamp::parse, MOMENT)
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
