//! Builds the graph.

mod audio;
mod concat;
mod cut;
mod others;
mod output;
mod subtitles;
mod video;

use std::collections::BTreeMap;

use super::graph::{Graph, NodeId, Operation};
use super::{Plan, PlannedSource, PlannedTarget};
use crate::task::{
    Composition, ErrorCode, Failure, MediaFacts, Rational, ResolvedTarget, SourceSpec, Stage, StreamChoice, TargetSpec,
    TaskSpec, Track, Warning,
};

/// The plan of a task. `facts` has one entry for each source; `resolved` holds the targets that are made, `skipped` a warning for
/// each other.
pub fn plan(
    spec: &TaskSpec,
    facts: &[MediaFacts],
    resolved: Vec<ResolvedTarget>,
    skipped: Vec<Warning>,
) -> Result<Plan, Failure> {
    output::refuse_collisions(spec, &resolved)?;
    let Some(composition) = Composition::new(spec, facts) else {
        return Err(Failure::new(ErrorCode::Internal, Stage::Plan, "a task without facts was planned"));
    };
    let mut builder = Builder {
        spec,
        composition,
        facts: composition.facts(),
        graph: Graph::default(),
        warnings: spec.warnings.clone(),
    };
    builder.warnings.extend(skipped);
    builder.cuts()?;
    let mut targets = Vec::new();
    for target in resolved {
        let Some(wish) = spec.targets.get(target.index) else {
            let message = format!("Targets[{}] was resolved but never asked for", target.index);
            return Err(Failure::new(ErrorCode::Internal, Stage::Plan, message));
        };
        targets.push(builder.target(wish, &target).map_err(|failure| failure.of_target(target.index))?);
        builder.warnings.extend(target.warnings);
    }
    let Builder { graph, warnings, .. } = builder;
    let sources = spec.sources.iter().zip(facts);
    let sources = sources.map(|(source, facts)| PlannedSource { uri: source.uri.clone(), facts: facts.clone() });
    let tolerate_damage = spec.tolerate_damage;
    Ok(Plan {
        sources: sources.collect(),
        alignment: composition.alignment(),
        sequence: composition.sequence(),
        length_ns: composition.length_ns(),
        tolerate_damage,
        nodes: graph.into_nodes(),
        targets,
        warnings,
        versions: BTreeMap::new(),
    })
}

/// A plan under construction.
struct Builder<'a> {
    spec: &'a TaskSpec,
    composition: Composition<'a>,
    /// Of the source of alignment, with the streams to choose from.
    facts: MediaFacts,
    graph: Graph,
    warnings: Vec<Warning>,
}

/// What the parts of a target are made for.
struct Making<'a> {
    /// What was asked for.
    wish: &'a TargetSpec,
    /// What the policies made of it.
    target: &'a ResolvedTarget,
}

impl Builder<'_> {
    fn target(&mut self, wish: &TargetSpec, target: &ResolvedTarget) -> Result<PlannedTarget, Failure> {
        let making = Making { wish, target };
        if wish.uri_template.is_none() {
            return self.only_extracts(&making);
        }
        let (mut inputs, picture) = self.video(&making)?;
        inputs.extend(self.audio(&making)?);
        if inputs.is_empty() {
            let message = "nothing would be in the output: the source has none of the streams that the target asks for";
            return Err(Failure::new(ErrorCode::StreamUnsupported, Stage::Plan, message));
        }
        inputs.extend(self.subtitles(&making));
        inputs.extend(self.data(&making));
        let output = self.output(&making, picture, &inputs)?;
        Ok(PlannedTarget { subtitles: self.extracts(&making), ..output })
    }

    /// A target that asks for streams which the source has not gets its other streams, and a warning.
    fn missing_streams(&mut self, making: &Making<'_>, field: &str, kind: &str, choice: &StreamChoice, count: usize) {
        let disabled = |source: &SourceSpec| if kind == "video" { source.disable_video } else { source.disable_audio };
        if count == 0 && self.spec.sources.iter().all(disabled) {
            return;
        }
        let index = making.target.index;
        let missing = choice.missing(count);
        let numbers = || missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let (field, message) = if count == 0 {
            (field.to_owned(), format!("the source has no {kind} stream, so the output has none"))
        } else if missing.is_empty() {
            return;
        } else {
            let last = count.saturating_sub(1);
            let left = if choice.of(count).is_empty() { ", so the output has none" } else { "" };
            let message =
                format!("the source has no {kind} stream {}: its {kind} streams are 0 to {last}{left}", numbers());
            (format!("{field}.Stream"), message)
        };
        self.warnings.push(Warning {
            code: "NoSuchStream".into(),
            field: format!("Targets[{index}].{field}"),
            target: Some(index),
            message,
        });
    }

    /// What is decoded, at the speed of the target.
    fn at_speed(&mut self, wish: &TargetSpec, decoded: NodeId) -> NodeId {
        match speed_of(wish) {
            Some(speed) => self.graph.node(Operation::Speed { speed }, &[decoded]),
            None => decoded,
        }
    }

    /// The node that reads a source.
    fn demux(&mut self, source: usize, repeat_ns: Option<i64>) -> NodeId {
        let clip = self.composition.clip(source);
        self.graph.node(Operation::Demux { source, clip, repeat_ns }, &[])
    }

    /// The node that reads the source of alignment, from which all comes that is neither pictures nor sound.
    fn aligned_demux(&mut self) -> NodeId {
        self.demux(self.composition.alignment(), None)
    }

    /// The nodes that hand the packets of these streams, each of a track and with its number in the file and codec, through as they
    /// are.
    fn copies<'s>(
        &mut self,
        making: &Making<'_>,
        streams: impl Iterator<Item = (Track, usize, &'s str)>,
        field: &str,
    ) -> Result<Vec<NodeId>, Failure> {
        let copy = |(track, stream, codec): (Track, usize, &str)| {
            output::can_be_copied(making.wish.container, codec, field)?;
            let source = track.parts.first().map_or(0, |part| part.source);
            self.can_be_attached(&track, source, field)?;
            let demux = self.demux(source, None);
            Ok(self.graph.node(Operation::Copy { stream }, &[demux]))
        };
        streams.map(copy).collect()
    }
}

/// The speed of a target; `None` where it is that of its sources.
fn speed_of(wish: &TargetSpec) -> Option<Rational> {
    /// Speeds are exact to so many parts.
    const MILLION: f64 = 1e6;
    let speed = wish.speed.and_then(|speed| Rational::positive((speed * MILLION).round() as i32, MILLION as i32));
    speed.filter(|speed| *speed != Rational::ONE)
}

/// A bug of ours: as many streams are resolved as are chosen.
fn unresolved(kind: &str) -> Failure {
    let message = format!("not all {kind} streams of a target were resolved, which is a bug of wasmux");
    Failure::new(ErrorCode::Internal, Stage::Plan, message)
}
