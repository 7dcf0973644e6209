//! Writes one output. The header needs all streams, so what comes before the last of them waits.

use std::path::{Path, PathBuf};

use super::{Item, Promise, Stop, Stream, at, bug};
use crate::media::{
    AttachedPicture, Expectation, MediaError, MuxReport, Muxer, Packet, Segmenter, StreamKind, StreamParameters,
};
use crate::pipeline::channel::Inbox;
use crate::pipeline::run::{Shared, Written};
use crate::plan::{Node, NodeId, Operation};
use crate::task::{Container, ErrorCode, Failure, ObjectUri, SegmentFile, Segmentation, Stage};

/// Packets may wait for a stream that opens late, but not without end.
const MAX_WAITING_BYTES: usize = 256 << 20;

/// What is written, and as what.
pub(super) struct Form<'a> {
    pub(super) container: Container,
    pub(super) segment: Option<Segmentation>,
    pub(super) strip_metadata: bool,
    /// Numbers of the source's attached pictures that are kept.
    pub(super) pictures: &'a [usize],
    /// The file, or the playlist.
    pub(super) path: &'a Path,
}

/// One input of the muxer.
#[derive(Default)]
struct Input {
    announced: bool,
    /// Whether it is video.
    video: bool,
    /// Whether it is subtitles or data.
    sparse: bool,
    promise: Option<Promise>,
    packets: u64,
    ended: bool,
}

/// One file, or a playlist with its segments.
enum Writer {
    File(Box<Muxer>),
    Segments(Box<Segmenter>),
}

/// Names the files beside a playlist, has places handed out for them, and keeps what was said meanwhile: media objects only know
/// their own errors.
struct Beside<'a> {
    playlist: Option<&'a ObjectUri>,
    container: Container,
    shared: &'a Shared<'a>,
    files: Vec<ObjectUri>,
    failure: Option<Failure>,
}

impl Beside<'_> {
    fn place(&mut self, file: SegmentFile) -> Result<PathBuf, MediaError> {
        let placed = self.try_place(file);
        placed.map_err(|failure| {
            let message = failure.message.clone();
            self.failure.get_or_insert(failure);
            MediaError::Write(message)
        })
    }

    fn try_place(&mut self, file: SegmentFile) -> Result<PathBuf, Failure> {
        let playlist = self.playlist.ok_or_else(|| bug("an output that the plan does not know is segmented"))?;
        let uri = file.uri(playlist, self.container).map_err(|error| {
            let message = format!("a segment of {playlist} would have an impossible name: {error}");
            Failure::new(ErrorCode::OutputRefused, Stage::Mux, message)
        })?;
        let path = self.shared.places.reserve(&uri)?;
        self.files.push(uri);
        Ok(path)
    }

    /// The failure of a place goes before the writer's, which only repeats it.
    fn settle<T>(&mut self, result: Result<T, MediaError>) -> Result<T, Stop> {
        match (self.failure.take(), result) {
            (Some(failure), _) => Err(Stop::Failed(failure)),
            (None, result) => result.map_err(at(Stage::Mux)),
        }
    }
}

impl Writer {
    fn add_stream(&mut self, parameters: StreamParameters) -> Result<usize, MediaError> {
        match self {
            Self::File(muxer) => muxer.add_stream(parameters),
            Self::Segments(segmenter) => segmenter.add_stream(parameters),
        }
    }

    fn add_picture(&mut self, picture: &AttachedPicture) -> Result<(), MediaError> {
        match self {
            Self::File(muxer) => muxer.add_picture(picture),
            Self::Segments(_) => Err(MediaError::Unsupported("segments hold no attached pictures".to_owned())),
        }
    }

    fn start(&mut self) -> Result<(), MediaError> {
        match self {
            Self::File(muxer) => muxer.start(),
            Self::Segments(segmenter) => segmenter.start(),
        }
    }

    fn write(&mut self, stream: usize, packet: Packet, beside: &mut Beside<'_>) -> Result<(), Stop> {
        let written = match self {
            Self::File(muxer) => muxer.write(stream, packet),
            Self::Segments(segmenter) => segmenter.write(stream, packet, &mut |file| beside.place(file)),
        };
        beside.settle(written)
    }

