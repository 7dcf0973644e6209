//! Pictures of glyphs: the tables `sbix`, and `CBDT` with its index `CBLC`. Only PNG files are taken from them.

use cosmic_text::skrifa::Tag;

use super::items::Items;
use super::tables::{Tables, number};

const CBDT: Tag = Tag::new(b"CBDT");
const CBLC: Tag = Tag::new(b"CBLC");
const SBIX: Tag = Tag::new(b"sbix");

/// How many sizes of pictures are looked at.
const MAX_STRIKES: u64 = 64;

/// The picture of a glyph, as it is in the font.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GlyphPicture {
    /// A PNG file.
    pub(crate) file: Vec<u8>,
    /// Pixels of the picture in an em, across and down. Neither is 0.
    pub(crate) per_em: (f32, f32),
    /// Pixels of the picture from the glyph's origin to its left edge.
    pub(crate) left: f32,
    pub(crate) edge: Edge,
}

/// Where a picture lies vertically.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Edge {
    /// Pixels from the baseline up to the picture's top edge.
    Top(f32),
    /// Pixels from the lower edge of the glyph's outline up to the picture's bottom edge; it also lies that much further
    /// right as the outline does.
    Bottom(f32),
}

/// The pictures of a face.
pub(crate) struct GlyphPictures<'a> {
    tables: &'a Tables,
    strikes: Vec<Strike>,
    /// All of `CBLC`; empty for `sbix`.
    index: Vec<u8>,
}

/// Pictures of one size.
struct Strike {
    per_em: (u16, u16),
    place: Place,
}

enum Place {
    /// Where in `sbix` it begins, and how many glyphs it has.
    Sbix(u64, u32),
    /// The list of its parts in `CBLC`: where it begins and how many there are.
    Cblc(u64, u64),
}

impl<'a> GlyphPictures<'a> {
    /// Reads which sizes there are. `None` for a face without pictures.
    pub(super) fn open(tables: &'a Tables) -> Option<Self> {
        tables.refill();
        let (strikes, index) = if tables.has(SBIX) {
            (sbix(tables)?, Vec::new())
        } else if tables.has(CBDT) {
            let index = tables.whole(CBLC)?;
            (cblc(&index)?, index)
        } else {
            return None;
        };
        Some(Self { tables, strikes, index })
    }

    /// The picture for letters of `em` pixels: the smallest one that needs no enlargement, else the largest one.
    pub(crate) fn read(&self, glyph: u16, em: f32) -> Option<GlyphPicture> {
        let mut strikes: Vec<&Strike> = self.strikes.iter().collect();
        strikes.sort_by_key(|strike| {
            let size = i32::from(strike.per_em.1);
            if f32::from(strike.per_em.1) < em { (1, -size) } else { (0, size) }
        });
        strikes.into_iter().find_map(|strike| self.read_from(strike, glyph))
    }

    fn read_from(&self, strike: &Strike, glyph: u16) -> Option<GlyphPicture> {
        let per_em = (f32::from(strike.per_em.0), f32::from(strike.per_em.1));
        match strike.place {
            Place::Sbix(start, count) => {
                let items = Items { count, offsets: (SBIX, start + 4), width: 4, unit: 1, data: (SBIX, start) };
                let mut data = items.read(self.tables, glyph.into())?;
                if data.get(4..8)? == b"dupe" {
                    let other = u32::try_from(number(data.get(8..10)?)).ok()?;
                    data = items.read(self.tables, other)?;
                }
                let file = data.get(8..).filter(|_| data.get(4..8) == Some(b"png "))?.to_vec();
                let side = |at: usize| Some(f32::from(i16::from_be_bytes(*data.get(at..)?.first_chunk()?)));
                Some(GlyphPicture { file, per_em, left: side(0)?, edge: Edge::Bottom(side(2)?) })
            }
            Place::Cblc(list, count) => {
                let image = self.locate(list, count, glyph)?;
                let data = self.tables.part(CBDT, image.start, image.length)?;
                let (metrics, rest) = match image.format {
                    17 => (data.get(..4)?, data.get(5..)?),
                    18 => (data.get(..4)?, data.get(8..)?),
                    19 => (image.metrics.as_slice(), data.as_slice()),
                    _ => return None,
                };
                let length = usize::try_from(number(rest.get(..4)?)).ok()?;
                let file = rest.get(4..)?.get(..length)?.to_vec();
                let signed = |at: usize| Some(f32::from(metrics.get(at)?.cast_signed()));
                Some(GlyphPicture { file, per_em, left: signed(2)?, edge: Edge::Top(signed(3)?) })
            }
        }
    }

