//! Hides logos behind a mosaic: `FilterVideo.Delogos[]` of the API.
//!
//! Each rectangle is cut into cells of its average colour. The cells are an eighth of the rectangle's shorter side, so that
//! every resolution hides the same; they start at the rectangle, so that they stand still. A rectangle that leaves the
//! frame is clipped to it, and one wholly outside does nothing (imm-api.md, decision 4); both are warnings.

mod parameters;
#[cfg(test)]
mod tests;

use wasmux_sdk::kernels::{Mosaic, Placed, Span};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, report};

pub use parameters::{Delogo, Parameters};

/// The filter.
#[derive(Debug)]
pub struct DelogoFilter {
    regions: Vec<Region>,
}

#[derive(Debug)]
struct Region {
    span: Span,
    mosaic: Mosaic,
}

impl VideoFilter for DelogoFilter {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        let mut regions = Vec::new();
        for (index, delogo) in parameters.delogos.iter().enumerate() {
            let path = format!("Delogos[{index}]");
            let placed = delogo.place(setup, &path)?;
            let span = delogo.span(setup, &path)?;
            let area = placed.clip(setup.width(), setup.height());
            warn(&placed, area, span, setup, &path);
            if !area.is_empty() && !span.is_empty() {
                report::region(area, span.start, span.end);
                regions.push(Region { span, mosaic: Mosaic::new(area, setup) });
            }
        }
        if regions.is_empty() {
            report::region(Rect::default(), 0, Some(0));
        }
        Ok(Self { regions })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        let time = frame.time();
        for region in self.regions.iter().filter(|region| region.span.contains(time)) {
            for plane in region.mosaic.planes() {
                let mut rows = frame.read(plane.plane(), plane.area());
                plane.apply(&mut rows);
                frame.write(plane.plane(), plane.area(), &rows);
            }
        }
        Ok(())
    }
}

fn warn(placed: &Placed, area: Rect, span: Span, setup: &Setup, path: &str) {
    let (width, height) = (setup.width(), setup.height());
    let at = format!("{}x{} at {},{}", placed.width, placed.height, placed.x, placed.y);
    if placed.width == 0 || placed.height == 0 || span.is_empty() {
        report::warning("Empty", path, "its width, height or duration is 0, so nothing is hidden");
    } else if area.is_empty() {
        let message = format!("the rectangle {at} is outside of the {width}x{height} frame, so nothing is hidden");
        report::warning("OutsideFrame", path, &message);
    } else if !placed.is_inside(width, height) {
        let message = format!("the rectangle {at} leaves the {width}x{height} frame and is clipped to {area}");
        report::warning("Clipped", path, &message);
    }
}

wasmux_sdk::register_video_filter!(DelogoFilter, schema: include_str!("../schema.json"), stateless: true);
