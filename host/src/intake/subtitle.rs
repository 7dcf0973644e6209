//! `Targets[].Subtitle`.

use super::fields::Fields;
use super::video::{chosen, unused_choice};
use crate::task::StreamChoice;
use crate::task::spec::SubtitleWish;

/// Reads `Subtitle`: without it the first stream is taken (decision 5 of the API reference), with it those that `Stream` names, or all.
pub(super) fn subtitle(target: &mut Fields<'_>) -> SubtitleWish {
    let Some(mut subtitle) = target.object("Subtitle") else { return SubtitleWish::default() };
    let disabled = subtitle.boolean("DisableSubtitle").unwrap_or(false);
    let streams = match chosen(&mut subtitle) {
        _ if !subtitle.has("Stream") => StreamChoice::All,
        streams => streams,
    };
    if disabled {
        unused_choice(&subtitle);
    }
    subtitle.unsupported("ExtractSubtitle", "leave it out");
    subtitle.finish();
    SubtitleWish { disabled, streams, extract: None }
}
