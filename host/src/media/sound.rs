//! Sound that is moved, cut, silent or mixed.

use ffmpeg_next::frame::Audio;
use ffmpeg_next::{ChannelLayout, format};

use super::clock::from_ns;
use super::decode::{AudioFrame, per};
use super::graph::{self, Chain};
use super::resample::Conversion;
use super::{MediaError, Result, ffi};

impl AudioFrame {
    /// Silence from this sample on. `Bug` where there is no layout for the number of channels.
    pub fn silence(sample_rate: u32, channels: u16, position: i64, samples: usize) -> Result<Self> {
        let form = format::Sample::F32(format::sample::Type::Planar);
        let layout = ChannelLayout::default(i32::from(channels));
        if layout.channels() != i32::from(channels) {
            return Err(MediaError::Bug(format!("there is no layout for {channels} channels")));
        }
        let mut audio = Audio::new(form, samples, layout);
        audio.set_rate(sample_rate);
        for plane in 0..audio.planes() {
            audio.data_mut(plane).fill(0);
        }
        audio.set_pts(Some(position));
        let layout = ffi::ensure_layout(&mut audio).map_err(|_| MediaError::memory("silence"))?;
        Ok(Self { audio, position, layout })
    }

    /// How a chain is told of it.
    pub(super) fn form(&self) -> String {
        graph::sound(self.sample_rate(), self.audio.format().name(), &self.layout)
    }

    /// The part of it that is not before the start; `None` where nothing is.
    pub fn from_start(self) -> Result<Option<Self>> {
        let samples = i64::try_from(self.samples()).unwrap_or(0);
        if self.position >= 0 || self.position.saturating_add(samples) <= 0 {
            return Ok((self.position >= 0).then_some(self));
        }
        let before = usize::try_from(self.position.unsigned_abs()).unwrap_or(usize::MAX);
        let kept = self.samples().saturating_sub(before);
        let mut audio = ffi::audio_like(&self.audio, kept).map_err(|_| MediaError::memory("sound"))?;
        ffi::copy_samples(&mut audio, 0, &self.audio, before, kept).map_err(|_| MediaError::memory("sound"))?;
        audio.set_pts(Some(0));
        Ok(Some(Self { audio, position: 0, layout: self.layout }))
    }

    /// The part of it that is before this time, in nanoseconds; `None` where nothing is.
    pub fn until(mut self, end_ns: i64) -> Option<Self> {
        let kept = from_ns(end_ns, per(self.sample_rate())).saturating_sub(self.position);
        let kept = usize::try_from(kept).ok().filter(|kept| *kept > 0)?;
        if kept < self.samples() {
            self.audio.set_samples(kept);
        }
        Some(self)
    }

    /// The same sound, so many nanoseconds later.
    pub fn delay(&mut self, ns: i64) {
        self.position = self.position.saturating_add(from_ns(ns, per(self.sample_rate())));
        self.audio.set_pts(Some(self.position));
    }

    /// Number of the sample at this time, in nanoseconds.
    pub fn position_at(sample_rate: u32, ns: i64) -> i64 {
        from_ns(ns, per(sample_rate))
    }
}

/// Mixes several streams of sound into one. All are equally loud, each by its part of the whole, so that nothing is cut off; where one
/// is silent or has ended, the others do not become louder.
pub struct Mixer {
    sample_rate: u32,
    channels: u16,
    /// Each input in the form of the output, without gaps from the start on.
    streams: Vec<Input>,
    mixed: Chain,
}

/// One input.
struct Input {
    conversion: Conversion,
    /// Samples of the output's rate that have been handed on.
    next: i64,
    ended: bool,
}

impl Mixer {
    /// `Bug` where FFmpeg refuses it.
    pub fn new(inputs: usize, sample_rate: u32, channels: u16) -> Result<Self> {
        let layout = ffi::layout_name(channels)
            .ok_or_else(|| MediaError::Bug(format!("there is no layout for {channels} channels")))?;
        let arguments = graph::sound(sample_rate, "fltp", &layout);
        let weight = 1.0 / inputs.max(1) as f64;
        let weights = vec![weight.to_string(); inputs].join(" ");
        let filters = format!("amix=inputs={inputs}:duration=longest:normalize=0:weights='{weights}'");
        let mixed = Chain::build_of_many("a", inputs, &arguments, &filters)?;
        let format = format::Sample::F32(format::sample::Type::Planar);
        let conversion = || Conversion::new(sample_rate, format, &layout);
        let streams = (0..inputs).map(|_| Input { conversion: conversion(), next: 0, ended: false }).collect();
        Ok(Self { sample_rate, channels, streams, mixed })
    }

    /// Takes sound of one input, or with `None` its end; hands out what all inputs have come to.
    pub fn send(
        &mut self,
        input: usize,
        samples: Option<AudioFrame>,
        out: &mut dyn FnMut(AudioFrame) -> Result<()>,
    ) -> Result<()> {
        let ended = samples.is_none();
        let form = (self.sample_rate, self.channels);
        if let Some(stream) = self.streams.get_mut(input) {
            let (mixed, next) = (&mut self.mixed, &mut stream.next);
            stream.conversion.send(samples, &mut |mut audio, position| {
                // The mixer itself knows no times: what is missing has to be there as silence.
                fill(mixed, input, next, position, form)?;
                let samples = i64::try_from(audio.samples()).unwrap_or(0);
                audio.set_pts(Some(*next));
                *next = next.saturating_add(samples);
                mixed.push_into(input, &mut audio)
            })?;
            stream.ended |= ended;
        }
        self.level()?;
        self.drain(out)
    }

