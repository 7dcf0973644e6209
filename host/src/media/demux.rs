//! Reading packets out of a container.

mod added;
mod clip;
mod joints;
mod meta;

use std::collections::VecDeque;

use ffmpeg_next::format::context::{Input, StreamIo};
use ffmpeg_next::media::Type;
use ffmpeg_next::{Dictionary, Error, Packet as RawPacket};

use self::joints::Joints;
pub use self::meta::describe;
use super::attached::AttachedPicture;
use super::clock::{self, VideoClock, ratio, rescale};
use super::facts;
use super::ffi::{self, Container};
use super::health::SourceHealth;
use super::source::{ByteSource, Guarded, Holds, Interrupt, SourceState};
use super::stream::{Packet, StreamKind, StreamParameters};
use super::tags::{self, Chapter, SourceTags, StreamTags};
use super::{MediaError, Result};
use crate::task::{MAX_STREAMS, MediaFacts, Rational};

/// FFmpeg's names of the containers that sources may have, which are those of the API's guide. None of them names other files, as
/// playlists do.
const CONTAINERS: &str = "mov,matroska,webm,mpegts,mpeg,avi,flv,asf,rm,aac,mp3,wav,flac,ac3,ogg";
/// What is written besides, and only read back.
const WRITTEN: &str = "mxf";
/// What segments of a playlist may be where each stands alone.
const SEGMENTS: &str = "mpegts,aac,mp3,ac3";
/// What they may be where they share a header.
const FRAGMENTS: &str = "mov";
/// [`CONTAINERS`] as people call them.
const NAMES: &str = "mp4, mov, mkv, webm, ts, vob, avi, flv, wmv, wma, rm, aac, mp3, wav, flac, ac3, Ogg (opus)";
/// FFmpeg's names of the files of subtitles that are opened.
const SUBTITLE_FILES: &str = "srt,webvtt,ass";
/// Bytes that may be read to find out what the file is, twice the default of FFmpeg: late streams of broadcasts are found.
const PROBE_BYTES: &str = "10000000";
/// So many failed reads in a row mean that nothing more will come.
const MAX_FAILED_READS: u32 = 256;
/// A jump of timestamps over this many microseconds is a splice, not a pause, in containers where that happens (as in FFmpeg's command).
const SPLICE: i64 = 10_000_000;

/// Decoding times that fall back by more microseconds than this are a splice too.
const STEP_BACK: i64 = 100_000;

/// Bytes that are read at once. Larger reads are fewer, but seeks in a file throw them away.
const READ_AT_ONCE: usize = 1 << 18;

/// How a file is opened.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Opening {
    /// Show the packets of an mp4 as they are stored, whatever its edit lists say.
    pub(super) raw_timeline: bool,
    /// It is a file of text subtitles, and keeps its times.
    pub(super) subtitle_file: bool,
    /// It may be of any container that is written here, and not only of those that sources have.
    pub(super) written: bool,
    /// What its header says of streams is enough: no picture is decoded for more.
    pub(super) by_header: bool,
}

/// One stream of the file.
struct Track {
    parameters: Option<StreamParameters>,
    base: Rational,
    selected: bool,
    /// End by the file's statement, from the start of the output.
    stated_ns: Option<i64>,
    reached_ns: i64,
    /// When the next packet is expected, in microseconds.
    next: Option<i64>,
    /// It has come to the end of the part that is read.
    ended: bool,
}

impl Track {
    fn kind(&self) -> Option<StreamKind> {
        self.parameters.as_ref().map(|parameters| parameters.kind)
    }
}

/// An opened source. Read packets until `None`; after an error only `health` is of use.
pub struct Demuxer {
    input: Input,
    interrupt: Interrupt,
    source: SourceState,
    facts: MediaFacts,
    container: Container,
    tracks: Vec<Track>,
    /// Microseconds added to all timestamps, so that the file starts at 0.
    shift: i64,
    packets: u64,
    lost: u64,
    joints: Joints,
    /// Nanoseconds of the part that is read.
    length: Option<i64>,
    lead_ns: i64,
    /// The shift with which reading began, and the nanoseconds of the file before it.
    home: (i64, i64),
    /// Packets that were read while a key picture was looked for.
    waiting: VecDeque<Packet>,
    /// The packets of each subtitle file that is read beside it.
    added: Vec<VecDeque<Packet>>,
}

/// Facts of a source or an output, without reading more of it than needed. Errors as [`Demuxer::open`].
pub fn probe(source: Box<dyn ByteSource>, interrupt: &Interrupt) -> Result<MediaFacts> {
    Ok(Demuxer::open_as(source, interrupt, Opening { written: true, ..Opening::default() })?.facts)
}

