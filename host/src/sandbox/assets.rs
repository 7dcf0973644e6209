//! What a guest may read of the store: exactly the objects that were granted when it was opened.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::failure::Stop;
use crate::media::{ByteSource, Clip, Interrupt, sought};
use crate::task::ObjectUri;

/// Opens objects that plugins may read. Implemented by whoever owns the store.
pub trait AssetSource: Send + Sync {
    /// Opens an object with the rights of the task's project. The error is for the task's owner: it says why the object cannot
    /// be read, and nothing that is not the owner's business.
    fn open(&self, uri: &ObjectUri) -> Result<Box<dyn AssetReader>, String>;
}

/// An open object.
pub trait AssetReader: Send {
    /// Its size in bytes.
    fn length(&self) -> u64;

    /// Fills `out` with the bytes from `offset`; the range lies within the object.
    fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), String>;
}

/// No objects at all, for hosts without a store.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAssets;

impl AssetSource for NoAssets {
    fn open(&self, _: &ObjectUri) -> Result<Box<dyn AssetReader>, String> {
        Err("this host has no object store".into())
    }
}

/// Why a guest gets no bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denied {
    NotGranted,
    Unavailable(String),
}

/// Why a guest gets no clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoClip {
    Denied(Denied),
    Unusable(String),
}

/// The granted objects of one instance.
pub(super) struct Assets {
    source: Arc<dyn AssetSource>,
    granted: HashMap<String, Granted>,
    limit: u64,
    left: u64,
}

struct Granted {
    uri: ObjectUri,
    reader: Option<Box<dyn AssetReader>>,
}

impl Assets {
    /// Grants these URIs; texts that are no object URIs are not granted.
    pub(super) fn new(source: Arc<dyn AssetSource>, uris: BTreeSet<String>, limit: u64) -> Self {
        let closed = |uri: String| {
            let parsed = ObjectUri::parse(&uri).ok()?;
            Some((uri, Granted { uri: parsed, reader: None }))
        };
        Self { source, granted: uris.into_iter().filter_map(closed).collect(), limit, left: limit }
    }

    /// The one place that decides whether a guest may read an object.
    fn granted(&mut self, uri: &str) -> Result<&mut Granted, Denied> {
        self.granted.get_mut(uri).ok_or(Denied::NotGranted)
    }

    fn reader(&mut self, uri: &str) -> Result<&mut Box<dyn AssetReader>, Denied> {
        let source = Arc::clone(&self.source);
        let granted = self.granted(uri)?;
        match &mut granted.reader {
            Some(reader) => Ok(reader),
            none => Ok(none.insert(source.open(&granted.uri).map_err(Denied::Unavailable)?)),
        }
    }

    /// Opens an object as a movie. What decoding reads of it does not count as read by the guest.
    pub(super) fn clip(&mut self, uri: &str) -> Result<Clip, NoClip> {
        let source = Arc::clone(&self.source);
        let granted = self.granted(uri).map_err(NoClip::Denied)?;
        let reader = source.open(&granted.uri).map_err(|reason| NoClip::Denied(Denied::Unavailable(reason)))?;
        Clip::open(Box::new(Movie { reader, position: 0 }), &Interrupt::default())
            .map_err(|error| NoClip::Unusable(error.to_string()))
    }

    /// Size of an object in bytes.
    pub(super) fn length(&mut self, uri: &str) -> Result<u64, Denied> {
        Ok(self.reader(uri)?.length())
    }

    /// Bytes from `offset`, at most `length`; fewer at the end. The outer error ends the instance: it has read its fill.
    pub(super) fn read(&mut self, uri: &str, offset: u64, length: u32) -> Result<Result<Vec<u8>, Denied>, Stop> {
        let (limit, left) = (self.limit, self.left);
        let reader = match self.reader(uri) {
            Ok(reader) => reader,
            Err(denied) => return Ok(Err(denied)),
        };
        let wanted = reader.length().saturating_sub(offset).min(u64::from(length));
        let rest = left.checked_sub(wanted).ok_or_else(|| {
            Stop::TooMuch(format!("it wanted to read more than {limit} bytes of assets (limit asset_bytes)"))
        })?;
        let mut out = vec![0; usize::try_from(wanted).unwrap_or_default()];
        let read = if out.is_empty() { Ok(()) } else { reader.read(offset, &mut out) };
        self.left = rest;
        Ok(read.map(|()| out).map_err(Denied::Unavailable))
    }
}

/// An object as a decoder reads it. It is one file, whatever a playlist in it names: nothing else is granted.
struct Movie {
    reader: Box<dyn AssetReader>,
    position: u64,
}

impl Read for Movie {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.reader.length().saturating_sub(self.position)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        self.reader.read(self.position, &mut buffer[..count]).map_err(io::Error::other)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Movie {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.position = sought(place, self.position, self.reader.length())?;
        Ok(self.position)
    }
}

impl ByteSource for Movie {
    fn size(&self) -> u64 {
        self.reader.length()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(&'static [u8]);

    impl AssetSource for Bytes {
        fn open(&self, uri: &ObjectUri) -> Result<Box<dyn AssetReader>, String> {
            if uri.key() == "gone" { Err("it does not exist".into()) } else { Ok(Box::new(Self(self.0))) }
        }
    }

    impl AssetReader for Bytes {
        fn length(&self) -> u64 {
            self.0.len() as u64
        }

        fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), String> {
            let start = usize::try_from(offset).unwrap();
            out.copy_from_slice(&self.0[start..start + out.len()]);
            Ok(())
        }
    }

    fn assets(limit: u64) -> Assets {
        let uris = ["oss://b/k", "oss://b/gone", "no uri"].map(str::to_owned).into();
        Assets::new(Arc::new(Bytes(b"0123456789")), uris, limit)
    }

    #[test]
    fn only_what_is_granted_can_be_read() {
        let mut assets = assets(100);
        assert_eq!(assets.length("oss://b/k"), Ok(10));
        for uri in ["oss://b/other", "oss://b/K", "no uri", ""] {
            assert_eq!(assets.length(uri), Err(Denied::NotGranted), "{uri}");
            assert_eq!(assets.read(uri, 0, 1), Ok(Err(Denied::NotGranted)), "{uri}");
        }
        assert_eq!(assets.length("oss://b/gone"), Err(Denied::Unavailable("it does not exist".into())));
    }

    #[test]
    fn clips_are_of_granted_objects_that_are_movies() {
        let mut assets = assets(100);
        let mut refusal = |uri: &str| assets.clip(uri).err().unwrap();
        assert_eq!(refusal("oss://b/other"), NoClip::Denied(Denied::NotGranted));
        assert_eq!(refusal("oss://b/gone"), NoClip::Denied(Denied::Unavailable("it does not exist".into())));
        assert!(matches!(refusal("oss://b/k"), NoClip::Unusable(_)));
    }

    #[test]
    fn reads_end_at_the_end() {
        let mut assets = assets(100);
        assert_eq!(assets.read("oss://b/k", 8, 5).unwrap().unwrap(), b"89");
        for offset in [10, 11, u64::MAX] {
            assert_eq!(assets.read("oss://b/k", offset, u32::MAX).unwrap().unwrap(), b"");
        }
    }

    #[test]
    fn reading_has_a_limit() {
        let mut assets = assets(15);
        assert!(assets.read("oss://b/k", 0, 10).is_ok());
        assert!(matches!(assets.read("oss://b/k", 0, 6), Err(Stop::TooMuch(what)) if what.contains("15 bytes")));
        assert_eq!(assets.read("oss://b/k", 0, 5).unwrap().unwrap(), b"01234");
    }
}
