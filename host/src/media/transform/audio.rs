//! Resampling and mixing sound to what an encoder takes.

use ffmpeg_next::frame;

use crate::media::Result;
use crate::media::decode::AudioFrame;
use crate::media::encode::{layout, sample_format};
use crate::media::resample::{Conversion, Cutter};
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
    conversion: Conversion,
    /// Never begun again, for an encoder takes a short frame only as its last.
    frames: Cutter,
    next: i64,
}

impl AudioTransform {
    /// `frame_size` is the encoder's number of samples per frame. `Encoder` where there is no layout for the number of channels.
    pub fn new(encoding: &AudioEncoding, frame_size: u32) -> Result<Self> {
        let conversion = Conversion::new(encoding.sample_rate, sample_format(encoding), &layout(encoding)?);
        Ok(Self { conversion, frames: Cutter::new(frame_size), next: 0 })
    }

    /// Converts a frame, or with `None` hands out what is still inside: the last frame may be short. `Bug` where FFmpeg refuses a
    /// conversion. An error of `out` is returned at once.
    pub fn send(&mut self, frame: Option<AudioFrame>, out: &mut dyn FnMut(EncoderSamples) -> Result<()>) -> Result<()> {
        let last = frame.is_none();
        let frames = &mut self.frames;
        self.conversion.send(frame, &mut |audio, position| {
            frames.push(audio, position);
            Ok(())
        })?;
        while let Some((mut audio, position)) = self.frames.next(last)? {
            // Encoders want rising times; overlaps of damaged sources follow each other instead.
            let time = position.max(self.next);
            self.next = time.saturating_add(i64::try_from(audio.samples()).unwrap_or(0));
            audio.set_pts(Some(time));
            out(EncoderSamples { audio })?;
        }
        Ok(())
    }
}
