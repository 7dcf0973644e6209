//! The bitrate of a source's stream (decision 14).

use wasmux_sdk::parameters::MediaFacts;

/// bit/s of the first video stream. Where the file does not say: what the file has beyond its other streams. A stream whose
/// bitrate is unknown too is small beside the video, so it is neglected.
pub(crate) fn of_video(facts: &MediaFacts) -> Option<u64> {
    let stream = facts.video_streams.first()?;
    if let Some(bitrate) = known(stream.bitrate) {
        return Some(bitrate);
    }
    let others = facts.video_streams.iter().skip(1).map(|stream| stream.bitrate);
    let others = others.chain(facts.audio_streams.iter().map(|stream| stream.bitrate));
    remainder(facts, stream.duration, others.flatten())
}

/// bit/s of the first audio stream. The remainder of the file says nothing where another bitrate is unknown too.
pub(crate) fn of_audio(facts: &MediaFacts) -> Option<u64> {
    let stream = facts.audio_streams.first()?;
    if let Some(bitrate) = known(stream.bitrate) {
        return Some(bitrate);
    }
    let others = facts.audio_streams.iter().skip(1).map(|stream| stream.bitrate);
    let others = others.chain(facts.video_streams.iter().map(|stream| stream.bitrate));
    let others: Option<Vec<u64>> = others.map(known).collect();
    remainder(facts, stream.duration, others?.into_iter())
}

fn known(bitrate: Option<u64>) -> Option<u64> {
    bitrate.filter(|&bitrate| bitrate > 0)
}

/// (file bits - known streams) / duration, where that is above zero.
fn remainder(facts: &MediaFacts, stream: Option<f64>, others: impl Iterator<Item = u64>) -> Option<u64> {
    let seconds = facts.duration.or(stream).filter(|seconds| seconds.is_finite() && *seconds > 0.0)?;
    let total = facts.size as f64 * 8.0 / seconds;
    let others = others.fold(0_u64, u64::saturating_add);
    let rest = total - others as f64;
    (rest >= 1.0).then_some(rest as u64)
}
