//! `Targets[].Subtitle` and `Sources[].Subtitles`.

use super::Context;
use super::fields::Fields;
use super::numbers::Interval;
use super::source::readable;
use super::video::{chosen, unused_choice};
use crate::task::StreamChoice;
use crate::task::fault::FaultCode;
use crate::task::spec::{AddedSubtitle, SubtitleWish};

/// Most files that are added to one source.
const MAX_ADDED: usize = 20;

/// Seconds by which added subtitles may be moved: a day.
const OFFSETS: Interval = Interval::closed(-86_400.0, 86_400.0);

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

/// Reads `Subtitles` of a source.
pub(super) fn added(source: &mut Fields<'_>, context: &Context<'_>) -> Vec<AddedSubtitle> {
    let items = source.array("Subtitles").unwrap_or_default();
    if items.len() > MAX_ADDED {
        let message = format!("must hold at most {MAX_ADDED} files; it holds {}", items.len());
        source.fault(FaultCode::LimitExceeded, "Subtitles", message);
        return Vec::new();
    }
    let path = source.path().field("Subtitles");
    let read = |(index, item)| {
        let mut file = source.element(item, path.index(index))?;
        let uri = readable(&mut file, "URI", context);
        let language = language(&mut file);
        let time_offset = file.number("TimeOffset", OFFSETS).unwrap_or(0.0);
        file.finish();
        Some(AddedSubtitle { uri: uri?, language, time_offset })
    };
    items.iter().enumerate().filter_map(read).collect()
}

/// A code of ISO 639-2: three letters, which is what containers have room for.
fn language(file: &mut Fields<'_>) -> Option<String> {
    let text = file.string("Language")?;
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(text.to_owned());
    }
    let message = "must be a code of ISO 639-2, which has three letters of a-z, such as eng, fra or zho";
    file.fault(FaultCode::InvalidArgument, "Language", message);
    None
}
