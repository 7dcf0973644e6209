//! Channel layouts and sample positions.

use std::ffi::c_char;

use ffmpeg_next::ffi;
use ffmpeg_next::frame::Audio;
use ffmpeg_next::packet::{Mut, Packet, Ref};
use ffmpeg_next::{Error, Rational};

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
    let mut layout = ffi::AVChannelLayout {
        order: ffi::AVChannelOrder::AV_CHANNEL_ORDER_UNSPEC,
        nb_channels: 0,
        u: ffi::AVChannelLayout__bindgen_ty_1 { mask: 0 },
        opaque: std::ptr::null_mut(),
    };
    // SAFETY: writes a plain layout without allocations into our own place.
    unsafe { ffi::av_channel_layout_default(&raw mut layout, i32::from(channels)) };
    (layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE).then(|| describe(&layout))
}

/// Gives a frame with an unknown layout the default one for its number of channels, and returns the layout's name.
pub(in crate::media) fn ensure_layout(frame: &mut Audio) -> Result<String, Error> {
    // SAFETY: the pointer is only used in the next step, while the frame is borrowed.
    let raw = unsafe { frame.as_mut_ptr() };
    // SAFETY: an allocated frame that is borrowed mutably.
    let raw = unsafe { &mut *raw };
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
    if raw.ch_layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE {
        // SAFETY: a native layout's union holds the mask.
        raw.channel_layout = unsafe { raw.ch_layout.u.mask };
    }
    raw.channels = raw.ch_layout.nb_channels;
    Ok(describe(&raw.ch_layout))
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
