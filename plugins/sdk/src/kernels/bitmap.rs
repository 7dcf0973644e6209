//! A picture in memory before it is turned into planes.

/// RGBA, 8 bits, sRGB, straight (not premultiplied) alpha, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 4]>,
}

impl Bitmap {
    /// A bitmap of `width * height` pixels. `None` when `pixels` holds another number of them.
    pub fn new(width: u32, height: u32, pixels: Vec<[u8; 4]>) -> Option<Self> {
        let count = u64::from(width) * u64::from(height);
        (u64::try_from(pixels.len()) == Ok(count)).then_some(Self { width, height, pixels })
    }

    /// A bitmap of one colour. Sizes that do not fit into memory give an empty bitmap.
    pub fn filled(width: u32, height: u32, pixel: [u8; 4]) -> Self {
        match usize::try_from(u64::from(width) * u64::from(height)) {
            Ok(count) => Self { width, height, pixels: vec![pixel; count] },
            Err(_) => Self { width: 0, height: 0, pixels: Vec::new() },
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[[u8; 4]] {
        &self.pixels
    }

    /// All pixels, to be changed.
    pub fn pixels_mut(&mut self) -> &mut [[u8; 4]] {
        &mut self.pixels
    }

    /// One row; empty when there is no such row.
    pub fn row(&self, y: u32) -> &[[u8; 4]] {
        let width = self.width as usize;
        let start = (y as usize).saturating_mul(width);
        self.pixels.get(start..start.saturating_add(width)).unwrap_or(&[])
    }
}
