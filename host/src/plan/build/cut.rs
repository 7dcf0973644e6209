//! The parts of the sources that are used.

use super::{Builder, Making};
use crate::task::{ErrorCode, Failure, Stage, Warning};

impl Builder<'_> {
    /// Judges `StartTime` and `Duration` against the sources.
    pub(super) fn cuts(&mut self) -> Result<(), Failure> {
        (0..self.spec.sources.len()).try_for_each(|source| self.cut(source))
    }

    fn cut(&mut self, source: usize) -> Result<(), Failure> {
        /// What headers state is rounded: so much less than asked for, in seconds, is no matter.
        const ROUNDED: f64 = 0.02;
        let duration = self.composition.source(source).and_then(|facts| facts.duration);
        let (Some(clip), Some(duration)) = (self.composition.clip(source), duration) else { return Ok(()) };
        let start = clip.start_ns as f64 / 1e9;
        if start >= duration {
            let message = format!(
                "Sources[{source}].StartTime is {start} s, but the source lasts {duration:.3} s; choose an earlier one"
            );
            return Err(Failure::new(ErrorCode::TargetRefused, Stage::Plan, message));
        }
        let asked = clip.length_ns.map(|ns| ns as f64 / 1e9);
        if let Some(asked) = asked.filter(|asked| start + asked > duration + ROUNDED) {
            let rest = duration - start;
            self.warnings.push(Warning {
                code: "CutShortened".into(),
                field: format!("Sources[{source}].Duration"),
                target: None,
                message: format!("the source ends {rest:.3} s after StartTime, so this is used instead of {asked} s"),
            });
        }
        Ok(())
    }

    /// Copied pictures cannot begin between two key pictures.
    pub(super) fn cut_is_inexact(&mut self, making: &Making<'_>, source: usize) {
        let Some(clip) = self.composition.clip(source) else { return };
        let start = clip.start_ns as f64 / 1e9;
        self.warnings.push(Warning {
            code: "CutAtKeyPicture".into(),
            field: format!("Targets[{}].Video", making.target.index),
            target: Some(making.target.index),
            message: format!(
                "copied video begins at the last key picture at or before {start} s; set a Codec to cut it to the frame"
            ),
        });
    }
}
