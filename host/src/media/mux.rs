//! Packets into a container.

mod pictures;
mod pieces;
mod report;
mod silence;

use std::fs::File;
use std::path::{Path, PathBuf};

use ffmpeg_next::format::context::{Output, StreamIo};
use ffmpeg_next::{Dictionary, Error, encoder};

use super::attached::AttachedPicture;
use super::clock::{self, ratio, rescale};
use super::containers::{
    holds_chapters, marks_alpha, muxer_name, muxer_options, names_tracks, packet_filters, pairs_streams, piece_options,
    tag, time_base,
};
use super::digest::Digest;
use super::ffi::PacketFilter;
use super::stream::{Packet, StreamKind, StreamParameters};
use super::tags::Chapter;
use super::{MediaError, Result, ffi};
use crate::task::{Container, Rational};

use pieces::Pieces;
pub use report::{MuxReport, MuxedStream};

/// A stream that is written.
struct Track {
    parameters: StreamParameters,
    base: Rational,
    filter: Option<PacketFilter>,
    last: Option<i64>,
    digest: Digest,
    written: MuxedStream,
}

/// Writes one file. Add all streams, `start`, `write`, `finish`; a file without `finish` is worthless.
///
/// It writes to a path, not to a stream: `faststart` opens its own output a second time, to move the index to the front.
pub struct Muxer {
    output: Output,
    container: Container,
    path: PathBuf,
    tracks: Vec<Track>,
    chapters: usize,
    pictures: Vec<AttachedPicture>,
    started: bool,
    /// Where it writes, if it makes pieces.
    pieces: Option<Pieces>,
}

