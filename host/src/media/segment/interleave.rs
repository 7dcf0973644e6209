//! Packets of several streams in the order of their decoding times: only so is it known which of them belong before a cut.

use std::collections::VecDeque;

use crate::media::Packet;

/// Holds packets until it is known that no earlier one will come.
pub(super) struct Interleaver {
    streams: Vec<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// With the time by which they are ordered.
    packets: VecDeque<(i64, Packet)>,
    ended: bool,
    last: i64,
}

impl Interleaver {
    pub(super) fn new(streams: usize) -> Self {
        let new = || Waiting { packets: VecDeque::new(), ended: false, last: i64::MIN };
        Self { streams: std::iter::repeat_with(new).take(streams).collect() }
    }

    /// Takes a packet of a stream; those of one stream come in decoding order.
    pub(super) fn push(&mut self, stream: usize, packet: Packet) {
        let Some(waiting) = self.streams.get_mut(stream) else { return };
        let time = packet.decode_time_ns().or(packet.time_ns()).unwrap_or(waiting.last).max(waiting.last);
        waiting.last = time;
        waiting.packets.push_back((time, packet));
    }

    /// No more packets of this stream will come.
    pub(super) fn end(&mut self, stream: usize) {
        if let Some(waiting) = self.streams.get_mut(stream) {
            waiting.ended = true;
        }
    }

    /// The next packet, once each stream that has not ended has one.
    pub(super) fn pop(&mut self) -> Option<(usize, Packet)> {
        if self.streams.iter().any(|waiting| waiting.packets.is_empty() && !waiting.ended) {
            return None;
        }
        let times = self.streams.iter().map(|waiting| waiting.packets.front().map(|(time, _)| *time));
        let (_, stream) = times.enumerate().filter_map(|(stream, time)| Some((time?, stream))).min()?;
        let (_, packet) = self.streams.get_mut(stream)?.packets.pop_front()?;
        Some((stream, packet))
    }
}
