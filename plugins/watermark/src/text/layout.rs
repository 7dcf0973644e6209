//! Where each glyph of a text lies.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cosmic_text::fontdb::ID;
use cosmic_text::{AttrsList, Hinting, LayoutGlyph, ShapeLine, Shaping, Wrap};
use wasmux_sdk::kernels::Bitmap;
use zeno::{Command, Point, Style};

use super::bitmaps::Scaler;
use super::face::GlyphPictures;
use super::fonts::FontSet;
use super::is_invisible;
use super::outline::Outlines;

/// A tab is as wide as this many spaces.
const TAB_WIDTH: u16 = 8;

/// A text that was laid out, in pixels from the left top corner of its box without border.
pub(crate) struct Text {
    /// The widest line's advance, or more where letters reach out of it.
    pub(crate) width: f32,
    /// All lines' heights, or more where letters reach out of them.
    pub(crate) height: f32,
    /// Whole pixels from the box's left top corner to the origin of the outlines.
    pub(crate) origin: (u32, u32),
    /// Outlines, y downwards, one group for each font: outlines of one font turn the same way, so their union is a fill of them all.
    pub(crate) outlines: Vec<Vec<Command>>,
    /// Parts of glyphs with colours of their own, RGBA, from the lowest one; `None` is the colour of the text.
    pub(crate) coloured: Vec<(Vec<Command>, Option<[u8; 4]>)>,
    /// Glyphs that are pictures, and where their left top corners lie.
    pub(crate) bitmaps: Vec<(Rc<Bitmap>, i64, i64)>,
    /// Characters that no font can draw, each once.
    pub(crate) missing: Vec<char>,
}

/// Lines without what breaks them and without control characters. One line break at the very end begins no line.
pub(crate) fn lines(content: &str) -> Vec<String> {
    let content = content.replace("\r\n", "\n");
    let mut lines: Vec<String> =
        content.split(breaks).map(|line| line.chars().filter(|c| *c == '\t' || !c.is_control()).collect()).collect();
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Everything that ends a paragraph for the bidirectional algorithm: a shaped line must be one paragraph.
fn breaks(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Lays out lines with letters of `em` pixels.
pub(crate) fn lay_out(lines: &[String], em: f32, fonts: &mut FontSet) -> Text {
    let first = fonts.line();
    let mut laid = Vec::new();
    let (mut width, mut height) = (0.0f32, 0.0f32);
    for line in lines {
        let (mut ascent, mut descent) = (first.0 * em, first.1 * em);
        let mut glyphs = Vec::new();
        let (mut advance, mut rtl) = (0.0f32, false);
        if !line.is_empty() {
            let mut attributes = AttrsList::new(&fonts.attributes(0));
            for (word, font) in fonts.words_of_others(line) {
                attributes.add_span(word, &fonts.attributes(font));
            }
            let shaped = ShapeLine::new(&mut fonts.system, line, &attributes, Shaping::Advanced, TAB_WIDTH);
            rtl = shaped.rtl;
            for part in shaped.layout(em, None, Wrap::None, None, None, Hinting::Disabled) {
                ascent = ascent.max(part.max_ascent);
                descent = descent.max(part.max_descent);
                advance = advance.max(part.w);
                glyphs.extend(part.glyphs);
            }
        }
        // On a whole pixel, so that the feet of letters are sharp.
        let baseline = (height + ascent).round();
        height += ascent + descent;
        width = width.max(advance);
        laid.push(Line { text: line, glyphs, baseline, advance, rtl });
    }
    let mut text = Text {
        width,
        height,
        origin: (0, 0),
        outlines: Vec::new(),
        coloured: Vec::new(),
        bitmaps: Vec::new(),
        missing: Vec::new(),
    };
    outline(&laid, &mut text, fonts);
    text.hold_letters();
    text
}

impl Text {
    /// The smallest and largest coordinates of all letters. `None` without letters.
    #[expect(clippy::cast_precision_loss, reason = "no text is so large")]
    pub(crate) fn bounds(&self) -> Option<(Point, Point)> {
        let coloured = self.coloured.iter().map(|(part, _)| part);
        let groups = self.outlines.iter().chain(coloured).filter(|group| !group.is_empty());
        let bounds = groups.map(|group| zeno::bounds(group, Style::default(), None));
        let bitmaps = self.bitmaps.iter().map(|(bitmap, x, y)| {
            let min = Point::new(*x as f32, *y as f32);
            (min, Point::new(min.x + bitmap.width() as f32, min.y + bitmap.height() as f32))
        });
        bounds.map(|bounds| (bounds.min, bounds.max)).chain(bitmaps).reduce(|a, b| {
            (Point::new(a.0.x.min(b.0.x), a.0.y.min(b.0.y)), Point::new(a.1.x.max(b.1.x), a.1.y.max(b.1.y)))
        })
    }

    /// Makes the box as large as what is drawn in it, so that at the frame's edge nothing is cut off.
    fn hold_letters(&mut self) {
        let Some((min, max)) = self.bounds() else { return };
        self.origin = (beyond(-min.x), beyond(-min.y));
        self.width = self.width.max(self.width + beyond(max.x - self.width.ceil()) as f32) + self.origin.0 as f32;
        self.height = self.height.max(self.height + beyond(max.y - self.height.ceil()) as f32) + self.origin.1 as f32;
    }
}

/// Whole pixels of what reaches out of the box so far. What would hardly be seen does not count.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn beyond(length: f32) -> u32 {
    (length - 1.0 / 64.0).ceil().clamp(0.0, 1e6) as u32
}

/// The nearest whole pixel: pictures would only lose by lying between pixels.
#[expect(clippy::cast_possible_truncation, reason = "clamped")]
fn whole(place: f32) -> i64 {
    // Hostile fonts put things anywhere.
    place.clamp(-1e9, 1e9).round() as i64
}

struct Line<'a> {
    text: &'a str,
    glyphs: Vec<LayoutGlyph>,
    baseline: f32,
    advance: f32,
    rtl: bool,
}

