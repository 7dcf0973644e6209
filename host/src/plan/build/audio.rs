//! The nodes that make the audio of a target.

use super::{Builder, Making};
use crate::plan::graph::{Blank, NodeId, Operation};
use crate::task::{AudioEncoding, AudioWish, Failure, Rational, Track};

impl Builder<'_> {
    /// The nodes whose packets are the output's audio streams.
    pub(super) fn audio(&mut self, making: &Making<'_>) -> Result<Vec<NodeId>, Failure> {
        let Making { wish, target } = *making;
        if wish.audio == AudioWish::None {
            return Ok(Vec::new());
        }
        let tracks = self.composition.audios();
        self.missing_streams(making, "Audio", "audio", &wish.audio_streams, tracks.len());
        let chosen = wish.audio_streams.of(tracks.len());
        let chosen: Vec<_> = chosen.into_iter().filter_map(|number| tracks.get(number).cloned()).collect();
        let made = if wish.mixing { chosen.len().min(1) } else { chosen.len() };
        super::output::fits(wish.container, wish.container.most_audios(), made, "Audio")?;
        let composition = self.composition;
        let AudioWish::Transcode(_) = wish.audio else {
            let main = |track: Track| {
                let stream = composition.audio(*track.parts.get(track.main)?)?;
                Some((track, stream.index, &*stream.codec_name))
            };
            return self.copies(making, chosen.into_iter().filter_map(main), "Audio");
        };
        if made != target.audios.len() {
            return Err(super::unresolved("audio"));
        }
        let rate = target.videos.first().and_then(|video| video.encoding.frame_rate);
        if let (true, Some(audio)) = (wish.mixing, target.audios.first()) {
            let tracks = chosen.iter().map(|track| self.track(making, track, &audio.encoding, rate));
            let tracks = tracks.collect::<Result<Vec<_>, _>>()?;
            let AudioEncoding { sample_rate, channels, .. } = audio.encoding;
            let mix = match tracks.as_slice() {
                [one] => *one,
                several => self.graph.node(Operation::Mix { sample_rate, channels }, several),
            };
            return Ok(vec![self.encoded_audio(making, mix, audio.encoding)]);
        }
        let encodes = chosen.iter().zip(&target.audios).map(|(track, audio)| {
            let samples = self.track(making, track, &audio.encoding, rate)?;
            Ok(self.encoded_audio(making, samples, audio.encoding))
        });
        encodes.collect()
    }

    fn encoded_audio(&mut self, making: &Making<'_>, samples: NodeId, encoding: AudioEncoding) -> NodeId {
        let samples = self.at_speed(making.wish, samples);
        self.graph.node(Operation::EncodeAudio { encoding }, &[samples])
    }

    /// The sound of a track, from its beginning to its end.
    fn track(
        &mut self,
        making: &Making<'_>,
        track: &Track,
        encoding: &AudioEncoding,
        rate: Option<Rational>,
    ) -> Result<NodeId, Failure> {
        let composition = self.composition;
        let repeat = self.repeat(track)?;
        let decoded = track.parts.iter().map(|part| {
            let demux = self.demux(part.source, repeat);
            match composition.audio(*part) {
                Some(stream) => self.graph.node(Operation::DecodeAudio { stream: stream.index }, &[demux]),
                None => demux,
            }
        });
        let decoded: Vec<_> = decoded.collect();
        let blank = Blank::Silence { sample_rate: encoding.sample_rate, channels: encoding.channels };
        self.joined(making, track, &decoded, blank, rate)
    }
}
