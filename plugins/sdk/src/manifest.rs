//! The manifest that a plugin carries in its custom section `wasmux:plugin`: JSON, joined at compile time by the
//! registration macros. The host reads it before it compiles anything.

/// The largest manifest that a host reads, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The version of this SDK.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// World of a [`VideoFilter`](crate::VideoFilter).
pub const VIDEO_FILTER: &str = "wasmux:plugin/video-filter@0.1.0";
/// World of a [`UriPolicy`](crate::UriPolicy).
pub const URI_POLICY: &str = "wasmux:plugin/uri-policy@0.1.0";
/// World of a [`ParameterPolicy`](crate::ParameterPolicy).
pub const PARAMETER_POLICY: &str = "wasmux:plugin/parameter-policy@0.1.0";

/// Implemented by the registration macros.
pub trait Registered {
    /// The manifest.
    const MANIFEST: &'static str;
}

/// The picture formats that a filter takes. The host converts only where a picture is none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    /// 8 bits per sample.
    pub bit_depth_8: bool,
    /// 10 bits per sample.
    pub bit_depth_10: bool,
    /// 4:2:0.
    pub chroma_420: bool,
    /// 4:2:2.
    pub chroma_422: bool,
    /// 4:4:4.
    pub chroma_444: bool,
    /// Pictures with an alpha plane.
    pub alpha: bool,
}

impl Formats {
    /// Every format that there is.
    pub const ALL: Self = Self {
        bit_depth_8: true,
        bit_depth_10: true,
        chroma_420: true,
        chroma_422: true,
        chroma_444: true,
        alpha: true,
    };

    /// None: what a policy takes.
    pub const NONE: Self = Self {
        bit_depth_8: false,
        bit_depth_10: false,
        chroma_420: false,
        chroma_422: false,
        chroma_444: false,
        alpha: false,
    };

    const fn bit_depths(self) -> &'static str {
        match (self.bit_depth_8, self.bit_depth_10) {
            (true, true) => "[8,10]",
            (true, false) => "[8]",
            (false, true) => "[10]",
            (false, false) => "[]",
        }
    }

    const fn chroma(self) -> &'static str {
        match (self.chroma_420, self.chroma_422, self.chroma_444) {
            (true, true, true) => r#"["420","422","444"]"#,
            (true, true, false) => r#"["420","422"]"#,
            (true, false, true) => r#"["420","444"]"#,
            (false, true, true) => r#"["422","444"]"#,
            (true, false, false) => r#"["420"]"#,
            (false, true, false) => r#"["422"]"#,
            (false, false, true) => r#"["444"]"#,
            (false, false, false) => "[]",
        }
    }
}

const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// The pieces of a manifest, in their order. `name` and `version` are those of the plugin's package, so they need no
/// escaping; `schema` is JSON itself.
pub const fn parts(
    name: &'static str,
    version: &'static str,
    world: &'static str,
    schema: &'static str,
    formats: Formats,
    stateless: bool,
) -> [&'static str; 19] {
    [
        r#"{"name":""#,
        name,
        r#"","version":""#,
        version,
        r#"","world":""#,
        world,
        r#"","sdk":""#,
        SDK_VERSION,
        r#"","parameters":"#,
        schema,
        r#","formats":{"bit_depths":"#,
        formats.bit_depths(),
        r#","chroma":"#,
        formats.chroma(),
        r#","alpha":"#,
        boolean(formats.alpha),
        r#"},"stateless":"#,
        boolean(stateless),
        "}",
    ]
}

/// Bytes of all parts together.
pub const fn length(parts: &[&str]) -> usize {
    let mut total = 0;
    let mut part = 0;
    while part < parts.len() {
        total += parts[part].len();
        part += 1;
    }
    assert!(total <= MAX_BYTES, "the plugin's manifest is over 64 KiB: shorten its parameter schema");
    total
}

/// All parts one after the other. `N` is their [`length`].
pub const fn join<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut joined = [0; N];
    let mut at = 0;
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            joined[at] = bytes[i];
            at += 1;
            i += 1;
        }
        part += 1;
    }
    joined
}

/// The joined bytes as text.
pub const fn text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// The text as an array, for a static. `N` is its length.
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    join(&[text])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, UriPolicy, Variables};

    struct Policy;

    impl UriPolicy for Policy {
        fn check(_: &str, _: &[String]) -> Result<(), Error> {
            Ok(())
        }

        fn expand(template: &str, _: &Variables) -> Result<String, Error> {
            Ok(template.to_owned())
        }
    }

    crate::register_uri_policy!(Policy);

    #[test]
    fn a_manifest_is_json_with_the_packages_name() {
        let manifest: serde_json::Value = serde_json::from_str(Policy::MANIFEST).unwrap();
        assert_eq!(manifest["name"], "wasmux-sdk");
        assert_eq!(manifest["version"], SDK_VERSION);
        assert_eq!(manifest["world"], URI_POLICY);
        assert_eq!(manifest["sdk"], SDK_VERSION);
        assert_eq!(manifest["parameters"], serde_json::json!({}));
        assert_eq!(manifest["stateless"], true);
    }

    #[test]
    fn every_set_of_formats_is_json() {
        for bits in 0u8..64 {
            let bit = |n: u8| bits >> n & 1 == 1;
            let formats = Formats {
                bit_depth_8: bit(0),
                bit_depth_10: bit(1),
                chroma_420: bit(2),
                chroma_422: bit(3),
                chroma_444: bit(4),
                alpha: bit(5),
            };
            let text = parts("n", "1.0.0", VIDEO_FILTER, r#"{"type":"object"}"#, formats, false).concat();
            let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
            let has =
                |list: &str, item: serde_json::Value| manifest["formats"][list].as_array().unwrap().contains(&item);
            assert_eq!(has("bit_depths", 8.into()), bit(0));
            assert_eq!(has("bit_depths", 10.into()), bit(1));
            assert_eq!(has("chroma", "420".into()), bit(2));
            assert_eq!(has("chroma", "422".into()), bit(3));
            assert_eq!(has("chroma", "444".into()), bit(4));
            assert_eq!(manifest["formats"]["alpha"], bit(5));
            assert_eq!(manifest["stateless"], false);
        }
    }
}
