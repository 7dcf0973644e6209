//! Draws text and picture watermarks: `FilterVideo.Watermarks[]` of the API.
//!
//! Everything is laid out, scaled, rasterised and converted to planes once, when the filter opens. A frame then only costs
//! the blend of the rectangles that are visible at its time, in the order of the list. A watermark that leaves the frame is
//! clipped, and one wholly outside is not drawn (imm-api.md, decision 4); both are warnings.

mod colour;
mod draw;
mod parameters;
mod picture;
mod place;
mod text;

#[cfg(test)]
mod tests;

use draw::Drawing;
use text::FontLibrary;
use wasmux_sdk::kernels::{AlphaBlock, Overlay, Span};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, report};

pub use parameters::{Kind, Parameters, Watermark};

/// The filter.
#[derive(Debug)]
pub struct WatermarkFilter {
    layers: Vec<Layer>,
}

/// One watermark, ready to blend.
#[derive(Debug)]
struct Layer {
    span: Span,
    overlay: Overlay,
}

impl VideoFilter for WatermarkFilter {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        let mut fonts = FontLibrary::default();
        let mut layers = Vec::new();
        for (index, watermark) in parameters.watermarks.iter().enumerate() {
            let path = format!("Watermarks[{index}]");
            let span = watermark.span(setup, &path)?;
            let drawing = match watermark.kind {
                Kind::Text => text::draw(watermark, setup, &path, &mut fonts)?,
                Kind::File => picture::draw(watermark, setup, &path)?,
            };
            let Some(Drawing { bitmap, x, y, area }) = drawing else { continue };
            if span.is_empty() {
                report::warning("Empty", &path, "its duration is 0, so nothing is drawn");
                continue;
            }
            if let Some(overlay) = Overlay::new(&bitmap, x, y, setup) {
                report::region(area, span.start, span.end);
                layers.push(Layer { span, overlay });
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
        for layer in self.layers.iter().filter(|layer| layer.span.contains(time)) {
            if frame.setup().alpha() {
                blend_with_alpha(frame, &layer.overlay);
            } else {
                for plane in layer.overlay.planes() {
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
