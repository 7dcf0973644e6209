//! The nodes that make the subtitles of a target.

use super::{Builder, Making};
use crate::plan::graph::NodeId;
use crate::task::{Failure, Warning};

impl Builder<'_> {
    /// The nodes whose packets are the output's subtitle streams: none in this version, with a warning.
    #[expect(clippy::unnecessary_wraps, reason = "as for the other kinds of streams")]
    pub(super) fn subtitles(&mut self, making: &Making<'_>) -> Result<Vec<NodeId>, Failure> {
        let Making { wish, target } = *making;
        if !self.facts.subtitles.is_empty() && !wish.subtitle.disabled {
            self.warnings.push(Warning {
                code: "SubtitleDropped".into(),
                field: format!("Targets[{}].Subtitle", target.index),
                target: Some(target.index),
                message: "the source's subtitles are left out: this version writes none".into(),
            });
        }
        Ok(Vec::new())
    }
}
