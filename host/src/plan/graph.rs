//! The nodes of a plan, and the graph that keeps equal ones once.

use serde::Serialize;
use serde_json::Value;

use super::Span;
use crate::task::resolved::Geometry;
use crate::task::spec::SubtitleFormat;
use crate::task::{
    AudioEncoding, Clip, Container, FilterRole, OnError, Picture, PluginId, PluginRef, Rational, Segmentation,
    SubtitleCodec, VideoEncoding,
};

/// A node's place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct NodeId(pub usize);

/// One piece of work, and whose results it reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// Its place.
    pub id: NodeId,
    /// The nodes that it reads, in the order that the operation gives them.
    pub inputs: Vec<NodeId>,
    /// What it does.
    #[serde(flatten)]
    pub operation: Operation,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "Operation", rename_all_fields = "PascalCase")]
pub enum Operation {
    /// Reads the packets of `Sources[source]`.
    Demux {
        /// Index in `Sources[]`.
        source: usize,
        /// The part that is read; absent where it is the whole.
        #[serde(skip_serializing_if = "Option::is_none")]
        clip: Option<Clip>,
        /// Nanoseconds over which it is read again and again; absent where it is read once.
        #[serde(rename = "RepeatNs", skip_serializing_if = "Option::is_none")]
        repeat_ns: Option<i64>,
    },
    /// Picks the packets of one stream, to be written as they are.
    Copy {
        /// Number of the stream in the file.
        stream: usize,
    },
    /// Decodes one video stream.
    DecodeVideo {
        /// Number of the stream in the file.
        stream: usize,
    },
    /// Decodes one audio stream.
    DecodeAudio {
        /// Number of the stream in the file.
        stream: usize,
    },
    /// Puts streams one after the other: one input for each source, of which that ends that comes first. An input that is a `Demux`
    /// tells only how long its source is, which has no such stream: silence or black pictures are in its place.
    Concat(Box<Concat>),
    /// Mixes all its inputs, each as loud as the others, into one stream of sound.
    Mix {
        /// Samples per second.
        sample_rate: u32,
        /// Number of channels.
        channels: u16,
    },
    /// Changes how fast pictures or sound are, the pitch of which stays.
    Speed {
        /// 1/2: half as fast.
        speed: Rational,
    },
    /// Rotates, scales, crops or pads, changes rate and sample format.
    Transform(Box<Transform>),
    /// Runs a filter component.
    Filter(Box<Filter>),
    /// Picks the subtitles of one stream, and converts their text.
    Subtitle {
        /// Number of the stream in the file.
        stream: usize,
        /// What they are converted into; absent where they stay what they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        codec: Option<SubtitleCodec>,
        /// 1/2: half as fast; absent: as fast as the source.
        #[serde(skip_serializing_if = "Option::is_none")]
        speed: Option<Rational>,
    },
    /// Writes subtitles into a file of their own.
    WriteSubtitle {
        /// What it is written as.
        format: SubtitleFormat,
        /// Index in `Targets[]`.
        target: usize,
        /// Which of the source's subtitle streams, counted from 0.
        number: usize,
    },
    /// Encodes video.
    EncodeVideo {
        /// Parameters of the encoder.
        encoding: VideoEncoding,
        /// The picture that it encodes.
        picture: Picture,
        /// Seconds: a keyframe is forced at the first frame at or after each multiple, so that the rungs of a ladder have them at the
        /// same times. Absent where the output is not segmented.
        #[serde(skip_serializing_if = "Option::is_none")]
        keyframe_interval: Option<f64>,
    },
    /// Resamples and encodes audio.
    EncodeAudio {
        /// Parameters of the encoder.
        encoding: AudioEncoding,
    },
    /// Writes the container; one input for each stream, in the order of the streams.
    Mux {
        /// Container.
        container: Container,
        /// How it is cut into segments; absent for one file.
        #[serde(skip_serializing_if = "Option::is_none")]
        segment: Option<Segmentation>,
        /// Index in `Targets[]`: two outputs are never one node.
        target: usize,
        /// Leave out title, album and the like.
        strip_metadata: bool,
        /// Numbers of the source's attached pictures that are kept.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pictures: Vec<usize>,
    },
}

/// How streams follow each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Concat {
    /// What is there where a source has nothing.
    pub blank: Blank,
    /// Frames per second of the output's pictures, where that is constant: each source but the last is made as long as whole
    /// frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<Rational>,
    /// Nanoseconds to which the whole is cut or filled; absent where it is as long as it is.
    #[serde(rename = "LengthNs", skip_serializing_if = "Option::is_none")]
    pub length_ns: Option<i64>,
}

/// What is there where a source has nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all_fields = "PascalCase")]
pub enum Blank {
    /// Black pictures; all pictures of the stream are like this one.
    Black(Picture),
    /// Silence.
    Silence {
        /// Samples per second.
        sample_rate: u32,
        /// Number of channels.
        channels: u16,
    },
}

/// How the decoded picture becomes the output's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Transform {
    /// Geometry and rate, without the encoder's parameters: targets that differ only in these share the node.
    #[serde(flatten)]
    pub geometry: Geometry,
    /// What comes out.
    pub picture: Picture,
}

/// A filter component at work.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// Which field of the request it comes from.
    pub role: FilterRole,
    /// The exact component.
    pub plugin: PluginId,
    /// How the request named it.
    #[serde(skip)]
    pub reference: PluginRef,
    /// Its parameters.
    pub parameters: Value,
    /// The picture that it works on.
    #[serde(skip)]
    pub picture: Picture,
    /// The part of the output that it sees, as first nanosecond and first one after; `Regions` lie within it.
    #[serde(skip)]
    pub active: Option<(i64, Option<i64>)>,
    /// What if it fails; absent: the task fails.
    #[serde(skip_serializing_if = "OnError::is_fail")]
    pub on_error: OnError,
    /// Where and when it works; absent where it did not say, which means everywhere and always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<Vec<Span>>,
}

/// A graph under construction.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// The node that does this with these inputs: an equal one where there is one, else a new one.
    pub(super) fn node(&mut self, operation: Operation, inputs: &[NodeId]) -> NodeId {
        if let Some(node) = self.nodes.iter().find(|node| node.operation == operation && node.inputs == inputs) {
            return node.id;
        }
        let id = NodeId(self.nodes.len());
        self.nodes.push(Node { id, inputs: inputs.to_vec(), operation });
        id
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }
}
