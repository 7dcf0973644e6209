//! The document chooses the misdeed.

#![expect(unsafe_code, reason = "generated exports and the manifest's section, written without the SDK on purpose")]

use exports::wasmux::plugin::parameters::{Error, Guest};

wit_bindgen::generate!({ path: "../../../wit", world: "parameter-policy", generate_all });

const MANIFEST: &str = r##"{
  "name": "hostile-parameter-policy",
  "version": "0.1.0",
  "world": "wasmux:plugin/parameter-policy@0.1.0",
  "sdk": "none",
  "stateless": true
}"##;

#[used]
#[unsafe(link_section = "wasmux:plugin")]
static SECTION: [u8; MANIFEST.len()] = {
    let mut bytes = [0; MANIFEST.len()];
    bytes.copy_from_slice(MANIFEST.as_bytes());
    bytes
};

struct Hostile;

impl Guest for Hostile {
    fn resolve(document: String) -> Result<String, Error> {
        match document.as_str() {
            // SAFETY: none; the host has to notice that this is no UTF-8.
            "not-utf-8" => Ok(unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe, 0x80]) }),
            "refuse" => Err(Error { code: "Refused".into(), message: "no".into(), field: None }),
            "huge" => Ok("{".repeat(100_000_000)),
            _ => Ok("{ this is garbage, not JSON".into()),
        }
    }
}

export!(Hostile);
