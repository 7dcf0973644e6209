//! Room `plan`: spec + facts + resolved -> [`Plan`], a graph of everything that will run.
//!
//! It owns: the graph, the sharing of equal nodes, what spans targets (outputs that collide), the public JSON of a plan.
//! It promises: a pure function of its input; nodes stand behind the nodes they read, so their order is an order to start
//! them in; nodes with equal work and equal inputs are one node. It refuses: media, plugins, files.

mod build;
mod graph;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

pub use build::plan;
pub use graph::{Blank, Concat, Filter, Node, NodeId, Operation, Transform};

use crate::task::{
    Clip, Container, MediaFacts, ObjectUri, Picture, PluginId, Rational, Rect, Segmentation, VideoStreamFacts, Warning,
};

/// Everything that will run, and every decision that was taken. Public as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Plan {
    sources: Vec<PlannedSource>,
    /// Index of the source from which titles and the like come.
    #[serde(skip)]
    alignment: usize,
    /// Indices of the sources that follow each other.
    #[serde(skip)]
    sequence: Vec<usize>,
    /// Nanoseconds of all that follows each other, as far as it is known.
    #[serde(skip)]
    length_ns: Option<i64>,
    /// A damaged source gives outputs and a warning instead of a failure.
    tolerate_damage: bool,
    nodes: Vec<Node>,
    targets: Vec<PlannedTarget>,
    warnings: Vec<Warning>,
    /// What ran it: with the request, the objects and the digests of the plugins all that an output depends on.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    versions: BTreeMap<String, String>,
}

/// A source and what it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedSource {
    /// The object.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// Its facts.
    pub facts: MediaFacts,
}

/// An output and which nodes make it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedTarget {
    /// Index in `Targets[]`.
    pub index: usize,
    /// The output.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// Container; of the segments where it is segmented; absent where the output is a subtitle file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// How it is cut into segments; absent for one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segmentation>,
    /// The component that expanded the URI.
    #[serde(rename = "URIPolicy")]
    pub uri_policy: PluginId,
    /// The component that resolved the parameters; none where nothing is encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_policy: Option<PluginId>,
    /// The output's picture, where video is encoded; of several the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    /// The node that writes the output.
    pub mux: NodeId,
    /// The subtitle files that stand beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subtitles: Vec<PlannedSubtitle>,
}

/// A subtitle file and which node writes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedSubtitle {
    /// The object.
    #[serde(rename = "URI")]
    pub uri: ObjectUri,
    /// The node.
    pub node: NodeId,
}

impl PlannedTarget {
    /// The objects that it makes, each with the node that writes it; those beside a playlist are only known when they are made.
    pub fn objects(&self) -> impl Iterator<Item = (&ObjectUri, NodeId)> {
        std::iter::once((&self.uri, self.mux)).chain(self.subtitles.iter().map(|file| (&file.uri, file.node)))
    }
}

/// A stream of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Index in `Sources[]`.
    pub source: usize,
    /// Number of the stream in its file.
    pub stream: usize,
}

/// Where and when a filter works, as it declared when it was opened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Span {
    /// In luma samples of the output picture.
    pub area: Rect,
    /// Nanoseconds from the start of the output.
    #[serde(rename = "StartNs")]
    pub start: i64,
    /// Nanoseconds, exclusive; `None`: to the end.
    #[serde(rename = "EndNs", skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
}

impl Plan {
    /// The sources, in order.
    pub fn sources(&self) -> &[PlannedSource] {
        &self.sources
    }

    /// Index of the source from which titles and the like come.
    pub fn alignment(&self) -> usize {
        self.alignment
    }

    /// Indices of the sources that follow each other.
    pub fn sequence(&self) -> &[usize] {
        &self.sequence
    }

    /// Nanoseconds of source that the outputs show; `None` where a source does not say how long it is.
    pub fn length_ns(&self) -> Option<i64> {
        self.length_ns
    }

