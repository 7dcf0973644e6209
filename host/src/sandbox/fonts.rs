//! The fonts of the host: names, files, faces, and which characters they have.

mod file;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use ttf_parser::{Face, name_id};

use file::{FontFile, Tables};

/// With more fonts than this, [`Fonts::covering`] takes fonts greedily instead of trying all sets.
const EXACT: usize = 12;

/// Where Debian's packages fonts-noto-cjk, fonts-noto-color-emoji and fonts-dejavu-core put their files.
const NOTO: &str = "/usr/share/fonts/opentype/noto";
const EMOJI: &str = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf";
const DEJAVU: &str = "/usr/share/fonts/truetype/dejavu";

/// One configured font.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FontConfig {
    /// The name under which parameters ask for it (`FontName` of a watermark).
    pub name: String,
    /// The file; of several the first that exists.
    pub files: Vec<PathBuf>,
    /// Which face of a collection, by its full name; absent: the first face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<String>,
}

impl FontConfig {
    fn new(name: &str, file: String, face: Option<&str>) -> Self {
        Self { name: name.to_owned(), files: vec![file.into()], face: face.map(str::to_owned) }
    }

    /// The four names that the API documents for `FontName`, served by the Noto CJK fonts (the same design as Source Han), and
    /// Noto Color Emoji, where it is installed, and DejaVu Sans for what those lack. The emoji come first, because DejaVu Sans has
    /// some of them without colours.
    pub fn defaults() -> Vec<Self> {
        let emoji = Self::new("NotoColorEmoji", EMOJI.to_owned(), None);
        let mut fonts = vec![
            Self::new("SourceHanSans-Regular", format!("{NOTO}/NotoSansCJK-Regular.ttc"), Some("Noto Sans CJK SC")),
            Self::new("SourceHanSans-Bold", format!("{NOTO}/NotoSansCJK-Bold.ttc"), Some("Noto Sans CJK SC Bold")),
            Self::new("SourceHanSerif-Regular", format!("{NOTO}/NotoSerifCJK-Regular.ttc"), Some("Noto Serif CJK SC")),
            Self::new("SourceHanSerif-Bold", format!("{NOTO}/NotoSerifCJK-Bold.ttc"), Some("Noto Serif CJK SC Bold")),
        ];
        fonts.extend(Some(emoji).filter(|emoji| emoji.files.iter().any(|file| file.is_file())));
        fonts.push(Self::new("DejaVuSans", format!("{DEJAVU}/DejaVuSans.ttf"), None));
        fonts
    }
}

/// One face of one font file, shared by all guests.
#[derive(Clone)]
pub struct Font {
    file: Arc<FontFile>,
    tables: Arc<Tables>,
    /// Which face of the file.
    pub(super) face_index: u32,
    /// The full name in the file, such as `Noto Sans CJK SC Bold`.
    pub(super) full_name: Arc<str>,
}

impl Font {
    /// Length of the file in bytes.
    pub fn length(&self) -> u64 {
        self.file.length()
    }

    /// Its name in the file, such as `Noto Sans CJK SC Bold`.
    pub fn name(&self) -> &str {
        &self.full_name
    }

    /// Which face of the file it is.
    pub fn face_index(&self) -> u32 {
        self.face_index
    }

    /// Whether it has a glyph of its own for this character.
    pub fn covers(&self, c: char) -> bool {
        self.face().is_some_and(|face| face.glyph_index(c).is_some())
    }

    /// Bytes of the file from this place on, fewer where it ends.
    pub fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.file.read(offset, length)
    }

    fn face(&self) -> Option<Face<'_>> {
        self.tables.face()
    }
}

impl fmt::Debug for Font {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Font").field("name", &self.full_name).field("face", &self.face_index).finish_non_exhaustive()
    }
}

struct Entry {
    config: FontConfig,
    loaded: OnceLock<Option<Font>>,
}

/// The configured fonts, in their order. Files are opened when a font is first asked for, and each once.
pub struct Fonts {
    entries: Vec<Entry>,
    files: Mutex<HashMap<PathBuf, Arc<FontFile>>>,
}

impl Fonts {
    /// Fonts of these names. The same name twice: the first counts.
    pub fn new(config: Vec<FontConfig>) -> Self {
        let entries = config.into_iter().map(|config| Entry { config, loaded: OnceLock::new() }).collect();
        Self { entries, files: Mutex::default() }
    }

