//! Pictures that a case need not bring along.

use serde::Deserialize;

use crate::media::Rgba;

/// Pixels of a square of the chessboard.
const SQUARE: u32 = 8;

/// What is in a picture that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::app) enum Pattern {
    /// Eight bars, from white over the colours to black.
    Bars,
    /// Red grows to the right, green downwards, blue shrinks to the right.
    Gradient,
    /// Black and white squares of 8 pixels.
    Chess,
    /// Grey, at half of the brightness.
    Grey,
    /// White.
    White,
    /// Black.
    Black,
    /// Every sample is another one, always the same ones.
    Noise,
}

impl Pattern {
    pub(in crate::app) fn picture(self, width: u32, height: u32) -> Rgba {
        match self {
            Self::Bars => Rgba::new(width, height, |x, _| bar(x, width)),
            Self::Gradient => Rgba::new(width, height, |x, y| {
                let (right, down) = (part(x, width), part(y, height));
                opaque([right, down, u8::MAX - right])
            }),
            Self::Chess => Rgba::new(width, height, |x, y| grey(((x / SQUARE + y / SQUARE) % 2) as u8 * u8::MAX)),
            Self::Grey => Rgba::new(width, height, |_, _| grey(128)),
            Self::White => Rgba::new(width, height, |_, _| grey(u8::MAX)),
            Self::Black => Rgba::new(width, height, |_, _| grey(0)),
            Self::Noise => {
                let mut state = 1;
                Rgba::new(width, height, |_, _| opaque([next(&mut state), next(&mut state), next(&mut state)]))
            }
        }
    }
}

fn opaque([red, green, blue]: [u8; 3]) -> [u8; 4] {
    [red, green, blue, u8::MAX]
}

fn grey(sample: u8) -> [u8; 4] {
    opaque([sample; 3])
}

/// White, yellow, cyan, green, magenta, red, blue, black.
fn bar(x: u32, width: u32) -> [u8; 4] {
    let number = u64::from(x) * 8 / u64::from(width.max(1));
    let on = |bit: u64| if number & bit == 0 { u8::MAX } else { 0 };
    opaque([on(2), on(4), on(1)])
}

/// Where a place lies on a side, 0 to 255.
fn part(at: u32, side: u32) -> u8 {
    let most = u64::from(side.saturating_sub(1)).max(1);
    u8::try_from(u64::from(at) * 255 / most).unwrap_or(u8::MAX)
}

/// The high bits of a linear congruential generator: they repeat only after more samples than a picture has.
fn next(state: &mut u64) -> u8 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_the_colours_of_television() {
        let picture = Pattern::Bars.picture(80, 1);
        let colours: Vec<_> = (0..8).map(|bar| picture.pixel(bar * 10 + 5, 0)).collect();
        let [o, f] = [0, 255];
        let want = [[f, f, f], [f, f, o], [o, f, f], [o, f, o], [f, o, f], [f, o, o], [o, o, f], [o, o, o]];
        assert_eq!(colours, want.map(opaque));
    }

    #[test]
    fn patterns_are_what_they_are_called() {
        let gradient = Pattern::Gradient.picture(256, 3);
        assert_eq!((gradient.pixel(0, 0), gradient.pixel(255, 2)), ([0, 0, 255, 255], [255, 255, 0, 255]));
        let chess = Pattern::Chess.picture(16, 16);
        assert_eq!([chess.pixel(0, 0)[0], chess.pixel(8, 0)[0], chess.pixel(8, 8)[0]], [0, 255, 0]);
        let noise = Pattern::Noise.picture(64, 64);
        assert_eq!(noise, Pattern::Noise.picture(64, 64));
        let mean = noise.pixels().chunks(4).map(|pixel| u32::from(pixel[0])).sum::<u32>() / (64 * 64);
        assert!((118..138).contains(&mean), "{mean}");
        assert_eq!(Pattern::Grey.picture(1, 1).pixel(0, 0), [128, 128, 128, 255]);
    }
}
