//! Pictures and samples to packets.

mod audio;
mod audio_options;
mod video;
mod video_options;

pub use audio::AudioEncoder;
pub(super) use audio_options::{layout, sample_format};
pub use video::VideoEncoder;

/// FFmpeg's name of the encoder and all options that it is opened with, for who compares with its command line. `threads` 0 is as
/// many as there are cores; `forced` where key pictures are forced.
pub fn video_encoder(
    encoding: &VideoEncoding,
    picture: &Picture,
    fps: f64,
    threads: u32,
    forced: bool,
) -> Result<(&'static str, Vec<(&'static str, String)>)> {
    Ok((video_options::encoder_name(encoding.codec), video_options::options(encoding, picture, fps, threads, forced)?))
}

/// The same of sound.
pub fn audio_encoder(encoding: &AudioEncoding) -> Result<(&'static str, Vec<(&'static str, String)>)> {
    let options = audio_options::options(encoding, layout(encoding)?);
    Ok((audio_options::encoder_name(encoding), options))
}

use ffmpeg_next::codec::Context;
use ffmpeg_next::{Codec, Dictionary, Error, Packet as RawPacket, encoder};

use super::clock::VideoClock;
use super::stream::{Packet, StreamKind, StreamParameters};
use super::tags::StreamTags;
use super::{MediaError, Result, ffi};
use crate::task::{AudioEncoding, Picture, Rational, VideoEncoding};

/// What an encoder made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EncodeReport {
    /// Frames taken.
    pub frames: u64,
    /// Frames left out because an earlier one has the same place in the encoder's time base.
    pub dropped: u64,
    /// Packets handed out.
    pub packets: u64,
    /// Bytes handed out.
    pub bytes: u64,
    /// Start of the first frame, in nanoseconds from the start of the output.
    pub start_ns: i64,
    /// End of the last frame.
    pub end_ns: i64,
}

/// An opened encoder of either kind.
struct Opened {
    encoder: encoder::Encoder,
    name: &'static str,
    base: Rational,
    report: EncodeReport,
    drained: bool,
}

impl Opened {
    fn open(name: &'static str, mut context: Context, base: Rational, options: &[(&str, String)]) -> Result<Self> {
        let codec = find(name)?;
        let options: Dictionary<'_> = options.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let shown: Vec<String> = options.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let (opened, said) = ffi::with_log(|| ffi::open(&mut context, codec, options));
        let unknown = opened.map_err(|error| match error {
            Error::Other { errno: ffmpeg_next::error::ENOMEM } => MediaError::memory(name),
            error => MediaError::Encoder(format!("{name} refused {}: {error} ({said})", shown.join(", "))),
        })?;
        if !unknown.is_empty() {
            return Err(MediaError::Encoder(format!("{name} has no option {}", unknown.join(", "))));
        }
        Ok(Self { encoder: context.encoder(), name, base, report: EncodeReport::default(), drained: false })
    }

    fn send(&mut self, frame: Option<&ffmpeg_next::Frame>) -> Result<()> {
        let sent = match frame {
            Some(_) if self.drained => return Err(MediaError::Bug(format!("{}: a frame after the end", self.name))),
            Some(frame) => self.encoder.send_frame(frame),
            None if self.drained => return Ok(()),
            None => {
                self.drained = true;
                self.encoder.send_eof()
            }
        };
        sent.map_err(|error| MediaError::Encoder(format!("{} failed: {error}", self.name)))
    }

    fn drain(&mut self, out: &mut dyn FnMut(Packet) -> Result<()>) -> Result<()> {
        loop {
            let mut packet = RawPacket::empty();
            match self.encoder.receive_packet(&mut packet) {
                Ok(()) => {
                    // FLAC ends with an empty packet that only carries its checksum to the muxer.
                    self.report.packets += u64::from(packet.size() > 0);
                    self.report.bytes = self.report.bytes.saturating_add(packet.size() as u64);
                    out(Packet { inner: packet, base: self.base })?;
                }
                Err(Error::Eof | Error::Other { errno: ffmpeg_next::error::EAGAIN }) => return Ok(()),
                Err(error) => return Err(MediaError::Encoder(format!("{} failed: {error}", self.name))),
            }
        }
    }

    fn parameters(&self, kind: StreamKind, rate: Option<Rational>, codec: &str) -> Result<StreamParameters> {
        let parameters =
            ffi::fill_parameters(&self.encoder).map_err(|error| MediaError::Bug(format!("{}: {error}", self.name)))?;
        Ok(StreamParameters {
            parameters,
            kind,
            codec: codec.to_owned(),
            clock: VideoClock { time_base: self.base, rate },
            size: None,
            aspect: (0, 1),
            side_data: Vec::new(),
            language: None,
            tags: StreamTags::default(),
            alpha: false,
            label: format!("{kind} ({codec})"),
        })
    }
}

fn find(name: &str) -> Result<Codec> {
    super::init();
    encoder::find_by_name(name)
        .ok_or_else(|| MediaError::Encoder(format!("this build of FFmpeg has no encoder {name}")))
}

#[cfg(test)]
mod codec_tests;
#[cfg(test)]
mod tests;
