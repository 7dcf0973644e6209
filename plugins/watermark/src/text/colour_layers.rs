//! Glyphs in colours of their own: layers of outlines, each in one colour (`COLR` version 0).

use cosmic_text::skrifa::color::{Brush, ColorGlyphFormat, ColorPainter, CompositeMode, Transform};
use cosmic_text::skrifa::instance::LocationRef;
use cosmic_text::skrifa::raw::types::BoundingBox;
use cosmic_text::skrifa::{FontRef, GlyphId, MetadataProvider};

/// The palette index that stands for the colour of the text.
const FOREGROUND: u16 = 0xffff;

/// One layer of a glyph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layer {
    /// The glyph whose outline it fills.
    pub(super) glyph: u16,
    /// RGBA; `None`: the colour of the text.
    pub(super) colour: Option<[u8; 4]>,
}

/// The layers of a glyph from the lowest one. Empty for a glyph without colours.
pub(super) fn layers(font: &FontRef<'_>, glyph: u16) -> Vec<Layer> {
    let found = font.color_glyphs().get_with_format(GlyphId::from(glyph), ColorGlyphFormat::ColrV0);
    let mut painter = Painter { font, glyph: None, layers: Vec::new() };
    match found.map(|glyph| glyph.paint(LocationRef::default(), &mut painter)) {
        Some(Ok(())) => painter.layers,
        _ => Vec::new(),
    }
}

struct Painter<'a, 'b> {
    font: &'b FontRef<'a>,
    glyph: Option<GlyphId>,
    layers: Vec<Layer>,
}

/// A colour of the first palette.
fn colour(font: &FontRef<'_>, index: u16) -> Option<[u8; 4]> {
    let palettes = font.color_palettes();
    let record = *palettes.get(0)?.colors().get(usize::from(index))?;
    Some([record.red, record.green, record.blue, record.alpha])
}

impl ColorPainter for Painter<'_, '_> {
    fn push_clip_glyph(&mut self, glyph_id: GlyphId) {
        self.glyph = Some(glyph_id);
    }

    fn fill(&mut self, brush: Brush<'_>) {
        // Version 0 has no other brush.
        let Brush::Solid { palette_index, .. } = brush else { return };
        let Some(glyph) = self.glyph.and_then(|glyph| u16::try_from(glyph.to_u32()).ok()) else { return };
        let colour = if palette_index == FOREGROUND { None } else { colour(self.font, palette_index) };
        self.layers.push(Layer { glyph, colour });
    }

    // Version 0 has none of these.
    fn push_transform(&mut self, _: Transform) {}
    fn pop_transform(&mut self) {}
    fn push_clip_box(&mut self, _: BoundingBox<f32>) {}
    fn pop_clip(&mut self) {}
    fn push_layer(&mut self, _: CompositeMode) {}
}
