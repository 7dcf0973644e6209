//! How much work it is to judge parameters by a schema, found out without doing it: both come from strangers, and a schema of a few lines
//! that is applied twice at each level of a value doubles the work with every level.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{MAX_STEPS, applied_in_place};

/// Schemas within schemas and values within values, together: each is some frames on the stack of whoever judges.
const MAX_DEPTH: usize = 1_000;

/// Bytes of a text that one step reads.
const STEP_BYTES: usize = 64;

/// What stands for the name of a field, which is judged as a value of its own.
static NAME: Value = Value::Null;

/// Whether judging the parameters takes at most [`MAX_STEPS`] applications of a schema to a value.
pub(super) fn is_bearable(schema: &Value, parameters: &Value) -> bool {
    Count { root: schema, known: HashMap::new() }.visit(schema, parameters, 0).is_some()
}

struct Count<'a> {
    root: &'a Value,
    /// Steps of each pair that was counted. Where the validator does the same again, it is added and not counted again.
    known: HashMap<(*const Value, *const Value), usize>,
}

impl<'a> Count<'a> {
    /// The steps; `None` where there are too many.
    fn visit(&mut self, schema: &'a Value, value: &'a Value, depth: usize) -> Option<usize> {
        let Value::Object(object) = schema else { return Some(1) };
        let pair = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        if let Some(steps) = self.known.get(&pair) {
            return Some(*steps);
        }
        if depth > MAX_DEPTH || self.known.len() > MAX_STEPS {
            return None;
        }
        let mut steps = own(object, value);
        for inner in applied_in_place(self.root, object) {
            add(&mut steps, self.visit(inner, value, depth + 1)?)?;
        }
        if ["unevaluatedProperties", "unevaluatedItems"].iter().any(|keyword| object.contains_key(*keyword)) {
            // What is evaluated is found out by judging again, for each part.
            steps = steps.checked_mul(1 + parts(value))?;
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    for inner in of_field(object, name) {
                        add(&mut steps, self.visit(inner, field, depth + 1)?)?;
                    }
                    if let Some(inner) = object.get("propertyNames") {
                        add(&mut steps, name.len() / STEP_BYTES + self.visit(inner, &NAME, depth + 1)?)?;
                    }
                }
            }
            Value::Array(items) => {
                let prefix = object.get("prefixItems").and_then(Value::as_array);
                for (index, item) in items.iter().enumerate() {
                    let first = prefix.and_then(|prefix| prefix.get(index));
                    for inner in first.into_iter().chain(of_items(object, index)) {
                        add(&mut steps, self.visit(inner, item, depth + 1)?)?;
                    }
                }
            }
            _ => {}
        }
        add(&mut steps, 0)?;
        self.known.insert(pair, steps);
        Some(steps)
    }
}

fn add(steps: &mut usize, more: usize) -> Option<()> {
    *steps = steps.checked_add(more)?;
    (*steps <= MAX_STEPS).then_some(())
}

/// Steps for the keywords that have no schemas.
fn own(object: &Map<String, Value>, value: &Value) -> usize {
    let options = object.get("enum").and_then(Value::as_array).map_or(0, Vec::len);
    let text = match value {
        Value::String(text) if object.contains_key("pattern") || object.contains_key("format") => text.len(),
        _ => 0,
    };
    1 + options + text / STEP_BYTES
}

fn parts(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    }
}

/// Every schema that might judge this field. That those for the rest do not judge what has a schema of its own makes no odds here, but
/// for `additionalProperties`, which many schemas have.
fn of_field<'a>(object: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    let fields = |keyword: &str| object.get(keyword).and_then(Value::as_object);
    let named = fields("properties").and_then(|named| named.get(name));
    let rest = object.get("additionalProperties").filter(|_| named.is_none());
    let patterns = fields("patternProperties").into_iter().flat_map(Map::values);
    named.into_iter().chain(rest).chain(object.get("unevaluatedProperties")).chain(patterns)
}

/// The same for an element of a list.
fn of_items(object: &Map<String, Value>, index: usize) -> impl Iterator<Item = &Value> {
    // In older drafts `items` may be a list, with a schema for each of the first elements.
    let items = object.get("items").and_then(|items| match items {
        Value::Array(list) => list.get(index),
        one => Some(one),
    });
    let others = ["additionalItems", "contains", "unevaluatedItems"].into_iter();
    items.into_iter().chain(others.filter_map(|keyword| object.get(keyword)))
}
