//! Playlists of HLS (RFC 8216) as sources: which objects one names, and what is not supported of it.

mod reference;
mod source;

#[cfg(test)]
mod tests;

use std::panic::catch_unwind;

use m3u8_rs::{ByteRange, MasterPlaylist, MediaPlaylist};

use crate::task::ObjectUri;

/// Longest playlist that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Most lines of one; parsing them takes memory.
const MAX_LINES: usize = 100_000;
/// Most segments of one.
const MAX_SEGMENTS: usize = 10_000;
/// What every playlist begins with.
const BEGINNING: &[u8] = b"#EXTM3U";
/// Tags that say what a segment is. The parser takes one that it does not understand for an unknown tag.
const VITAL: [&str; 3] = ["X-MAP", "X-BYTERANGE", "X-GAP"];

/// What a playlist names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Playlist {
    /// The playlist of the variant with the highest bandwidth.
    Variant(ObjectUri),
    /// Segments.
    Media(Segments),
}

/// The segments of a source, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segments {
    /// Whether the first piece is the header of all others.
    fragments: bool,
    pieces: Vec<Piece>,
}

/// An object or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    uri: ObjectUri,
    /// Where it begins and how long it is, in bytes; `None`: all of it.
    range: Option<(u64, u64)>,
}

/// Reads a playlist. The error says what is wrong with it.
fn parse(playlist: &ObjectUri, bytes: &[u8]) -> Result<Playlist, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is no text of UTF-8: {error}"))?;
    if !bytes.starts_with(BEGINNING) {
        return Err("it does not begin with #EXTM3U".into());
    }
    if text.lines().count() > MAX_LINES {
        return Err(format!("it has more than {MAX_LINES} lines"));
    }
    let names = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
    if names > MAX_SEGMENTS {
        return Err(format!("it names {names} segments, more than {MAX_SEGMENTS}"));
    }
    refuse_encrypted(text)?;
    // The parser takes a tag in the last line for a name if that line does not end.
    let whole = format!("{text}\n");
    let parsed = catch_unwind(|| match m3u8_rs::parse_playlist(whole.as_bytes()) {
        Ok((rest, parsed)) if rest.trim_ascii().is_empty() => Some(parsed),
        _ => None,
    });
    match parsed.ok().flatten() {
        Some(m3u8_rs::Playlist::MasterPlaylist(master)) => variant(playlist, master).map(Playlist::Variant),
        Some(m3u8_rs::Playlist::MediaPlaylist(media)) => segments(playlist, &media).map(Playlist::Media),
        None => Err("it does not follow the grammar of playlists".into()),
    }
}

/// Keys are looked for in the text: the parser drops those that it does not understand.
fn refuse_encrypted(text: &str) -> Result<(), String> {
    let keys = text.lines().filter_map(|line| {
        line.strip_prefix("#EXT-X-KEY").or_else(|| line.strip_prefix("#EXT-X-SESSION-KEY"))?.strip_prefix(':')
    });
    let mut methods = keys.map(|attributes| attributes.split(',').next().unwrap_or_default().trim());
    match methods.find(|method| *method != "METHOD=NONE") {
        Some(method) => Err(format!("its segments are encrypted ({method}), and this version does not decrypt")),
        None => Ok(()),
    }
}

fn variant(playlist: &ObjectUri, master: MasterPlaylist) -> Result<ObjectUri, String> {
    let streams = master.variants.into_iter().filter(|variant| !variant.is_i_frame);
    // Of equal ones the first.
    let best = streams.reduce(|best, other| if other.bandwidth > best.bandwidth { other } else { best });
    let best = best.ok_or("it has neither segments nor variants")?;
    let apart = |group: &Option<String>| {
        group.as_ref().is_some_and(|group| {
            master.alternatives.iter().any(|other| other.group_id == *group && other.uri.is_some())
        })
    };
    if apart(&best.audio) || apart(&best.video) {
        return Err(format!(
            "its variant {} has sound or pictures in a playlist of its own (EXT-X-MEDIA), which is not supported; name one of the media playlists as the source",
            best.uri
        ));
    }
    reference::resolve(playlist, &best.uri)
}

fn segments(playlist: &ObjectUri, media: &MediaPlaylist) -> Result<Segments, String> {
    if media.i_frames_only {
        return Err("it holds key pictures only (EXT-X-I-FRAMES-ONLY)".into());
    }
    let mut header: Option<Piece> = None;
    let mut pieces: Vec<Piece> = Vec::new();
    for (number, segment) in media.segments.iter().enumerate() {
        let of = |why: String| format!("segment {number}, {}: {why}", segment.uri);
        if let Some(tag) = segment.unknown_tags.iter().find(|tag| VITAL.contains(&tag.tag.as_str())) {
            return Err(of(format!("its tag #EXT-{} is not understood or not supported", tag.tag)));
        }
        if let Some(map) = &segment.map {
            let uri = reference::resolve(playlist, &map.uri).map_err(of)?;
            let range = map.byte_range.as_ref().map(|range| (range.offset.unwrap_or(0), range.length));
            let found = Piece { uri, range };
            match &header {
                None if number == 0 => header = Some(found),
                Some(header) if *header == found => {}
                _ => return Err(of("it has another header (EXT-X-MAP) than the segments before it".into())),
            }
        }
        if segment.discontinuity && number > 0 && header.is_some() {
            return Err(of("times begin anew there (EXT-X-DISCONTINUITY), which is only supported of ts".into()));
        }
        let uri = reference::resolve(playlist, &segment.uri).map_err(of)?;
        let range = match &segment.byte_range {
            Some(range) => Some(placed(range, &uri, pieces.last()).map_err(of)?),
            None => None,
        };
        pieces.push(Piece { uri, range });
    }
    if pieces.is_empty() {
        return Err("it has no segments".into());
    }
    let fragments = header.is_some();
    Ok(Segments { fragments, pieces: header.into_iter().chain(pieces).collect() })
}

/// A range that does not say where it begins goes on where the one before it ends, in the same object.
fn placed(range: &ByteRange, uri: &ObjectUri, before: Option<&Piece>) -> Result<(u64, u64), String> {
    let after = || match before {
        Some(Piece { uri: same, range: Some((offset, length)) }) if same == uri => offset.checked_add(*length),
        _ => None,
    };
    let offset = range.offset.or_else(after);
    offset.map(|offset| (offset, range.length)).ok_or_else(|| "its EXT-X-BYTERANGE does not say where it begins".into())
}
