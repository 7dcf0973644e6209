//! The part of the source that is used.

use super::{Builder, Making};
use crate::task::{ErrorCode, Failure, SourceSpec, Stage, TaskSpec, Warning};

impl Builder<'_> {
    /// Judges `StartTime` and `Duration` against the source.
    pub(super) fn cut(&mut self, spec: &TaskSpec) -> Result<(), Failure> {
        /// What headers state is rounded: so much less than asked for, in seconds, is no matter.
        const ROUNDED: f64 = 0.02;
        self.clip = spec.sources.first().and_then(SourceSpec::clip);
        let (Some(clip), Some(duration)) = (self.clip, self.facts.duration) else { return Ok(()) };
        let start = clip.start_ns as f64 / 1e9;
        if start >= duration {
            let message = format!(
                "Sources[0].StartTime is {start} s, but the source lasts {duration:.3} s; choose an earlier one"
            );
            return Err(Failure::new(ErrorCode::TargetRefused, Stage::Plan, message));
        }
        let asked = clip.length_ns.map(|ns| ns as f64 / 1e9);
        if let Some(asked) = asked.filter(|asked| start + asked > duration + ROUNDED) {
            let rest = duration - start;
            self.warnings.push(Warning {
                code: "CutShortened".into(),
                field: "Sources[0].Duration".into(),
                target: None,
                message: format!("the source ends {rest:.3} s after StartTime, so this is used instead of {asked} s"),
            });
        }
        Ok(())
    }

    /// Copied pictures cannot begin between two key pictures.
    pub(super) fn cut_is_inexact(&mut self, making: &Making<'_>) {
        let Some(clip) = self.clip else { return };
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
