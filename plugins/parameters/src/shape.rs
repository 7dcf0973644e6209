//! Size and shape of the output picture (decisions 6, 7, 8 and 14).

use wasmux_sdk::parameters::{
    Area, Pad, PixelFormat, Rational, Rotation, ScaleType, Size, VideoStreamFacts, VideoTarget, Warning,
};

use crate::decide::{Choice, Refusal, choose, refuse, within};

const FIELD: &str = "Video.TranscodeVideo.Resolution";
const OPTION_FIELD: &str = "Video.TranscodeVideo.ResolutionOption";

/// Longest side of an output (`Resolution`).
pub(crate) const MAX_SIDE: u32 = 4096;

/// Longest side of a picture that is cropped afterwards.
const MAX_SCALED_SIDE: u32 = 4 * MAX_SIDE;

/// How the picture becomes the output's: mirror, rotate, scale, then crop or pad.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) mirror: bool,
    pub(crate) rotation: Rotation,
    pub(crate) scale: Size,
    pub(crate) crop: Option<Area>,
    pub(crate) pad: Option<Pad>,
    pub(crate) sample_aspect: Rational,
}

/// The multiples that the sides of a format must be, for the chroma planes to have whole samples.
#[derive(Debug, Clone, Copy)]
struct Grid {
    x: u32,
    y: u32,
    format: PixelFormat,
}

/// A side that is wanted: its exact length, and whether the request names it.
#[derive(Debug, Clone, Copy)]
struct Side {
    exact: f64,
    asked: Option<u32>,
}

/// Resolves the shape of the output in this format.
pub(crate) fn resolve(
    source: &VideoStreamFacts,
    wish: &VideoTarget,
    format: PixelFormat,
    warnings: &mut Vec<Warning>,
) -> Result<Shape, Refusal> {
    if source.width == 0 || source.height == 0 {
        return refuse("Video", format!("the source's video stream has the size {}x{}", source.width, source.height));
    }
    let (shift_x, shift_y) = format.chroma_shift();
    let grid = Grid { x: 1 << shift_x, y: 1 << shift_y, format };
    let rotation = source.rotate.then(wish.rotation);
    let aspect = if source.sample_aspect_ratio.num() > 0 { source.sample_aspect_ratio } else { Rational::ONE };
    let turned = |width, height| if rotation.swaps_sides() { (height, width) } else { (width, height) };
    let whole =
        |scale, sample_aspect| Shape { mirror: source.mirror, rotation, scale, crop: None, pad: None, sample_aspect };

    let (first, second) =
        wish.resolution.as_ref().map_or((None, None), |resolution| (resolution.first, resolution.second));
    if first.is_none() && second.is_none() {
        let (width, height) = turned(f64::from(source.width), f64::from(source.height));
        let scale = grid.nearest(width, height);
        check_source_size(scale)?;
        let aspect = if rotation.swaps_sides() { aspect.inverse().unwrap_or(Rational::ONE) } else { aspect };
        return Ok(whole(scale, aspect));
    }

    // From here on samples are square: the playback size.
    let width = (f64::from(source.width) * aspect.as_f64()).max(1.0);
    let base = turned(width, f64::from(source.height));
    let asked = asked_sides(first, second, wish.adaptive_resolution_direction && base.1 > base.0)?;
    let (wide, high) = wanted(asked, base, wish.scale_type);
    let playback = Size { width: base.0.round() as u32, height: base.1.round() as u32 };
    // A hair's breadth of tolerance, because the derived side is a quotient.
    let less = f64::from(playback.width) * f64::from(playback.height) < wide.exact * high.exact * (1.0 - 1e-9);
    let asked_text = format!("{:.0}x{:.0}", wide.exact, high.exact);
    match choose(OPTION_FIELD, wish.resolution_option, Some(less), &playback, &asked_text, warnings)? {
        Choice::Source => {
            let scale = grid.nearest(base.0, base.1);
            check_source_size(scale)?;
            return Ok(whole(scale, Rational::ONE));
        }
        Choice::Asked => {}
    }
    grid.check(wide, high)?;
    let shape = match wish.scale_type {
        ScaleType::Stretch => whole(grid.sides(wide, high), Rational::ONE),
        ScaleType::Fit => {
            let factor = (wide.exact / base.0).min(high.exact / base.1);
            let wide = Side { exact: base.0 * factor, ..wide };
            let high = Side { exact: base.1 * factor, ..high };
            whole(grid.sides(wide, high), Rational::ONE)
        }
        ScaleType::Crop => {
            let output = grid.sides(wide, high);
            let (scale, crop) = grid.cropped(base, output)?;
            Shape { crop, ..whole(scale, Rational::ONE) }
        }
        ScaleType::Fill => {
            let output = grid.sides(wide, high);
            let (scale, pad) = grid.padded(base, output);
            Shape { pad, ..whole(scale, Rational::ONE) }
        }
    };
    let output = match (shape.pad, shape.crop) {
        (Some(pad), _) => Size { width: pad.width, height: pad.height },
        (None, Some(crop)) => Size { width: crop.width, height: crop.height },
        (None, None) => shape.scale,
    };
    if output.width > MAX_SIDE || output.height > MAX_SIDE {
        let reason = format!("the output of the {playback} source would be {output}; sides are 1 to {MAX_SIDE}");
        return refuse(FIELD, reason);
    }
    Ok(shape)
}

