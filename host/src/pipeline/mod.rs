//! Room `pipeline`: runs a plan. Each node is a thread, each edge a bounded channel.
//!
//! It owns: threads, channels, cancel, progress, the trait that filters implement. It promises: memory bounded by bytes,
//! not only by count; end of stream and failure travel both ways, so that no thread is left behind; the first failure is
//! the one that is told; a damaged source is never passed off as a whole one. It refuses: deciding anything (the plan has),
//! naming outputs (it writes the paths it is given).

mod channel;
mod damage;
mod filter;
mod meter;
mod progress;
mod run;
mod sources;
mod stages;
mod threads;
mod timeline;

#[cfg(test)]
mod tests;

pub use filter::{FilterFactory, FilterRequest, FilterUsage, FrameFilter, OpenFilter, Region};
pub use progress::{Progress, Snapshot};
pub use run::{Finished, Inputs, Measuring, Places, Written, run};
