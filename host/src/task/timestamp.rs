//! Moments in the records of tasks.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const FORM: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A moment in milliseconds since 1970 in UTC. As text and in JSON it is ISO-8601 with milliseconds, as the vendor's API writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Timestamp(i64);

/// The last moment that has a four-digit year.
const MAX: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Now, by the system's clock.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// From milliseconds since 1970; what lies outside of the years 1970 to 9999 is moved to their edge.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, MAX))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Some time later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Some time earlier.
    #[must_use]
    pub fn before(self, time: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Reads ISO-8601 with a zone, such as `2026-01-31T08:00:00.000Z` or `2026-01-31T09:00:00+01:00`.
    pub fn parse(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self::from_millis)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_millis(time.0.unsigned_abs())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000);
        let text = moment.ok().and_then(|moment| moment.format(FORM).ok()).ok_or(fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is no moment in ISO-8601 with a zone"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let moment = Timestamp::from_millis(1_769_846_400_007);
        assert_eq!(moment.to_string(), "2026-01-31T08:00:00.007Z");
        assert_eq!(Timestamp::parse("2026-01-31T09:00:00.007+01:00"), Some(moment));
        assert_eq!(Timestamp::from(SystemTime::from(moment)), moment);
        assert_eq!(Timestamp::parse("2026-01-31"), None);
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(moment.after(Duration::MAX).to_string(), "9999-12-31T23:59:59.999Z");
    }
}
