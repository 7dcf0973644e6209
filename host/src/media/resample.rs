//! Sound in the form of another: its rate, its samples, its channels.

use std::collections::VecDeque;

use ffmpeg_next::format::Sample;
use ffmpeg_next::frame::Audio;

use super::decode::AudioFrame;
use super::{MediaError, Result, ffi};

/// Converts a stream of sound. What already has the form passes untouched; what lies before the start of the output is cut to the sample.
pub(super) struct Conversion {
    rate: u32,
    format: Sample,
    layout: String,
    running: Option<Running>,
}

struct Running {
    /// Rate, format and layout of what comes in.
    from: (u32, &'static str, String),
    /// Nothing where the form is the same.
    resampler: Option<ffi::Resampler>,
}

impl Conversion {
    /// To this rate, format and layout, by FFmpeg's name.
    pub(super) fn new(rate: u32, format: Sample, layout: &str) -> Self {
        Self { rate, format, layout: layout.to_owned(), running: None }
    }

    /// Converts a frame, or with `None` hands out what is still inside, each with the position of its first sample. `Bug` where FFmpeg refuses
    /// a conversion. An error of `out` is returned at once.
    pub(super) fn send(
        &mut self,
        frame: Option<AudioFrame>,
        out: &mut dyn FnMut(Audio, i64) -> Result<()>,
    ) -> Result<()> {
        let Some(frame) = frame else {
            return self.finish(out);
        };
        let from = (frame.sample_rate(), frame.audio.format().name(), frame.layout.clone());
        if self.running.as_ref().is_none_or(|running| running.from != from) {
            self.finish(out)?;
            let same = from == (self.rate, self.format.name(), self.layout.clone());
            let resampler = if same { None } else { Some(self.resampler(&frame)?) };
            self.running = Some(Running { from, resampler });
        }
        let Some(AudioFrame { audio, position, .. }) = frame.from_start()? else { return Ok(()) };
        match &mut self.running {
            Some(Running { resampler: Some(resampler), .. }) => {
                match resampler.convert(&audio, position).map_err(failed)? {
                    Some((audio, position)) => out(audio, position),
                    None => Ok(()),
                }
            }
            _ => out(audio, position),
        }
    }

    fn resampler(&self, frame: &AudioFrame) -> Result<ffi::Resampler> {
        let (made, said) = ffi::with_log(|| ffi::Resampler::new(&frame.audio, self.rate, self.format, &self.layout));
        made.map_err(|error| {
            let (rate, format, layout) = (frame.sample_rate(), frame.audio.format().name(), &frame.layout);
            MediaError::Bug(format!("sound of {rate} Hz, {format}, {layout} cannot be converted: {error} ({said})"))
        })
    }

    fn finish(&mut self, out: &mut dyn FnMut(Audio, i64) -> Result<()>) -> Result<()> {
        if let Some(Running { resampler: Some(mut resampler), .. }) = self.running.take() {
            while let Some((audio, position)) = resampler.finish().map_err(failed)? {
                out(audio, position)?;
            }
        }
        Ok(())
    }
}

fn failed(error: ffmpeg_next::Error) -> MediaError {
    MediaError::Bug(format!("sound could not be converted: {error}"))
}

/// Cuts sound of one form into frames of one size.
pub(super) struct Cutter {
    /// Samples of a frame; 0: they stay as they come.
    size: usize,
    /// Frames and their positions, and how many samples of the first have been used.
    waiting: VecDeque<(Audio, i64)>,
    used: usize,
}

impl Cutter {
    pub(super) fn new(size: u32) -> Self {
        Self { size: size as usize, waiting: VecDeque::new(), used: 0 }
    }

    /// Takes sound.
    pub(super) fn push(&mut self, audio: Audio, position: i64) {
        self.waiting.push_back((audio, position));
    }

    /// The next frame, with the position of its first sample; what is less than a frame only where it is the `last`.
    pub(super) fn next(&mut self, last: bool) -> Result<Option<(Audio, i64)>> {
        let ready = self.waiting.iter().map(|(audio, _)| audio.samples()).sum::<usize>().saturating_sub(self.used);
        let first = self.waiting.front().map_or(0, |(audio, _)| audio.samples());
        let size = if self.size == 0 { first } else { self.size.min(ready) };
        if size == 0 || (size < self.size && !last) {
            return Ok(None);
        }
        // Most come as they are wanted.
        if self.used == 0 && first == size {
            return Ok(self.waiting.pop_front());
        }
        let Some((first, position)) = self.waiting.front() else { return Ok(None) };
        let position = position.saturating_add(i64::try_from(self.used).unwrap_or(0));
        let mut frame = ffi::audio_like(first, size).map_err(failed)?;
        let mut filled = 0;
        while filled < size {
            let Some((source, _)) = self.waiting.front() else { break };
            let count = (source.samples() - self.used).min(size - filled);
            ffi::copy_samples(&mut frame, filled, source, self.used, count).map_err(failed)?;
            filled += count;
            self.used += count;
            if self.used == source.samples() {
                self.waiting.pop_front();
                self.used = 0;
            }
        }
        Ok(Some((frame, position)))
    }
}

#[cfg(test)]
mod tests {
    use ffmpeg_next::ChannelLayout;
    use ffmpeg_next::format::sample::Type;

    use super::*;
    use crate::media::graph::{self, Chain};

    const FLOAT: Sample = Sample::F32(Type::Planar);