    /// Where in `CBDT` the data of a glyph is.
    fn locate(&self, list: u64, count: u64, glyph: u16) -> Option<Image> {
        let glyph = u64::from(glyph);
        let field = |at: u64, length: u64| part(&self.index, at, length).map(number);
        let records = part(&self.index, list, count.checked_mul(8)?)?;
        let record =
            records.chunks_exact(8).find(|record| (number(&record[..2])..=number(&record[2..4])).contains(&glyph))?;
        let nth = glyph - number(&record[..2]);
        let at = list + number(&record[4..8]);
        let data = field(at + 4, 4)?;
        let format = field(at, 2)?;
        let mut metrics = Vec::new();
        // Of an array that is sorted by glyph, with entries of so many bytes.
        let search = |from: u64, entry: u64, entries: u64| {
            let entries = part(&self.index, from, entries.checked_mul(entry)?)?;
            let found =
                entries.chunks_exact(usize::try_from(entry).ok()?).position(|entry| number(&entry[..2]) == glyph)?;
            u64::try_from(found).ok()
        };
        let (start, end) = match format {
            1 => (field(at + 8 + 4 * nth, 4)?, field(at + 12 + 4 * nth, 4)?),
            3 => (field(at + 8 + 2 * nth, 2)?, field(at + 10 + 2 * nth, 2)?),
            4 => {
                let entry = at + 12 + 4 * search(at + 12, 4, field(at + 8, 4)?)?;
                (field(entry + 2, 2)?, field(entry + 6, 2)?)
            }
            2 | 5 => {
                metrics = part(&self.index, at + 12, 8)?.to_vec();
                let nth = if format == 2 { nth } else { search(at + 24, 2, field(at + 20, 4)?)? };
                let length = field(at + 8, 4)?;
                // Both are below 2^32.
                (nth * length, nth * length + length)
            }
            _ => return None,
        };
        let length = end.checked_sub(start).filter(|length| *length > 0)?;
        Some(Image { format: field(at + 2, 2)?, start: data + start, length, metrics })
    }
}

struct Image {
    format: u64,
    start: u64,
    length: u64,
    /// Of the formats that keep them in the index.
    metrics: Vec<u8>,
}

fn part(bytes: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..usize::try_from(start.checked_add(length)?).ok()?)
}

fn sbix(tables: &Tables) -> Option<Vec<Strike>> {
    let glyphs = u32::try_from(tables.number(Tag::new(b"maxp"), 4, 2)?).ok()?;
    let count = tables.number(SBIX, 4, 4)?.min(MAX_STRIKES);
    let offsets = tables.part(SBIX, 8, 4 * count)?;
    let strikes = offsets.chunks_exact(4).filter_map(|offset| {
        let start = number(offset);
        let size = u16::try_from(tables.number(SBIX, start, 2)?).ok().filter(|size| *size > 0)?;
        Some(Strike { per_em: (size, size), place: Place::Sbix(start, glyphs) })
    });
    Some(strikes.collect())
}

fn cblc(index: &[u8]) -> Option<Vec<Strike>> {
    let count = number(part(index, 4, 4)?).min(MAX_STRIKES);
    let records = part(index, 8, 48 * count)?;
    let strikes = records.chunks_exact(48).filter(|record| record[44] > 0 && record[45] > 0 && record[46] == 32);
    let strikes = strikes.map(|record| Strike {
        per_em: (record[44].into(), record[45].into()),
        place: Place::Cblc(number(&record[..4]), number(&record[8..12])),
    });
    Some(strikes.collect())
}
