//! The document chooses the misdeed, or a word in the component.

#![expect(unsafe_code, reason = "generated exports and the manifest's section, written without the SDK on purpose")]
#![expect(clippy::panic, reason = "trapping is what this guest is for")]

use std::hint::black_box;

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

/// The misdeed for every document. A test puts another word into the built component, as long as this one.
#[used]
static MISDEED: [u8; 32] = *b"what the document itself says...";

struct Hostile;

impl Guest for Hostile {
    fn resolve(document: String) -> Result<String, Error> {
        let given = std::str::from_utf8(black_box(&MISDEED)).unwrap_or_default().trim_end();
        let misdeed = if given.ends_with('.') { document.as_str() } else { given };
        match misdeed {
            // SAFETY: none; the host has to notice that this is no UTF-8.
            "not-utf-8" => Ok(unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe, 0x80]) }),
            "refuse" => Err(Error { code: "Refused".into(), message: "no".into(), field: None }),
            "huge" => Ok("{".repeat(100_000_000)),
            "loop" => loop {
                black_box(());
            },
            "eat" => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            "trap" => panic!("this guest panics as it was told"),
            "deep-json" => Ok(format!(r#"{{"Decision": "use", "Video": {}"#, "[".repeat(200_000))),
            "nan" => Ok(answer("NaN", "120")),
            "infinite" => Ok(answer("1e999", "120")),
            "negative" => Ok(answer("-160", "120")),
            "overflow-32" => Ok(answer("4294967295", "4294967295")),
            "overflow-64" => Ok(answer("18446744073709551615", "18446744073709551615")),
            "huge-picture" => Ok(answer("16384", "16384")),
            "no-picture" => Ok(answer("0", "120")),
            _ => Ok("{ this is garbage, not JSON".into()),
        }
    }
}

/// A good answer but for the size of the picture.
fn answer(width: &str, height: &str) -> String {
    format!(
        r#"{{"Decision": "use", "Video": {{"Rotation": 0, "Scale": {{"Width": {width}, "Height": {height}}}, "SampleAspect": "1/1",
        "PixelFormat": "yuv420p", "Encoding": {{"Codec": "h264", "Preset": "fast", "Rate": {{"CRF": 23}}, "GOPSize": 250, "BFrames": 0,
        "Refs": 1}}}}}}"#
    )
}

export!(Hostile);
