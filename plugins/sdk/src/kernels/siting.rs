//! Where chroma samples sit, and which luma samples one of them stands for.
//!
//! A chroma sample of 4:2:0 or 4:2:2 is as wide as two luma samples. Centred between them it is their mean; on one of them (co-sited) it also
//! has half of the two neighbours: weights 1-2-1. Both are the same box of two samples around the place of the chroma
//! sample, so what is drawn is not moved against its luma. ChromaLocType of ITU-T H.273 says which it is: 0 left, 1 centre, 2 top left,
//! 3 top, 4 bottom left, 5 bottom. Unknown is left, which H.264 and H.265 infer. 4:2:2 is always co-sited, whatever is said: the code points
//! are those of 4:2:0.
//!
//! The box of an outer chroma sample reaches over the edge of what is drawn. Such a sample is made of the samples
//! within the blocks alone, and their weights are taken to a sum of 1. So nothing outside of the region is read, mixed or written, and an
//! opaque picture on even edges stays exactly itself.

use std::ops::Range;

use crate::{Rect, Setup};

/// How the samples of a plane lie over the luma samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Siting {
    pub(super) columns: Axis,
    pub(super) rows: Axis,
}

impl Siting {
    /// That of one plane of a stream's frames.
    pub(super) fn new(plane: u8, setup: &Setup) -> Self {
        let shift = setup.plane_shift(plane);
        let location = setup.chroma_location().unwrap_or(0);
        let column = (shift.1 == 0 || !matches!(location, 1 | 3 | 5)).then_some(0);
        let row = match location {
            2 | 3 => Some(0),
            4 | 5 => Some(1),
            _ => None,
        };
        Self { columns: Axis { shift: shift.0, sited: column }, rows: Axis { shift: shift.1, sited: row } }
    }

    /// The luma samples, cut off at the frame's edge, of the blocks that these samples of the plane stand for.
    pub(super) fn blocks(self, area: Rect, setup: &Setup) -> Rect {
        let run = |axis: Axis, start: u32, length: u32, side: u32| {
            let from = start << axis.shift;
            (from, (length << axis.shift).min(side.saturating_sub(from)))
        };
        let (x, width) = run(self.columns, area.x, area.width, setup.width());
        let (y, height) = run(self.rows, area.y, area.height, setup.height());
        Rect { x, y, width, height }
    }
}

/// One direction of a [`Siting`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    shift: u8,
    /// Which luma sample of its block the sample lies on; `None`: in the middle of the block.
    sited: Option<u32>,
}

impl Axis {
    /// The luma samples of the sample with this number, none of them outside of `limits`.
    pub(super) fn taps(self, index: u32, limits: &Range<u32>) -> Taps {
        let block = index << self.shift;
        let (range, heavy) = match self.sited {
            Some(sited) if self.shift == 1 => ((block + sited).saturating_sub(1)..block + sited + 2, block + sited),
            _ => (block..block + (1 << self.shift), u32::MAX),
        };
        Taps { range: range.start.max(limits.start)..range.end.min(limits.end), heavy }
    }
}

/// Luma samples with their weights.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    range: Range<u32>,
    /// The one that counts twice.
    heavy: u32,
}

impl Taps {
    /// Number and weight of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let heavy = self.heavy;
        self.range.clone().map(move |tap| (tap, if tap == heavy { 2 } else { 1 }))
    }

    /// Sum of the weights, at least 1.
    pub(super) fn total(&self) -> u32 {
        self.iter().map(|(_, weight)| weight).sum::<u32>().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Chroma, picture};

    fn taps(chroma: Chroma, location: Option<u8>, index: u32) -> [Vec<(u32, u32)>; 2] {
        let siting = Siting::new(1, &picture(64, 64).chroma(chroma).chroma_location(location).setup());
        [siting.columns, siting.rows].map(|axis| axis.taps(index, &(0..64)).iter().collect())
    }

    #[test]
    fn each_location_has_its_samples() {
        let block = vec![(6, 1), (7, 1)];
        let first = vec![(5, 1), (6, 2), (7, 1)];
        let second = vec![(6, 1), (7, 2), (8, 1)];
        for (location, columns, rows) in [
            (None, &first, &block),
            (Some(0), &first, &block),
            (Some(1), &block, &block),
            (Some(2), &first, &first),
            (Some(3), &block, &first),
            (Some(4), &first, &second),
            (Some(5), &block, &second),
        ] {
            assert_eq!(taps(Chroma::C420, location, 3), [columns.clone(), rows.clone()], "{location:?}");
            assert_eq!(taps(Chroma::C422, location, 3), [first.clone(), vec![(3, 1)]], "{location:?}");
            assert_eq!(taps(Chroma::C444, location, 3), [vec![(3, 1)], vec![(3, 1)]], "{location:?}");
        }
    }

    #[test]
    fn limits_cut_samples_off() {
        let axis = Siting::new(1, &picture(64, 64).setup()).columns;
        let cut = |index, limits| axis.taps(index, &limits).iter().collect::<Vec<_>>();
        assert_eq!(cut(0, 0..64), [(0, 2), (1, 1)]);
        assert_eq!(cut(3, 6..7), [(6, 2)]);
        assert_eq!(axis.taps(3, &(6..64)).total(), 3);
    }

    #[test]
    fn blocks_end_at_the_frame() {
        let setup = picture(21, 11).setup();
        let blocks = |plane, area| Siting::new(plane, &setup).blocks(area, &setup);
        assert_eq!(blocks(1, Rect::new(8, 3, 3, 3)), Rect::new(16, 6, 5, 5));
        assert_eq!(blocks(0, Rect::new(8, 3, 3, 3)), Rect::new(8, 3, 3, 3));
    }
}
