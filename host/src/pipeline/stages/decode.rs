//! Packets to pictures and sound.

use super::media_stages::Push;
use super::{Item, Outlet, Stop, at, bug, stream};
use crate::media::{AudioDecoder, DecodeReport, MediaError, Packet, StreamParameters, VideoDecoder};
use crate::pipeline::channel::Inbox;
use crate::pipeline::damage::Decoded;
use crate::pipeline::run::Shared;
use crate::plan::Node;
use crate::task::{ErrorCode, Failure, Stage};

/// What is decoded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Video,
    Audio,
}

enum Decoder {
    Video(VideoDecoder),
    Audio(AudioDecoder),
}

impl Decoder {
    fn open(kind: Kind, stream: &StreamParameters, threads: u32, length: Option<i64>) -> Result<Self, MediaError> {
        Ok(match kind {
            Kind::Video => Self::Video(VideoDecoder::open_with_threads(stream, threads)?.with_length(length)),
            Kind::Audio => Self::Audio(AudioDecoder::open(stream)?.with_length(length)),
        })
    }

    fn send(&mut self, packet: Option<&Packet>, push: &mut Push<'_>) -> Result<(), MediaError> {
        match self {
            Self::Video(decoder) => decoder.send(packet, &mut |frame| push.item(Item::Frame(frame))),
            Self::Audio(decoder) => decoder.send(packet, &mut |samples| push.item(Item::Samples(samples))),
        }
    }

    fn report(&self) -> DecodeReport {
        match self {
            Self::Video(decoder) => decoder.report(),
            Self::Audio(decoder) => decoder.report(),
        }
    }
}

pub(super) fn decode(
    node: &Node,
    kind: Kind,
    length: Option<i64>,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let parameters = stream(inbox)?;
    let threads = shared.decoder_threads(node.id);
    let open = || Decoder::open(kind, &parameters, threads, length).map_err(at(Stage::Decode));
    let mut decoder = open()?;
    if let Decoder::Video(decoder) = &decoder {
        outlet.send(Item::Clock(decoder.clock()))?;
    }
    loop {
        let (packet, again) = match inbox.receive()? {
            Some((_, Item::Packet(packet))) => (Some(packet), None),
            Some((_, Item::Again(time))) => (None, Some(time)),
            Some(_) => return Err(bug("something else than a packet came to a decoder").into()),
            None => (None, None),
        };
        let last = packet.is_none();
        let mut push = Push::to(&outlet);
        let result = decoder.send(packet.as_ref(), &mut push);
        push.settle(result, Stage::Decode)?;
        if last {
            note(node, kind, decoder.report(), shared)?;
            let Some(time) = again else { break };
            // Nothing of the end may show in the beginning.
            decoder = open()?;
            outlet.send(Item::Again(time))?;
        }
    }
    outlet.finish();
    Ok(())
}

/// Keeps what a decoder saw; a stream without a single frame is no output.
fn note(node: &Node, kind: Kind, report: DecodeReport, shared: &Shared<'_>) -> Result<(), Stop> {
    let kind = match kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
    };
    let origin = shared.plan.origin_of(node.id).ok_or_else(|| bug("a decoder has no source"))?;
    let stream = format!("{kind} stream {}", origin.stream);
    if report.frames == 0 {
        let place =
            if shared.plan.sources().len() > 1 { format!(" of Sources[{}]", origin.source) } else { String::new() };
        let message = format!("{stream}{place}: nothing could be decoded from its {} packets", report.packets);
        return Err(Failure::new(ErrorCode::SourceDamaged, Stage::Decode, message).into());
    }
    let lost = report.errors.saturating_add(report.corrupt).saturating_add(report.misplaced);
    shared.damage.decoder(Decoded { source: origin.source, stream, frames: report.frames, lost });
    Ok(())
}
