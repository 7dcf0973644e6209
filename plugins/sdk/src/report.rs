//! What the plan and the task's record tell the user.

use crate::{Rect, outside};

/// Something the user should know though the task goes on. `code` is stable and in CamelCase, `field` a path within the
/// plugin's parameters (`Watermarks[1].Content`), or empty.
pub fn warning(code: &str, field: &str, message: &str) {
    outside::warning(code, field, message);
}

/// Declares where and when a filter works. Only within [`VideoFilter::open`](crate::VideoFilter::open); elsewhere it traps.
///
/// `area` is in luma samples of the picture; `start` and `end` are nanoseconds from the start of the output, `end`
/// exclusive, `None` for the end of the output.
///
/// A filter that declares nothing is called for every frame and may write everywhere. With one or more declarations it is
/// called only for frames whose time lies within one of them, and a write outside of all declared areas traps. An empty
/// area or an empty span declares that there is nothing to do.
pub fn region(area: Rect, start: i64, end: Option<i64>) {
    outside::region(area, start, end);
}
