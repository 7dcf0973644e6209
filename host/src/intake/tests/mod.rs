//! Tests of the room as a whole: requests in, specs or faults out.

mod containers;
mod docs;
mod guide;
mod notices;
mod plugins;
mod properties;
mod refusals;
mod subtitles;
mod surroundings;
mod taken;

pub(super) use surroundings::full;
