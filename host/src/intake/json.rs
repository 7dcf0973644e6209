//! Text to JSON, stricter than serde_json alone: a field that is given twice is refused, because one of the two values
//! would be dropped in silence.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Faults, Limits};
use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath};

/// serde_json stops at 128 levels of its own accord; the limit stays below that.
const DEEPEST: usize = 100;

/// Parses the body of a request.
pub(super) fn parse(text: &[u8], limits: &Limits) -> Result<Value, Faults> {
    if text.len() > limits.body_bytes {
        let message = format!("must be at most {} bytes long; it has {}", limits.body_bytes, text.len());
        return Err(Fault::new(FaultCode::LimitExceeded, FieldPath::root(), message).into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let strict = Strict { levels: limits.depth.min(DEEPEST) };
    let parsed = strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        // The error's text ends with "at line L column C".
        Fault::new(FaultCode::InvalidJson, FieldPath::root(), format!("must be valid JSON: {error}")).into()
    })
}

/// Refuses a value that is nested deeper than that, before anything recurses into it.
pub(super) fn check_depth(value: &Value, depth: usize) -> Result<(), Faults> {
    let depth = depth.min(DEEPEST);
    if fits(value, depth) {
        return Ok(());
    }
    let message = format!("must be nested at most {depth} levels deep");
    Err(Fault::new(FaultCode::LimitExceeded, FieldPath::root(), message).into())
}

fn fits(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels > 0 && items.iter().all(|item| fits(item, levels - 1)),
        Value::Object(members) => levels > 0 && members.values().all(|member| fits(member, levels - 1)),
        _ => true,
    }
}

/// Builds a [`Value`] of at most so many levels.
#[derive(Clone, Copy)]
struct Strict {
    levels: usize,
}

impl Strict {
    fn inner<E: Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("arrays and objects are nested too deep"))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                let shown: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format_args!("field `{shown}` is given twice")));
            }
            members.insert(name, access.next_value_seed(inner)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        let mut faults = parse(text.as_bytes(), &Limits::default()).unwrap_err().into_vec();
        assert_eq!(faults.len(), 1);
        faults.remove(0)
    }

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#"{"a": [1, -2, 0.5, 1e3, "x", true, null, {"b": {}}]}"#;
        assert_eq!(parse(text.as_bytes(), &Limits::default()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn broken_text_is_named_by_line_and_column() {
        let broken = fault("{\n  \"a\": x\n}");
        assert_eq!(broken.code, FaultCode::InvalidJson);
        assert!(broken.message.contains("line 2 column"), "{}", broken.message);
        for text in ["", "{} {}", "{\"a\":1e999}", "\"\\ud800\"", "nul"] {
            assert_eq!(fault(text).code, FaultCode::InvalidJson, "{text}");
        }
        assert!(parse(b"\"\xff\"", &Limits::default()).is_err());
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let twice = fault(r#"{"a": 1, "b": 2, "a": 3}"#);
        assert!(twice.message.contains("field `a` is given twice at line 1 column"), "{}", twice.message);
    }

    #[test]
    fn depth_and_length_are_limited() {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        assert!(fault(&deep).message.contains("nested too deep"));
        let legal = format!("{}{}", "[".repeat(32), "]".repeat(32));
        let value = parse(legal.as_bytes(), &Limits::default()).unwrap();
        assert!(check_depth(&value, 32).is_ok());
        assert!(check_depth(&value, 31).is_err());
        let endless = "[".repeat(1 << 20);
        assert!(fault(&endless).message.contains("nested too deep"));
        let long = format!("\"{}\"", "x".repeat(1 << 20));
        assert_eq!(fault(&long).code, FaultCode::LimitExceeded);
    }
}
