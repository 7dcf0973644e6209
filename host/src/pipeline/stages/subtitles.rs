//! Subtitles on their way from a source into an output.

use std::path::Path;

use super::mux::lead;
use super::{Item, Outlet, Stop, Stream, at, bug, stream};
use crate::media::{MediaError, StreamParameters, SubtitleFile, SubtitleStream};
use crate::pipeline::channel::Inbox;
use crate::pipeline::damage::Decoded;
use crate::pipeline::run::{Shared, Written};
use crate::plan::Node;
use crate::task::Stage;
use crate::task::spec::SubtitleFormat;

/// Passes the subtitles of one stream on, converted if need be. A stream without any is a stream all the same.
pub(super) fn subtitle(
    node: &Node,
    open: impl FnOnce(&StreamParameters) -> Result<SubtitleStream, MediaError>,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let mut object = open(&stream(inbox)?).map_err(at(Stage::Transform))?;
    let origin = shared.plan.origin_of(node.id).ok_or_else(|| bug("subtitles have no source"))?;
    outlet.send(Item::Stream(Box::new(Stream { parameters: object.parameters(), promise: None })))?;
    while let Some((_, item)) = inbox.receive()? {
        let Item::Packet(packet) = item else {
            return Err(bug("something else than a packet came to subtitles").into());
        };
        if let Some(made) = object.take(&packet).map_err(at(Stage::Transform))? {
            outlet.send(Item::Packet(made))?;
        }
    }
    let report = object.report();
    let stream = format!("subtitle stream {}", origin.stream);
    shared.damage.decoder(Decoded { source: origin.source, stream, frames: report.frames, lost: report.errors });
    outlet.finish();
    Ok(())
}

/// Writes a subtitle file. Where the pictures of its target begin earlier, for they are copied, so do its times.
pub(super) fn write(
    node: &Node,
    format: SubtitleFormat,
    path: &Path,
    inbox: &Inbox<Item>,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let writer_of = |target: &crate::plan::PlannedTarget| target.objects().any(|(_, writer)| writer == node.id);
    let target = shared.plan.targets().iter().find(|target| writer_of(target));
    let media = target.and_then(|target| shared.plan.nodes().get(target.mux.0));
    let mut file = SubtitleFile::create(path, format, &stream(inbox)?).map_err(at(Stage::Mux))?;
    while let Some((_, item)) = inbox.receive()? {
        shared.check_interrupt()?;
        match item {
            Item::Packet(mut packet) => {
                packet.delay(media.map_or(0, |media| lead(media, shared)));
                if packet.cut_start() {
                    let until = packet.time_ns().unwrap_or(0).saturating_add(packet.duration_ns());
                    shared.progress.wrote(node.id, 0, u64::try_from(until).unwrap_or(0), packet.size() as u64);
                    file.write(packet).map_err(at(Stage::Mux))?;
                }
            }
            _ => return Err(bug("something else than subtitles came to a subtitle file").into()),
        }
    }
    let report = file.finish().map_err(at(Stage::Mux))?;
    shared.keep(node.id, Written { parts: Vec::new(), files: Vec::new(), subtitles: Some(report) });
    Ok(())
}
