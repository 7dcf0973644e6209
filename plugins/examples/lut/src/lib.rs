//! Grades colours by a table in a `.cube` file. Its idea: all that can be computed beforehand is. The file's table is one of red, green
//! and blue; it becomes one of the picture's own planes when the filter is opened, so that frames need no conversion.

mod cube;
mod signal;
mod table;

use serde::Deserialize;
use wasmux_sdk::kernels::Sample;
use wasmux_sdk::{Error, Frame, Rect, Setup, VideoFilter, assets, report};

use cube::Cube;
use table::Table;

/// Bytes of a file.
const MAX_BYTES: u64 = 16 << 20;
/// Rows of chroma that are read, changed and written at once: few enough to stay in the cache.
const BAND: u32 = 16;

/// What schema.json describes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Parameters {
    /// The file.
    #[serde(rename = "URI")]
    pub uri: String,
    /// How much of the graded colour is mixed in, 0 to 1.
    #[serde(default = "full")]
    pub strength: f32,
}

fn full() -> f32 {
    1.0
}

/// The filter.
#[derive(Debug)]
pub struct Lut {
    table: Table,
}

impl VideoFilter for Lut {
    type Parameters = Parameters;

    fn open(setup: &Setup, parameters: Parameters) -> Result<Self, Error> {
        let bytes = assets::read_all(&parameters.uri, MAX_BYTES).map_err(|error| Error::from(error).field("URI"))?;
        // Only a title may have other letters, and that is passed over.
        let cube = Cube::parse(&String::from_utf8_lossy(&bytes))?;
        if parameters.strength <= 0.0 {
            report::region(Rect::default(), 0, Some(0));
        }
        Ok(Self { table: Table::new(&cube, parameters.strength, setup) })
    }

    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error> {
        let wide = frame.setup().sample_bytes() == 2;
        let (_, rows) = frame.setup().plane_size(1);
        for y in (0..rows).step_by(BAND as usize) {
            let rows = y..rows.min(y + BAND);
            if wide { self.band::<[u8; 2]>(frame, rows) } else { self.band::<u8>(frame, rows) }
        }
        Ok(())
    }
}

impl Lut {
    /// Grades these rows of chroma, and the rows of luma that share them.
    fn band<T: Sample>(&self, frame: &mut Frame<'_>, rows: std::ops::Range<u32>) {
        let setup = frame.setup();
        let (shift_x, shift_y) = setup.chroma_shift();
        let ((width, height), (columns, _)) = (setup.plane_size(0), setup.plane_size(1));
        let (top, bottom) = (rows.start << shift_y, (rows.end << shift_y).min(height));
        let chroma = Rect::new(0, rows.start, columns, rows.end - rows.start);
        let areas = [Rect::new(0, top, width, bottom - top), chroma, chroma];
        let mut planes = [0, 1, 2].map(|plane: u8| frame.read(plane, areas[usize::from(plane)]));
        let [luma, cb, cr] = planes.each_mut().map(|plane| T::of_bytes_mut(plane));
        let lines = luma.chunks_mut((width as usize) << shift_y);
        let columns = columns as usize;
        for ((lines, cb), cr) in lines.zip(cb.chunks_exact_mut(columns)).zip(cr.chunks_exact_mut(columns)) {
            let mut lines: Vec<_> = lines.chunks_exact_mut(width as usize).collect();
            self.table.grade(&mut lines, [cb, cr], shift_x);
        }
        for ((plane, area), samples) in (0u8..).zip(areas).zip(&planes) {
            frame.write(plane, area, samples);
        }
    }
}

wasmux_sdk::register_video_filter!(Lut, schema: include_str!("../schema.json"), stateless: true);

#[cfg(test)]
mod tests;
