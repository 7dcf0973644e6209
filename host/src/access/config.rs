//! Keys as the configuration has them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::nonces::Nonces;
use super::{Key, Secret, SecretSource};

/// Shortest secret, in bytes: one that is guessed opens the service.
const SHORTEST: usize = 16;
/// Longest id, in characters.
const LONGEST_ID: usize = 128;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Submit, plan and cancel tasks.
    Submit,
    /// See tasks, plans and plugins.
    Read,
    /// Publish and remove plugins, remove records of tasks.
    Admin,
}

impl Right {
    const ALL: [Self; 3] = [Self::Submit, Self::Read, Self::Admin];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

/// One element of `[[keys]]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyConfig {
    /// The access key's id.
    pub id: String,
    /// Its secret; or the name of a file or of an environment variable that holds it.
    pub secret: Option<Secret>,
    /// A file that holds the secret; white space at its end is left out.
    pub secret_file: Option<PathBuf>,
    /// An environment variable that holds the secret.
    pub secret_env: Option<String>,
    /// The security token that has to come with this key, of temporary keys.
    pub token: Option<Secret>,
    /// The projects that it is for; all where it is absent.
    pub projects: Option<Vec<String>>,
    /// What it may do; everything where it is absent.
    pub rights: Option<Vec<Right>>,
}

impl KeyConfig {
    /// Checks the key and reads its secret. The error is a sentence.
    pub(super) fn read(&self) -> Result<Key, String> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !(1..=LONGEST_ID).contains(&self.id.len()) || !self.id.chars().all(legal) {
            return Err(format!(
                "keys.id must be 1 to {LONGEST_ID} characters of A-Z, a-z, 0-9, '-', '_' and '.' (found \"{}\")",
                self.id.escape_debug()
            ));
        }
        let secret = self.secret()?;
        if secret.reveal().len() < SHORTEST || secret.reveal().trim() != secret.reveal() {
            return Err(format!(
                "keys: the secret of `{}` must have at least {SHORTEST} bytes, and no white space at its ends",
                self.id
            ));
        }
        let empty = |field: &str| format!("keys: `{field}` of `{}` is empty; leave it out for all", self.id);
        if self.projects.as_ref().is_some_and(Vec::is_empty) {
            return Err(empty("projects"));
        }
        if self.rights.as_ref().is_some_and(Vec::is_empty) {
            return Err(empty("rights"));
        }
        if self.token.as_ref().is_some_and(|token| token.reveal().is_empty()) {
            return Err(format!("keys: `token` of `{}` is empty; leave it out for none", self.id));
        }
        Ok(Key {
            id: self.id.clone(),
            secret,
            token: self.token.clone(),
            projects: self.projects.clone().map(BTreeSet::from_iter),
            rights: self.rights.clone().unwrap_or_else(|| Right::ALL.to_vec()).into_iter().collect(),
            nonces: Nonces::default(),
        })
    }

    fn secret(&self) -> Result<Secret, String> {
        let source = SecretSource { secret: &self.secret, file: &self.secret_file, env: &self.secret_env };
        let secret = source.read().map_err(|why| format!("keys: `{}`: {why}", self.id))?;
        secret.ok_or_else(|| format!("keys: `{}` must have one of secret, secret_file and secret_env", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        toml::from_str::<KeyConfig>(text).unwrap().read().unwrap_err()
    }

    #[test]
    fn a_key_has_one_secret_that_is_not_shown() {
        let config: KeyConfig =
            toml::from_str("id = \"a\"\nsecret = \"0123456789abcdef\"\nrights = [\"read\"]\nprojects = [\"p\"]")
                .unwrap();
        let key = config.read().unwrap();
        assert_eq!((key.rights.len(), key.projects.as_ref().unwrap().len()), (1, 1));
        let shown = format!("{config:?} {key:?} {}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("0123456789abcdef"), "{shown}");
        let all: KeyConfig = toml::from_str("id = \"a\"\nsecret = \"0123456789abcdef\"").unwrap();
        assert!(all.read().unwrap().rights.len() == 3 && all.read().unwrap().projects.is_none());
    }

    #[test]
    fn wrong_keys_are_refused() {
        for (text, part) in [
            ("secret = \"0123456789abcdef\"", "keys.id must be"),
            ("id = \"a b\"\nsecret = \"0123456789abcdef\"", "(found \"a b\")"),
            ("id = \"a\"", "one of secret, secret_file and secret_env"),
            ("id = \"a\"\nsecret = \"0123456789abcdef\"\nsecret_env = \"X\"", "at most one of secret"),
            ("id = \"a\"\nsecret = \"0123456789abcde\"", "at least 16 bytes"),
            ("id = \"a\"\nsecret = \"0123456789abcdef \"", "no white space"),
            ("id = \"a\"\nsecret_file = \"/nowhere/secret\"", "`a`: secret_file /nowhere/secret: "),
            ("id = \"a\"\nsecret_env = \"WASMUX_NO_SUCH\"", "`WASMUX_NO_SUCH`, which is not set"),
            ("id = \"a\"\nsecret = \"0123456789abcdef\"\nprojects = []", "`projects` of `a` is empty"),
            ("id = \"a\"\nsecret = \"0123456789abcdef\"\nrights = []", "`rights` of `a` is empty"),
            ("id = \"a\"\nsecret = \"0123456789abcdef\"\ntoken = \"\"", "`token` of `a` is empty"),
        ] {
            let error = refused(text);
            assert!(error.contains(part) && !error.contains("0123456789abcde"), "{text}: {error}");
        }
    }
}
