//! The variables of URI templates (section "TargetURI template" of the API reference).

use std::time::SystemTime;

use time::OffsetDateTime;

use crate::task::{TargetSpec, TaskSpec, VideoWish};

/// Names and values for one target. The names are those that intake promised to the policy's `check`.
pub(super) fn of_target(
    spec: &TaskSpec,
    index: usize,
    target: &TargetSpec,
    created: SystemTime,
    modified: SystemTime,
) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = Vec::new();
    if let Some(source) = spec.sources.get(spec.alignment) {
        let uri = &source.uri;
        let parts = [
            ("bucket", uri.bucket()),
            ("key", uri.key()),
            ("dirname", uri.dirname()),
            ("barename", uri.barename()),
            ("basename", uri.basename()),
            ("ext", uri.ext()),
        ];
        variables.extend(parts.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    variables.extend(clock("", modified));
    variables.extend(clock("t_", created));
    variables.push(("index".to_owned(), (index + 1).to_string()));
    variables.push(("autoext".to_owned(), target.extension().to_owned()));
    if let VideoWish::Transcode(video) = &target.video
        && let Some(resolution) = &video.resolution
    {
        variables.push(("resolution".to_owned(), resolution.text.clone()));
    }
    // What is empty has no value (decisions 10 and 11), but for a tag that was set to nothing on purpose.
    variables.retain(|(_, value)| !value.is_empty());
    variables.extend(spec.tags.iter().map(|(name, value)| (format!("tags.{name}"), value.clone())));
    variables
}

/// Zero-padded parts of a moment in UTC.
fn clock(prefix: &str, moment: SystemTime) -> [(String, String); 6] {
    // A file system may hold any time; beyond the calendar there is no date to show.
    let seconds = match moment.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    };
    let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    [
        ("year", format!("{:04}", moment.year())),
        ("mon", format!("{:02}", u8::from(moment.month()))),
        ("day", format!("{:02}", moment.day())),
        ("hour", format!("{:02}", moment.hour())),
        ("min", format!("{:02}", moment.minute())),
        ("sec", format!("{:02}", moment.second())),
    ]
    .map(|(name, value)| (format!("{prefix}{name}"), value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_beyond_the_calendar_is_no_panic() {
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(400_000_000_000);
        assert_eq!(clock("", far)[0].1, "1970");
    }

    #[test]
    fn moments_are_utc_and_padded() {
        let parts = clock("t_", SystemTime::UNIX_EPOCH + Duration::from_secs(981_173_106));
        let text: Vec<_> = parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(text.join(" "), "t_year=2001 t_mon=02 t_day=03 t_hour=04 t_min=05 t_sec=06");
    }
}
