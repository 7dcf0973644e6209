//! Packets that look damaged only because two segments meet behind them.
//!
//! Packets of a transport stream are numbered. Where somebody else's segments each begin to count anew, FFmpeg takes the packet before the gap
//! for a damaged one.

/// A packet is marked when the next one comes, and by FFmpeg's parsers so is the one before it: so many packets that follow tell.
const LAG: u32 = 2;

/// The places where the parts of a source meet, and the packets that have to be judged by what follows them.
#[derive(Debug, Default)]
pub(super) struct Joints {
    /// First byte of each part but the first.
    starts: Vec<u64>,
    streams: Vec<Stream>,
}

/// What is known of one stream.
#[derive(Debug, Clone, Default)]
struct Stream {
    /// The part in which its last packet began.
    part: usize,
    /// Packets that look damaged: how many have followed each of them, all in the same part.
    suspects: Vec<u32>,
}

impl Joints {
    pub(super) fn new(starts: Vec<u64>) -> Self {
        Self { starts, streams: Vec::new() }
    }

    /// Notes a packet of a stream and the byte at which it begins, if that is known; how many packets are known to be damaged now.
    pub(super) fn note(&mut self, stream: usize, position: Option<u64>, damaged: bool) -> u64 {
        if self.starts.is_empty() {
            return u64::from(damaged);
        }
        if self.streams.len() <= stream {
            self.streams.resize(stream.saturating_add(1), Stream::default());
        }
        let Some(stream) = self.streams.get_mut(stream) else { return u64::from(damaged) };
        let part = position.map_or(stream.part, |position| self.starts.partition_point(|start| *start <= position));
        let lost = if part > stream.part {
            // One joint marks one packet.
            std::mem::take(&mut stream.suspects).len().saturating_sub(1)
        } else {
            let before = stream.suspects.len();
            stream.suspects.iter_mut().for_each(|followed| *followed += 1);
            stream.suspects.retain(|followed| *followed < LAG);
            before - stream.suspects.len()
        };
        stream.part = part;
        if damaged {
            stream.suspects.push(0);
        }
        lost as u64
    }

    /// Packets that nothing followed, and that no joint explains.
    pub(super) fn rest(&self) -> u64 {
        let ended = self.streams.iter().filter(|stream| stream.part >= self.starts.len());
        ended.map(|stream| stream.suspects.len() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_packet_before_a_joint_is_excused() {
        let mut joints = Joints::new(vec![100, 200]);
        let mut note = |stream, position, damaged| joints.note(stream, position, damaged);
        assert_eq!(note(1, Some(0), false), 0);
        // The last but one of its part.
        assert_eq!((note(1, Some(50), true), note(1, Some(60), false), note(0, Some(70), false)), (0, 0, 0));
        // In the middle of a part.
        assert_eq!((note(1, Some(100), true), note(1, Some(110), false), note(1, None, false)), (0, 0, 1));
        // Two at the end of a part, of which the joint explains one.
        assert_eq!((note(1, Some(130), true), note(1, Some(140), true), note(1, Some(200), false)), (0, 0, 1));
        // At the end of the last.
        assert_eq!(note(1, Some(250), true), 0);
        assert_eq!(joints.rest(), 1);
        assert_eq!((joints.note(1, None, false), joints.note(1, None, false), joints.rest()), (0, 1, 0));
    }

    #[test]
    fn a_source_in_one_part_excuses_nothing() {
        let mut joints = Joints::default();
        assert_eq!((joints.note(0, Some(0), true), joints.note(0, None, false), joints.rest()), (1, 0, 0));
    }
}
