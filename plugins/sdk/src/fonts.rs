//! The fonts of the host. All data is that of SFNT files (TrueType, OpenType, collections).

use std::fmt;

use crate::outside;

/// How much [`Font::read_all`] asks for at once.
const CHUNK: u32 = 1 << 20;

/// One font of the host.
pub struct Font {
    pub(crate) handle: outside::FontHandle,
}

impl Font {
    /// The full name, such as `Noto Sans CJK SC Bold`.
    pub fn name(&self) -> String {
        self.handle.name()
    }

    /// Which face of the file this font is; 0 unless the file is a collection.
    pub fn face_index(&self) -> u32 {
        self.handle.face_index()
    }

    /// Size of the file in bytes.
    pub fn length(&self) -> u64 {
        self.handle.length()
    }

    /// Bytes of the file from `offset`, at most `length`; fewer only at the end.
    pub fn read(&self, offset: u64, length: u32) -> Vec<u8> {
        self.handle.read(offset, length)
    }

    /// The whole file.
    pub fn read_all(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let chunk = self.read(bytes.len() as u64, CHUNK);
            if chunk.is_empty() {
                return bytes;
            }
            bytes.extend_from_slice(&chunk);
        }
    }
}

impl fmt::Debug for Font {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Font")
            .field("name", &self.name())
            .field("face_index", &self.face_index())
            .finish_non_exhaustive()
    }
}

/// The font that is known by this name: one of the names that the API documents (`SourceHanSans-Regular`) or that the
/// host's config adds.
pub fn find(name: &str) -> Option<Font> {
    outside::font_find(name).map(|handle| Font { handle })
}

/// The fewest fonts that together have a glyph for every character of the text that any font has, preferring earlier
/// configured ones.
pub fn covering(text: &str) -> Vec<Font> {
    outside::fonts_covering(text).into_iter().map(|handle| Font { handle }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Host;

    #[test]
    fn fonts_are_found_by_name_and_read() {
        let host = Host::install();
        assert!(find("Sans").is_none());
        host.font("Sans", vec![7; 3_000_000]);
        let font = find("Sans").unwrap();
        assert_eq!((font.name(), font.face_index(), font.length()), ("Sans".to_owned(), 0, 3_000_000));
        assert!(font.read_all() == vec![7; 3_000_000]);
        assert_eq!(font.read(2_999_999, 10), [7]);
        assert_eq!(host.font_bytes_read(), 3_000_001);
    }

    #[test]
    fn the_fewest_fonts_cover_a_text() {
        let host = Host::install();
        host.font_covering("Latin", [1], "abc");
        host.font_covering("Greek", [2], "αβ");
        host.font_covering("Both", [3], "abcαβ");
        let names = |text: &str| covering(text).iter().map(Font::name).collect::<Vec<_>>();
        assert_eq!(names("cab"), ["Latin"]);
        assert_eq!(names("aα"), ["Both"]);
        assert!(names("字").is_empty());
    }
}
