//! The outlines of glyphs.

use cosmic_text::Weight;
use cosmic_text::skrifa::instance::{Location, Size};
use cosmic_text::skrifa::outline::{DrawSettings, OutlinePen};
use cosmic_text::skrifa::{FontRef, GlyphId, MetadataProvider, OutlineGlyphCollection, Tag};
use zeno::{Command, Point};

use super::colour_layers::{Layer, layers};

/// The outlines of a font file.
pub(super) struct Outlines<'a> {
    glyphs: OutlineGlyphCollection<'a>,
    location: Location,
    font: FontRef<'a>,
}

impl<'a> Outlines<'a> {
    /// Variable fonts get this weight. `None` when the file is no font.
    pub(super) fn new(file: &'a [u8], weight: Weight) -> Option<Self> {
        FontRef::new(file).ok().map(|font| Self::of(&font, weight))
    }

    pub(super) fn of(font: &FontRef<'a>, weight: Weight) -> Self {
        let location = font.axes().location([(Tag::new(b"wght"), f32::from(weight.0))]);
        Self { glyphs: font.outline_glyphs(), location, font: font.clone() }
    }

    /// The layers of a glyph that has colours of its own; else none.
    pub(super) fn layers(&self, glyph: u16) -> Vec<Layer> {
        layers(&self.font, glyph)
    }

    /// The left lower corner of the glyph's box, in ems.
    pub(super) fn corner(&self, glyph: u16) -> (f32, f32) {
        let metrics = self.font.glyph_metrics(Size::new(1.0), &self.location);
        let glyph = GlyphId::from(glyph);
        (metrics.left_side_bearing(glyph).unwrap_or(0.0), metrics.bounds(glyph).map_or(0.0, |bounds| bounds.y_min))
    }

    /// Adds a glyph's outline, y downwards, with its origin at a place. False, and nothing is added, when it has none.
    pub(super) fn draw(&self, glyph: u16, em: f32, at: Point, path: &mut Vec<Command>) -> bool {
        let before = path.len();
        let settings = DrawSettings::unhinted(Size::new(em), &self.location);
        let outline = self.glyphs.get(GlyphId::from(glyph));
        let drawn = outline.is_some_and(|outline| outline.draw(settings, &mut Pen { at, path }).is_ok());
        if !drawn {
            path.truncate(before);
        }
        path.len() > before
    }
}

/// Turns the font's upward axis into the picture's downward one.
struct Pen<'a> {
    at: Point,
    path: &'a mut Vec<Command>,
}

impl Pen<'_> {
    fn point(&self, x: f32, y: f32) -> Point {
        Point::new(self.at.x + x, self.at.y - y)
    }
}

impl OutlinePen for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.push(Command::MoveTo(self.point(x, y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.push(Command::LineTo(self.point(x, y)));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.push(Command::QuadTo(self.point(cx, cy), self.point(x, y)));
    }

    fn curve_to(&mut self, cx0: f32, cy0: f32, cx1: f32, cy1: f32, x: f32, y: f32) {
        self.path.push(Command::CurveTo(self.point(cx0, cy0), self.point(cx1, cy1), self.point(x, y)));
    }

    fn close(&mut self) {
        self.path.push(Command::Close);
    }
}
