//! The nodes that make the audio of a target.

use super::{Builder, Making};
use crate::plan::graph::{NodeId, Operation};
use crate::task::{AudioWish, Failure};

impl Builder<'_> {
    /// The nodes whose packets are the output's audio streams.
    pub(super) fn audio(&mut self, making: &Making<'_>) -> Result<Vec<NodeId>, Failure> {
        let Making { wish, target, demux } = *making;
        if wish.audio == AudioWish::None {
            return Ok(Vec::new());
        }
        let facts = self.facts;
        let chosen = wish.chosen_audios(facts);
        self.missing_streams(making, "Audio", "audio", &wish.audio_streams, facts.audio_streams.len());
        super::output::fits(wish.container, wish.container.most_audios(), chosen.len(), "Audio")?;
        let AudioWish::Transcode(_) = wish.audio else {
            return self.copies(making, chosen.iter().map(|stream| (stream.index, &*stream.codec_name)), "Audio");
        };
        if chosen.len() != target.audios.len() {
            return Err(super::unresolved("audio"));
        }
        let encodes = chosen.into_iter().zip(&target.audios).map(|(stream, audio)| {
            let samples = self.graph.node(Operation::DecodeAudio { stream: stream.index }, &[demux]);
            let samples = self.at_speed(wish, samples);
            self.graph.node(Operation::EncodeAudio { encoding: audio.encoding }, &[samples])
        });
        Ok(encodes.collect())
    }
}
