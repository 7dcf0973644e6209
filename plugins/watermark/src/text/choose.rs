//! Which fonts a text is written with.

use cosmic_text::Weight;
use wasmux_sdk::{Error, fonts, report};

use super::face::{Face, FontLibrary};
use super::fonts::FontSet;
use super::is_invisible;

/// The named font first, then as few others as cover the characters that it lacks. A name that the host does not know is a
/// warning; no usable font at all is an error.
pub(crate) fn choose(name: &str, lines: &[String], library: &mut FontLibrary, path: &str) -> Result<FontSet, Error> {
    let mut set = FontSet::new(if name.contains("Bold") { Weight::BOLD } else { Weight::NORMAL });
    let named = fonts::find(name).map(|font| library.load(font, lines)).filter(|face| add(&mut set, face, path));
    let mut lacking: Vec<char> = lines.iter().flat_map(|line| line.chars()).filter(|c| !is_invisible(*c)).collect();
    lacking.sort_unstable();
    lacking.dedup();
    lacking.retain(|c| !set.has(*c));
    let mut substitute = None;
    if !lacking.is_empty() {
        for font in fonts::covering(&lacking.iter().collect::<String>()) {
            let face = library.load(font, lines);
            if add(&mut set, &face, path) {
                substitute.get_or_insert(face.name);
            }
        }
    }
    let field = format!("{path}.FontName");
    if set.is_empty() {
        let message = format!(
            "font `{name}` is not available and no other font of this host has a glyph of the text: install a font or name one in the config"
        );
        return Err(Error::new("NoFont", message).field(field));
    }
    if named.is_none() {
        let substitute = substitute.unwrap_or_default();
        report::warning(
            "FontUnavailable",
            &field,
            &format!("font `{name}` is not available; `{substitute}` is used instead"),
        );
    }
    Ok(set)
}

fn add(set: &mut FontSet, face: &Face, path: &str) -> bool {
    let usable = set.add(face);
    if !usable {
        let message =
            format!("font `{}` of the host is no usable TrueType or OpenType font and is passed over", face.name);
        report::warning("FontDamaged", &format!("{path}.FontName"), &message);
    }
    usable
}
