//! Pictures out of files, to look at what a person would see.

use std::path::Path;
use std::process::Command;

/// An 8-bit RGB picture.
pub struct Rgb {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Rows from the top, three bytes a pixel.
    pub bytes: Vec<u8>,
}

/// A rectangle: left, top, width, height.
pub type Area = (usize, usize, usize, usize);

impl Rgb {
    /// The frame with this number, decoded by the `ffmpeg` command: independent of the code under test.
    pub fn of_video(file: &Path, frame: usize, width: usize, height: usize) -> Self {
        let select = format!("select=eq(n\\,{frame}),format=rgb24");
        let output = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "error", "-i"])
            .arg(file)
            .args(["-vf", &select, "-frames:v", "1", "-f", "rawvideo", "-"])
            .output()
            .unwrap();
        assert_eq!(output.stdout.len(), width * height * 3, "{}: {}", file.display(), crate::text(&output.stderr));
        Self { width, height, bytes: output.stdout }
    }

    /// Peak signal-to-noise ratio in dB over the pixels for which `within` holds; infinite when they are equal.
    pub fn psnr(&self, other: &Self, within: impl Fn(usize, usize) -> bool) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let (mut error, mut count) = (0.0, 0.0);
        for (at, (a, b)) in self.bytes.iter().zip(&other.bytes).enumerate() {
            let pixel = at / 3;
            if within(pixel % self.width, pixel / self.width) {
                error += (f64::from(*a) - f64::from(*b)).powi(2);
                count += 1.0;
            }
        }
        assert!(count > 0.0, "no pixel is within");
        10.0 * (255.0_f64.powi(2) * count / error).log10()
    }

    /// Share of the pixels of an area for which this holds.
    pub fn share(&self, area: Area, holds: impl Fn([u8; 3]) -> bool) -> f64 {
        let (left, top, width, height) = area;
        let mut count = 0usize;
        for y in top..top + height {
            for x in left..left + width {
                let at = (y * self.width + x) * 3;
                count += usize::from(holds([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2]]));
            }
        }
        count as f64 / (width * height) as f64
    }
}

/// Whether a pixel lies in an area.
pub fn inside((left, top, width, height): Area, x: usize, y: usize) -> bool {
    (left..left + width).contains(&x) && (top..top + height).contains(&y)
}
