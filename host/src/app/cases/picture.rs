//! What a picture differs in from the one that is expected.

use super::file::Tolerance;
use crate::media::Rgba;

const CHANNELS: [&str; 4] = ["red", "green", "blue", "alpha"];
/// Pixels between the pictures that are shown side by side.
const GAP: u32 = 4;

/// Two pictures of one size, compared sample by sample.
pub(super) struct Comparison<'a> {
    expected: &'a Rgba,
    got: &'a Rgba,
    /// The largest difference, and the number of its sample.
    most: (u8, usize),
    psnr: f64,
}

impl<'a> Comparison<'a> {
    /// `None` where their sizes differ.
    pub(super) fn of(expected: &'a Rgba, got: &'a Rgba) -> Option<Self> {
        if (expected.width(), expected.height()) != (got.width(), got.height()) {
            return None;
        }
        let (mut most, mut squares) = ((0, 0), 0u64);
        for (at, (a, b)) in expected.pixels().iter().zip(got.pixels()).enumerate() {
            let difference = a.abs_diff(*b);
            squares += u64::from(difference) * u64::from(difference);
            if difference > most.0 {
                most = (difference, at);
            }
        }
        let mean = squares as f64 / expected.pixels().len().max(1) as f64;
        Some(Self { expected, got, most, psnr: 10.0 * (255.0 * 255.0 / mean).log10() })
    }

    /// In words, where it is more than is tolerated.
    pub(super) fn beyond(&self, tolerance: Tolerance) -> Option<String> {
        let (most, at) = self.most;
        let mut reasons = Vec::new();
        if let Some(allowed) = tolerance.difference.filter(|allowed| most > *allowed) {
            let pixels = self.expected.pixels().chunks_exact(4).zip(self.got.pixels().chunks_exact(4));
            let far = |(a, b): &(&[u8], &[u8])| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > allowed);
            let (count, all) = (pixels.clone().filter(far).count(), pixels.len());
            reasons.push(format!("{count} of {all} pixels differ by more than {allowed}"));
        }
        if let Some(least) = tolerance.psnr.filter(|least| self.psnr < *least) {
            reasons.push(format!("the PSNR is {:.1} dB and not {least} dB", self.psnr));
        }
        if reasons.is_empty() {
            return None;
        }
        let width = self.expected.width().max(1) as usize;
        let (x, y, channel) = (at / 4 % width, at / 4 / width, CHANNELS[at % 4]);
        let samples = (self.expected.pixels().get(at), self.got.pixels().get(at));
        let (expected, got) = (samples.0.copied().unwrap_or_default(), samples.1.copied().unwrap_or_default());
        reasons.push(format!("most {channel} at ({x}, {y}), which is {got} and not {expected}"));
        Some(reasons.join(", "))
    }

    /// The picture that is expected, what came out, and the difference so much brighter that the largest is white.
    pub(super) fn side_by_side(&self) -> Rgba {
        let (width, height) = (self.expected.width(), self.expected.height());
        let step = width + GAP;
        let scale = f64::from(u8::MAX) / f64::from(self.most.0.max(1));
        Rgba::new(step * 2 + width, height, |x, y| {
            let (panel, x) = (x / step, x % step);
            let (expected, got) = (self.expected.pixel(x, y), self.got.pixel(x, y));
            match panel {
                _ if x >= width => [u8::MAX; 4],
                0 => expected,
                1 => got,
                _ => {
                    let alpha = expected[3].abs_diff(got[3]);
                    let shown = |channel: usize| {
                        let difference = expected[channel].abs_diff(got[channel]).max(alpha);
                        (f64::from(difference) * scale).round() as u8
                    };
                    [shown(0), shown(1), shown(2), u8::MAX]
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tolerance(difference: Option<u8>, psnr: Option<f64>) -> Tolerance {
        Tolerance { difference, psnr }
    }

    /// A picture of grey, with one pixel that is greener.
    fn grey(green: u8) -> Rgba {
        Rgba::new(6, 4, |x, y| [100, if (x, y) == (5, 2) { green } else { 100 }, 100, 255])
    }

    #[test]
    fn the_largest_difference_is_found_and_told() {
        let (expected, got) = (grey(110), grey(150));
        let comparison = Comparison::of(&expected, &got).unwrap();
        let text = comparison.beyond(tolerance(Some(39), Some(30.0))).unwrap();
        assert_eq!(text, "1 of 24 pixels differ by more than 39, most green at (5, 2), which is 150 and not 110");
        assert_eq!(comparison.beyond(tolerance(Some(40), None)), None);
        let text = comparison.beyond(tolerance(None, Some(36.0))).unwrap();
        assert!(text.starts_with("the PSNR is 35.9 dB and not 36 dB, most green"), "{text}");
        assert!(Comparison::of(&expected, &Rgba::new(4, 6, |_, _| [0; 4])).is_none());
        let same = Comparison::of(&expected, &expected).unwrap();
        assert_eq!(same.beyond(tolerance(Some(0), Some(200.0))), None);
    }

    #[test]
    fn the_difference_is_shown_beside_both() {
        let (expected, got) = (grey(110), grey(150));
        let shown = Comparison::of(&expected, &got).unwrap().side_by_side();
        assert_eq!((shown.width(), shown.height()), (6 * 3 + 8, 4));
        assert_eq!((shown.pixel(5, 2), shown.pixel(15, 2)), ([100, 110, 100, 255], [100, 150, 100, 255]));
        assert_eq!((shown.pixel(25, 2), shown.pixel(24, 2)), ([0, 255, 0, 255], [0, 0, 0, 255]));
        assert_eq!(shown.pixel(6, 0), [255; 4]);
    }
}
