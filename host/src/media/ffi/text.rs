//! Strings of C.

use std::ffi::{CStr, c_char};

/// A copy of a string of C; empty for null. Files put any bytes there, so what is no UTF-8 is replaced.
///
/// # Safety
/// `text` is null or points to a string that ends in NUL and lives until this returns.
pub(super) unsafe fn owned(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: not null; the caller vouches for the rest.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}
