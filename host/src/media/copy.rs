//! Packets that are copied: their timestamps made complete.
//!
//! Containers may leave out what a decoder finds out by itself: Matroska has no decoding times, so the first packets of a
//! stream with B-frames come without; AVI has no presentation times at all. A muxer needs both.

use super::clock::rescale;
use super::stream::{Packet, StreamKind, StreamParameters};
use super::{MediaError, Result};

/// Packets that wait for the first decoding time, at most.
const MAX_PENDING: usize = 64;

/// Completes the timestamps of one copied stream.
pub struct StreamCopy {
    label: String,
    video: bool,
    /// Frames of reordering delay: above 0, the order of packets is not the order of pictures.
    reorder: u32,
    /// Ticks of a frame, where the stream has a rate.
    frame: i64,
    pending: Vec<Packet>,
    last: Option<i64>,
}

impl StreamCopy {
    /// `reorder` is the stream's delay in frames ([`crate::task::VideoStreamFacts::has_b_frames`]); 0 for sound.
    pub fn new(stream: &StreamParameters, reorder: u32) -> Self {
        let clock = stream.clock;
        let frame =
            clock.rate.and_then(crate::task::Rational::inverse).map_or(0, |one| rescale(1, one, clock.time_base));
        Self {
            label: stream.label.clone(),
            video: stream.kind == StreamKind::Video,
            reorder,
            frame: frame.max(1),
            pending: Vec::new(),
            last: None,
        }
    }

    /// Takes a packet, or with `None` the end, and hands out packets in decoding order with both timestamps. `Unsupported`
    /// where they cannot be known without decoding. An error of `out` is returned at once.
    pub fn send(&mut self, packet: Option<Packet>, out: &mut dyn FnMut(Packet) -> Result<()>) -> Result<()> {
        let Some(packet) = packet else {
            return self.release(None, out);
        };
        let known = packet.inner.dts();
        if self.last.is_some() || (known.is_some() && self.pending.is_empty()) {
            return self.hand_out(packet, known, out);
        }
        self.pending.push(packet);
        if known.is_some() || self.pending.len() >= MAX_PENDING {
            return self.release(known, out);
        }
        Ok(())
    }

    /// Hands out what waited. `known` is the decoding time of the last of them; those before it are a frame apart.
    fn release(&mut self, known: Option<i64>, out: &mut dyn FnMut(Packet) -> Result<()>) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let count = i64::try_from(pending.len()).unwrap_or(i64::MAX);
        for (index, packet) in (1..).zip(pending) {
            let step = match packet.inner.duration() {
                ..=0 => self.frame,
                duration => duration,
            };
            let decoded = known.map(|known: i64| known.saturating_sub(step.saturating_mul(count - index)));
            self.hand_out(packet, decoded, out)?;
        }
        Ok(())
    }

    fn hand_out(
        &mut self,
        mut packet: Packet,
        decoded: Option<i64>,
        out: &mut dyn FnMut(Packet) -> Result<()>,
    ) -> Result<()> {
        let reordered = self.video && self.reorder > 0;
        let shown = match packet.inner.pts() {
            Some(shown) => shown,
            None if reordered => return Err(self.unknown("the container does not say when its pictures are shown")),
            None => decoded.or(self.last.map(|last| last.saturating_add(self.frame))).unwrap_or(0),
        };
        let decoded = match decoded {
            Some(decoded) => decoded,
            None if reordered => return Err(self.unknown("the container does not say when its pictures are decoded")),
            None => shown,
        };
        // Timestamps that stand still move on by a tick, but a picture is never shown before it is decoded.
        let decoded = self.last.map_or(decoded, |last| decoded.max(last.saturating_add(1)));
        if decoded > shown && reordered {
            return Err(self.unknown("its timestamps are out of order"));
        }
        packet.inner.set_dts(Some(decoded));
        packet.inner.set_pts(Some(shown.max(decoded)));
        self.last = Some(decoded);
        out(packet)
    }

    fn unknown(&self, why: &str) -> MediaError {
        MediaError::Unsupported(format!("{} cannot be copied: {why}; set a Codec to encode it", self.label))
    }
}
