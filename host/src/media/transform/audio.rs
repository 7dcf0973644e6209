//! Resampling and mixing sound to what an encoder takes.

use ffmpeg_next::frame;

use crate::media::Result;
use crate::media::clock::{ratio, rescale};
use crate::media::decode::{AudioFrame, per};
use crate::media::encode::{layout, sample_format};
use crate::media::graph::{self, Chain};
use crate::task::AudioEncoding;

/// Sound in the form of an encoder, in frames of its size.
pub struct EncoderSamples {
    pub(in crate::media) audio: frame::Audio,
}

impl EncoderSamples {
    /// Number of samples of each channel.
    pub fn samples(&self) -> usize {
        self.audio.samples()
    }
}

/// Turns decoded sound into the frames of one encoder. Gaps stay gaps of the timestamps, as with FFmpeg's own command.
pub struct AudioTransform {
    encoding: AudioEncoding,
    layout: String,
    /// Converts; built again when the input changes within a stream.
    running: Option<(Input, Chain)>,
    /// Cuts frames of the encoder's size; never built again, for an encoder takes a short frame only as its last.
    frames: Chain,
    end: i64,
    next: i64,
}

/// What a filter graph depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Input {
    rate: u32,
    format: &'static str,
    layout: String,
}

impl Input {
    fn arguments(&self) -> String {
        let Self { rate, format, layout } = self;
        graph::sound(*rate, format, layout)
    }
}

impl AudioTransform {
    /// `frame_size` is the encoder's number of samples per frame. `Encoder` where there is no layout for the number of channels.
    pub fn new(encoding: &AudioEncoding, frame_size: u32) -> Result<Self> {
        let layout = layout(encoding)?;
        let input =
            Input { rate: encoding.sample_rate, format: sample_format(encoding).name(), layout: layout.clone() };
        let mut frames = Chain::build("a", &input.arguments(), "anull")?;
        frames.set_frame_size(frame_size);
        Ok(Self { encoding: *encoding, layout, running: None, frames, end: 0, next: 0 })
    }

    /// Converts a frame, or with `None` hands out what is still inside: the last frame may be short. `Bug` where FFmpeg refuses a
    /// conversion. An error of `out` is returned at once.
    pub fn send(&mut self, frame: Option<AudioFrame>, out: &mut dyn FnMut(EncoderSamples) -> Result<()>) -> Result<()> {
        let Some(mut frame) = frame else {
            self.finish(out)?;
            self.frames.close(self.next)?;
            return self.cut(out);
        };
        let input =
            Input { rate: frame.sample_rate(), format: frame.audio.format().name(), layout: frame.layout.clone() };
        if self.running.as_ref().is_none_or(|(running, _)| *running != input) {
            self.finish(out)?;
            let chain = self.build(&input)?;
            self.running = Some((input, chain));
        }
        self.end = frame.position.saturating_add(i64::try_from(frame.samples()).unwrap_or(0));
        if let Some((_, chain)) = &mut self.running {
            chain.push(&mut frame.audio)?;
        }
        self.drain(out)
    }

    fn build(&self, input: &Input) -> Result<Chain> {
        let (rate, layout, form) = (self.encoding.sample_rate, &self.layout, sample_format(&self.encoding).name());
        // What lies before the start of the output is cut to the sample.
        let filters = format!("atrim=start=0,aformat=sample_fmts={form}:sample_rates={rate}:channel_layouts={layout}");
        Chain::build("a", &input.arguments(), &filters)
    }

    fn finish(&mut self, out: &mut dyn FnMut(EncoderSamples) -> Result<()>) -> Result<()> {
        let end = self.end;
        if let Some((_, chain)) = &mut self.running {
            chain.close(end)?;
        }
        self.drain(out)?;
        self.running = None;
        Ok(())
    }

    fn drain(&mut self, out: &mut dyn FnMut(EncoderSamples) -> Result<()>) -> Result<()> {
        loop {
            let Some((_, chain)) = &mut self.running else {
                return Ok(());
            };
            let mut audio = frame::Audio::empty();
            if !chain.pull(&mut audio)? {
                return Ok(());
            }
            let base = chain.time_base().and_then(|(num, den)| ratio(num, den));
            let time = audio.pts().zip(base).map(|(time, base)| rescale(time, base, per(self.encoding.sample_rate)));
            audio.set_pts(time);
            self.frames.push(&mut audio)?;
            self.cut(out)?;
        }
    }

    fn cut(&mut self, out: &mut dyn FnMut(EncoderSamples) -> Result<()>) -> Result<()> {
        loop {
            let mut audio = frame::Audio::empty();
            if !self.frames.pull(&mut audio)? {
                return Ok(());
            }
            // Encoders want rising times; overlaps of damaged sources follow each other instead.
            let time = audio.pts().unwrap_or(self.next).max(self.next);
            self.next = time.saturating_add(i64::try_from(audio.samples()).unwrap_or(0));
            audio.set_pts(Some(time));
            out(EncoderSamples { audio })?;
        }
    }
}
