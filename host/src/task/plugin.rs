//! Names of plugins and references to them.

use std::fmt;
use std::str::FromStr;

use semver::{Comparator, Op, Version, VersionReq};
use serde::{Deserialize, Serialize};

/// The name of a plugin: 1 to 64 characters of `a-z`, `0-9` and `-`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(String);

impl PluginName {
    /// Checks the name.
    pub fn new(name: &str) -> Option<Self> {
        let legal = (1..=64).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        legal.then(|| Self(name.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PluginName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::new(&name).ok_or_else(|| {
            format!("`{name}` is no plugin name: 1 to 64 characters of a-z, 0-9 and '-', beginning with a letter")
        })
    }
}

impl From<PluginName> for String {
    fn from(name: PluginName) -> Self {
        name.0
    }
}

/// A plugin as a request names it: `watermark`, or with a semver range `watermark@^1.2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginRef {
    /// The plugin's name.
    pub name: PluginName,
    /// Which versions will do; `*` for any.
    pub version: VersionReq,
}

impl PluginRef {
    /// Any version of this plugin. Panics only on a literal that is no name, so it is for built-in names.
    pub(crate) fn built_in(name: &'static str) -> Self {
        Self { name: PluginName(name.to_owned()), version: VersionReq::STAR }
    }

    /// This version and no other.
    pub fn exactly(plugin: &PluginId) -> Self {
        let Version { major, minor, patch, ref pre, .. } = plugin.version;
        let exact = Comparator { op: Op::Exact, major, minor: Some(minor), patch: Some(patch), pre: pre.clone() };
        Self { name: plugin.name.clone(), version: VersionReq { comparators: vec![exact] } }
    }
}

impl FromStr for PluginRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, version) = text.split_once('@').unwrap_or((text, "*"));
        let name = PluginName::try_from(name.to_owned())?;
        let version =
            version.parse().map_err(|error| format!("`{version}` is no semver range such as ^1.2: {error}"))?;
        Ok(Self { name, version })
    }
}

impl TryFrom<String> for PluginRef {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<PluginRef> for String {
    fn from(plugin: PluginRef) -> Self {
        plugin.to_string()
    }
}

impl fmt::Display for PluginRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.version == VersionReq::STAR {
            write!(f, "{}", self.name)
        } else {
            write!(f, "{}@{}", self.name, self.version)
        }
    }
}

/// A plugin as it ran: exactly these bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PluginId {
    /// Its name.
    pub name: PluginName,
    /// Its version.
    pub version: Version,
    /// `sha256:` and the hex digest of the component.
    pub digest: String,
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_name_and_maybe_a_range() {
        let plugin: PluginRef = "my-mark@^1.2".parse().unwrap();
        assert_eq!(plugin.name.as_str(), "my-mark");
        assert!(plugin.version.matches(&Version::new(1, 4, 0)));
        assert_eq!("my-mark".parse::<PluginRef>().unwrap().to_string(), "my-mark");
        assert!("My Mark".parse::<PluginRef>().is_err());
        assert!("mark@new".parse::<PluginRef>().is_err());
        assert!("../mark".parse::<PluginRef>().is_err());
    }
}
