//! The worlds that this host serves, and the check of a component against them. Everything here happens before compiling.

use std::fmt;

use semver::Version;

/// Version of all packages of the WIT that this host offers.
const OFFERED: Version = Version::new(0, 1, 0);

/// A kind of plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    /// Where an output goes.
    UriPolicy,
    /// Which parameters an output gets.
    ParameterPolicy,
    /// One frame in, the same frame out.
    VideoFilter,
}

impl World {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::UriPolicy, Self::ParameterPolicy, Self::VideoFilter];

    /// Its name in the WIT.
    pub fn name(self) -> &'static str {
        match self {
            Self::UriPolicy => "uri-policy",
            Self::ParameterPolicy => "parameter-policy",
            Self::VideoFilter => "video-filter",
        }
    }

    /// The interface that a component of this world exports.
    fn export(self) -> &'static str {
        match self {
            Self::UriPolicy => "wasmux:plugin/uri-template",
            Self::ParameterPolicy => "wasmux:plugin/parameters",
            Self::VideoFilter => "wasmux:plugin/video",
        }
    }

    /// The interfaces that a component of this world may import. `errors` and `types` hold only types.
    fn imports(self) -> &'static [&'static str] {
        match self {
            Self::UriPolicy | Self::ParameterPolicy => {
                &["wasmux:host/errors", "wasmux:host/log", "wasmux:host/report", "wasmux:media/types"]
            }
            Self::VideoFilter => &[
                "wasmux:host/assets",
                "wasmux:host/errors",
                "wasmux:host/fonts",
                "wasmux:host/log",
                "wasmux:host/report",
                "wasmux:media/clips",
                "wasmux:media/frames",
                "wasmux:media/types",
            ],
        }
    }

    /// Reads `wasmux:plugin/video-filter@0.1.0`. The error says what this host serves and what to do.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let served = || {
            let names: Vec<_> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("this host serves {}", names.join(", "))
        };
        let (path, version) = split(text)
            .ok_or_else(|| format!("its world `{text}` is not written as package/world@version; {}", served()))?;
        let world = Self::ALL.into_iter().find(|world| path.strip_prefix("wasmux:plugin/") == Some(world.name()));
        let world = world
            .ok_or_else(|| format!("it is made for the world `{text}`; {}. Rebuild it for one of these", served()))?;
        serves(&version).map_err(|todo| format!("it is made for the world `{text}`; {}. {todo}", served()))?;
        Ok(world)
    }

    /// Checks names of imports and exports. The error names every one that does not fit.
    pub(super) fn check_shape(self, imports: &[String], exports: &[String]) -> Result<(), String> {
        let offered = |name: &str, names: &[&str]| {
            split(name).is_some_and(|(path, version)| names.contains(&path) && serves(&version).is_ok())
        };
        let unknown: Vec<_> =
            imports.iter().filter(|name| !offered(name, self.imports())).map(String::as_str).collect();
        if !unknown.is_empty() {
            let offer: Vec<_> = self.imports().iter().map(|name| format!("{name}@{OFFERED}")).collect();
            return Err(format!(
                "it imports {}, which this host does not offer to a {}; there are {}. Build it for wasm32-unknown-unknown (not WASI) \
                 and against the WIT of this host",
                unknown.join(", "),
                self.name(),
                offer.join(", ")
            ));
        }
        if !exports.iter().any(|name| offered(name, &[self.export()])) {
            let found = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
            return Err(format!(
                "its manifest says {self}, but it does not export {}@{OFFERED} (it exports {found}). Register it with the SDK's macro for \
                 this world",
                self.export()
            ));
        }
        Ok(())
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wasmux:plugin/{}@{OFFERED}", self.name())
    }
}

fn split(text: &str) -> Option<(&str, Version)> {
    let (path, version) = text.split_once('@')?;
    Some((path, version.parse().ok()?))
}

/// Whether a plugin made for this version runs here; the error says what to do.
fn serves(version: &Version) -> Result<(), String> {
    let line = |version: &Version| if version.major > 0 { (version.major, 0) } else { (0, version.minor) };
    if !version.pre.is_empty() || line(version) < line(&OFFERED) {
        return Err("Rebuild the plugin with the SDK of this host".into());
    }
    if (line(version), version.patch) > (line(&OFFERED), OFFERED.patch) {
        return Err("Use a newer wasmux, or build the plugin with an older SDK".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worlds_of_this_host_are_known_by_name_and_version() {
        for world in World::ALL {
            assert_eq!(World::parse(&world.to_string()), Ok(world));
        }
    }

    #[test]
    fn another_version_is_refused_with_what_to_do() {
        let newer = World::parse("wasmux:plugin/video-filter@0.2.0").unwrap_err();
        assert!(newer.contains("newer wasmux") && newer.contains("video-filter@0.1.0"), "{newer}");
        let patch = World::parse("wasmux:plugin/video-filter@0.1.7").unwrap_err();
        assert!(patch.contains("newer wasmux"), "{patch}");
        let older = World::parse("wasmux:plugin/video-filter@0.0.9").unwrap_err();
        assert!(older.contains("SDK of this host"), "{older}");
        for text in ["", "video-filter", "wasmux:plugin/audio@0.1.0", "wasmux:plugin/video-filter@x"] {
            assert!(World::parse(text).unwrap_err().contains("this host serves"), "{text}");
        }
    }

    #[test]
    fn unknown_imports_are_named() {
        let imports = ["wasmux:host/log@0.1.0".to_owned(), "wasi:clocks/wall-clock@0.2.0".to_owned()];
        let exports = ["wasmux:plugin/video@0.1.0".to_owned()];
        let error = World::VideoFilter.check_shape(&imports, &exports).unwrap_err();
        assert!(
            error.contains("wasi:clocks/wall-clock@0.2.0") && !error.contains("imports wasmux:host/log"),
            "{error}"
        );
        assert_eq!(World::VideoFilter.check_shape(&imports[..1], &exports), Ok(()));
        let assets = ["wasmux:host/assets@0.1.0".to_owned()];
        assert!(
            World::UriPolicy.check_shape(&assets, &exports).unwrap_err().contains("does not offer to a uri-policy")
        );
        assert!(World::VideoFilter.check_shape(&[], &[]).unwrap_err().contains("exports nothing"));
    }
}
