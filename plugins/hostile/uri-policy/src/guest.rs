//! The template chooses the misdeed.

#![expect(unsafe_code, reason = "generated exports and the manifest's section, written without the SDK on purpose")]
#![expect(clippy::panic, reason = "trapping is what this guest is for")]

use exports::wasmux::plugin::uri_template::{Error, Guest};
use wasmux::host::report;

wit_bindgen::generate!({ path: "../../../wit", world: "uri-policy", generate_all });

const MANIFEST: &str = r##"{
  "name": "hostile-uri-policy",
  "version": "0.1.0",
  "world": "wasmux:plugin/uri-policy@0.1.0",
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
    fn check(template: String, available: Vec<String>) -> Result<(), Error> {
        match template.as_str() {
            "trap" => panic!("this guest panics as it was told"),
            name if available.iter().any(|known| known == name) => Ok(()),
            name => Err(Error {
                code: "UnknownVariable".into(),
                message: format!("knows no variable `{name}`; there are {}", available.join(", ")),
                field: Some("URI".into()),
            }),
        }
    }

    fn expand(template: String, variables: Vec<(String, String)>) -> Result<String, Error> {
        match template.as_str() {
            "huge" => Ok("x".repeat(100_000_000)),
            "trap" => panic!("this guest panics as it was told"),
            "loop" => loop {
                std::hint::black_box(&variables);
            },
            "region" => {
                report::region(wasmux::media::types::Rect { x: 0, y: 0, width: 1, height: 1 }, 0, None);
                Ok(String::new())
            }
            _ => {
                report::warning("Told", "URI", "as asked");
                let value = variables.iter().find(|(name, _)| *name == template).map(|(_, value)| value.clone());
                value.ok_or_else(|| Error {
                    code: "UnknownVariable".into(),
                    message: template,
                    field: Some("URI".into()),
                })
            }
        }
    }
}

export!(Hostile);
