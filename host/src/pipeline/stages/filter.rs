//! Runs a filter over the frames of a stream.

use super::{Item, Outlet, Stop, at};
use crate::media::Frame;
use crate::pipeline::channel::Inbox;
use crate::pipeline::run::Shared;
use crate::pipeline::{FrameFilter, OpenFilter, Region};
use crate::plan::{Filter, Node};
use crate::task::{ErrorCode, Failure, OnError, PluginId, Stage, Warning};

/// Calls a filter where and when it works; all other frames pass untouched and uncopied.
pub(super) fn filter(
    node: &Node,
    wish: &Filter,
    open: OpenFilter,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let OpenFilter { mut filter, regions, plugin, .. } = open;
    let mut skipped = Skipped::default();
    while let Some((_, item)) = inbox.receive()? {
        let item = match item {
            Item::Frame(frame) if is_active(regions.as_deref(), frame.time_ns) => {
                Item::Frame(filtered(frame, filter.as_mut(), wish.on_error, &mut skipped)?)
            }
            Item::Frame(frame) => {
                inbox.meter().passes();
                Item::Frame(frame)
            }
            other => other,
        };
        outlet.send(item)?;
    }
    let mut warnings = match filter.finish() {
        Ok(warnings) => warnings,
        Err(failure) if wish.on_error.passes_over(&failure) => {
            skipped.note(None, failure);
            Vec::new()
        }
        Err(failure) => return Err(failure.into()),
    };
    warnings.extend(skipped.told(&plugin));
    shared.warned(node.id, warnings);
    shared.guest(node.id, plugin, filter.usage());
    outlet.finish();
    Ok(())
}

/// The frame as the filter leaves it.
fn filtered(
    mut frame: Frame,
    filter: &mut dyn FrameFilter,
    on_error: OnError,
    skipped: &mut Skipped,
) -> Result<Frame, Stop> {
    if skipped.is_dead {
        skipped.frames = skipped.frames.saturating_add(1);
        return Ok(frame);
    }
    // A filter that fails may have written a part. The second reference costs a copy of the frame when it is made writable.
    let kept = match on_error {
        OnError::Skip => Some(frame.share().map_err(at(Stage::Filter))?),
        OnError::Fail => None,
    };
    // Decoders and other branches may hold the same samples.
    frame.make_writable().map_err(at(Stage::Filter))?;
    match (filter.process(&mut frame), kept) {
        (Ok(()), _) => Ok(frame),
        (Err(failure), Some(kept)) if on_error.passes_over(&failure) => {
            skipped.note(Some(frame.time_ns), failure);
            Ok(kept)
        }
        (Err(failure), _) => Err(failure.into()),
    }
}

/// The frames that a filter failed at.
#[derive(Default)]
struct Skipped {
    frames: u64,
    /// After anything but its own typed error a filter answers no more calls.
    is_dead: bool,
    first: Option<(Option<i64>, Failure)>,
}

impl Skipped {
    fn note(&mut self, time: Option<i64>, failure: Failure) {
        self.frames = self.frames.saturating_add(u64::from(time.is_some()));
        self.is_dead |= failure.code != ErrorCode::PluginError;
        self.first.get_or_insert((time, failure));
    }

    fn told(self, plugin: &PluginId) -> Option<Warning> {
        let (time, failure) = self.first?;
        let frames = if self.frames == 1 { "frame is".to_owned() } else { format!("{} frames are", self.frames) };
        let message = match time {
            Some(time) => format!(
                "{plugin} failed, so {frames} without it, the first at {:.3} s: {}: {}",
                time as f64 / 1e9,
                failure.code,
                failure.message
            ),
            None => format!("{plugin} failed after its last frame: {}: {}", failure.code, failure.message),
        };
        Some(Warning { code: "FilterSkipped".into(), field: String::new(), target: None, message })
    }
}

/// Whether a filter has anything to do at this time; one that declared nothing always has.
fn is_active(regions: Option<&[Region]>, time: i64) -> bool {
    regions.is_none_or(|regions| regions.iter().any(|region| region.is_active(time)))
}