    /// Stereo sound of 16 bits whose samples are all different, from a position on.
    fn ramp(rate: u32, position: i64, samples: usize) -> AudioFrame {
        let mut audio = Audio::new(Sample::I16(Type::Packed), samples, ChannelLayout::STEREO);
        audio.set_rate(rate);
        for (at, sample) in audio.data_mut(0)[..samples * 4].chunks_exact_mut(2).enumerate() {
            sample.copy_from_slice(&((position * 2 + at as i64) as i16).to_le_bytes());
        }
        let layout = ffi::ensure_layout(&mut audio).unwrap();
        audio.set_pts(Some(position));
        AudioFrame { audio, position, layout }
    }

    /// Positions and lengths, and the samples of all channels.
    type Sound = (Vec<(i64, usize)>, Vec<u8>);

    fn add((places, samples): &mut Sound, audio: &Audio, position: i64) {
        places.push((position, audio.samples()));
        let (planes, bytes) = match audio.is_planar() {
            true => (audio.planes(), audio.samples() * audio.format().bytes()),
            false => (1, audio.samples() * audio.format().bytes() * usize::from(audio.channels())),
        };
        for plane in 0..planes {
            samples.extend_from_slice(&audio.data(plane)[..bytes]);
        }
    }

    #[test]
    fn sound_is_converted_as_by_the_filter() {
        let frames = || [(-300, 1000), (700, 1152), (1852, 1), (5000, 2048)].map(|(at, count)| ramp(44_100, at, count));
        for (rate, format, layout) in [(48_000, FLOAT, "stereo"), (44_100, FLOAT, "mono"), (22_050, FLOAT, "5.1")] {
            let mut ours = Sound::default();
            let mut conversion = Conversion::new(rate, format, layout);
            for frame in frames().map(Some).into_iter().chain([None]) {
                conversion
                    .send(frame, &mut |audio, position| {
                        add(&mut ours, &audio, position);
                        Ok(())
                    })
                    .unwrap();
            }
            let filters =
                format!("atrim=start=0,aformat=sample_fmts=fltp:sample_rates={rate}:channel_layouts={layout}");
            let mut chain = Chain::build("a", &graph::sound(44_100, "s16", "stereo"), &filters).unwrap();
            let mut theirs = Sound::default();
            let mut pull = |chain: &mut Chain| {
                let mut audio = Audio::empty();
                while chain.pull(&mut audio).unwrap() {
                    add(&mut theirs, &audio, audio.pts().unwrap());
                    audio = Audio::empty();
                }
            };
            for mut frame in frames() {
                chain.push(&mut frame.audio).unwrap();
                pull(&mut chain);
            }
            chain.close(7048).unwrap();
            pull(&mut chain);
            // Channel after channel, and so in pieces of the same frames.
            assert_eq!(ours.0, theirs.0, "{rate} {layout}");
            assert!(ours.1 == theirs.1, "{rate} {layout}");
        }
    }

    #[test]
    fn what_has_the_form_is_not_touched() {
        let mut conversion = Conversion::new(48_000, Sample::I16(Type::Packed), "stereo");
        let frame = ramp(48_000, 0, 64);
        let before = frame.audio.data(0).as_ptr();
        let mut seen = Vec::new();
        let mut keep = |audio: Audio, position| {
            seen.push((audio.data(0).as_ptr(), position));
            Ok(())
        };
        conversion.send(Some(frame), &mut keep).unwrap();
        conversion.send(Some(ramp(48_000, -64, 64)), &mut keep).unwrap();
        conversion.send(None, &mut keep).unwrap();
        assert_eq!(seen, [(before, 0)]);
    }

    #[test]
    fn sound_is_cut_into_frames_and_the_last_is_short() {
        for size in [1, 7, 64, 100, 1000] {
            let mut cutter = Cutter::new(size);
            let (mut cut, mut whole) = (Sound::default(), Sound::default());
            let mut at = 0;
            for count in [64, 1, 200, 13, 64, 400] {
                let frame = ramp(48_000, at, count);
                at += count as i64;
                add(&mut whole, &frame.audio, frame.position);
                cutter.push(frame.audio, frame.position);
                while let Some((audio, position)) = cutter.next(false).unwrap() {
                    add(&mut cut, &audio, position);
                }
            }
            while let Some((audio, position)) = cutter.next(true).unwrap() {
                add(&mut cut, &audio, position);
            }
            assert_eq!(cut.1, whole.1);
            let (last, others) = cut.0.split_last().unwrap();
            assert!(others.iter().all(|(_, count)| *count == size as usize), "{size}: {:?}", cut.0);
            assert!((1..=size as usize).contains(&last.1));
            let places: Vec<i64> = (0..cut.0.len() as i64).map(|index| index * i64::from(size)).collect();
            assert_eq!(cut.0.iter().map(|(position, _)| *position).collect::<Vec<_>>(), places);
        }
    }

    #[test]
    fn a_gap_is_a_jump_of_the_next_frame() {
        let mut cutter = Cutter::new(10);
        for position in [0, 100] {
            cutter.push(ramp(48_000, position, 15).audio, position);
        }
        let mut places = Vec::new();
        while let Some((audio, position)) = cutter.next(true).unwrap() {
            places.push((position, audio.samples()));
        }
        // A frame has the position of its first sample.
        assert_eq!(places, [(0, 10), (10, 10), (105, 10)]);
    }
}
