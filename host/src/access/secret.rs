//! A text that nobody is to see.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;
use std::{env, fmt, fs};

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A secret. `Debug` and `Serialize` hide it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself: to sign with it, or to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether they are the same, in a time that does not depend on where they differ.
    pub fn is(&self, other: &Self) -> bool {
        // Of digests, so that the time does not depend on the lengths either.
        let digest = |secret: &Self| Sha256::digest(secret.0.as_bytes());
        digest(self).as_slice().ct_eq(digest(other).as_slice()).into()
    }
}

/// Where a secret of the configuration comes from: from one of three fields, or there is none.
#[derive(Debug, Clone, Copy)]
pub struct SecretSource<'a> {
    /// `secret`: the secret itself.
    pub secret: &'a Option<Secret>,
    /// `secret_file`: a file that holds it; white space at its end is left out.
    pub file: &'a Option<PathBuf>,
    /// `secret_env`: an environment variable that holds it.
    pub env: &'a Option<String>,
}

impl SecretSource<'_> {
    /// The secret. The error is a sentence part that names the field.
    pub fn read(self) -> Result<Option<Secret>, String> {
        match (self.secret, self.file, self.env) {
            (None, None, None) => Ok(None),
            (Some(secret), None, None) => Ok(Some(secret.clone())),
            (None, Some(file), None) => match fs::read_to_string(file) {
                Ok(text) => Ok(Some(text.trim_end().into())),
                Err(error) => Err(format!("secret_file {}: {error}", file.display())),
            },
            (None, None, Some(name)) => match env::var(name) {
                Ok(text) => Ok(Some(text.as_str().into())),
                Err(_) => Err(format!("secret_env names `{name}`, which is not set")),
            },
            _ => Err("there may be at most one of secret, secret_file and secret_env".to_owned()),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::from("hidden");
        assert_eq!((format!("{secret:?}"), serde_json::to_string(&secret).unwrap()), ("***".into(), "\"***\"".into()));
        assert!(secret.is(&"hidden".into()) && !secret.is(&"hidde".into()) && !secret.is(&"".into()));
    }
}
