//! Reads the packets of a source.

use super::{Item, Outlet, Stop, Stream, at};
use crate::pipeline::run::Shared;
use crate::pipeline::sources::Source;
use crate::pipeline::timeline::{Lane, lane};
use crate::task::{Clip, Stage};

/// How often those that only want to know how far a source is hear of it, in nanoseconds.
const TICK: i64 = 100_000_000;
/// The container's word on its length is taken where it differs by no more than this from what was read, in nanoseconds: padding of
/// codecs counts among the latter.
const PADDING: i64 = 500_000_000;

/// What is read of which source.
pub(super) struct Reading {
    pub(super) source: usize,
    pub(super) clip: Option<Clip>,
    pub(super) repeat_ns: Option<i64>,
}

/// Leaves the lane however reading ends.
struct InLane<'a>(&'a Shared<'a>, Lane);

impl Drop for InLane<'_> {
    fn drop(&mut self) {
        self.0.timeline.leave(self.1);
    }
}

/// Reads the streams that the plan uses; each reader gets the packets of the stream that it names.
pub(super) fn demux(reading: &Reading, source: Source, outlet: &Outlet, shared: &Shared<'_>) -> Result<(), Stop> {
    let Source { mut demuxer, readers } = source;
    let lane = lane(shared.plan, reading.source);
    // The lane of a sequence goes on with the next source.
    let is_last = lane != Lane::Sequence || shared.plan.sequence().last() == Some(&reading.source);
    let _in_lane = is_last.then_some(InLane(shared, lane));
    shared.timeline.wait_for_turn(shared.plan, reading.source, shared.interrupt)?;
    let start = if lane == Lane::Sequence { shared.timeline.start_ns(shared.plan, reading.source) } else { 0 };
    for (reader, stream) in readers.iter().enumerate() {
        let Some(stream) = stream else { continue };
        let parameters = demuxer.parameters(*stream).map_err(at(Stage::Demux))?;
        let stream = Stream { parameters, promise: None };
        outlet.send_where(|other| other == reader, Item::Stream(Box::new(stream)))?;
    }
    let length = reading.clip.and_then(|clip| clip.length_ns).unwrap_or(i64::MAX);
    let mut offset = 0;
    loop {
        // Where the longest stream ends, and what was told of that, in nanoseconds.
        let (mut end_ns, mut told_ns) = (0, 0);
        while let Some(packet) = demuxer.read().map_err(at(Stage::Demux))? {
            let time = packet.decode_time_ns().or(packet.time_ns()).unwrap_or(0);
            let end: i64 = packet.time_ns().unwrap_or(time).saturating_add(packet.duration_ns()).min(length);
            end_ns = end.max(end_ns);
            let stream = packet.stream();
            outlet.send_where(|reader| readers.get(reader) == Some(&Some(stream)), Item::Packet(packet))?;
            if end_ns.saturating_sub(told_ns) >= TICK {
                told_ns = end_ns;
                outlet.send_where(|reader| readers.get(reader) == Some(&None), Item::Mark(end_ns))?;
            }
            let time = start.saturating_add(offset).saturating_add(time);
            shared.timeline.advance(lane, time, shared.interrupt)?;
        }
        outlet.send_where(|reader| readers.get(reader) == Some(&None), Item::Mark(end_ns))?;
        if offset == 0 {
            shared.damage.source(reading.source, demuxer.health());
        }
        let stated = demuxer.facts().duration.map(|seconds| (seconds * 1e9).round() as i64);
        let stated = stated.map(|whole| reading.clip.map_or(whole, |clip| clip.of(whole)));
        let pass = stated.filter(|stated| stated.abs_diff(end_ns) < PADDING as u64).unwrap_or(end_ns).max(1);
        offset = offset.saturating_add(pass);
        if reading.repeat_ns.is_none_or(|until| offset >= until) {
            return Ok(());
        }
        demuxer.rewind().map_err(at(Stage::Demux))?;
        // A stream that is alone follows itself to the sample; several have to stay together.
        outlet.send(Item::Again((readers.len() > 1).then_some(offset)))?;
    }
}
