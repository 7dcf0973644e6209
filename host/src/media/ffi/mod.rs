//! The C API of FFmpeg where the safe bindings end. Nothing here decides anything; each function is one step with its proof.

use std::ffi::c_int;

use ffmpeg_next::Error;

mod audio;
mod codec;
mod container;
mod filter;
mod graph;
mod log;
mod pieces;
mod plane;
mod pool;
mod resampler;
mod scaler;
mod subtitle;
mod text;
mod video;

pub(super) use audio::{
    audio_like, copy_samples, ensure_layout, layout_name, rescale_delta, sample_format_name, share_audio, share_packet,
};
pub(super) use codec::{decoder_limits, fill_parameters, frame_size, open, pcm_form, sample_rate};
pub(super) use container::{
    ATTACHED, Container, RawChapter, RawStream, SideData, chapters, container, metadata, programs, set_codec_tag,
    set_discard, set_picture, set_stream, stream,
};
pub(super) use filter::PacketFilter;
pub(super) use graph::{FilterGraph, load as load_filters};
pub(super) use log::{install as install_log, with_log};
pub(super) use pieces::{flush, resend_headers};
pub(super) use plane::{Plane, PlaneMut};
pub(super) use resampler::Resampler;
pub(super) use scaler::{Scaler, Scaling, Side};
pub(super) use subtitle::{decode as decode_subtitle, encode as encode_subtitle, share_header};
pub(super) use video::{
    Properties, allocate, make_writable, pixel_format, properties, set_properties, share, unify_range,
};

/// What a call returned: below 0 it is an error.
fn done(result: c_int) -> Result<(), Error> {
    if result < 0 { Err(Error::from(result)) } else { Ok(()) }
}

/// The error of a call that returned null for want of memory.
fn no_memory() -> Error {
    Error::Other { errno: ffmpeg_next::error::ENOMEM }
}
