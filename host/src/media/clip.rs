//! A movie as pictures one after the other, for plugins.

use std::collections::VecDeque;

use ffmpeg_next::frame::Video;

use super::decode::VideoDecoder;
use super::demux::Demuxer;
use super::packed::Packed;
use super::source::{ByteSource, Interrupt};
use super::transform::upright;
use super::{Frame, MediaError, RectError, Result};
use crate::task::{Rational, Rect};

/// The longest side of a picture, in pixels.
const MAX_SIDE: u32 = 4096;
/// How long a picture is shown where nothing says so, in nanoseconds.
const USUAL: i64 = 40_000_000;
/// Bytes of a pixel.
const PIXEL: usize = 4;

/// The pictures of a source's first video stream, upright, as RGBA of 8 bits with straight alpha. They are decoded in the thread that
/// asks for them, so that their time is that thread's.
pub struct Clip {
    demuxer: Demuxer,
    decoder: VideoDecoder,
    packed: Packed,
    width: u32,
    height: u32,
    usual: i64,
    waiting: VecDeque<Frame>,
    ended: bool,
    shown: Option<(Video, i64)>,
}

impl Clip {
    /// Opens a movie. `Unsupported` where there is no video, or too large a one.
    pub fn open(source: Box<dyn ByteSource>, interrupt: &Interrupt) -> Result<Self> {
        let mut demuxer = Demuxer::open(source, interrupt)?;
        let facts = demuxer.facts().video_streams.first().cloned();
        let facts = facts.ok_or_else(|| MediaError::Unsupported("it has no video stream".to_owned()))?;
        demuxer.select(&[facts.index]);
        let decoder = VideoDecoder::open_with_threads(&demuxer.parameters(facts.index)?, 1)?;
        let (width, height) = facts.upright_size();
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            let message = format!("it has {width}x{height} pixels; allowed are 1x1 to {MAX_SIDE}x{MAX_SIDE}");
            return Err(MediaError::Unsupported(message));
        }
        // All pictures get the size of the first, whatever the stream does later.
        let scale = format!("scale={width}:{height}");
        let turns = upright(facts.mirror, facts.rotate).map(str::to_owned);
        let one = decoder.clock().rate.and_then(Rational::inverse);
        let usual = one.map_or(USUAL, |one| (one.as_f64() * 1e9) as i64).max(1);
        Ok(Self {
            packed: Packed::new("rgba", turns.chain([scale])),
            demuxer,
            decoder,
            width,
            height,
            usual,
            waiting: VecDeque::new(),
            ended: false,
            shown: None,
        })
    }

    /// Width of all pictures in pixels, 1 to 4096.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height of all pictures in pixels, 1 to 4096.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Decodes the next picture; false, and no picture any more, behind the last one. `Damaged` where not one could be decoded.
    pub fn advance(&mut self) -> Result<bool> {
        loop {
            if let Some(mut frame) = self.waiting.pop_front() {
                let duration = if frame.duration_ns > 0 { frame.duration_ns } else { self.usual };
                self.shown = Some((self.packed.convert(&mut frame)?, duration));
                return Ok(true);
            }
            self.shown = None;
            if self.ended {
                return Ok(false);
            }
            let packet = self.demuxer.read()?;
            self.ended = packet.is_none();
            let waiting = &mut self.waiting;
            self.decoder.send(packet.as_ref(), &mut |frame| {
                waiting.push_back(frame);
                Ok(())
            })?;
        }
    }

    /// For how long the picture is shown, in nanoseconds; `None` where there is none.
    pub fn duration(&self) -> Option<i64> {
        self.shown.as_ref().map(|(_, duration)| *duration)
    }

    /// Pixels of the picture, row by row, four bytes each. `NoSuchPlane` where there is no picture.
    pub fn read(&self, area: Rect) -> std::result::Result<Vec<u8>, RectError> {
        let Some((video, _)) = &self.shown else { return Err(RectError::NoSuchPlane { plane: 0, planes: 0 }) };
        let (width, height) = (self.width, self.height);
        let inside = |start: u32, length: u32, side: u32| start.checked_add(length).is_some_and(|end| end <= side);
        if !inside(area.x, area.width, width) || !inside(area.y, area.height, height) {
            return Err(RectError::Outside { plane: 0, area, width, height });
        }
        let (start, length) = (area.x as usize * PIXEL, area.width as usize * PIXEL);
        let mut pixels = Vec::with_capacity(length * area.height as usize);
        let rows = video.data(0).chunks(video.stride(0).max(1)).skip(area.y as usize).take(area.height as usize);
        for row in rows {
            pixels.extend_from_slice(row.get(start..start + length).unwrap_or_default());
        }
        Ok(pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::super::FileSource;
    use super::super::testing::{Folder, ffmpeg};
    use super::*;

    fn open(path: &std::path::Path) -> Clip {
        Clip::open(Box::new(FileSource::open(path).unwrap()), &Interrupt::default()).unwrap()
    }

    /// All pictures with their durations, and the same pictures as FFmpeg's command decodes them.
    fn pictures(path: &std::path::Path) -> (Vec<(Vec<u8>, i64)>, Vec<u8>) {
        let mut clip = open(path);
        let mut all = Vec::new();
        while clip.advance().unwrap() {
            let whole = Rect { x: 0, y: 0, width: clip.width(), height: clip.height() };
            all.push((clip.read(whole).unwrap(), clip.duration().unwrap()));
        }
        assert_eq!((clip.duration(), clip.advance().unwrap()), (None, false));
        (all, ffmpeg(&format!("-i {} -f rawvideo -pix_fmt rgba -", path.display())))
    }

    const MOVING: &str =
        "-f lavfi -i testsrc2=s=64x48:r=10:d=0.5,format=rgba,geq=r=r(X\\,Y):g=g(X\\,Y):b=b(X\\,Y):a=4*X";

    #[test]
    fn the_pictures_of_a_movie_with_alpha() {
        let folder = Folder::new();
        for codec in ["qtrle", "png"] {
            let path = folder.clip(&format!("{codec}.mov"), &format!("{MOVING} -c:v {codec}"));
            let (pictures, want) = pictures(&path);
            assert_eq!(pictures.len(), 5, "{codec}");
            assert!(pictures.iter().all(|(_, duration)| *duration == 100_000_000));
            let got: Vec<u8> = pictures.into_iter().flat_map(|(pixels, _)| pixels).collect();
            assert!(got == want, "{codec}");
            assert!(got[3] == 0 && got[4 * 60 + 3] == 240);
        }
    }

    #[test]
    fn yuv_with_alpha_and_turned_movies() {
        let folder = Folder::new();
        let path = folder.clip("p.mov", &format!("{MOVING} -c:v prores_ks -pix_fmt yuva444p10le"));
        let (found, want) = pictures(&path);
        let got: Vec<u8> = found.into_iter().flat_map(|(pixels, _)| pixels).collect();
        assert_eq!(got.len(), want.len());
        // The same conversion with FFmpeg's own choice of accuracy.
        assert!(got.iter().zip(&want).all(|(got, want)| got.abs_diff(*want) <= 3));
        let turned = folder.file("t.mov");
        ffmpeg(&format!("-i {} -c copy -metadata:s:v rotate=90 {}", path.display(), turned.display()));
        let mut clip = open(&turned);
        assert_eq!((clip.width(), clip.height()), (48, 64));
        assert!(clip.advance().unwrap());
        let alpha = |clip: &Clip, x, y| clip.read(Rect { x, y, width: 1, height: 1 }).unwrap()[3];
        assert!(alpha(&clip, 20, 2).abs_diff(alpha(&clip, 20, 60)) > 200);
        assert!(alpha(&clip, 2, 30).abs_diff(alpha(&clip, 40, 30)) < 3);
    }

    #[test]
    fn reads_outside_are_refused() {
        let folder = Folder::new();
        let mut clip = open(&folder.clip("q.mov", &format!("{MOVING} -c:v qtrle")));
        let area = |x, y, width, height| Rect { x, y, width, height };
        assert!(matches!(clip.read(area(0, 0, 1, 1)), Err(RectError::NoSuchPlane { .. })));
        assert!(clip.advance().unwrap());
        for outside in [area(64, 0, 1, 1), area(0, 0, 65, 1), area(0, 40, 4, 9), area(u32::MAX, 0, 2, 1)] {
            assert!(matches!(clip.read(outside), Err(RectError::Outside { .. })), "{outside:?}");
        }
        assert_eq!(clip.read(area(63, 47, 1, 1)).unwrap().len(), 4);
        assert_eq!(clip.read(area(64, 48, 0, 0)).unwrap().len(), 0);
    }
}
