//! The pictures of a source one after the other, for those who want frames and no stream.

use std::collections::VecDeque;

use super::decode::VideoDecoder;
use super::demux::{Demuxer, Opening};
use super::source::{ByteSource, Interrupt};
use super::still::upright;
use super::transform::VideoTransform;
use super::{Frame, MediaError, Result};
use crate::task::{Picture, PixelFormat};

/// The pictures of a source's first video stream from its start, upright and of one form, numbered and timed.
pub struct Pictures {
    demuxer: Demuxer,
    decoder: VideoDecoder,
    transform: Option<VideoTransform>,
    picture: Picture,
    waiting: VecDeque<Frame>,
}

impl Pictures {
    /// Opens a source. Without a format the pictures are in the nearest to that of the source. `Unsupported` where there is no video.
    pub fn open(source: Box<dyn ByteSource>, format: Option<PixelFormat>, interrupt: &Interrupt) -> Result<Self> {
        let mut demuxer = Demuxer::open_as(source, interrupt, Opening { written: true, ..Opening::default() })?;
        let facts = demuxer.facts().video_streams.first().cloned();
        let facts = facts.ok_or_else(|| MediaError::Unsupported("the source has no video stream".to_owned()))?;
        demuxer.select(&[facts.index]);
        let decoder = VideoDecoder::open(&demuxer.parameters(facts.index)?)?;
        let (mut resolved, mut picture) = upright(&facts);
        picture.frame_rate = facts.constant_rate();
        picture.pixel_format = format.unwrap_or(picture.pixel_format);
        resolved.pixel_format = picture.pixel_format;
        let transform = Some(VideoTransform::new(&resolved, &picture, decoder.clock()));
        Ok(Self { demuxer, decoder, transform, picture, waiting: VecDeque::new() })
    }

    /// The form of all pictures.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The next picture; `None` behind the last one. `Damaged` where not one can be decoded.
    pub fn advance(&mut self) -> Result<Option<Frame>> {
        while self.waiting.is_empty() {
            let Some(transform) = &mut self.transform else { return Ok(None) };
            let packet = self.demuxer.read()?;
            let waiting = &mut self.waiting;
            let mut keep = |frame| {
                waiting.push_back(frame);
                Ok(())
            };
            self.decoder.send(packet.as_ref(), &mut |frame| transform.send(Some(frame), &mut keep))?;
            if packet.is_none() {
                transform.send(None, &mut keep)?;
                self.transform = None;
            }
        }
        Ok(self.waiting.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::super::FileSource;
    use super::super::testing::{Folder, frames, raw};
    use super::*;
    use crate::task::Rational;

    #[test]
    fn all_pictures_come_in_their_order() {
        let folder = Folder::new();
        let path = folder.clip("p.mkv", "-f lavfi -i testsrc2=s=64x48:r=10:d=1 -c:v libx264 -pix_fmt yuv420p");
        let open = |format| {
            let source = Box::new(FileSource::open(&path).unwrap());
            Pictures::open(source, format, &Interrupt::default()).unwrap()
        };
        let mut pictures = open(None);
        assert_eq!(pictures.picture().frame_rate, Rational::new(10, 1));
        let (want, _) = frames(&path);
        for (index, want) in want.iter().enumerate() {
            let frame = pictures.advance().unwrap().unwrap();
            assert_eq!((frame.index, frame.time_ns), (index as u64, index as i64 * 100_000_000));
            assert!(raw(&frame) == raw(want), "picture {index}");
        }
        assert!(want.len() == 10 && pictures.advance().unwrap().is_none() && pictures.advance().unwrap().is_none());
        let mut wide = open(Some(PixelFormat::Yuv444p10le));
        assert_eq!(wide.advance().unwrap().unwrap().pixel_format(), Some(PixelFormat::Yuv444p10le));
    }
}
