//! Room `access`: who may do what.
//!
//! It owns: the keys of the configuration, the check of signatures and of bearer secrets, the nonces that were used, the signature of messages. It promises: a secret is compared in
//! constant time, and neither logged nor shown by `Debug`; a signed request is taken once. It refuses: clocks (moments are handed to it), HTTP.

mod config;
mod message;
mod nonces;
mod secret;
mod signature;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

pub use config::{KeyConfig, Right};
pub use message::sign_message;
pub use secret::{Secret, SecretSource};
pub use signature::Signed;
#[cfg(test)]
pub(crate) use signature::sign;

use crate::task::Timestamp;
use nonces::Nonces;

/// One key.
pub struct Key {
    id: String,
    secret: Secret,
    token: Option<Secret>,
    /// `None`: all.
    projects: Option<BTreeSet<String>>,
    rights: BTreeSet<Right>,
    nonces: Nonces,
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Caller {
    /// Anybody, of a service without keys. May do everything.
    Anonymous,
    /// Who has this key.
    Key(Arc<Key>),
}

impl Key {
    /// Its public name.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Caller {
    /// Whether this is allowed.
    pub fn may(&self, right: Right) -> bool {
        match self {
            Self::Anonymous => true,
            Self::Key(key) => key.rights.contains(&right),
        }
    }

    /// The projects that this caller is limited to; `None`: all.
    pub fn projects(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Anonymous => None,
            Self::Key(key) => key.projects.as_ref(),
        }
    }

    /// Whether this project is one of the caller's.
    pub fn reaches(&self, project: &str) -> bool {
        self.projects().is_none_or(|projects| projects.contains(project))
    }
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// There is neither signature nor bearer secret.
    Unsigned,
    /// What there is has not the form of a signature, or leaves out what has to be signed; says what.
    Incomplete(&'static str),
    /// There is no key of that id.
    UnknownKey,
    /// The signature, or the bearer secret, is another one.
    WrongSignature,
    /// The moment of the signature is more than 15 minutes away, or unreadable.
    Expired,
    /// The key has a security token, and the request has none.
    NoToken,
    /// The security token is not that of the key.
    WrongToken,
    /// The nonce was used before.
    UsedNonce,
    /// The key has used more nonces in 15 minutes than are kept.
    TooMany,
}

/// The keys of a service, at least one.
#[derive(Debug)]
pub struct Access {
    keys: Vec<Arc<Key>>,
}

impl Access {
    /// Reads the keys; `None` where there are none. The error is a sentence for whoever configures them.
    pub fn open(configs: &[KeyConfig]) -> Result<Option<Self>, String> {
        let keys: Vec<_> = configs.iter().map(|config| config.read().map(Arc::new)).collect::<Result<_, _>>()?;
        for (index, key) in keys.iter().enumerate() {
            let before = keys.iter().take(index);
            if before.clone().any(|other| other.id == key.id) {
                return Err(format!("keys: the id `{}` is given twice", key.id));
            }
            // A bearer is known by the secret alone.
            if let Some(other) = before.clone().find(|other| other.secret.is(&key.secret)) {
                return Err(format!("keys: `{}` and `{}` have the same secret", other.id, key.id));
            }
        }
        Ok(if keys.is_empty() { None } else { Some(Self { keys }) })
    }

    /// Who has this `Authorization: Bearer SECRET`, with the security token of keys that have one.
    pub fn bearer(&self, authorization: Option<&str>, token: Option<&str>) -> Result<Caller, Denied> {
        let secret = authorization.ok_or(Denied::Unsigned)?;
        let (scheme, secret) = secret.split_once(' ').unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Denied::Unsigned);
        }
        let secret = Secret::from(secret.trim());
        // All are looked at, so that the time tells nothing of which one it is.
        let found = self.keys.iter().fold(None, |found, key| if key.secret.is(&secret) { Some(key) } else { found });
        let key = found.ok_or(Denied::WrongSignature)?;
        key.check_token(token)?;
        Ok(Caller::Key(Arc::clone(key)))
    }

    /// Who has signed this request. It is taken once: its nonce is used then.
    pub fn signed(&self, request: &Signed<'_>, now: Timestamp) -> Result<Caller, Denied> {
        let claim = request.claim()?;
        let key = self.keys.iter().find(|key| key.id == claim.key).ok_or(Denied::UnknownKey)?;
        if !claim.is_made_with(&key.secret) {
            return Err(Denied::WrongSignature);
        }
        let moment = Timestamp::parse(&claim.moment).ok_or(Denied::Expired)?;
        key.check_token(claim.token.as_deref())?;
        key.nonces.take(&claim.nonce, moment, now)?;
        Ok(Caller::Key(Arc::clone(key)))
    }
}

impl Key {
    fn check_token(&self, given: Option<&str>) -> Result<(), Denied> {
        match (&self.token, given) {
            (None, None) => Ok(()),
            (Some(_), None) => Err(Denied::NoToken),
            (Some(token), Some(given)) if token.is(&Secret::from(given)) => Ok(()),
            (_, Some(_)) => Err(Denied::WrongToken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, secret: &str) -> KeyConfig {
        KeyConfig { id: id.into(), secret: Some(secret.into()), ..KeyConfig::default() }
    }

    #[test]
    fn a_bearer_is_known_by_the_secret() {
        let mut temporary = key("STS.1", "another secret of 30 characters");
        temporary.token = Some("token".into());
        temporary.projects = Some(vec!["acme".into()]);
        temporary.rights = Some(vec![Right::Read]);
        let access = Access::open(&[key("a", "a secret of 20 letters"), temporary]).unwrap().unwrap();
        let caller = access.bearer(Some("bearer a secret of 20 letters"), None).unwrap();
        assert!(caller.may(Right::Admin) && caller.may(Right::Submit) && caller.reaches("any"));
        let temporary = |token| access.bearer(Some("Bearer another secret of 30 characters"), token);
        let caller = temporary(Some("token")).unwrap();
        assert!(caller.may(Right::Read) && !caller.may(Right::Submit) && !caller.may(Right::Admin));
        assert!(caller.reaches("acme") && !caller.reaches("any"));
        assert_eq!(temporary(None).unwrap_err(), Denied::NoToken);
        assert_eq!(temporary(Some("tokem")).unwrap_err(), Denied::WrongToken);
        let denied = |header, token| access.bearer(header, token).unwrap_err();
        assert_eq!(denied(Some("Bearer a secret of 20 letters"), Some("token")), Denied::WrongToken);
        assert_eq!(denied(Some("Bearer a secret of 20 letter"), None), Denied::WrongSignature);
        assert_eq!(denied(Some("Bearer "), None), Denied::WrongSignature);
        assert_eq!(denied(Some("Basic a secret of 20 letters"), None), Denied::Unsigned);
        assert_eq!(denied(None, None), Denied::Unsigned);
        assert!(!format!("{access:?} {caller:?}").contains("secret"));
    }

    #[test]
    fn keys_that_cannot_be_told_apart_are_refused() {
        let open = |keys: &[KeyConfig]| Access::open(keys).map(|access| access.is_some());
        assert_eq!(open(&[]), Ok(false));
        let one = key("a", "0123456789abcdef");
        assert!(open(&[one.clone(), one.clone()]).unwrap_err().contains("the id `a` is given twice"));
        assert!(open(&[one, key("b", "0123456789abcdef")]).unwrap_err().contains("`a` and `b` have the same secret"));
    }
}
