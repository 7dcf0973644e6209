//! The reference in docs/PLUGINS.md names what there is: limits with their defaults, and every function of the WIT.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use wasmux::sandbox::{Limits, MAX_COMPONENT_BYTES};
use wasmux_tests::workspace;
use wit_parser::Resolve;

/// The part behind the heading.
fn reference() -> String {
    let text = fs::read_to_string(workspace().join("docs/PLUGINS.md")).unwrap();
    text.split_once("\n# Reference\n").unwrap().1.to_owned()
}

/// The first two cells of each row of the table that begins with this cell.
fn rows(text: &str, head: &str) -> Vec<(String, String)> {
    let rows = text.lines().skip_while(|line| !line.starts_with(&format!("| {head} |"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].trim_matches('`').to_owned(), cells[1].to_owned())
    })
    .collect()
}

#[test]
fn limits_are_those_of_the_code() {
    let text = reference();
    let written: BTreeMap<_, _> = rows(&text, "limit").into_iter().collect();
    let Value::Object(fields) = serde_json::to_value(Limits::default()).unwrap() else { unreachable!() };
    let real: BTreeMap<_, _> = fields.into_iter().map(|(name, value)| (name, value.to_string())).collect();
    assert_eq!(written, real);
    assert!(text.contains(&format!("{MAX_COMPONENT_BYTES} bytes (`max_component_bytes`)")));
}

#[test]
fn errors_are_the_five() {
    let written: BTreeSet<_> = rows(&reference(), "code").into_iter().map(|(code, _)| code).collect();
    let five = ["PluginError", "PluginTrap", "PluginDeadline", "PluginMemory", "PluginIncompatible"];
    assert_eq!(written, five.map(str::to_owned).into());
}

#[test]
fn every_function_of_the_wit_is_named() {
    let mut resolve = Resolve::default();
    resolve.push_dir(workspace().join("wit")).unwrap();
    let functions: BTreeSet<_> = resolve
        .interfaces
        .iter()
        .flat_map(|(_, interface)| interface.functions.values().map(|function| function.item_name().to_owned()))
        .collect();
    assert!(functions.contains("process") && functions.contains("chroma-location"), "{functions:?}");
    let text = reference();
    let missing: Vec<_> = functions.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/PLUGINS.md does not name {missing:?}");
}
