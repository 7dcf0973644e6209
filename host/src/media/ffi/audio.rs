//! Channel layouts and sample positions.

use std::ffi::{CString, c_char, c_int};

use ffmpeg_next::ffi;
use ffmpeg_next::format::Sample;
use ffmpeg_next::frame::Audio;
use ffmpeg_next::packet::{Mut, Packet, Ref};
use ffmpeg_next::{Error, Rational};

use super::done;
use super::video::{raw, raw_mut};

/// FFmpeg's description of a layout, such as `stereo`. A layout that is unknown counts as the default for its number of channels.
pub(super) fn describe(layout: &ffi::AVChannelLayout) -> String {
    let mut known = *layout;
    if layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC {
        // SAFETY: writes a plain layout without allocations into our own place.
        unsafe { ffi::av_channel_layout_default(&raw mut known, layout.nb_channels) };
    }
    let mut text = [0 as c_char; 128];
    // SAFETY: the layout is valid, the buffer is as long as stated, and NUL is written inside of it.
    if unsafe { ffi::av_channel_layout_describe(&raw const known, text.as_mut_ptr(), text.len()) } < 0 {
        return format!("{} channels", layout.nb_channels);
    }
    text[text.len() - 1] = 0;
    // SAFETY: the text ends with NUL.
    unsafe { super::text::owned(text.as_ptr()) }
}

/// The default layout for a number of channels, by name; `None` where there is none.
pub(in crate::media) fn layout_name(channels: u16) -> Option<String> {
    let mut layout = blank();
    // SAFETY: writes a plain layout without allocations into our own place.
    unsafe { ffi::av_channel_layout_default(&raw mut layout, i32::from(channels)) };
    (layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE).then(|| describe(&layout))
}

/// Gives a frame with an unknown layout the default one for its number of channels, and returns the layout's name.
pub(in crate::media) fn ensure_layout(frame: &mut Audio) -> Result<String, Error> {
    let raw = raw_mut(frame);
    let channels = match raw.ch_layout.nb_channels {
        ..=0 => raw.channels,
        channels => channels,
    };
    if channels <= 0 {
        return Err(Error::InvalidData);
    }
    if raw.ch_layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC {
        // SAFETY: an unspecified layout holds no allocation that would be lost.
        unsafe { ffi::av_channel_layout_default(&raw mut raw.ch_layout, channels) };
    }
    say_as_before(raw);
    Ok(describe(&raw.ch_layout))
}

/// Tells the layout where FFmpeg had it before version 5.1, too: the bindings read it there.
fn say_as_before(raw: &mut ffi::AVFrame) {
    if raw.ch_layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE {
        // SAFETY: a native layout's union holds the mask.
        raw.channel_layout = unsafe { raw.ch_layout.u.mask };
    }
    raw.channels = raw.ch_layout.nb_channels;
}

/// A layout that is freed with its owner: those with names for channels hold memory.
pub(super) struct Layout(ffi::AVChannelLayout);

impl Layout {
    fn of(layout: &ffi::AVChannelLayout) -> Result<Self, Error> {
        let mut own = Self(blank());
        // SAFETY: a valid layout, and a blank one of our own.
        done(unsafe { ffi::av_channel_layout_copy(&raw mut own.0, layout) })?;
        Ok(own)
    }

    pub(super) fn as_ptr(&self) -> *const ffi::AVChannelLayout {
        &raw const self.0
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: a layout of our own, which is blank afterwards.
        unsafe { ffi::av_channel_layout_uninit(&raw mut self.0) };
    }
}

// SAFETY: plain data, and memory that nobody else refers to.
unsafe impl Send for Layout {}

fn blank() -> ffi::AVChannelLayout {
    ffi::AVChannelLayout {
        order: ffi::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC,
        nb_channels: 0,
        u: ffi::AVChannelLayout__bindgen_ty_1 { mask: 0 },
        opaque: std::ptr::null_mut(),
    }
}

/// What samples are.
pub(super) struct Form {
    pub(super) rate: c_int,
    pub(super) format: ffi::AVSampleFormat,
    pub(super) layout: Layout,
}

impl Form {
    /// That of a frame; an error where it has none.
    pub(super) fn of(frame: &Audio) -> Result<Self, Error> {
        let format = ffi::AVSampleFormat::from(frame.format());
        let raw = raw(frame);
        if raw.sample_rate <= 0 || raw.ch_layout.nb_channels <= 0 || format == ffi::AVSampleFormat::AV_SAMPLE_FMT_NONE {
            return Err(Error::InvalidData);
        }
        Ok(Self { rate: raw.sample_rate, format, layout: Layout::of(&raw.ch_layout)? })
    }

    /// One whose layout has a name that FFmpeg knows.
    pub(super) fn named(rate: u32, format: Sample, layout: &str) -> Result<Self, Error> {
        let rate = c_int::try_from(rate).map_err(|_| Error::InvalidData)?;
        let name = CString::new(layout).map_err(|_| Error::InvalidData)?;
        let mut layout = Layout(blank());
        // SAFETY: a blank layout of our own and a string that ends in NUL.
        done(unsafe { ffi::av_channel_layout_from_string(&raw mut layout.0, name.as_ptr()) })?;
        Ok(Self { rate, format: format.into(), layout })
    }

