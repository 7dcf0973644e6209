//! What filters cost: the time of every frame, what goes over the boundary, memory, and how long it takes until the first frame.
//! Filters take turns frame by frame, so that a machine whose speed drifts is the same for all of them.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cases::Pattern;
use super::{App, AppConfig, NULL_FILTER};
use crate::intake::{CheckFault, SubmissionCheck};
use crate::media::{Interrupt, MediaError};
use crate::pipeline::{FilterRequest, FilterUsage, FrameFilter};
use crate::task::{Colour, ErrorCode, Failure, Picture, PixelFormat, PluginId, PluginRef, Rational, Stage};

/// The name of the filter that does nothing.
const NULL: &str = "null-filter";
/// Frames per second, of the times that filters see.
const RATE: i32 = 25;
const FRAME_NS: i64 = 1_000_000_000 / RATE as i64;
/// One more frame than this share of them is filtered before the first that counts.
const WARM_UP: u32 = 10;
/// How often loading is measured; the middle one counts.
const LOADS: usize = 5;

/// A filter that is measured.
pub struct Subject<'a> {
    /// The application that has it among its plugins. Each can have its own, so that two builds of one version can be compared.
    pub app: &'a App,
    /// The filter.
    pub plugin: &'a PluginRef,
    /// Its parameters.
    pub parameters: &'a Value,
}

/// What filters are measured on.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Format of the frames.
    pub pixel_format: PixelFormat,
    /// Frames that count, at least 1.
    pub frames: u32,
}

/// What one filter took.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The exact component.
    pub plugin: PluginId,
    /// Time of each frame that counts, in their order.
    pub times: Vec<Duration>,
    /// What it used for all frames that count; memory is the peak, and the time in the host is known.
    pub usage: FilterUsage,
}

