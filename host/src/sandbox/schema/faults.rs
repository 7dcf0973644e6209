//! Sentences for what a schema refuses: always what is allowed.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use super::{ASSET, wire_path};
use crate::intake::CheckFault;

/// Turns one error of the validator into faults: several where several fields are concerned.
pub(super) fn describe(schema: &Value, error: &ValidationError<'_>, faults: &mut Vec<CheckFault>) {
    use ValidationErrorKind as Kind;
    let path = wire_path(error.instance_path());
    let mut add = |field: String, message: String| faults.push(CheckFault { field, message });
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            add(path.field(name).as_str().to_owned(), "is required".into());
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let known = known_fields(schema, error);
            for name in unexpected {
                add(path.field(name).as_str().to_owned(), format!("does not exist{known}"));
            }
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => match nearest(context) {
            Some(branch) => branch.iter().for_each(|inner| describe(schema, inner, faults)),
            None => add(
                path.as_str().to_owned(),
                format!("fits none of the {} forms that are allowed: {}", context.len(), forms(context)),
            ),
        },
        kind => add(path.as_str().to_owned(), sentence(kind, error)),
    }
}

/// The branch that was meant: the only one whose fixed values (`"Type": "text"`) are all as in the parameters.
fn nearest<'a>(context: &'a [Vec<ValidationError<'static>>]) -> Option<&'a [ValidationError<'static>]> {
    let fixed = |error: &ValidationError<'_>| {
        matches!(error.kind(), ValidationErrorKind::Constant { .. } | ValidationErrorKind::Type { .. })
    };
    let mut meant = context.iter().filter(|branch| !branch.is_empty() && !branch.iter().any(fixed));
    match (meant.next(), meant.next()) {
        (Some(branch), None) => Some(branch),
        _ => None,
    }
}

fn forms(context: &[Vec<ValidationError<'static>>]) -> String {
    let first = |branch: &Vec<ValidationError<'static>>| {
        let fixed = branch.iter().find(|error| matches!(error.kind(), ValidationErrorKind::Constant { .. }));
        let error = fixed.or(branch.first())?;
        let field = wire_path(error.instance_path());
        Some(format!("{} {}", field.as_str(), sentence(error.kind(), error)).trim().to_owned())
    };
    context.iter().filter_map(first).take(8).collect::<Vec<_>>().join("; or ")
}

fn sentence(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Required { property } => format!("needs the field {}", property.as_str().unwrap_or_default()),
        Kind::Type { kind: TypeKind::Single(kind) } => format!("must be {}", type_name(*kind)),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            let names: Vec<_> = kinds.iter().map(type_name).collect();
            format!("must be {}", names.join(" or "))
        }
        Kind::Enum { options } => match options.as_array() {
            Some(options) => {
                let names: Vec<_> = options.iter().map(plain).collect();
                format!("must be one of {}", names.join(", "))
            }
            None => format!("must be {options}"),
        },
        Kind::Constant { expected_value } => format!("must be {}", plain(expected_value)),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be above {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be below {limit}"),
        Kind::MinLength { limit: 1 } => "must not be empty".into(),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} elements"),
        Kind::MaxItems { limit } => format!("must have at most {limit} elements"),
        Kind::AdditionalItems { limit } => format!("must have at most {limit} elements"),
        Kind::MinProperties { limit } => format!("must have at least {limit} fields"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} fields"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::Pattern { pattern } => format!("must match the pattern {pattern}"),
        Kind::Format { format } if format == ASSET => "must be an object URI of the form oss://bucket/key".into(),
        Kind::Format { format } => format!("must be written as {format}"),
        Kind::UniqueItems => "must not have equal elements".into(),
        Kind::OneOfMultipleValid { .. } => "fits several of the forms of which exactly one is allowed".into(),
        Kind::FalseSchema => "is not allowed here".into(),
        _ => format!("is not allowed: {}", shortened(&error.to_string())),
    }
}

/// `; allowed are A, B`, as far as the schema lists them.
fn known_fields(schema: &Value, error: &ValidationError<'_>) -> String {
    let parent = error.schema_path().as_str().rsplit_once('/').map_or("", |(parent, _)| parent);
    let names: Vec<&str> =
        match schema.pointer(parent).and_then(|object| object.get("properties")).and_then(Value::as_object) {
            Some(properties) => properties.keys().map(String::as_str).collect(),
            None => return String::new(),
        };
    if names.is_empty() { "; no fields are allowed here".into() } else { format!("; allowed are {}", names.join(", ")) }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "an array",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 200;
    if text.chars().count() > SHOWN { text.chars().take(SHOWN).chain("...".chars()).collect() } else { text.to_owned() }
}
