//! JSON schemas of the words that write themselves as a text.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{ObjectUri, PluginName, PluginRef, Rational, Rotation, TaskId, Timestamp};

/// A type that is a text in JSON: its description, its form, and the name of a format where there is one.
macro_rules! text {
    ($type:ident, $description:literal, $($keyword:literal: $value:expr),*) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "description": $description, $($keyword: $value),*})
            }
        }
    };
}

text!(Timestamp, "A moment in UTC: ISO 8601 with milliseconds.", "format": "date-time");
text!(TaskId, "Id of a task.", "pattern": "^MediaConvert-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$");
text!(ObjectUri, "An object in a bucket.", "pattern": "^oss://[a-z0-9][a-z0-9._-]{0,62}/.+$");
text!(PluginName, "Name of a plugin.", "pattern": "^[a-z][a-z0-9-]{0,63}$");
text!(PluginRef, "A plugin, by name, range of versions and digest.", "examples": ["watermark@^1", "watermark#built-in"]);
text!(Rational, "A fraction.", "pattern": "^-?[0-9]+(/[0-9]+)?$");

impl JsonSchema for Rotation {
    fn schema_name() -> Cow<'static, str> {
        "Rotation".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "description": "Degrees clockwise.", "enum": [0, 90, 180, 270]})
    }
}
