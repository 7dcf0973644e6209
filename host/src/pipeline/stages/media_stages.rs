//! The stages that are objects of room `media` with channels around them.

use std::sync::Arc;

use super::{Item, Outlet, Promise, Stop, Stream, at, bug};
use crate::media::{
    AudioDecoder, AudioEncoder, AudioTransform, DecodeReport, Demuxer, EncodeReport, MediaError, Packet, StreamCopy,
    StreamParameters, VideoClock, VideoDecoder, VideoEncoder, VideoTransform,
};
use crate::pipeline::channel::Inbox;
use crate::pipeline::damage::Decoded;
use crate::pipeline::run::Shared;
use crate::plan::{Node, Operation, Transform};
use crate::task::{AudioEncoding, Clip, ErrorCode, Failure, Stage};

/// Hands items on out of a media object's callback, and keeps what an outlet said: media objects only know their own errors.
struct Push<'a> {
    outlet: &'a Outlet,
    stop: Option<Stop>,
}

impl<'a> Push<'a> {
    fn to(outlet: &'a Outlet) -> Self {
        Self { outlet, stop: None }
    }

    fn item(&mut self, item: Item) -> Result<(), MediaError> {
        self.outlet.send(item).map_err(|stop| {
            self.stop = Some(stop);
            MediaError::Interrupted
        })
    }

    /// The outlet's word goes before the object's, which only repeats it.
    fn settle(self, result: Result<(), MediaError>, stage: Stage) -> Result<(), Stop> {
        match (self.stop, result) {
            (Some(stop), _) => Err(stop),
            (None, result) => result.map_err(at(stage)),
        }
    }
}

/// Reads the streams that the plan uses; each reader gets the packets of the stream that it names.
pub(super) fn demux(
    node: &Node,
    source: usize,
    clip: Option<Clip>,
    mut demuxer: Demuxer,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    // Readers stand in the outlet in the order of their nodes.
    let readers = shared.plan.nodes().iter().filter(|reader| reader.inputs.contains(&node.id));
    let streams: Vec<usize> = readers
        .filter_map(|reader| match reader.operation {
            Operation::Copy { stream }
            | Operation::DecodeVideo { stream }
            | Operation::DecodeAudio { stream }
            | Operation::Subtitle { stream, .. } => Some(stream),
            _ => None,
        })
        .collect();
    demuxer.select(&streams);
    let tags = demuxer.tags();
    if let Some(clip) = clip {
        demuxer.clip(clip).map_err(at(Stage::Demux))?;
        shared.note_lead(demuxer.lead_ns());
    }
    shared.note_tags(match clip {
        Some(clip) => tags.clipped(clip),
        None => tags,
    });
    for (reader, stream) in streams.iter().enumerate() {
        let parameters = demuxer.parameters(*stream).map_err(at(Stage::Demux))?;
        let stream = Stream { parameters, promise: None };
        outlet.send_where(|other| other == reader, Item::Stream(Box::new(stream)))?;
    }
    while let Some(packet) = demuxer.read().map_err(at(Stage::Demux))? {
        let stream = packet.stream();
        outlet.send_where(|reader| streams.get(reader) == Some(&stream), Item::Packet(packet))?;
    }
    shared.damage.source(source, demuxer.health());
    outlet.finish();
    Ok(())
}

/// Passes the packets of one stream on, their timestamps completed.
pub(super) fn copy(index: usize, inbox: &Inbox<Item>, outlet: Outlet, shared: &Shared<'_>) -> Result<(), Stop> {
    let parameters = stream(inbox)?;
    let videos = shared.plan.sources().iter().flat_map(|source| &source.facts.video_streams);
    let reorder = videos.filter(|video| video.index == index).map(|video| video.has_b_frames).max().unwrap_or(0);
    let mut object = StreamCopy::new(&parameters, reorder);
    outlet.send(Item::Stream(Box::new(Stream { parameters, promise: None })))?;
    loop {
        let packet = packet(inbox)?;
        let last = packet.is_none();
        let mut push = Push::to(&outlet);
        let result = object.send(packet, &mut |packet| push.item(Item::Packet(packet)));
        push.settle(result, Stage::Mux)?;
        if last {
            break;
        }
    }
    outlet.send(Item::End)?;
    outlet.finish();
    Ok(())
}

/// The first item of an edge of packets.
pub(super) fn stream(inbox: &Inbox<Item>) -> Result<StreamParameters, Stop> {
    match inbox.receive()? {
        Some((_, Item::Stream(stream))) => Ok(stream.parameters),
        _ => Err(bug("a decoder was not told what its stream is").into()),
    }
}

/// The next packet; `None` at the end.
pub(super) fn packet(inbox: &Inbox<Item>) -> Result<Option<Packet>, Stop> {
    match inbox.receive()? {
        Some((_, Item::Packet(packet))) => Ok(Some(packet)),
        Some(_) => Err(bug("something else than a packet came to a decoder").into()),
        None => Ok(None),
    }
}

pub(super) fn decode_video(
    index: usize,
    length: Option<i64>,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let mut decoder = VideoDecoder::open_with_threads(&stream(inbox)?, shared.threads)
        .map_err(at(Stage::Decode))?
        .with_length(length);
    outlet.send(Item::Clock(decoder.clock()))?;
    loop {
        let packet = packet(inbox)?;
        let mut push = Push::to(&outlet);
        let result = decoder.send(packet.as_ref(), &mut |frame| push.item(Item::Frame(frame)));
        push.settle(result, Stage::Decode)?;
        if packet.is_none() {
            break;
        }
    }
    note_decoded(format!("video stream {index}"), decoder.report(), shared)?;
    outlet.finish();
    Ok(())
}

