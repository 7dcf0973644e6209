//! Which picture of a file is shown when.

use std::sync::Arc;

use wasmux_sdk::kernels::{Overlay, Resizer};
use wasmux_sdk::{Error, Setup, report};

use super::decode::{self, PictureError, Pictures};

/// A file that is opened again for each loop whose pictures were not kept.
pub(super) struct File {
    /// `None`: a movie, which the host reads.
    pub(super) bytes: Option<Arc<[u8]>>,
    pub(super) uri: String,
    /// The field that names it.
    pub(super) field: String,
}

impl File {
    pub(super) fn open(&self) -> Result<Box<dyn Pictures>, Error> {
        let opened = match &self.bytes {
            Some(bytes) => decode::open(bytes),
            None => decode::Movie::open(&self.uri).map(|movie| Box::new(movie) as Box<dyn Pictures>),
        };
        opened.map_err(|error| self.fault(&error))
    }

    fn fault(&self, error: &PictureError) -> Error {
        Error::new(error.code(), self.sentence(error)).field(&self.field)
    }

    fn sentence(&self, error: &PictureError) -> String {
        match error {
            PictureError::Clip(error) => error.to_string(),
            error => format!("`{}` {error}", self.uri),
        }
    }
}

/// How pictures are scaled, to the part of them that is in the frame, and where that part lies.
pub(super) struct Fit {
    pub(super) resizer: Resizer,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) setup: Setup,
}

/// The pictures of a file on a time line that begins with 0 and repeats itself. Decodes only as far as it is asked; a file of
/// one picture is decoded once.
pub(crate) struct Animation {
    file: File,
    fit: Fit,
    /// What is to come; `None` when all pictures are kept.
    pictures: Option<Box<dyn Pictures>>,
    /// Pictures one after the other, from `start` on: all from the loop's start, or the last one alone.
    shown: Vec<Shown>,
    /// Nanoseconds in the loop.
    start: i64,
    /// Bytes that may still be kept; `None` when they did not suffice.
    budget: Option<usize>,
    /// Nanoseconds of one loop, once its end was seen.
    length: Option<i64>,
}

struct Shown {
    /// First nanosecond in the loop at which it is not shown any more.
    end: i64,
    /// `None`: fully transparent.
    overlay: Option<Overlay>,
}

impl Animation {
    /// Decodes the first picture, and the second if there is one.
    pub(super) fn new(file: File, pictures: Box<dyn Pictures>, fit: Fit, budget: usize) -> Result<Self, Error> {
        let mut animation = Self {
            file,
            fit,
            pictures: Some(pictures),
            shown: Vec::new(),
            start: 0,
            budget: Some(budget),
            length: None,
        };
        animation.advance(0)?;
        // Whether there is a second one tells a still from an animation.
        animation.advance(0)?;
        Ok(animation)
    }

    /// Whether there is but one picture, of which nothing can be seen.
    pub(crate) fn is_invisible(&self) -> bool {
        self.length.is_some() && self.shown.iter().all(|shown| shown.overlay.is_none())
    }

    /// What is shown at this time, in nanoseconds, 0 or more.
    pub(crate) fn at(&mut self, time: i64) -> Result<Option<&Overlay>, Error> {
        let mut in_loop = self.length.map_or(time, |length| time % length);
        loop {
            let end = self.shown.last().map_or(self.start, |shown| shown.end);
            if in_loop < self.start {
                self.rewind()?;
            } else if in_loop < end {
                break;
            } else if !self.advance(in_loop)? {
                in_loop = time % self.length.unwrap_or(i64::MAX);
            }
        }
        let index = self.shown.partition_point(|shown| shown.end <= in_loop);
        Ok(self.shown.get(index).and_then(|shown| shown.overlay.as_ref()))
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.pictures = Some(self.file.open()?);
        self.shown.clear();
        self.start = 0;
        Ok(())
    }

