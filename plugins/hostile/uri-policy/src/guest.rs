//! The template chooses the misdeed.

#![expect(unsafe_code, reason = "generated exports and the manifest's section, written without the SDK on purpose")]
#![expect(clippy::panic, reason = "trapping is what this guest is for")]

use std::hint::black_box;

use exports::wasmux::plugin::uri_template::{Error, Guest};
use wasmux::host::{log, report};

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

/// Begins templates that `check` takes and `expand` follows.
const LATER: &str = "later-";

struct Hostile;

impl Guest for Hostile {
    fn check(template: String, available: Vec<String>) -> Result<(), Error> {
        match template.as_str() {
            "trap" | "check-trap" => panic!("this guest panics as it was told"),
            "check-loop" => forever(),
            "check-eat" => eat(),
            "check-stack" => {
                black_box(deep(black_box(1)));
                Ok(())
            }
            "check-calls" => loop {
                log::log(log::Level::Info, "again", &[]);
            },
            "check-huge" => {
                Err(Error { code: "Huge".into(), message: "x".repeat(20_000_000), field: Some("URI".into()) })
            }
            "check-not-utf-8" => Err(Error { code: "No".into(), message: no_utf8(), field: None }),
            // Everything is well until the task runs.
            name if name.starts_with(LATER) => Ok(()),
            name if available.iter().any(|known| known == name) => Ok(()),
            name => Err(Error {
                code: "UnknownVariable".into(),
                message: format!("knows no variable `{name}`; there are {}", available.join(", ")),
                field: Some("URI".into()),
            }),
        }
    }

    fn expand(template: String, variables: Vec<(String, String)>) -> Result<String, Error> {
        match template.strip_prefix(LATER).unwrap_or(&template) {
            "huge" => Ok("x".repeat(100_000_000)),
            "trap" => panic!("this guest panics as it was told"),
            "loop" => forever(),
            "eat" => eat(),
            "stack" => {
                black_box(deep(black_box(1)));
                Ok(String::new())
            }
            "not-utf-8" => Ok(no_utf8()),
            "elsewhere" => Ok("oss://test-bucket/../../etc/passwd".into()),
            "no-uri" => Ok("\0\u{202e}".into()),
            "region" => {
                report::region(wasmux::media::types::Rect { x: 0, y: 0, width: 1, height: 1 }, 0, None);
                Ok(String::new())
            }
            name => {
                report::warning("Told", "URI", "as asked");
                let value = variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
                value.ok_or_else(|| Error {
                    code: "UnknownVariable".into(),
                    message: template,
                    field: Some("URI".into()),
                })
            }
        }
    }
}

fn forever<T>() -> T {
    loop {
        black_box(());
    }
}

fn eat<T>() -> T {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Exhausts the stack in linear memory.
fn deep(n: u64) -> u64 {
    let room = black_box([n; 64]);
    if n == 0 { room[0] } else { deep(n + 1).wrapping_add(room[(n % 64) as usize]) }
}

fn no_utf8() -> String {
    // SAFETY: none; the host has to notice that this is no UTF-8.
    unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe, 0x80]) }
}

export!(Hostile);
