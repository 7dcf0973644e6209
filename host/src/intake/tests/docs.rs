//! docs/API.md says what the code does.

use serde_json::Value;

use super::surroundings::full;
use crate::task::ErrorCode;

const API: &str = include_str!("../../../../docs/API.md");

#[test]
fn the_table_of_error_codes_is_complete_and_true() {
    for code in ErrorCode::ALL {
        let retried = if code.retryable() { "yes" } else { "no" };
        let row = format!("| `{}` | {:?} | {retried} |", code.name(), code.class());
        assert!(API.contains(&row), "docs/API.md lacks a row that begins with {row}");
    }
    let rows =
        API.lines().filter(|line| line.ends_with("|") && line.contains("| yes |") | line.contains("| no |")).count();
    assert_eq!(rows, ErrorCode::ALL.len(), "docs/API.md has rows of codes that do not exist");
}

#[test]
fn every_field_that_is_taken_is_documented() {
    fn names(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    into.push(name.clone());
                    names(member, into);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| names(item, into)),
            _ => {}
        }
    }
    let mut known = Vec::new();
    names(&full(), &mut known);
    for name in known.iter().filter(|name| *name != "customer") {
        assert!(API.contains(&format!("`{name}`")), "docs/API.md does not mention `{name}`");
    }
}
