//! Pictures and sound at another speed.

use ffmpeg_next::frame;

use super::clock::{self, VideoClock};
use super::decode::AudioFrame;
use super::graph::Chain;
use super::{Frame, MediaError, Result, ffi};
use crate::task::Rational;

/// Sound that begins later than this after the sound before it, in parts of a second, begins anew: the filter knows no gaps.
const GAP: u32 = 100;

/// How frames are timed when they come at this speed. The same ticks, longer: no frame moves against another.
pub fn slow_clock(clock: VideoClock, speed: Rational) -> VideoClock {
    let longer = speed.inverse().and_then(|factor| clock.time_base.times(factor));
    VideoClock {
        // Where that ratio does not fit, the unit of transport streams holds all usual rates.
        time_base: longer.or(Rational::positive(1, 90_000)).unwrap_or(clock.time_base),
        rate: clock
            .rate
            .map(|rate| rate.times(speed).or(Rational::from_rate(rate.as_f64() * speed.as_f64())).unwrap_or(rate)),
    }
}

/// Places a frame where it is at this speed.
pub fn slow_frame(frame: &mut Frame, speed: Rational) {
    frame.time_ns = slowed(frame.time_ns, speed);
    frame.duration_ns = slowed(frame.duration_ns, speed);
}

fn slowed(time: i64, speed: Rational) -> i64 {
    speed.inverse().map_or(time, |factor| clock::rescale(time, factor, Rational::ONE))
}

/// Sound at another speed, its pitch unchanged.
pub struct Tempo {
    speed: Rational,
    running: Option<Running>,
}

/// Sound of one form without a gap.
struct Running {
    chain: Chain,
    rate: u32,
    /// FFmpeg's name of the sample format that goes in.
    format: &'static str,
    layout: String,
    /// Where the next sample that goes in is expected.
    expected: i64,
    /// Position of the next sample that comes out.
    next: i64,
}

impl Tempo {
    /// `speed` is 1/2 to 100, which is what the filter takes.
    pub fn new(speed: Rational) -> Self {
        Self { speed, running: None }
    }

    /// What becomes ready with this sound. `Bug` where FFmpeg refuses it.
    pub fn send(&mut self, samples: AudioFrame) -> Result<Vec<AudioFrame>> {
        let (rate, format) = (samples.sample_rate(), samples.audio.format().name());
        let gap = i64::from(rate / GAP);
        let continues = |running: &Running| {
            (running.rate, running.format, &running.layout) == (rate, format, &samples.layout)
                && samples.position.saturating_sub(running.expected).saturating_abs() <= gap
        };
        let mut ready = Vec::new();
        if !self.running.as_ref().is_some_and(continues) {
            ready = self.finish()?;
            let arguments = samples.form();
            self.running = Some(Running {
                chain: Chain::build("a", &arguments, &format!("atempo={}", self.speed.as_f64()))?,
                rate,
                format,
                layout: samples.layout.clone(),
                expected: samples.position,
                next: slowed(samples.position, self.speed),
            });
        }
        let Some(running) = &mut self.running else { return Ok(ready) };
        let count = i64::try_from(samples.samples()).unwrap_or(0);
        let AudioFrame { mut audio, .. } = samples;
        audio.set_pts(Some(running.expected));
        running.expected = running.expected.saturating_add(count);
        running.chain.push(&mut audio)?;
        running.pull(&mut ready)?;
        Ok(ready)
    }

    /// What is still inside.
    pub fn finish(&mut self) -> Result<Vec<AudioFrame>> {
        let mut ready = Vec::new();
        if let Some(mut running) = self.running.take() {
            let end = running.expected;
            running.chain.close(end)?;
            running.pull(&mut ready)?;
        }
        Ok(ready)
    }
}

impl Running {
    fn pull(&mut self, ready: &mut Vec<AudioFrame>) -> Result<()> {
        loop {
            let mut audio = frame::Audio::empty();
            if !self.chain.pull(&mut audio)? {
                return Ok(());
            }
            let layout = ffi::ensure_layout(&mut audio).map_err(|_| MediaError::memory("sound"))?;
            let position = self.next;
            self.next = position.saturating_add(i64::try_from(audio.samples()).unwrap_or(0));
            audio.set_pts(Some(position));
            ready.push(AudioFrame { audio, position, layout });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: fn() -> Rational = || Rational::new(1, 2).unwrap();

    /// Stereo sound that is not silent.
    fn tone(rate: u32, position: i64, samples: usize) -> AudioFrame {
        let format = ffmpeg_next::format::Sample::I16(ffmpeg_next::format::sample::Type::Packed);
        let mut audio = frame::Audio::new(format, samples, ffmpeg_next::ChannelLayout::STEREO);
        audio.set_rate(rate);
        let wave = |sample: usize| if (sample / 50).is_multiple_of(2) { 0x20 } else { 0xe0 };
        audio.data_mut(0).iter_mut().enumerate().for_each(|(byte, value)| *value = wave(byte / 4));
        let layout = ffi::ensure_layout(&mut audio).unwrap();
        AudioFrame { audio, position, layout }
    }

    #[test]
    fn ticks_grow_and_frames_stay_on_them() {
        let base = Rational::new(1, 12_800).unwrap();
        let clock = VideoClock { time_base: base, rate: Rational::new(25, 1) };
        let slow = slow_clock(clock, Rational::new(3, 4).unwrap());
        assert_eq!((slow.time_base, slow.rate), (Rational::new(1, 9_600).unwrap(), Rational::new(75, 4)));
        let prime = VideoClock { time_base: Rational::new(1, 1_000_003).unwrap(), ..clock };
        let odd = slow_clock(prime, Rational::new(777_777, 1_000_000).unwrap());
        assert_eq!(odd.time_base, Rational::new(1, 90_000).unwrap(), "that ratio does not fit");
        assert_eq!(slowed(40_000_000, HALF()), 80_000_000);
        assert_eq!(slowed(i64::MAX, HALF()), i64::MAX);
    }

    #[test]
    fn sound_is_longer_without_a_hole_and_gaps_grow_too() {
        let mut tempo = Tempo::new(HALF());
        let mut out = Vec::new();
        // The filter keeps a part of a window at each end, as it does in FFmpeg's command. Half a second, a pause of one, half a second.
        for position in (0..24_000).step_by(1_000).chain((72_000..96_000).step_by(1_000)) {
            out.extend(tempo.send(tone(48_000, position, 1_000)).unwrap());
        }
        out.extend(tempo.finish().unwrap());
        let mut gaps = Vec::new();
        for pair in out.windows(2) {
            let end = pair[0].position + i64::try_from(pair[0].samples()).unwrap();
            if pair[1].position != end {
                gaps.push((end, pair[1].position));
            }
        }
        let last = out.last().unwrap();
        let end = last.position + i64::try_from(last.samples()).unwrap();
        assert_eq!(out[0].position, 0);
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert!((gaps[0].0 - 48_000).abs() < 2_000 && gaps[0].1 == 144_000, "{gaps:?}");
        assert!((end - 192_000).abs() < 2_000, "{end}");
    }
}
