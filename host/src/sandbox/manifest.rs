//! The manifest of a plugin: JSON in the custom section `wasmux:plugin`, read before anything is compiled.

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmparser::{Chunk, Encoding, Parser, Payload};

use super::world::World;
use crate::task::{PixelFormat, PluginName};

/// Name of the custom section. It may stand in the component or in a core module inside of it.
pub(super) const SECTION: &str = "wasmux:plugin";

/// What every WebAssembly binary begins with.
const MAGIC: &[u8] = b"\0asm";

/// Longest manifest in bytes.
pub(super) const MAX_BYTES: usize = 64 << 10;

/// What a plugin says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The plugin's name.
    pub name: PluginName,
    /// Its version.
    pub version: Version,
    /// The world it is made for: `wasmux:plugin/video-filter@0.1.0`.
    pub world: String,
    /// The SDK it is made with, for people.
    #[serde(default)]
    pub sdk: String,
    /// JSON schema of its parameters; none: anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// The pictures that a filter takes.
    #[serde(default)]
    pub formats: Formats,
    /// Whether a filter's answer to a frame depends on nothing but that frame and its parameters.
    #[serde(default)]
    pub stateless: bool,
}

/// The pictures that a filter takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Formats {
    /// Bits of a sample.
    pub bit_depths: Vec<u8>,
    /// Chroma subsamplings: `4:2:0`, `4:2:2`, `4:4:4`, also written without colons.
    pub chroma: Vec<String>,
    /// Whether it takes pictures with an alpha plane.
    pub alpha: bool,
}

impl Default for Formats {
    /// All formats.
    fn default() -> Self {
        Self { bit_depths: vec![8, 10], chroma: ["4:2:0", "4:2:2", "4:4:4"].map(str::to_owned).into(), alpha: true }
    }
}

impl Formats {
    /// Whether a filter takes this format.
    pub fn takes(&self, format: PixelFormat) -> bool {
        let chroma = match format.chroma_shift() {
            (1, 1) => "420",
            (1, 0) => "422",
            _ => "444",
        };
        self.bit_depths.contains(&format.bit_depth())
            && self.chroma.iter().any(|name| name.replace(':', "") == chroma)
            && (self.alpha || !format.has_alpha())
    }
}

/// A component that was looked at and not compiled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inspected {
    pub(super) manifest: Manifest,
    pub(super) world: World,
    /// Names of its imports, with their versions.
    pub(super) imports: Vec<String>,
}

/// Reads the manifest and compares the component's imports and exports with its world. The error is a sentence part about the
/// component (`it has no manifest ...`).
pub(super) fn inspect(component: &[u8]) -> Result<Inspected, String> {
    let shape = Shape::read(component)?;
    let manifest: Manifest = match shape.sections.as_slice() {
        [] => {
            Err(format!("it has no manifest (custom section `{SECTION}`); build it with the SDK's registration macro"))
        }
        [json] if json.len() > MAX_BYTES => {
            Err(format!("its manifest has {} bytes; at most {MAX_BYTES} are allowed", json.len()))
        }
        [json] => serde_json::from_slice(json).map_err(|error| format!("its manifest is malformed: {error}")),
        many => Err(format!("it has {} manifests (custom sections `{SECTION}`); one is allowed", many.len())),
    }?;
    let world = World::parse(&manifest.world)?;
    world.check_shape(&shape.imports, &shape.exports)?;
    let known = |chroma: &String| matches!(chroma.replace(':', "").as_str(), "420" | "422" | "444");
    if let Some(chroma) = manifest.formats.chroma.iter().find(|chroma| !known(chroma)) {
        return Err(format!("its manifest has `{chroma}` in formats.chroma; allowed are 4:2:0, 4:2:2 and 4:4:4"));
    }
    Ok(Inspected { manifest, world, imports: shape.imports })
}

/// What stands in the binary's outermost component, and all manifests in it.
#[derive(Debug, Default)]
struct Shape<'a> {
    imports: Vec<String>,
    exports: Vec<String>,
    sections: Vec<&'a [u8]>,
}

