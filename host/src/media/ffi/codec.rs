//! Opening codecs with a look at what was not understood.

use ffmpeg_next::codec::{Context, Parameters};
use ffmpeg_next::ffi;
use ffmpeg_next::{Codec, Dictionary, Error};

/// Opens a codec with options. The answer holds the names of options that it does not know: FFmpeg ignores those silently.
pub(in crate::media) fn open(
    context: &mut Context,
    codec: Codec,
    options: Dictionary<'_>,
) -> Result<Vec<String>, Error> {
    // SAFETY: the pointer replaces the dictionary and is owned again below.
    let mut options = unsafe { options.disown() };
    // SAFETY: the codec is a static object of libavcodec.
    let codec = unsafe { codec.as_ptr() };
    // SAFETY: the pointer is only used in the next step, while the context is borrowed.
    let context = unsafe { context.as_mut_ptr() };
    // SAFETY: a context from avcodec_alloc_context3 that was not opened before; `options` may be changed by the call.
    let result = unsafe { ffi::avcodec_open2(context, codec, &raw mut options) };
    let names = super::container::entries(options).into_iter().map(|(name, _)| name).collect();
    // SAFETY: avcodec_open2 left a valid dictionary, which nobody else owns.
    drop(unsafe { Dictionary::own(options) });
    if result < 0 { Err(Error::from(result)) } else { Ok(names) }
}

/// Copies the parameters of an opened encoder.
pub(in crate::media) fn fill_parameters(context: &Context) -> Result<Parameters, Error> {
    let mut parameters = Parameters::new();
    // SAFETY: the pointer is only used below, while `parameters` lives.
    let target = unsafe { parameters.as_mut_ptr() };
    // SAFETY: the pointer is only used below, while the context is borrowed.
    let source = unsafe { context.as_ptr() };
    if target.is_null() {
        return Err(super::no_memory());
    }
    // SAFETY: both are allocated objects of libavcodec.
    match unsafe { ffi::avcodec_parameters_from_context(target, source) } {
        0.. => Ok(parameters),
        error => Err(Error::from(error)),
    }
}

/// What a decoder needs to know of its stream beyond the parameters: the rate for frames without duration.
pub(in crate::media) fn decoder_limits(context: &mut Context, rate: (i32, i32), max_pixels: i64) {
    // SAFETY: the pointer is only used in the next step, while the context is borrowed.
    let context = unsafe { context.as_mut_ptr() };
    // SAFETY: an allocated context that is borrowed mutably.
    let context = unsafe { &mut *context };
    context.framerate = ffi::AVRational { num: rate.0, den: rate.1 };
    context.max_pixels = max_pixels;
}

/// Samples per frame that an opened audio encoder wants.
pub(in crate::media) fn frame_size(context: &Context) -> u32 {
    // SAFETY: the pointer is only used in the next step, while the context is borrowed.
    let context = unsafe { context.as_ptr() };
    // SAFETY: an allocated context that is borrowed.
    let context = unsafe { &*context };
    u32::try_from(context.frame_size).unwrap_or(0)
}

/// Samples per second of a stream of sound.
pub(in crate::media) fn sample_rate(parameters: &Parameters) -> Option<u32> {
    // SAFETY: the pointer is only used in the next step, while the parameters are borrowed.
    let parameters = unsafe { parameters.as_ptr() };
    // SAFETY: null or allocated parameters that are borrowed.
    let parameters = unsafe { parameters.as_ref() }?;
    u32::try_from(parameters.sample_rate).ok().filter(|rate| *rate > 0)
}

/// Samples per second, and bytes of one sample of all channels, of uncompressed sound; `None` for all else.
pub(in crate::media) fn pcm_form(parameters: &Parameters) -> Option<(i32, usize)> {
    // SAFETY: the pointer is only used in the next step, while the parameters are borrowed.
    let parameters = unsafe { parameters.as_ptr() };
    // SAFETY: null or allocated parameters that are borrowed.
    let parameters = unsafe { parameters.as_ref() }?;
    let bytes = match parameters.codec_id {
        ffi::AVCodecID::AV_CODEC_ID_PCM_S16LE => 2,
        ffi::AVCodecID::AV_CODEC_ID_PCM_S24LE => 3,
        _ => return None,
    };
    Some((parameters.sample_rate, bytes * usize::try_from(parameters.ch_layout.nb_channels).ok()?))
}
