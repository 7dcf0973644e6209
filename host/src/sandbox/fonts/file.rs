//! A font's file, of which only what is asked for is read: a collection of Chinese fonts has 20 MB, and a text needs a hundredth of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use ttf_parser::{Face, RawFaceTables};

/// Largest font file, in bytes.
const MAX_FILE: u64 = 128 << 20;
/// Largest of the tables that are kept, in bytes: all characters of Unicode fit into it.
const MAX_TABLE: u32 = 16 << 20;
/// Most faces of a collection.
const MAX_FACES: u32 = 1000;
/// How a collection begins.
const COLLECTION: &[u8] = b"ttcf";

/// An open file.
#[derive(Debug)]
pub(super) struct FontFile {
    file: File,
    length: u64,
    /// Where its faces begin.
    faces: Vec<u32>,
}

/// The tables of a face that say who it is and which characters it has.
pub(super) struct Tables {
    head: Vec<u8>,
    hhea: Vec<u8>,
    maxp: Vec<u8>,
    name: Vec<u8>,
    cmap: Vec<u8>,
}

impl Tables {
    /// The face, as far as these tables go.
    pub(super) fn face(&self) -> Option<Face<'_>> {
        let tables = RawFaceTables {
            head: &self.head,
            hhea: &self.hhea,
            maxp: &self.maxp,
            name: Some(&self.name),
            cmap: Some(&self.cmap),
            ..RawFaceTables::default()
        };
        Face::from_raw_tables(tables).ok()
    }
}

impl FontFile {
    /// Opens a file. The error is a sentence part.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{} cannot be read: {error}", path.display());
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length > MAX_FILE {
            return Err(format!("{} has more than {MAX_FILE} bytes", path.display()));
        }
        let mut opened = Self { file, length, faces: vec![0] };
        opened.faces = opened.find_faces().map_err(failed)?;
        Ok(opened)
    }

    fn find_faces(&self) -> io::Result<Vec<u32>> {
        let head = self.bytes(0, 12)?;
        if head.get(..4) != Some(COLLECTION) {
            return Ok(vec![0]);
        }
        let count = number(&head, 8)?.min(MAX_FACES);
        let offsets = self.bytes(12, count as usize * 4)?;
        (0..count as usize).map(|face| number(&offsets, face * 4)).collect()
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many faces it has.
    pub(super) fn faces(&self) -> usize {
        self.faces.len()
    }

    /// Bytes from this place on, fewer where the file ends.
    pub(super) fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let there = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        self.bytes(offset, length.min(there))
    }

    fn bytes(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// The tables of a face; `None` where it lacks one of them.
    pub(super) fn tables(&self, face: usize) -> Option<Tables> {
        let begin = u64::from(*self.faces.get(face)?);
        let head = self.bytes(begin, 12).ok()?;
        let count = u16::from_be_bytes(head.get(4..6)?.try_into().ok()?);
        let records = self.bytes(begin + 12, usize::from(count) * 16).ok()?;
        let table = |tag: &[u8]| {
            let record = records.chunks_exact(16).find(|record| record.starts_with(tag))?;
            let (offset, length) = (number(record, 8).ok()?, number(record, 12).ok()?);
            (length <= MAX_TABLE).then(|| self.bytes(u64::from(offset), length as usize).ok())?
        };
        Some(Tables {
            head: table(b"head")?,
            hhea: table(b"hhea")?,
            maxp: table(b"maxp")?,
            name: table(b"name")?,
            cmap: table(b"cmap")?,
        })
    }
}

fn number(bytes: &[u8], at: usize) -> io::Result<u32> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map(u32::from_be_bytes).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
