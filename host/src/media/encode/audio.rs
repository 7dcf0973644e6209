//! Samples to packets.

use ffmpeg_next::codec::Context;

use super::audio_options::{check, encoder_name, ffmpeg_name, layout, options, sample_format};
use super::{EncodeReport, Opened, find};
use crate::media::clock::to_ns;
use crate::media::decode::per;
use crate::media::stream::{Packet, StreamKind, StreamParameters};
use crate::media::transform::EncoderSamples;
use crate::media::{MediaError, Result, ffi};
use crate::task::AudioEncoding;

/// Samples of a frame where the encoder does not mind.
const ANY_FRAME_SIZE: u32 = 1024;

/// Encodes sound. It opens at once: the size of its frames is needed to make them.
pub struct AudioEncoder {
    opened: Opened,
    /// FFmpeg's name.
    codec: &'static str,
}

impl AudioEncoder {
    /// Opens an encoder. `Encoder` where parameters are refused; the message names them.
    pub fn open(encoding: &AudioEncoding) -> Result<Self> {
        check(encoding)?;
        let layout = layout(encoding)?;
        let rate = i32::try_from(encoding.sample_rate)
            .map_err(|_| MediaError::Bug(format!("a sample rate of {}", encoding.sample_rate)))?;
        let name = encoder_name(encoding);
        let mut encoder = Context::new_with_codec(find(name)?)
            .encoder()
            .audio()
            .map_err(|error| MediaError::Bug(format!("{name}: {error}")))?;
        encoder.set_rate(rate);
        encoder.set_format(sample_format(encoding));
        let base = per(encoding.sample_rate);
        encoder.set_time_base(crate::media::clock::av(base));
        let opened = Opened::open(name, encoder.0.0, base, &options(encoding, layout))?;
        Ok(Self { opened, codec: ffmpeg_name(encoding) })
    }

    /// Samples of a frame that it wants, except the last.
    pub fn frame_size(&self) -> u32 {
        match ffi::frame_size(&self.opened.encoder) {
            // PCM takes any number.
            0 => ANY_FRAME_SIZE,
            size => size,
        }
    }

    /// Encodes a frame, or with `None` what is still inside. An error of `out` is returned at once.
    pub fn send(&mut self, frame: Option<EncoderSamples>, out: &mut dyn FnMut(Packet) -> Result<()>) -> Result<()> {
        if let Some(frame) = frame {
            let start = frame.audio.pts().unwrap_or(0);
            let end = start.saturating_add(i64::try_from(frame.samples()).unwrap_or(0));
            let (base, report) = (self.opened.base, &mut self.opened.report);
            if report.frames == 0 {
                report.start_ns = to_ns(start, base);
            }
            report.frames += 1;
            report.end_ns = to_ns(end, base);
            self.opened.send(Some(&frame.audio))?;
        } else {
            self.opened.send(None)?;
        }
        self.opened.drain(out)
    }

    /// Parameters for the muxer.
    pub fn parameters(&self) -> Result<StreamParameters> {
        self.opened.parameters(StreamKind::Audio, None, self.codec)
    }

    /// What it did so far.
    pub fn report(&self) -> EncodeReport {
        self.opened.report
    }
}
