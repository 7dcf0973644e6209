//! The nodes that write outputs, and what may not be one.

use super::{Builder, Making};
use crate::plan::PlannedTarget;
use crate::plan::graph::{NodeId, Operation};
use crate::task::{Container, ErrorCode, Failure, Picture, ResolvedTarget, Stage, TaskSpec};

/// An output may equal neither a source nor another output (decision 15 of the API reference).
pub(super) fn refuse_collisions(spec: &TaskSpec, resolved: &[ResolvedTarget]) -> Result<(), Failure> {
    for (place, target) in resolved.iter().enumerate() {
        let refuse = |what: String| {
            let message = format!("the output {} is {what}; change Targets[{}].URI", target.uri, target.index);
            Failure::new(ErrorCode::OutputRefused, Stage::Plan, message).of_target(target.index)
        };
        if spec.sources.iter().any(|source| source.uri == target.uri) {
            return Err(refuse("also a source of this task".into()));
        }
        if let Some(other) = resolved.iter().take(place).find(|other| other.uri == target.uri) {
            return Err(refuse(format!("also the output of Targets[{}]", other.index)));
        }
    }
    Ok(())
}

/// Muxers take some streams that no player expects there.
pub(super) fn can_be_copied(container: Container, codec_name: &str, field: &str) -> Result<(), Failure> {
    if container.holds_copied(codec_name) != Some(false) {
        return Ok(());
    }
    let held = if field == "Video" { container.video_names() } else { container.audio_names() };
    let message = format!(
        "the source's {codec_name} cannot be copied into Container {}, which holds {held}; set {field}.Transcode{field}.Codec",
        container.name()
    );
    Err(Failure::new(ErrorCode::StreamUnsupported, Stage::Plan, message))
}

/// A container holds only so many streams of a kind.
pub(super) fn fits(container: Container, most: Option<usize>, count: usize, field: &str) -> Result<(), Failure> {
    let Some(most) = most.filter(|most| count > *most) else { return Ok(()) };
    let kind = field.to_lowercase();
    let message = format!(
        "Container {} holds at most {most} {kind} stream, and {field}.Stream chooses {count} of the source; choose one",
        container.name()
    );
    Err(Failure::new(ErrorCode::StreamUnsupported, Stage::Plan, message))
}

impl Builder<'_> {
    /// The node that writes these streams, in this order.
    #[expect(clippy::unnecessary_wraps, reason = "outputs may be refused")]
    pub(super) fn output(
        &mut self,
        making: &Making<'_>,
        picture: Option<Picture>,
        inputs: &[NodeId],
    ) -> Result<PlannedTarget, Failure> {
        let Making { wish, target, .. } = *making;
        let operation =
            Operation::Mux { container: wish.container, target: target.index, strip_metadata: wish.strip_metadata };
        let mux = self.graph.node(operation, inputs);
        let encoded = !target.videos.is_empty() || !target.audios.is_empty();
        Ok(PlannedTarget {
            index: target.index,
            uri: target.uri.clone(),
            container: wish.container,
            uri_policy: target.uri_policy.clone(),
            parameter_policy: encoded.then(|| target.parameter_policy.clone()),
            picture,
            mux,
        })
    }
}