impl Muxer {
    /// Creates the file. `metadata` (title, album ...) is written into it. `Write` where the file cannot be created.
    pub fn create(path: &Path, container: Container, metadata: &[(String, String)]) -> Result<Self> {
        super::init();
        let text = path.to_str().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| MediaError::Write(format!("{}: the path is no UTF-8", path.display())))?;
        // With the protocol in front, no path can be taken for another one.
        let mut output = ffmpeg_next::format::output_as(&format!("file:{text}"), muxer_name(container))
            .map_err(|error| MediaError::write(path, "creating the file", error))?;
        output.set_metadata(dictionary(metadata));
        Ok(Self {
            output,
            container,
            path: path.to_owned(),
            tracks: Vec::new(),
            chapters: 0,
            pictures: Vec::new(),
            started: false,
            pieces: None,
        })
    }

    /// Makes pieces that are one stream when they are put one behind the other. Packets have to come interleaved, by their decoding
    /// times; `path` is only what messages name. Its end is [`Muxer::finish_pieces`].
    pub(super) fn in_pieces(path: &Path, container: Container, metadata: &[(String, String)]) -> Result<Self> {
        super::init();
        let pieces = Pieces::default();
        let io = StreamIo::from_write_with_capacity(pieces.clone(), 1 << 16)
            .map_err(|_| MediaError::memory("writing segments"))?;
        let mut output = ffmpeg_next::format::output_to_stream(io, None, Some(muxer_name(container)))
            .map_err(|error| MediaError::write(path, "preparing segments", error))?;
        output.set_metadata(dictionary(metadata));
        let path = path.to_owned();
        Ok(Self {
            output,
            container,
            path,
            tracks: Vec::new(),
            chapters: 0,
            pictures: Vec::new(),
            started: false,
            pieces: Some(pieces),
        })
    }

    /// Adds chapters where the container holds any. Before `start` only.
    pub fn add_chapters(&mut self, chapters: &[Chapter]) -> Result<()> {
        if self.started {
            return Err(MediaError::Bug("chapters were added to a file that was started".to_owned()));
        }
        if !holds_chapters(self.container) {
            return Ok(());
        }
        // Milliseconds: Matroska and ID3 know nothing finer.
        let base = Rational::new(1, 1000).unwrap_or(Rational::ONE);
        for (number, chapter) in (1..).zip(chapters) {
            let (start, end) = (clock::from_ns(chapter.start_ns, base), clock::from_ns(chapter.end_ns, base));
            self.output
                .add_chapter(number, clock::av(base), start, end.max(start), without_nul(&chapter.title))
                .map_err(|error| MediaError::Bug(format!("chapter {number}: {error}")))?;
        }
        self.chapters = chapters.len();
        Ok(())
    }

    /// Adds a stream and returns its number in the file. Before `start` only.
    pub fn add_stream(&mut self, parameters: StreamParameters) -> Result<usize> {
        if self.started || !self.pictures.is_empty() {
            return Err(MediaError::Bug("a stream was added to a file that was started".to_owned()));
        }
        let index = self.tracks.len();
        let mut codec = parameters.parameters.clone();
        let label = |error: Error| MediaError::Unsupported(format!("{}: {error}", parameters.label));
        let filter = packet_filters(self.container, &parameters.codec)
            .map(|chain| PacketFilter::open(chain, &codec, clock::av(parameters.clock.time_base)))
            .transpose()
            .map_err(label)?;
        if let Some(filter) = &filter {
            codec = filter.parameters().map_err(label)?;
        }
        ffi::set_codec_tag(&mut codec, tag(self.container, &parameters.codec));
        let mut stream = self
            .output
            .add_stream(encoder::find(ffmpeg_next::codec::Id::None))
            .map_err(|error| MediaError::Bug(format!("{}: {error}", parameters.label)))?;
        stream.set_parameters(codec);
        stream.set_time_base(clock::av(time_base(self.container, parameters.clock)));
        if let Some(rate) = parameters.clock.rate.filter(|_| parameters.kind == StreamKind::Video) {
            stream.set_avg_frame_rate(clock::av(rate));
        }
        let language = parameters.language.iter().map(|language| ("language".to_owned(), language.clone()));
        let alpha = marks_alpha(self.container, &parameters).then(|| ("alpha_mode".to_owned(), "1".to_owned()));
        let words = parameters.tags.metadata.iter().cloned();
        let title = words.clone().filter(|(key, _)| key == "title").map(|(_, title)| title);
        let name = title.filter(|_| names_tracks(self.container)).map(|title| ("handler_name".to_owned(), title));
        let metadata: Vec<_> = words.chain(language).chain(alpha).chain(name).collect();
        if !metadata.is_empty() {
            stream.set_metadata(dictionary(&metadata));
        }
        if !ffi::set_stream(
            &mut self.output,
            index,
            parameters.aspect,
            parameters.tags.disposition,
            &parameters.side_data,
        ) {
            return Err(MediaError::memory("a stream"));
        }
        self.tracks.push(Track {
            base: parameters.clock.time_base,
            filter,
            last: None,
            digest: Digest::new(&parameters.codec),
            written: MuxedStream {
                kind: parameters.kind,
                codec: parameters.codec.clone(),
                size: parameters.size,
                packets: 0,
                keys: 0,
                bytes: 0,
                digest: None,
                start_ns: i64::MAX,
                end_ns: i64::MIN,
            },
            parameters,
        });
        Ok(index)
    }

    /// Writes the header. `Unsupported` where the container cannot hold one of the streams.
    pub fn start(&mut self) -> Result<()> {
        if self.started || self.tracks.is_empty() {
            return Err(MediaError::Bug("a file is started once, with its streams".to_owned()));
        }
        let mut options = Dictionary::new();
        let wanted = if self.pieces.is_some() { piece_options } else { muxer_options };
        wanted(self.container).into_iter().for_each(|(key, value)| options.set(key, value));
        let (output, labels) = (&mut self.output, &self.tracks);
        let (started, said) = ffi::with_log(|| {
            output
                .write_header_with(options)
                .map(|unknown| unknown.iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>())
        });
        let unknown = started.map_err(|error| match error {
            // Muxers say by many names that they do not know a codec.
            Error::Other {
                errno: ffmpeg_next::error::EINVAL | ffmpeg_next::error::EPERM | ffmpeg_next::error::ENOSYS,
            }
            | Error::InvalidData
            | Error::Experimental
            | Error::PatchWelcome => {
                let labels: Vec<_> = labels.iter().map(|track| track.parameters.label.as_str()).collect();
                MediaError::Unsupported(format!(
                    "{} cannot hold {}: {error}{}",
                    self.container.name(),
                    labels.join(", "),
                    in_parentheses(&said)
                ))
            }
            error => MediaError::write(&self.path, "writing the header", error),
        })?;
        if !unknown.is_empty() {
            return Err(MediaError::Bug(format!("the muxer has no option {}", unknown.join(", "))));
        }
        for (index, track) in self.tracks.iter_mut().enumerate() {
            // The muxer chooses its own time base.
            let base = self.output.stream(index).map(|stream| stream.time_base());
            track.base = base.and_then(|base| ratio(base.numerator(), base.denominator())).unwrap_or(track.base);
        }
        self.started = true;
        self.write_pictures()
    }

    /// Writes a packet of a stream. Packets of one stream come in decoding order; streams are interleaved here.
    pub fn write(&mut self, stream: usize, packet: Packet) -> Result<()> {
        let track = self.tracks.get_mut(stream).filter(|_| self.started);
        let track =
            track.ok_or_else(|| MediaError::Bug(format!("stream {stream} is not there, or the file not started")))?;
        let Packet { inner: mut raw, base } = packet;
        // An empty packet may carry what an encoder knows only at its end, such as the checksum of FLAC.
        if raw.size() == 0 && raw.side_data().next().is_none() {
            return Ok(());
        }
        let to = |time: i64| rescale(time, base, track.base);
        // Two subtitles may begin together.
        let step = i64::from(track.parameters.kind != StreamKind::Subtitle);
        let next = track.last.map(|last| last.saturating_add(step));
        let decoded = raw.dts().map(to).or(raw.pts().map(to)).or(next).unwrap_or(0);
        // Copied streams may have timestamps that stand still; a file that is written may not.
        let decoded = next.map_or(decoded, |next| decoded.max(next));
        let shown = raw.pts().map_or(decoded, to).max(decoded);
        let duration = to(raw.duration().max(0));
        raw.set_dts(Some(decoded));
        raw.set_pts(Some(shown));
        raw.set_duration(duration);
        raw.set_stream(stream);
        raw.set_position(-1);
        track.last = Some(decoded);
        if let Some(data) = raw.data().filter(|data| !data.is_empty()) {
            track.written.packets += 1;
            track.written.bytes = track.written.bytes.saturating_add(data.len() as u64);
            track.digest.add(data);
        }
        track.written.keys += u64::from(raw.is_key() && raw.size() > 0);
        track.written.start_ns = track.written.start_ns.min(clock::to_ns(shown, track.base));
        track.written.end_ns = track.written.end_ns.max(clock::to_ns(shown.saturating_add(duration), track.base));
        if let Some(filter) = &mut track.filter {
            let (filtered, said) = ffi::with_log(|| filter.filter(&mut raw));
            let failed = |why: String| MediaError::Unsupported(format!("{}: {why}", track.parameters.label));
            match filtered.map_err(|error| failed(format!("{error}{}", in_parentheses(&said))))? {
                Some(filtered) => raw = filtered,
                None => return Err(failed("a packet was swallowed".to_owned())),
            }
        }
        let interleaved = self.pieces.is_some();
        let output = &mut self.output;
        let (written, said) =
            ffi::with_log(|| if interleaved { raw.write(output).map(|_| ()) } else { raw.write_interleaved(output) });
        written.map_err(|error| {
            let label = &self.tracks[stream].parameters.label;
            // Bytes that the muxer does not understand, not ones that the disk does not take.
            if error == Error::InvalidData {
                let said = in_parentheses(&said);
                return MediaError::Unsupported(format!(
                    "{} cannot hold {label}: {error}{said}",
                    self.container.name()
                ));
            }
            MediaError::write(&self.path, &format!("writing {label}{}", in_parentheses(&said)), error)
        })
    }

    /// Writes what is left, moves the index to the front and closes the file.
    pub fn finish(mut self) -> Result<MuxReport> {
        if !self.started {
            return Err(MediaError::Bug("a file is finished before it was started".to_owned()));
        }
        if pairs_streams(self.container) {
            self.pad_sound()?;
        }
        let (written, said) = ffi::with_log(|| self.output.write_trailer());
        written.map_err(|error| {
            MediaError::write(&self.path, &format!("finishing the file{}", in_parentheses(&said)), error)
        })?;
        self.close(Vec::new())
    }

    /// Sends the bytes of the next piece into this file, instead of holding them.
    pub(super) fn piece_into(&mut self, file: File) {
        if let Some(pieces) = &self.pieces {
            pieces.send_to(file);
        }
    }

    /// Ends a piece: everything that was written is in it. Returns what was held of it, empty where it went into a file.
    pub(super) fn end_piece(&mut self) -> Result<Vec<u8>> {
        let (flushed, said) = ffi::with_log(|| ffi::flush(&mut self.output));
        flushed.map_err(|error| {
            MediaError::write(&self.path, &format!("ending a segment{}", in_parentheses(&said)), error)
        })?;
        if self.container == Container::Ts {
            // So that the next one can be read without those before it.
            ffi::resend_headers(&mut self.output);
        }
        Ok(self.pieces.as_ref().map(Pieces::take_held).unwrap_or_default())
    }

    /// The unit of the times of a stream that is written, in seconds. Right after `start`.
    pub(super) fn time_base(&self, stream: usize) -> Option<Rational> {
        self.tracks.get(stream).map(|track| track.base)
    }

    /// When the last of the streams ends, in nanoseconds.
    pub(super) fn end_ns(&self) -> i64 {
        self.tracks.iter().map(|track| track.written.end_ns).max().unwrap_or(0).max(0)
    }

    /// Ends the last piece; `pieces` are the files that were made.
    pub(super) fn finish_pieces(mut self, pieces: Vec<PathBuf>) -> Result<MuxReport> {
        let written = self.output.write_trailer();
        written.map_err(|error| MediaError::write(&self.path, "ending the segments", error))?;
        self.close(pieces)
    }

    fn close(self, pieces: Vec<PathBuf>) -> Result<MuxReport> {
        let Self { output, container, path, tracks, chapters, pictures, .. } = self;
        // Closes the file, so that its length is what it will stay.
        drop(output);
        let files = if pieces.is_empty() { std::slice::from_ref(&path) } else { &pieces };
        let mut size = 0_u64;
        for file in files {
            let found = std::fs::metadata(file);
            let found = found.map_err(|error| MediaError::Write(format!("{}: {error}", file.display())))?;
            size = size.saturating_add(found.len());
        }
        let mut streams: Vec<_> =
            tracks.into_iter().map(|track| MuxedStream { digest: track.digest.value(), ..track.written }).collect();
        for stream in streams.iter_mut().filter(|stream| stream.packets == 0) {
            (stream.start_ns, stream.end_ns) = (0, 0);
        }
        Ok(MuxReport { path, pieces, container, size, streams, chapters, pictures })
    }
}

/// What FFmpeg said meanwhile, if anything.
pub(super) fn in_parentheses(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" ({said})") }
}

/// Strings of C end at NUL.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

fn dictionary(entries: &[(String, String)]) -> Dictionary<'static> {
    let clean = without_nul;
    entries.iter().map(|(key, value)| (clean(key), clean(value))).filter(|(key, _)| !key.is_empty()).collect()
}
