//! Outlines of TrueType: the tables `glyf`, `loca` and `gvar`.

use std::collections::{BTreeMap, BTreeSet};

use cosmic_text::skrifa::Tag;
use cosmic_text::skrifa::raw::tables::glyf::Glyph;
use cosmic_text::skrifa::raw::{FontData, FontRead};

use super::items::{Items, write};
use super::tables::Tables;

const GLYF: Tag = Tag::new(b"glyf");
const GVAR: Tag = Tag::new(b"gvar");
const HEAD: Tag = Tag::new(b"head");
const LOCA: Tag = Tag::new(b"loca");

/// Where `head` says how wide the offsets of `loca` are.
const OFFSET_FORMAT: usize = 50;

/// The tables of the face with these glyphs, and those that they are made of, and no others. `head` is among them, for
/// the offsets become wider. `None` when the face has no such outlines.
pub(super) fn partial(tables: &Tables, glyphs: &BTreeSet<u16>) -> Option<Vec<(Tag, Vec<u8>)>> {
    if !tables.has(GLYF) || !tables.has(LOCA) {
        return None;
    }
    let mut head = tables.whole(HEAD)?;
    let count = u32::try_from(tables.number(Tag::new(b"maxp"), 4, 2)?).ok()?;
    let format = head.get_mut(OFFSET_FORMAT..OFFSET_FORMAT + 2)?;
    let (width, unit) = if *format == [0, 0] { (2, 2) } else { (4, 1) };
    format.copy_from_slice(&[0, 1]);
    let items = Items { count, offsets: (LOCA, 0), width, unit, data: (GLYF, 0) };
    let mut outlines = BTreeMap::new();
    let mut wanted: Vec<u32> = glyphs.iter().map(|glyph| u32::from(*glyph)).collect();
    while let Some(glyph) = wanted.pop() {
        if outlines.contains_key(&glyph) {
            continue;
        }
        // A glyph that cannot be read is as empty as a missing one.
        let outline = items.read(tables, glyph).unwrap_or_default();
        if let Ok(Glyph::Composite(composite)) = Glyph::read(FontData::new(&outline)) {
            wanted.extend(composite.components().map(|component| u32::from(component.glyph.to_u16())));
        }
        outlines.insert(glyph, outline);
    }
    let (offsets, data) = write(count, &outlines, 0)?;
    let mut made = vec![(HEAD, head), (LOCA, offsets), (GLYF, data)];
    if tables.has(GVAR) {
        made.extend(variations(tables, &outlines).or_else(|| tables.whole(GVAR)).map(|table| (GVAR, table)));
    }
    Some(made)
}

/// `gvar` with these glyphs only.
fn variations(tables: &Tables, outlines: &BTreeMap<u32, Vec<u8>>) -> Option<Vec<u8>> {
    let mut table = tables.part(GVAR, 0, 20)?;
    let field = |from: usize, to: usize| Some(super::tables::number(table.get(from..to)?));
    let count = u32::try_from(field(12, 14)?).ok()?;
    let (width, unit) = if field(14, 16)? & 1 == 0 { (2, 2) } else { (4, 1) };
    let items = Items { count, offsets: (GVAR, 20), width, unit, data: (GVAR, field(16, 20)?) };
    // Tuples of all glyphs: two bytes for each axis of each.
    let shared = tables.part(GVAR, field(8, 12)?, 2 * field(4, 6)? * field(6, 8)?)?;
    let read = outlines.keys().filter_map(|glyph| Some((*glyph, items.read(tables, *glyph)?)));
    let (offsets, data) = write(count, &read.collect(), 0)?;
    let shared_at = u32::try_from(table.len() + offsets.len()).ok()?;
    let data_at = shared_at.checked_add(u32::try_from(shared.len()).ok()?)?;
    table.get_mut(8..12)?.copy_from_slice(&shared_at.to_be_bytes());
    table.get_mut(14..16)?.copy_from_slice(&[0, 1]);
    table.get_mut(16..20)?.copy_from_slice(&data_at.to_be_bytes());
    table.extend(offsets);
    table.extend(shared);
    table.extend(data);
    Some(table)
}
