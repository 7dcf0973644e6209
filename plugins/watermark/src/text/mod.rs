//! Watermarks of type `text`.
//!
//! Owns the choice of fonts, the layout and the drawing of letters and their border. Promises the same pixels for the same
//! fonts and parameters, on every machine: nothing is hinted and nothing of the system is read.
//!
//! The box of a text, which `Dx` and `Dy` place like a picture, is its widest line's advance wide and its lines' heights
//! high, and larger where letters reach out of that; grown by the border on every side. Both are rounded up to whole pixels. So
//! nothing leaves the frame where the box does not, and a border moves the letters by its width and not more. A line's height is the ascent and descent
//! of the tallest font in it, and at least of the first font. Left-to-right lines begin at the box's left edge,
//! right-to-left lines at its right edge. Glyphs with layers of colours (`COLR` version 0) keep these, and have the border of all
//! others; `FontColor` is only used where a layer asks for the colour of the text. Glyphs that are pictures (`CBDT`, `sbix`) are
//! scaled to the size of the letters and have no border. There is no wrapping: only the text's own line breaks begin a line.

mod bitmaps;
mod choose;
mod colour_layers;
mod face;
mod fonts;
mod layout;
mod outline;
mod paint;

use wasmux_sdk::{Error, Setup, report};

use crate::colour;
use crate::draw::Drawing;
use crate::parameters::{Watermark, invalid};
use crate::place::place;

pub(crate) use face::FontLibrary;

/// How many characters a warning names.
const NAMED: usize = 16;

/// Lays out, places and draws the text. `None`, with a warning, when there is nothing to draw.
pub(crate) fn draw(
    watermark: &Watermark,
    setup: &Setup,
    path: &str,
    library: &mut FontLibrary,
) -> Result<Option<Drawing>, Error> {
    let em = watermark.em(path)?;
    let border = watermark.border(path)?;
    let style = paint::Style {
        fill: colour_of(&watermark.font_color, path, "FontColor")?,
        edge: colour_of(&watermark.border_color, path, "BorderColor")?,
        border,
        opacity: watermark.opacity(path)?,
    };
    let lines = layout::lines(&watermark.content);
    if lines.iter().all(|line| line.chars().all(char::is_whitespace)) {
        report::warning("Empty", &format!("{path}.Content"), "the text is empty, so nothing is drawn");
        return Ok(None);
    }
    let mut fonts = choose::choose(watermark.font(), &lines, library, path)?;
    let text = layout::lay_out(&lines, em, &mut fonts);
    if !text.missing.is_empty() {
        report::warning("MissingGlyphs", &format!("{path}.Content"), &missing(&text.missing));
    }
    let size = (side(text.width, border), side(text.height, border));
    if size.0 > setup.width() {
        let message = format!(
            "the text is {} pixels wide and the frame {}, so not all of it can be seen: a smaller FontSize or line breaks help",
            size.0,
            setup.width()
        );
        report::warning("TextTooWide", &format!("{path}.Content"), &message);
    }
    let Some(place) = place(watermark, size, setup, path)? else { return Ok(None) };
    let drawing = paint::paint(&text, &style, &place, setup);
    if drawing.is_none() {
        report::warning("OutsideFrame", path, "no letter of the text is in the frame, so nothing is drawn");
    }
    Ok(drawing)
}

fn colour_of(value: &str, path: &str, field: &str) -> Result<[u8; 3], Error> {
    colour::parse(value).ok_or_else(|| {
        let message =
            format!("{field} `{value}` is no colour: allowed are #RRGGBB and the colour names of CSS, such as `red`");
        invalid(path, field, message)
    })
}

/// Whole pixels of a side of the box. Layouts are far below the limit; hostile fonts may not be.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn side(length: f32, border: u32) -> u32 {
    (length.ceil().clamp(0.0, 1e8) as u32).saturating_add(2 * border)
}

fn missing(characters: &[char]) -> String {
    let named: Vec<String> =
        characters.iter().take(NAMED).map(|&c| format!("`{c}` (U+{:04X})", u32::from(c))).collect();
    let more = characters.len().saturating_sub(NAMED);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("no font of this host has an outline for {}{rest}; a gap is left there", named.join(", "))
}

/// Whether nothing is to be seen of a character in any font, so that no font needs it.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_names_some_characters_and_counts_the_rest() {
        assert_eq!(
            missing(&['a', '字']),
            "no font of this host has an outline for `a` (U+0061), `字` (U+5B57); a gap is left there"
        );
        assert!(missing(&['x'; 20]).contains("and 4 more"));
    }

    #[test]
    fn sides_are_bounded() {
        assert_eq!(side(10.1, 3), 17);
        assert_eq!(side(f32::INFINITY, 4096), 100_008_192);
        assert_eq!(side(f32::NAN, 0), 0);
    }
}
