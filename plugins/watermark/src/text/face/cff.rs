//! Outlines of PostScript: the tables `CFF ` and `CFF2`.

use std::collections::btree_map::Entry as MapEntry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use cosmic_text::skrifa::raw::tables::postscript::dict::{self, Entry};
use cosmic_text::skrifa::raw::tables::postscript::{BlendState, FdSelect};
use cosmic_text::skrifa::raw::tables::variations::ItemVariationStore;
use cosmic_text::skrifa::raw::{FontData, FontRead};
use cosmic_text::skrifa::{GlyphId, Tag};

use super::items::{Items, write};
use super::tables::{Tables, number};

// Operators of dictionaries.
const CHARSTRINGS: &[u8] = &[17];
const PRIVATE: &[u8] = &[18];
const SUBROUTINES: &[u8] = &[19];
const VARIATION_INDEX: &[u8] = &[22];
const VARIATIONS: &[u8] = &[24];
const FONTS: &[u8] = &[12, 36];
const FONT_OF_GLYPH: &[u8] = &[12, 37];

/// The table with these glyphs only, and without hints, names and encodings. `None` when it is better taken whole: all
/// that is not a collection of fonts, as those for thousands of characters are, and what is unusual or damaged.
pub(super) fn partial(tables: &Tables, tag: Tag, glyphs: &BTreeSet<u16>) -> Option<Vec<u8>> {
    let source = Source::open(tables, tag)?;
    let top = Top::parse(&source.top)?;
    let charstrings = source.index(top.charstrings?)?;
    let fonts = source.index(top.fonts?)?;
    let select = match top.font_of_glyph {
        Some(at) => Some(source.select(at, charstrings.items.count)?),
        None => None,
    };
    let variations = match top.variations {
        Some(at) => Some(tables.part(tag, at, 2 + tables.number(tag, at, 2)?)?),
        None => None,
    };
    let font_of = |glyph: u16| {
        let select = FdSelect::read(FontData::new(select.as_deref()?)).ok()?;
        select.font_index(GlyphId::from(glyph))
    };
    let mut outlines = BTreeMap::new();
    let mut privates = BTreeMap::new();
    for glyph in glyphs {
        let Some(outline) = charstrings.items.read(tables, u32::from(*glyph)) else { continue };
        outlines.insert(u32::from(*glyph), outline);
        let font = u32::from(font_of(*glyph).unwrap_or(0));
        if let MapEntry::Vacant(entry) = privates.entry(font) {
            entry.insert(source.private(&fonts.items.read(tables, font)?, variations.as_deref())?);
        }
    }
    let parts = Parts {
        globals: tables.part(tag, source.globals.start, source.globals.end - source.globals.start)?,
        charstrings: source.write_index(charstrings.items.count, &outlines)?,
        select,
        variations,
        fonts: fonts.items.count,
        privates,
    };
    source.write(&parts)
}

struct Parts {
    globals: Vec<u8>,
    charstrings: Vec<u8>,
    select: Option<Vec<u8>>,
    variations: Option<Vec<u8>>,
    fonts: u32,
    privates: BTreeMap<u32, Private>,
}

/// What drawing needs of a private dictionary.
struct Private {
    variation_index: Option<u16>,
    /// A whole INDEX.
    subroutines: Option<Vec<u8>>,
}

/// The table in the host's file.
struct Source<'a> {
    tables: &'a Tables,
    tag: Tag,
    /// `CFF2`, whose counts are wider.
    second: bool,
    top: Vec<u8>,
    /// The INDEX of global subroutines.
    globals: Range<u64>,
}

/// An INDEX in the host's file.
struct Index {
    items: Items,
    end: u64,
}

