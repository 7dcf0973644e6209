//! What each node does with what comes in.

mod concat;
mod decode;
mod demux;
mod filter;
mod media_stages;
mod mix;
mod mux;
mod speed;
mod subtitles;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::OpenFilter;
use super::channel::{Inbox, Sender, Severed, Weight};
use super::meter::Meter;
use super::run::Shared;
use super::sources::Source;
use crate::media::{
    AudioFrame, EncodeReport, Frame, MediaError, Packet, StreamParameters, SubtitleStream, VideoClock, VideoEncoder,
};
use crate::plan::{Node, Operation};
use crate::task::{ErrorCode, Failure, Stage};

/// What goes along an edge.
pub(super) enum Item {
    /// First on each edge of packets: what the stream is.
    Stream(Box<Stream>),
    /// First on each edge of frames: how they are timed.
    Clock(VideoClock),
    Packet(Packet),
    Frame(Frame),
    Samples(AudioFrame),
    /// How far a source of which nothing is used has been read, in nanoseconds.
    Mark(i64),
    /// A source that is repeated begins again; its times count from there, in nanoseconds, or with `None` from where its stream ended.
    Again(Option<i64>),
}

/// A stream of packets, before its first packet.
#[derive(Clone)]
pub(super) struct Stream {
    pub(super) parameters: StreamParameters,
    /// What an encoder promises: filled in at its end.
    pub(super) promise: Option<Promise>,
}

/// What went into an encoder, told when it ends: the output is verified against it.
pub(super) type Promise = Arc<std::sync::OnceLock<EncodeReport>>;

impl Weight for Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Stream(_) | Self::Clock(_) | Self::Mark(_) | Self::Again(_) => 0,
            Self::Packet(packet) => packet.size(),
            Self::Frame(frame) => frame.bytes(),
            Self::Samples(samples) => samples.bytes(),
        }
    }

    fn is_work(&self) -> bool {
        matches!(self, Self::Packet(_) | Self::Frame(_) | Self::Samples(_))
    }
}

impl Item {
    /// The same item for one more reader. Payloads are shared, not copied.
    fn share(&self) -> Result<Self, MediaError> {
        Ok(match self {
            Self::Stream(stream) => Self::Stream(stream.clone()),
            Self::Clock(clock) => Self::Clock(*clock),
            Self::Packet(packet) => Self::Packet(packet.share()?),
            Self::Frame(frame) => Self::Frame(frame.share()?),
            Self::Samples(samples) => Self::Samples(samples.share()?),
            Self::Mark(time) => Self::Mark(*time),
            Self::Again(time) => Self::Again(*time),
        })
    }
}

/// Why a stage ends before its input does.
pub(super) enum Stop {
    /// Its own failure.
    Failed(Failure),
    /// A neighbour is gone, and says why itself.
    Severed,
}

impl From<Severed> for Stop {
    fn from(_: Severed) -> Self {
        Self::Severed
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A media failure at this stage.
pub(super) fn at(stage: Stage) -> impl Fn(MediaError) -> Stop {
    move |error| Stop::Failed(error.at(stage))
}

/// All readers of a node.
pub(super) struct Outlet {
    readers: Vec<Sender<Item>>,
    /// Of the stage that sends.
    meter: Arc<Meter>,
}

impl Outlet {
    pub(super) fn new(readers: Vec<Sender<Item>>, meter: Arc<Meter>) -> Self {
        Self { readers, meter }
    }

    /// Hands an item to every reader.
    pub(super) fn send(&self, item: Item) -> Result<(), Stop> {
        self.send_where(|_| true, item)
    }

    /// Hands an item to those readers, by their numbers, for which this holds; the last one gets the item itself.
    pub(super) fn send_where(&self, holds: impl Fn(usize) -> bool, item: Item) -> Result<(), Stop> {
        let mut readers =
            self.readers.iter().enumerate().filter(|(reader, _)| holds(*reader)).map(|(_, sender)| sender);
        let Some(mut sender) = readers.next() else { return Ok(()) };
        for next in readers {
            self.waited(sender.send(item.share().map_err(at(Stage::Transform))?)?);
            sender = next;
        }
        self.waited(sender.send(item)?);
        Ok(())
    }

    fn waited(&self, time: Duration) {
        if !time.is_zero() {
            self.meter.waited_for_room(time);
        }
    }

    /// Ends the stream for every reader.
    pub(super) fn finish(self) {
        self.readers.into_iter().for_each(Sender::finish);
    }
}

/// What a node works with.
pub(super) struct Work {
    pub(super) inbox: Inbox<Item>,
    pub(super) outlet: Outlet,
    /// Of a demux node.
    pub(super) source: Option<Source>,
    /// Of a filter node.
    pub(super) filter: Option<OpenFilter>,
    /// Of a node that writes.
    pub(super) path: Option<PathBuf>,
}

/// The name of a node's thread, as debuggers and `top` show it.
pub(super) fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Demux { .. } => "demux",
        Operation::Copy { .. } => "copy",
        Operation::DecodeVideo { .. } => "decode-video",
        Operation::DecodeAudio { .. } => "decode-audio",
        Operation::Concat(_) => "concat",
        Operation::Mix { .. } => "mix",
        Operation::Speed { .. } => "speed",
        Operation::Subtitle { .. } => "subtitle",
        Operation::WriteSubtitle { .. } => "write-subtitle",
        Operation::Transform(_) => "transform",
        Operation::Filter(_) => "filter",
        Operation::EncodeVideo { .. } => "encode-video",
        Operation::EncodeAudio { .. } => "encode-audio",
        Operation::Mux { .. } => "mux",
    }
}

