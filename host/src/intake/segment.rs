//! `Targets[].Segment`.

use super::fields::Fields;
use super::numbers::Interval;
use crate::task::fault::FaultCode;
use crate::task::{Container, SegmentFormat, Segmentation};

/// Shortest and longest duration in seconds: below it files are all overhead, above it nothing is segmented.
const DURATIONS: Interval = Interval::closed(0.1, 3600.0);

/// Reads `Segment`; an object without content is the same as none.
pub(super) fn segment(target: &mut Fields<'_>) -> Option<Segmentation> {
    let mut fields = target.object("Segment")?;
    let hollow = fields.is_hollow();
    if !hollow && !fields.has("Format") {
        fields.fault(FaultCode::MissingArgument, "Format", "is required: hls or dash");
    }
    let formats = SegmentFormat::ALL.map(|format| (format.name(), format));
    let format = fields.choice("Format", &formats, &[]);
    let duration = fields.number("Duration", DURATIONS).unwrap_or(Segmentation::DEFAULT_DURATION);
    let mut start_number = fields.integer("StartNumber", 0..=i64::from(i32::MAX)).unwrap_or(0);
    if format == Some(SegmentFormat::Dash) && start_number != 0 {
        fields.warn("FieldsIgnored", "StartNumber", "does nothing: it is for Format hls only");
        start_number = 0;
    }
    fields.finish();
    Some(Segmentation { format: format.filter(|_| !hollow)?, duration, start_number })
}

/// Reports a container that segments of this format do not have.
pub(super) fn fits(target: &Fields<'_>, segment: Segmentation, container: Container) {
    let allowed = segment.format.containers();
    if !allowed.contains(&container) {
        let allowed: Vec<_> = allowed.iter().map(|container| container.name()).collect();
        let message = format!("must be {} with Segment.Format {}", allowed.join(" or "), segment.format.name());
        target.fault(FaultCode::InvalidArgument, "Container", message);
    }
}