    /// These fonts and the [defaults](FontConfig::defaults) whose names they do not take. They come first where several could write a text.
    pub fn with_defaults(mut config: Vec<FontConfig>) -> Self {
        let defaults = FontConfig::defaults().into_iter();
        let more: Vec<_> = defaults.filter(|font| config.iter().all(|given| given.name != font.name)).collect();
        config.extend(more);
        Self::new(config)
    }

    /// All names, whether the files are there or not.
    pub fn names(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.config.name.clone()).collect()
    }

    /// The font of that name, when its file is there and can be read.
    pub fn find(&self, name: &str) -> Option<Font> {
        self.entries.iter().find(|entry| entry.config.name == name).and_then(|entry| self.loaded(entry))
    }

    /// The fewest fonts that together have a glyph for every character that any font has; of equally few the earlier ones.
    /// Empty where no font has any of the characters.
    pub fn covering(&self, text: &str) -> Vec<Font> {
        let wanted: BTreeSet<char> = text.chars().filter(|c| !c.is_control()).collect();
        let mut fonts: Vec<(Font, Vec<bool>)> = Vec::new();
        for entry in &self.entries {
            let Some(font) = self.loaded(entry) else { continue };
            let Some(face) = font.face() else { continue };
            let has: Vec<bool> = wanted.iter().map(|c| face.glyph_index(*c).is_some()).collect();
            if has.iter().all(|has| *has) && fonts.is_empty() {
                // The first font alone is the best answer there can be, and the others need not be read.
                return if has.is_empty() { Vec::new() } else { vec![font] };
            }
            fonts.push((font, has));
        }
        let chosen = fewest(&fonts.iter().map(|(_, has)| has.as_slice()).collect::<Vec<_>>());
        chosen.into_iter().filter_map(|index| fonts.get(index).map(|(font, _)| font.clone())).collect()
    }

    /// The files that may be read, where they are there.
    pub fn files(&self) -> Vec<PathBuf> {
        let files = self.entries.iter().flat_map(|entry| &entry.config.files);
        files.filter_map(|file| file.canonicalize().ok()).collect()
    }

    fn loaded(&self, entry: &Entry) -> Option<Font> {
        let load = || match self.load(&entry.config) {
            Ok(font) => Some(font),
            Err(reason) => {
                tracing::warn!(font = entry.config.name, reason, "this font is not usable");
                None
            }
        };
        entry.loaded.get_or_init(load).clone()
    }

    fn load(&self, config: &FontConfig) -> Result<Font, String> {
        let path = config.files.iter().find(|path| path.is_file()).ok_or_else(|| {
            let paths: Vec<_> = config.files.iter().map(|path| path.display().to_string()).collect();
            format!("there is no file {}", paths.join(" or "))
        })?;
        let file = self.file(path)?;
        let mut names = Vec::new();
        for index in 0..file.faces() {
            let tables = file.tables(index);
            let face = tables.as_ref().and_then(Tables::face);
            let name = face.as_ref().and_then(full_name);
            let wanted = face.is_some() && (config.face.is_none() || name.is_some() && name == config.face);
            let name = name.unwrap_or_else(|| config.name.clone());
            if let Some(tables) = tables.filter(|_| wanted) {
                let face_index = u32::try_from(index).unwrap_or(u32::MAX);
                return Ok(Font { file, tables: Arc::new(tables), face_index, full_name: name.into() });
            }
            names.push(name);
        }
        let wanted = config.face.as_deref().unwrap_or("any");
        Err(format!("{} has no face `{wanted}`; it has {}", path.display(), names.join(", ")))
    }

    fn file(&self, path: &PathBuf) -> Result<Arc<FontFile>, String> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(path) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(FontFile::open(path)?);
        files.insert(path.clone(), Arc::clone(&file));
        Ok(file)
    }
}

impl Default for Fonts {
    fn default() -> Self {
        Self::new(FontConfig::defaults())
    }
}

fn full_name(face: &Face<'_>) -> Option<String> {
    let names = face.names().into_iter().filter(|name| name.name_id == name_id::FULL_NAME);
    let (english, any): (Vec<_>, Vec<_>) =
        names.filter(ttf_parser::name::Name::is_unicode).partition(|name| name.language_id == 0x409);
    english.into_iter().chain(any).find_map(|name| name.to_string())
}

