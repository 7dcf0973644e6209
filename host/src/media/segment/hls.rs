//! Media playlists of HLS (RFC 8216).

use std::fmt::Write as _;

use super::reference;
use super::writer::Writer;
use crate::task::{Container, SegmentFile};

/// The playlist of a finished output. `name` is its own name.
pub(super) fn playlist(writer: Option<&Writer>, name: &str, container: Container) -> String {
    let segments = writer.map(|writer| writer.segments.as_slice()).unwrap_or_default();
    let seconds = |ns: i64| ns as f64 / 1e9;
    // By the letter: no duration, rounded to the nearest second, may exceed it (section 4.3.3.1).
    let longest = segments.iter().map(|segment| seconds(segment.duration_ns).round()).fold(1.0, f64::max);
    let first = segments.first().map_or(0, |segment| segment.number);
    // EXT-X-MAP outside of I-frame playlists needs version 6 (section 7); fractions of seconds need 3.
    let version = if container == Container::Ts { 3 } else { 6 };
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{longest}\n");
    let _ = writeln!(text, "#EXT-X-MEDIA-SEQUENCE:{first}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS");
    if container != Container::Ts {
        let init = reference(&SegmentFile::Init { stream: None }.name(name, container));
        let _ = writeln!(text, "#EXT-X-MAP:URI=\"{init}\"");
    }
    for segment in segments {
        let file = SegmentFile::Media { stream: None, number: segment.number }.name(name, container);
        let _ = writeln!(text, "#EXTINF:{:.6},\n{}", seconds(segment.duration_ns), reference(&file));
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}
