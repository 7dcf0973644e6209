//! Packets to pictures and samples.

use ffmpeg_next::codec::{Context, decoder};
use ffmpeg_next::{Dictionary, Error, frame};

use super::clock::{self, VideoClock, to_ns};
use super::stream::{Packet, StreamKind, StreamParameters};
use super::{Frame, MediaError, Result, ffi};
use crate::task::{MAX_PIXELS, Rational};

/// A decoder that fails so often without taking a packet is broken.
const MAX_FAILURES_PER_PACKET: u32 = 1000;

/// What a decoder made of its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DecodeReport {
    /// Packets taken.
    pub packets: u64,
    /// Frames handed out.
    pub frames: u64,
    /// Packets that could not be decoded.
    pub errors: u64,
    /// Frames handed out although parts of them are damaged.
    pub corrupt: u64,
    /// Frames left out because they end before the start of the output, or start after its end.
    pub early: u64,
    /// Frames left out because they are not later than the frame before.
    pub misplaced: u64,
}

/// Sound as decoded. Times count from the start of the output.
pub struct AudioFrame {
    pub(super) audio: frame::Audio,
    /// Position of the first sample, in samples.
    pub(super) position: i64,
    pub(super) layout: String,
}

impl AudioFrame {
    /// Nanoseconds from the start of the output.
    pub fn time_ns(&self) -> i64 {
        self.ns(self.position)
    }

    /// Nanoseconds.
    pub fn duration_ns(&self) -> i64 {
        self.ns(i64::try_from(self.audio.samples()).unwrap_or(0))
    }

    /// Number of samples of each channel.
    pub fn samples(&self) -> usize {
        self.audio.samples()
    }

    /// Samples per second.
    pub fn sample_rate(&self) -> u32 {
        self.audio.rate()
    }

    /// The same sound once more, without a copy of its samples.
    pub fn share(&self) -> Result<Self> {
        let audio = ffi::share_audio(&self.audio).map_err(|_| MediaError::memory("a reference to sound"))?;
        Ok(Self { audio, position: self.position, layout: self.layout.clone() })
    }

    /// About how many bytes its samples take.
    pub fn bytes(&self) -> usize {
        let channels = usize::from(self.audio.channels().max(1));
        self.samples().saturating_mul(channels).saturating_mul(self.audio.format().bytes())
    }

    fn ns(&self, samples: i64) -> i64 {
        let rate = i32::try_from(self.audio.rate()).unwrap_or(i32::MAX).max(1);
        to_ns(samples, Rational::new(1, rate).unwrap_or(Rational::ONE))
    }
}

/// What both decoders do alike.
struct Decoder {
    opened: decoder::Opened,
    label: String,
    base: Rational,
    report: DecodeReport,
    last_error: Option<Error>,
    drained: bool,
}

impl Decoder {
    fn open(stream: &StreamParameters, kind: StreamKind, threads: u32) -> Result<Self> {
        super::init();
        let label = stream.label.clone();
        if stream.kind != kind {
            return Err(MediaError::Bug(format!("{label} is no {kind} stream")));
        }
        // FFmpeg's own decoders of these leave the alpha out.
        let with_alpha = match stream.codec.as_str() {
            "vp9" if stream.alpha => decoder::find_by_name("libvpx-vp9"),
            "vp8" if stream.alpha => decoder::find_by_name("libvpx"),
            _ => None,
        };
        let codec = with_alpha
            .or_else(|| decoder::find(stream.parameters.id()))
            .ok_or_else(|| MediaError::Unsupported(format!("{label}: there is no decoder for {}", stream.codec)))?;
        let mut context = Context::from_parameters(stream.parameters.clone())
            .map_err(|error| MediaError::Unsupported(format!("{label}: {error}")))?;
        let rate = stream.clock.rate.map_or((0, 1), |rate| (rate.num(), rate.den()));
        // A header of a few bytes must not cost gigabytes.
        ffi::decoder_limits(&mut context, rate, i64::try_from(MAX_PIXELS).unwrap_or(i64::MAX));
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(clock::av(stream.clock.time_base));
        // By the option and not by `set_threading`: that one can only say one kind of threads, and libavcodec chooses better.
        let count = if threads == 0 { "auto".to_owned() } else { threads.to_string() };
        let options = Dictionary::from_iter([("threads", count.as_str())]);
        let (opened, said) = ffi::with_log(|| decoder.open_as_with(codec, options));
        let opened = opened.map_err(|error| match error {
            Error::Other { errno: ffmpeg_next::error::ENOMEM } => MediaError::memory("a decoder"),
            error => MediaError::Unsupported(format!("{label}: the decoder refused it: {error} ({said})")),
        })?;
        Ok(Self {
            opened,
            label,
            base: stream.clock.time_base,
            report: DecodeReport::default(),
            last_error: None,
            drained: false,
        })
    }

