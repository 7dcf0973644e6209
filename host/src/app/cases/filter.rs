//! Cases of video filters: frames through the sandbox, without any encoding.

use std::path::Path;

use super::file::{Filtering, Input};
use super::picture::Comparison;
use super::{Outcome, Run};
use crate::media::{FileSource, Frame, MediaError, Pictures, Rgba};
use crate::pipeline::{FilterFactory, FilterRequest, FrameFilter};
use crate::task::{Colour, ErrorCode, Failure, Picture, PixelFormat, Rational, Stage};

const EXPECTED: &str = "expected.png";
/// What is expected, what came out and the difference, for a person to look at.
const DIFFERENCE: &str = "difference.png";

/// Nanoseconds of a second.
const SECOND: f64 = 1e9;
/// Frames per second of a picture that comes again and again.
const RATE: i32 = 25;
const FRAME: i64 = 1_000_000_000 / RATE as i64;

/// Why no frame came out.
enum Problem {
    /// The case's own files are at fault.
    Case(String),
    /// The plugin, or the host.
    Failed(Failure),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Run<'_> {
    pub(super) fn filter(&mut self, asked: &Filtering) -> Outcome {
        let got = match self.filtered(asked) {
            Ok(got) => got,
            Err(Problem::Case(fault)) => return Err(vec![fault]),
            Err(Problem::Failed(failure)) => return Ok(self.failed(&failure.message)),
        };
        if let Some(verdict) = self.must_fail() {
            return Ok(verdict);
        }
        let file = self.case.folder.join(EXPECTED);
        let expected = match file.exists() {
            true => Some(Rgba::read_png(&file).map_err(|error| vec![unreadable(&file, &error)])?),
            false => None,
        };
        let difference = expected.as_ref().and_then(|expected| {
            let Some(comparison) = Comparison::of(expected, &got) else {
                let (want, have) = ((expected.width(), expected.height()), (got.width(), got.height()));
                return Some(format!("it has {}x{} pixels and not {}x{}", have.0, have.1, want.0, want.1));
            };
            let reason = comparison.beyond(asked.tolerance)?;
            if self.bless {
                return Some(reason);
            }
            let shown = self.case.folder.join(DIFFERENCE);
            Some(match comparison.side_by_side().write_png(&shown) {
                Ok(()) => format!("{reason}; see {}", shown.display()),
                Err(error) => format!("{reason}; {error}"),
            })
        });
        if difference.is_none() || self.bless {
            self.clear(DIFFERENCE);
        }
        self.compared(EXPECTED, difference, |file| got.write_png(file).map_err(|error| error.to_string()))
    }

    /// The last frame, filtered.
    fn filtered(&mut self, asked: &Filtering) -> Result<Rgba, Problem> {
        let made = match &asked.input {
            Input::Clip(clip) => return self.filtered_clip(asked, clip),
            Input::Picture(file) => Rgba::read_png(file).map_err(|error| Problem::Case(unreadable(file, &error)))?,
            Input::Made { pattern, width, height } => pattern.picture(*width, *height),
        };
        let picture = Picture {
            width: made.width(),
            height: made.height(),
            pixel_format: asked.pixel_format.unwrap_or(PixelFormat::Yuv420p),
            sample_aspect: Rational::ONE,
            frame_rate: Rational::new(RATE, 1),
            colour: Colour::BT709,
        };
        let first = (asked.time * SECOND) as i64;
        let source = made.to_frame(&picture, first, FRAME, 0).map_err(|error| internal(&error))?;
        let mut filter = self.open(asked, &picture)?;
        let mut shown = None;
        for index in 0..asked.frames {
            let mut frame = source.share().map_err(|error| internal(&error))?;
            frame.index = u64::from(index);
            frame.time_ns = first.saturating_add(i64::from(index) * FRAME);
            self.process(&mut *filter, &mut frame)?;
            shown = Some(frame);
        }
        self.finished(filter, shown)
    }

    /// The frame of a clip that is shown at the case's time; those before it are filtered too.
    fn filtered_clip(&mut self, asked: &Filtering, clip: &Path) -> Result<Rgba, Problem> {
        let wrong = |error: MediaError| match error {
            MediaError::Interrupted => Problem::Failed(error.at(Stage::Decode)),
            error => Problem::Case(unreadable(clip, &error)),
        };
        let source = FileSource::open(clip).map_err(|error| wrong(MediaError::Read(error.to_string())))?;
        let mut pictures = Pictures::open(Box::new(source), asked.pixel_format, self.interrupt).map_err(wrong)?;
        let mut filter = self.open(asked, &pictures.picture().clone())?;
        let until = (asked.time * SECOND) as i64;
        let mut shown = None;
        while let Some(mut frame) = pictures.advance().map_err(wrong)? {
            if shown.is_some() && frame.time_ns > until {
                break;
            }
            self.process(&mut *filter, &mut frame)?;
            shown = Some(frame);
        }
        self.finished(filter, shown)
    }

    fn open(&mut self, asked: &Filtering, picture: &Picture) -> Result<Box<dyn FrameFilter>, Failure> {
        let request = FilterRequest { plugin: self.plugin, parameters: &asked.parameters, picture };
        let opened = self.app.sandbox.open(request)?;
        self.warnings.extend(opened.warnings);
        Ok(opened.filter)
    }

    fn process(&self, filter: &mut dyn FrameFilter, frame: &mut Frame) -> Result<(), Problem> {
        if self.interrupt.is_triggered() {
            return Err(Failure::new(ErrorCode::Canceled, Stage::Filter, "interrupted").into());
        }
        frame.make_writable().map_err(|error| internal(&error))?;
        Ok(filter.process(frame)?)
    }

    fn finished(&mut self, mut filter: Box<dyn FrameFilter>, shown: Option<Frame>) -> Result<Rgba, Problem> {
        self.warnings.extend(filter.finish()?);
        let shown = shown.ok_or_else(|| Problem::Case("the clip has no picture".to_owned()))?;
        Rgba::of_frame(&shown).map_err(|error| internal(&error))
    }
}

fn unreadable(file: &Path, error: &MediaError) -> String {
    format!("{}: {error}", file.display())
}

fn internal(error: &MediaError) -> Problem {
    Problem::Failed(error.at(Stage::Transform))
}
