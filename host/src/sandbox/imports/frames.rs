//! `wasmux:media/frames`, linked by hand: `write` takes the samples where they lie in the guest's memory, `read` reuses one
//! buffer, so a rectangle costs one copy in and two copies out.
//!
//! A guest only ever holds borrowed handles, which the component model takes back at the end of each call.

use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType, WasmList};

use crate::media::{Frame as Picture, RectError};
use crate::sandbox::bindings::types::{Ratio, Rect as WitRect};
use crate::sandbox::failure::Stop;
use crate::sandbox::guest::Guest;
use crate::task::{Picture as Facts, PixelFormat, Rational, Rect};

const INTERFACE: &str = "wasmux:media/frames@0.1.0";

/// Type of the handles of `setup`. There is one per instance.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Setup {}

/// Type of the handles of `frame`. There is one at a time.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum Frame {}

/// A handle for the length of one call.
pub(in crate::sandbox) fn setup() -> Resource<Setup> {
    Resource::new_borrow(0)
}

/// A handle for the length of one call; the frame itself is lent by [`Screen::swap`].
pub(in crate::sandbox) fn frame() -> Resource<Frame> {
    Resource::new_borrow(0)
}

/// The picture that a filter was opened for, and the frame of the current call.
pub(in crate::sandbox) struct Screen {
    facts: Facts,
    /// The lent frame; outside of a call a stand-in that nobody sees.
    frame: Picture,
    lent: bool,
    /// Samples on their way into the guest. Shared only while a call of `read` returns.
    buffer: Arc<Vec<u8>>,
    moved: Moved,
}

/// How many samples went over the boundary.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sandbox) struct Moved {
    pub(in crate::sandbox) reads: u64,
    pub(in crate::sandbox) read_bytes: u64,
    pub(in crate::sandbox) writes: u64,
    pub(in crate::sandbox) written_bytes: u64,
}

impl Screen {
    /// `stand_in` takes the place of the frame between calls.
    pub(in crate::sandbox) fn new(facts: Facts, stand_in: Picture) -> Self {
        Self { facts, frame: stand_in, lent: false, buffer: Arc::default(), moved: Moved::default() }
    }

    /// Lends a frame before a call and takes it back afterwards. It moves, so nothing is copied and no other reference to its
    /// samples is made, which would force a copy at the first write.
    pub(in crate::sandbox) fn swap(&mut self, frame: &mut Picture) {
        std::mem::swap(&mut self.frame, frame);
        self.lent = !self.lent;
    }

    /// Whether a frame is of the picture that the filter was opened for.
    pub(in crate::sandbox) fn fits(&self, frame: &Picture) -> bool {
        (frame.width(), frame.height(), frame.pixel_format())
            == (self.facts.width, self.facts.height, Some(self.facts.pixel_format))
    }

    /// What was read and written so far.
    pub(in crate::sandbox) fn moved(&self) -> Moved {
        self.moved
    }

    /// Bytes of the largest plane: the most that a guest can sensibly hand over at once.
    pub(in crate::sandbox) fn largest_plane_bytes(&self) -> u64 {
        let samples = u64::from(self.facts.width).saturating_mul(u64::from(self.facts.height));
        samples.saturating_mul(self.facts.pixel_format.sample_bytes() as u64)
    }

    fn format(&self) -> PixelFormat {
        self.facts.pixel_format
    }

    fn lent(&mut self) -> Result<&mut Picture, Stop> {
        if self.lent { Ok(&mut self.frame) } else { Err(Stop::Misuse("it used a frame outside of `process`".into())) }
    }
}

type Context<'a> = StoreContextMut<'a, Guest>;

/// Adds the whole interface.
pub(in crate::sandbox) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(INTERFACE)?;
    // Guests never own these, so there is nothing to destroy.
    instance.resource("setup", ResourceType::host::<Setup>(), |_, _| Ok(()))?;
    instance.resource("frame", ResourceType::host::<Frame>(), |_, _| Ok(()))?;
    add_setup(&mut instance)?;
    add_frame(&mut instance)
}