    /// Inputs that have ended are silent as long as others go on: the filter loses sound of an input that ends before others begin.
    fn level(&mut self) -> Result<()> {
        let over = self.streams.iter().all(|stream| stream.ended);
        let going_on = self.streams.iter().filter(|stream| over || !stream.ended).map(|stream| stream.next);
        let until = going_on.max().unwrap_or(0);
        for (input, stream) in self.streams.iter_mut().enumerate().filter(|(_, stream)| stream.ended) {
            fill(&mut self.mixed, input, &mut stream.next, until, (self.sample_rate, self.channels))?;
        }
        if over {
            for (input, stream) in self.streams.iter().enumerate() {
                self.mixed.close_one(input, stream.next)?;
            }
        }
        Ok(())
    }

    fn drain(&mut self, out: &mut dyn FnMut(AudioFrame) -> Result<()>) -> Result<()> {
        loop {
            let mut audio = Audio::empty();
            if !self.mixed.pull(&mut audio)? {
                return Ok(());
            }
            let layout = ffi::ensure_layout(&mut audio).map_err(|_| MediaError::memory("sound"))?;
            let position = audio.pts().unwrap_or(0);
            out(AudioFrame { audio, position, layout })?;
        }
    }
}

/// Silence up to this sample, at most a second at a time.
fn fill(mixed: &mut Chain, input: usize, next: &mut i64, until: i64, (rate, channels): (u32, u16)) -> Result<()> {
    while *next < until {
        let missing = (until - *next).min(i64::from(rate));
        let mut silence = AudioFrame::silence(rate, channels, *next, usize::try_from(missing).unwrap_or(0))?;
        mixed.push_into(input, &mut silence.audio)?;
        *next += missing;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sound that is one value throughout.
    fn level(rate: u32, position: i64, samples: usize, value: f32) -> AudioFrame {
        let mut frame = AudioFrame::silence(rate, 2, position, samples).unwrap();
        for plane in 0..2 {
            frame.audio.plane_mut::<f32>(plane).fill(value);
        }
        frame
    }

    #[test]
    fn cutting_keeps_the_samples_that_are_in_the_part() {
        let mut frame = level(48_000, -100, 300, 0.5);
        frame.audio.plane_mut::<f32>(0)[100] = 1.0;
        let kept = frame.from_start().unwrap().unwrap();
        assert_eq!((kept.position, kept.samples(), kept.audio.plane::<f32>(0)[0]), (0, 200, 1.0));
        assert!(level(48_000, -300, 300, 0.5).from_start().unwrap().is_none());
        let mut kept = kept.until(1_000_000).unwrap();
        assert_eq!(kept.samples(), 48);
        kept.delay(2_000_000_000);
        assert_eq!(kept.position, 96_000);
        assert!(kept.until(2_000_000_000).is_none());
    }

    #[test]
    fn what_has_ended_before_others_begin_is_heard() {
        for early in 0..2 {
            let mut mixer = Mixer::new(2, 48_000, 2).unwrap();
            let mut out = Vec::new();
            let mut keep = |frame: AudioFrame| {
                out.extend_from_slice(frame.audio.plane::<f32>(0));
                Ok(())
            };
            for position in (0..24_000).step_by(600) {
                mixer.send(early, Some(level(48_000, position, 600, 0.8)), &mut keep).unwrap();
            }
            mixer.send(early, None, &mut keep).unwrap();
            for position in (0..48_000).step_by(1_000) {
                mixer.send(1 - early, Some(level(48_000, position, 1_000, 0.4)), &mut keep).unwrap();
            }
            mixer.send(1 - early, None, &mut keep).unwrap();
            assert_eq!(out.len(), 48_000);
            assert!((out[12_000] - 0.6).abs() < 0.01 && (out[36_000] - 0.2).abs() < 0.01, "{early}: {}", out[12_000]);
        }
    }

    #[test]
    fn streams_are_mixed_by_time_each_as_loud_as_the_other() {
        let mut mixer = Mixer::new(2, 48_000, 2).unwrap();
        let mut out = Vec::new();
        let mut keep = |frame: AudioFrame| {
            out.extend_from_slice(frame.audio.plane::<f32>(0));
            Ok(())
        };
        // The second one begins after a quarter of a second and lasts as long, at another rate.
        mixer.send(1, Some(level(24_000, 6_000, 6_000, 0.4)), &mut keep).unwrap();
        mixer.send(1, None, &mut keep).unwrap();
        for position in (0..48_000).step_by(4_800) {
            mixer.send(0, Some(level(48_000, position, 4_800, 0.8)), &mut keep).unwrap();
        }
        mixer.send(0, None, &mut keep).unwrap();
        assert_eq!(out.len(), 48_000);
        let near = |at: usize, value: f32| assert!((out[at] - value).abs() < 0.01, "{at}: {}", out[at]);
        near(6_000, 0.4);
        near(18_000, 0.6);
        near(40_000, 0.4);
    }
}
