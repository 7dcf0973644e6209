//! Silence where a container wants as much sound as pictures.

use ffmpeg_next::Packet as RawPacket;

use super::{Muxer, Track};
use crate::media::clock;
use crate::media::stream::{Packet, StreamKind};
use crate::media::{Result, ffi};
use crate::task::Rational;

/// Sound of this length is one packet of silence.
const SILENCE_SAMPLES: i64 = 1024;

impl Muxer {
    /// Silence until the pictures end: the muxer drops pictures that have no sound beside them.
    pub(super) fn pad_sound(&mut self) -> Result<()> {
        let of_pictures = |track: &&Track| track.written.kind == StreamKind::Video;
        let end = self.tracks.iter().filter(of_pictures).map(|track| track.written.end_ns).max().unwrap_or(0);
        for stream in 0..self.tracks.len() {
            let track = &self.tracks[stream];
            let Some((rate, sample_bytes)) = ffi::pcm_form(&track.parameters.parameters) else { continue };
            let (Some(base), from) = (Rational::new(1, rate), track.written.end_ns.max(0)) else { continue };
            // One more picture's worth, for the muxer rounds.
            let mut missing = clock::from_ns(end.saturating_sub(from).saturating_add(clock::SECOND / 20), base);
            let mut time = clock::from_ns(from, base);
            let (packets, keys) = (track.written.packets, track.written.keys);
            while missing > 0 && from < end {
                let samples = missing.min(SILENCE_SAMPLES);
                let mut silence = RawPacket::copy(&vec![0; usize::try_from(samples).unwrap_or(0) * sample_bytes]);
                silence.set_pts(Some(time));
                silence.set_dts(Some(time));
                silence.set_duration(samples);
                self.write(stream, Packet { inner: silence, base })?;
                time += samples;
                missing -= samples;
            }
            // The silence is nobody's packet.
            let written = &mut self.tracks[stream].written;
            (written.packets, written.keys) = (packets, keys);
        }
        Ok(())
    }
}
