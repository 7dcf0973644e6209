//! The nodes that write outputs, and what may not be one.

use super::{Builder, Making};
use crate::plan::PlannedTarget;
use crate::plan::graph::{NodeId, Operation};
use crate::task::{
    Container, ErrorCode, Failure, ObjectUri, Picture, ResolvedTarget, Rotation, SegmentFile, Stage, TargetSpec,
    TaskSpec, VideoStreamFacts, Warning,
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
        let others = || resolved.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other);
        if let Some(other) = resolved.iter().take(place).find(|other| other.uri == target.uri) {
            return Err(refuse(format!("also the output of Targets[{}]", other.index)));
        }
        let is_segmented =
            |target: &ResolvedTarget| spec.targets.get(target.index).is_some_and(|target| target.segment.is_some());
        if let Some(other) = others().find(|other| is_segmented(other) && SegmentFile::is_of(&other.uri, &target.uri)) {
            return Err(refuse(format!("named like a segment of Targets[{}]", other.index)));
        }
        let is_source = |uri: &ObjectUri| SegmentFile::is_of(&target.uri, uri);
        if let Some(source) = spec.sources.iter().find(|source| is_segmented(target) && is_source(&source.uri)) {
            return Err(refuse(format!("a playlist whose segments are named like the source {}", source.uri)));
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

/// A segmented output is opened by its playlist, and players know that by its extension.
fn check_extension(wish: &TargetSpec, uri: &ObjectUri) -> Result<(), Failure> {
    let Some(segment) = wish.segment else { return Ok(()) };
    let wanted = segment.format.extension();
    if uri.ext().eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let name = segment.format.name();
    let message = format!(
        "the output {uri} has Segment.Format {name}, so its URI must end in .{wanted}; write {{autoext}} there, or no extension"
    );
    Err(Failure::new(ErrorCode::OutputRefused, Stage::Plan, message))
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
    /// Copied pictures are turned by the player, which has to be told.
    pub(super) fn rotation_is_kept(&mut self, container: Container, stream: &VideoStreamFacts, index: usize) {
        if (stream.rotate == Rotation::None && !stream.mirror) || matches!(container, Container::Mp4 | Container::Mov) {
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
    pub(super) fn output(
        &mut self,
        making: &Making<'_>,
        picture: Option<Picture>,
        inputs: &[NodeId],
    ) -> Result<PlannedTarget, Failure> {
        let Making { wish, target } = *making;
        check_extension(wish, &target.uri)?;
        let operation = Operation::Mux {
            container: wish.container,
            segment: wish.segment,
            target: target.index,
            strip_metadata: wish.strip_metadata,
        };
        let mux = self.graph.node(operation, inputs);
        let encoded = !target.videos.is_empty() || !target.audios.is_empty();
        Ok(PlannedTarget {
            index: target.index,
            uri: target.uri.clone(),
            container: wish.container,
            segment: wish.segment,
            uri_policy: target.uri_policy.clone(),
            parameter_policy: encoded.then(|| target.parameter_policy.clone()),
            picture,
            mux,
        })
    }
}