    /// Whether a frame has it.
    pub(super) fn is_of(&self, frame: &Audio) -> bool {
        let raw = raw(frame);
        // SAFETY: two valid layouts.
        let same = unsafe { ffi::av_channel_layout_compare(self.layout.as_ptr(), &raw const raw.ch_layout) } == 0;
        same && raw.sample_rate == self.rate && ffi::AVSampleFormat::from(frame.format()) == self.format
    }
}

/// Where the samples of each plane are; valid as long as the frame.
pub(super) fn planes(frame: &Audio) -> *mut *mut u8 {
    raw(frame).extended_data
}

/// A frame for so many samples of a form; the caller writes all of them.
pub(super) fn audio_of(form: &Form, samples: usize) -> Result<Audio, Error> {
    let mut frame = Audio::empty();
    let samples = c_int::try_from(samples).map_err(|_| Error::InvalidData)?;
    let raw = raw_mut(&mut frame);
    (raw.format, raw.nb_samples) = (form.format as c_int, samples);
    raw.sample_rate = form.rate;
    // SAFETY: a valid layout, and that of a frame, which is blank.
    done(unsafe { ffi::av_channel_layout_copy(&raw mut raw.ch_layout, form.layout.as_ptr()) })?;
    say_as_before(raw);
    // SAFETY: an allocated frame whose form is set and which holds no buffers yet.
    done(unsafe { ffi::av_frame_get_buffer(raw, 0) })?;
    Ok(frame)
}

/// A frame of the form of another for so many samples; the caller writes all of them.
pub(in crate::media) fn audio_like(frame: &Audio, samples: usize) -> Result<Audio, Error> {
    audio_of(&Form::of(frame)?, samples)
}

/// Copies so many samples from a place in one frame to a place in another of the same form, of all channels.
pub(in crate::media) fn copy_samples(
    target: &mut Audio,
    to: usize,
    source: &Audio,
    from: usize,
    samples: usize,
) -> Result<(), Error> {
    let form = Form::of(source)?;
    let fits = |frame: &Audio, start: usize| start.checked_add(samples).is_some_and(|end| end <= frame.samples());
    if !form.is_of(target) || !fits(target, to) || !fits(source, from) {
        return Err(Error::InvalidData);
    }
    let number = |value: usize| c_int::try_from(value).map_err(|_| Error::InvalidData);
    let (to, from, samples) = (number(to)?, number(from)?, number(samples)?);
    let (source, target, channels) = (planes(source), planes(target), form.layout.0.nb_channels);
    // SAFETY: two frames of one form (checked), the target borrowed mutably, with as many samples as they say, which both places are within (checked).
    done(unsafe { ffi::av_samples_copy(target, source, to, from, samples, channels, form.format) })
}

/// FFmpeg's name of a sample format; empty where it is unknown.
pub(in crate::media) fn sample_format_name(format: i32) -> String {
    let known = ffi::AVSampleFormat::AV_SAMPLE_FMT_NB as i32;
    if !(0..known).contains(&format) {
        return String::new();
    }
    // SAFETY: the enum has all values from 0 to NB.
    let format = unsafe { std::mem::transmute::<i32, ffi::AVSampleFormat>(format) };
    // SAFETY: takes a value and returns a static string.
    let name = unsafe { ffi::av_get_sample_fmt_name(format) };
    // SAFETY: null or a static string.
    unsafe { super::text::owned(name) }
}

/// Converts a timestamp to samples. Containers with coarse timestamps (milliseconds) would let the samples overlap or leave gaps;
/// `last` carries the exact position from call to call, as FFmpeg's own command does.
pub(in crate::media) fn rescale_delta(time: i64, base: Rational, rate: u32, samples: usize, last: &mut i64) -> i64 {
    let rate = i32::try_from(rate).unwrap_or(i32::MAX).max(1);
    let in_samples = ffi::AVRational { num: 1, den: rate };
    let samples = i32::try_from(samples).unwrap_or(i32::MAX).max(1);
    // SAFETY: plain arithmetic on values; `last` is a valid place. Time bases are positive, which the call asserts.
    unsafe { ffi::av_rescale_delta(base.into(), time, in_samples, samples, last, in_samples) }
}

/// A second reference to the same samples.
pub(in crate::media) fn share_audio(frame: &Audio) -> Result<Audio, Error> {
    let mut second = Audio::empty();
    // SAFETY: the pointer is only used in the next step, while the frame is borrowed.
    let source = unsafe { frame.as_ptr() };
    // SAFETY: the pointer is only used in the next step, while the frame is borrowed.
    let target = unsafe { second.as_mut_ptr() };
    // SAFETY: both frames are allocated and the new one is blank, as av_frame_ref demands.
    match unsafe { ffi::av_frame_ref(target, source) } {
        0 => Ok(second),
        error => Err(Error::from(error)),
    }
}

/// A second reference to the same payload. `Packet::clone` would copy it.
pub(in crate::media) fn share_packet(packet: &Packet) -> Result<Packet, Error> {
    let mut second = Packet::empty();
    // SAFETY: both packets are initialised and the new one is blank, as av_packet_ref demands.
    match unsafe { ffi::av_packet_ref(second.as_mut_ptr(), packet.as_ptr()) } {
        0 => Ok(second),
        error => Err(Error::from(error)),
    }
}