/// FFmpeg's names of what may be opened.
fn containers(holds: Holds, opening: Opening) -> String {
    match holds {
        Holds::File if opening.subtitle_file => SUBTITLE_FILES.to_owned(),
        Holds::File if opening.written => format!("{CONTAINERS},{WRITTEN}"),
        Holds::File => CONTAINERS.to_owned(),
        Holds::Segments => SEGMENTS.to_owned(),
        Holds::Fragments => FRAGMENTS.to_owned(),
    }
}

impl Demuxer {
    /// Opens a source. `NotMedia` for what is empty, of no supported container, or without any stream; `Read` where the bytes fail.
    pub fn open(source: Box<dyn ByteSource>, interrupt: &Interrupt) -> Result<Self> {
        Self::open_as(source, interrupt, Opening::default())
    }

    pub(super) fn open_as(source: Box<dyn ByteSource>, interrupt: &Interrupt, opening: Opening) -> Result<Self> {
        super::init();
        interrupt.check()?;
        let (size, holds, joints) = (source.size(), source.holds(), source.joints());
        if size == 0 {
            return Err(MediaError::NotMedia("the file is empty".to_owned()));
        }
        let guarded = Guarded::new(source);
        let state = guarded.state();
        let io = StreamIo::from_read_seek_with_capacity(guarded, READ_AT_ONCE)
            .map_err(|_| MediaError::memory("reading the source"))?;
        let mut options = Dictionary::new();
        options.set("format_whitelist", &containers(holds, opening));
        // No protocol has this name: a container that names other files gets none of them.
        options.set("protocol_whitelist", "none");
        options.set("probesize", PROBE_BYTES);
        options.set("max_streams", &MAX_STREAMS.to_string());
        if opening.raw_timeline {
            options.set("ignore_editlist", "1");
        }
        if opening.by_header {
            // No decoder has this name.
            options.set("codec_whitelist", "none");
        }
        let flag = interrupt.clone();
        let stop = move || flag.is_triggered();
        let (opened, said) =
            ffi::with_log(|| ffmpeg_next::format::input_from_stream_with_interrupt(io, None, Some(options), stop));
        let input =
            opened.map_err(|error| not_media(error, &said, &state, interrupt, (holds, opening.subtitle_file)))?;
        let container = ffi::container(&input);
        let facts = facts::read(&input, &container, size);
        if facts.video_streams.is_empty() && facts.audio_streams.is_empty() && facts.subtitles.is_empty() {
            return Err(MediaError::NotMedia(format!("the {} file has no stream", facts.format_name)));
        }
        let shift = container.start.filter(|_| !opening.subtitle_file).map_or(0, i64::saturating_neg);
        let mut demuxer = Self {
            tracks: Vec::new(),
            input,
            interrupt: interrupt.clone(),
            source: state,
            facts,
            container,
            shift,
            packets: 0,
            lost: 0,
            joints: Joints::new(joints),
            length: None,
            lead_ns: 0,
            home: (shift, 0),
            waiting: VecDeque::new(),
            added: Vec::new(),
        };
        demuxer.tracks = (0..demuxer.input.nb_streams() as usize).map(|index| demuxer.track(index)).collect();
        Ok(demuxer)
    }

    fn track(&self, index: usize) -> Track {
        let microsecond = Rational::new(1, 1_000_000).unwrap_or(Rational::ONE);
        let mut track = Track {
            parameters: None,
            base: microsecond,
            selected: false,
            stated_ns: None,
            reached_ns: 0,
            next: None,
            ended: false,
        };
        let (Some(stream), Some(raw)) = (self.input.stream(index), ffi::stream(&self.input, index)) else {
            return track;
        };
        let (base, rate) = (stream.time_base(), stream.avg_frame_rate());
        let Some(base) = ratio(base.numerator(), base.denominator()) else { return track };
        track.base = base;
        let kind = match stream.parameters().medium() {
            Type::Video if !facts::is_picture(&stream) => StreamKind::Video,
            Type::Audio => StreamKind::Audio,
            Type::Subtitle => StreamKind::Subtitle,
            Type::Data if crate::task::Container::Mp4.holds_data(&raw.tag) => StreamKind::Data,
            _ => return track,
        };
        track.selected = true;
        // Subtitles and data end when they like.
        if self.container.duration_is_stated && kind.is_dense() {
            let start = if stream.start_time() == i64::MIN { 0 } else { clock::to_ns(stream.start_time(), base) };
            let start = start.saturating_add(self.shift.saturating_mul(1000)).max(0);
            let duration = Some(stream.duration()).filter(|duration| *duration > 0);
            let own = duration.map(|duration| start.saturating_add(clock::to_ns(duration, base)));
            // Matroska's tag is the time of the end, not the length.
            let shift = self.shift.saturating_mul(1000);
            let tagged = || facts::tagged_duration(&raw).map(|seconds| shift.saturating_add((seconds * 1e9) as i64));
            // The longest stream sets the container's duration: it says something of a stream that is alone.
            let whole = || self.container.duration.filter(|_| self.input.nb_streams() == 1);
            track.stated_ns = own.or_else(tagged).or_else(|| whole().map(|time| time.saturating_mul(1000)));
        }
        let size = u32::try_from(raw.width).ok().zip(u32::try_from(raw.height).ok());
        let aspect = if raw.stream_aspect.0 > 0 { raw.stream_aspect } else { raw.codec_aspect };
        track.parameters = Some(StreamParameters {
            parameters: stream.parameters().clone(),
            kind,
            label: format!("stream {index} ({})", raw.codec_name),
            alpha: facts::has_alpha_beside(&raw),
            codec: raw.codec_name,
            clock: VideoClock { time_base: base, rate: ratio(rate.numerator(), rate.denominator()) },
            size: size.filter(|size| kind == StreamKind::Video && size.0 > 0 && size.1 > 0),
            aspect,
            side_data: raw.side_data,
            language: raw.metadata.iter().find(|(key, _)| key == "language").map(|(_, value)| value.clone()),
            tags: StreamTags { metadata: tags::of_stream(raw.metadata), disposition: raw.disposition },
        });
        track
    }