/// Width and height that the request names. `portrait`: the first number is the height (decision 7).
fn asked_sides(first: Option<u32>, second: Option<u32>, portrait: bool) -> Result<(Option<u32>, Option<u32>), Refusal> {
    for side in [first, second].into_iter().flatten() {
        within(FIELD, side, 1, MAX_SIDE)?;
    }
    Ok(if portrait { (second, first) } else { (first, second) })
}

/// Both sides. One that the request leaves out follows the aspect ratio with `fit`, and is the source's else (decision 6).
fn wanted(asked: (Option<u32>, Option<u32>), base: (f64, f64), scale_type: ScaleType) -> (Side, Side) {
    let named = |side: u32| Side { exact: f64::from(side), asked: Some(side) };
    let derived = |exact: f64| Side { exact, asked: None };
    let fit = scale_type == ScaleType::Fit;
    match asked {
        (Some(width), Some(height)) => (named(width), named(height)),
        (Some(width), None) if fit => (named(width), derived(base.1 * f64::from(width) / base.0)),
        (None, Some(height)) if fit => (derived(base.0 * f64::from(height) / base.1), named(height)),
        (Some(width), None) => (named(width), derived(base.1)),
        (None, Some(height)) => (derived(base.0), named(height)),
        (None, None) => (derived(base.0), derived(base.1)),
    }
}

fn check_source_size(size: Size) -> Result<(), Refusal> {
    if size.width <= MAX_SIDE && size.height <= MAX_SIDE {
        return Ok(());
    }
    refuse(
        FIELD,
        format!("the source's size {size} would be the output's, whose sides are 1 to {MAX_SIDE}; set Resolution"),
    )
}

impl Grid {
    /// An asked side below one step of the grid would have to grow.
    fn check(self, wide: Side, high: Side) -> Result<(), Refusal> {
        for (side, step, what) in [(wide, self.x, "width"), (high, self.y, "height")] {
            if let Some(asked) = side.asked
                && asked < step
            {
                return refuse(
                    FIELD,
                    format!("{} cannot hold a {what} of {asked}; allowed are {step} to {MAX_SIDE}", self.format),
                );
            }
        }
        Ok(())
    }

    fn nearest(self, width: f64, height: f64) -> Size {
        let side = |exact| Side { exact, asked: None };
        self.sides(side(width), side(height))
    }

    fn sides(self, wide: Side, high: Side) -> Size {
        Size { width: on_grid(wide, self.x), height: on_grid(high, self.y) }
    }

    /// The picture scaled to cover the output, and the middle of it.
    fn cropped(self, base: (f64, f64), output: Size) -> Result<(Size, Option<Area>), Refusal> {
        let factor = (f64::from(output.width) / base.0).max(f64::from(output.height) / base.1);
        let scale = self.nearest(base.0 * factor, base.1 * factor);
        let scale = Size { width: scale.width.max(output.width), height: scale.height.max(output.height) };
        if scale.width > MAX_SCALED_SIDE || scale.height > MAX_SCALED_SIDE {
            let reason = format!(
                "to crop the {:.0}x{:.0} source to {output} it would be scaled to {scale}, whose sides are at most {MAX_SCALED_SIDE}",
                base.0, base.1
            );
            return refuse(FIELD, reason);
        }
        let x = centred(scale.width - output.width, self.x);
        let y = centred(scale.height - output.height, self.y);
        let crop = (scale != output).then_some(Area { x, y, width: output.width, height: output.height });
        Ok((scale, crop))
    }

    /// The picture scaled to fit into the output, and the black around it.
    fn padded(self, base: (f64, f64), output: Size) -> (Size, Option<Pad>) {
        let factor = (f64::from(output.width) / base.0).min(f64::from(output.height) / base.1);
        let side = |exact: f64, limit: u32| Side { exact: exact * factor, asked: Some(limit) };
        let scale = self.sides(side(base.0, output.width), side(base.1, output.height));
        let x = centred(output.width - scale.width, self.x);
        let y = centred(output.height - scale.height, self.y);
        let pad = (scale != output).then_some(Pad { x, y, width: output.width, height: output.height });
        (scale, pad)
    }
}

/// The nearest multiple of the step, at least one step, and never above an asked side (decision 14). Half-way it is the lower
/// one: nothing is invented.
fn on_grid(side: Side, step: u32) -> u32 {
    let steps = (side.exact / f64::from(step) - 0.5).ceil().max(1.0);
    // A cast of a float saturates, so that hostile sizes end at the largest number and not at a small one.
    let nearest = (steps as u32).saturating_mul(step);
    let most = side.asked.map_or(u32::MAX, |asked| (asked / step).max(1).saturating_mul(step));
    nearest.min(most)
}

/// Half of the space, on the grid.
fn centred(space: u32, step: u32) -> u32 {
    space / 2 / step * step
}
