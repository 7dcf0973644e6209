//! Font files of the host, of which only as much is read as a text needs.
//!
//! Shaping needs no outlines. So a face is first a font file of the tables for shaping; which glyphs a text has is known when
//! it is laid out, and then a second file is made, of the tables for drawing with the outlines of those glyphs. Both are
//! proper font files, whose glyphs keep their numbers.

mod bitmaps;
mod cff;
mod glyf;
mod items;
mod tables;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use cosmic_text::skrifa::{FontRef, Tag};
use unicode_bidi::{BidiClass, bidi_class};
use wasmux_sdk::fonts::Font;

use super::colour_layers::layers;
pub(crate) use bitmaps::{Edge, GlyphPicture, GlyphPictures};
use tables::Tables;

/// What characters, metrics and the rules of shaping need.
const SHAPING: [&[u8; 4]; 19] = [
    b"GDEF", b"GPOS", b"GSUB", b"HVAR", b"MVAR", b"OS/2", b"ankr", b"avar", b"cmap", b"feat", b"fvar", b"head",
    b"hhea", b"hmtx", b"kern", b"kerx", b"maxp", b"morx", b"trak",
];

/// Those of them that drawing needs too.
const DRAWING: [&[u8; 4]; 7] = [b"HVAR", b"avar", b"fvar", b"head", b"hhea", b"hmtx", b"maxp"];

/// Outlines that shaping may ask for.
const OUTLINES: [&[u8; 4]; 3] = [b"glyf", b"gvar", b"loca"];

/// Fonts that were read, so that several watermarks share them.
#[derive(Default)]
pub(crate) struct FontLibrary {
    loaded: Vec<Face>,
}

/// One face of a file.
#[derive(Clone)]
pub(crate) struct Face {
    pub(crate) name: String,
    index: u32,
    with_outlines: bool,
    /// A font file without outlines; empty if the host's file is none.
    pub(crate) shaping: Arc<Vec<u8>>,
    drawing: Rc<Drawing>,
}

struct Drawing {
    tables: Option<Tables>,
    /// The last file that was made, and its glyphs.
    made: RefCell<(BTreeSet<u16>, Rc<Vec<u8>>)>,
}

impl FontLibrary {
    /// Reads what shaping the text needs of a font, unless it was read before.
    pub(crate) fn load(&mut self, font: Font, text: &[String]) -> Face {
        let (name, index) = (font.name(), font.face_index());
        let with_outlines = text.iter().flat_map(|line| line.chars()).any(|c| bidi_class(c) == BidiClass::NSM);
        let same = |known: &&Face| known.name == name && known.index == index && known.with_outlines == with_outlines;
        if let Some(known) = self.loaded.iter().find(same) {
            return known.clone();
        }
        let tables = Tables::open(font);
        let shaping = tables.as_ref().and_then(|tables| shaping(tables, with_outlines)).unwrap_or_default();
        let drawing = Rc::new(Drawing { tables, made: RefCell::default() });
        let face = Face { name, index, with_outlines, shaping: Arc::new(shaping), drawing };
        self.loaded.push(face.clone());
        face
    }
}

/// Marks are put over letters by the boxes of their outlines where the font says nothing, and the widths of some variable
/// fonts are only known from how their outlines vary.
fn shaping(tables: &Tables, with_outlines: bool) -> Option<Vec<u8>> {
    let varied = tables.has(Tag::new(b"gvar")) && !tables.has(Tag::new(b"HVAR"));
    let outlines: &[_] = if with_outlines || varied { &OUTLINES } else { &[] };
    let tags = SHAPING.iter().chain(outlines).map(|tag| Tag::new(tag));
    tables.file(tags.filter_map(|tag| Some((tag, tables.whole(tag)?))).collect())
}

impl Face {
    /// A font file with the outlines of these glyphs. Empty if there is none.
    pub(crate) fn drawing(&self, glyphs: &BTreeSet<u16>) -> Rc<Vec<u8>> {
        let mut made = self.drawing.made.borrow_mut();
        if !glyphs.is_subset(&made.0) || made.1.is_empty() {
            made.0.extend(glyphs);
            let file = self.drawing.tables.as_ref().and_then(|tables| drawing(tables, &self.shaping, &made.0));
            made.1 = Rc::new(file.unwrap_or_default());
        }
        made.1.clone()
    }

    /// The glyphs that are pictures. `None` for a face without such.
    pub(crate) fn pictures(&self) -> Option<GlyphPictures<'_>> {
        GlyphPictures::open(self.drawing.tables.as_ref()?)
    }
}

fn drawing(tables: &Tables, shaping: &[u8], glyphs: &BTreeSet<u16>) -> Option<Vec<u8>> {
    tables.refill();
    let font = FontRef::new(shaping).ok()?;
    let known = DRAWING.iter().map(|tag| Tag::new(tag));
    let mut made: Vec<_> = known.filter_map(|tag| Some((tag, font.table_data(tag)?.as_bytes().to_vec()))).collect();
    // In the order in which outlines are preferred where a font has several kinds.
    made.extend([b"COLR", b"CPAL"].iter().filter_map(|tag| Some((Tag::new(tag), tables.whole(Tag::new(tag))?))));
    let mut glyphs = glyphs.clone();
    let colours = tables.file(made.clone())?;
    if let Ok(font) = FontRef::new(&colours) {
        let layers: Vec<u16> = glyphs.iter().flat_map(|glyph| layers(&font, *glyph)).map(|layer| layer.glyph).collect();
        glyphs.extend(layers);
    }
    let outlines = glyf::partial(tables, &glyphs).unwrap_or_else(|| postscript(tables, &glyphs).into_iter().collect());
    made.retain(|(tag, _)| outlines.iter().all(|(other, _)| other != tag));
    made.extend(outlines);
    tables.file(made)
}

fn postscript(tables: &Tables, glyphs: &BTreeSet<u16>) -> Option<(Tag, Vec<u8>)> {
    let tag = [Tag::new(b"CFF2"), Tag::new(b"CFF ")].into_iter().find(|tag| tables.has(*tag))?;
    Some((tag, cff::partial(tables, tag, glyphs).or_else(|| whole(tables, tag))?))
}

fn whole(tables: &Tables, tag: Tag) -> Option<Vec<u8>> {
    tables.refill();
    tables.whole(tag)
}
