//! Pictures to packets.

use std::collections::BTreeMap;
use std::thread::available_parallelism;

use ffmpeg_next::codec::Context;
use ffmpeg_next::picture;

use super::video_options::{check, encoder_name, options, scheduling};
use super::{EncodeReport, Opened, find};
use crate::media::clock::{self, VideoClock, from_ns, to_ns};
use crate::media::frame::to_pixel;
use crate::media::segment::Cut;
use crate::media::stream::{Packet, StreamKind, StreamParameters};
use crate::media::{Frame, MediaError, Result};
use crate::task::{Picture, Rational, VideoCodec, VideoEncoding};

/// Encodes pictures. It opens on the first frame, so that nothing is held while a task waits.
pub struct VideoEncoder {
    encoding: VideoEncoding,
    picture: Picture,
    clock: VideoClock,
    threads: u32,
    /// Where keyframes are forced.
    cut: Option<Cut>,
    opened: Option<Opened>,
    last: Option<i64>,
    /// Durations of the frames inside of the encoder by their timestamps, in ticks: x264 does not pass them on, and the last
    /// frame of a variable rate would lose its own.
    durations: BTreeMap<i64, i64>,
}

impl VideoEncoder {
    /// `picture` is what all frames will be; `clock` is that of the frames, used where the encoding has no constant rate.
    pub fn new(encoding: &VideoEncoding, picture: &Picture, clock: VideoClock) -> Self {
        let clock = encoding.frame_rate.and_then(VideoClock::constant).unwrap_or(clock);
        Self {
            encoding: *encoding,
            picture: *picture,
            clock,
            threads: 0,
            cut: None,
            opened: None,
            last: None,
            durations: BTreeMap::new(),
        }
    }

    /// Uses so many threads; 0, the default, is as many as there are cores. The bytes that come out depend on it.
    #[must_use]
    pub fn with_threads(mut self, threads: u32) -> Self {
        self.threads = threads;
        self
    }

    /// Forces a keyframe at the first frame at or after each multiple of so many nanoseconds, where segments begin; every keyframe
    /// is one at which decoding can start without anything before it.
    #[must_use]
    pub fn with_keyframes(mut self, every_ns: i64) -> Self {
        self.cut = Some(Cut::new(every_ns));
        self
    }

    /// Encodes a frame, or with `None` what is still inside. Packets keep the timestamps of their frames, rounded to the
    /// encoder's time base. `Encoder` where parameters are refused; the message names them. An error of `out` is returned at once.
    pub fn send(&mut self, frame: Option<Frame>, out: &mut dyn FnMut(Packet) -> Result<()>) -> Result<()> {
        let Some(mut frame) = frame else {
            let Some(opened) = &mut self.opened else {
                return Ok(());
            };
            opened.send(None)?;
            return drain(opened, &mut self.durations, out);
        };
        self.check(&frame)?;
        if self.opened.is_none() {
            let progressive = !frame.video_mut().is_interlaced();
            self.opened = Some(self.open(progressive)?);
        }
        let Some(opened) = &mut self.opened else {
            return Ok(());
        };
        let base = opened.base;
        let time = frame.time_ns;
        let start = from_ns(time, base);
        if self.last.is_some_and(|last| start <= last) {
            opened.report.dropped += 1;
            return Ok(());
        }
        self.last = Some(start);
        let report = &mut opened.report;
        if report.frames == 0 {
            report.start_ns = to_ns(start, base);
        }
        report.frames += 1;
        let duration = match from_ns(frame.duration_ns, base) {
            ..=0 => self.encoding.frame_rate.map_or(0, |_| 1),
            duration => duration,
        };
        report.end_ns = to_ns(start.saturating_add(duration), base);
        self.durations.insert(start, duration);
        let video = frame.video_mut();
        video.set_pts(Some(start));
        // The decoder left its own picture type there, which would force that type on the encoder.
        video.set_kind(picture::Type::None);
        if let Some(cut) = self.cut.as_mut().filter(|cut| cut.is_due(time)) {
            cut.begun(time);
            video.set_kind(picture::Type::I);
        }
        opened.send(Some(video))?;
        drain(opened, &mut self.durations, out)
    }

    fn check(&self, frame: &Frame) -> Result<()> {
        let found = (frame.width(), frame.height(), frame.pixel_format());
        let wanted = (self.picture.width, self.picture.height, Some(self.picture.pixel_format));
        if found == wanted {
            return Ok(());
        }
        Err(MediaError::Bug(format!("a frame of {found:?} came to an encoder of {wanted:?}")))
    }

    fn open(&self, progressive: bool) -> Result<Opened> {
        let (encoding, picture) = (&self.encoding, &self.picture);
        check(encoding.codec, picture)?;
        let name = encoder_name(encoding.codec);
        let mut encoder = Context::new_with_codec(find(name)?)
            .encoder()
            .video()
            .map_err(|error| MediaError::Bug(format!("{name}: {error}")))?;
        encoder.set_width(picture.width);
        encoder.set_height(picture.height);
        encoder.set_format(to_pixel(picture.pixel_format));
        encoder.set_aspect_ratio(clock::av(picture.sample_aspect));
        encoder.set_time_base(clock::av(self.clock.time_base));
        // Rate control and the level think in frames per second; without a rate they would take the time base for it.
        encoder.set_frame_rate(Some(clock::av(self.rate())));
        let mut options = options(encoding, picture, self.rate().as_f64(), self.threads, self.cut.is_some())?;
        let cores = available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX));
        options.extend(scheduling(encoding.codec, picture, self.threads, cores));
        if progressive {
            // Else containers say that it is not known, and players may deinterlace.
            options.push(("field_order", "progressive".to_owned()));
        }
        Opened::open(name, encoder.0.0, self.clock.time_base, &options)
    }

    fn rate(&self) -> Rational {
        let known = self.encoding.frame_rate.or(self.picture.frame_rate).or(self.clock.rate);
        known.unwrap_or_else(|| Rational::new(25, 1).unwrap_or(Rational::ONE))
    }

    /// Parameters for the muxer; `None` before the first frame.
    pub fn parameters(&self) -> Result<Option<StreamParameters>> {
        let Some(opened) = &self.opened else {
            return Ok(None);
        };
        let mut parameters =
            opened.parameters(StreamKind::Video, Some(self.rate()), ffmpeg_name(self.encoding.codec))?;
        parameters.size = Some((self.picture.width, self.picture.height));
        parameters.alpha = self.picture.pixel_format.has_alpha();
        let aspect = self.picture.sample_aspect;
        parameters.aspect = (aspect.num(), aspect.den());
        Ok(Some(parameters))
    }

    /// What it did so far.
    pub fn report(&self) -> EncodeReport {
        self.opened.as_ref().map(|opened| opened.report).unwrap_or_default()
    }
}

fn drain(
    opened: &mut Opened,
    durations: &mut BTreeMap<i64, i64>,
    out: &mut dyn FnMut(Packet) -> Result<()>,
) -> Result<()> {
    opened.drain(&mut |mut packet| {
        let duration = packet.inner.pts().and_then(|time| durations.remove(&time));
        packet.inner.set_duration(duration.unwrap_or(0));
        out(packet)
    })
}

/// FFmpeg's name of the codec.
fn ffmpeg_name(codec: VideoCodec) -> &'static str {
    if codec == VideoCodec::H265 { "hevc" } else { codec.name() }
}
