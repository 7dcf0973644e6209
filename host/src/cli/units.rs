//! Amounts and times as short texts.

/// Bytes, by thousands.
pub(super) fn amount(bytes: f64) -> String {
    match bytes {
        few if few < 1e3 => format!("{few:.0} B"),
        some if some < 1e6 => format!("{:.1} kB", some / 1e3),
        many => format!("{:.1} MB", many / 1e6),
    }
}

/// Microseconds, or milliseconds from one on.
pub(super) fn micros(us: f64) -> String {
    if us < 1e3 { format!("{us:.1} us") } else { format!("{:.2} ms", us / 1e3) }
}
