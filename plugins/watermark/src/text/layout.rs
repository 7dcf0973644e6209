//! Where each glyph of a text lies.

use cosmic_text::{AttrsList, CacheKey, CacheKeyFlags, Hinting, LayoutGlyph, ShapeLine, Shaping, SwashCache, Wrap};
use zeno::{Command, Point};

use super::fonts::FontSet;
use super::is_invisible;

/// A tab is as wide as this many spaces.
const TAB_WIDTH: u16 = 8;

/// A text that was laid out, in pixels from the left top corner of its box without border.
pub(crate) struct Text {
    /// The widest line's advance.
    pub(crate) width: f32,
    /// All lines' heights.
    pub(crate) height: f32,
    /// Outlines, y downwards, one group for each font: outlines of one font turn the same way, so their union is a fill of them all.
    pub(crate) outlines: Vec<Vec<Command>>,
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
    let attributes = AttrsList::new(&fonts.attributes());
    let first = fonts.line();
    let mut laid = Vec::new();
    let (mut width, mut height) = (0.0f32, 0.0f32);
    for line in lines {
        let (mut ascent, mut descent) = (first.0 * em, first.1 * em);
        let mut glyphs = Vec::new();
        let (mut advance, mut rtl) = (0.0f32, false);
        if !line.is_empty() {
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
    let mut text = Text { width, height, outlines: Vec::new(), missing: Vec::new() };
    outline(&laid, &mut text, fonts);
    text
}

struct Line<'a> {
    text: &'a str,
    glyphs: Vec<LayoutGlyph>,
    baseline: f32,
    advance: f32,
    rtl: bool,
}

fn outline(lines: &[Line<'_>], text: &mut Text, fonts: &mut FontSet) {
    let mut cache = SwashCache::new();
    let mut groups = Vec::new();
    for line in lines {
        let start = if line.rtl { text.width - line.advance } else { 0.0 };
        for glyph in &line.glyphs {
            let key = CacheKey::new(
                glyph.font_id,
                glyph.glyph_id,
                glyph.font_size,
                (0.0, 0.0),
                glyph.font_weight,
                CacheKeyFlags::DISABLE_HINTING,
            )
            .0;
            let outline = match glyph.glyph_id {
                0 => None,
                _ => cache.get_outline_commands(&mut fonts.system, key).filter(|commands| !commands.is_empty()),
            };
            let Some(outline) = outline else {
                let cluster = line.text.get(glyph.start..glyph.end).unwrap_or_default();
                for c in cluster.chars().filter(|c| !is_invisible(*c)) {
                    if !text.missing.contains(&c) {
                        text.missing.push(c);
                    }
                }
                continue;
            };
            let x = start + glyph.x + glyph.font_size * glyph.x_offset;
            let y = line.baseline + glyph.y - glyph.font_size * glyph.y_offset;
            let group = groups.iter().position(|id| *id == glyph.font_id).unwrap_or_else(|| {
                groups.push(glyph.font_id);
                text.outlines.push(Vec::new());
                groups.len() - 1
            });
            if let Some(group) = text.outlines.get_mut(group) {
                group.extend(outline.iter().map(|command| moved(command, x, y)));
            }
        }
    }
}

/// From the font's upward axis to the picture's downward one, at its place.
fn moved(command: &Command, x: f32, y: f32) -> Command {
    let to = |point: &Point| Point::new(x + point.x, y - point.y);
    match command {
        Command::MoveTo(end) => Command::MoveTo(to(end)),
        Command::LineTo(end) => Command::LineTo(to(end)),
        Command::QuadTo(control, end) => Command::QuadTo(to(control), to(end)),
        Command::CurveTo(first, second, end) => Command::CurveTo(to(first), to(second), to(end)),
        Command::Close => Command::Close,
    }
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
