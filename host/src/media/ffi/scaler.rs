//! Pictures of another size, format, range or matrix, by libswscale.

use std::ffi::{CStr, c_int};

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, ffi};

use super::done;
use super::pool::Pool;
use super::video::{raw, raw_mut};

/// The scaler's unit of contrast and saturation.
const ONE: c_int = 1 << 16;

/// The pictures of one side of a scaler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) struct Side {
    pub(in crate::media) format: Pixel,
    pub(in crate::media) width: u32,
    pub(in crate::media) height: u32,
    pub(in crate::media) full_range: bool,
    /// H.273 MatrixCoefficients; what the scaler does not know counts as BT.601.
    pub(in crate::media) matrix: i32,
}

/// What a scaler makes of what; with bicubic filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) struct Scaling {
    pub(in crate::media) from: Side,
    pub(in crate::media) to: Side,
}

impl Scaling {
    /// Whether slices of a picture may be scaled side by side. Another matrix takes the way over RGB, and there FFmpeg 5.1 makes wrong rows where slices meet.
    pub(in crate::media) fn goes_in_slices(&self) -> bool {
        const RGB: i32 = 0;
        self.from.matrix == self.to.matrix || self.from.matrix == RGB
    }
}

/// A scaler for one [`Scaling`].
pub(in crate::media) struct Scaler {
    context: *mut ffi::SwsContext,
    pool: Pool,
    scaling: Scaling,
}

// SAFETY: the context has no ties to a thread, and this is its only owner.
unsafe impl Send for Scaler {}

impl Scaler {
    /// A scaler that works in at most so many threads. Pictures do not depend on them.
    pub(in crate::media) fn new(scaling: &Scaling, threads: usize) -> Result<Self, Error> {
        let Scaling { from, to } = scaling;
        let size = |side: u32| c_int::try_from(side).map_err(|_| Error::InvalidData);
        let pool = Pool::new(to.format.into(), size(to.width)?, size(to.height)?)?;
        // SAFETY: takes nothing, returns null or a new context.
        let context = unsafe { ffi::sws_alloc_context() };
        if context.is_null() {
            return Err(super::no_memory());
        }
        let scaler = Self { context, pool, scaling: *scaling };
        let number = |format: Pixel| i64::from(ffi::AVPixelFormat::from(format) as c_int);
        scaler.set(c"srcw", i64::from(from.width))?;
        scaler.set(c"srch", i64::from(from.height))?;
        scaler.set(c"src_format", number(from.format))?;
        scaler.set(c"src_range", i64::from(from.full_range))?;
        scaler.set(c"dstw", i64::from(to.width))?;
        scaler.set(c"dsth", i64::from(to.height))?;
        scaler.set(c"dst_format", number(to.format))?;
        scaler.set(c"dst_range", i64::from(to.full_range))?;
        scaler.set(c"sws_flags", i64::from(ffi::SWS_BICUBIC))?;
        let threads = if scaling.goes_in_slices() { threads } else { 1 };
        scaler.set(c"threads", i64::try_from(threads).unwrap_or(1))?;
        // Chroma of 4:2:0 lies between two rows and above none of them, as in MPEG-2. The scaler's own default is another.
        for (format, option) in [(from.format, c"src_v_chr_pos"), (to.format, c"dst_v_chr_pos")] {
            if format == Pixel::YUV420P {
                scaler.set(option, 128)?;
            }
        }
        let null = std::ptr::null_mut;
        // SAFETY: a new context whose options are set, and no filters of ours.
        done(unsafe { ffi::sws_init_context(context, null(), null()) })?;
        let (source, target) = (coefficients(from.matrix), coefficients(to.matrix));
        let (full_source, full_target) = (c_int::from(from.full_range), c_int::from(to.full_range));
        // SAFETY: an initialised context, and tables of four numbers that live for ever. Formats without a matrix are refused, which is no failure.
        unsafe { ffi::sws_setColorspaceDetails(context, source, full_source, target, full_target, 0, ONE, ONE) };
        Ok(scaler)
    }

    fn set(&self, option: &CStr, value: i64) -> Result<(), Error> {
        // SAFETY: a context, which is an object with options, and a string that ends in NUL.
        done(unsafe { ffi::av_opt_set_int(self.context.cast(), option.as_ptr(), value, 0) })
    }

    /// Another picture with the properties of this one, which must have the form that the scaler is for.
    pub(in crate::media) fn scale(&mut self, picture: &Video) -> Result<Video, Error> {
        let Side { format, width, height, .. } = self.scaling.from;
        if (picture.format(), picture.width(), picture.height()) != (format, width, height) {
            return Err(Error::InvalidData);
        }
        let mut scaled = self.pool.get()?;
        let (source, target) = (raw(picture), raw_mut(&mut scaled));
        // SAFETY: two allocated frames.
        done(unsafe { ffi::av_frame_copy_props(target, source) })?;
        // SAFETY: an initialised context; the source has its input's form (checked), the target its output's (the pool's).
        done(unsafe { ffi::sws_scale_frame(self.context, target, source) })?;
        Ok(scaled)
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: the only owner.
        unsafe { ffi::sws_freeContext(self.context) };
    }
}

/// The scaler's table for a matrix.
fn coefficients(matrix: i32) -> *const c_int {
    let known = if (1..=10).contains(&matrix) && matrix != 8 { matrix } else { ffi::SWS_CS_DEFAULT as c_int };
    // SAFETY: takes a number, returns a static table of four.
    unsafe { ffi::sws_getCoefficients(known) }
}
