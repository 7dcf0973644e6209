//! Writes one output. The header needs all streams, so what comes before the last of them waits.

use std::path::Path;

use super::{Item, Promise, Stop, Stream, at, bug};
use crate::media::{Expectation, Muxer, Packet, StreamKind};
use crate::pipeline::channel::Inbox;
use crate::pipeline::run::{Shared, Written};
use crate::plan::{Node, NodeId};
use crate::task::{Container, ErrorCode, Failure, Stage};

/// Packets may wait for a stream that opens late, but not without end.
const MAX_WAITING_BYTES: usize = 256 << 20;

/// One input of the muxer.
#[derive(Default)]
struct Input {
    announced: bool,
    /// Whether it is video.
    video: bool,
    promise: Option<Promise>,
    packets: u64,
}

pub(super) fn mux(
    node: &Node,
    container: Container,
    strip_metadata: bool,
    path: &Path,
    inbox: &Inbox<Item>,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    let mut inputs: Vec<Input> = node.inputs.iter().map(|_| Input::default()).collect();
    let mut streams: Vec<Option<Stream>> = node.inputs.iter().map(|_| None).collect();
    let mut waiting: Vec<(usize, Packet)> = Vec::new();
    let mut waiting_bytes = 0;
    let mut muxer = None;
    while let Some((number, item)) = inbox.receive()? {
        shared.check_interrupt()?;
        let Some(input) = inputs.get_mut(number) else { return Err(bug("a muxer has an input too many").into()) };
        match item {
            Item::Stream(stream) if !input.announced => {
                input.announced = true;
                input.video = stream.parameters.kind() == StreamKind::Video;
                input.promise.clone_from(&stream.promise);
                streams[number] = Some(*stream);
                if streams.iter().all(Option::is_some) {
                    let all = std::mem::take(&mut streams).into_iter().flatten().collect();
                    let opened = muxer.insert(open(node, container, strip_metadata, path, all, shared)?);
                    for (number, packet) in std::mem::take(&mut waiting) {
                        write(opened, node.id, number, packet, shared)?;
                    }
                }
            }
            Item::Packet(packet) if input.announced => {
                input.packets += 1;
                if let Some(muxer) = &mut muxer {
                    write(muxer, node.id, number, packet, shared)?;
                } else {
                    waiting_bytes += packet.size();
                    if waiting_bytes > MAX_WAITING_BYTES {
                        let message =
                            format!("{MAX_WAITING_BYTES} bytes were made before all streams of the output were known");
                        return Err(Failure::new(ErrorCode::LimitExceeded, Stage::Mux, message).into());
                    }
                    waiting.push((number, packet));
                }
            }
            _ => return Err(bug("something else than packets came to a muxer").into()),
        }
    }
    let Some(muxer) = muxer else {
        // A stream that cannot be decoded was told by its decoder.
        let message = "no frame falls into the output: the FrameRate asked for is too low for so short a source";
        return Err(Failure::new(ErrorCode::TargetRefused, Stage::Mux, message).into());
    };
    let report = muxer.finish().map_err(at(Stage::Mux))?;
    let expected = inputs.iter().map(expectation).collect();
    shared.keep(node.id, Written { report, expected });
    Ok(())
}

/// All streams in their order, then the header.
fn open(
    node: &Node,
    container: Container,
    strip_metadata: bool,
    path: &Path,
    streams: Vec<Stream>,
    shared: &Shared<'_>,
) -> Result<Muxer, Stop> {
    let tags = if strip_metadata { shared.tags().stripped() } else { shared.tags() };
    let has_video = streams.iter().any(|stream| stream.parameters.kind() == StreamKind::Video);
    let mut muxer = Muxer::create(path, container, &tags.metadata).map_err(at(Stage::Mux))?;
    muxer.add_chapters(&tags.chapters).map_err(at(Stage::Mux))?;
    for (number, (mut stream, input)) in streams.into_iter().zip(&node.inputs).enumerate() {
        // Sound is often far ahead of the pictures or shorter than they are: where there are pictures, they tell the progress.
        if !has_video || stream.parameters.kind() == StreamKind::Video {
            shared.progress.expect(node.id, number);
        }
        if stream.promise.is_some() {
            stream.parameters.set_language(shared.plan.language_of(*input).map(str::to_owned));
            let origin = shared.plan.stream_of(*input).and_then(|origin| tags.streams.get(&origin));
            stream.parameters.set_tags(origin.cloned().unwrap_or_default());
        } else if strip_metadata {
            let stripped = stream.parameters.tags().stripped();
            stream.parameters.set_tags(stripped);
        }
        muxer.add_stream(stream.parameters).map_err(at(Stage::Mux))?;
    }
    muxer.start().map_err(at(Stage::Mux))?;
    Ok(muxer)
}

fn write(muxer: &mut Muxer, output: NodeId, stream: usize, packet: Packet, shared: &Shared<'_>) -> Result<(), Stop> {
    let until = packet.time_ns().unwrap_or(0).saturating_add(packet.duration_ns());
    shared.progress.wrote(output, stream, u64::try_from(until).unwrap_or(0), packet.size() as u64);
    muxer.write(stream, packet).map_err(at(Stage::Mux))
}

/// What the output has to hold of one input.
fn expectation(input: &Input) -> Expectation {
    match input.promise.as_ref().and_then(|promise| promise.get()) {
        // An encoder of video makes a packet of each frame; one of sound adds some of its own.
        Some(report) => Expectation {
            packets: Some(if input.video { report.frames } else { report.packets }),
            duration_ns: Some(report.end_ns.saturating_sub(report.start_ns)),
        },
        None => Expectation { packets: Some(input.packets), duration_ns: None },
    }
}
