//! `Targets[].Subtitle` and `Sources[].Subtitles`.

use super::Context;
use super::fields::{Fields, is_hollow};
use super::numbers::Interval;
use super::output::prefix;
use super::policies::Role;
use super::request::Scope;
use super::source::readable;
use super::video::{chosen, unused_choice};
use crate::task::fault::FaultCode;
use crate::task::spec::{AddedSubtitle, ExtractSubtitle, SubtitleFormat, SubtitleWish};
use crate::task::{StreamChoice, VideoWish};

/// Values of `ExtractSubtitle.Format`.
const FORMATS: &[(&str, SubtitleFormat)] =
    &[("ass", SubtitleFormat::Ass), ("srt", SubtitleFormat::Srt), ("webvtt", SubtitleFormat::Webvtt)];

/// Most files that are added to one source.
const MAX_ADDED: usize = 20;

/// Seconds by which added subtitles may be moved: a day.
const OFFSETS: Interval = Interval::closed(-86_400.0, 86_400.0);

/// Reads `Subtitle`: without it the first stream is taken (decision 5 of the API reference), with it those that `Stream` names, or all.
pub(super) fn subtitle(target: &mut Fields<'_>, video: &VideoWish, role: &Role, scope: &Scope<'_>) -> SubtitleWish {
    let Some(mut subtitle) = target.object("Subtitle") else { return SubtitleWish::default() };
    let disabled = subtitle.boolean("DisableSubtitle").unwrap_or(false);
    let streams = match chosen(&mut subtitle) {
        _ if !subtitle.has("Stream") => StreamChoice::All,
        streams => streams,
    };
    let extract = subtitle.object("ExtractSubtitle").and_then(|fields| extract(fields, video, role, scope));
    if disabled {
        unused_choice(&subtitle);
        if extract.is_some() {
            subtitle.warn("FieldsIgnored", "ExtractSubtitle", "does nothing: DisableSubtitle is true");
        }
    }
    subtitle.finish();
    SubtitleWish { disabled, streams, extract: extract.filter(|_| !disabled) }
}

/// Whether a target asks for subtitle files.
pub(super) fn extracts(target: &mut Fields<'_>) -> bool {
    let subtitle = target.value("Subtitle");
    let extract = subtitle.and_then(|subtitle| subtitle.get("ExtractSubtitle"));
    let disabled = subtitle.and_then(|subtitle| subtitle.get("DisableSubtitle"));
    let disabled = disabled.is_some_and(|flag| flag == true || flag == "true" || flag == "True");
    !disabled && extract.is_some_and(|extract| !is_hollow(extract))
}

fn extract(mut fields: Fields<'_>, video: &VideoWish, role: &Role, scope: &Scope<'_>) -> Option<ExtractSubtitle> {
    let hollow = fields.is_hollow();
    if !hollow && !fields.has("Format") {
        fields.fault(FaultCode::MissingArgument, "Format", "is required: ass, srt or webvtt");
    }
    let format = fields.choice("Format", FORMATS, &[]);
    let prefix = if hollow {
        fields.string("URI").map(str::to_owned)
    } else {
        let ending = format!("_0.{}", format.unwrap_or(SubtitleFormat::Srt).extension());
        prefix(&mut fields, &ending, video, role, scope)
    };
    fields.finish();
    Some(ExtractSubtitle { uri_template: prefix?, format: format? })
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
