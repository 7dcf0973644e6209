//! Reading an output back: never is a broken file called a success.

use super::clock::SECOND;
use super::containers::{Kept, adds_tracks, is_blank, pairs_streams};
use super::demux::{Demuxer, Opening, probe};
use super::digest::Digest;
use super::mux::{MuxReport, MuxedStream};
use super::source::Interrupt;
use super::stream::StreamKind;
use super::{MediaError, Result};
use crate::task::{Container, MediaFacts};

/// What is known of a stream from elsewhere than the muxer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expectation {
    /// Packets: for video as many as frames went into the encoder. `None` where that is not known.
    pub packets: Option<u64>,
    /// Length of what went into the encoder, in nanoseconds.
    pub duration_ns: Option<i64>,
}

/// Containers round times, encoders of sound add a frame at both ends: so much may a length differ, in nanoseconds.
const TOLERANCE: i64 = SECOND / 5;

/// What was read of one stream.
struct Found {
    digest: Digest,
    packets: u64,
    keys: u64,
    start_ns: Option<i64>,
    end_ns: i64,
}

impl Found {
    fn of(codec: &str) -> Self {
        Self { digest: Digest::new(codec), packets: 0, keys: 0, start_ns: None, end_ns: 0 }
    }
}

/// Reads all packets of the file that `report` describes and compares them with the report and with `expected`, one entry per stream.
/// `Verify` names the first difference. Returns what players see of the file.
pub fn verify(report: &MuxReport, expected: &[Expectation], interrupt: &Interrupt) -> Result<MediaFacts> {
    let path = report.path.display();
    let different = |what: String| MediaError::Verify(format!("{path}: {what}"));
    if expected.len() != report.streams.len() {
        return Err(MediaError::Bug(format!("{} expectations for {} streams", expected.len(), report.streams.len())));
    }
    let source = report.open().map_err(|error| different(error.to_string()))?;
    let size = source.size();
    if size != report.size {
        return Err(different(format!("{size} bytes instead of {}", report.size)));
    }
    // Edit lists hide the packets that prime a decoder; here every packet counts. Where there may be some, the file is opened once more for what players see of it.
    let has_edit_lists = matches!(report.container, Container::Mp4 | Container::Mov);
    let opening = Opening { raw_timeline: true, written: true, by_header: has_edit_lists, ..Opening::default() };
    let opened = Demuxer::open_as(source, interrupt, opening);
    let mut demuxer = opened.map_err(|error| passed(error, &different))?;
    let streams = demuxer.streams();
    let pictures = demuxer.pictures();
    if !pictures
        .iter()
        .map(|picture| (&picture.codec, &picture.data))
        .eq(report.pictures.iter().map(|picture| (&picture.codec, &picture.data)))
    {
        return Err(different(format!(
            "its {} attached pictures are not the {} written",
            pictures.len(),
            report.pictures.len()
        )));
    }
    // A track of data without a single packet is not written at all; data comes last.
    let is_absent = |written: &&MuxedStream| written.kind == StreamKind::Data && written.packets == 0;
    let absent =
        report.streams.iter().rev().take_while(is_absent).count().min(report.streams.len().saturating_sub(streams));
    let own: Vec<_> = (report.streams.len()..streams).collect();
    let added = adds_tracks(report.container) && own.iter().all(|place| demuxer.parameters(*place).is_err());
    if streams + absent < report.streams.len() || !(added || own.len() == pictures.len()) {
        return Err(different(format!("{streams} streams instead of {}", report.streams.len())));
    }
    let mut places = Vec::new();
    for place in 0..report.streams.len().saturating_sub(absent) {
        let found = demuxer.parameters(place).map_err(|error| different(error.to_string()))?;
        // FLV does not number its streams: it has one of each kind, in the order in which they turn up.
        let same_kind = |written: &MuxedStream| written.kind == found.kind();
        let unnumbered = report.container == Container::Flv;
        let index = report.streams.iter().position(same_kind).filter(|_| unnumbered).unwrap_or(place);
        let Some(written) = report.streams.get(index).filter(|_| !places.contains(&index)) else {
            return Err(different(format!("stream {place} is a second {}", found.kind())));
        };
        places.push(index);
        let codec = (mp4_name(found.codec()), mp4_name(&written.codec));
        let same = (found.kind(), codec.0, found.size) == (written.kind, codec.1, written.size);
        if !same {
            let found = format!("{} {} {:?}", found.kind(), found.codec(), found.size);
            return Err(different(format!(
                "stream {index} is {found} instead of {} {} {:?}",
                written.kind, written.codec, written.size
            )));
        }
    }
    let streams = report.streams.iter();
    let mut found: Vec<Found> = streams.map(|written| Found::of(&written.codec)).collect();
    while let Some(packet) = demuxer.read().map_err(|error| passed(error, &different))? {
        let place = places.get(packet.stream()).copied();
        let Some((found, place)) = place.and_then(|place| Some((found.get_mut(place)?, place))) else { continue };
        let codec = report.streams.get(place).map(|written| written.codec.as_str()).unwrap_or_default();
        if is_blank(codec, packet.inner.data().unwrap_or_default()) {
            continue;
        }
        found.packets += 1;
        found.digest.add(packet.inner.data().unwrap_or_default());
        found.keys += u64::from(packet.is_key());
        let start = packet.time_ns().or(packet.decode_time_ns()).unwrap_or(0);
        found.start_ns = Some(found.start_ns.map_or(start, |first| first.min(start)));
        found.end_ns = found.end_ns.max(start.saturating_add(packet.duration_ns()));
    }
    let chapters = demuxer.chapters().len();
    if chapters != report.chapters {
        return Err(different(format!("{chapters} chapters instead of {}", report.chapters)));
    }
    let health = demuxer.health();
    if health.lost > 0 {
        return Err(different(format!("{} packets are damaged", health.lost)));
    }
    let pictures = report.streams.iter().filter(|stream| stream.kind == StreamKind::Video);
    let pictures = pictures.map(|stream| stream.end_ns.saturating_sub(stream.start_ns)).max();
    let most = pictures.filter(|_| pairs_streams(report.container)).unwrap_or(i64::MAX);
    for (index, ((found, written), expected)) in found.iter().zip(&report.streams).zip(expected).enumerate() {
        compare(found, written, *expected, &Kept::of(report.container, written.kind, &written.codec), most)
            .map_err(|what| different(format!("stream {index} ({}): {what}", written.codec)))?;
    }
    if !has_edit_lists {
        return Ok(demuxer.facts().clone());
    }
    let source = report.open().map_err(|error| different(error.to_string()))?;
    probe(source, interrupt).map_err(|error| passed(error, &different))
}

