//! Rectangles and ratios.

use std::fmt;

/// A rectangle in samples of the plane, or of the luma plane, that its user names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width; may be 0.
    pub width: u32,
    /// Height; may be 0.
    pub height: u32,
}

impl Rect {
    /// A rectangle from its left top corner and its size.
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// Whether it holds no sample.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Number of samples.
    pub fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// One past the last column.
    pub fn right(self) -> u64 {
        u64::from(self.x) + u64::from(self.width)
    }

    /// One past the last row.
    pub fn bottom(self) -> u64 {
        u64::from(self.y) + u64::from(self.height)
    }

    /// Whether all of it lies in a plane of that size.
    pub fn fits(self, width: u32, height: u32) -> bool {
        self.right() <= u64::from(width) && self.bottom() <= u64::from(height)
    }

    /// Whether all of `other` lies in it.
    pub fn contains(self, other: Self) -> bool {
        other.x >= self.x && other.y >= self.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    /// What both have in common; empty where that is nothing.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        let span = |a: u32, a_end: u64, b: u32, b_end: u64| {
            let start = a.max(b);
            let end = a_end.min(b_end);
            (start, u32::try_from(end.saturating_sub(u64::from(start))).unwrap_or(u32::MAX))
        };
        let (x, width) = span(self.x, self.right(), other.x, other.right());
        let (y, height) = span(self.y, self.bottom(), other.y, other.bottom());
        Self { x, y, width, height }
    }

    /// The samples of a plane subsampled by these shifts (log2) that belong to any of its samples: rounded outwards.
    #[must_use]
    pub fn subsampled(self, shift_x: u8, shift_y: u8) -> Self {
        let span = |start: u32, end: u64, shift: u8| {
            let shift = u32::from(shift).min(31);
            let first = start >> shift;
            let last = end.div_ceil(1 << shift);
            (first, u32::try_from(last.saturating_sub(u64::from(first))).unwrap_or(u32::MAX))
        };
        let (x, width) = span(self.x, self.right(), shift_x);
        let (y, height) = span(self.y, self.bottom(), shift_y);
        Self { x, y, width, height }
    }
}

impl fmt::Display for Rect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} at ({}, {})", self.width, self.height, self.x, self.y)
    }
}

/// A ratio, such as a frame rate in frames per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ratio {
    /// Numerator.
    pub numerator: u32,
    /// Denominator.
    pub denominator: u32,
}

impl Ratio {
    /// 1/1.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// A ratio of these two numbers, as they are.
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        Self { numerator, denominator }
    }

    /// As a floating-point number; infinite or no number where the denominator is 0.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn subsampling_rounds_outwards() {
        assert_eq!(Rect::new(3, 4, 3, 1).subsampled(1, 1), Rect::new(1, 2, 2, 1));
        assert_eq!(Rect::new(3, 4, 3, 1).subsampled(0, 0), Rect::new(3, 4, 3, 1));
    }

    #[test]
    fn apart_rectangles_have_nothing_in_common() {
        assert!(Rect::new(0, 0, 4, 4).intersection(Rect::new(4, 0, 4, 4)).is_empty());
    }

    proptest! {
        #[test]
        fn intersections_lie_in_both(
            a in any::<(u32, u32, u32, u32)>(), b in any::<(u32, u32, u32, u32)>(),
        ) {
            let (a, b) = (Rect::new(a.0, a.1, a.2, a.3), Rect::new(b.0, b.1, b.2, b.3));
            let both = a.intersection(b);
            prop_assert!(both.is_empty() || (a.contains(both) && b.contains(both)));
        }

        #[test]
        fn subsampled_rectangles_hold_every_sample(
            x in 0u32..5000, y in 0u32..5000, w in 1u32..5000, h in 1u32..5000, sx in 0u8..3, sy in 0u8..3,
        ) {
            let area = Rect::new(x, y, w, h).subsampled(sx, sy);
            prop_assert!(area.x <= x >> sx && area.right() > u64::from((x + w - 1) >> sx));
            prop_assert!(area.y <= y >> sy && area.bottom() > u64::from((y + h - 1) >> sy));
        }
    }
}
