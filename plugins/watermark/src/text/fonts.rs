//! Font files of the host, and the set of them that one text is laid out with.

use std::sync::Arc;

use cosmic_text::fontdb::{Database, FaceInfo, ID, Source, Stretch, Style};
use cosmic_text::{Attrs, Family, FontSystem, Weight};
use wasmux_sdk::fonts;

/// Files that were read, so that several watermarks share them: a collection may have 20 MB.
#[derive(Default)]
pub(crate) struct FontLibrary {
    loaded: Vec<Face>,
}

/// One face of a file.
#[derive(Clone)]
pub(crate) struct Face {
    pub(crate) name: String,
    index: u32,
    data: Arc<Vec<u8>>,
}

impl FontLibrary {
    /// Reads a font unless it was read before.
    pub(crate) fn load(&mut self, font: &fonts::Font) -> Face {
        let (name, index) = (font.name(), font.face_index());
        if let Some(known) = self.loaded.iter().find(|known| known.name == name && known.index == index) {
            return known.clone();
        }
        let face = Face { name, index, data: Arc::new(font.read_all()) };
        self.loaded.push(face.clone());
        face
    }
}

/// The fonts of one text, in the order in which they are asked for a glyph.
pub(crate) struct FontSet {
    pub(crate) system: FontSystem,
    pub(crate) weight: Weight,
    ids: Vec<ID>,
}

/// The family of the first face. The faces get families of our own: a file's names say nothing about the order that the
/// host wants, and the layout takes fallbacks in the order of their numbers when nothing else tells them apart.
const FIRST: &str = "wasmux 0";

impl FontSet {
    /// A set that asks variable fonts for this weight.
    pub(crate) fn new(weight: Weight) -> Self {
        // The locale only chooses among families by their names, which are ours.
        let system = FontSystem::new_with_locale_and_db("en-US".to_owned(), Database::new());
        Self { system, weight, ids: Vec::new() }
    }

    /// Adds a face as the last one. False when it is no usable font.
    pub(crate) fn add(&mut self, face: &Face) -> bool {
        let info = FaceInfo {
            id: ID::dummy(),
            source: Source::Binary(face.data.clone()),
            index: face.index,
            families: vec![(format!("wasmux {}", self.ids.len()), cosmic_text::fontdb::Language::English_UnitedStates)],
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
        self.ids.push(id);
        true
    }

    /// Whether there is no font.
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether any font has a glyph for the character.
    pub(crate) fn has(&mut self, c: char) -> bool {
        let weight = self.weight;
        let mut fonts = self.ids.iter().filter_map(|id| self.system.get_font(*id, weight));
        fonts.any(|font| font.as_swash().charmap().map(c) != 0)
    }

    /// Ascent and descent of the first font, in ems; both are positive.
    pub(crate) fn line(&mut self) -> (f32, f32) {
        let font = self.ids.first().and_then(|id| self.system.get_font(*id, self.weight));
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