    /// The facts.
    pub fn facts(&self) -> &MediaFacts {
        &self.facts
    }

    /// Number of streams of any kind.
    pub(super) fn streams(&self) -> usize {
        self.tracks.len()
    }

    /// Title, album and the like, without what describes the file itself.
    pub fn metadata(&self) -> Vec<(String, String)> {
        tags::of_content(ffi::metadata(&self.input))
    }

    /// Titles, chapters and dispositions.
    pub fn tags(&self) -> SourceTags {
        let tracks = self.tracks.iter().enumerate();
        let streams = tracks.filter_map(|(index, track)| Some((index, track.parameters.as_ref()?.tags.clone())));
        let (streams, pictures) = (streams.collect(), self.pictures());
        SourceTags { metadata: self.metadata(), chapters: self.chapters(), streams, pictures }
    }

    /// The attached pictures.
    pub(super) fn pictures(&self) -> Vec<AttachedPicture> {
        let pictures = self.facts.attached_pictures.iter();
        let raw = pictures.filter_map(|picture| ffi::stream(&self.input, picture.index));
        raw.map(AttachedPicture::of).collect()
    }

    /// The chapters; one that lies before the start or ends before it begins is none.
    pub(super) fn chapters(&self) -> Vec<Chapter> {
        let shift = self.shift.saturating_mul(1000);
        let read = |raw: ffi::RawChapter| {
            let base = ratio(raw.base.0, raw.base.1)?;
            let at = |time: i64| clock::to_ns(time, base).saturating_add(shift).max(0);
            let (start_ns, end_ns) = (at(raw.start), at(raw.end));
            (end_ns > 0 && end_ns >= start_ns).then_some(Chapter { start_ns, end_ns, title: raw.title })
        };
        let mut all: Vec<_> = ffi::chapters(&self.input).into_iter().filter_map(read).collect();
        all.sort_by_key(|chapter| chapter.start_ns);
        all
    }

    /// Parameters of a stream, by its number in the file. `Unsupported` where it is no video, audio or subtitle stream.
    pub fn parameters(&self, stream: usize) -> Result<StreamParameters> {
        let track = self.tracks.get(stream).and_then(|track| track.parameters.clone());
        track.ok_or_else(|| {
            MediaError::Unsupported(format!("the source has no stream {stream} with video, audio, subtitles or data"))
        })
    }

    /// Reads only these streams, by their numbers in the file. At first all video, audio and subtitle streams are read.
    pub fn select(&mut self, streams: &[usize]) {
        for (index, track) in self.tracks.iter_mut().enumerate() {
            track.selected = track.parameters.is_some() && streams.contains(&index);
            ffi::set_discard(&mut self.input, index, !track.selected);
        }
    }

    /// The next packet of a selected stream; `None` at the end. Damaged packets are counted and skipped; `Damaged` only
    /// where nothing else comes. `Read` where the bytes fail.
    pub fn read(&mut self) -> Result<Option<Packet>> {
        loop {
            let packet = match self.waiting.pop_front() {
                Some(packet) => Some(packet),
                None if self.has_ended() => None,
                None => self.read_on()?,
            };
            let Some(packet) = self.in_turn(packet) else { return Ok(None) };
            if !self.is_behind(&packet) {
                return Ok(Some(packet));
            }
        }
    }

