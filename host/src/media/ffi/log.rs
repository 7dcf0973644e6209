//! FFmpeg's log goes to `tracing`, never to stderr by itself. What it says while an object opens is also kept for error messages:
//! its return codes alone ("Invalid argument") help nobody.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ffmpeg_next::ffi;

/// Lines kept for an error message at most.
const KEPT_LINES: usize = 4;

thread_local! {
    static KEPT: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Sends FFmpeg's log to `tracing` from now on.
pub(in crate::media) fn install() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the callback has the signature that FFmpeg wants, is thread-safe and does not unwind.
    unsafe {
        ffi::av_log_set_callback(Some(callback));
    }
    // The type of a variable argument list differs on other machines; there FFmpeg stays silent.
    #[cfg(not(target_arch = "x86_64"))]
    ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Quiet);
}

/// Runs `step` and returns with it what FFmpeg said on this thread meanwhile, in one line; may be empty.
pub(in crate::media) fn with_log<T>(step: impl FnOnce() -> T) -> (T, String) {
    KEPT.with(|kept| *kept.borrow_mut() = Some(Vec::new()));
    let result = step();
    let lines = KEPT.with(|kept| kept.borrow_mut().take()).unwrap_or_default();
    (result, lines.join("; "))
}

#[cfg(target_arch = "x86_64")]
unsafe extern "C" fn callback(source: *mut c_void, level: c_int, format: *const c_char, args: *mut ffi::__va_list_tag) {
    // The upper bits carry a colour for terminals.
    let level = level & 0xff;
    if level > ffi::AV_LOG_WARNING {
        return;
    }
    let mut line = [0 as c_char; 1024];
    let mut prefix: c_int = 1;
    let size = c_int::try_from(line.len()).unwrap_or(0);
    // SAFETY: the arguments are those that FFmpeg passed to this callback, the buffer is as long as stated and gets a NUL.
    unsafe { ffi::av_log_format_line2(source, level, format, args, line.as_mut_ptr(), size, &raw mut prefix) };
    // SAFETY: av_log_format_line2 ends the text with NUL inside of the buffer.
    let text = unsafe { super::text::owned(line.as_ptr()) };
    // A panic of a subscriber must not cross the C code.
    let _ = catch_unwind(AssertUnwindSafe(|| report(level, text.trim())));
}

fn report(level: c_int, text: &str) {
    if text.is_empty() {
        return;
    }
    if level <= ffi::AV_LOG_ERROR {
        let _ = KEPT.try_with(|kept| {
            if let Ok(mut kept) = kept.try_borrow_mut()
                && let Some(lines) = kept.as_mut()
                && lines.len() < KEPT_LINES
            {
                lines.push(without_address(text));
            }
        });
    }
    // Hostile files produce thousands of FFmpeg's errors; each is news only to somebody who looks for it.
    if level <= ffi::AV_LOG_FATAL {
        tracing::warn!(target: "ffmpeg", "{text}");
    } else if level <= ffi::AV_LOG_ERROR {
        tracing::debug!(target: "ffmpeg", "{text}");
    } else {
        tracing::trace!(target: "ffmpeg", "{text}");
    }
}

/// `[libx264 @ 0x55d0] text` becomes `libx264: text`: an address is noise in a message.
fn without_address(text: &str) -> String {
    let parts = text.strip_prefix('[').and_then(|text| text.split_once("] "));
    match parts.and_then(|(source, rest)| Some((source.split_once(" @ ")?.0, rest))) {
        Some((source, rest)) => format!("{source}: {rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_cut() {
        assert_eq!(without_address("[libx264 @ 0x5d] bad value"), "libx264: bad value");
        assert_eq!(without_address("plain [x]"), "plain [x]");
    }

    #[test]
    fn lines_are_kept_only_while_wanted() {
        report(ffi::AV_LOG_ERROR, "lost");
        let ((), said) = with_log(|| {
            report(ffi::AV_LOG_ERROR, "first");
            report(ffi::AV_LOG_WARNING, "a warning");
            report(ffi::AV_LOG_ERROR, "second");
        });
        assert_eq!(said, "first; second");
    }
}
