//! Writes the timecode of each frame into the picture. Its idea: an opaque box, whose place is known when the filter is opened, is
//! written without reading anything, and the host, which is told the place, leaves the rest of the picture alone.

mod clock;
mod font;

use serde::Deserialize;
use wasmux_sdk::kernels::{Corner, Encoder, LengthError, Placed, Sample, extent, offset};
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, report};

use clock::Clock;

/// What schema.json describes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct Parameters {
    /// Timecode of the first frame.
    pub start: String,
    /// Height of the digits, a ratio or pixels.
    pub size: f64,
    /// Which corner.
    pub refer_pos: Corner,
    /// Horizontal distance from the corner.
    pub dx: f64,
    /// Vertical distance from the corner.
    pub dy: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { start: "00:00:00:00".to_owned(), size: 0.05, refer_pos: Corner::TopLeft, dx: 0.02, dy: 0.02 }
    }
}

/// The filter.
#[derive(Debug)]
pub struct Timecode {
    clock: Clock,
    /// Luma samples of a side of one dot of a letter.
    dot: usize,
    /// Where the box lies, in luma samples.
    area: Rect,
    /// Paper and ink, as bytes of a sample of luma.
    colours: [Vec<u8>; 2],
    /// The box in the other planes, which is the same for all frames.
    others: Vec<(u8, Rect, Vec<u8>)>,
}

impl VideoFilter for Timecode {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        let clock = Clock::new(setup.frame_rate(), &parameters.start)?;
        let fault = |field: &'static str| {
            move |error: LengthError| Error::new("InvalidArgument", format!("{field} {error}")).field(field)
        };
        let (width, height) = (setup.width(), setup.height());
        let size = extent(parameters.size, height).map_err(fault("Size"))?;
        let dx = offset(parameters.dx, width).map_err(fault("Dx"))?;
        let dy = offset(parameters.dy, height).map_err(fault("Dy"))?;
        let dot = (size as usize / font::HEIGHT).max(1);
        // A dot of margin on all sides; letters have one between them.
        let columns = clock.length() * (font::WIDTH + 1) + 1;
        let (columns, rows) = (even(columns * dot), even((font::HEIGHT + 2) * dot));
        let mut placed = Placed::in_corner(parameters.refer_pos, (dx, dy), (columns, rows), (width, height));
        // Samples of chroma belong to the box wholly or not at all.
        (placed.x, placed.y) = (placed.x & !1, placed.y & !1);
        let area = placed.clip(width, height);
        if (area.width, area.height) != (columns, rows) {
            let message = format!(
                "the box of {columns}x{rows} at {},{} leaves the frame of {width}x{height}; choose smaller numbers for Size, Dx and Dy",
                placed.x, placed.y
            );
            return Err(Error::new("OutsideFrame", message).field("Size"));
        }
        report::region(area, 0, None);
        let encoder = Encoder::new(setup);
        let [black, white] = [[0; 3], [255; 3]].map(|rgb| encoder.encode(rgb));
        let sample = |value: f64| match setup.sample_bytes() {
            1 => vec![u8::new(value.round() as u32)],
            _ => <[u8; 2]>::new(value.round() as u32).to_vec(),
        };
        let others = (1..setup.planes()).map(|plane| {
            let area = setup.plane_area(plane, area);
            let value = black.get(usize::from(plane)).copied().unwrap_or(f64::from(setup.max_sample()));
            (plane, area, sample(value).repeat(area.width as usize * area.height as usize))
        });
        Ok(Self { clock, dot, area, colours: [sample(black[0]), sample(white[0])], others: others.collect() })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        let text = self.clock.text(frame.time());
        frame.write(0, self.area, &self.draw(text.as_bytes()));
        for (plane, area, samples) in &self.others {
            frame.write(*plane, *area, samples);
        }
        Ok(())
    }
}

/// Sides of the box: pictures of 4:2:0 have a sample of chroma for two of luma.
fn even(side: usize) -> u32 {
    u32::try_from(side.next_multiple_of(2)).unwrap_or(u32::MAX)
}

impl Timecode {
    /// The box's luma with this text.
    fn draw(&self, text: &[u8]) -> Vec<u8> {
        let [paper, ink] = &self.colours;
        let row_bytes = self.area.width as usize * paper.len();
        let blank = paper.repeat(self.area.width as usize);
        let mut samples = blank.repeat(self.dot);
        for row in 0..font::HEIGHT {
            let mut line = paper.repeat(self.dot);
            for letter in text {
                let bits = font::rows(*letter)[row];
                // The last of the six columns is the gap.
                for column in (0..=font::WIDTH).rev() {
                    let colour = if bits << 1 >> column & 1 == 1 { ink } else { paper };
                    line.extend(colour.repeat(self.dot));
                }
            }
            line.extend_from_slice(&blank);
            line.truncate(row_bytes);
            samples.extend(line.repeat(self.dot));
        }
        samples.extend(blank.repeat(self.area.height as usize - (font::HEIGHT + 1) * self.dot));
        samples
    }
}

wasmux_sdk::register_video_filter!(Timecode, schema: include_str!("../schema.json"), stateless: true);

#[cfg(test)]
mod tests;
