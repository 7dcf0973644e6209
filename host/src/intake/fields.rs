//! A reader over one JSON object: typed, remembering what was asked for, reporting everything that is wrong.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::faults::Notes;
use super::names::nearest;
use super::numbers::{Interval, whole};
use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath, Warning};

/// Whether a value counts as absent: null, an empty string or an empty array (decision 11 of the API reference).
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether a value is blank, or an object of nothing but such values.
pub(super) fn is_hollow(value: &Value) -> bool {
    is_blank(value) || value.as_object().is_some_and(|members| members.values().all(is_hollow))
}

/// A name out of the request, short enough for a path.
fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    if name.chars().count() <= LONGEST {
        name.to_owned()
    } else {
        name.chars().take(LONGEST).chain("...".chars()).collect()
    }
}

/// One object of the request while it is read. Each getter takes the field's name, returns `None` where the field is absent
/// or wrong, and has then reported the latter. [`Fields::finish`] reports the fields that nobody asked for.
#[must_use = "call `finish`, or unknown fields go unnoticed"]
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    path: FieldPath,
    target: Option<usize>,
    known: Vec<&'static str>,
    notes: &'a Notes,
}

impl<'a> Fields<'a> {
    /// The object at a path, if it is one.
    pub(super) fn open(value: &'a Value, path: FieldPath, target: Option<usize>, notes: &'a Notes) -> Option<Self> {
        let Some(members) = value.as_object() else {
            notes.fault(Fault::with_value(FaultCode::InvalidArgument, path, value, "must be an object"));
            return None;
        };
        Some(Self { members, path, target, known: Vec::new(), notes })
    }

    /// The path of this object.
    pub(super) fn path(&self) -> &FieldPath {
        &self.path
    }