impl<'a> Source<'a> {
    fn open(tables: &'a Tables, tag: Tag) -> Option<Self> {
        let second = tag == Tag::new(b"CFF2");
        let header = tables.part(tag, 0, 5)?;
        let start = u64::from(*header.get(2)?);
        let mut source = Self { tables, tag, second, top: Vec::new(), globals: 0..0 };
        let globals = if second {
            let length = number(header.get(3..5)?);
            source.top = tables.part(tag, start, length)?;
            start + length
        } else {
            let names = source.index(start)?;
            let tops = source.index(names.end)?;
            source.top = tops.items.read(tables, 0)?;
            source.index(tops.end)?.end
        };
        source.globals = globals..source.index(globals)?.end;
        Some(source)
    }

    fn count_width(&self) -> u64 {
        if self.second { 4 } else { 2 }
    }

    fn index(&self, at: u64) -> Option<Index> {
        let count = u32::try_from(self.tables.number(self.tag, at, self.count_width())?).ok()?;
        let mut offsets = at + self.count_width();
        if count == 0 {
            let items = Items { count, offsets: (self.tag, offsets), width: 1, unit: 1, data: (self.tag, offsets) };
            return Some(Index { items, end: offsets });
        }
        let width = self.tables.number(self.tag, offsets, 1).filter(|width| (1..=4).contains(width))?;
        offsets += 1;
        let last = offsets + width * u64::from(count);
        // Offsets count from the byte before the data.
        let data = last + width - 1;
        let end = data + self.tables.number(self.tag, last, width)?;
        let items = Items { count, offsets: (self.tag, offsets), width, unit: 1, data: (self.tag, data) };
        Some(Index { items, end })
    }

    /// The table that tells the font of each glyph.
    fn select(&self, at: u64, glyphs: u32) -> Option<Vec<u8>> {
        let field = |offset, length| self.tables.number(self.tag, at + offset, length);
        let length = match field(0, 1)? {
            0 => 1 + u64::from(glyphs),
            3 => 5 + 3 * field(1, 2)?,
            4 => 9 + 6 * field(1, 4)?,
            _ => return None,
        };
        self.tables.part(self.tag, at, length)
    }

    fn private(&self, font: &[u8], variations: Option<&[u8]>) -> Option<Private> {
        let mut range = None;
        for entry in dict::entries(font, None) {
            match entry.ok()? {
                Entry::PrivateDictRange(private) => range = Some(private),
                Entry::FontMatrix(..) => return None,
                _ => {}
            }
        }
        let range = range?;
        let start = u64::try_from(range.start).ok()?;
        let bytes = self.tables.part(self.tag, start, u64::try_from(range.end.checked_sub(range.start)?).ok()?)?;
        // Hints vary, so that the others are only found behind their blending.
        let store = match variations {
            Some(bytes) => Some(ItemVariationStore::read(FontData::new(bytes.get(2..)?)).ok()?),
            None => None,
        };
        let blend = match store {
            Some(store) => Some(BlendState::new(store, &[], 0).ok()?),
            None => None,
        };
        let mut private = Private { variation_index: None, subroutines: None };
        for entry in dict::entries(&bytes, blend) {
            match entry.ok()? {
                Entry::SubrsOffset(offset) => {
                    let at = start.checked_add(u64::try_from(offset).ok()?)?;
                    let end = self.index(at)?.end;
                    private.subroutines = Some(self.tables.part(self.tag, at, end - at)?);
                }
                Entry::VariationStoreIndex(index) => private.variation_index = Some(index),
                _ => {}
            }
        }
        Some(private)
    }

    fn write_index(&self, count: u32, items: &BTreeMap<u32, Vec<u8>>) -> Option<Vec<u8>> {
        let mut index = if self.second { count.to_be_bytes().to_vec() } else { count.to_be_bytes()[2..].to_vec() };
        if count > 0 {
            let (offsets, data) = write(count, items, 1)?;
            index.push(4);
            index.extend(offsets);
            index.extend(data);
        }
        Some(index)
    }

