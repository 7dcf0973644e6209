//! Puts streams of several sources one after the other.

use super::{Item, Outlet, Stop, at, bug};
use crate::media::{AudioFrame, Frame, VideoClock};
use crate::pipeline::channel::Inbox;
use crate::pipeline::run::Shared;
use crate::pipeline::timeline::lane_of;
use crate::plan::{Blank, Concat, Node};
use crate::task::{Picture, Rational, Stage};

/// Pictures per second where nobody says how many.
const USUAL_RATE: i64 = 25;
/// Ticks per second of the times of pictures, about: as in transport streams.
const TICKS: i32 = 90_000;
/// So much sound behind the end that a container states may be padding of a codec, in nanoseconds.
const PADDING: i64 = 100_000_000;
/// Samples of silence that are made at once, in parts of a second.
const PIECE: i64 = 10;
const SECOND: i64 = 1_000_000_000;

pub(super) fn concat(
    node: &Node,
    concat: &Concat,
    inbox: &Inbox<Item>,
    outlet: Outlet,
    shared: &Shared<'_>,
) -> Result<(), Stop> {
    if let Blank::Black(_) = concat.blank {
        outlet.send(Item::Clock(clock(concat.frame_rate)))?;
    }
    let several = node.inputs.len() > 1;
    let mut joining =
        Joining { concat, outlet: &outlet, offset: 0, index: 0, end_ns: 0, stated: None, held: Vec::new() };
    joining.stated = stated_ns(node, 0, shared);
    // Where each source ends, from its own start.
    let mut ends = vec![0; node.inputs.len()];
    let mut current = 0;
    while let Some((input, item)) = inbox.receive_or_end()? {
        let source = node.inputs.get(input).and_then(|input| shared.plan.source_of(*input));
        let source = source.ok_or_else(|| bug("a stream that follows another has no source"))?;
        let Some(item) = item else {
            let end = joining.release(joining.stated)?;
            if let Some(place) = ends.get_mut(input) {
                *place = end.max(*place);
            }
            if several {
                shared.timeline.ended(source, ends.get(input).copied().unwrap_or(0));
            }
            continue;
        };
        if matches!(item, Item::Clock(_)) {
            continue;
        }
        // All sources before this one have ended by now.
        while current < input {
            let before = node.inputs.get(current).and_then(|input| shared.plan.source_of(*input));
            let length = before.map_or(0, |before| shared.timeline.length_ns(before));
            joining.offset = joining.offset.saturating_add(whole_frames(length, concat.frame_rate));
            current += 1;
            joining.stated = stated_ns(node, current, shared);
        }
        let end = joining.take(item)?;
        if let Some(place) = ends.get_mut(input) {
            *place = end.max(*place);
        }
    }
    if let Some(length) = concat.length_ns {
        let lane = lane_of(shared.plan, node.id);
        joining.fill(length, &mut |time| shared.timeline.keep_step(lane, time, shared.interrupt))?;
    }
    outlet.finish();
    Ok(())
}

/// How long a source is by its own word, in nanoseconds; `None` where it does not say, or where decoders end it to the sample.
fn stated_ns(node: &Node, input: usize, shared: &Shared<'_>) -> Option<i64> {
    let input = *node.inputs.get(input)?;
    if shared.plan.clip_of(input).is_some() {
        return None;
    }
    let source = shared.plan.sources().get(shared.plan.source_of(input)?)?;
    Some((source.facts.duration? * 1e9).round() as i64)
}

/// Times that are exact for the frames of the output and fine enough for others.
fn clock(rate: Option<Rational>) -> VideoClock {
    let ticks = |rate: Rational| rate.num().checked_mul((TICKS / rate.num().max(1)).max(1));
    let base = rate.and_then(ticks).or(Some(TICKS)).and_then(|ticks| Rational::positive(1, ticks));
    VideoClock { time_base: base.unwrap_or(Rational::ONE), rate }
}

