//! Sources made ready before anything runs: which streams are read, from where on, and what the files say of themselves.

use std::collections::BTreeMap;

use crate::media::{Demuxer, SourceTags};
use crate::plan::{Node, Operation, Plan};
use crate::task::{Clip, Failure, Stage};

/// A source that a demux node reads.
pub(super) struct Source {
    pub(super) demuxer: Demuxer,
    /// What each reader of the node gets, in their order: the stream of that number in the file, or with `None` only how far the
    /// source has been read.
    pub(super) readers: Vec<Option<usize>>,
}

/// What the sources say of themselves, by their index.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Titles, chapters and dispositions, of the part that is used.
    pub(super) tags: BTreeMap<usize, SourceTags>,
    /// Nanoseconds by which copied pictures begin before the part that is used.
    pub(super) leads: BTreeMap<usize, i64>,
}

/// Makes the source of a demux node ready.
pub(super) fn ready(
    plan: &Plan,
    node: &Node,
    source: usize,
    clip: Option<Clip>,
    mut demuxer: Demuxer,
    told: &mut Told,
) -> Result<Source, Failure> {
    // Readers stand in the outlet in the order of their nodes.
    let readers = plan.nodes().iter().flat_map(|reader| {
        let inputs = reader.inputs.iter().filter(|input| **input == node.id);
        inputs.map(|_| match reader.operation {
            Operation::Copy { stream }
            | Operation::DecodeVideo { stream }
            | Operation::DecodeAudio { stream }
            | Operation::Subtitle { stream, .. } => Some(stream),
            _ => None,
        })
    });
    let readers: Vec<_> = readers.collect();
    let mut streams: Vec<usize> = readers.iter().flatten().copied().collect();
    if streams.is_empty() {
        // Nothing of it is used but its length.
        let facts = demuxer.facts();
        let video = facts.video_streams.first().map(|video| video.index);
        streams.extend(video.or_else(|| facts.audio_streams.first().map(|audio| audio.index)));
    }
    demuxer.select(&streams);
    let tags = demuxer.tags();
    told.tags.insert(
        source,
        match clip {
            Some(clip) => tags.clipped(clip),
            None => tags,
        },
    );
    if let Some(clip) = clip {
        demuxer.clip(clip).map_err(|error| error.at(Stage::Demux))?;
        told.leads.insert(source, demuxer.lead_ns());
    }
    Ok(Source { demuxer, readers })
}