    fn send(&mut self, packet: Option<&Packet>) -> Result<()> {
        let sent = match packet {
            // A packet without payload would start draining.
            Some(packet) if packet.size() == 0 => return Ok(()),
            Some(packet) => {
                self.report.packets += 1;
                self.opened.send_packet(&packet.inner)
            }
            None if self.drained => return Ok(()),
            None => {
                self.drained = true;
                self.opened.send_eof()
            }
        };
        match sent {
            Ok(()) | Err(Error::Eof) => Ok(()),
            Err(error) => self.failed(error),
        }
    }

    /// Counts an error that concerns one packet; others end the decoder.
    fn failed(&mut self, error: Error) -> Result<()> {
        if error == (Error::Other { errno: ffmpeg_next::error::ENOMEM }) {
            return Err(MediaError::memory("decoding"));
        }
        self.report.errors += 1;
        self.last_error = Some(error);
        Ok(())
    }

    /// The next frame, if one is ready.
    fn receive(&mut self, frame: &mut frame::Frame) -> Result<bool> {
        for _ in 0..MAX_FAILURES_PER_PACKET {
            match self.opened.receive_frame(frame) {
                Ok(()) => {
                    if frame.is_corrupt() || frame.has_decode_errors() {
                        self.report.corrupt += 1;
                    }
                    return Ok(true);
                }
                Err(Error::Eof | Error::Other { errno: ffmpeg_next::error::EAGAIN }) => return Ok(false),
                Err(error) => self.failed(error)?,
            }
        }
        Err(MediaError::Damaged(format!("{}: the decoder fails again and again", self.label)))
    }

    fn end(&self) -> Result<()> {
        match self.last_error {
            Some(error) if self.drained && self.report.frames == 0 => Err(MediaError::Damaged(format!(
                "{}: none of {} packets could be decoded: {error}",
                self.label, self.report.packets
            ))),
            _ => Ok(()),
        }
    }
}

/// Decodes one video stream.
pub struct VideoDecoder {
    decoder: Decoder,
    clock: VideoClock,
    /// Ticks where the last frame handed out starts and where it ends.
    last: Option<(i64, i64)>,
    /// Tick where the output ends.
    until: i64,
}

impl VideoDecoder {
    /// Opens a decoder that uses as many threads as there are cores. `Unsupported` where there is none for the codec.
    pub fn open(stream: &StreamParameters) -> Result<Self> {
        Self::open_with_threads(stream, 0)
    }

    /// Likewise with so many threads; 0 is as many as there are cores. The pictures do not depend on it.
    pub fn open_with_threads(stream: &StreamParameters, threads: u32) -> Result<Self> {
        Ok(Self {
            decoder: Decoder::open(stream, StreamKind::Video, threads)?,
            clock: stream.clock,
            last: None,
            until: i64::MAX,
        })
    }

    /// Hands out only what is shown within this many nanoseconds from the start of the output.
    #[must_use]
    pub fn with_length(mut self, length_ns: Option<i64>) -> Self {
        self.until = length_ns.map_or(i64::MAX, |length| clock::from_ns(length, self.clock.time_base));
        self
    }

    /// Decodes a packet, or with `None` what is still inside; hands out frames in the order in which they are shown, with rising times
    /// from 0 on. Damaged packets are counted and skipped; `Damaged` where at the end not one could be decoded. An error
    /// of `out` is returned at once; frames that it had not taken are lost.
    pub fn send(&mut self, packet: Option<&Packet>, out: &mut dyn FnMut(Frame) -> Result<()>) -> Result<()> {
        self.decoder.send(packet)?;
        loop {
            let mut video = frame::Video::empty();
            if !self.decoder.receive(&mut video)? {
                return self.decoder.end();
            }
            ffi::unify_range(&mut video);
            if let Some(frame) = self.place(video) {
                out(frame)?;
            }
        }
    }

