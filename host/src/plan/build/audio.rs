//! The nodes that make the audio of a target.

use super::{Builder, Making};
use crate::plan::graph::{NodeId, Operation};
use crate::task::{AudioWish, Failure};

impl Builder<'_> {
    /// The nodes whose packets are the output's audio streams.
    pub(super) fn audio(&mut self, making: &Making<'_>) -> Result<Vec<NodeId>, Failure> {
        let Making { wish, target, demux } = *making;
        match (&wish.audio, &target.audio, self.facts.audio_streams.first()) {
            (AudioWish::None, ..) => Ok(Vec::new()),
            (AudioWish::Copy, _, Some(stream)) => {
                super::output::can_be_copied(wish.container, &stream.codec_name, "Audio")?;
                Ok(vec![self.graph.node(Operation::Copy { stream: stream.index }, &[demux])])
            }
            (AudioWish::Transcode(_), Some(audio), Some(stream)) => {
                let samples = self.graph.node(Operation::DecodeAudio { stream: stream.index }, &[demux]);
                let encode = Operation::EncodeAudio { encoding: audio.encoding };
                Ok(vec![self.graph.node(encode, &[samples])])
            }
            (AudioWish::Copy | AudioWish::Transcode(_), ..) => {
                self.no_stream(target.index, "Audio", "audio");
                Ok(Vec::new())
            }
        }
    }
}
