//! The tables of one face, read from the host piece by piece.

use std::cell::Cell;

use cosmic_text::skrifa::Tag;
use wasmux_sdk::fonts::Font;

/// Where the tables of a face lie in the host's file. Nothing outside of a table is ever read as a part of it.
pub(super) struct Tables {
    font: Font,
    version: Vec<u8>,
    pub(super) places: Vec<Place>,
    /// Bytes that may still be read. Offsets of a hostile file may name the same bytes again and again.
    left: Cell<u64>,
}

pub(super) struct Place {
    pub(super) tag: Tag,
    offset: u64,
    length: u64,
}

impl Tables {
    /// Reads the directory of the face. `None` when it is not that of a font.
    pub(super) fn open(font: Font) -> Option<Self> {
        let mut start = 0;
        let index = u64::from(font.face_index());
        let head = exact(&font, 0, 12)?;
        if head.starts_with(b"ttcf") {
            if index >= number(head.get(8..12)?) {
                return None;
            }
            start = number(&exact(&font, 12 + 4 * index, 4)?);
        } else if index != 0 {
            return None;
        }
        let head = exact(&font, start, 12)?;
        let version = head.get(..4)?.to_vec();
        let records = exact(&font, start + 12, 16 * number(head.get(4..6)?))?;
        let places = records.chunks_exact(16).map(|record| {
            let tag = Tag::new(record.first_chunk()?);
            Some(Place { tag, offset: number(record.get(8..12)?), length: number(record.get(12..16)?) })
        });
        let places = places.collect::<Option<Vec<_>>>()?;
        let tables = Self { font, version, places, left: Cell::new(0) };
        tables.refill();
        Some(tables)
    }

    /// Allows as much to be read as the file is long: what belongs together reads no byte twice.
    pub(super) fn refill(&self) {
        self.left.set(self.font.length());
    }

    fn place(&self, tag: Tag) -> Option<&Place> {
        self.places.iter().find(|place| place.tag == tag)
    }

    /// Whether the face has such a table.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.place(tag).is_some()
    }

    /// Length of a table in bytes.
    pub(super) fn length(&self, tag: Tag) -> Option<u64> {
        self.place(tag).map(|place| place.length)
    }

    /// All of a table. `None` when there is none or the file ends before it does.
    pub(super) fn whole(&self, tag: Tag) -> Option<Vec<u8>> {
        self.part(tag, 0, self.length(tag)?)
    }

    /// So many bytes of a table. `None` when it does not have them.
    pub(super) fn part(&self, tag: Tag, offset: u64, length: u64) -> Option<Vec<u8>> {
        let place = self.place(tag)?;
        if offset.checked_add(length)? > place.length {
            return None;
        }
        self.left.set(self.left.get().checked_sub(length)?);
        exact(&self.font, place.offset + offset, length)
    }

    /// An unsigned number of a table, of at most eight bytes.
    pub(super) fn number(&self, tag: Tag, offset: u64, length: u64) -> Option<u64> {
        self.part(tag, offset, length).map(|bytes| number(&bytes))
    }

    /// A font file of these tables.
    pub(super) fn file(&self, mut tables: Vec<(Tag, Vec<u8>)>) -> Option<Vec<u8>> {
        tables.sort_by_key(|(tag, _)| *tag);
        let mut file = self.version.clone();
        file.extend(u16::try_from(tables.len()).ok()?.to_be_bytes());
        // What speeds up a binary search, and which nobody reads.
        file.extend([0; 6]);
        let mut offset = 12 + 16 * tables.len();
        for (tag, bytes) in &tables {
            file.extend(tag.to_be_bytes());
            file.extend([0; 4]);
            file.extend(u32::try_from(offset).ok()?.to_be_bytes());
            file.extend(u32::try_from(bytes.len()).ok()?.to_be_bytes());
            offset += bytes.len().next_multiple_of(4);
        }
        for (_, bytes) in &tables {
            file.extend_from_slice(bytes);
            file.resize(file.len().next_multiple_of(4), 0);
        }
        Some(file)
    }
}

fn exact(font: &Font, offset: u64, length: u64) -> Option<Vec<u8>> {
    // Also keeps a huge length from being asked for at all.
    if offset.checked_add(length)? > font.length() {
        return None;
    }
    let length = u32::try_from(length).ok()?;
    Some(font.read(offset, length)).filter(|bytes| bytes.len() == length as usize)
}

/// A big-endian number.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
