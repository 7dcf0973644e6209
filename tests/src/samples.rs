//! Samples of planar pictures, as the `ffmpeg` command decodes them, and how much two pictures are alike.

use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::pictures::{Area, inside};

/// A pixel format of planar YUV, by FFmpeg's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// FFmpeg's name.
    pub name: &'static str,
    /// log2 of the subsampling of chroma, horizontal and vertical.
    pub shift: (usize, usize),
    /// Bits of a sample.
    pub bits: u32,
    /// Whether a fourth plane holds alpha.
    pub alpha: bool,
}

impl Format {
    /// 8 bits, 4:2:0.
    pub const YUV420P: Self = Self { name: "yuv420p", shift: (1, 1), bits: 8, alpha: false };
    /// 8 bits, 4:2:2.
    pub const YUV422P: Self = Self { name: "yuv422p", shift: (1, 0), bits: 8, alpha: false };
    /// 8 bits, 4:4:4.
    pub const YUV444P: Self = Self { name: "yuv444p", shift: (0, 0), bits: 8, alpha: false };
    /// 10 bits, 4:2:0.
    pub const YUV420P10: Self = Self { name: "yuv420p10le", shift: (1, 1), bits: 10, alpha: false };
    /// 8 bits, 4:2:0 and alpha.
    pub const YUVA420P: Self = Self { name: "yuva420p", shift: (1, 1), bits: 8, alpha: true };

    /// The largest sample.
    pub fn max(self) -> f64 {
        f64::from((1u32 << self.bits) - 1)
    }

    /// Number of planes.
    pub fn planes(self) -> usize {
        if self.alpha { 4 } else { 3 }
    }

    /// Subsampling of one plane.
    pub fn plane_shift(self, plane: usize) -> (usize, usize) {
        if plane == 1 || plane == 2 { self.shift } else { (0, 0) }
    }

    /// The samples of a plane that a rectangle of the picture touches.
    pub fn plane_area(self, plane: usize, (x, y, width, height): Area) -> Area {
        let (across, down) = self.plane_shift(plane);
        let run = |start: usize, length: usize, shift: usize| {
            let first = start >> shift;
            (first, (start + length).div_ceil(1 << shift) - first)
        };
        let ((left, columns), (top, rows)) = (run(x, width, across), run(y, height, down));
        (left, top, columns, rows)
    }
}

/// One picture of a [`Format`].
#[derive(Clone, PartialEq)]
pub struct Planar {
    /// Its format.
    pub format: Format,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Rows from the top.
    pub planes: Vec<Vec<u16>>,
}

impl Planar {
    /// Of packed planes, one behind the other.
    pub fn of_bytes(bytes: &[u8], format: Format, width: usize, height: usize) -> Self {
        let samples: Vec<u16> = match format.bits {
            8 => bytes.iter().map(|byte| u16::from(*byte)).collect(),
            _ => bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
        };
        let mut rest = samples.as_slice();
        let planes = (0..format.planes()).map(|plane| {
            let (_, _, columns, rows) = format.plane_area(plane, (0, 0, width, height));
            let (plane, more) = rest.split_at(columns * rows);
            rest = more;
            plane.to_vec()
        });
        Self { format, width, height, planes: planes.collect() }
    }