    /// The collector of this request.
    pub(super) fn notes(&self) -> &'a Notes {
        self.notes
    }

    /// Whether all fields are absent or empty.
    pub(super) fn is_hollow(&self) -> bool {
        self.members.values().all(is_hollow)
    }

    /// Reports a fault of a field, with the value found there.
    pub(super) fn fault(&self, code: FaultCode, name: &str, message: impl Into<String>) {
        let path = self.path.field(&shown(name));
        self.notes.fault(match self.members.get(name) {
            Some(value) => Fault::with_value(code, path, value, message),
            None => Fault::new(code, path, message),
        });
    }

    /// Warns about a field; with an empty name about the object.
    pub(super) fn warn(&self, code: &str, name: &str, message: impl Into<String>) {
        let path = if name.is_empty() { self.path.clone() } else { self.path.field(name) };
        self.notes.warn(Warning {
            code: code.to_owned(),
            field: path.as_str().to_owned(),
            target: self.target,
            message: message.into(),
        });
    }

    /// The field's value, whatever it is.
    pub(super) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.members.get(name).filter(|value| !is_blank(value))
    }

    /// Whether the field has a value that is not empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !is_blank(value))
    }

    /// Whether the field is the number 0.
    pub(super) fn is_zero(&self, name: &str) -> bool {
        self.members.get(name).and_then(Value::as_f64) == Some(0.0)
    }

    /// Takes note of fields that exist but do nothing here, and returns those that the request gives.
    pub(super) fn unread(&mut self, names: &[&'static str]) -> Vec<&'static str> {
        self.known.extend_from_slice(names);
        names.iter().copied().filter(|name| self.members.get(*name).is_some_and(|value| !is_hollow(value))).collect()
    }

    /// A text.
    pub(super) fn string(&mut self, name: &'static str) -> Option<&'a str> {
        let value = self.value(name)?;
        if value.as_str().is_none() {
            self.fault(FaultCode::InvalidArgument, name, "must be a string");
        }
        value.as_str()
    }

    /// A text that has to be there.
    pub(super) fn required_string(&mut self, name: &'static str) -> Option<&'a str> {
        if !self.has(name) {
            self.fault(FaultCode::MissingArgument, name, "is required and must not be empty");
        }
        self.string(name)
    }

    /// true or false; also as `"true"`, `"True"`, `"false"`, `"False"`, which SDKs send.
    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let value = self.value(name)?;
        let boolean = match value {
            Value::Bool(boolean) => Some(*boolean),
            Value::String(text) if matches!(text.as_str(), "true" | "True") => Some(true),
            Value::String(text) if matches!(text.as_str(), "false" | "False") => Some(false),
            _ => None,
        };
        if boolean.is_none() {
            self.fault(FaultCode::InvalidArgument, name, "must be true or false");
        }
        boolean
    }

    /// A whole number within a range.
    pub(super) fn integer<T: TryFrom<i64>>(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Option<T> {
        let value = self.value(name)?;
        let number = whole(value).filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.fault(FaultCode::InvalidArgument, name, format!("must be an integer from {low} to {high}"));
        }
        number
    }

    /// A whole number out of a list.
    pub(super) fn integer_of<T: TryFrom<i64>>(&mut self, name: &'static str, allowed: &[i64]) -> Option<T> {
        let value = self.value(name)?;
        let number = whole(value).filter(|number| allowed.contains(number)).and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            let list: Vec<_> = allowed.iter().map(ToString::to_string).collect();
            self.fault(FaultCode::InvalidArgument, name, format!("must be one of the integers {}", list.join(", ")));
        }
        number
    }

    /// A number within an interval.
    pub(super) fn number(&mut self, name: &'static str, interval: Interval) -> Option<f64> {
        let value = self.value(name)?;
        let number = value.as_f64().filter(|number| interval.contains(*number));
        if number.is_none() {
            self.fault(FaultCode::InvalidArgument, name, format!("must be a number {interval}"));
        }
        number
    }

    /// One of several texts. `later` are values of the API that this version does not support.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        now: &[(&'static str, T)],
        later: &[&'static str],
    ) -> Option<T> {
        let value = self.value(name)?;
        let text = value.as_str();
        if let Some((_, chosen)) = now.iter().find(|(allowed, _)| text == Some(allowed)) {
            return Some(*chosen);
        }
        let supported = now.iter().map(|(allowed, _)| *allowed).collect::<Vec<_>>().join(", ");
        if text.is_some_and(|text| later.contains(&text)) {
            let message = format!("is not supported by this version with this value; supported are {supported}");
            self.fault(FaultCode::Unsupported, name, message);
        } else if later.is_empty() {
            self.fault(FaultCode::InvalidArgument, name, format!("must be one of {supported}"));
        } else {
            let message =
                format!("must be one of {supported} (and {}, not supported by this version)", later.join(", "));
            self.fault(FaultCode::InvalidArgument, name, message);
        }
        None
    }

    /// An object. An empty one is present, as `Video: {}` has a meaning of its own.
    pub(super) fn object(&mut self, name: &'static str) -> Option<Fields<'a>> {
        let value = self.value(name)?;
        Fields::open(value, self.path.field(name), self.target, self.notes)
    }

    /// An element of one of this object's arrays, if it is an object.
    pub(super) fn element(&self, item: &'a Value, path: FieldPath) -> Option<Fields<'a>> {
        Fields::open(item, path, self.target, self.notes)
    }

    /// An array that is not empty.
    pub(super) fn array(&mut self, name: &'static str) -> Option<&'a [Value]> {
        let value = self.value(name)?;
        if !value.is_array() {
            self.fault(FaultCode::InvalidArgument, name, "must be an array");
        }
        value.as_array().map(Vec::as_slice)
    }

    /// An array of whole numbers; those that are none are reported one by one.
    pub(super) fn integers(&mut self, name: &'static str, range: &RangeInclusive<i64>) -> Option<Vec<i64>> {
        let items = self.array(name)?;
        let path = self.path.field(name);
        let mut numbers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match whole(item).filter(|number| range.contains(number)) {
                Some(number) => numbers.push(number),
                None => self.notes.fault(Fault::with_value(
                    FaultCode::InvalidArgument,
                    path.index(index),
                    item,
                    format!("must be an integer from {} to {}", range.start(), range.end()),
                )),
            }
        }
        (numbers.len() == items.len()).then_some(numbers)
    }

    /// A part of the API that this version does not have; given as empty it is no matter.
    pub(super) fn unsupported(&mut self, name: &'static str, instead: &str) {
        if self.value(name).is_some_and(|value| !is_hollow(value)) {
            self.fault(FaultCode::Unsupported, name, format!("is not supported by this version; {instead}"));
        }
    }

    /// A map from texts to texts, at most so many.
    pub(super) fn texts(&mut self, name: &'static str, most: usize) -> Vec<(&'a str, &'a str)> {
        let Some(map) = self.object(name) else { return Vec::new() };
        if map.members.len() > most {
            let message = format!("must have at most {most} entries; it has {}", map.members.len());
            self.notes.fault(Fault::new(FaultCode::LimitExceeded, map.path, message));
            return Vec::new();
        }
        let mut texts = Vec::with_capacity(map.members.len());
        for (key, value) in map.members {
            match value {
                Value::Null => {}
                Value::String(text) => texts.push((key.as_str(), text.as_str())),
                _ => map.fault(FaultCode::InvalidArgument, key, "must be a string"),
            }
        }
        texts
    }

    /// Leaves all fields to somebody else's judgement, in place of [`Fields::finish`].
    pub(super) fn leave(self) {}

    /// Reports every field that nobody asked for, with the names that exist.
    pub(super) fn finish(self) {
        let mut allowed = self.known.clone();
        allowed.sort_unstable();
        allowed.dedup();
        for name in self.members.keys().filter(|name| allowed.binary_search(&name.as_str()).is_err()) {
            // A hint costs more than a fault: none for those that will not be listed.
            let near = if self.notes.is_full() { None } else { nearest(name, &allowed) };
            let hint = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            let message = format!("is not a field of the API; {hint}allowed here: {}", allowed.join(", "));
            self.fault(FaultCode::InvalidArgument, name, message);
        }
    }
}
