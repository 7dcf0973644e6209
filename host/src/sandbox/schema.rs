//! The schema of a plugin's parameters: local references only, linear-time patterns, all faults at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Map, Value};

use super::manifest::MAX_BYTES;
use crate::intake::CheckFault;
use crate::task::{FieldPath, ObjectUri};

mod cost;
mod faults;

/// The `format` that makes a string an asset.
const ASSET: &str = "asset-uri";

/// Faults shown for one set of parameters.
const MAX_FAULTS: usize = 100;

/// Pairs of schema and value that are visited in search of assets. Real ones need a few hundred.
const MAX_STEPS: usize = 200_000;

/// Schemas that a schema may apply to one value, counted as often as they are applied.
const MAX_IN_PLACE: u64 = 10_000;

/// Keywords whose schemas judge the same value as the schema that they stand in.
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const IN_PLACE: [&str; 4] = ["if", "then", "else", "not"];
const DEPENDENT: [&str; 2] = ["dependentSchemas", "dependencies"];

/// A checked schema.
pub(super) struct Schema {
    schema: Value,
    /// What it was compiled to.
    validator: OnceLock<Validator>,
}

impl Schema {
    /// Compiles a schema. The error is a sentence part about the schema.
    pub(super) fn new(schema: &Value) -> Result<Self, String> {
        if schema.to_string().len() > MAX_BYTES {
            return Err(format!("is longer than {MAX_BYTES} bytes"));
        }
        check_references(schema, schema)?;
        check_cycles(schema)?;
        Ok(Self { schema: schema.clone(), validator: compile(schema)?.into() })
    }

    /// The schema of a component that is built in, which has been checked before it was: compiled when first parameters are judged by it, for most tasks use few plugins.
    pub(super) fn of_built_in(schema: &Value) -> Self {
        Self { schema: schema.clone(), validator: OnceLock::new() }
    }

    /// All faults of these parameters, with paths such as `Watermarks[0].FontSize`.
    pub(super) fn faults(&self, parameters: &Value) -> Vec<CheckFault> {
        // This runs in the service: nothing else would end it.
        if !cost::is_bearable(&self.schema, parameters) {
            let message = format!(
                "is too much work for the plugin's schema, of which judging it would take more than {MAX_STEPS} steps"
            );
            return vec![CheckFault { field: String::new(), message }];
        }
        let validator = match self.validator() {
            Ok(validator) => validator,
            Err(reason) => {
                return vec![CheckFault {
                    field: String::new(),
                    message: format!("cannot be judged: the schema {reason}"),
                }];
            }
        };
        let mut faults = Vec::new();
        for error in validator.iter_errors(parameters) {
            faults::describe(&self.schema, &error, &mut faults);
            if faults.len() >= MAX_FAULTS {
                break;
            }
        }
        faults.truncate(MAX_FAULTS);
        faults
    }

    fn validator(&self) -> Result<&Validator, String> {
        match self.validator.get() {
            Some(validator) => Ok(validator),
            None => compile(&self.schema).map(|made| self.validator.get_or_init(|| made)),
        }
    }

    /// The object URIs at places that the schema marks as assets.
    pub(super) fn assets(&self, parameters: &Value) -> Result<BTreeSet<String>, String> {
        let mut search = Search { root: &self.schema, seen: HashSet::new(), found: BTreeSet::new() };
        search.visit(&self.schema, parameters)?;
        Ok(search.found)
    }
}

fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(1 << 20).dfa_size_limit(1 << 20))
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_format(ASSET, |text| ObjectUri::parse(text).is_ok())
        .build(schema)
        .map_err(|error| format!("is no valid JSON schema at `{}`: {error}", error.instance_path()))
}

/// A reference must point into the same schema by a JSON pointer: nothing is ever fetched.
fn check_references(root: &Value, schema: &Value) -> Result<(), String> {
    match schema {
        Value::Object(object) => {
            for (keyword, value) in object {
                match (keyword.as_str(), value) {
                    ("$ref", Value::String(target)) if resolve(root, target).is_none() => {
                        return Err(format!("has the reference `{target}`; allowed are `#/...` to places that exist"));
                    }
                    ("$dynamicRef" | "$recursiveRef" | "$anchor" | "$dynamicAnchor", Value::String(_)) => {
                        return Err(format!("uses `{keyword}`; allowed is `$ref` with `#/...`"));
                    }
                    ("$id", Value::String(_)) if !std::ptr::eq(root, schema) => {
                        return Err(format!("uses `{keyword}` below its top, which would change what references mean"));
                    }
                    _ => check_references(root, value)?,
                }
            }
            Ok(())
        }
        Value::Array(list) => list.iter().try_for_each(|value| check_references(root, value)),
        _ => Ok(()),
    }
}

