//! Video frames: references, allocation, and properties that the safe bindings read as closed enums.

use ffmpeg_next::ffi;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, Frame};

/// Code points of a frame. A file may hold any number there, so they are never read as Rust enums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) struct Properties {
    /// H.273 ColourPrimaries.
    pub(in crate::media) primaries: i32,
    /// H.273 TransferCharacteristics.
    pub(in crate::media) transfer: i32,
    /// H.273 MatrixCoefficients.
    pub(in crate::media) matrix: i32,
    /// FFmpeg's range: 0 unspecified, 1 limited, 2 full.
    pub(in crate::media) range: i32,
    /// FFmpeg's chroma location: 0 unspecified, else ChromaLocType + 1.
    pub(in crate::media) chroma_location: i32,
    /// Shape of a sample; 0/1 where unknown.
    pub(in crate::media) sample_aspect: (i32, i32),
    /// In the unit of `pts`; 0 where unknown.
    pub(in crate::media) duration: i64,
}

/// Reads an enum of C as the number that it is.
pub(super) fn number<E: Copy>(value: &E) -> i32 {
    const { assert!(size_of::<E>() == 4) };
    // SAFETY: C enums of FFmpeg are 32-bit integers here (asserted), and any bits are a valid i32.
    unsafe { std::ptr::from_ref(value).cast::<i32>().read() }
}

/// Writes a number where C has an enum.
pub(super) fn set_number<E: Copy>(place: &mut E, value: i32) {
    const { assert!(size_of::<E>() == 4) };
    // SAFETY: same size (asserted) and alignment; the value is never read as the Rust enum in this room.
    unsafe { std::ptr::from_mut(place).cast::<i32>().write(value) };
}

pub(super) fn raw(frame: &Frame) -> &ffi::AVFrame {
    // SAFETY: the pointer is only used in the next step, while the frame is borrowed.
    let frame = unsafe { frame.as_ptr() };
    // SAFETY: frames of the bindings are never null here: they come from av_frame_alloc.
    unsafe { &*frame }
}

pub(super) fn raw_mut(frame: &mut Frame) -> &mut ffi::AVFrame {
    // SAFETY: the pointer is only used in the next step, while the frame is borrowed mutably.
    let frame = unsafe { frame.as_mut_ptr() };
    // SAFETY: as in `raw`, and the borrow is exclusive.
    unsafe { &mut *frame }
}

/// Reads the code points.
pub(in crate::media) fn properties(frame: &Video) -> Properties {
    let frame = raw(frame);
    Properties {
        primaries: number(&frame.color_primaries),
        transfer: number(&frame.color_trc),
        matrix: number(&frame.colorspace),
        range: number(&frame.color_range),
        chroma_location: number(&frame.chroma_location),
        sample_aspect: (frame.sample_aspect_ratio.num, frame.sample_aspect_ratio.den),
        duration: frame.pkt_duration,
    }
}

/// Writes the code points.
pub(in crate::media) fn set_properties(frame: &mut Video, properties: Properties) {
    let frame = raw_mut(frame);
    set_number(&mut frame.color_primaries, properties.primaries);
    set_number(&mut frame.color_trc, properties.transfer);
    set_number(&mut frame.colorspace, properties.matrix);
    set_number(&mut frame.color_range, properties.range);
    set_number(&mut frame.chroma_location, properties.chroma_location);
    frame.sample_aspect_ratio = ffi::AVRational { num: properties.sample_aspect.0, den: properties.sample_aspect.1 };
    frame.pkt_duration = properties.duration;
}

/// A frame with uninitialised samples; the caller fills all of them before anybody reads.
pub(in crate::media) fn allocate(format: Pixel, width: i32, height: i32) -> Result<Video, Error> {
    let mut frame = Video::empty();
    frame.set_format(format);
    let inner = raw_mut(&mut frame);
    (inner.width, inner.height) = (width, height);
    // SAFETY: an allocated frame whose format and size are set and which holds no buffers yet.
    match unsafe { ffi::av_frame_get_buffer(inner, 0) } {
        0 => Ok(frame),
        error => Err(Error::from(error)),
    }
}

/// A second reference to the same samples.
pub(in crate::media) fn share(frame: &Video) -> Result<Video, Error> {
    let mut second = Video::empty();
    let source: *const ffi::AVFrame = raw(frame);
    // SAFETY: both frames are allocated and the new one is blank, as av_frame_ref demands.
    match unsafe { ffi::av_frame_ref(raw_mut(&mut second), source) } {
        0 => Ok(second),
        error => Err(Error::from(error)),
    }
}

/// Whether nobody else refers to the samples.
pub(super) fn is_writable(frame: &mut Video) -> bool {
    // SAFETY: an allocated frame; the call only reads reference counts.
    unsafe { ffi::av_frame_is_writable(raw_mut(frame)) > 0 }
}

/// Copies the samples when somebody else refers to them.
pub(in crate::media) fn make_writable(frame: &mut Video) -> Result<(), Error> {
    // SAFETY: an allocated frame that is borrowed mutably.
    match unsafe { ffi::av_frame_make_writable(raw_mut(frame)) } {
        0 => Ok(()),
        error => Err(Error::from(error)),
    }
}

/// The deprecated `yuvj` formats are the plain ones in full range: the samples are the same, only the label differs.
pub(in crate::media) fn unify_range(frame: &mut Video) {
    let plain = match frame.format() {
        Pixel::YUVJ420P => Pixel::YUV420P,
        Pixel::YUVJ422P => Pixel::YUV422P,
        Pixel::YUVJ444P => Pixel::YUV444P,
        _ => return,
    };
    frame.set_format(plain);
    set_number(&mut raw_mut(frame).color_range, ffi::AVColorRange::AVCOL_RANGE_JPEG as i32);
}

/// Name and bits per sample of FFmpeg's number for a pixel format; `None` where it is unknown.
pub(in crate::media) fn pixel_format(format: i32) -> Option<(String, u8)> {
    let known = ffi::AVPixelFormat::AV_PIX_FMT_NB as i32;
    if !(0..known).contains(&format) {
        return None;
    }
    // SAFETY: the enum has all values from 0 to NB.
    let format = unsafe { std::mem::transmute::<i32, ffi::AVPixelFormat>(format) };
    // SAFETY: takes a value, returns null or a static object.
    let descriptor = unsafe { ffi::av_pix_fmt_desc_get(format) };
    // SAFETY: null or a static object.
    let descriptor = unsafe { descriptor.as_ref() }?;
    // SAFETY: a static string.
    let name = unsafe { super::text::owned(descriptor.name) };
    Some((name, u8::try_from(descriptor.comp[0].depth).unwrap_or(8)))
}