    /// Packed planes, one behind the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        let samples = self.planes.iter().flatten();
        match self.format.bits {
            8 => samples.map(|sample| u8::try_from(*sample).unwrap()).collect(),
            _ => samples.flat_map(|sample| sample.to_le_bytes()).collect(),
        }
    }

    /// Samples in a row of a plane.
    pub fn row_length(&self, plane: usize) -> usize {
        self.format.plane_area(plane, (0, 0, self.width, self.height)).2
    }

    /// One sample.
    pub fn sample(&self, plane: usize, x: usize, y: usize) -> f64 {
        f64::from(self.planes[plane][y * self.row_length(plane) + x])
    }

    /// How alike this part of two pictures is.
    pub fn likeness(&self, other: &Self, area: Area) -> Likeness {
        self.likeness_to(area, |plane, x, y| other.sample(plane, x, y))
    }

    /// How alike a part is to what it should be.
    pub fn likeness_to(&self, area: Area, wanted: impl Fn(usize, usize, usize) -> f64) -> Likeness {
        let planes = (0..self.format.planes()).map(|plane| {
            let (left, top, columns, rows) = self.format.plane_area(plane, area);
            let places = (top..top + rows).flat_map(|y| (left..left + columns).map(move |x| (x, y)));
            let error = places.map(|(x, y)| (self.sample(plane, x, y) - wanted(plane, x, y)).powi(2)).sum();
            (error, columns * rows)
        });
        Likeness { planes: planes.collect(), max: self.format.max() }
    }

    /// Whether this sample is touched by one of the rectangles.
    pub fn is_in(&self, plane: usize, x: usize, y: usize, areas: &[Area]) -> bool {
        areas.iter().any(|area| inside(self.format.plane_area(plane, *area), x, y))
    }

    /// The first sample (plane, column, row) outside of the rectangles that differs.
    pub fn difference_outside(&self, other: &Self, areas: &[Area]) -> Option<(usize, usize, usize)> {
        assert_eq!((self.format, self.width, self.height), (other.format, other.width, other.height));
        (0..self.format.planes()).find_map(|plane| {
            let length = self.row_length(plane);
            let pairs = self.planes[plane].iter().zip(&other.planes[plane]).enumerate();
            let mut differing = pairs.filter(|(_, (a, b))| a != b).map(|(at, _)| (plane, at % length, at / length));
            differing.find(|(plane, x, y)| !self.is_in(*plane, *x, *y, areas))
        })
    }

    /// Share of the luma samples of a rectangle that differ.
    pub fn share_of_differences(&self, other: &Self, (left, top, width, height): Area) -> f64 {
        let places = (top..top + height).flat_map(|y| (left..left + width).map(move |x| (x, y)));
        let differing = places.filter(|(x, y)| self.sample(0, *x, *y) != other.sample(0, *x, *y)).count();
        differing as f64 / (width * height) as f64
    }
}

/// Squared errors and numbers of samples, plane by plane.
pub struct Likeness {
    planes: Vec<(f64, usize)>,
    max: f64,
}

impl Likeness {
    /// Peak signal-to-noise ratio in dB over all planes together.
    pub fn psnr(&self) -> f64 {
        self.of(&self.planes)
    }

    /// That of the plane that is least alike.
    pub fn worst(&self) -> f64 {
        self.planes.chunks(1).map(|plane| self.of(plane)).fold(f64::INFINITY, f64::min)
    }

    fn of(&self, planes: &[(f64, usize)]) -> f64 {
        let (error, count) = planes.iter().fold((0.0, 0), |sum, plane| (sum.0 + plane.0, sum.1 + plane.1));
        10.0 * (self.max.powi(2) * count as f64 / error).log10()
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<_> = self.planes.chunks(1).map(|plane| format!("{:.1}", self.of(plane))).collect();
        write!(formatter, "{:.1} dB (planes: {})", self.psnr(), each.join(", "))
    }
}

/// All frames of a video, which must be of this format.
pub fn decode(file: &Path, format: Format, (width, height): (usize, usize)) -> Vec<Planar> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    if format.alpha {
        // FFmpeg's own decoder of VP9 leaves alpha out.
        command.args(["-c:v", "libvpx-vp9"]);
    }
    command.arg("-i").arg(file).args(["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]);
    let output = command.output().unwrap();
    let bytes = if format.bits > 8 { 2 } else { 1 };
    let areas = (0..format.planes()).map(|plane| format.plane_area(plane, (0, 0, width, height)));
    let size = bytes * areas.map(|(_, _, columns, rows)| columns * rows).sum::<usize>();
    let length = output.stdout.len();
    assert!(length > 0 && length.is_multiple_of(size), "{}: {length}, {}", file.display(), crate::text(&output.stderr));
    output.stdout.chunks(size).map(|bytes| Planar::of_bytes(bytes, format, width, height)).collect()
}
