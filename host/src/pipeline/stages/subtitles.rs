//! Subtitles on their way from a source into an output.

use super::media_stages::{packet, stream};
use super::{Item, Outlet, Stop, Stream, at};
use crate::media::{MediaError, StreamParameters, SubtitleStream};
use crate::pipeline::channel::Inbox;
use crate::pipeline::damage::Decoded;
use crate::pipeline::run::Shared;
use crate::task::Stage;

/// Passes the subtitles of one stream on, converted if need be. A stream without any is a stream all the same.
pub(super) fn subtitle(
    index: usize,
    open: impl FnOnce(&StreamParameters) -> Result<SubtitleStream, MediaError>,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let mut object = open(&stream(inbox)?).map_err(at(Stage::Transform))?;
    outlet.send(Item::Stream(Box::new(Stream { parameters: object.parameters(), promise: None })))?;
    while let Some(packet) = packet(inbox)? {
        if let Some(made) = object.take(&packet).map_err(at(Stage::Transform))? {
            outlet.send(Item::Packet(made))?;
        }
    }
    let report = object.report();
    let stream = format!("subtitle stream {index}");
    shared.damage.decoder(Decoded { stream, frames: report.frames, lost: report.errors });
    outlet.send(Item::End)?;
    outlet.finish();
    Ok(())
}
