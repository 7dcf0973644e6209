//! Cutting what a muxer writes into pieces.

use ffmpeg_next::Error;
use ffmpeg_next::ffi;
use ffmpeg_next::format::context::Output;

/// Writes all that the muxer and its buffer hold.
pub(in crate::media) fn flush(output: &mut Output) -> Result<(), Error> {
    // SAFETY: the pointer is only used in the next steps, while the output is borrowed.
    let context = unsafe { output.as_mut_ptr() };
    // SAFETY: a context whose header was written; no packet means that the muxer is to write what it holds.
    let result = unsafe { ffi::av_write_frame(context, std::ptr::null_mut()) };
    if result < 0 {
        return Err(Error::from(result));
    }
    // SAFETY: an allocated context that is borrowed mutably.
    let io = unsafe { &*context }.pb;
    if io.is_null() {
        return Ok(());
    }
    // SAFETY: the context's own writer.
    unsafe { ffi::avio_flush(io) };
    // SAFETY: as above.
    match unsafe { &*io }.error {
        0 => Ok(()),
        error => Err(Error::from(error)),
    }
}

/// Lets the muxer of transport streams begin anew with its tables. Others have no such option, and nothing happens.
pub(in crate::media) fn resend_headers(output: &mut Output) {
    // SAFETY: the pointer is only used in the next step, while the output is borrowed.
    let context = unsafe { output.as_mut_ptr() };
    // SAFETY: an allocated context that is borrowed mutably.
    let own = unsafe { &*context }.priv_data;
    if !own.is_null() {
        // SAFETY: the muxer's own options; both texts end with NUL, and an unknown name is an error that changes nothing.
        unsafe { ffi::av_opt_set(own, c"mpegts_flags".as_ptr(), c"+resend_headers".as_ptr(), 0) };
    }
}