/// Indices of the fewest rows that together are true wherever any row is; of equally few those that come first.
fn fewest(rows: &[&[bool]]) -> Vec<usize> {
    let width = rows.first().map_or(0, |row| row.len());
    let open: Vec<usize> = (0..width).filter(|column| rows.iter().any(|row| row[*column])).collect();
    if open.is_empty() {
        return Vec::new();
    }
    if rows.len() > EXACT {
        return greedy(rows, open);
    }
    let mut sets: Vec<Vec<usize>> =
        (1_u32..1 << rows.len()).map(|set| (0..rows.len()).filter(|index| set & (1 << index) != 0).collect()).collect();
    sets.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let covers = |set: &Vec<usize>| open.iter().all(|column| set.iter().any(|index| rows[*index][*column]));
    sets.into_iter().find(covers).unwrap_or_default()
}

fn greedy(rows: &[&[bool]], mut open: Vec<usize>) -> Vec<usize> {
    let mut chosen = Vec::new();
    while !open.is_empty() {
        let gain = |index: &usize| open.iter().filter(|column| rows[*index][**column]).count();
        // `max_by_key` takes the last of equals, so it goes from the back.
        let Some(best) = (0..rows.len()).rev().max_by_key(gain) else { break };
        open.retain(|column| !rows[best][*column]);
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_and_earliest_fonts_are_chosen() {
        let (t, f) = (true, false);
        assert_eq!(fewest(&[]), [0; 0]);
        assert_eq!(fewest(&[&[], &[]]), [0; 0]);
        assert_eq!(fewest(&[&[f, f]]), [0; 0], "nobody has it");
        assert_eq!(fewest(&[&[t, t, f], &[f, t, t], &[t, t, t]]), [2], "one is fewer than two");
        assert_eq!(fewest(&[&[t, f, f], &[f, t, f], &[f, t, f]]), [0, 1], "the earlier of equals");
        assert_eq!(fewest(&[&[t, f, f], &[t, t, f]]), [1], "what nobody has is ignored");
    }

    #[test]
    fn many_fonts_are_covered_too() {
        let rows: Vec<Vec<bool>> = (0..40).map(|row| (0..40).map(|column| row == column).collect()).collect();
        let rows: Vec<&[bool]> = rows.iter().map(Vec::as_slice).collect();
        assert_eq!(fewest(&rows).len(), 40);
    }

    #[test]
    fn a_missing_or_broken_file_is_no_font() {
        let folder = super::super::testing::Folder::new();
        folder.write("broken.ttf", &b"garbage".repeat(100));
        let config = |name: &str| FontConfig { name: name.into(), files: vec![folder.path().join(name)], face: None };
        let fonts = Fonts::new(vec![config("broken.ttf"), config("missing.ttf")]);
        assert!(fonts.find("broken.ttf").is_none() && fonts.find("missing.ttf").is_none() && fonts.find("x").is_none());
        assert!(fonts.covering("text").is_empty());
    }

    #[test]
    fn configured_fonts_are_added_to_the_defaults_or_take_their_place() {
        let config = |name: &str| FontConfig { name: name.into(), files: vec!["/none".into()], face: None };
        let fonts = Fonts::with_defaults(vec![config("Corporate"), config("SourceHanSans-Bold")]);
        let names = fonts.names();
        assert_eq!(names[..3], ["Corporate", "SourceHanSans-Bold", "SourceHanSans-Regular"]);
        assert_eq!(names.len(), FontConfig::defaults().len() + 1);
        assert!(fonts.find("SourceHanSans-Bold").is_none(), "its file does not exist");
    }

    /// Runs only where Debian's fonts are installed.
    #[test]
    fn the_documented_names_are_served() {
        let fonts = Fonts::default();
        let Some(sans) = fonts.find("SourceHanSans-Regular") else { return };
        assert_eq!(&*sans.full_name, "Noto Sans CJK SC");
        assert_eq!(fonts.covering("a\u{4e2d}\n").len(), 1);
        assert!(fonts.covering("").is_empty());
        if let Some(bold) = fonts.find("SourceHanSerif-Bold") {
            assert_eq!(&*bold.full_name, "Noto Serif CJK SC Bold");
        }
        if PathBuf::from(EMOJI).is_file() {
            // DejaVu Sans has the smile too.
            let names: Vec<_> = fonts.covering("\u{1f600}").iter().map(|font| font.full_name.to_string()).collect();
            assert_eq!(names, ["Noto Color Emoji"]);
        }
        let file = PathBuf::from(format!("{NOTO}/NotoSansCJK-Regular.ttc"));
        let wrong = FontConfig { name: "x".into(), files: vec![file], face: Some("No Such Face".into()) };
        assert!(Fonts::new(vec![wrong]).find("x").is_none());
    }
}
