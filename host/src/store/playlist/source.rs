//! Opening sources: one object, or the objects that a playlist names, as one.

use std::io::{self, Read};
use std::time::SystemTime;

use super::{BEGINNING, MAX_BYTES, Piece, Playlist, Segments, parse};
use crate::media::{ByteSource, Holds, JoinedSource, Part};
use crate::store::read::open;
use crate::store::{Access, Buckets, StoreError};
use crate::task::ObjectUri;

/// The playlists and segments that a source consists of.
struct Listed {
    /// The playlist that lists the segments, where it is not the source itself.
    variant: Option<ObjectUri>,
    segments: Segments,
}

impl Buckets {
    /// Opens a source, and tells when it was last modified. Where it is a playlist, its segments are one behind the other; all of them are there
    /// and may be read, or it fails.
    pub fn open_source(&self, uri: &ObjectUri) -> Result<(Box<dyn ByteSource>, SystemTime), StoreError> {
        let object = self.read(uri)?;
        let modified = object.facts().modified;
        let Some(listed) = self.listed(uri)? else { return Ok((Box::new(object), modified)) };
        let list = listed.variant.as_ref().unwrap_or(uri);
        let parts = listed.segments.pieces.iter().map(|piece| self.part(list, piece));
        let holds = if listed.segments.fragments { Holds::Fragments } else { Holds::Segments };
        Ok((Box::new(JoinedSource::of(parts.collect::<Result<_, _>>()?, holds)), modified))
    }

    /// All objects that a source consists of, itself first; just itself where it is no playlist or cannot be read.
    pub fn objects_of(&self, uri: &ObjectUri) -> Vec<ObjectUri> {
        let mut objects = vec![uri.clone()];
        if let Ok(Some(listed)) = self.listed(uri) {
            objects.extend(listed.variant);
            objects.extend(listed.segments.pieces.into_iter().map(|piece| piece.uri));
        }
        objects
    }

    /// What a playlist lists; `None` where the object is none, by its name and by its beginning.
    fn listed(&self, uri: &ObjectUri) -> Result<Option<Listed>, StoreError> {
        let Some(bytes) = self.playlist(uri)? else { return Ok(None) };
        let failed = |uri: &ObjectUri, why: String| StoreError::Playlist { uri: uri.clone(), why };
        let variant = match parse(uri, &bytes).map_err(|why| failed(uri, why))? {
            Playlist::Media(segments) => return Ok(Some(Listed { variant: None, segments })),
            Playlist::Variant(variant) => variant,
        };
        let missing = |cause| StoreError::Segment { playlist: uri.clone(), cause: Box::new(cause) };
        let Some(bytes) = self.playlist(&variant).map_err(missing)? else {
            return Err(failed(uri, format!("its variant {variant} is no playlist")));
        };
        match parse(&variant, &bytes).map_err(|why| failed(&variant, why))? {
            Playlist::Media(segments) => Ok(Some(Listed { variant: Some(variant), segments })),
            Playlist::Variant(_) => {
                Err(failed(uri, format!("its variant {variant} has variants again; only one level is read")))
            }
        }
    }

    /// The bytes of a playlist; `None` where the object is none.
    fn playlist(&self, uri: &ObjectUri) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |source| StoreError::Io { uri: uri.clone(), what: "reading it", source };
        let mut object = self.read(uri)?;
        let mut bytes = Vec::new();
        object.by_ref().take(BEGINNING.len() as u64).read_to_end(&mut bytes).map_err(failed)?;
        if bytes != BEGINNING && !uri.ext().eq_ignore_ascii_case("m3u8") {
            return Ok(None);
        }
        object.by_ref().take(MAX_BYTES).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(StoreError::Playlist { uri: uri.clone(), why: format!("it has more than {MAX_BYTES} bytes") });
        }
        Ok(Some(bytes))
    }

    /// A segment: opened once, to see that it can be, and again when its turn comes.
    fn part(&self, playlist: &ObjectUri, piece: &Piece) -> Result<Part, StoreError> {
        let missing = |cause| StoreError::Segment { playlist: playlist.clone(), cause: Box::new(cause) };
        let size = self.read(&piece.uri).map_err(missing)?.facts().size;
        let (offset, length) = piece.range.unwrap_or((0, size));
        if length == 0 {
            let why = format!("{} is empty", piece.uri);
            return Err(StoreError::Playlist { uri: playlist.clone(), why });
        }
        if offset.checked_add(length).is_none_or(|end| end > size) {
            let why = format!(
                "bytes {offset} to {} of {} are wanted, which has {size}",
                offset.saturating_add(length),
                piece.uri
            );
            return Err(StoreError::Playlist { uri: playlist.clone(), why });
        }
        let (bucket, uri) = (self.bucket(&piece.uri, Access::Read)?, piece.uri.clone());
        let reopen = move || -> io::Result<Box<dyn ByteSource>> {
            let object = open(&bucket, &uri).map_err(|error| io::Error::other(error.to_string()))?;
            Ok(Box::new(object))
        };
        Ok(Part { open: Box::new(reopen), offset, length })
    }
}
