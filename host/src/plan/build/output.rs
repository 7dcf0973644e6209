//! The nodes that write outputs, and what may not be one.

use super::{Builder, Making};
use crate::plan::PlannedTarget;
use crate::plan::graph::{NodeId, Operation};
use crate::task::{
    Container, ErrorCode, Failure, Picture, ResolvedTarget, Rotation, Stage, TaskSpec, VideoStreamFacts, Warning,
};

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

impl Builder<'_> {
    /// Copied pictures are turned by the player, which has to be told.
    pub(super) fn rotation_is_kept(&mut self, container: Container, stream: &VideoStreamFacts, index: usize) {
        if stream.rotate == Rotation::None || matches!(container, Container::Mp4 | Container::Mov) {
            return;
        }
        let name = container.name();
        self.warnings.push(Warning {
            code: "RotationDropped".into(),
            field: format!("Targets[{index}].Container"),
            target: Some(index),
            message: format!(
                "{name} has no place for the rotation of the copied video; encode it, or choose mp4 or mov"
            ),
        });
    }

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
        let encoded = target.video.is_some() || target.audio.is_some();
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