fn outline(lines: &[Line<'_>], text: &mut Text, fonts: &FontSet) {
    let mut wanted: BTreeMap<ID, BTreeSet<u16>> = BTreeMap::new();
    for glyph in lines.iter().flat_map(|line| &line.glyphs).filter(|glyph| glyph.glyph_id != 0) {
        wanted.entry(glyph.font_id).or_default().insert(glyph.glyph_id);
    }
    let files: Vec<(ID, Rc<Vec<u8>>)> = wanted.iter().map(|(id, glyphs)| (*id, fonts.drawing(*id, glyphs))).collect();
    let outlines: Vec<(ID, Outlines<'_>)> =
        files.iter().filter_map(|(id, file)| Some((*id, Outlines::new(file, fonts.weight)?))).collect();
    let pictures: Vec<(ID, GlyphPictures<'_>)> =
        wanted.keys().filter_map(|id| Some((*id, fonts.pictures(*id)?))).collect();
    let mut scaler = Scaler::default();
    let mut groups: Vec<Vec<Command>> = outlines.iter().map(|_| Vec::new()).collect();
    for line in lines {
        let start = if line.rtl { text.width - line.advance } else { 0.0 };
        for glyph in &line.glyphs {
            let x = start + glyph.x + glyph.font_size * glyph.x_offset;
            let y = line.baseline + glyph.y - glyph.font_size * glyph.y_offset;
            let at = Point::new(x, y);
            let font = outlines
                .iter()
                .position(|(id, _)| *id == glyph.font_id)
                .map(|index| (&outlines[index].1, &mut groups[index]));
            if let Some((outlines, _)) = &font {
                let before = text.coloured.len();
                for layer in outlines.layers(glyph.glyph_id) {
                    let mut part = Vec::new();
                    if outlines.draw(layer.glyph, glyph.font_size, at, &mut part) {
                        text.coloured.push((part, layer.colour));
                    }
                }
                if text.coloured.len() > before {
                    continue;
                }
            }
            if let Some((_, pictures)) = pictures.iter().find(|(id, _)| *id == glyph.font_id && glyph.glyph_id != 0) {
                let key = (glyph.font_id, glyph.glyph_id);
                let corner = font.as_ref().map(|(outlines, _)| outlines.corner(key.1));
                let read = || pictures.read(key.1, glyph.font_size);
                if let Some(scaled) = scaler.scaled(key, glyph.font_size, corner.unwrap_or_default(), read) {
                    text.bitmaps.push((scaled.bitmap, whole(x + scaled.left), whole(y + scaled.top)));
                    continue;
                }
            }
            let drawn = font.is_some_and(|(outlines, group)| {
                glyph.glyph_id != 0 && outlines.draw(glyph.glyph_id, glyph.font_size, at, group)
            });
            if drawn {
                continue;
            }
            let cluster = line.text.get(glyph.start..glyph.end).unwrap_or_default();
            for c in cluster.chars().filter(|c| !is_invisible(*c)) {
                if !text.missing.contains(&c) {
                    text.missing.push(c);
                }
            }
        }
    }
    text.outlines = groups;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_break() {
        assert_eq!(lines("a\nb\r\nc\rd\u{2028}e\u{85}f"), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(lines("a\n\nb\n"), ["a", "", "b"]);
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("a\u{0}\u{7}\tb"), ["a\tb"]);
    }
}