    fn write(&self, parts: &Parts) -> Option<Vec<u8>> {
        // Its length does not depend on the offsets, which are known when all else is written.
        let length = self.top_dictionary(parts, [0; 4])?.len();
        let mut table = self.head(&vec![0; length])?;
        table.extend_from_slice(&parts.globals);
        let mut places = [0; 4];
        let blocks = [Some(&parts.charstrings), parts.select.as_ref(), parts.variations.as_ref()];
        for (place, block) in places.iter_mut().zip(blocks) {
            *place = table.len();
            table.extend_from_slice(block.map_or(&[], Vec::as_slice));
        }
        let mut fonts = BTreeMap::new();
        for (font, private) in &parts.privates {
            let mut dictionary = Vec::new();
            if let Some(index) = private.variation_index {
                entry(&mut dictionary, &[usize::from(index)], VARIATION_INDEX)?;
            }
            if private.subroutines.is_some() {
                // They begin right behind the dictionary.
                let end = dictionary.len() + 5 + SUBROUTINES.len();
                entry(&mut dictionary, &[end], SUBROUTINES)?;
            }
            let mut font_dictionary = Vec::new();
            entry(&mut font_dictionary, &[dictionary.len(), table.len()], PRIVATE)?;
            fonts.insert(*font, font_dictionary);
            table.extend(dictionary);
            table.extend_from_slice(private.subroutines.as_deref().unwrap_or_default());
        }
        places[3] = table.len();
        table.extend(self.write_index(parts.fonts, &fonts)?);
        let head = self.head(&self.top_dictionary(parts, places)?)?;
        table.get_mut(..head.len())?.copy_from_slice(&head);
        Some(table)
    }

    /// All before the global subroutines.
    fn head(&self, top: &[u8]) -> Option<Vec<u8>> {
        let mut head = Vec::new();
        if self.second {
            head.extend([2, 0, 5]);
            head.extend(u16::try_from(top.len()).ok()?.to_be_bytes());
            head.extend_from_slice(top);
        } else {
            head.extend([1, 0, 4, 4]);
            head.extend(self.write_index(0, &BTreeMap::new())?);
            head.extend(self.write_index(1, &BTreeMap::from([(0, top.to_vec())]))?);
            head.extend(self.write_index(0, &BTreeMap::new())?);
        }
        Some(head)
    }

    fn top_dictionary(&self, parts: &Parts, places: [usize; 4]) -> Option<Vec<u8>> {
        let [charstrings, select, variations, fonts] = places;
        let mut top = Vec::new();
        entry(&mut top, &[charstrings], CHARSTRINGS)?;
        entry(&mut top, &[fonts], FONTS)?;
        if parts.select.is_some() {
            entry(&mut top, &[select], FONT_OF_GLYPH)?;
        }
        if parts.variations.is_some() {
            entry(&mut top, &[variations], VARIATIONS)?;
        }
        Some(top)
    }
}

/// Adds to a dictionary. Numbers are always written in five bytes.
fn entry(dictionary: &mut Vec<u8>, operands: &[usize], operator: &[u8]) -> Option<()> {
    for operand in operands {
        dictionary.push(29);
        dictionary.extend(i32::try_from(*operand).ok()?.to_be_bytes());
    }
    dictionary.extend_from_slice(operator);
    Some(())
}

/// Offsets of the top dictionary.
#[derive(Default)]
struct Top {
    charstrings: Option<u64>,
    fonts: Option<u64>,
    font_of_glyph: Option<u64>,
    variations: Option<u64>,
}

impl Top {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut top = Self::default();
        for entry in dict::entries(bytes, None) {
            let (field, offset) = match entry.ok()? {
                Entry::CharstringsOffset(offset) => (&mut top.charstrings, offset),
                Entry::FdArrayOffset(offset) => (&mut top.fonts, offset),
                Entry::FdSelectOffset(offset) => (&mut top.font_of_glyph, offset),
                Entry::VariationStoreOffset(offset) => (&mut top.variations, offset),
                Entry::FontMatrix(..) => return None,
                _ => continue,
            };
            *field = Some(u64::try_from(offset).ok()?);
        }
        Some(top)
    }
}
