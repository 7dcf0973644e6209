//! One kernel of the SDK over and over, on samples that the filter keeps: what a frame costs is then the kernel alone, and the same
//! code can be timed as a component and natively.

use serde::Deserialize;
use wasmux_sdk::kernels::{Bitmap, Blur, BlurBuffer, Interpolate, Mosaic, Overlay, resize};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter};

/// Which kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// Blends an overlay that is already in planes.
    Blend,
    /// Averages cells.
    Mosaic,
    /// Box blur.
    Blur,
    /// Fills from the border.
    Interpolate,
    /// RGBA to planes with alpha.
    Convert,
    /// Lanczos to half of the size.
    Resize,
}

/// What the plugin takes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Parameters {
    /// Which one.
    pub kernel: Kernel,
    /// How often a frame runs it.
    pub repeat: u32,
    /// Luma samples.
    pub width: u32,
    /// Luma samples.
    pub height: u32,
}

/// The filter.
#[derive(Debug)]
pub struct KernelFilter {
    setup: Setup,
    parameters: Parameters,
    ready: Ready,
    rows: Vec<Vec<u8>>,
    borders: Vec<[Vec<u8>; 4]>,
    buffer: BlurBuffer,
}

#[derive(Debug)]
enum Ready {
    Blend(Overlay),
    Mosaic(Mosaic),
    Blur(Blur),
    Interpolate(Interpolate),
    Bitmap(Bitmap),
}

fn bitmap(width: u32, height: u32) -> Result<Bitmap, Error> {
    // Neighbours differ, so that nothing is answered from memory.
    let pixels = (0..width * height).map(|index| [(index % 251) as u8, (index % 241) as u8, (index % 239) as u8, 180]);
    Bitmap::new(width, height, pixels.collect()).ok_or_else(|| Error::new("Size", "the bitmap is too large"))
}

impl VideoFilter for KernelFilter {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        let Parameters { width, height, .. } = parameters;
        let area = Rect::new(64, 64, width, height);
        let reach = (width.min(height) / 8).max(1);
        let ready = match parameters.kernel {
            Kernel::Blend => Overlay::new(&bitmap(width, height)?, 64, 64, setup).map(Ready::Blend),
            Kernel::Mosaic => Some(Ready::Mosaic(Mosaic::new(area, reach, setup))),
            Kernel::Blur => Some(Ready::Blur(Blur::new(area, reach, setup))),
            Kernel::Interpolate => Some(Ready::Interpolate(Interpolate::new(area, reach, setup))),
            Kernel::Convert => Some(Ready::Bitmap(bitmap(width, height)?)),
            Kernel::Resize => Some(Ready::Bitmap(bitmap(2 * width, 2 * height)?)),
        };
        let ready = ready.ok_or_else(|| Error::new("Size", "the region is outside of the frame"))?;
        Ok(Self {
            setup: setup.clone(),
            parameters,
            ready,
            rows: Vec::new(),
            borders: Vec::new(),
            buffer: BlurBuffer::default(),
        })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        let Parameters { kernel, repeat, width, height } = self.parameters;
        let first = self.rows.is_empty();
        let mut read = |plane: u8, area: Rect| {
            if first {
                self.rows.push(frame.read(plane, area));
            }
        };
        match &mut self.ready {
            Ready::Blend(overlay) => {
                overlay.planes().iter().for_each(|plane| read(plane.plane(), plane.area()));
                for _ in 0..repeat {
                    overlay.planes().iter().zip(&mut self.rows).for_each(|(plane, rows)| plane.blend(rows));
                }
            }
            Ready::Mosaic(mosaic) => {
                mosaic.planes().iter().for_each(|plane| read(plane.plane(), plane.area()));
                for _ in 0..repeat {
                    mosaic.planes().iter().zip(&mut self.rows).for_each(|(plane, rows)| plane.apply(rows));
                }
            }
            Ready::Blur(blur) => {
                blur.planes().iter().for_each(|plane| read(plane.plane(), plane.area()));
                for _ in 0..repeat {
                    let planes = blur.planes().iter().zip(&mut self.rows);
                    planes.for_each(|(plane, rows)| plane.apply(rows, &mut self.buffer));
                }
            }
            Ready::Interpolate(fill) => {
                for plane in fill.planes_mut() {
                    read(plane.plane(), plane.area());
                    if first {
                        let border = |at: Option<Rect>| at.map(|at| frame.read(plane.plane(), at)).unwrap_or_default();
                        self.borders.push(plane.borders().map(border));
                    }
                }
                for _ in 0..repeat {
                    let planes = fill.planes_mut().iter_mut().zip(&mut self.rows).zip(&self.borders);
                    planes.for_each(|((plane, rows), borders)| plane.apply(rows, borders));
                }
            }
            Ready::Bitmap(bitmap) => {
                for _ in 0..repeat {
                    let made = if kernel == Kernel::Convert {
                        Overlay::new(bitmap, 64, 64, &self.setup).map_or(0, |overlay| overlay.planes().len())
                    } else {
                        resize(bitmap, width, height, Rect::new(0, 0, width, height)).pixels().len()
                    };
                    std::hint::black_box(made);
                }
            }
        }
        Ok(())
    }
}

wasmux_sdk::register_video_filter!(KernelFilter, schema: r#"{"type":"object"}"#, stateless: true);
