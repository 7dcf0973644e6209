//! The set of fonts that one text is laid out with.

use std::collections::BTreeSet;
use std::rc::Rc;

use cosmic_text::fontdb::{Database, FaceInfo, ID, Source, Stretch, Style};
use cosmic_text::skrifa::{FontRef, MetadataProvider};
use cosmic_text::{Attrs, Family, FontSystem, Weight};

use super::face::{Face, GlyphPictures};

/// The fonts of one text, in the order in which they are asked for a glyph.
pub(crate) struct FontSet {
    pub(crate) system: FontSystem,
    pub(crate) weight: Weight,
    faces: Vec<(ID, Face)>,
}

/// The family of the first face. The faces get families of our own: a file's names say nothing about the order that the
/// host wants, and the layout takes fallbacks in the order of their numbers when nothing else tells them apart.
const FIRST: &str = "wasmux 0";

impl FontSet {
    /// A set that asks variable fonts for this weight.
    pub(crate) fn new(weight: Weight) -> Self {
        // The locale only chooses among families by their names, which are ours.
        let system = FontSystem::new_with_locale_and_db("en-US".to_owned(), Database::new());
        Self { system, weight, faces: Vec::new() }
    }

    /// Adds a face as the last one. False when it is no usable font.
    pub(crate) fn add(&mut self, face: &Face) -> bool {
        let info = FaceInfo {
            id: ID::dummy(),
            source: Source::Binary(face.shaping.clone()),
            index: 0,
            families: vec![(
                format!("wasmux {}", self.faces.len()),
                cosmic_text::fontdb::Language::English_UnitedStates,
            )],
            post_script_name: String::new(),
            style: Style::Normal,
            weight: self.weight,
            stretch: Stretch::Normal,
            monospaced: false,
        };
        let id = self.system.db_mut().push_face_info(info);
        if self.system.get_font(id, self.weight).is_none() {
            self.system.db_mut().remove_face(id);
            return false;
        }
        self.faces.push((id, face.clone()));
        true
    }

    /// Whether there is no font.
    pub(crate) fn is_empty(&self) -> bool {
        self.faces.is_empty()
    }

    /// Whether any font has a glyph for the character.
    pub(crate) fn has(&self, c: char) -> bool {
        let fonts = self.faces.iter().filter_map(|(_, face)| FontRef::new(&face.shaping).ok());
        fonts.into_iter().any(|font| font.charmap().map(c).is_some_and(|glyph| glyph.to_u32() != 0))
    }

    /// A font file with the outlines of these glyphs of a font. Empty if there is none.
    pub(crate) fn drawing(&self, id: ID, glyphs: &BTreeSet<u16>) -> Rc<Vec<u8>> {
        let face = self.faces.iter().find(|(known, _)| *known == id);
        face.map(|(_, face)| face.drawing(glyphs)).unwrap_or_default()
    }

    /// The glyphs of a font that are pictures.
    pub(crate) fn pictures(&self, id: ID) -> Option<GlyphPictures<'_>> {
        self.faces.iter().find(|(known, _)| *known == id)?.1.pictures()
    }

    /// Ascent and descent of the first font, in ems; both are positive.
    pub(crate) fn line(&mut self) -> (f32, f32) {
        let font = self.faces.first().and_then(|(id, _)| self.system.get_font(*id, self.weight));
        font.map_or((1.0, 0.0), |font| {
            let metrics = font.metrics();
            let em = f32::from(metrics.units_per_em.max(1));
            ((metrics.ascent / em).max(0.0), (-metrics.descent / em).max(0.0))
        })
    }

    /// What a text is shaped with.
    pub(crate) fn attributes(&self) -> Attrs<'static> {
        Attrs::new().family(Family::Name(FIRST)).weight(self.weight)
    }
}
