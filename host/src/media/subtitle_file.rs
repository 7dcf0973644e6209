//! Subtitles in files of their own.

use std::path::{Path, PathBuf};

use ffmpeg_next::format::context::Output;
use ffmpeg_next::{Dictionary, encoder};

use super::clock::{self, SECOND};
use super::demux::{Demuxer, Opening};
use super::mux::in_parentheses;
use super::source::{ByteSource, FileSource, Interrupt};
use super::stream::{Packet, StreamKind, StreamParameters};
use super::{MediaError, Result, ffi};
use crate::task::spec::SubtitleFormat;
use crate::task::{MediaFacts, Rational};

/// Files round times: to a hundredth of a second where they are coarsest.
const TOLERANCE: i64 = SECOND / 50;

/// Writes one file. `finish` it, or it is worthless.
pub struct SubtitleFile {
    output: Output,
    path: PathBuf,
    label: String,
    base: Rational,
    report: SubtitleReport,
}

/// What was written. Times are nanoseconds from the start of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubtitleReport {
    /// The file.
    pub path: PathBuf,
    /// What it was written as.
    pub format: SubtitleFormat,
    /// Subtitles in it.
    pub count: u64,
    /// When the first begins.
    pub start_ns: i64,
    /// When the last begins.
    pub last_ns: i64,
}

/// FFmpeg's name of the muxer.
fn muxer_name(format: SubtitleFormat) -> &'static str {
    match format {
        SubtitleFormat::Ass => "ass",
        SubtitleFormat::Srt => "srt",
        SubtitleFormat::Webvtt => "webvtt",
    }
}

impl SubtitleFile {
    /// Creates the file. `Bug` where the stream is of another kind than the format, `Write` where the file cannot be created.
    pub fn create(path: &Path, format: SubtitleFormat, stream: &StreamParameters) -> Result<Self> {
        super::init();
        if stream.kind() != StreamKind::Subtitle || stream.codec() != format.codec().name() {
            return Err(MediaError::Bug(format!("{} cannot be written as {format:?}", stream.label)));
        }
        let text = path.to_str().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| MediaError::Write(format!("{}: the path is no UTF-8", path.display())))?;
        let mut output = ffmpeg_next::format::output_as(&format!("file:{text}"), muxer_name(format))
            .map_err(|error| MediaError::write(path, "creating the file", error))?;
        let mut codec = stream.parameters.clone();
        ffi::set_codec_tag(&mut codec, 0);
        let mut added = output
            .add_stream(encoder::find(ffmpeg_next::codec::Id::None))
            .map_err(|error| MediaError::Bug(format!("{}: {error}", stream.label)))?;
        added.set_parameters(codec);
        added.set_time_base(clock::av(stream.clock.time_base));
        let mut options = Dictionary::new();
        options.set("fflags", "+bitexact");
        let (started, said) = ffi::with_log(|| output.write_header_with(options).map(|_| ()));
        started
            .map_err(|error| MediaError::write(path, &format!("writing the header{}", in_parentheses(&said)), error))?;
        // The muxer chooses its own time base.
        let base = output.stream(0).map(|stream| stream.time_base());
        let base = base.and_then(|base| clock::ratio(base.numerator(), base.denominator()));
        let base = base.unwrap_or(stream.clock.time_base);
        let report = SubtitleReport { path: path.to_owned(), format, count: 0, start_ns: 0, last_ns: 0 };
        Ok(Self { output, path: path.to_owned(), label: stream.label.clone(), base, report })
    }

    /// Writes one subtitle. They come in the order in which they begin.
    pub fn write(&mut self, packet: Packet) -> Result<()> {
        let Packet { inner: mut raw, base } = packet;
        let start = clock::rescale(raw.pts().unwrap_or(0), base, self.base);
        let end = clock::rescale(raw.pts().unwrap_or(0).saturating_add(raw.duration().max(0)), base, self.base);
        raw.set_pts(Some(start));
        raw.set_dts(Some(start));
        raw.set_duration(end.saturating_sub(start));
        raw.set_stream(0);
        raw.set_position(-1);
        let time = clock::to_ns(start, self.base);
        if self.report.count == 0 {
            self.report.start_ns = time;
        }
        self.report.count += 1;
        self.report.last_ns = self.report.last_ns.max(time);
        let output = &mut self.output;
        let (written, said) = ffi::with_log(|| raw.write(output).map(|_| ()));
        let label = &self.label;
        written
            .map_err(|error| MediaError::write(&self.path, &format!("writing {label}{}", in_parentheses(&said)), error))
    }

    /// Writes what is left and closes the file.
    pub fn finish(mut self) -> Result<SubtitleReport> {
        let (written, said) = ffi::with_log(|| self.output.write_trailer());
        written.map_err(|error| {
            MediaError::write(&self.path, &format!("finishing the file{}", in_parentheses(&said)), error)
        })?;
        Ok(self.report)
    }
}

/// Reads a file back, compares it with the report, and tells what it is. `Verify` names the first difference.
pub fn verify_subtitles(report: &SubtitleReport, interrupt: &Interrupt) -> Result<MediaFacts> {
    let different = |what: String| MediaError::Verify(format!("{}: {what}", report.path.display()));
    let source = FileSource::open(&report.path).map_err(|error| different(error.to_string()))?;
    if report.count == 0 {
        return Ok(without_any(report.format, source.size()));
    }
    let opening = Opening { subtitle_file: true, ..Opening::default() };
    let passed = |error: MediaError| match error {
        MediaError::Interrupted => MediaError::Interrupted,
        error => different(error.to_string()),
    };
    let mut demuxer = Demuxer::open_as(Box::new(source), interrupt, opening).map_err(passed)?;
    let (mut count, mut first, mut last) = (0, None, 0);
    while let Some(packet) = demuxer.read().map_err(passed)? {
        let time = packet.time_ns().unwrap_or(0);
        count += 1;
        first.get_or_insert(time);
        last = last.max(time);
    }
    if count != report.count {
        return Err(different(format!("{count} subtitles instead of the {} written", report.count)));
    }
    for (found, written) in [(first.unwrap_or(0), report.start_ns), (last, report.last_ns)] {
        if found.saturating_sub(written).saturating_abs() > TOLERANCE {
            return Err(different(format!("a subtitle at {found} ns instead of {written} ns")));
        }
    }
    Ok(demuxer.facts().clone())
}

/// Facts of a file without subtitles, which no demuxer takes for one.
fn without_any(format: SubtitleFormat, size: u64) -> MediaFacts {
    let name = muxer_name(format);
    MediaFacts { format_name: name.to_owned(), format_long_name: name.to_owned(), size, ..MediaFacts::default() }
}
