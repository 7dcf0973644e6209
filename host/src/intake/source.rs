//! `Sources[]`.

use serde_json::Value;

use super::Context;
use super::faults::Notes;
use super::fields::Fields;
use super::numbers::Interval;
use super::subtitle::added;
use crate::task::fault::FaultCode;
use crate::task::spec::AlignMode;
use crate::task::{FieldPath, ObjectUri, SourceSpec};

/// `AlignMode`.
const ALIGN_MODES: &[(&str, AlignMode)] =
    &[("false", AlignMode::False), ("loop", AlignMode::Loop), ("pad", AlignMode::Pad)];

/// Reads one source.
pub(super) fn source(value: &Value, path: FieldPath, notes: &Notes, context: &Context<'_>) -> Option<SourceSpec> {
    let mut fields = Fields::open(value, path, None, notes)?;
    let uri = readable(&mut fields, "URI", context);
    let start = fields.number("StartTime", Interval::SECONDS).unwrap_or(0.0);
    let duration = fields.number("Duration", Interval::SECONDS).filter(|duration| *duration > 0.0);
    let disable_video = fields.boolean("DisableVideo").unwrap_or(false);
    let disable_audio = fields.boolean("DisableAudio").unwrap_or(false);
    let attached = fields.boolean("Attached").unwrap_or(false);
    let mode = fields.choice("AlignMode", ALIGN_MODES, &[]).unwrap_or_default();
    if !attached && mode != AlignMode::False {
        fields.warn("FieldsIgnored", "AlignMode", "does nothing: it is for sources with Attached true");
    }
    let subtitles = added(&mut fields, context);
    fields.finish();
    let attached = attached.then_some(mode);
    Some(SourceSpec { start, duration, disable_video, disable_audio, attached, subtitles, ..SourceSpec::new(uri?) })
}

/// A required object URI that may be read.
pub(super) fn readable(fields: &mut Fields<'_>, name: &'static str, context: &Context<'_>) -> Option<ObjectUri> {
    let text = fields.required_string(name)?;
    match ObjectUri::parse(text) {
        Ok(uri) => {
            if let Err(message) = context.buckets.can_read(uri.bucket(), uri.key()) {
                fields.fault(FaultCode::ResourceNotFound, name, message);
            }
            Some(uri)
        }
        Err(error) => {
            fields.fault(FaultCode::InvalidArgument, name, error.to_string());
            None
        }
    }
}