    /// Whether a damaged source gives outputs and a warning instead of a failure.
    pub fn tolerates_damage(&self) -> bool {
        self.tolerate_damage
    }

    /// All nodes; a node's id is its place here.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The targets that are made, in order.
    pub fn targets(&self) -> &[PlannedTarget] {
        &self.targets
    }

    /// Everything that the user should know.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Notes what will run it: names and versions.
    pub fn note_versions(&mut self, versions: impl IntoIterator<Item = (&'static str, String)>) {
        self.versions.extend(versions.into_iter().map(|(name, version)| (name.to_owned(), version)));
    }

    /// Notes what a filter declared when it was opened. `regions` of `None`: everywhere, always.
    pub fn note_filter(&mut self, node: NodeId, regions: Option<Vec<Span>>, warnings: Vec<Warning>) {
        if let Some(Node { operation: Operation::Filter(filter), .. }) = self.nodes.get_mut(node.0) {
            filter.regions = regions;
        }
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// Indices in `Targets[]` of the outputs that a node has a part in, lowest first.
    pub fn targets_of(&self, node: NodeId) -> Vec<usize> {
        let has_part = |target: &&PlannedTarget| target.objects().any(|(_, writer)| self.reads(writer, node));
        self.targets.iter().filter(has_part).map(|target| target.index).collect()
    }

    /// The language tag of the source's stream from which a node gets its frames, samples or packets.
    pub fn language_of(&self, node: NodeId) -> Option<&str> {
        let Origin { source, stream } = self.origin_of(node)?;
        let facts = &self.sources.get(source)?.facts;
        let videos = facts.video_streams.iter().map(|video| (video.index, &video.language));
        let audios = facts.audio_streams.iter().map(|audio| (audio.index, &audio.language));
        let mut all = videos.chain(audios);
        all.find(|(index, _)| *index == stream).and_then(|(_, language)| language.as_deref())
    }

    /// Where a node gets its frames, samples or packets from: of several streams the first.
    pub fn origin_of(&self, node: NodeId) -> Option<Origin> {
        let node = self.nodes.get(node.0)?;
        match node.operation {
            Operation::DecodeVideo { stream }
            | Operation::DecodeAudio { stream }
            | Operation::Copy { stream }
            | Operation::Subtitle { stream, .. } => Some(Origin { source: self.source_of(node.id)?, stream }),
            _ => node.inputs.iter().find_map(|input| self.origin_of(*input)),
        }
    }

    /// The source's stream of pictures from which a node gets its frames or packets; `None` for other streams.
    pub fn video_of(&self, node: NodeId) -> Option<&VideoStreamFacts> {
        let Origin { source, stream } = self.origin_of(node)?;
        self.sources.get(source)?.facts.video_streams.iter().find(|video| video.index == stream)
    }

    /// Index of the source that a node reads, of several the first.
    pub fn source_of(&self, node: NodeId) -> Option<usize> {
        let node = self.nodes.get(node.0)?;
        match node.operation {
            Operation::Demux { source, .. } => Some(source),
            _ => self.source_of(*node.inputs.first()?),
        }
    }

    /// The speed at which a node's frames, samples or packets are played; `None` where it is the source's.
    pub fn speed_of(&self, node: NodeId) -> Option<Rational> {
        let node = self.nodes.get(node.0)?;
        match node.operation {
            Operation::Speed { speed } => Some(speed),
            _ => self.speed_of(*node.inputs.first()?),
        }
    }

    /// The part of its source that a node reads; `None` for the whole.
    pub fn clip_of(&self, node: NodeId) -> Option<Clip> {
        let node = self.nodes.get(node.0)?;
        match node.operation {
            Operation::Demux { clip, .. } => clip,
            _ => self.clip_of(*node.inputs.first()?),
        }
    }

    /// Whether a node is this one, or works on what comes from it.
    pub fn reads(&self, from: NodeId, node: NodeId) -> bool {
        from == node
            || self.nodes.get(from.0).is_some_and(|from| from.inputs.iter().any(|input| self.reads(*input, node)))
    }
}
