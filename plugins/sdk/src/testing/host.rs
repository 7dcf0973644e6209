//! The fake host's memory: one per thread, so that tests do not see each other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use crate::Rect;
use crate::log::Level;

/// A line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The line.
    pub message: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

/// A warning that a plugin reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedWarning {
    /// Code in CamelCase.
    pub code: String,
    /// Path within the parameters, or empty.
    pub field: String,
    /// The sentence.
    pub message: String,
}

/// Where and when a filter declared to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// In luma samples.
    pub area: Rect,
    /// Nanoseconds.
    pub start: i64,
    /// Nanoseconds, exclusive; `None`: the end of the output.
    pub end: Option<i64>,
}

impl Region {
    /// Whether the filter is to be called at this time (nanoseconds).
    pub fn is_active(&self, time: i64) -> bool {
        !self.area.is_empty() && time >= self.start && self.end.is_none_or(|end| time < end)
    }
}

pub(crate) struct StoredFont {
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
    pub(crate) face_index: u32,
    /// `None`: every character.
    glyphs: Option<Vec<char>>,
}

impl StoredFont {
    pub(crate) fn covers(&self, c: char) -> bool {
        self.glyphs.as_ref().is_none_or(|glyphs| glyphs.contains(&c))
    }
}

/// A picture of a granted clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipPicture {
    /// Red, green, blue and straight alpha, row by row.
    pub pixels: Vec<[u8; 4]>,
    /// Nanoseconds, above 0.
    pub duration: i64,
}

pub(crate) struct StoredClip {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pictures: Vec<ClipPicture>,
}

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) clips: BTreeMap<String, Arc<StoredClip>>,
    pub(crate) assets: BTreeMap<String, Result<Arc<[u8]>, String>>,
    pub(crate) fonts: Vec<Arc<StoredFont>>,
    pub(crate) font_bytes: u64,
    pub(crate) logs: Vec<LogLine>,
    pub(crate) warnings: Vec<ReportedWarning>,
    pub(crate) regions: Vec<Region>,
    /// Whether a filter is being opened, so that it may declare regions.
    pub(crate) opening: bool,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

pub(crate) fn with_host<T>(use_it: impl FnOnce(&mut Memory) -> T) -> T {
    MEMORY.with_borrow_mut(use_it)
}

/// The fake host of this thread, empty until something is put in. It is emptied again when this is dropped.
#[must_use = "the fake host is emptied when this is dropped"]
pub struct Host {
    /// Not `Send`: the memory is that of one thread.
    thread: PhantomData<*const ()>,
}

impl Host {
    /// An empty fake host for this thread: no assets, no fonts.
    pub fn install() -> Self {
        with_host(|host| *host = Memory::default());
        Self { thread: PhantomData }
    }

    /// Grants an asset with this content.
    pub fn grant(&self, uri: &str, content: impl Into<Vec<u8>>) {
        let content: Vec<u8> = content.into();
        with_host(|host| host.assets.insert(uri.to_owned(), Ok(content.into())));
    }

    /// Grants an asset that cannot be read.
    pub fn grant_unavailable(&self, uri: &str, reason: &str) {
        with_host(|host| host.assets.insert(uri.to_owned(), Err(reason.to_owned())));
    }

    /// Grants an asset that is a movie of this width; its bytes are those of an empty MOV file.
    ///
    /// # Panics
    /// There is no picture, or the pictures are no rectangles of one size.
    #[track_caller]
    pub fn grant_clip(&self, uri: &str, width: u32, pictures: Vec<ClipPicture>) {
        let pixels = pictures.first().map_or(0, |picture| picture.pixels.len());
        let whole = width > 0 && pixels > 0 && pixels.is_multiple_of(width as usize);
        let alike = pictures.iter().all(|picture| picture.pixels.len() == pixels && picture.duration > 0);
        assert!(whole && alike, "the pictures of a clip have one size of at least a row, and a duration");
        let height = u32::try_from(pixels / width as usize).unwrap_or(u32::MAX);
        self.grant(uri, b"\0\0\0\x14ftypqt  \0\0\0\0qt  ");
        with_host(|host| host.clips.insert(uri.to_owned(), Arc::new(StoredClip { width, height, pictures })));
    }

    /// Adds a font that has every character.
    pub fn font(&self, name: &str, data: impl Into<Vec<u8>>) {
        self.add_font(name, data.into(), 0, None);
    }

    /// Adds a font that has only these characters.
    pub fn font_covering(&self, name: &str, data: impl Into<Vec<u8>>, glyphs: &str) {
        self.add_font(name, data.into(), 0, Some(glyphs.chars().collect()));
    }

    /// Adds a face of a collection that has every character. It takes the place of the font of that name.
    pub fn font_face(&self, name: &str, data: impl Into<Vec<u8>>, face_index: u32) {
        with_host(|host| host.fonts.retain(|font| font.name != name));
        self.add_font(name, data.into(), face_index, None);
    }

    /// Adds a face of a collection that has only these characters.
    pub fn font_face_covering(&self, name: &str, data: impl Into<Vec<u8>>, face_index: u32, glyphs: &str) {
        self.add_font(name, data.into(), face_index, Some(glyphs.chars().collect()));
    }

    /// Adds a face of a font file; it counts as having every character.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn font_file(&self, name: &str, path: impl AsRef<Path>, face_index: u32) -> std::io::Result<()> {
        self.add_font(name, std::fs::read(path)?, face_index, None);
        Ok(())
    }

    fn add_font(&self, name: &str, data: Vec<u8>, face_index: u32, glyphs: Option<Vec<char>>) {
        let font = StoredFont { name: name.to_owned(), data, face_index, glyphs };
        with_host(|host| host.fonts.push(Arc::new(font)));
    }

    /// How many bytes of fonts were read since the host was installed.
    pub fn font_bytes_read(&self) -> u64 {
        with_host(|host| host.font_bytes)
    }

    /// What was logged.
    pub fn logs(&self) -> Vec<LogLine> {
        with_host(|host| host.logs.clone())
    }

    /// What was reported.
    pub fn warnings(&self) -> Vec<ReportedWarning> {
        with_host(|host| host.warnings.clone())
    }

    /// What the filter opened last declared.
    pub fn regions(&self) -> Vec<Region> {
        with_host(|host| host.regions.clone())
    }

    /// Panics unless there is a warning with this code and field.
    #[track_caller]
    pub fn assert_warned(&self, code: &str, field: &str) {
        let warnings = self.warnings();
        let found = warnings.iter().any(|warning| warning.code == code && warning.field == field);
        assert!(found, "no warning `{code}` about `{field}` among {warnings:#?}");
    }

    /// Panics if there is a warning.
    #[track_caller]
    pub fn assert_no_warnings(&self) {
        let warnings = self.warnings();
        assert!(warnings.is_empty(), "warnings: {warnings:#?}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        with_host(|host| *host = Memory::default());
    }
}