impl Measured {
    /// The time that this share of all frames, 0 to 1, does not go over.
    pub fn percentile(&self, share: f64) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        let rank = (share * times.len() as f64).ceil() as usize;
        times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// Which share of the time of all frames was spent in the host, 0 to 1: copying, and what else the filter had it do.
    pub fn host_share(&self) -> f64 {
        let all: Duration = self.times.iter().sum();
        self.usage.host_time.unwrap_or_default().as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// How many times as long as `other` it takes: the middle of all pairs of frames that were filtered one after the other.
    pub fn ratio(&self, other: &Self) -> f64 {
        let pairs = self.times.iter().zip(&other.times);
        let mut ratios: Vec<_> =
            pairs.map(|(own, other)| own.as_secs_f64() / other.as_secs_f64().max(f64::MIN_POSITIVE)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

impl App {
    /// An application with nothing but a filter that does nothing: what is left of its time is the price of a call.
    pub fn with_null_filter(config: AppConfig) -> Result<(Self, PluginRef), String> {
        Ok((Self::open_with(config, NULL_FILTER, None)?, NULL.parse()?))
    }

    /// The filter in one of [`AppConfig::plugin_files`]. The error is a sentence part about it.
    pub fn filter_in(&self, file: &Path) -> Result<PluginRef, String> {
        self.sandbox.in_file(file)
    }

    /// What the schema of a filter finds wrong with its parameters. Fails where it is no filter, or there is none.
    pub fn parameter_faults(&self, plugin: &PluginRef, parameters: &Value) -> Result<Vec<CheckFault>, Failure> {
        self.sandbox.check_parameters(plugin, parameters)
    }

    /// How long a new process takes to load a plugin's compiled code, or to compile it where no folder keeps that.
    pub fn load_time(&self, plugin: &PluginRef) -> Result<Duration, Failure> {
        self.sandbox.prepare(plugin)?;
        let times: Result<Vec<_>, _> = (0..LOADS).map(|_| self.sandbox.load_time(plugin)).collect();
        let mut times = times?;
        times.sort();
        Ok(times.get(LOADS / 2).copied().unwrap_or_default())
    }
}

/// One filter while it is measured.
struct Runner {
    plugin: PluginId,
    filter: Box<dyn FrameFilter>,
    /// What it had used before the first frame that counts.
    before: FilterUsage,
    times: Vec<Duration>,
}

/// Measures filters side by side, each on a copy of the same picture for every frame. The answers have the order of the subjects. Fails
/// where a filter does, with `Canceled` where it was interrupted.
pub fn measure(subjects: &[Subject<'_>], course: Course, interrupt: &Interrupt) -> Result<Vec<Measured>, Failure> {
    let Course { width, height, pixel_format, frames } = course;
    let (sample_aspect, frame_rate) = (Rational::ONE, Rational::new(RATE, 1));
    let picture = Picture { width, height, pixel_format, sample_aspect, frame_rate, colour: Colour::BT709 };
    let source = Pattern::Gradient.picture(width, height);
    let source = source.to_frame(&picture, 0, FRAME_NS, 0).map_err(|error| internal(&error))?;
    let mut runners = Vec::new();
    for subject in subjects {
        let request = FilterRequest { plugin: subject.plugin, parameters: subject.parameters, picture: &picture };
        let opened = subject.app.sandbox.open_measured(request)?;
        let (plugin, filter) = (opened.plugin, opened.filter);
        runners.push(Runner { plugin, filter, before: FilterUsage::default(), times: Vec::new() });
    }
    let warm_up = frames / WARM_UP + 1;
    for index in 0..warm_up.saturating_add(frames) {
        if interrupt.is_triggered() {
            return Err(Failure::new(ErrorCode::Canceled, Stage::Filter, "interrupted"));
        }
        if index == warm_up {
            runners.iter_mut().for_each(|runner| runner.before = runner.filter.usage());
        }
        let count = runners.len().max(1);
        // Whoever comes first may find the caches in another state than the others.
        runners.rotate_left(1 % count);
        for runner in &mut runners {
            let mut frame = source.share().map_err(|error| internal(&error))?;
            frame.make_writable().map_err(|error| internal(&error))?;
            (frame.index, frame.time_ns) = (u64::from(index), i64::from(index) * FRAME_NS);
            let begun = Instant::now();
            runner.filter.process(&mut frame)?;
            if index >= warm_up {
                runner.times.push(begun.elapsed());
            }
        }
    }
    let turned = warm_up.saturating_add(frames) as usize % runners.len().max(1);
    runners.rotate_right(turned);
    runners.into_iter().map(Runner::finished).collect()
}

impl Runner {
    fn finished(mut self) -> Result<Measured, Failure> {
        let (before, after) = (self.before, self.filter.usage());
        self.filter.finish()?;
        let host_time = after.host_time.zip(before.host_time).map(|(after, before)| after.saturating_sub(before));
        let usage = FilterUsage {
            reads: after.reads - before.reads,
            read_bytes: after.read_bytes - before.read_bytes,
            writes: after.writes - before.writes,
            written_bytes: after.written_bytes - before.written_bytes,
            host_time,
            ..after
        };
        Ok(Measured { plugin: self.plugin, times: self.times, usage })
    }
}

fn internal(error: &MediaError) -> Failure {
    error.at(Stage::Transform)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn milliseconds(times: &[u64]) -> Measured {
        let id = App::with_null_filter(AppConfig::default()).unwrap();
        let plugin = id.0.sandbox.plugin_id(&id.1).unwrap();
        let times = times.iter().copied().map(Duration::from_millis).collect();
        Measured { plugin, times, usage: FilterUsage::default() }
    }

    #[test]
    fn percentiles_and_ratios() {
        let times = milliseconds(&(1..=100).rev().collect::<Vec<_>>());
        let of = |share| times.percentile(share).as_millis();
        assert_eq!([of(0.5), of(0.99), of(1.0), of(0.0)], [50, 99, 100, 1]);
        // One pair that was disturbed changes nothing.
        let (slow, fast) = (milliseconds(&[20, 40, 900]), milliseconds(&[10, 20, 30]));
        assert!((slow.ratio(&fast) - 2.0).abs() < 1e-9);
        assert!(milliseconds(&[]).percentile(0.5).is_zero());
    }

    #[test]
    fn a_filter_that_does_nothing_moves_nothing() {
        let (app, plugin) = App::with_null_filter(AppConfig::default()).unwrap();
        let subject = |parameters| Subject { app: &app, plugin: &plugin, parameters };
        let course = Course { width: 64, height: 48, pixel_format: PixelFormat::Yuv420p, frames: 7 };
        let none = json!({});
        let measured = measure(&[subject(&none), subject(&none)], course, &Interrupt::default()).unwrap();
        assert_eq!(measured.len(), 2);
        for measured in &measured {
            let usage = measured.usage;
            assert_eq!((measured.times.len(), usage.reads, usage.written_bytes), (7, 0, 0));
            assert!(usage.memory_bytes > 0 && usage.instantiate_time > Duration::ZERO);
            assert!(measured.host_share() < 1.0, "{}", measured.host_share());
        }
        assert!(app.load_time(&plugin).unwrap() > Duration::ZERO);
        let interrupt = Interrupt::default();
        interrupt.trigger();
        assert_eq!(measure(&[subject(&none)], course, &interrupt).unwrap_err().code, ErrorCode::Canceled);
    }
}