pub(super) fn decode_audio(
    index: usize,
    length: Option<i64>,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let mut decoder = AudioDecoder::open(&stream(inbox)?).map_err(at(Stage::Decode))?.with_length(length);
    loop {
        let packet = packet(inbox)?;
        let mut push = Push::to(&outlet);
        let result = decoder.send(packet.as_ref(), &mut |samples| push.item(Item::Samples(samples)));
        push.settle(result, Stage::Decode)?;
        if packet.is_none() {
            break;
        }
    }
    note_decoded(format!("audio stream {index}"), decoder.report(), shared)?;
    outlet.finish();
    Ok(())
}

/// Keeps what a decoder saw; a stream without a single frame is no output.
fn note_decoded(stream: String, report: DecodeReport, shared: &Shared<'_>) -> Result<(), Stop> {
    if report.frames == 0 {
        let message = format!("{stream}: nothing could be decoded from its {} packets", report.packets);
        return Err(Failure::new(ErrorCode::SourceDamaged, Stage::Decode, message).into());
    }
    let lost = report.errors.saturating_add(report.corrupt).saturating_add(report.misplaced);
    shared.damage.decoder(Decoded { stream, frames: report.frames, lost });
    Ok(())
}

pub(super) fn transform(transform: &Transform, inbox: &Inbox<Item>, outlet: Outlet) -> Result<(), Stop> {
    let Some((_, Item::Clock(clock))) = inbox.receive()? else {
        return Err(bug("a transform was not told how its frames are timed").into());
    };
    let mut object = VideoTransform::new(transform.geometry.clone(), &transform.picture, clock);
    outlet.send(Item::Clock(object.clock()))?;
    loop {
        let frame = match inbox.receive()? {
            Some((_, Item::Frame(frame))) => Some(frame),
            Some(_) => return Err(bug("something else than a frame came to a transform").into()),
            None => None,
        };
        let last = frame.is_none();
        let mut push = Push::to(&outlet);
        let result = object.send(frame, &mut |frame| push.item(Item::Frame(frame)));
        push.settle(result, Stage::Transform)?;
        if last {
            break;
        }
    }
    outlet.finish();
    Ok(())
}

pub(super) fn encode_video(
    open: impl FnOnce(VideoClock) -> VideoEncoder,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let Some((_, Item::Clock(clock))) = inbox.receive()? else {
        return Err(bug("an encoder was not told how its frames are timed").into());
    };
    let mut encoder = open(clock).with_threads(shared.threads);
    let promise = Promise::default();
    let mut announced = false;
    loop {
        let frame = match inbox.receive()? {
            Some((_, Item::Frame(frame))) => Some(frame),
            Some(_) => return Err(bug("something else than a frame came to an encoder").into()),
            None => None,
        };
        let last = frame.is_none();
        shared.check_interrupt()?;
        let mut packets = Vec::new();
        encoder
            .send(frame, &mut |packet| {
                packets.push(packet);
                Ok(())
            })
            .map_err(at(Stage::Encode))?;
        shared.progress.encoded(u64::from(!last));
        // The encoder opens on its first frame; only then is the stream known.
        if !announced && let Some(parameters) = encoder.parameters().map_err(at(Stage::Encode))? {
            announce(parameters, &promise, &outlet)?;
            announced = true;
        }
        packets.into_iter().try_for_each(|packet| outlet.send(Item::Packet(packet)))?;
        if last {
            break;
        }
    }
    keep(&promise, encoder.report());
    outlet.send(Item::End)?;
    outlet.finish();
    Ok(())
}

pub(super) fn encode_audio(encoding: &AudioEncoding, inbox: &Inbox<Item>, outlet: Outlet) -> Result<(), Stop> {
    let mut encoder = AudioEncoder::open(encoding).map_err(at(Stage::Encode))?;
    let mut transform = AudioTransform::new(encoding, encoder.frame_size()).map_err(at(Stage::Encode))?;
    let promise = Promise::default();
    let mut announced = false;
    loop {
        let samples = match inbox.receive()? {
            Some((_, Item::Samples(samples))) => Some(samples),
            Some(_) => return Err(bug("something else than samples came to an encoder").into()),
            None => None,
        };
        let last = samples.is_none();
        // Not before the source has been read from: the muxer opens with the last stream, and needs the source's metadata.
        if !announced {
            announce(encoder.parameters().map_err(at(Stage::Encode))?, &promise, &outlet)?;
            announced = true;
        }
        let mut push = Push::to(&outlet);
        let mut encode = |samples| encoder.send(samples, &mut |packet| push.item(Item::Packet(packet)));
        let result = transform.send(samples, &mut |samples| encode(Some(samples)));
        let result = if last { result.and_then(|()| encode(None)) } else { result };
        push.settle(result, Stage::Encode)?;
        if last {
            break;
        }
    }
    keep(&promise, encoder.report());
    outlet.send(Item::End)?;
    outlet.finish();
    Ok(())
}

fn announce(parameters: StreamParameters, promise: &Promise, outlet: &Outlet) -> Result<(), Stop> {
    let stream = Stream { parameters, promise: Some(Arc::clone(promise)) };
    outlet.send(Item::Stream(Box::new(stream)))
}

/// Told before the stream ends, so that whoever sees the end sees the promise.
fn keep(promise: &Promise, report: EncodeReport) {
    // An encoder ends once.
    let _ = promise.set(report);
}
