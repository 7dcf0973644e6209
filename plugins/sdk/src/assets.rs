//! Read access to exactly those objects that the plugin's parameters name in a place which its schema marks with
//! `"format": "asset-uri"`.

use crate::{Error, outside};

/// How much [`read_all`] asks for at once: small enough for any host's cap on returned bytes.
const CHUNK: u32 = 1 << 20;

/// Why an asset could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// The parameters do not name this URI in a place that the schema marks as an asset.
    #[error("`{uri}` is not granted: the plugin's schema must mark the parameter with \"format\": \"asset-uri\"")]
    NotGranted {
        /// The URI.
        uri: String,
    },
    /// The object does not exist or may not be read with this project's rights.
    #[error("`{uri}` cannot be read: {reason}")]
    Unavailable {
        /// The URI.
        uri: String,
        /// Why, in the host's words.
        reason: String,
    },
    /// The object is over the limit that the plugin gave.
    #[error("`{uri}` has {length} bytes; at most {limit} are allowed")]
    TooLarge {
        /// The URI.
        uri: String,
        /// Bytes.
        length: u64,
        /// Bytes.
        limit: u64,
    },
}

impl AssetError {
    /// `AssetNotGranted`, `AssetUnavailable` or `AssetTooLarge`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotGranted { .. } => "AssetNotGranted",
            Self::Unavailable { .. } => "AssetUnavailable",
            Self::TooLarge { .. } => "AssetTooLarge",
        }
    }
}

impl From<AssetError> for Error {
    fn from(error: AssetError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// Size of the object in bytes.
pub fn length(uri: &str) -> Result<u64, AssetError> {
    outside::asset_length(uri)
}

/// Bytes from `offset`, at most `length`; fewer only at the end of the object.
pub fn read(uri: &str, offset: u64, length: u32) -> Result<Vec<u8>, AssetError> {
    outside::asset_read(uri, offset, length)
}

/// The whole object, if it has at most `limit` bytes.
pub fn read_all(uri: &str, limit: u64) -> Result<Vec<u8>, AssetError> {
    let length = length(uri)?;
    let too_large = |length| AssetError::TooLarge { uri: uri.to_owned(), length, limit };
    if length > limit {
        return Err(too_large(length));
    }
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < length {
        let rest = length - bytes.len() as u64;
        let chunk = read(uri, bytes.len() as u64, u32::try_from(rest).unwrap_or(CHUNK).min(CHUNK))?;
        if chunk.is_empty() {
            let reason = format!("it ends after {} of {length} bytes", bytes.len());
            return Err(AssetError::Unavailable { uri: uri.to_owned(), reason });
        }
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > limit {
            return Err(too_large(bytes.len() as u64));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Host;

    const URI: &str = "oss://b/logo.png";

    #[test]
    fn only_granted_assets_can_be_read() {
        let host = Host::install();
        assert_eq!(length(URI), Err(AssetError::NotGranted { uri: URI.into() }));
        host.grant(URI, [1, 2, 3, 4]);
        assert_eq!(length(URI), Ok(4));
        assert_eq!(read(URI, 1, 2), Ok(vec![2, 3]));
        assert_eq!(read(URI, 3, 9), Ok(vec![4]));
        assert_eq!(read(URI, u64::MAX, 9), Ok(vec![]));
    }

    #[test]
    fn whole_assets_are_read_in_pieces_up_to_a_limit() {
        let host = Host::install();
        let data: Vec<u8> = (0..CHUNK * 2 + 5).map(|i| (i % 251) as u8).collect();
        host.grant(URI, data.clone());
        assert!(read_all(URI, data.len() as u64).unwrap() == data);
        let error = read_all(URI, 100).unwrap_err();
        assert_eq!(error, AssetError::TooLarge { uri: URI.into(), length: data.len() as u64, limit: 100 });
        assert_eq!(Error::from(error).code(), "AssetTooLarge");
    }

    #[test]
    fn a_missing_object_is_unavailable() {
        let host = Host::install();
        host.grant_unavailable(URI, "no such object");
        let error = read_all(URI, 100).unwrap_err();
        assert_eq!(error.code(), "AssetUnavailable");
        assert!(error.to_string().contains("no such object"));
    }
}