/// The time after which the next whole frame begins.
fn whole_frames(length_ns: i64, rate: Option<Rational>) -> i64 {
    let Some(rate) = rate else { return length_ns };
    let (num, den) = (i128::from(rate.num()), i128::from(rate.den()) * i128::from(SECOND));
    // Times are rounded to a nanosecond: less than a thousandth of a frame over a whole one is none.
    let frames = (i128::from(length_ns) * num * 1000 / den + 998) / 1000;
    i64::try_from((frames * den + num / 2) / num.max(1)).unwrap_or(i64::MAX)
}

struct Joining<'a> {
    concat: &'a Concat,
    outlet: &'a Outlet,
    /// Nanoseconds from the start of the output to that of the current source.
    offset: i64,
    index: u64,
    /// Where the sound or the pictures end so far, in nanoseconds of the output.
    end_ns: i64,
    /// Nanoseconds of the current source, by its own word.
    stated: Option<i64>,
    /// Sound behind that: the padding of a codec, unless there is much of it.
    held: Vec<AudioFrame>,
}

impl Joining<'_> {
    /// Returns where it ends, in nanoseconds from the start of its source.
    fn take(&mut self, item: Item) -> Result<i64, Stop> {
        match item {
            Item::Frame(frame) => self.picture(frame),
            Item::Samples(samples) => self.samples(samples),
            Item::Mark(time) => {
                self.fill(self.offset.saturating_add(time), &mut |_| Ok(()))?;
                Ok(time)
            }
            Item::Again(time) => {
                let stated = self.stated;
                self.release(stated)?;
                self.stated = stated;
                self.offset = time.unwrap_or(self.end_ns);
                Ok(0)
            }
            _ => Err(bug("something else than pictures or sound came to where streams follow each other").into()),
        }
    }

    fn picture(&mut self, mut frame: Frame) -> Result<i64, Stop> {
        let end = frame.time_ns.saturating_add(frame.duration_ns.max(1));
        frame.time_ns = frame.time_ns.saturating_add(self.offset);
        if self.concat.length_ns.is_some_and(|length| frame.time_ns >= length) {
            return Ok(end);
        }
        frame.index = self.index;
        self.index += 1;
        self.end_ns = self.end_ns.max(self.offset.saturating_add(end));
        self.outlet.send(Item::Frame(frame))?;
        Ok(end)
    }

    fn samples(&mut self, samples: AudioFrame) -> Result<i64, Stop> {
        let Some(samples) = samples.from_start().map_err(at(Stage::Transform))? else { return Ok(0) };
        let end = samples.time_ns().saturating_add(samples.duration_ns());
        if let Some(stated) = self.stated.filter(|stated| end > *stated) {
            if end.saturating_sub(stated) <= PADDING {
                self.held.push(samples);
                return Ok(0);
            }
            // The source is longer than it says: nothing is lost.
            self.release(None)?;
        }
        self.keep(samples)
    }

    /// Hands on what was held back, up to this time. Returns where it ends, in nanoseconds from the start of its source.
    fn release(&mut self, until: Option<i64>) -> Result<i64, Stop> {
        self.stated = None;
        let mut end = 0;
        for samples in std::mem::take(&mut self.held) {
            let samples = match until {
                Some(until) => samples.until(until),
                None => Some(samples),
            };
            end = samples.map_or(Ok(end), |samples| self.keep(samples))?;
        }
        Ok(end)
    }

    /// Returns where it ends, in nanoseconds from the start of its source.
    fn keep(&mut self, mut samples: AudioFrame) -> Result<i64, Stop> {
        let end = samples.time_ns().saturating_add(samples.duration_ns());
        samples.delay(self.offset);
        // Where a source begins its sound is there from the first sample on, or silence is.
        if self.end_ns < self.offset {
            self.fill(self.offset, &mut |_| Ok(()))?;
        }
        let samples = match self.concat.length_ns {
            Some(length) => samples.until(length),
            None => Some(samples),
        };
        if let Some(samples) = samples {
            self.end_ns = self.end_ns.max(samples.time_ns().saturating_add(samples.duration_ns()));
            self.outlet.send(Item::Samples(samples))?;
        }
        Ok(end)
    }

    /// Silence or black pictures up to this time, in nanoseconds of the output; `before` is asked before each piece.
    fn fill(&mut self, until: i64, before: &mut dyn FnMut(i64) -> Result<(), Stop>) -> Result<(), Stop> {
        let until = self.concat.length_ns.map_or(until, |length| until.min(length));
        match self.concat.blank {
            Blank::Silence { sample_rate, channels } => {
                let end = AudioFrame::position_at(sample_rate, until);
                let mut next = AudioFrame::position_at(sample_rate, self.end_ns);
                while next < end {
                    let piece = (end - next).min(i64::from(sample_rate) / PIECE).max(1);
                    before(self.end_ns)?;
                    let samples = usize::try_from(piece).unwrap_or(1);
                    let silence =
                        AudioFrame::silence(sample_rate, channels, next, samples).map_err(at(Stage::Transform))?;
                    self.end_ns = silence.time_ns().saturating_add(silence.duration_ns());
                    self.outlet.send(Item::Samples(silence))?;
                    next += piece;
                }
            }
            Blank::Black(picture) => self.black(&picture, until, before)?,
        }
        Ok(())
    }

    fn black(
        &mut self,
        picture: &Picture,
        until: i64,
        before: &mut dyn FnMut(i64) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let (num, den) =
            self.concat.frame_rate.map_or((USUAL_RATE, 1), |rate| (i64::from(rate.num()), i64::from(rate.den())));
        let length = SECOND.saturating_mul(den) / num.max(1);
        let mut black: Option<Frame> = None;
        // From where the pictures end, or the source begins, in whole frames.
        let start = self.end_ns.max(self.offset);
        let mut number = 0;
        loop {
            let time = start.saturating_add(at_frame(number, num, den));
            if time.saturating_add(length / 2) >= until {
                return Ok(());
            }
            before(time)?;
            let frame = match black.take() {
                Some(frame) => frame,
                None => Frame::blank(picture, time, length, 0).map_err(at(Stage::Transform))?,
            };
            let mut next = frame.share().map_err(at(Stage::Transform))?;
            black = Some(frame);
            (next.time_ns, next.duration_ns, next.index) = (time, length, self.index);
            self.index += 1;
            self.end_ns = start.saturating_add(at_frame(number + 1, num, den));
            self.outlet.send(Item::Frame(next))?;
            number += 1;
        }
    }
}

