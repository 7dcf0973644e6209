//! Builds the graph.

use super::graph::{Filter, Graph, NodeId, Operation, Transform};
use super::{Plan, PlannedSource, PlannedTarget};
use crate::task::resolved::Geometry;
use crate::task::{
    AudioWish, Container, ErrorCode, Failure, MediaFacts, Picture, ResolvedTarget, ResolvedVideo, Stage, TaskSpec,
    VideoStreamFacts, VideoWish, Warning,
};

/// The plan of a task with one source. `resolved` holds the targets that are made, `skipped` a warning for each other.
pub fn plan(
    spec: &TaskSpec,
    facts: &MediaFacts,
    resolved: Vec<ResolvedTarget>,
    skipped: Vec<Warning>,
) -> Result<Plan, Failure> {
    refuse_collisions(spec, &resolved)?;
    let mut warnings: Vec<Warning> = spec.warnings.clone();
    warnings.extend(skipped);
    let mut graph = Graph::default();
    let mut targets = Vec::new();
    for target in resolved {
        targets.push(add_target(spec, facts, &mut graph, &target, &mut warnings)?);
        warnings.extend(target.warnings);
    }
    let sources = spec.sources.iter().map(|source| PlannedSource { uri: source.uri.clone(), facts: facts.clone() });
    let tolerate_damage = spec.tolerate_damage;
    Ok(Plan { sources: sources.collect(), tolerate_damage, nodes: graph.into_nodes(), targets, warnings })
}

/// An output may equal neither a source nor another output (decision 15 of the API reference).
fn refuse_collisions(spec: &TaskSpec, resolved: &[ResolvedTarget]) -> Result<(), Failure> {
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

fn add_target(
    spec: &TaskSpec,
    facts: &MediaFacts,
    graph: &mut Graph,
    target: &ResolvedTarget,
    warnings: &mut Vec<Warning>,
) -> Result<PlannedTarget, Failure> {
    let Some(wish) = spec.targets.get(target.index) else {
        let message = format!("Targets[{}] was resolved but never asked for", target.index);
        return Err(Failure::new(ErrorCode::Internal, Stage::Plan, message));
    };
    let demux = graph.node(Operation::Demux { source: 0 }, &[]);
    let mut inputs = Vec::new();
    let mut picture = None;
    match (&wish.video, &target.video, facts.video_streams.first()) {
        (VideoWish::None, ..) => {}
        (VideoWish::Copy, _, Some(stream)) => {
            can_be_copied(wish.container, &stream.codec_name, "Video")
                .map_err(|failure| failure.of_target(target.index))?;
            inputs.push(graph.node(Operation::Copy { stream: stream.index }, &[demux]));
        }
        (VideoWish::Transcode(wish), Some(video), Some(stream)) => {
            let output = output_picture(video, stream);
            let frames = graph.node(Operation::DecodeVideo { stream: stream.index }, &[demux]);
            let transform = Transform { geometry: Geometry::from(video), picture: output };
            let mut frames = graph.node(Operation::Transform(Box::new(transform)), &[frames]);
            for (filter, plugin) in wish.filters.iter().zip(&target.filters) {
                let filter = Filter {
                    role: filter.role,
                    plugin: plugin.clone(),
                    reference: filter.plugin.clone(),
                    parameters: filter.parameters.clone(),
                    picture: output,
                    regions: None,
                };
                frames = graph.node(Operation::Filter(Box::new(filter)), &[frames]);
            }
            let encode = Operation::EncodeVideo { encoding: video.encoding, picture: output };
            inputs.push(graph.node(encode, &[frames]));
            picture = Some(output);
        }
        (VideoWish::Copy | VideoWish::Transcode(_), ..) => warnings.push(no_stream(target.index, "Video", "video")),
    }
    match (&wish.audio, &target.audio, facts.audio_streams.first()) {
        (AudioWish::None, ..) => {}
        (AudioWish::Copy, _, Some(stream)) => {
            can_be_copied(wish.container, &stream.codec_name, "Audio")
                .map_err(|failure| failure.of_target(target.index))?;
            inputs.push(graph.node(Operation::Copy { stream: stream.index }, &[demux]));
        }
        (AudioWish::Transcode(_), Some(audio), Some(stream)) => {
            let samples = graph.node(Operation::DecodeAudio { stream: stream.index }, &[demux]);
            inputs.push(graph.node(Operation::EncodeAudio { encoding: audio.encoding }, &[samples]));
        }
        (AudioWish::Copy | AudioWish::Transcode(_), ..) => warnings.push(no_stream(target.index, "Audio", "audio")),
    }
    if inputs.is_empty() {
        let message = "nothing would be in the output: the source has none of the streams that the target asks for";
        return Err(Failure::new(ErrorCode::StreamUnsupported, Stage::Plan, message).of_target(target.index));
    }
    if !facts.subtitles.is_empty() && !wish.disable_subtitle {
        warnings.push(Warning {
            code: "SubtitleDropped".into(),
            field: format!("Targets[{}].Subtitle", target.index),
            target: Some(target.index),
            message: "the source's subtitles are left out: this version writes none".into(),
        });
    }
    let encoded = target.video.is_some() || target.audio.is_some();
    let mux = mux_node(graph, target.index, wish, &inputs);
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

/// Muxers take some streams that no player expects there.
fn can_be_copied(container: Container, codec_name: &str, field: &str) -> Result<(), Failure> {
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

fn mux_node(graph: &mut Graph, index: usize, wish: &crate::task::TargetSpec, inputs: &[NodeId]) -> NodeId {
    let operation = Operation::Mux { container: wish.container, target: index, strip_metadata: wish.strip_metadata };
    graph.node(operation, inputs)
}

/// A target that asks for a stream which the source has not gets its other streams.
fn no_stream(index: usize, field: &str, kind: &str) -> Warning {
    Warning {
        code: "NoSuchStream".into(),
        field: format!("Targets[{index}].{field}"),
        target: Some(index),
        message: format!("the source has no {kind} stream, so the output has none"),
    }
}

/// What leaves the scaler: the policy's size and format with the source's colour.
fn output_picture(video: &ResolvedVideo, stream: &VideoStreamFacts) -> Picture {
    let size = video.size();
    Picture {
        width: size.width,
        height: size.height,
        pixel_format: video.pixel_format,
        sample_aspect: video.sample_aspect,
        frame_rate: video.encoding.frame_rate,
        colour: stream.colour,
    }
}
