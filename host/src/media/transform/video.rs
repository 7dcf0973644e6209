//! Pictures through the filters of FFmpeg that make them the output's, and their times.

use std::collections::VecDeque;

use ffmpeg_next::frame::Video;

use super::filters::{Input, Way, output_colour, way};
use crate::media::clock::{self, VideoClock, from_ns, ratio, rescale, to_ns};
use crate::media::frame::to_pixel;
use crate::media::graph::Chain;
use crate::media::{Frame, MediaError, Result, ffi};
use crate::task::resolved::Geometry;
use crate::task::{Picture, Rational};

/// A pause between two frames over which frames are not repeated: an hour in nanoseconds.
const MAX_PAUSE: i64 = 3600 * clock::SECOND;
/// Threads of a scaler at most: beyond, slices become thin.
const MAX_THREADS: usize = 16;

/// How frames of one form become the output's.
struct Running {
    input: Input,
    work: Work,
}

enum Work {
    Pass,
    /// Each frame becomes one at once, with its times.
    Scale(ffi::Scaler),
    Filter {
        chain: Chain,
        /// Durations of frames inside of the chain, in order, where it keeps every frame.
        durations: VecDeque<i64>,
    },
}

/// Turns decoded frames into the pictures of one output. Frames that are already right pass untouched.
pub struct VideoTransform {
    resolved: Geometry,
    picture: Picture,
    clock: VideoClock,
    running: Option<Running>,
    /// End of the last frame that came in, in ticks of the clock.
    end: i64,
    last_in: i64,
    last_out: Option<i64>,
    index: u64,
}

impl VideoTransform {
    /// `picture` is what the geometry results in, with the colour that output frames are marked with; `clock` is the decoder's.
    pub fn new(geometry: impl Into<Geometry>, picture: &Picture, clock: VideoClock) -> Self {
        Self {
            resolved: geometry.into(),
            picture: *picture,
            clock,
            running: None,
            end: 0,
            last_in: 0,
            last_out: None,
            index: 0,
        }
    }

    /// How the output frames are timed.
    pub fn clock(&self) -> VideoClock {
        self.resolved.frame_rate.and_then(VideoClock::constant).unwrap_or(self.clock)
    }

    /// Transforms a frame, or with `None` hands out what is still inside. Output frames have rising times and are numbered from 0.
    /// `Damaged` where timestamps jump so far that repeating frames would fill an hour; `Bug` where FFmpeg refuses a
    /// conversion. An error of `out` is returned at once.
    pub fn send(&mut self, frame: Option<Frame>, out: &mut dyn FnMut(Frame) -> Result<()>) -> Result<()> {
        let Some(frame) = frame else {
            return self.finish(out);
        };
        let pause = frame.time_ns.saturating_sub(self.last_in);
        if self.resolved.frame_rate.is_some() && pause > MAX_PAUSE {
            return Err(MediaError::Damaged(format!("the timestamps jump by {} seconds", pause / clock::SECOND)));
        }
        self.last_in = frame.time_ns;
        let input = Input::of(&frame);
        if self.running.as_ref().is_none_or(|running| running.input != input) {
            self.finish(out)?;
            self.running = Some(Running { input, work: self.begin(input)? });
        }
        let start = from_ns(frame.time_ns, self.clock.time_base);
        let length = from_ns(frame.duration_ns, self.clock.time_base);
        self.end = start.saturating_add(if length > 0 { length } else { self.usual_length() });
        let mut frame = frame;
        match self.running.as_mut().map(|running| &mut running.work) {
            None | Some(Work::Pass) => self.pass(frame, out),
            Some(Work::Scale(scaler)) => {
                let (scaled, said) = ffi::with_log(|| scaler.scale(frame.video()));
                let scaled = scaled
                    .map_err(|error| MediaError::Bug(format!("a picture could not be scaled: {error} ({said})")))?;
                // Let go of before the next stage holds the new one.
                let (time, duration) = (frame.time_ns, frame.duration_ns);
                drop(frame);
                self.pass(Frame::new(scaled, time, duration, 0), out)
            }
            Some(Work::Filter { chain, durations }) => {
                if self.resolved.frame_rate.is_none() {
                    durations.push_back(frame.duration_ns);
                }
                frame.video_mut().set_pts(Some(start));
                chain.push(frame.video_mut())?;
                self.drain(out)
            }
        }
    }

    fn begin(&self, input: Input) -> Result<Work> {
        Ok(match way(&self.resolved, &self.picture, self.clock.rate, input) {
            Way::Pass => Work::Pass,
            Way::Scale(scaling) => {
                let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
                let (scaler, said) = ffi::with_log(|| ffi::Scaler::new(&scaling, threads));
                Work::Scale(
                    scaler.map_err(|error| MediaError::Bug(format!("{scaling:?} is refused: {error} ({said})")))?,
                )
            }
            Way::Filters(filters) => Work::Filter {
                chain: Chain::build("", &input.arguments(self.clock.time_base), &filters)?,
                durations: VecDeque::new(),
            },
        })
    }

    fn usual_length(&self) -> i64 {
        self.clock.rate.and_then(Rational::inverse).map_or(1, |one| rescale(1, one, self.clock.time_base).max(1))
    }

    fn finish(&mut self, out: &mut dyn FnMut(Frame) -> Result<()>) -> Result<()> {
        let end = self.end;
        if let Some(Running { work: Work::Filter { chain, .. }, .. }) = &mut self.running {
            chain.close(end)?;
        }
        self.drain(out)?;
        self.running = None;
        Ok(())
    }

    fn drain(&mut self, out: &mut dyn FnMut(Frame) -> Result<()>) -> Result<()> {
        loop {
            let Some(Running { work: Work::Filter { chain, durations }, .. }) = &mut self.running else {
                return Ok(());
            };
            let mut video = Video::empty();
            if !chain.pull(&mut video)? {
                return Ok(());
            }
            let (num, den) = chain.time_base();
            let base = ratio(num, den).unwrap_or(self.clock.time_base);
            let time = to_ns(video.pts().unwrap_or(0), base);
            let duration = match self.resolved.frame_rate.and_then(Rational::inverse) {
                Some(one) => to_ns(1, one),
                None => durations.pop_front().unwrap_or(0),
            };
            let found = (video.width(), video.height(), video.format());
            let wanted = (self.picture.width, self.picture.height, to_pixel(self.picture.pixel_format));
            if found != wanted {
                return Err(MediaError::Bug(format!("the filters made {found:?} instead of {wanted:?}")));
            }
            self.pass(Frame::new(video, time, duration, 0), out)?;
        }
    }

    fn pass(&mut self, mut frame: Frame, out: &mut dyn FnMut(Frame) -> Result<()>) -> Result<()> {
        // A graph that was built again may start where the one before it ended.
        if self.last_out.is_some_and(|last| frame.time_ns <= last) {
            return Ok(());
        }
        self.last_out = Some(frame.time_ns);
        frame.index = self.index;
        self.index += 1;
        let aspect = self.picture.sample_aspect;
        frame.set_look(&output_colour(&self.picture), (aspect.num(), aspect.den()));
        out(frame)
    }
}