/// When a frame is shown, in nanoseconds from that of number 0.
fn at_frame(number: i64, num: i64, den: i64) -> i64 {
    let ns = i128::from(number) * i128::from(den) * i128::from(SECOND) / i128::from(num.max(1));
    i64::try_from(ns).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_as_long_as_whole_frames() {
        let ntsc = Rational::new(30_000, 1001);
        assert_eq!(whole_frames(2_000_000_000, Rational::new(25, 1)), 2_000_000_000);
        assert_eq!(whole_frames(2_001_000_000, Rational::new(25, 1)), 2_040_000_000);
        // 60 frames, whose end is rounded to a nanosecond.
        assert_eq!(whole_frames(2_002_000_000, ntsc), 2_002_000_000);
        assert_eq!(whole_frames(2_002_000_001, ntsc), 2_002_000_000);
        assert_eq!(whole_frames(7, None), 7);
    }

    #[test]
    fn the_clock_is_exact_for_the_frames_of_the_output() {
        assert_eq!(clock(Rational::new(30_000, 1001)).time_base, Rational::new(1, 90_000).unwrap());
        assert_eq!(clock(Rational::new(24_000, 1001)).time_base, Rational::new(1, 72_000).unwrap());
        assert_eq!(clock(Rational::new(25, 1)).time_base, Rational::new(1, 90_000).unwrap());
        assert_eq!(clock(None).time_base, Rational::new(1, 90_000).unwrap());
    }
}
