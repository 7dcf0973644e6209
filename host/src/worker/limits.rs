//! Whether a source is within the limits of the configuration.

use crate::task::{ErrorCode, Failure, MediaFacts, ObjectUri, Stage, TaskLimits};

/// Fails with `LimitExceeded`, naming the first limit that the source is over.
pub(super) fn judge(uri: &ObjectUri, facts: &MediaFacts, limits: &TaskLimits) -> Result<(), Failure> {
    let over = |what: String, limit: u64, field: &str| {
        let message = format!(
            "{uri} {what}, and the limit of this host is {limit} (`{field}` under [limits] of its configuration)"
        );
        Err(Failure::new(ErrorCode::LimitExceeded, Stage::Probe, message))
    };
    if facts.size > limits.max_source_bytes {
        return over(format!("has {} bytes", facts.size), limits.max_source_bytes, "max_source_bytes");
    }
    let count = facts.video_streams.len() + facts.audio_streams.len() + facts.subtitles.len();
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    if count > limits.max_streams {
        return over(format!("has {count} streams"), limits.max_streams, "max_streams");
    }
    for video in &facts.video_streams {
        let pixels = u64::from(video.width).saturating_mul(u64::from(video.height));
        if pixels > limits.max_pixels {
            let what =
                format!("has pictures of {}x{}, {pixels} pixels, in stream {}", video.width, video.height, video.index);
            return over(what, limits.max_pixels, "max_pixels");
        }
    }
    match facts.duration {
        Some(duration) if duration > limits.max_duration_seconds as f64 => {
            over(format!("lasts {duration:.3} seconds"), limits.max_duration_seconds, "max_duration_seconds")
        }
        _ => Ok(()),
    }
}
