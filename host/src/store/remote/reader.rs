//! Reading an object that is not here: in parts, and ahead while it is read in order.

use std::io::{self, Read, Seek, SeekFrom};

use super::{Fetch, Head, Range, Remote, RemoteError};
use crate::media::sought;
use crate::task::ObjectUri;

/// The first part that is read at a place, in bytes: who seeks often, reads little.
const FIRST: u64 = 256 << 10;
/// Parts double up to this size while they are read in order.
const LARGEST: u64 = 4 << 20;

/// An object that is being read.
pub(in crate::store) struct RemoteReader {
    remote: Remote,
    uri: ObjectUri,
    head: Head,
    position: u64,
    /// A part that is here.
    part: Part,
    /// The part behind it, on its way.
    ahead: Option<Ahead>,
    /// Size of the next part.
    next: u64,
}

#[derive(Default)]
struct Part {
    offset: u64,
    bytes: Vec<u8>,
}

impl Part {
    fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    /// What of it is at this place and behind it; empty where it is elsewhere.
    fn from(&self, position: u64) -> &[u8] {
        let within = position.checked_sub(self.offset).and_then(|from| usize::try_from(from).ok());
        within.and_then(|from| self.bytes.get(from..)).unwrap_or_default()
    }
}

struct Ahead {
    offset: u64,
    length: u64,
    fetch: Fetch,
}

impl RemoteReader {
    pub(in crate::store) fn open(remote: Remote, uri: &ObjectUri) -> Result<Self, RemoteError> {
        let head = remote.head(uri)?;
        let (part, uri) = (Part::default(), uri.clone());
        Ok(Self { remote, uri, head, position: 0, part, ahead: None, next: FIRST })
    }

    pub(in crate::store) fn head(&self) -> &Head {
        &self.head
    }

    fn begin(&mut self, offset: u64) -> Option<Ahead> {
        let length = self.next.min(self.head.size.saturating_sub(offset));
        if length == 0 {
            return None;
        }
        self.next = (self.next * 2).min(LARGEST);
        let range =
            Range { etag: self.head.etag.clone(), offset, length: usize::try_from(length).unwrap_or(usize::MAX) };
        Some(Ahead { offset, length, fetch: self.remote.fetch(&self.uri, range) })
    }

    /// Waits for the part in which the position lies, and asks for the one behind it.
    fn load(&mut self) -> io::Result<()> {
        let coming =
            self.ahead.take().filter(|ahead| (ahead.offset..ahead.offset + ahead.length).contains(&self.position));
        let in_order = coming.is_some();
        let coming = match coming {
            Some(coming) => Some(coming),
            None => {
                self.next = FIRST;
                self.begin(self.position)
            }
        };
        let Some(Ahead { offset, fetch, .. }) = coming else { return Ok(()) };
        let bytes = match fetch.recv() {
            Ok(result) => result?,
            Err(_) => return Err(io::Error::other("the object store is gone")),
        };
        self.part = Part { offset, bytes };
        // Not behind the first part: it may be all that is wanted there.
        if in_order || offset == 0 {
            self.ahead = self.begin(self.part.end());
        } else {
            self.ahead = None;
        }
        Ok(())
    }
}

impl Read for RemoteReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.position >= self.head.size {
            return Ok(0);
        }
        if self.part.from(self.position).is_empty() {
            // Going on behind a part that came alone is reading in order as well.
            if self.ahead.is_none() && !self.part.bytes.is_empty() && self.position == self.part.end() {
                self.ahead = self.begin(self.position);
            }
            self.load()?;
        }
        let there = self.part.from(self.position);
        let length = there.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), there.get(..length)) {
            to.copy_from_slice(from);
        }
        self.position += length as u64;
        Ok(length)
    }
}

impl Seek for RemoteReader {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.position = sought(place, self.position, self.head.size)?;
        Ok(self.position)
    }
}