    /// Takes the next picture; one that is over at `time` need not be converted. False at the loop's end.
    fn advance(&mut self, time: i64) -> Result<bool, Error> {
        let begin = self.shown.last().map_or(self.start, |shown| shown.end);
        let next = match &mut self.pictures {
            Some(pictures) => pictures.next(),
            None => Ok(None),
        };
        match next {
            Ok(Some((bitmap, nanos))) => {
                let end = begin.saturating_add(nanos);
                let overlay = if self.budget.is_some() || end > time { self.fit.convert(bitmap) } else { None };
                let size = overlay.as_ref().map_or(0, Overlay::bytes);
                self.budget = self.budget.and_then(|budget| budget.checked_sub(size));
                if self.budget.is_none() {
                    self.shown.clear();
                    self.start = begin;
                }
                self.shown.push(Shown { end, overlay });
                Ok(true)
            }
            Ok(None) => {
                self.finish(begin);
                Ok(false)
            }
            Err(error) if begin == 0 => Err(self.file.fault(&error)),
            Err(error) => {
                if self.length.is_none() {
                    let what = self.file.sentence(&error);
                    let message =
                        format!("{what}; the animation ends before that, {:.3} s after its start", begin as f64 / 1e9);
                    report::warning(error.code(), &self.file.field, &message);
                }
                self.finish(begin);
                Ok(false)
            }
        }
    }

    /// The loop is over at this time.
    fn finish(&mut self, end: i64) {
        self.length = Some(end);
        if self.start == 0 {
            // All pictures are there; a single one is kept at any size. A decoder is not needed any more.
            self.pictures = None;
        } else {
            // Behind all times in the loop, so that the next one rewinds.
            self.start = end;
            self.shown.clear();
        }
    }
}

impl Fit {
    fn convert(&self, bitmap: &wasmux_sdk::kernels::Bitmap) -> Option<Overlay> {
        Overlay::new(&self.resizer.resize(bitmap), self.x.into(), self.y.into(), &self.setup)
    }
}

#[cfg(test)]
mod tests {
    use wasmux_sdk::Rect;
    use wasmux_sdk::testing::picture;

    use super::*;
    use crate::tests::animations::turning;

    fn animation(delays: &[(u8, u16)], budget: usize) -> Animation {
        let file = File { bytes: Some(turning(delays).into()), uri: String::new(), field: String::new() };
        let pictures = file.open().unwrap();
        let resizer = Resizer::new(pictures.size(), (4, 4), Rect::new(0, 0, 4, 4));
        let fit = Fit { resizer, x: 0, y: 0, setup: picture(8, 8).setup() };
        Animation::new(file, pictures, fit, budget).unwrap()
    }

    /// The luma at a time.
    fn luma(animation: &mut Animation, milliseconds: i64) -> u8 {
        let mut rows = [0; 16];
        animation.at(milliseconds * 1_000_000).unwrap().unwrap().planes()[0].blend(&mut rows);
        rows[0]
    }

    #[test]
    fn the_budget_does_not_change_what_is_shown() {
        let times = [0, 120, 320, 360, 699, 0, 349, 10_000_000_199, 350];
        let mut kept = animation(&[(0, 10), (1, 20), (2, 5)], 1 << 20);
        let want = times.map(|time| luma(&mut kept, time));
        assert_eq!(want, [235, 126, 16, 235, 16, 235, 16, 235, 235]);
        assert_eq!(kept.shown.len(), 3);
        // One picture of 4x4 takes 72 bytes.
        for budget in [0, 71, 72, 143, 144, 215] {
            let mut animation = animation(&[(0, 10), (1, 20), (2, 5)], budget);
            assert_eq!(times.map(|time| luma(&mut animation, time)), want, "{budget}");
            assert_eq!((animation.shown.len(), animation.budget), (1, None));
        }
    }

    #[test]
    fn a_still_is_kept_at_any_size() {
        let mut still = animation(&[(1, 10)], 0);
        assert!(still.pictures.is_none());
        assert_eq!([0, 99, 100, 5_000].map(|time| luma(&mut still, time)), [126; 4]);
        assert!(still.pictures.is_none());
    }
}
