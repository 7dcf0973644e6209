//! Where the bytes of a source come from, and how reading them is stopped.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{MediaError, Result};

/// The bytes of one media file. Reads may block; `Interrupted` is retried, `WouldBlock` is a failure.
pub trait ByteSource: Read + Seek + Send {
    /// Length in bytes. It does not change.
    fn size(&self) -> u64;

    /// What may be in it.
    fn holds(&self) -> Holds {
        Holds::File
    }

    /// The bytes at which parts begin that need not go on from what was before them; the first one is not named.
    fn joints(&self) -> Vec<u64> {
        Vec::new()
    }
}

/// What the bytes of a source may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// One file of any supported container.
    File,
    /// Segments of a playlist one behind the other, each of which can be read alone.
    Segments,
    /// Fragments of one mp4, behind its header.
    Fragments,
}

/// A local file.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    size: u64,
}

impl FileSource {
    /// Opens a file.
    pub fn open(path: &Path) -> io::Result<Self> {
        // Asked before it is opened: a pipe would block until somebody writes to it.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl Read for FileSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for FileSource {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}

impl ByteSource for FileSource {
    fn size(&self) -> u64 {
        self.size
    }
}

impl ByteSource for Cursor<Vec<u8>> {
    fn size(&self) -> u64 {
        self.get_ref().len() as u64
    }
}

/// The byte that a seek means, in a source of this size that stands at this position.
pub fn sought(place: SeekFrom, position: u64, size: u64) -> io::Result<u64> {
    let target = match place {
        SeekFrom::Start(byte) => Some(byte),
        SeekFrom::Current(offset) => position.checked_add_signed(offset),
        SeekFrom::End(offset) => size.checked_add_signed(offset),
    };
    target.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Stops reads and writes of this room from another thread. Clones are the same flag; it cannot be taken back.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Stops everything that holds this flag, at its next read, write or packet.
    pub fn trigger(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was triggered.
    pub fn is_triggered(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for signal handlers, which can do nothing but set it.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// [`MediaError::Interrupted`] once it was triggered.
    pub fn check(&self) -> Result<()> {
        if self.is_triggered() { Err(MediaError::Interrupted) } else { Ok(()) }
    }
}

/// What a [`Guarded`] source has seen, for the one who handed it to FFmpeg.
#[derive(Debug, Clone, Default)]
pub(super) struct SourceState {
    failure: Arc<Mutex<Option<String>>>,
    reached: Arc<AtomicU64>,
}

impl SourceState {
    /// The first failure to read, if there was one. FFmpeg itself often takes it for the end of the file.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().map_or_else(|poisoned| poisoned.into_inner().clone(), |failure| failure.clone())
    }

    /// End of the last byte read, the furthest one of all reads.
    pub(super) fn reached(&self) -> u64 {
        self.reached.load(Ordering::Relaxed)
    }
}

/// A source as FFmpeg may have it: a panic in it becomes an error, for it would otherwise end the process in the C code above;
/// and a seek costs nothing before the next read.
pub(super) struct Guarded {
    source: Box<dyn ByteSource>,
    size: u64,
    position: u64,
    settled: bool,
    state: SourceState,
}

impl Guarded {
    pub(super) fn new(source: Box<dyn ByteSource>) -> Self {
        let size = source.size();
        Self { source, size, position: 0, settled: false, state: SourceState::default() }
    }

    pub(super) fn state(&self) -> SourceState {
        self.state.clone()
    }

    fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size {
            return Ok(0);
        }
        if !self.settled {
            let place = self.source.seek(SeekFrom::Start(self.position))?;
            if place != self.position {
                return Err(io::Error::other(format!("a seek to byte {} ended at byte {place}", self.position)));
            }
            self.settled = true;
        }
        self.source.read(buffer)
    }
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = catch_unwind(AssertUnwindSafe(|| self.try_read(buffer)))
            .unwrap_or_else(|_| Err(io::Error::other("the reader of the source panicked")));
        match &result {
            Ok(read) => {
                self.position = self.position.saturating_add(*read as u64);
                self.state.reached.fetch_max(self.position, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.settled = false;
                if let Ok(mut failure) = self.state.failure.lock() {
                    failure.get_or_insert_with(|| format!("at byte {}: {error}", self.position));
                }
            }
        }
        result
    }
}

impl Seek for Guarded {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let target = sought(place, self.position, self.size)?;
        if target != self.position {
            self.position = target;
            self.settled = false;
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics;

    impl Read for Panics {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("a bug in a store")
        }
    }

    impl Seek for Panics {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }

    impl ByteSource for Panics {
        fn size(&self) -> u64 {
            10
        }
    }

    #[test]
    fn a_panic_becomes_an_error_that_is_remembered() {
        let mut source = Guarded::new(Box::new(Panics));
        let state = source.state();
        assert!(source.read(&mut [0; 4]).is_err());
        assert_eq!(state.failure().unwrap(), "at byte 0: the reader of the source panicked");
    }

    #[test]
    fn seeks_follow_the_stated_size() {
        let mut source = Guarded::new(Box::new(Cursor::new(b"0123456789".to_vec())));
        assert_eq!(source.seek(SeekFrom::End(-3)).unwrap(), 7);
        let mut rest = Vec::new();
        source.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"789");
        assert_eq!(source.state().reached(), 10);
        assert!(source.seek(SeekFrom::Current(-11)).is_err());
        assert_eq!(source.seek(SeekFrom::Start(1000)).unwrap(), 1000);
        assert_eq!(source.read(&mut [0; 4]).unwrap(), 0);
    }
}
