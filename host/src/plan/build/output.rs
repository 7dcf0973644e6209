//! The nodes that write outputs, and what may not be one.

use std::collections::BTreeMap;

use super::{Builder, Making};
use crate::plan::PlannedTarget;
use crate::plan::graph::{NodeId, Operation};
use crate::task::{
    Container, ErrorCode, Failure, ObjectUri, Picture, ResolvedTarget, Rotation, SegmentFile, Stage, TargetSpec,
    TaskSpec, VideoStreamFacts, Warning,
};

/// An output may equal neither a source nor another output (decision 15 of the API reference).
pub(super) fn refuse_collisions(spec: &TaskSpec, resolved: &[ResolvedTarget]) -> Result<(), Failure> {
    let has_media =
        |target: &ResolvedTarget| spec.targets.get(target.index).is_some_and(|target| target.uri_template.is_some());
    let is_segmented =
        |target: &ResolvedTarget| spec.targets.get(target.index).is_some_and(|target| target.segment.is_some());
    let mut seen: BTreeMap<&ObjectUri, String> = BTreeMap::new();
    for (place, target) in resolved.iter().enumerate() {
        let index = target.index;
        let media = has_media(target).then_some((&target.uri, "URI"));
        let extracted = target.subtitles.iter().map(|file| (&file.uri, "Subtitle.ExtractSubtitle.URI"));
        for (uri, field) in media.into_iter().chain(extracted) {
            let refuse = |what: String| {
                let message = format!("the output {uri} is {what}; change Targets[{index}].{field}");
                Failure::new(ErrorCode::OutputRefused, Stage::Plan, message).of_target(index)
            };
            if spec.inputs().any(|input| input == uri) {
                return Err(refuse("also a source of this task".into()));
            }
            if let Some(other) = seen.insert(uri, format!("also the output of Targets[{index}]")) {
                return Err(refuse(other));
            }
            let others = resolved.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| other);
            let segmented = others.into_iter().find(|other| is_segmented(other) && SegmentFile::is_of(&other.uri, uri));
            if let Some(other) = segmented {
                return Err(refuse(format!("named like a segment of Targets[{}]", other.index)));
            }
            let is_source = |input: &&ObjectUri| SegmentFile::is_of(uri, input);
            if let Some(source) = spec.inputs().find(is_source).filter(|_| is_segmented(target)) {
                return Err(refuse(format!("a playlist whose segments are named like the source {source}")));
            }
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
            pictures: self.pictures(making),
        };
        let mux = self.graph.node(operation, inputs);
        let encoded = !target.videos.is_empty() || !target.audios.is_empty();
        Ok(PlannedTarget {
            index: target.index,
            uri: target.uri.clone(),
            container: Some(wish.container),
            segment: wish.segment,
            uri_policy: target.uri_policy.clone(),
            parameter_policy: encoded.then(|| target.parameter_policy.clone()),
            picture,
            mux,
            subtitles: Vec::new(),
        })
    }
}
