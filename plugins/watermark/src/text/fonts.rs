//! The set of fonts that one text is laid out with.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use cosmic_text::fontdb::{Database, FaceInfo, ID, Source, Stretch, Style};
use cosmic_text::skrifa::{FontRef, MetadataProvider};
use cosmic_text::{Attrs, Family, FontSystem, Weight};
use unicode_script::{Script, UnicodeScript};

use super::face::{Face, GlyphPictures};
use super::is_invisible;

/// The fonts of one text, in the order in which they are asked for a glyph.
pub(crate) struct FontSet {
    pub(crate) system: FontSystem,
    pub(crate) weight: Weight,
    members: Vec<Member>,
}

struct Member {
    id: ID,
    face: Face,
    /// A name of our own: a file's names say nothing about the order that the host wants, and the layout takes fallbacks in the order of
    /// their numbers when nothing else tells them apart.
    family: String,
}

impl Member {
    fn font(&self) -> Option<FontRef<'_>> {
        FontRef::new(&self.face.shaping).ok()
    }
}

/// Whether a font has a glyph for the character.
fn has(font: &FontRef<'_>, c: char) -> bool {
    font.charmap().map(c).is_some_and(|glyph| glyph.to_u32() != 0)
}

impl FontSet {
    /// A set that asks variable fonts for this weight.
    pub(crate) fn new(weight: Weight) -> Self {
        // The locale only chooses among families by their names, which are ours.
        let system = FontSystem::new_with_locale_and_db("en-US".to_owned(), Database::new());
        Self { system, weight, members: Vec::new() }
    }

    /// Adds a face as the last one. False when it is no usable font.
    pub(crate) fn add(&mut self, face: &Face) -> bool {
        let family = format!("wasmux {}", self.members.len());
        let info = FaceInfo {
            id: ID::dummy(),
            source: Source::Binary(face.shaping.clone()),
            index: 0,
            families: vec![(family.clone(), cosmic_text::fontdb::Language::English_UnitedStates)],
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
        self.members.push(Member { id, face: face.clone(), family });
        true
    }

    /// Whether there is no font.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether any font has a glyph for the character.
    pub(crate) fn has(&self, c: char) -> bool {
        self.members.iter().filter_map(Member::font).any(|font| has(&font, c))
    }

    /// A font file with the outlines of these glyphs of a font. Empty if there is none.
    pub(crate) fn drawing(&self, id: ID, glyphs: &BTreeSet<u16>) -> Rc<Vec<u8>> {
        self.member(id).map(|member| member.face.drawing(glyphs)).unwrap_or_default()
    }

    /// The glyphs of a font that are pictures.
    pub(crate) fn pictures(&self, id: ID) -> Option<GlyphPictures<'_>> {
        self.member(id)?.face.pictures()
    }

    fn member(&self, id: ID) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// Ascent and descent of the first font, in ems; both are positive.
    pub(crate) fn line(&mut self) -> (f32, f32) {
        let font = self.members.first().and_then(|first| self.system.get_font(first.id, self.weight));
        font.map_or((1.0, 0.0), |font| {
            let metrics = font.metrics();
            let em = f32::from(metrics.units_per_em.max(1));
            ((metrics.ascent / em).max(0.0), (-metrics.descent / em).max(0.0))
        })
    }

    /// What letters of this font are shaped with.
    pub(crate) fn attributes(&self, font: usize) -> Attrs<'_> {
        let family = self.members.get(font).map_or("", |member| &member.family);
        Attrs::new().family(Family::Name(family)).weight(self.weight)
    }

    /// Words that are not written with the first font because it lacks a letter of theirs, and the first font that has them whole.
    ///
    /// Left to itself, shaping takes a letter apart that its font lacks (a Greek letter with its accent), and where the font has no place
    /// for the accent either it lands on a neighbour. A word in two fonts is no sight, besides.
    pub(crate) fn words_of_others(&self, line: &str) -> Vec<(Range<usize>, usize)> {
        let fonts: Vec<_> = self.members.iter().map(Member::font).collect();
        let holds = |font: &Option<FontRef<'_>>, word: &str| {
            font.as_ref().is_some_and(|font| word.chars().all(|c| is_invisible(c) || has(font, c)))
        };
        let other = |word: &Range<usize>| {
            let word = line.get(word.clone())?;
            fonts.iter().position(|font| holds(font, word)).filter(|font| *font > 0)
        };
        words(line).into_iter().filter_map(|word| other(&word).map(|font| (word, font))).collect()
    }
}

/// Letters of one script that follow each other, with their marks.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words: Vec<(Range<usize>, Script)> = Vec::new();
    for (at, c) in line.char_indices() {
        let (script, end) = (c.script(), at + c.len_utf8());
        let mark = script == Script::Inherited;
        match words.last_mut() {
            Some((word, known)) if word.end == at && (mark || c.is_alphabetic() && *known == script) => word.end = end,
            _ if c.is_alphabetic() && !mark => words.push((at..end, script)),
            _ => {}
        }
    }
    words.into_iter().map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_of_one_script_with_their_marks() {
        let words_of = |line: &'static str| words(line).into_iter().map(|word| &line[word]).collect::<Vec<_>>();
        assert_eq!(
            words_of("\u{3bb}\u{3b1}\u{3b3}\u{3cc}\u{3c2}, hare7x e\u{301}t\u{e9}"),
            ["\u{3bb}\u{3b1}\u{3b3}\u{3cc}\u{3c2}", "hare", "x", "e\u{301}t\u{e9}"]
        );
        assert_eq!(words_of("Bunny\u{5154}\u{43a}"), ["Bunny", "\u{5154}", "\u{43a}"]);
        assert!(words_of(" 12 \u{301}!").is_empty());
    }
}
