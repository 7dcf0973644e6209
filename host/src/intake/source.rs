//! `Sources[]`.

use serde_json::Value;

use super::Context;
use super::faults::Notes;
use super::fields::Fields;
use super::numbers::Interval;
use super::subtitle::added;
use crate::task::fault::FaultCode;
use crate::task::{FieldPath, ObjectUri, SourceSpec};

/// Reads one source.
pub(super) fn source(value: &Value, path: FieldPath, notes: &Notes, context: &Context<'_>) -> Option<SourceSpec> {
    let mut fields = Fields::open(value, path, None, notes)?;
    let uri = readable(&mut fields, "URI", context);
    let start = fields.number("StartTime", Interval::SECONDS).unwrap_or(0.0);
    let duration = fields.number("Duration", Interval::SECONDS).filter(|duration| *duration > 0.0);
    fields.unsupported_flag("DisableVideo");
    fields.unsupported_flag("DisableAudio");
    fields.unsupported_flag("Attached");
    fields.choice("AlignMode", &[("false", ())], &["loop", "pad"]);
    let subtitles = added(&mut fields, context);
    fields.finish();
    Some(SourceSpec { start, duration, subtitles, ..SourceSpec::new(uri?) })
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
