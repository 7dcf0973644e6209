//! Components that were built, with another manifest, another version or another word in them.

use std::fs;

use serde_json::Value;
use wasm_encoder::{ComponentSection, CustomSection};
use wasmux_tests::component;

/// The section's name, and one as long that means nothing.
const SECTION: &str = "wasmux:plugin";
const NO_SECTION: &str = "wasmux:hidden";

/// What stands in the parameter policy where the misdeed of every document may be.
const WORD: &str = "what the document itself says...";

/// A component as it was built.
pub(crate) fn original(file: &str) -> Vec<u8> {
    fs::read(component(file)).unwrap()
}

/// Where the manifest's JSON begins: its section is the only place where the name stands before a brace.
fn manifest_at(bytes: &[u8]) -> usize {
    let mark = format!("{SECTION}{{");
    bytes.windows(mark.len()).rposition(|window| window == mark.as_bytes()).unwrap() + SECTION.len()
}

/// The manifest of a component.
pub(crate) fn manifest(bytes: &[u8]) -> Value {
    let mut values = serde_json::Deserializer::from_slice(&bytes[manifest_at(bytes)..]).into_iter();
    values.next().unwrap().unwrap()
}

/// The component with this text as its only manifest.
pub(crate) fn with_manifest(mut bytes: Vec<u8>, text: &[u8]) -> Vec<u8> {
    let at = manifest_at(&bytes) - SECTION.len();
    bytes[at..at + SECTION.len()].copy_from_slice(NO_SECTION.as_bytes());
    append(&mut bytes, text);
    bytes
}

/// Puts a manifest behind the component.
pub(crate) fn append(bytes: &mut Vec<u8>, text: &[u8]) {
    CustomSection { name: SECTION.into(), data: text.into() }.append_to_component(bytes);
}

/// A component under another name, and with whatever else is changed in its manifest.
pub(crate) fn disguised(file: &str, name: &str, change: impl Fn(&mut Value)) -> Vec<u8> {
    let bytes = original(file);
    let mut manifest = manifest(&bytes);
    manifest["name"] = name.into();
    change(&mut manifest);
    with_manifest(bytes, manifest.to_string().as_bytes())
}

/// The parameter policy under another name, with this misdeed for every document.
pub(crate) fn parameters(name: &str, misdeed: &str) -> Vec<u8> {
    let mut bytes = disguised("hostile_parameter_policy", name, |_| ());
    replace(&mut bytes, WORD, &format!("{misdeed:32}"));
    bytes
}

/// Puts a text in the place of every other one of the same length; there must be one.
pub(crate) fn replace(bytes: &mut [u8], was: &str, is: &str) {
    assert_eq!(was.len(), is.len(), "nothing may move");
    let places: Vec<_> = (0..bytes.len() - was.len()).filter(|at| bytes[*at..].starts_with(was.as_bytes())).collect();
    assert!(!places.is_empty(), "{was} is not there");
    for at in places {
        bytes[at..at + is.len()].copy_from_slice(is.as_bytes());
    }
}