/// The first item of an edge of packets: what the stream is.
fn stream(inbox: &Inbox<Item>) -> Result<StreamParameters, Stop> {
    match inbox.receive()? {
        Some((_, Item::Stream(stream))) => Ok(stream.parameters),
        _ => Err(bug("a stage was not told what its stream is").into()),
    }
}

/// Runs a node to the end of its input.
pub(super) fn run(node: &Node, work: Work, shared: &Shared<'_>) -> Result<(), Stop> {
    let Work { inbox, outlet, source, filter, path } = work;
    let missing = || Stop::Failed(bug("a node is without what it works on"));
    let length = shared.plan.clip_of(node.id).and_then(|clip| clip.length_ns);
    if shared.measuring.null_encoders && is_last(&node.operation) {
        return discard(&node.operation, &inbox, outlet, shared);
    }
    match &node.operation {
        Operation::Demux { source: index, clip, repeat_ns } => {
            let reading = demux::Reading { source: *index, clip: *clip, repeat_ns: *repeat_ns };
            demux::demux(&reading, source.ok_or_else(missing)?, &outlet, shared)?;
            outlet.finish();
            Ok(())
        }
        Operation::Copy { .. } => media_stages::copy(node, &inbox, outlet, shared),
        Operation::DecodeVideo { .. } => decode::decode(node, decode::Kind::Video, length, &inbox, outlet, shared),
        Operation::DecodeAudio { .. } => decode::decode(node, decode::Kind::Audio, length, &inbox, outlet, shared),
        Operation::Concat(concat) => concat::concat(node, concat, &inbox, outlet, shared),
        Operation::Mix { sample_rate, channels } => {
            mix::mix(node.inputs.len(), *sample_rate, *channels, &inbox, outlet)
        }
        Operation::Speed { speed } => speed::speed(*speed, &inbox, outlet),
        Operation::Subtitle { codec, speed, .. } => {
            let open = |parameters: &_| {
                SubtitleStream::open(parameters, *codec, *speed).map(|object| object.with_length(length))
            };
            subtitles::subtitle(node, open, &inbox, outlet, shared)
        }
        Operation::WriteSubtitle { format, .. } => {
            subtitles::write(node, *format, &path.ok_or_else(missing)?, &inbox, shared)
        }
        Operation::Transform(transform) => media_stages::transform(transform, &inbox, outlet),
        Operation::Filter(wish) => filter::filter(node, wish, filter.ok_or_else(missing)?, &inbox, outlet, shared),
        Operation::EncodeVideo { encoding, picture, keyframe_interval } => {
            let encoder = |clock| {
                let encoder = VideoEncoder::new(encoding, picture, clock);
                match keyframe_interval {
                    Some(seconds) => encoder.with_keyframes((seconds * 1e9).round() as i64),
                    None => encoder,
                }
            };
            media_stages::encode_video(encoder, &inbox, outlet, shared)
        }
        Operation::EncodeAudio { encoding } => media_stages::encode_audio(encoding, &inbox, outlet),
        Operation::Mux { container, segment, strip_metadata, pictures, .. } => {
            let path = path.ok_or_else(missing)?;
            let form = mux::Form {
                container: *container,
                segment: *segment,
                strip_metadata: *strip_metadata,
                pictures,
                path: &path,
            };
            mux::mux(node, &form, &inbox, shared)
        }
    }
}

/// Whether a node belongs to what null encoders leave out.
fn is_last(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::EncodeVideo { .. }
            | Operation::EncodeAudio { .. }
            | Operation::Mux { .. }
            | Operation::WriteSubtitle { .. }
    )
}

/// Takes all that comes, and makes nothing of it.
fn discard(operation: &Operation, inbox: &Inbox<Item>, outlet: Outlet, shared: &Shared<'_>) -> Result<(), Stop> {
    while let Some((_, item)) = inbox.receive()? {
        if matches!((operation, item), (Operation::EncodeVideo { .. }, Item::Frame(_))) {
            shared.progress.encoded(1);
        }
        shared.check_interrupt()?;
    }
    outlet.finish();
    Ok(())
}

/// A bug of ours.
pub(super) fn bug(message: &str) -> Failure {
    Failure::new(ErrorCode::Internal, Stage::Plan, format!("{message}, which is a bug of wasmux"))
}