    /// A stream has no more packets.
    fn end(&mut self, stream: usize, beside: &mut Beside<'_>) -> Result<(), Stop> {
        match self {
            Self::File(_) => Ok(()),
            Self::Segments(segmenter) => {
                let ended = segmenter.end(stream, &mut |file| beside.place(file));
                beside.settle(ended)
            }
        }
    }

    fn finish(self, beside: &mut Beside<'_>) -> Result<Vec<MuxReport>, Stop> {
        let finished = match self {
            Self::File(muxer) => muxer.finish().map(|report| vec![report]),
            Self::Segments(segmenter) => segmenter.finish(&mut |file| beside.place(file)),
        };
        beside.settle(finished)
    }
}

pub(super) fn mux(node: &Node, form: &Form<'_>, inbox: &Inbox<Item>, shared: &Shared<'_>) -> Result<(), Stop> {
    let target = shared.plan.targets().iter().find(|target| target.mux == node.id);
    let playlist = target.map(|target| &target.uri);
    let mut beside = Beside { playlist, container: form.container, shared, files: Vec::new(), failure: None };
    let mut inputs: Vec<Input> = node.inputs.iter().map(|_| Input::default()).collect();
    let mut streams: Vec<Option<Stream>> = node.inputs.iter().map(|_| None).collect();
    let mut waiting: Vec<(usize, Packet)> = Vec::new();
    let mut waiting_bytes = 0;
    let mut writer = None;
    let is_cut = |number: usize| node.inputs.get(number).is_some_and(|input| shared.plan.clip_of(*input).is_some());
    let mut delay = None;
    while let Some((number, item)) = inbox.receive_or_end()? {
        shared.check_interrupt()?;
        let Some(input) = inputs.get_mut(number) else { return Err(bug("a muxer has an input too many").into()) };
        match item {
            Some(Item::Stream(stream)) if !input.announced => {
                input.announced = true;
                input.video = stream.parameters.kind() == StreamKind::Video;
                input.sparse = !stream.parameters.kind().is_dense();
                input.promise.clone_from(&stream.promise);
                streams[number] = Some(*stream);
                if streams.iter().all(Option::is_some) {
                    let all = std::mem::take(&mut streams).into_iter().flatten().collect();
                    let opened = writer.insert(open(node, form, playlist, all, shared)?);
                    for (number, packet) in std::mem::take(&mut waiting) {
                        write(opened, node.id, number, packet, &mut beside)?;
                    }
                    for (number, _) in inputs.iter().enumerate().filter(|(_, input)| input.ended) {
                        opened.end(number, &mut beside)?;
                    }
                }
            }
            Some(Item::Packet(mut packet)) if input.announced => {
                packet.delay(*delay.get_or_insert_with(|| lead(node, shared)));
                // Of copied streams the demuxer hands out all that a decoder might need.
                let end = packet.time_ns().unwrap_or(0).saturating_add(packet.duration_ns().max(1));
                if is_cut(number) && input.promise.is_none() && !input.video && end <= 0 {
                    continue;
                }
                if input.sparse && !packet.cut_start() {
                    continue;
                }
                input.packets += 1;
                if let Some(writer) = &mut writer {
                    write(writer, node.id, number, packet, &mut beside)?;
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
            None => {
                input.ended = true;
                if let Some(writer) = &mut writer {
                    writer.end(number, &mut beside)?;
                }
            }
            Some(_) => return Err(bug("something else than packets came to a muxer").into()),
        }
    }
    let Some(writer) = writer else {
        // A stream that cannot be decoded was told by its decoder.
        let message = "no frame falls into the output: the FrameRate asked for is too low for so short a source";
        return Err(Failure::new(ErrorCode::TargetRefused, Stage::Mux, message).into());
    };
    let reports = writer.finish(&mut beside)?;
    let mut expected = inputs.iter().map(expectation);
    let parts = reports.into_iter().map(|report| {
        let expected = expected.by_ref().take(report.streams.len()).collect();
        (report, expected)
    });
    let written = Written { parts: parts.collect(), files: beside.files, subtitles: None };
    shared.keep(node.id, written);
    Ok(())
}

/// Copied pictures begin at a key picture before the start of the part that is used. All of the output is later by that, in nanoseconds.
pub(super) fn lead(node: &Node, shared: &Shared<'_>) -> i64 {
    let copied_video = |input: &NodeId| {
        let operation = shared.plan.nodes().get(input.0).map(|node| &node.operation);
        let Some(Operation::Copy { stream }) = operation else { return None };
        let source = shared.plan.source_of(*input)?;
        let videos = &shared.plan.sources().get(source)?.facts.video_streams;
        videos.iter().any(|video| video.index == *stream).then_some(source)
    };
    node.inputs.iter().find_map(copied_video).map_or(0, |source| shared.lead_of(source))
}

/// All streams in their order, then the header.
fn open(
    node: &Node,
    form: &Form<'_>,
    uri: Option<&ObjectUri>,
    streams: Vec<Stream>,
    shared: &Shared<'_>,
) -> Result<Writer, Stop> {
    let tags = if form.strip_metadata { shared.tags().stripped() } else { shared.tags() };
    let tags = match node.inputs.iter().find_map(|input| shared.plan.speed_of(*input)) {
        Some(speed) => tags.at_speed(speed),
        None => tags,
    };
    let has_video = streams.iter().any(|stream| stream.parameters.kind() == StreamKind::Video);
    let mut writer = match form.segment {
        None => {
            let mut muxer = Muxer::create(form.path, form.container, &tags.metadata).map_err(at(Stage::Mux))?;
            muxer.add_chapters(&tags.chapters).map_err(at(Stage::Mux))?;
            Writer::File(Box::new(muxer))
        }
        Some(segment) => {
            let name = uri.map(ObjectUri::basename).unwrap_or_default();
            Writer::Segments(Box::new(Segmenter::new(form.path, name, form.container, segment, &tags.metadata)))
        }
    };
    for (number, (mut stream, input)) in streams.into_iter().zip(&node.inputs).enumerate() {
        // Sound is often far ahead of the pictures or shorter than they are: where there are pictures, they tell the progress. Subtitles never do.
        let kind = stream.parameters.kind();
        if kind == StreamKind::Video || (kind == StreamKind::Audio && !has_video) {
            shared.progress.expect(node.id, number);
        }
        if stream.promise.is_some() {
            stream.parameters.set_language(shared.plan.language_of(*input).map(str::to_owned));
            let origin = shared.plan.origin_of(*input);
            let mut own = origin.map(|origin| shared.tags_of(origin.source).streams).unwrap_or_default();
            let own = origin.and_then(|origin| own.remove(&origin.stream)).unwrap_or_default();
            stream.parameters.set_tags(if form.strip_metadata { own.stripped() } else { own });
        } else if form.strip_metadata {
            let stripped = stream.parameters.tags().stripped();
            stream.parameters.set_tags(stripped);
        }
        writer.add_stream(stream.parameters).map_err(at(Stage::Mux))?;
    }
    for picture in form.pictures.iter().filter_map(|number| tags.pictures.get(*number)) {
        writer.add_picture(picture).map_err(at(Stage::Mux))?;
    }
    writer.start().map_err(|error| match uri {
        Some(uri) => Stop::Failed(Failure::new(error.code(), Stage::Mux, format!("{uri}: {error}"))),
        None => at(Stage::Mux)(error),
    })?;
    Ok(writer)
}

fn write(
    writer: &mut Writer,
    output: NodeId,
    stream: usize,
    packet: Packet,
    beside: &mut Beside<'_>,
) -> Result<(), Stop> {
    let until = packet.time_ns().unwrap_or(0).saturating_add(packet.duration_ns());
    beside.shared.progress.wrote(output, stream, u64::try_from(until).unwrap_or(0), packet.size() as u64);
    writer.write(stream, packet, beside)
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
