//! The nodes that put streams of several sources one after the other, or give them the length of others.

use super::{Builder, Making};
use crate::plan::graph::{Blank, Concat, NodeId, Operation};
use crate::task::spec::AlignMode;
use crate::task::{ErrorCode, Failure, Rational, Stage, Track};

impl Builder<'_> {
    /// Nanoseconds over which a track's source is read again and again.
    pub(super) fn repeat(&self, track: &Track) -> Result<Option<i64>, Failure> {
        if track.attached == Some(AlignMode::Loop) { self.aligned(track) } else { Ok(None) }
    }

    /// Nanoseconds to which a track is cut or filled.
    fn aligned(&self, track: &Track) -> Result<Option<i64>, Failure> {
        if matches!(track.attached, None | Some(AlignMode::False)) {
            return Ok(None);
        }
        let unknown = || {
            let source = track.parts.first().map_or(0, |part| part.source);
            let message = format!(
                "Sources[{source}].AlignMode cannot be met: the other sources do not say how long they are; give them a Duration"
            );
            Failure::new(ErrorCode::TargetRefused, Stage::Plan, message)
        };
        self.composition.length_ns().map(Some).ok_or_else(unknown)
    }

    /// Only what is encoded can be made longer or shorter.
    pub(super) fn can_be_attached(&self, track: &Track, source: usize, field: &str) -> Result<(), Failure> {
        let refuse = |what: String| {
            let message = format!("{what} of copied streams; set {field}.Transcode{field}.Codec");
            Err(Failure::new(ErrorCode::StreamUnsupported, Stage::Plan, message))
        };
        match track.attached {
            Some(AlignMode::Loop) => refuse(format!("Sources[{source}].AlignMode loop can do nothing")),
            Some(AlignMode::Pad) => refuse(format!("Sources[{source}].AlignMode pad can do nothing")),
            // Which key picture it would begin at has nothing to do with that of the others.
            Some(AlignMode::False) if self.composition.clip(source).is_some_and(|clip| clip.start_ns > 0) => {
                refuse(format!("Sources[{source}].StartTime of an attached source can do nothing"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a track is one stream as it is.
    pub(super) fn is_alone(&self, track: &Track) -> bool {
        track.parts.len() == 1 && matches!(track.attached, None | Some(AlignMode::False))
    }

    /// What a track's parts, one input for each, make together.
    pub(super) fn joined(
        &mut self,
        making: &Making<'_>,
        track: &Track,
        parts: &[NodeId],
        blank: Blank,
        output_rate: Option<Rational>,
    ) -> Result<NodeId, Failure> {
        if let (true, [only]) = (self.is_alone(track), parts) {
            return Ok(*only);
        }
        let length_ns = self.aligned(track)?;
        // The rate before it is slowed.
        let speed = super::speed_of(making.wish).and_then(Rational::inverse);
        let frame_rate = output_rate.and_then(|rate| speed.map_or(Some(rate), |speed| rate.times(speed)));
        let concat = Concat { blank, frame_rate, length_ns };
        Ok(self.graph.node(Operation::Concat(Box::new(concat)), parts))
    }
}
