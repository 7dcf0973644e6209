//! Nonces that were used, of one key.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Denied;
use crate::task::Timestamp;

/// How far the moment of a signature may be from now, either way.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Most nonces that are kept: above a hundred calls a second, for as long as they are.
const MOST: usize = 200_000;
/// Longest nonce, in bytes.
const LONGEST: usize = 128;

/// Nonces, each kept as long as its signature could come again. They are in memory only, and so forgotten at a restart.
#[derive(Default)]
pub(super) struct Nonces {
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    until: HashMap<String, Timestamp>,
    order: BTreeSet<(Timestamp, String)>,
}

impl Nonces {
    /// Uses a nonce of a signature that is right.
    pub(super) fn take(&self, nonce: &str, moment: Timestamp, now: Timestamp) -> Result<(), Denied> {
        let until = moment.after(WINDOW);
        if until < now || moment > now.after(WINDOW) {
            return Err(Denied::Expired);
        }
        if nonce.len() > LONGEST {
            return Err(Denied::Incomplete("the nonce must have at most 128 bytes"));
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while used.order.first().is_some_and(|(until, _)| *until < now) {
            if let Some((_, nonce)) = used.order.pop_first() {
                used.until.remove(&nonce);
            }
        }
        if used.until.contains_key(nonce) {
            return Err(Denied::UsedNonce);
        }
        if used.until.len() >= MOST {
            return Err(Denied::TooMany);
        }
        used.until.insert(nonce.to_owned(), until);
        used.order.insert((until, nonce.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_769_846_400_000 + seconds * 1000)
    }

    #[test]
    fn a_nonce_is_used_once_as_long_as_its_moment_counts() {
        let nonces = Nonces::default();
        assert_eq!(nonces.take("a", at(0), at(0)), Ok(()));
        assert_eq!(nonces.take("b", at(0), at(0)), Ok(()));
        assert_eq!(nonces.take("a", at(0), at(900)), Err(Denied::UsedNonce));
        assert_eq!(nonces.take("a", at(0), at(901)), Err(Denied::Expired));
        // Forgotten when nobody could use it any more.
        assert_eq!(nonces.take("a", at(901), at(901)), Ok(()));
        assert_eq!(nonces.used.lock().unwrap().until.len(), 1);
        assert_eq!(nonces.used.lock().unwrap().order.len(), 1);
    }

    #[test]
    fn a_moment_is_near_now() {
        let nonces = Nonces::default();
        assert_eq!(nonces.take("a", at(900), at(0)), Ok(()));
        // One from the future is kept longer.
        assert_eq!(nonces.take("a", at(900), at(1800)), Err(Denied::UsedNonce));
        assert_eq!(nonces.take("b", at(901), at(0)), Err(Denied::Expired));
        assert_eq!(nonces.take("b", at(-900), at(0)), Ok(()));
        assert_eq!(nonces.take("c", at(-901), at(0)), Err(Denied::Expired));
        assert!(matches!(nonces.take(&"x".repeat(129), at(0), at(0)), Err(Denied::Incomplete(_))));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let nonces = Nonces::default();
        for number in 0..MOST {
            assert_eq!(nonces.take(&number.to_string(), at(0), at(0)), Ok(()));
        }
        assert_eq!(nonces.take("one more", at(0), at(0)), Err(Denied::TooMany));
        assert_eq!(nonces.take("one more", at(901), at(901)), Ok(()));
    }
}
