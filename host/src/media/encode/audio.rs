//! Samples to packets.

use ffmpeg_next::codec::Context;
use ffmpeg_next::format::sample::{Sample, Type};

use super::{EncodeReport, Opened, find};
use crate::media::clock::to_ns;
use crate::media::decode::per;
use crate::media::stream::{Packet, StreamKind, StreamParameters};
use crate::media::transform::EncoderSamples;
use crate::media::{MediaError, Result, ffi};
use crate::task::{AudioCodec, AudioEncoding};

/// Encodes sound. It opens at once: the size of its frames is needed to make them.
pub struct AudioEncoder {
    opened: Opened,
    codec: AudioCodec,
}

impl AudioEncoder {
    /// Opens an encoder. `Encoder` where parameters are refused; the message names them.
    pub fn open(encoding: &AudioEncoding) -> Result<Self> {
        let AudioCodec::Aac = encoding.codec;
        let refused = |field: &str, value: u64, why: &str| MediaError::Encoder(format!("{field} {value}: {why}"));
        let layout = ffi::layout_name(encoding.channels)
            .ok_or_else(|| refused("Channel", u64::from(encoding.channels), "allowed are 1 to 8"))?;
        let rate = i32::try_from(encoding.sample_rate)
            .ok()
            .filter(|rate| *rate > 0)
            .ok_or_else(|| refused("SampleRate", u64::from(encoding.sample_rate), "no encoder has it"))?;
        let mut encoder = Context::new_with_codec(find("aac")?)
            .encoder()
            .audio()
            .map_err(|error| MediaError::Bug(format!("aac: {error}")))?;
        encoder.set_rate(rate);
        encoder.set_format(Sample::F32(Type::Planar));
        let base = per(encoding.sample_rate);
        encoder.set_time_base(crate::media::clock::av(base));
        let options = [
            ("b", encoding.bitrate.min(i32::MAX as u64).to_string()),
            ("ch_layout", layout),
            ("flags", "+global_header+bitexact".to_owned()),
        ];
        let opened = Opened::open("aac", encoder.0.0, base, &options)?;
        Ok(Self { opened, codec: encoding.codec })
    }

    /// Samples of a frame that it wants, except the last.
    pub fn frame_size(&self) -> u32 {
        ffi::frame_size(&self.opened.encoder)
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
        self.opened.parameters(StreamKind::Audio, None, self.codec.name())
    }

    /// What it did so far.
    pub fn report(&self) -> EncodeReport {
        self.opened.report
    }
}
