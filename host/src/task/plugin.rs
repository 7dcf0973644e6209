//! Names of plugins and references to them.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
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

/// A plugin as a request names it: `watermark`, or with a semver range `watermark@^1.2`. A task has references that were pinned at
/// its submission: `watermark@^1.2#built-in`, or `vignette@=1.2.0#sha256:...`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginRef {
    /// The plugin's name.
    pub name: PluginName,
    /// Which versions will do; `*` for any.
    pub version: VersionReq,
    /// Which bytes; `None`: any.
    pub pin: Option<Pin>,
}

/// Which bytes a reference means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Pin {
    /// The component that is part of the host. A task that waits while the host is replaced runs with that of the new host, which
    /// has no other.
    BuiltIn,
    /// `sha256:` and the hex digest of the component.
    Digest(String),
}

impl PluginRef {
    /// Any version of this plugin. For names that are written in the host.
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name: PluginName(name.to_owned()), version: VersionReq::STAR, pin: None }
    }

    /// This component and no other.
    pub fn exactly(plugin: &PluginId) -> Self {
        let Version { major, minor, patch, ref pre, .. } = plugin.version;
        let exact = Comparator { op: Op::Exact, major, minor: Some(minor), patch: Some(patch), pre: pre.clone() };
        let pin = Some(Pin::Digest(plugin.digest.clone()));
        Self { name: plugin.name.clone(), version: VersionReq { comparators: vec![exact] }, pin }
    }

    /// Whether it means a component of the host itself.
    pub fn is_built_in(&self) -> bool {
        self.pin == Some(Pin::BuiltIn)
    }
}

const BUILT_IN: &str = "built-in";

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_digest =
            |hex: &str| hex.len() == 64 && hex.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c));
        match text.strip_prefix("sha256:") {
            Some(hex) if is_digest(hex) => Ok(Self::Digest(text.to_owned())),
            None if text == BUILT_IN => Ok(Self::BuiltIn),
            _ => Err(format!("`{text}` is neither {BUILT_IN} nor sha256: and 64 hexadecimal digits")),
        }
    }
}

impl FromStr for PluginRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (text, pin) = match text.split_once('#') {
            Some((text, pin)) => (text, Some(pin.parse()?)),
            None => (text, None),
        };
        let (name, version) = text.split_once('@').unwrap_or((text, "*"));
        let name = PluginName::try_from(name.to_owned())?;
        let version =
            version.parse().map_err(|error| format!("`{version}` is no semver range such as ^1.2: {error}"))?;
        Ok(Self { name, version, pin })
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
        write!(f, "{}", self.name)?;
        if self.version != VersionReq::STAR {
            write!(f, "@{}", self.version)?;
        }
        match &self.pin {
            None => Ok(()),
            Some(Pin::BuiltIn) => write!(f, "#{BUILT_IN}"),
            Some(Pin::Digest(digest)) => write!(f, "#{digest}"),
        }
    }
}

/// A plugin as it ran: exactly these bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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

    #[test]
    fn a_pinned_reference_is_a_text_too() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in ["watermark#built-in".to_owned(), format!("mark@=1.2.0#{digest}"), format!("mark#{digest}")] {
            assert_eq!(text.parse::<PluginRef>().unwrap().to_string(), text);
        }
        let id = PluginId { name: PluginName::new("mark").unwrap(), version: Version::new(1, 2, 0), digest };
        assert_eq!(PluginRef::exactly(&id).to_string(), format!("mark@=1.2.0#{}", id.digest));
        for wrong in ["mark#", "mark#sha256:00", "mark#Built-in", "mark#sha256:", "#built-in"] {
            assert!(wrong.parse::<PluginRef>().is_err(), "{wrong}");
        }
    }
}
