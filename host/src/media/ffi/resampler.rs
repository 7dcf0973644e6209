//! Sound of another rate, sample format or layout, by libswresample.

use std::ffi::c_int;

use ffmpeg_next::format::Sample;
use ffmpeg_next::frame::Audio;
use ffmpeg_next::{Error, ffi};

use super::audio::{Form, audio_of, planes};
use super::done;

/// Samples that are asked for at a time once the input has ended.
const LAST: c_int = 4096;

/// Converts sound of one form into another. Times follow the input's; what the filter holds back is accounted for.
pub(in crate::media) struct Resampler {
    context: *mut ffi::SwrContext,
    from: Form,
    to: Form,
}

// SAFETY: the context has no ties to a thread, and this is its only owner.
unsafe impl Send for Resampler {}

impl Resampler {
    /// From the form of a frame, whose samples do not matter, to this rate, format and layout by name.
    pub(in crate::media) fn new(from: &Audio, rate: u32, format: Sample, layout: &str) -> Result<Self, Error> {
        let (from, to) = (Form::of(from)?, Form::named(rate, format, layout)?);
        let mut context = std::ptr::null_mut();
        // SAFETY: layouts that live during the call, formats that frames have, and a place for a new context.
        done(unsafe {
            ffi::swr_alloc_set_opts2(
                &raw mut context,
                to.layout.as_ptr().cast_mut(),
                to.format,
                to.rate,
                from.layout.as_ptr().cast_mut(),
                from.format,
                from.rate,
                0,
                std::ptr::null_mut(),
            )
        })?;
        let resampler = Self { context, from, to };
        // SAFETY: a new context whose options are set.
        done(unsafe { ffi::swr_init(context) })?;
        Ok(resampler)
    }

    /// Converts a frame, which must have the form that this is for; `None` where it needs more before anything comes out. Positions count samples.
    pub(in crate::media) fn convert(&mut self, frame: &Audio, position: i64) -> Result<Option<(Audio, i64)>, Error> {
        if !self.from.is_of(frame) {
            return Err(Error::InvalidData);
        }
        let count = c_int::try_from(frame.samples()).map_err(|_| Error::InvalidData)?;
        let position = position.saturating_mul(i64::from(self.to.rate));
        // SAFETY: an initialised context, and a time in its unit: one by the product of both rates.
        let next = unsafe { ffi::swr_next_pts(self.context, position) };
        // SAFETY: an initialised context; the bound holds for the call below.
        let room = unsafe { ffi::swr_get_out_samples(self.context, count) };
        self.take(room, next, planes(frame), count)
    }

    /// What is still inside; `None` where nothing is.
    pub(in crate::media) fn finish(&mut self) -> Result<Option<(Audio, i64)>, Error> {
        // SAFETY: an initialised context; the smallest number asks where it stands.
        let next = unsafe { ffi::swr_next_pts(self.context, i64::MIN) };
        self.take(LAST, next, std::ptr::null_mut(), 0)
    }

    fn take(
        &mut self,
        room: c_int,
        next: i64,
        input: *mut *mut u8,
        count: c_int,
    ) -> Result<Option<(Audio, i64)>, Error> {
        done(room)?;
        let mut out = audio_of(&self.to, usize::try_from(room.max(1)).unwrap_or(1))?;
        let places = planes(&out);
        // SAFETY: `out` has `room` samples in each plane of the output's form; the input is that of `convert`, or null for the end.
        let made = unsafe { ffi::swr_convert(self.context, places, room, input.cast(), count) };
        done(made)?;
        out.set_samples(usize::try_from(made).unwrap_or(0));
        Ok((made > 0).then(|| (out, rounded(next, i64::from(self.from.rate)))))
    }
}

impl Drop for Resampler {
    fn drop(&mut self) {
        // SAFETY: the only owner; the call sets the pointer to null.
        unsafe { ffi::swr_free(&raw mut self.context) };
    }
}

/// The nearest whole number; halves away from zero.
fn rounded(value: i64, by: i64) -> i64 {
    let half = if value < 0 { -by / 2 } else { by / 2 };
    value.saturating_add(half) / by.max(1)
}