/// MPEG audio has one object type in mp4 whatever its layer, so reading back tells no more.
fn mp4_name(codec: &str) -> &str {
    if matches!(codec, "mp1" | "mp2") { "mp3" } else { codec }
}

/// An interrupt stays one; all else means that the file is wrong.
fn passed(error: MediaError, different: &dyn Fn(String) -> MediaError) -> MediaError {
    if error == MediaError::Interrupted { error } else { different(error.to_string()) }
}

fn compare(
    found: &Found,
    written: &MuxedStream,
    expected: Expectation,
    kept: &Kept,
    most: i64,
) -> std::result::Result<(), String> {
    if written.packets == 0 && written.kind.is_dense() {
        return Err("nothing was written".to_owned());
    }
    if let Some(packets) = expected.packets
        && written.packets != packets
    {
        return Err(format!("{} packets instead of the {packets} encoded", written.packets));
    }
    if kept.packets && found.packets != written.packets {
        return Err(format!("{} packets instead of the {} written", found.packets, written.packets));
    }
    if kept.keys && (found.keys != written.keys || found.keys == 0) {
        return Err(format!("{} key packets instead of {}", found.keys, written.keys));
    }
    if let (true, Some(found), Some(written)) = (kept.payload, found.digest.value(), written.digest)
        && found != written
    {
        return Err("its payload is not what was written".to_owned());
    }
    let length = found.end_ns.saturating_sub(found.start_ns.unwrap_or(0));
    let near = |wanted: i64| !kept.length || length.saturating_sub(wanted).saturating_abs() <= TOLERANCE;
    let wrong = |wanted: i64, what: &str| {
        let seconds = |ns: i64| ns as f64 / SECOND as f64;
        Err(format!("{:.3} s long instead of the {:.3} s {what}", seconds(length), seconds(wanted)))
    };
    // A container that pairs its streams is as long as the shorter of them.
    let wanted = written.end_ns.saturating_sub(written.start_ns).min(most);
    if !near(wanted) {
        return wrong(wanted, "written");
    }
    match expected.duration_ns.filter(|_| most == i64::MAX) {
        Some(wanted) if !near(wanted) => wrong(wanted, "encoded"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
