//! `wasmux:host/report`: warnings for the user, and the regions in which a filter works.

use super::clean;
use crate::pipeline::Region;
use crate::sandbox::bindings::report::Host;
use crate::sandbox::bindings::types::Rect as WitRect;
use crate::sandbox::failure::Stop;
use crate::sandbox::guest::{Guest, Phase};
use crate::sandbox::limits::Limits;
use crate::task::{Rect, Warning};

/// Longest code, field and message of a warning, in bytes.
const CODE: usize = 64;
const FIELD: usize = 256;
const MESSAGE: usize = 2 << 10;

/// Rectangles into which a write may fall apart at the borders of regions.
const MAX_PIECES: usize = 4_096;

/// What one instance reported.
pub(in crate::sandbox) struct Reports {
    warnings: Vec<Warning>,
    warnings_left: u32,
    dropped: u64,
    regions: Option<Vec<Region>>,
    max_regions: usize,
}

impl Reports {
    pub(in crate::sandbox) fn new(limits: &Limits) -> Self {
        Self {
            warnings: Vec::new(),
            warnings_left: limits.warnings,
            dropped: 0,
            regions: None,
            max_regions: limits.regions as usize,
        }
    }

    fn warn(&mut self, code: &str, field: &str, message: &str) -> bool {
        let Some(left) = self.warnings_left.checked_sub(1) else {
            self.dropped = self.dropped.saturating_add(1);
            return false;
        };
        self.warnings_left = left;
        let (code, field, message) = (clean(code, CODE), clean(field, FIELD), clean(message, MESSAGE));
        self.warnings.push(Warning { code, field, target: None, message });
        true
    }

    /// The warnings so far; the last one counts those that were too many.
    pub(in crate::sandbox) fn take_warnings(&mut self) -> Vec<Warning> {
        let mut warnings = std::mem::take(&mut self.warnings);
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            let message = format!("{dropped} more warnings of this plugin are not shown");
            warnings.push(Warning { code: "MoreWarnings".into(), field: String::new(), target: None, message });
        }
        warnings
    }

    fn declare(&mut self, region: Region) -> Result<(), Stop> {
        let regions = self.regions.get_or_insert_default();
        if regions.len() >= self.max_regions {
            let max = self.max_regions;
            return Err(Stop::Misuse(format!("it declared more than {max} regions (limit regions)")));
        }
        regions.push(region);
        Ok(())
    }

    /// The declared regions; `None`: everywhere, always.
    pub(in crate::sandbox) fn regions(&self) -> Option<&[Region]> {
        self.regions.as_deref()
    }

    /// Whether there is anything to do at this time.
    pub(in crate::sandbox) fn is_active(&self, time: i64) -> bool {
        self.regions.as_ref().is_none_or(|regions| regions.iter().any(|region| region.is_active(time)))
    }

    /// Whether a filter may write this rectangle of a plane with these shifts at this time: all of it lies in regions that are
    /// active, rounded outwards to whole samples of the plane.
    pub(in crate::sandbox) fn allows(&self, area: Rect, shift: (u8, u8), time: i64) -> bool {
        let Some(regions) = &self.regions else { return true };
        let active = || {
            let active = regions.iter().filter(|region| region.is_active(time));
            active.map(|region| region.area.subsampled(shift.0, shift.1))
        };
        area.is_empty() || active().any(|region| region.contains(area)) || covered(area, active())
    }
}

/// Whether the rectangles together cover the area.
fn covered(area: Rect, by: impl Iterator<Item = Rect>) -> bool {
    let mut open = vec![Edges::of(area)];
    for rect in by {
        let rect = Edges::of(rect);
        open = open.into_iter().flat_map(|piece| piece.without(rect)).collect();
        if open.is_empty() {
            return true;
        }
        if open.len() > MAX_PIECES {
            return false;
        }
    }
    false
}

/// A rectangle by its edges, right and bottom exclusive.
#[derive(Debug, Clone, Copy)]
struct Edges {
    left: u64,
    top: u64,
    right: u64,
    bottom: u64,
}

impl Edges {
    fn of(rect: Rect) -> Self {
        let (left, top) = (u64::from(rect.x), u64::from(rect.y));
        Self { left, top, right: left + u64::from(rect.width), bottom: top + u64::from(rect.height) }
    }

    fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// What remains of it: at most four rectangles.
    fn without(self, other: Self) -> impl Iterator<Item = Self> {
        let left = other.left.clamp(self.left, self.right);
        let right = other.right.clamp(self.left, self.right);
        let top = other.top.clamp(self.top, self.bottom);
        let bottom = other.bottom.clamp(self.top, self.bottom);
        let apart = other.is_empty() || left >= right || top >= bottom;
        let pieces = if apart {
            [Some(self), None, None, None]
        } else {
            [
                Some(Self { bottom: top, ..self }),
                Some(Self { top: bottom, ..self }),
                Some(Self { top, bottom, right: left, ..self }),
                Some(Self { top, bottom, left: right, ..self }),
            ]
        };
        pieces.into_iter().flatten().filter(|piece| !piece.is_empty())
    }
}