fn add_setup(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    macro_rules! facts {
        ($($name:literal => $get:expr;)*) => { $(
            instance.func_wrap(concat!("[method]setup.", $name), |context: Context<'_>, (_,): (Resource<Setup>,)| {
                let get: fn(&Facts) -> _ = $get;
                Ok((get(&screen(&context)?.facts),))
            })?;
        )* };
    }
    facts! {
        "width" => |facts| facts.width;
        "height" => |facts| facts.height;
        "sample-aspect" => |facts| ratio(facts.sample_aspect);
        "frame-rate" => |facts| facts.frame_rate.map(ratio);
        "bit-depth" => |facts| facts.pixel_format.bit_depth();
        "chroma-shift-x" => |facts| facts.pixel_format.chroma_shift().0;
        "chroma-shift-y" => |facts| facts.pixel_format.chroma_shift().1;
        "chroma-location" => |facts| {
            facts.colour.chroma_location.filter(|_| facts.pixel_format.chroma_shift() != (0, 0))
        };
        "alpha" => |facts| facts.pixel_format.has_alpha();
        "colour-primaries" => |facts| facts.colour.primaries;
        "transfer-characteristics" => |facts| facts.colour.transfer;
        "matrix-coefficients" => |facts| facts.colour.matrix;
        "full-range" => |facts| facts.colour.full_range;
    }
    Ok(())
}

fn add_frame(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    instance.func_wrap("[method]frame.time", |mut context: Context<'_>, (_,): (Resource<Frame>,)| {
        Ok((screen_mut(&mut context)?.lent()?.time_ns,))
    })?;
    instance.func_wrap("[method]frame.duration", |mut context: Context<'_>, (_,): (Resource<Frame>,)| {
        Ok((screen_mut(&mut context)?.lent()?.duration_ns,))
    })?;
    instance.func_wrap("[method]frame.index", |mut context: Context<'_>, (_,): (Resource<Frame>,)| {
        Ok((screen_mut(&mut context)?.lent()?.index,))
    })?;
    instance.func_wrap("[method]frame.read", read)?;
    instance.func_wrap("[method]frame.write", write)
}

fn read(
    mut context: Context<'_>,
    (_, plane, area): (Resource<Frame>, u8, WitRect),
) -> wasmtime::Result<(Arc<Vec<u8>>,)> {
    let screen = screen_mut(&mut context)?;
    let mut buffer = std::mem::take(&mut screen.buffer);
    let samples = match Arc::get_mut(&mut buffer) {
        Some(samples) => samples,
        None => {
            buffer = Arc::default();
            Arc::make_mut(&mut buffer)
        }
    };
    samples.clear();
    screen.lent()?.read_rect(plane, area.into(), samples).map_err(misuse)?;
    screen.moved.reads += 1;
    screen.moved.read_bytes += buffer.len() as u64;
    screen.buffer = Arc::clone(&buffer);
    Ok((buffer,))
}

fn write(
    mut context: Context<'_>,
    (_, plane, area, data): (Resource<Frame>, u8, WitRect, WasmList<u8>),
) -> wasmtime::Result<()> {
    let area = Rect::from(area);
    let guest = context.data_mut();
    let screen = guest.screen.as_mut().ok_or_else(no_screen)?;
    let shift = screen.format().plane_shift(plane);
    let time = screen.lent()?.time_ns;
    if !guest.reports.allows(area, shift, time) {
        let Rect { x, y, width, height } = area;
        let what = format!(
            "it wrote {width}x{height} samples at ({x}, {y}) of plane {plane}, outside of all regions that it declared for this time"
        );
        return Err(Stop::Misuse(what).into());
    }
    // The list borrows the whole store, so the screen leaves it for the length of the copy.
    let mut screen = guest.screen.take().ok_or_else(no_screen)?;
    let samples = data.as_le_slice(&context);
    screen.moved.writes += 1;
    screen.moved.written_bytes += samples.len() as u64;
    let written = screen.frame.write_rect(plane, area, samples);
    context.data_mut().screen = Some(screen);
    Ok(written.map_err(misuse)?)
}

fn screen<'a>(context: &'a Context<'_>) -> wasmtime::Result<&'a Screen> {
    Ok(context.data().screen.as_ref().ok_or_else(no_screen)?)
}

fn screen_mut<'a>(context: &'a mut Context<'_>) -> wasmtime::Result<&'a mut Screen> {
    Ok(context.data_mut().screen.as_mut().ok_or_else(no_screen)?)
}

fn no_screen() -> Stop {
    Stop::Misuse("it used a picture, and it has none".into())
}

fn misuse(error: RectError) -> Stop {
    match error {
        RectError::Memory => Stop::TooMuch(error.to_string()),
        error => Stop::Misuse(format!("it asked for samples that do not exist: {error}")),
    }
}

fn ratio(ratio: Rational) -> Ratio {
    Ratio {
        numerator: u32::try_from(ratio.num()).unwrap_or_default(),
        denominator: u32::try_from(ratio.den()).unwrap_or(1),
    }
}
