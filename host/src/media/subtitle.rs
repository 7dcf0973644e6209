//! Packets of subtitles: handed on as they are, or converted from one kind of text into another.

use ffmpeg_next::codec::{Context, decoder};
use ffmpeg_next::{Dictionary, Error, Packet as RawPacket};

use super::clock::{self, VideoClock, rescale};
use super::containers::is_blank;
use super::decode::DecodeReport;
use super::mux::in_parentheses;
use super::stream::{Packet, StreamKind, StreamParameters};
use super::{MediaError, Result, ffi};
use crate::task::{Rational, SubtitleCodec};

/// Makes the packets of one subtitle stream of an output.
pub struct SubtitleStream {
    parameters: StreamParameters,
    conversion: Option<Conversion>,
    speed: Rational,
    /// Tick where the part of the source ends.
    until: i64,
    report: DecodeReport,
}

/// A decoder and an encoder, with styled text between them.
struct Conversion {
    decoder: decoder::Opened,
    encoder: Context,
}

impl SubtitleStream {
    /// `codec` is what they are converted into; `None` keeps them as they are. At `speed` 1/2 they are shown half as fast. `Unsupported` where
    /// they are no text that can be converted.
    pub fn open(stream: &StreamParameters, codec: Option<SubtitleCodec>, speed: Option<Rational>) -> Result<Self> {
        if stream.kind != StreamKind::Subtitle {
            return Err(MediaError::Bug(format!("{} is no subtitle stream", stream.label)));
        }
        let mut parameters = stream.clone();
        let conversion = codec.map(|codec| Conversion::open(stream, codec)).transpose()?;
        if let Some((conversion, codec)) = conversion.as_ref().zip(codec) {
            parameters.parameters = ffi::fill_parameters(&conversion.encoder)
                .map_err(|error| MediaError::Bug(format!("{}: {error}", stream.label)))?;
            codec.name().clone_into(&mut parameters.codec);
            parameters.side_data = Vec::new();
        }
        parameters.clock = VideoClock { rate: None, ..stream.clock };
        let speed = speed.unwrap_or(Rational::ONE);
        Ok(Self { parameters, conversion, speed, until: i64::MAX, report: DecodeReport::default() })
    }

    /// Hands out only what is shown within this many nanoseconds of the source.
    #[must_use]
    pub fn with_length(mut self, length_ns: Option<i64>) -> Self {
        self.until = length_ns.map_or(i64::MAX, |length| clock::from_ns(length, self.parameters.clock.time_base));
        self
    }

    /// Parameters for the muxer.
    pub fn parameters(&self) -> StreamParameters {
        self.parameters.clone()
    }

    /// What becomes of a packet; `None` where nothing of it is shown. Text that cannot be decoded is counted and left out.
    pub fn take(&mut self, packet: &Packet) -> Result<Option<Packet>> {
        let data = packet.inner.data().unwrap_or_default();
        if data.is_empty() || is_blank(&self.parameters.codec, data) {
            return Ok(None);
        }
        let start = packet.inner.pts().or(packet.inner.dts()).unwrap_or(0);
        if start >= self.until {
            return Ok(None);
        }
        self.report.packets += 1;
        let mut duration = packet.inner.duration().max(0);
        let mut made = match &mut self.conversion {
            None => packet.share()?,
            Some(conversion) => match conversion.take(packet) {
                Ok(Some((bytes, shown_ms))) => {
                    if duration == 0 {
                        duration = clock::from_ns(i64::from(shown_ms).saturating_mul(1_000_000), packet.base);
                    }
                    Packet { inner: RawPacket::copy(&bytes), base: packet.base }
                }
                Ok(None) => return Ok(None),
                Err(Error::Other { errno: ffmpeg_next::error::ENOMEM }) => {
                    return Err(MediaError::memory("a subtitle"));
                }
                Err(_) => {
                    self.report.errors += 1;
                    return Ok(None);
                }
            },
        };
        let end = start.saturating_add(duration).min(self.until);
        let slowed = |time: i64| rescale(time, Rational::ONE, self.speed);
        let (start, end) = (slowed(start), slowed(end));
        made.inner.set_pts(Some(start));
        made.inner.set_dts(Some(start));
        made.inner.set_duration(end.saturating_sub(start).max(0));
        made.inner.set_flags(ffmpeg_next::packet::Flags::KEY);
        self.report.frames += 1;
        Ok(Some(made))
    }

    /// What it did so far.
    pub fn report(&self) -> DecodeReport {
        self.report
    }
}

impl Conversion {
    fn open(stream: &StreamParameters, codec: SubtitleCodec) -> Result<Self> {
        super::init();
        let label = &stream.label;
        let unsupported = |what: &str, error: Error, said: &str| {
            MediaError::Unsupported(format!("{label}: {what}: {error}{}", in_parentheses(said)))
        };
        let found = decoder::find(stream.parameters.id())
            .ok_or_else(|| MediaError::Unsupported(format!("{label}: there is no decoder for {}", stream.codec)))?;
        let context = Context::from_parameters(stream.parameters.clone())
            .map_err(|error| unsupported("it cannot be decoded", error, ""))?;
        let mut decoder = context.decoder();
        // No versions of libraries in the styles.
        decoder.set_flags(ffmpeg_next::codec::Flags::BITEXACT);
        decoder.set_packet_time_base(clock::av(stream.clock.time_base));
        let (decoder, said) = ffi::with_log(|| decoder.open_as(found));
        let decoder = decoder.map_err(|error| unsupported("the decoder refused it", error, &said))?;
        let wanted = ffmpeg_next::encoder::find_by_name(codec.name()).ok_or_else(|| {
            MediaError::Encoder(format!("this build of FFmpeg has no encoder of {} subtitles", codec.name()))
        })?;
        let mut encoder = Context::new_with_codec(wanted);
        encoder.set_time_base(ffmpeg_next::Rational(1, 1000));
        ffi::share_header(&decoder, &mut encoder)
            .map_err(|error| unsupported("it is no text that can be converted", error, ""))?;
        let (opened, said) = ffi::with_log(|| ffi::open(&mut encoder, wanted, Dictionary::new()));
        opened.map_err(|error| MediaError::Encoder(format!("{} refused {label}: {error} ({said})", codec.name())))?;
        Ok(Self { decoder, encoder })
    }

    /// The packet as the other kind, and how long it is shown in milliseconds, as far as its text says.
    fn take(&mut self, packet: &Packet) -> std::result::Result<Option<(Vec<u8>, u32)>, Error> {
        let (cue, _) = ffi::with_log(|| ffi::decode_subtitle(&mut self.decoder, &packet.inner));
        let Some(cue) = cue? else { return Ok(None) };
        let (bytes, _) = ffi::with_log(|| ffi::encode_subtitle(&mut self.encoder, &cue));
        let bytes = bytes?;
        // No text at all is two bytes of length in mp4.
        Ok((!bytes.is_empty() && bytes != [0, 0]).then_some((bytes, cue.shown_ms)))
    }
}
