//! A good component of another world.

#![expect(unsafe_code, reason = "generated exports and the manifest's section, written without the SDK on purpose")]

use exports::acme::other::thing::Guest;

wit_bindgen::generate!({ path: "wit", world: "somewhere-else" });

const MANIFEST: &str = r##"{
  "name": "hostile-wrong-world",
  "version": "0.1.0",
  "world": "acme:other/somewhere-else@2.0.0",
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

struct Other;

impl Guest for Other {
    fn run() -> u32 {
        42
    }
}

export!(Other);
