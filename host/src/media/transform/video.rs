//! Rotating, scaling, cropping, padding and converting pictures, and their rate.

use std::collections::VecDeque;
use std::fmt::Write as _;

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;

use crate::media::clock::{self, VideoClock, from_ns, ratio, rescale, to_ns};
use crate::media::frame::to_pixel;
use crate::media::graph::Chain;
use crate::media::{Frame, MediaError, Result, ffi};
use crate::task::resolved::Geometry;
use crate::task::{Colour, Picture, Rational, Rotation};

/// A pause between two frames over which frames are not repeated: an hour in nanoseconds.
const MAX_PAUSE: i64 = 3600 * clock::SECOND;

/// H.273 MatrixCoefficients of RGB, and of what is not known.
const IDENTITY: i32 = 0;
const UNSPECIFIED: i32 = 2;

/// What a filter graph depends on: it is built again when this changes within a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Input {
    format: Pixel,
    width: u32,
    height: u32,
    full_range: bool,
    matrix: i32,
}

impl Input {
    fn of(frame: &Frame) -> Self {
        let properties = ffi::properties(frame.video());
        Self {
            format: frame.video().format(),
            width: frame.width(),
            height: frame.height(),
            full_range: properties.range == 2,
            matrix: properties.matrix,
        }
    }

    fn is_rgb(self) -> bool {
        self.format.descriptor().is_some_and(|format| format.name().contains("rgb") || format.name().contains("bgr"))
            || self
                .format
                .descriptor()
                .is_some_and(|format| format.name().starts_with("gbr") || format.name() == "pal8")
    }
}

/// A running graph.
struct Running {
    input: Input,
    chain: Option<Chain>,
    /// Durations of frames inside of the graph, in order, where it keeps every frame.
    durations: VecDeque<i64>,
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
            let chain = match self.filters(input) {
                filters if filters.is_empty() => None,
                filters => Some(Chain::build("", &self.arguments(input), &filters)?),
            };
            self.running = Some(Running { input, chain, durations: VecDeque::new() });
        }
        let start = from_ns(frame.time_ns, self.clock.time_base);
        let length = from_ns(frame.duration_ns, self.clock.time_base);
        self.end = start.saturating_add(if length > 0 { length } else { self.usual_length() });
        let Some(Running { chain: Some(chain), durations, .. }) = &mut self.running else {
            return self.pass(frame, out);
        };
        if self.resolved.frame_rate.is_none() {
            durations.push_back(frame.duration_ns);
        }
        let mut frame = frame;
        frame.video_mut().set_pts(Some(start));
        chain.push(frame.video_mut())?;
        self.drain(out)
    }

    fn usual_length(&self) -> i64 {
        self.clock.rate.and_then(Rational::inverse).map_or(1, |one| rescale(1, one, self.clock.time_base).max(1))
    }

    fn finish(&mut self, out: &mut dyn FnMut(Frame) -> Result<()>) -> Result<()> {
        let end = self.end;
        if let Some(Running { chain: Some(chain), .. }) = &mut self.running {
            chain.close(end)?;
        }
        self.drain(out)?;
        self.running = None;
        Ok(())
    }

    fn drain(&mut self, out: &mut dyn FnMut(Frame) -> Result<()>) -> Result<()> {
        loop {
            let Some(Running { chain: Some(chain), durations, .. }) = &mut self.running else {
                return Ok(());
            };
            let mut video = Video::empty();
            if !chain.pull(&mut video)? {
                return Ok(());
            }
            let base = chain.time_base().and_then(|(num, den)| ratio(num, den)).unwrap_or(self.clock.time_base);
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
        frame.set_look(&self.colour(), (aspect.num(), aspect.den()));
        out(frame)
    }

    /// The colour of the output. Planar YUV cannot have the matrix of RGB: then it is not stated.
    fn colour(&self) -> Colour {
        let mut colour = self.picture.colour;
        if i32::from(colour.matrix) == IDENTITY {
            colour.matrix = 2;
        }
        colour
    }

    fn arguments(&self, input: Input) -> String {
        let base = self.clock.time_base;
        let format = input.format.descriptor().map_or("", |format| format.name());
        format!("video_size={}x{}:pix_fmt={format}:time_base={base}:pixel_aspect=1/1", input.width, input.height)
    }

    /// The chain in FFmpeg's syntax; empty where the frames are already right.
    fn filters(&self, input: Input) -> String {
        let resolved = &self.resolved;
        let mut filters: Vec<String> = Vec::new();
        match resolved.rotation {
            Rotation::None => {}
            Rotation::Quarter => filters.push("transpose=clock".to_owned()),
            Rotation::Half => filters.push("hflip,vflip".to_owned()),
            Rotation::ThreeQuarters => filters.push("transpose=cclock".to_owned()),
        }
        let turned =
            if resolved.rotation.swaps_sides() { (input.height, input.width) } else { (input.width, input.height) };
        filters.extend(self.scale(input, turned));
        if let Some(crop) = resolved.crop
            && (crop.x, crop.y, crop.width, crop.height) != (0, 0, resolved.scale.width, resolved.scale.height)
        {
            filters.push(format!("crop=w={}:h={}:x={}:y={}:exact=1", crop.width, crop.height, crop.x, crop.y));
        }
        if let Some(pad) = resolved.pad {
            filters.push(format!("pad=w={}:h={}:x={}:y={}:color=black", pad.width, pad.height, pad.x, pad.y));
        }
        if let Some(rate) = resolved.frame_rate {
            // Dropping frames before they are scaled saves the scaling; repeating them after it does.
            let drops = self.clock.rate.is_some_and(|source| source.as_f64() > rate.as_f64());
            let place = if drops { 0 } else { filters.len() };
            filters.insert(place, format!("fps=fps={rate}"));
        }
        filters.join(",")
    }

    fn scale(&self, input: Input, turned: (u32, u32)) -> Option<String> {
        let (size, colour) = (self.resolved.scale, self.colour());
        let matrix = i32::from(colour.matrix);
        let rgb = input.is_rgb();
        let converts_matrix = rgb || (input.matrix != matrix && input.matrix != UNSPECIFIED && matrix != UNSPECIFIED);
        let format = self.picture.pixel_format;
        let same = turned == (size.width, size.height)
            && input.format == to_pixel(format)
            && input.full_range == colour.full_range
            && !converts_matrix;
        if same {
            return None;
        }
        let range = |full: bool| if full { "full" } else { "limited" };
        let mut text = format!("scale=w={}:h={}:flags=bicubic", size.width, size.height);
        // RGB has no range of its own: always full.
        let _ = write!(text, ":in_range={}:out_range={}", range(rgb || input.full_range), range(colour.full_range));
        if converts_matrix {
            if let Some(name) = matrix_name(input.matrix).filter(|_| !rgb) {
                let _ = write!(text, ":in_color_matrix={name}");
            }
            let _ = write!(text, ":out_color_matrix={}", matrix_name(matrix).unwrap_or("bt601"));
        }
        let _ = write!(text, ",format=pix_fmts={format}");
        Some(text)
    }
}

/// The scaler's name of H.273 MatrixCoefficients.
pub(in crate::media) fn matrix_name(matrix: i32) -> Option<&'static str> {
    match matrix {
        1 => Some("bt709"),
        4 => Some("fcc"),
        5 | 6 => Some("bt601"),
        7 => Some("smpte240m"),
        9 | 10 => Some("bt2020"),
        _ => None,
    }
}
