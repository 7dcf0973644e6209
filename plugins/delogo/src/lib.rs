//! Hides logos: `FilterVideo.Delogos[]` of the API.
//!
//! `Style` says how: cells of their average colour, which start at the rectangle so that they stand still; a blur; or a fill from
//! the samples around it. Lengths are shares of the rectangle's shorter side, so that every resolution hides the same. A rectangle that leaves the
//! frame is clipped to it, and one wholly outside does nothing (imm-api.md, decision 4); both are warnings.

mod parameters;
#[cfg(test)]
mod tests;

use wasmux_sdk::kernels::{Blur, BlurBuffer, Interpolate, Mosaic, Placed, Span};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, report};

pub use parameters::{Delogo, Parameters, Style};

/// Sides of a mosaic's cells at strength 1, as a share of the rectangle's shorter side.
const CELL: f64 = 0.25;
/// Luma samples; smaller cells hide nothing.
const SMALLEST_CELL: u32 = 8;
/// Radius of a blur at strength 1, as a share of the rectangle's shorter side.
const BLUR: f64 = 0.25;
/// Luma samples; a smaller radius hides nothing.
const SMALLEST_BLUR: u32 = 2;
/// Over how much of an edge an interpolation averages to each side at strength 1, as a share of the rectangle's shorter side.
const SMOOTH: f64 = 0.125;

/// The filter.
#[derive(Debug)]
pub struct DelogoFilter {
    regions: Vec<Region>,
    /// One for all regions, because a whole frame's is large.
    buffer: BlurBuffer,
}

#[derive(Debug)]
struct Region {
    span: Span,
    effect: Effect,
}

#[derive(Debug)]
enum Effect {
    Mosaic(Mosaic),
    Blur(Blur),
    Interpolate(Interpolate),
}

impl Effect {
    fn new(delogo: &Delogo, area: Rect, setup: &Setup, path: &str) -> Result<Self, Error> {
        Ok(match delogo.style {
            Style::Mosaic => {
                let cell = delogo.reach(area, CELL, path)?.max(SMALLEST_CELL);
                Self::Mosaic(Mosaic::new(area, cell, setup))
            }
            Style::Blur => Self::Blur(Blur::new(area, delogo.reach(area, BLUR, path)?.max(SMALLEST_BLUR), setup)),
            Style::Interpolate => Self::Interpolate(Interpolate::new(area, delogo.reach(area, SMOOTH, path)?, setup)),
        })
    }

    fn apply(&mut self, frame: &mut Frame<'_>, buffer: &mut BlurBuffer) {
        match self {
            Self::Mosaic(mosaic) => {
                for plane in mosaic.planes() {
                    change(frame, plane.plane(), plane.area(), |rows| plane.apply(rows));
                }
            }
            Self::Blur(blur) => {
                for plane in blur.planes() {
                    change(frame, plane.plane(), plane.area(), |rows| plane.apply(rows, buffer));
                }
            }
            Self::Interpolate(fill) => {
                for plane in fill.planes_mut() {
                    let borders =
                        plane.borders().map(|at| at.map(|at| frame.read(plane.plane(), at)).unwrap_or_default());
                    change(frame, plane.plane(), plane.area(), |rows| plane.apply(rows, &borders));
                }
            }
        }
    }
}

/// Changes the samples of a rectangle of one plane.
fn change(frame: &mut Frame<'_>, plane: u8, area: Rect, apply: impl FnOnce(&mut [u8])) {
    let mut rows = frame.read(plane, area);
    apply(&mut rows);
    frame.write(plane, area, &rows);
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
            let effect = Effect::new(delogo, area, setup, &path)?;
            if !area.is_empty() && !span.is_empty() {
                report::region(area, span.start, span.end);
                regions.push(Region { span, effect });
            }
        }
        if regions.is_empty() {
            report::region(Rect::default(), 0, Some(0));
        }
        Ok(Self { regions, buffer: BlurBuffer::default() })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        let time = frame.time();
        for region in self.regions.iter_mut().filter(|region| region.span.contains(time)) {
            region.effect.apply(frame, &mut self.buffer);
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