fn resolve<'a>(root: &'a Value, target: &str) -> Option<&'a Value> {
    let pointer = target.strip_prefix('#')?;
    if pointer.contains('%') { None } else { root.pointer(pointer) }
}

/// A reference that leads back to its own place without going into the value would never end, and one that is followed twice at each of
/// many places would not end in time.
fn check_cycles(root: &Value) -> Result<(), String> {
    let mut done = HashMap::new();
    let mut all = vec![root];
    while let Some(schema) = all.pop() {
        in_place(root, schema, &mut Vec::new(), &mut done)?;
        match schema {
            Value::Object(object) => all.extend(object.values()),
            Value::Array(list) => all.extend(list),
            _ => {}
        }
    }
    Ok(())
}

/// How many schemas are applied to the value of this one, itself included.
fn in_place<'a>(
    root: &'a Value,
    schema: &'a Value,
    path: &mut Vec<&'a Value>,
    done: &mut HashMap<*const Value, u64>,
) -> Result<u64, String> {
    let Value::Object(object) = schema else { return Ok(1) };
    if path.iter().any(|outer| std::ptr::eq(*outer, schema)) {
        return Err("has a `$ref` that leads back to itself".into());
    }
    if path.len() > 64 {
        return Err("nests more than 64 schemas for one value".into());
    }
    if let Some(applied) = done.get(&std::ptr::from_ref(schema)) {
        return Ok(*applied);
    }
    path.push(schema);
    let mut applied = 1_u64;
    for inner in applied_in_place(root, object) {
        applied = applied.saturating_add(in_place(root, inner, path, done)?);
    }
    path.pop();
    if applied > MAX_IN_PLACE {
        return Err(format!("applies more than {MAX_IN_PLACE} schemas for one value"));
    }
    done.insert(std::ptr::from_ref(schema), applied);
    Ok(applied)
}

fn applied_in_place<'a>(root: &'a Value, object: &'a Map<String, Value>) -> impl Iterator<Item = &'a Value> {
    let target = object.get("$ref").and_then(Value::as_str).and_then(|target| resolve(root, target));
    let lists = IN_PLACE_LISTS.iter().filter_map(|keyword| object.get(*keyword)?.as_array()).flatten();
    let single = IN_PLACE.iter().filter_map(|keyword| object.get(*keyword));
    let dependent = DEPENDENT.iter().filter_map(|keyword| object.get(*keyword)?.as_object()).flat_map(Map::values);
    target.into_iter().chain(lists).chain(single).chain(dependent)
}

/// Walks schema and value together.
struct Search<'a> {
    root: &'a Value,
    seen: HashSet<(*const Value, *const Value)>,
    found: BTreeSet<String>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, schema: &'a Value, value: &Value) -> Result<(), String> {
        let Value::Object(object) = schema else { return Ok(()) };
        if !self.seen.insert((std::ptr::from_ref(schema), std::ptr::from_ref(value))) {
            return Ok(());
        }
        if self.seen.len() > MAX_STEPS {
            return Err("are too large for the plugin's schema".into());
        }
        if let (Some(ASSET), Value::String(text)) = (object.get("format").and_then(Value::as_str), value)
            && ObjectUri::parse(text).is_ok()
        {
            self.found.insert(text.clone());
        }
        for inner in applied_in_place(self.root, object) {
            self.visit(inner, value)?;
        }
        match value {
            Value::Object(fields) => {
                let named = object.get("properties").and_then(Value::as_object);
                for (name, field) in fields {
                    if let Some(inner) =
                        named.and_then(|named| named.get(name)).or_else(|| object.get("additionalProperties"))
                    {
                        self.visit(inner, field)?;
                    }
                }
            }
            Value::Array(list) => {
                let prefix = object.get("prefixItems").and_then(Value::as_array);
                for (index, item) in list.iter().enumerate() {
                    if let Some(inner) = prefix.and_then(|prefix| prefix.get(index)).or_else(|| object.get("items")) {
                        self.visit(inner, item)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A JSON pointer in the form of the wire: `/Watermarks/0/URI` is `Watermarks[0].URI`.
fn wire_path(location: &jsonschema::paths::Location) -> FieldPath {
    use jsonschema::paths::LocationSegment;
    location.iter().fold(FieldPath::root(), |path, segment| match segment {
        LocationSegment::Property(name) => path.field(&name),
        LocationSegment::Index(index) => path.index(index),
    })
}

#[cfg(test)]
mod tests;
