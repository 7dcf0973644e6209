use serde_json::{Value, json};

use super::*;
use crate::intake::tests::full;

/// The fields of a value that its schema does not know, by their paths.
fn unknown(value: &Value, schema: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let Some(properties) = schema.get("properties") else { return };
            for (name, member) in members {
                match properties.get(name) {
                    Some(schema) => unknown(member, schema, &format!("{path}.{name}"), into),
                    None => into.push(format!("{path}.{name}")),
                }
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            items.iter().for_each(|item| unknown(item, schema, path, into));
        }
        _ => {}
    }
}

#[test]
fn every_field_that_is_taken_has_a_shape() {
    let schema = request_schema(&Limits::default());
    let mut missing = Vec::new();
    unknown(&full(), &schema, "", &mut missing);
    assert_eq!(missing, Vec::<String>::new());
    unknown(&json!({"Targets": [{"Image": {}}]}), &schema, "", &mut missing);
    assert_eq!(missing, [".Targets.Image"]);
}

#[test]
fn every_field_says_what_it_is() {
    fn descriptions(schema: &Value, path: &str) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            let said = field.get("description").or_else(|| field["items"].get("description"));
            assert!(said.is_some(), "{path}");
            descriptions(field, &path);
            descriptions(&field["items"], &path);
        }
    }
    descriptions(&request_schema(&Limits::default()), "");
}
