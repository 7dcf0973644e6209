//! Manifests of MPEG-DASH (ISO/IEC 23009-1), profile isoff-live with a timeline of segments, static.

use std::fmt::Write as _;

use super::codecs::codec_string;
use super::reference;
use super::writer::Writer;
use crate::media::Result;
use crate::media::clock::from_ns;
use crate::media::stream::StreamKind;
use crate::task::{Container, Rational, SegmentFile};

/// The manifest of a finished output with one writer for each stream. `name` is its own name.
pub(super) fn manifest(writers: &[Writer], name: &str, container: Container) -> Result<String> {
    let segments = || writers.iter().flat_map(|writer| &writer.segments);
    let end = segments().map(|segment| segment.start_ns.saturating_add(segment.duration_ns)).max().unwrap_or(0);
    let longest = segments().map(|segment| segment.duration_ns).max().unwrap_or(0);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let _ = writeln!(
        text,
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" \
         mediaPresentationDuration=\"{}\" maxSegmentDuration=\"{}\" minBufferTime=\"{}\">\n  <Period id=\"0\" start=\"PT0S\">",
        duration(end),
        duration(longest),
        duration(longest)
    );
    for (index, writer) in writers.iter().enumerate() {
        adaptation(&mut text, index, writer, name, container)?;
    }
    text.push_str("  </Period>\n</MPD>\n");
    Ok(text)
}

fn adaptation(text: &mut String, index: usize, writer: &Writer, name: &str, container: Container) -> Result<()> {
    let Some(parameters) = writer.parameters.first() else { return Ok(()) };
    let kind = if parameters.kind() == StreamKind::Video { "video" } else { "audio" };
    let language = parameters.language.as_deref().filter(|tag| is_tag(tag));
    let language = language.map(|tag| format!(" lang=\"{tag}\"")).unwrap_or_default();
    let _ = writeln!(
        text,
        "    <AdaptationSet id=\"{index}\" contentType=\"{kind}\" mimeType=\"{kind}/mp4\" segmentAlignment=\"true\" \
         startWithSAP=\"1\"{language}>"
    );
    let codecs = codec_string(&parameters.codec, &writer.init)?;
    let _ =
        write!(text, "      <Representation id=\"{index}\" codecs=\"{codecs}\" bandwidth=\"{}\"", bandwidth(writer));
    match (parameters.kind(), parameters.size) {
        (StreamKind::Video, Some((width, height))) => {
            let _ = write!(text, " width=\"{width}\" height=\"{height}\"");
            if let Some(rate) = parameters.clock.rate {
                let _ = write!(text, " frameRate=\"{}/{}\"", rate.num(), rate.den());
            }
            if parameters.aspect.0 > 0 {
                let _ = write!(text, " sar=\"{}:{}\"", parameters.aspect.0, parameters.aspect.1);
            }
        }
        _ => {
            if let Some(rate) = crate::media::ffi::sample_rate(&parameters.parameters) {
                let _ = write!(text, " audioSamplingRate=\"{rate}\"");
            }
        }
    }
    text.push_str(">\n");
    timeline(text, writer, name, container);
    text.push_str("      </Representation>\n    </AdaptationSet>\n");
    Ok(())
}

fn timeline(text: &mut String, writer: &Writer, name: &str, container: Container) {
    let stream = writer.stream;
    let init = escaped(&SegmentFile::Init { stream }.name(name, container));
    let first = writer.segments.first().map_or(0, |segment| segment.number);
    let media = SegmentFile::Media { stream, number: first }.name(name, container);
    let (before, after) = media.rsplit_once(&format!("-{first}.")).unwrap_or((&media, "m4s"));
    let media = format!("{}-$Number$.{after}", escaped(before));
    // Whole ticks of the file's own time base, so that nothing is rounded.
    let base = writer.base;
    let scale = if base.num() == 1 { base.den() } else { 1_000_000 };
    let unit = Rational::new(1, scale).unwrap_or(Rational::ONE);
    let _ = writeln!(
        text,
        "        <SegmentTemplate timescale=\"{scale}\" initialization=\"{init}\" media=\"{media}\" startNumber=\"{first}\">\n          <SegmentTimeline>"
    );
    let mut rows: Vec<(i64, i64, u32)> = Vec::new();
    for segment in &writer.segments {
        let start = from_ns(segment.start_ns, unit);
        let end = from_ns(segment.start_ns.saturating_add(segment.duration_ns), unit);
        let length = end.saturating_sub(start);
        match rows.last_mut() {
            Some((_, same, repeats)) if *same == length => *repeats += 1,
            _ => rows.push((start, length, 0)),
        }
    }
    for (start, length, repeats) in rows {
        let repeats = if repeats > 0 { format!(" r=\"{repeats}\"") } else { String::new() };
        let _ = writeln!(text, "            <S t=\"{start}\" d=\"{length}\"{repeats}/>");
    }
    text.push_str("          </SegmentTimeline>\n        </SegmentTemplate>\n");
}

/// bit/s with which a player that has buffered the longest segment never waits: those of the largest segment.
fn bandwidth(writer: &Writer) -> u64 {
    let rate = |size: u64, ns: i64| size as f64 * 8e9 / ns.max(1) as f64;
    // A last segment of a few frames says nothing.
    let long = writer.segments.iter().map(|segment| segment.duration_ns).max().unwrap_or(0) / 2;
    let rates = writer.segments.iter().filter(|segment| segment.duration_ns >= long);
    rates.map(|segment| rate(segment.size, segment.duration_ns)).fold(1.0, f64::max).ceil() as u64
}

/// A duration of XML Schema.
fn duration(ns: i64) -> String {
    format!("PT{:.3}S", ns.max(0) as f64 / 1e9)
}

/// A name within a template: `$` begins a variable there, and percent-encoding leaves no character that XML reserves.
fn escaped(name: &str) -> String {
    reference(name).replace('$', "$$")
}

/// Whether a text can be a language tag.
fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.len() <= 35 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
