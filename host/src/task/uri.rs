//! Object URIs: `oss://bucket/key`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest key in bytes, as in the vendor's object store.
pub const MAX_KEY_BYTES: usize = 1023;

/// An object in a bucket. The key never climbs: it has no empty, `.` or `..` segment, no backslash and no control
/// character, so that it means the same place in a folder and in an object store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectUri {
    bucket: String,
    key: String,
}

/// Why a text is no object URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// It does not begin with `oss://`.
    #[error("must have the form oss://bucket/key")]
    Scheme,
    /// The bucket's name is empty or has characters outside `a-z 0-9 - _ .`.
    #[error(
        "the bucket's name must be 1 to 63 characters of a-z, 0-9, '-', '_' and '.', beginning with a letter or a digit"
    )]
    Bucket,
    /// There is no key, or it ends with a slash.
    #[error("must name an object: oss://bucket/key, not ending with '/'")]
    NoKey,
    /// The key is over [`MAX_KEY_BYTES`].
    #[error("the key must be at most 1023 bytes")]
    TooLong,
    /// The key could climb out of its bucket or be read differently by different stores.
    #[error("the key must not contain empty, '.' or '..' segments, backslashes or control characters")]
    Climbs,
}

impl ObjectUri {
    /// Parses and checks `oss://bucket/key`.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let rest = text.strip_prefix("oss://").ok_or(UriError::Scheme)?;
        let (bucket, key) = rest.split_once('/').ok_or(UriError::NoKey)?;
        Self::new(bucket, key)
    }

    /// From its two parts.
    pub fn new(bucket: &str, key: &str) -> Result<Self, UriError> {
        if !valid_bucket(bucket) {
            return Err(UriError::Bucket);
        }
        if key.is_empty() || key.ends_with('/') {
            return Err(UriError::NoKey);
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(UriError::TooLong);
        }
        let climbs = |segment: &str| matches!(segment, "" | "." | "..");
        if key.split('/').any(climbs) || key.chars().any(|c| c == '\\' || c.is_control()) {
            return Err(UriError::Climbs);
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key: the full path within the bucket, without a leading slash.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key up to its last slash, without it; empty at the top of the bucket.
    pub fn dirname(&self) -> &str {
        self.key.rsplit_once('/').map_or("", |(dir, _)| dir)
    }

    /// File name with extension.
    pub fn basename(&self) -> &str {
        self.key.rsplit_once('/').map_or(self.key.as_str(), |(_, base)| base)
    }

    /// File name without extension. A name that only begins with a dot has none.
    pub fn barename(&self) -> &str {
        let base = self.basename();
        match base.rsplit_once('.') {
            Some((bare, _)) if !bare.is_empty() => bare,
            _ => base,
        }
    }

    /// Extension without the dot; empty where there is none.
    pub fn ext(&self) -> &str {
        let base = self.basename();
        match base.rsplit_once('.') {
            Some((bare, ext)) if !bare.is_empty() => ext,
            _ => "",
        }
    }
}

/// Whether this may be the name of a bucket.
pub fn valid_bucket(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.starts_with(plain)
        && name.chars().all(|c| plain(c) || matches!(c, '-' | '_' | '.'))
        && !name.contains("..")
}

impl fmt::Display for ObjectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oss://{}/{}", self.bucket, self.key)
    }
}

impl TryFrom<String> for ObjectUri {
    type Error = UriError;

    fn try_from(text: String) -> Result<Self, UriError> {
        Self::parse(&text)
    }
}

impl From<ObjectUri> for String {
    fn from(uri: ObjectUri) -> Self {
        uri.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_guides_uri_apart() {
        let uri = ObjectUri::parse("oss://test-bucket/video-demo/Shushan Commercial Building.mov").unwrap();
        assert_eq!(uri.bucket(), "test-bucket");
        assert_eq!(uri.dirname(), "video-demo");
        assert_eq!(uri.basename(), "Shushan Commercial Building.mov");
        assert_eq!(uri.barename(), "Shushan Commercial Building");
        assert_eq!(uri.ext(), "mov");
        assert_eq!(uri.to_string(), "oss://test-bucket/video-demo/Shushan Commercial Building.mov");
    }

    #[test]
    fn a_name_without_extension_has_none() {
        let uri = ObjectUri::parse("oss://b/.hidden").unwrap();
        assert_eq!((uri.barename(), uri.ext(), uri.dirname()), (".hidden", "", ""));
    }

    #[test]
    fn refuses_what_climbs_or_names_nothing() {
        let cases = [
            ("http://b/k", UriError::Scheme),
            ("oss://b", UriError::NoKey),
            ("oss://b/", UriError::NoKey),
            ("oss://b/dir/", UriError::NoKey),
            ("oss:///k", UriError::Bucket),
            ("oss://../k", UriError::Bucket),
            ("oss://B/k", UriError::Bucket),
            ("oss://b/../k", UriError::Climbs),
            ("oss://b/a/../../k", UriError::Climbs),
            ("oss://b//etc/passwd", UriError::Climbs),
            ("oss://b/a\\..\\k", UriError::Climbs),
            ("oss://b/a\0k", UriError::Climbs),
            ("oss://b/./k", UriError::Climbs),
        ];
        for (text, error) in cases {
            assert_eq!(ObjectUri::parse(text), Err(error), "{text}");
        }
    }
}