impl<'a> Shape<'a> {
    fn read(component: &'a [u8]) -> Result<Self, String> {
        let broken = |error: wasmparser::BinaryReaderError| format!("it is no valid WebAssembly component: {error}");
        if !component.starts_with(MAGIC) {
            return Err("it is no valid WebAssembly component: it does not begin as WebAssembly does".into());
        }
        let cut_off = || "it is no valid WebAssembly component: it is cut off".to_owned();
        let mut shape = Self::default();
        // Each with what is left of it: the outermost component, and the modules and components in which the walk is.
        let mut open = vec![(Parser::new(0), component)];
        while let Some((parser, rest)) = open.last_mut() {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(broken)? else {
                return Err(cut_off());
            };
            *rest = rest.get(consumed..).unwrap_or_default();
            let mut skip = |size: u64| {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                let (skipped, after) = rest.split_at_checked(size).ok_or_else(cut_off)?;
                *rest = after;
                Ok::<_, String>(skipped)
            };
            match payload {
                // The code is most of a component, and nothing is looked for there.
                Payload::CodeSectionStart { size, .. } => {
                    skip(size.into())?;
                    parser.skip_section();
                }
                Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                    let inner = skip(unchecked_range.end.saturating_sub(unchecked_range.start))?;
                    open.push((Parser::new(0), inner));
                }
                Payload::End(_) => drop(open.pop()),
                Payload::CustomSection(section) if section.name() == SECTION => shape.sections.push(section.data()),
                Payload::Version { encoding: Encoding::Module, .. } if open.len() == 1 => {
                    return Err("it is a core WebAssembly module, no component; link it with wasm-component-ld".into());
                }
                Payload::ComponentImportSection(imports) if open.len() == 1 => {
                    for import in imports {
                        shape.imports.push(import.map_err(broken)?.name.full_name().into_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if open.len() == 1 => {
                    for export in exports {
                        shape.exports.push(export.map_err(broken)?.name.full_name().into_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::ComponentBytes;
    use super::*;

    const GOOD: &str = r#"{"name": "good", "version": "1.2.3", "world": "wasmux:plugin/video-filter@0.1.0"}"#;

    fn error(bytes: &[u8]) -> String {
        inspect(bytes).unwrap_err()
    }

    #[test]
    fn reads_a_manifest_wherever_it_stands() {
        let flat = ComponentBytes::new().manifest(GOOD).export("wasmux:plugin/video@0.1.0").bytes();
        let nested = ComponentBytes::new().nested_manifest(GOOD).export("wasmux:plugin/video@0.1.0").bytes();
        for bytes in [flat, nested] {
            let found = inspect(&bytes).unwrap();
            assert_eq!((found.manifest.name.as_str(), found.world), ("good", World::VideoFilter));
            assert!(found.manifest.formats.takes(PixelFormat::Yuva420p));
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_manifest() {
        assert!(error(&ComponentBytes::new().bytes()).contains("no manifest"));
        assert!(error(&ComponentBytes::new().manifest(GOOD).manifest(GOOD).bytes()).contains("2 manifests"));
        assert!(error(&ComponentBytes::new().manifest(&" ".repeat(MAX_BYTES + 1)).bytes()).contains("at most 65536"));
        assert!(error(&ComponentBytes::new().manifest("{").bytes()).contains("malformed"));
        let nameless = r#"{"name": "No Name", "version": "1.2.3", "world": "wasmux:plugin/video-filter@0.1.0"}"#;
        assert!(error(&ComponentBytes::new().manifest(nameless).bytes()).contains("no plugin name"));
        let newer = GOOD.replace("@0.1.0", "@0.2.0");
        assert!(error(&ComponentBytes::new().manifest(&newer).bytes()).contains("newer wasmux"));
        let chroma = GOOD.replace('}', r#", "formats": {"chroma": ["4:1:1"]}}"#);
        let bytes = ComponentBytes::new().manifest(&chroma).export("wasmux:plugin/video@0.1.0").bytes();
        assert!(error(&bytes).contains("formats.chroma"));
    }

    #[test]
    fn names_unknown_imports_and_missing_exports() {
        let bytes = ComponentBytes::new().import("wasi:cli/environment@0.2.3").manifest(GOOD).bytes();
        assert!(error(&bytes).contains("wasi:cli/environment@0.2.3"));
        assert!(
            error(&ComponentBytes::new().manifest(GOOD).bytes()).contains("does not export wasmux:plugin/video@0.1.0")
        );
    }

    #[test]
    fn rubbish_is_no_component() {
        let whole = ComponentBytes::new().manifest(GOOD).bytes();
        for bytes in [&b""[..], b"garbage", &[0; 4096], &whole[..whole.len() - 3], &whole[..6]] {
            assert!(error(bytes).contains("no valid WebAssembly component"), "{bytes:?}");
        }
        assert!(error(b"\0asm\x01\0\0\0").contains("core WebAssembly module"));
    }

    #[test]
    fn formats_are_compared_part_by_part() {
        let formats = Formats { bit_depths: vec![8], chroma: vec!["420".into()], alpha: false };
        assert!(formats.takes(PixelFormat::Yuv420p));
        for other in [PixelFormat::Yuva420p, PixelFormat::Yuv420p10le, PixelFormat::Yuv444p] {
            assert!(!formats.takes(other), "{other}");
        }
    }
}
