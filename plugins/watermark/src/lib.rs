//! Draws text and picture watermarks: `FilterVideo.Watermarks[]` of the API.
//!
//! Texts and stills are laid out, scaled, rasterised and converted to planes once, when the filter opens; the pictures of an
//! animation when they are first shown. A frame then only costs the blend of the rectangles that are visible at its time, in the
//! order of the list. A watermark that leaves the frame is clipped, and one wholly outside is not drawn; both are warnings.
//!
//! An animation begins anew at its end, as often as its watermark's time allows, on the output's own time line; how often the file itself wants
//! to be shown does not count.

mod colour;
mod draw;
mod parameters;
mod picture;
mod place;
mod text;

#[cfg(test)]
mod tests;

use draw::Drawing;
use picture::Animation;
use text::FontLibrary;
use wasmux_sdk::kernels::{AlphaBlock, Overlay, Span};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, report};

pub use parameters::{Kind, Parameters, Watermark};

/// What the converted pictures of all animations may take together, in bytes. Animations that need more are decoded anew in
/// each of their loops.
const KEPT_BYTES: usize = 64 << 20;

/// The filter.
pub struct WatermarkFilter {
    layers: Vec<Layer>,
}

/// One watermark, ready to blend.
struct Layer {
    span: Span,
    content: Content,
}

enum Content {
    Text(Overlay),
    File(Box<Animation>),
}

impl Content {
    /// What is to be blended so many nanoseconds after the watermark's start.
    fn at(&mut self, time: i64) -> Result<Option<&Overlay>, Error> {
        match self {
            Self::Text(overlay) => Ok(Some(overlay)),
            Self::File(animation) => animation.at(time),
        }
    }
}

impl VideoFilter for WatermarkFilter {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        let mut fonts = FontLibrary::default();
        let mut layers = Vec::new();
        let budget = KEPT_BYTES / parameters.watermarks.len().max(1);
        for (index, watermark) in parameters.watermarks.iter().enumerate() {
            let path = format!("Watermarks[{index}]");
            let span = watermark.span(setup, &path)?;
            let content = match watermark.kind {
                Kind::Text => text::draw(watermark, setup, &path, &mut fonts)?.map(|Drawing { bitmap, x, y, area }| {
                    (Overlay::new(&bitmap, x, y, setup).map(Content::Text), area)
                }),
                Kind::File => picture::load(watermark, setup, &path, budget)?.map(|(animation, area)| {
                    ((!animation.is_invisible()).then(|| Content::File(Box::new(animation))), area)
                }),
            };
            let Some((content, area)) = content else { continue };
            if span.is_empty() {
                report::warning("Empty", &path, "its duration is 0, so nothing is drawn");
            } else if let Some(content) = content {
                report::region(area, span.start, span.end);
                layers.push(Layer { span, content });
            } else {
                report::warning("Empty", &path, "what is in the frame is fully transparent, so nothing is drawn");
            }
        }
        if layers.is_empty() {
            report::region(Rect::default(), 0, Some(0));
        }
        Ok(Self { layers })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        let time = frame.time();
        for layer in self.layers.iter_mut().filter(|layer| layer.span.contains(time)) {
            let Some(overlay) = layer.content.at(time - layer.span.start)? else { continue };
            if frame.setup().alpha() {
                blend_with_alpha(frame, overlay);
            } else {
                for plane in overlay.planes() {
                    let mut rows = frame.read(plane.plane(), plane.area());
                    plane.blend(&mut rows);
                    frame.write(plane.plane(), plane.area(), &rows);
                }
            }
        }
        Ok(())
    }
}

/// Colours first: they need the alpha from before.
fn blend_with_alpha(frame: &mut Frame<'_>, overlay: &Overlay) {
    let opaque = frame.setup().max_sample();
    for plane in overlay.planes() {
        let mut rows = frame.read(plane.plane(), plane.area());
        if plane.plane() == 3 {
            plane.blend(&mut rows);
        } else {
            let alpha = frame.read(3, plane.alpha_area());
            plane.blend_over_alpha(&mut rows, &AlphaBlock { rows: &alpha, opaque });
        }
        frame.write(plane.plane(), plane.area(), &rows);
    }
}

wasmux_sdk::register_video_filter!(WatermarkFilter, schema: include_str!("../schema.json"), stateless: true);