impl Host for Guest {
    fn warning(&mut self, code: String, field: String, message: String) -> wasmtime::Result<()> {
        if self.reports.warn(&code, &field, &message) && self.phase == Phase::Running {
            let plugin = &self.plugin;
            let message = clean(&message, MESSAGE);
            tracing::warn!(target: "wasmux::plugin", %plugin, code = clean(&code, CODE), field = clean(&field, FIELD), "{message}");
        }
        Ok(())
    }

    fn region(&mut self, area: WitRect, start: i64, end: Option<i64>) -> wasmtime::Result<()> {
        if self.phase != Phase::Opening {
            return Err(Stop::Misuse("it declared a region outside of `open`".into()).into());
        }
        self.reports.declare(Region { area: area.into(), start, end })?;
        Ok(())
    }
}

impl From<WitRect> for Rect {
    fn from(rect: WitRect) -> Self {
        let WitRect { x, y, width, height } = rect;
        Self { x, y, width, height }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
        Rect { x, y, width, height }
    }

    fn reports(areas: &[Rect]) -> Reports {
        let mut reports = Reports::new(&Limits::default());
        areas.iter().for_each(|area| reports.declare(Region { area: *area, start: 0, end: Some(100) }).unwrap());
        reports
    }

    #[test]
    fn without_regions_everything_is_allowed() {
        assert!(reports(&[]).allows(rect(0, 0, u32::MAX, u32::MAX), (0, 0), -5));
        assert!(reports(&[]).is_active(-5));
    }

    #[test]
    fn writes_stay_inside_active_regions() {
        let reports = reports(&[rect(3, 3, 5, 5)]);
        assert!(reports.allows(rect(3, 3, 5, 5), (0, 0), 99));
        assert!(!reports.allows(rect(3, 3, 5, 5), (0, 0), 100), "the end is exclusive");
        assert!(!reports.allows(rect(2, 3, 5, 5), (0, 0), 0));
        assert!(reports.allows(rect(1, 1, 3, 3), (1, 1), 0), "chroma is rounded outwards");
        assert!(!reports.allows(rect(1, 1, 4, 3), (1, 1), 0));
    }

    #[test]
    fn adjacent_regions_are_one_area() {
        let reports = reports(&[rect(0, 0, 4, 4), rect(4, 0, 4, 4), rect(0, 4, 8, 4)]);
        assert!(reports.allows(rect(1, 1, 6, 6), (0, 0), 0));
        assert!(!reports.allows(rect(1, 1, 8, 6), (0, 0), 0));
    }

    #[test]
    fn warnings_over_the_limit_are_counted() {
        let mut reports = Reports::new(&Limits { warnings: 2, ..Limits::default() });
        (0..5).for_each(|n| assert_eq!(reports.warn("Code", "", "message"), n < 2));
        let warnings = reports.take_warnings();
        assert_eq!(warnings.len(), 3);
        assert!(warnings[2].message.starts_with("3 more warnings"));
    }

    #[test]
    fn regions_are_limited_by_number() {
        let mut reports = Reports::new(&Limits { regions: 1, ..Limits::default() });
        let region = Region { area: rect(0, 0, 1, 1), start: 0, end: None };
        assert!(reports.declare(region).is_ok());
        assert!(matches!(reports.declare(region), Err(Stop::Misuse(what)) if what.contains("more than 1 regions")));
    }

    proptest! {
        /// The union is right sample by sample.
        #[test]
        fn a_write_is_allowed_exactly_where_all_its_samples_are(
            areas in prop::collection::vec((0_u32..12, 0_u32..12, 0_u32..8, 0_u32..8), 0..6),
            (x, y, width, height) in (0_u32..12, 0_u32..12, 1_u32..8, 1_u32..8),
            shift in (0_u8..2, 0_u8..2),
        ) {
            let areas: Vec<Rect> = areas.into_iter().map(|(x, y, w, h)| rect(x, y, w, h)).collect();
            prop_assume!(!areas.is_empty());
            let inside = |px: u32, py: u32| areas.iter().any(|area| {
                let plane = area.subsampled(shift.0, shift.1);
                !area.is_empty() && plane.contains(rect(px, py, 1, 1))
            });
            let expected = (x..x + width).all(|px| (y..y + height).all(|py| inside(px, py)));
            prop_assert_eq!(reports(&areas).allows(rect(x, y, width, height), shift, 0), expected);
        }
    }
}