    fn place(&mut self, video: frame::Video) -> Option<Frame> {
        let ends = self.last.map_or(0, |(_, end)| end);
        let start = video.timestamp().unwrap_or(ends);
        let duration = match ffi::properties(&video).duration {
            ..=0 => self
                .clock
                .rate
                .and_then(Rational::inverse)
                .map_or(0, |one| clock::rescale(1, one, self.clock.time_base)),
            duration => duration,
        };
        let end = start.saturating_add(duration.max(1));
        // What ends before the output starts is not part of it; what only starts before is shown from its start.
        let (start, end) = (start.max(0), end.min(self.until));
        if end <= 0 || start >= self.until {
            self.decoder.report.early += 1;
            return None;
        }
        if self.last.is_some_and(|(last, _)| start <= last) {
            self.decoder.report.misplaced += 1;
            return None;
        }
        self.last = Some((start, end));
        let index = self.decoder.report.frames;
        self.decoder.report.frames += 1;
        let base = self.clock.time_base;
        let time = to_ns(start, base);
        let length = if duration > 0 { to_ns(end, base).saturating_sub(time) } else { 0 };
        Some(Frame::new(video, time, length, index))
    }

    /// How frames are timed.
    pub fn clock(&self) -> VideoClock {
        self.clock
    }

    /// What it did so far.
    pub fn report(&self) -> DecodeReport {
        self.decoder.report
    }
}

/// Decodes one audio stream.
pub struct AudioDecoder {
    decoder: Decoder,
    /// Rate for which `exact` and `next` hold.
    rate: u32,
    exact: i64,
    next: i64,
    /// Nanoseconds of the output.
    length_ns: Option<i64>,
}

impl AudioDecoder {
    /// Opens a decoder. `Unsupported` where there is none for the codec.
    pub fn open(stream: &StreamParameters) -> Result<Self> {
        Ok(Self {
            decoder: Decoder::open(stream, StreamKind::Audio, 0)?,
            rate: 0,
            exact: i64::MIN,
            next: 0,
            length_ns: None,
        })
    }

    /// Hands out only what is heard within this many nanoseconds from the start of the output.
    #[must_use]
    pub fn with_length(mut self, length_ns: Option<i64>) -> Self {
        self.length_ns = length_ns;
        self
    }

    /// Decodes a packet, or with `None` what is still inside. Errors as [`VideoDecoder::send`].
    pub fn send(&mut self, packet: Option<&Packet>, out: &mut dyn FnMut(AudioFrame) -> Result<()>) -> Result<()> {
        self.decoder.send(packet)?;
        loop {
            let mut audio = frame::Audio::empty();
            if !self.decoder.receive(&mut audio)? {
                return self.decoder.end();
            }
            if audio.samples() == 0 || audio.rate() == 0 {
                continue;
            }
            let Ok(layout) = ffi::ensure_layout(&mut audio) else {
                self.decoder.report.errors += 1;
                continue;
            };
            let position = self.place(&audio);
            let end = position.saturating_add(i64::try_from(audio.samples()).unwrap_or(0));
            self.next = end;
            let until = self.length_ns.map_or(i64::MAX, |length| clock::from_ns(length, per(audio.rate())));
            if end <= 0 || position >= until {
                self.decoder.report.early += 1;
                continue;
            }
            // The last frame ends to the sample.
            if let Ok(kept) = usize::try_from(until.saturating_sub(position).min(end.saturating_sub(position))) {
                audio.set_samples(kept);
            }
            self.decoder.report.frames += 1;
            audio.set_pts(Some(position));
            out(AudioFrame { audio, position, layout })?;
        }
    }

    fn place(&mut self, audio: &frame::Audio) -> i64 {
        if audio.rate() != self.rate {
            if self.rate != 0 {
                self.next = clock::rescale(self.next, per(self.rate), per(audio.rate()));
            }
            (self.rate, self.exact) = (audio.rate(), i64::MIN);
        }
        match audio.timestamp() {
            // Far beyond any file, and safe to calculate with.
            Some(time) if time.unsigned_abs() < 1 << 53 => {
                let base = clock::av(self.decoder.base);
                ffi::rescale_delta(time, base, self.rate, audio.samples(), &mut self.exact)
            }
            _ => self.next,
        }
    }

    /// What it did so far.
    pub fn report(&self) -> DecodeReport {
        self.decoder.report
    }
}

/// The time base that counts samples.
pub(super) fn per(rate: u32) -> Rational {
    Rational::new(1, i32::try_from(rate).unwrap_or(i32::MAX).max(1)).unwrap_or(Rational::ONE)
}