    /// The next packet of a selected stream, wherever it is.
    fn read_on(&mut self) -> Result<Option<Packet>> {
        let mut failed = 0;
        loop {
            self.interrupt.check()?;
            // A new packet each time: `av_read_frame` does not release what an old one holds.
            let mut packet = RawPacket::empty();
            match packet.read(&mut self.input) {
                Ok(()) => {
                    if let Some(packet) = self.accept(packet) {
                        return Ok(Some(packet));
                    }
                }
                Err(Error::Exit) => return Err(MediaError::Interrupted),
                Err(error) => {
                    if let Some(failure) = self.source.failure() {
                        self.interrupt.check()?;
                        return Err(MediaError::Read(failure));
                    }
                    if error == Error::Eof {
                        return Ok(None);
                    }
                    failed += 1;
                    self.lost += 1;
                    if failed >= MAX_FAILED_READS {
                        return Err(MediaError::Damaged(format!("{failed} reads in a row failed: {error}")));
                    }
                }
            }
        }
    }

    fn accept(&mut self, mut packet: RawPacket) -> Option<Packet> {
        let index = packet.stream();
        let microsecond = Rational::new(1, 1_000_000)?;
        // Streams can appear while a file is read; nobody asked for those.
        let track = self.tracks.get_mut(index).filter(|track| track.selected)?;
        self.lost += self.joints.note(index, u64::try_from(packet.position()).ok(), packet.is_corrupt());
        // FFmpeg's reader of Ogg counts the last packet's duration without a sign: a few samples too few become 2^32.
        if self.facts.format_name.contains("ogg") && packet.duration() > i64::from(i32::MAX) {
            packet.set_duration(0);
        }
        let (base, duration) = (track.base, packet.duration().max(0));
        let mut shift = rescale(self.shift, microsecond, base);
        if let Some(dts) = packet.dts() {
            let mut time = rescale(dts.saturating_add(shift), base, microsecond);
            if let Some(next) = track.next.filter(|_| self.container.discontinuous) {
                let jump = time.saturating_sub(next);
                // Files that were joined end to end start again at an earlier time; reordering explains no step back.
                if jump.saturating_abs() > SPLICE || jump < -STEP_BACK {
                    self.shift = self.shift.saturating_sub(jump);
                    shift = rescale(self.shift, microsecond, base);
                    time = next;
                }
            }
            track.next = Some(time.saturating_add(rescale(duration, base, microsecond)));
        }
        packet.set_dts(packet.dts().map(|time| time.saturating_add(shift)));
        packet.set_pts(packet.pts().map(|time| time.saturating_add(shift)));
        if let Some(time) = packet.pts().or(packet.dts()) {
            let end = clock::to_ns(time.saturating_add(duration), base);
            track.reached_ns = track.reached_ns.max(end);
        }
        self.packets += 1;
        Some(Packet { inner: packet, base })
    }

    /// Goes to the last point before this time, in nanoseconds, where decoding can start.
    pub fn seek(&mut self, time_ns: i64) -> Result<()> {
        let target = (time_ns / 1000).saturating_sub(self.shift);
        for track in &mut self.tracks {
            track.next = None;
        }
        self.input.seek(target, ..target).map_err(|error| match error {
            Error::Exit => MediaError::Interrupted,
            error => MediaError::Unsupported(format!("the source cannot be read from {time_ns} ns on: {error}")),
        })
    }

    /// What was read so far, against what the file states.
    pub fn health(&self) -> SourceHealth {
        let selected = self.tracks.iter().filter(|track| track.selected);
        // Of all streams the one that misses most.
        let stated = selected.filter_map(|track| Some((track.stated_ns?, track.reached_ns)));
        let worst = stated.max_by_key(|(stated, reached)| stated.saturating_sub(*reached));
        SourceHealth {
            packets: self.packets,
            lost: self.lost.saturating_add(self.joints.rest()),
            size: self.facts.size,
            reached_bytes: self.source.reached().min(self.facts.size),
            stated_ns: worst.map(|(stated, _)| stated),
            reached_ns: worst.map_or(0, |(_, reached)| reached),
        }
    }
}

fn not_media(
    error: Error,
    said: &str,
    state: &SourceState,
    interrupt: &Interrupt,
    (holds, subtitles): (Holds, bool),
) -> MediaError {
    if error == Error::Exit || interrupt.is_triggered() {
        return MediaError::Interrupted;
    }
    if let Some(failure) = state.failure() {
        return MediaError::Read(failure);
    }
    if said.contains("not on whitelist") {
        return MediaError::NotMedia(match holds {
            Holds::File if subtitles => format!("it is none of {}", SUBTITLE_FILES.replace(',', ", ")),
            Holds::File => format!("its container is none of {NAMES}"),
            Holds::Segments => format!("its segments are none of {}", SEGMENTS.replace(',', ", ")),
            Holds::Fragments => "its segments are no fragments of an mp4".to_owned(),
        });
    }
    let said = if said.is_empty() { String::new() } else { format!(" ({said})") };
    MediaError::NotMedia(format!("{error}{said}"))
}

#[cfg(test)]
mod tests;
