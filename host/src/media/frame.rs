//! One decoded picture.

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;

use super::ffi::{self, Plane, PlaneMut, Properties};
use super::{MediaError, Result};
use crate::task::{Colour, Picture, PixelFormat, Rect};

/// One decoded picture with its place in the output. It owns a reference to its samples, which others may share.
pub struct Frame {
    video: Video,
    /// Nanoseconds from the start of the output; negative for what comes before it.
    pub time_ns: i64,
    /// Nanoseconds; 0 where the source does not say.
    pub duration_ns: i64,
    /// Number of the frame, counted from 0.
    pub index: u64,
}

/// A rectangle of samples that cannot be read or written. It is the caller's bug, except `Memory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RectError {
    /// The picture has no such plane.
    #[error("plane {plane} does not exist: the picture has planes 0 to {}", .planes.saturating_sub(1))]
    NoSuchPlane {
        /// The plane asked for.
        plane: u8,
        /// Planes of the picture; 0 where its format is no planar YUV.
        planes: u8,
    },
    /// The rectangle is not wholly inside of the plane.
    #[error(
        "the rectangle {}x{} at ({}, {}) leaves plane {plane} of {width}x{height} samples",
        .area.width, .area.height, .area.x, .area.y
    )]
    Outside {
        /// The plane.
        plane: u8,
        /// The rectangle asked for.
        area: Rect,
        /// Width of the plane in samples.
        width: u32,
        /// Height of the plane in samples.
        height: u32,
    },
    /// The data to write has another length than the rectangle.
    #[error("{found} bytes were given for a rectangle of {expected} bytes")]
    WrongLength {
        /// Bytes of the rectangle.
        expected: u64,
        /// Bytes given.
        found: u64,
    },
    /// The samples are shared and there is no memory for a copy of them.
    #[error("no memory for a writable copy of the picture")]
    Memory,
}

/// A rectangle in bytes and rows, checked against its plane.
struct Span {
    plane: usize,
    plane_row_bytes: usize,
    plane_rows: usize,
    x: usize,
    y: usize,
    bytes: usize,
    rows: usize,
}

impl Frame {
    /// Wraps what a decoder or a filter graph returned.
    pub(super) fn new(video: Video, time_ns: i64, duration_ns: i64, index: u64) -> Self {
        Self { video, time_ns, duration_ns, index }
    }

    /// A black, opaque picture. Fails for sizes that FFmpeg cannot allocate, such as 0 or over 16,384 x 16,384 or so.
    pub fn blank(picture: &Picture, time_ns: i64, duration_ns: i64, index: u64) -> Result<Self> {
        let refused = || MediaError::Bug(format!("no picture of {}x{}", picture.width, picture.height));
        let width = i32::try_from(picture.width).map_err(|_| refused())?;
        let height = i32::try_from(picture.height).map_err(|_| refused())?;
        let format = picture.pixel_format;
        let video = ffi::allocate(to_pixel(format), width, height).map_err(|_| refused())?;
        let mut frame = Self::new(video, time_ns, duration_ns, index);
        let scale = 1u16 << (format.bit_depth() - 8);
        let black = if picture.colour.full_range { 0 } else { 16 * scale };
        for plane in 0..format.planes() {
            let sample = match plane {
                0 => black,
                3 => 255 * scale,
                _ => 128 * scale,
            };
            frame.fill(plane, sample)?;
        }
        let aspect = (picture.sample_aspect.num(), picture.sample_aspect.den());
        frame.set_look(&picture.colour, aspect);
        Ok(frame)
    }

    fn fill(&mut self, plane: u8, sample: u16) -> Result<()> {
        let (width, height) = self.plane_size(plane).unwrap_or_default();
        let all = Rect { x: 0, y: 0, width, height };
        let span = self.span(plane, all).map_err(|error| MediaError::Bug(error.to_string()))?;
        let mut target = PlaneMut::of(&mut self.video, span.plane, span.plane_row_bytes, span.plane_rows)
            .ok_or_else(|| MediaError::Bug("a new picture is not writable".to_owned()))?;
        for y in 0..span.rows {
            let row = target.row(y);
            if span.bytes == width as usize {
                row.fill(sample.to_le_bytes()[0]);
            } else {
                row.chunks_exact_mut(2).for_each(|place| place.copy_from_slice(&sample.to_le_bytes()));
            }
        }
        Ok(())
    }

    /// The same picture once more, without a copy of its samples.
    pub fn share(&self) -> Result<Self> {
        let video = ffi::share(&self.video).map_err(|_| MediaError::memory("a reference to a picture"))?;
        Ok(Self::new(video, self.time_ns, self.duration_ns, self.index))
    }

    /// Makes the samples belong to this frame alone, by a copy where they are shared. Decoders keep references to the
    /// pictures that they hand out, so writing without this would damage pictures still to come.
    pub fn make_writable(&mut self) -> Result<()> {
        ffi::make_writable(&mut self.video).map_err(|_| MediaError::memory("a copy of a picture"))
    }

    /// About how many bytes its samples take.
    pub fn bytes(&self) -> usize {
        let planes = (0..4).filter_map(|plane| self.plane_size(plane));
        let samples: u64 = planes.map(|(width, height)| u64::from(width) * u64::from(height)).sum();
        // A format that is none of ours is taken for packed RGBA.
        let samples = if samples == 0 { u64::from(self.width()) * u64::from(self.height()) * 4 } else { samples };
        let bytes = samples * self.pixel_format().map_or(1, |format| format.sample_bytes() as u64);
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Width in luma samples.
    pub fn width(&self) -> u32 {
        self.video.width()
    }

    /// Height in luma samples.
    pub fn height(&self) -> u32 {
        self.video.height()
    }

    /// The sample format; `None` where it is none of the planar YUV formats that filters and encoders take.
    pub fn pixel_format(&self) -> Option<PixelFormat> {
        from_pixel(self.video.format())
    }

    /// Width and height of a plane in samples; `None` where there is no such plane.
    pub fn plane_size(&self, plane: u8) -> Option<(u32, u32)> {
        let format = self.pixel_format()?;
        (plane < format.planes()).then(|| format.plane_size(plane, self.width(), self.height()))
    }

    /// Appends the samples of a rectangle to `out`: rows packed, samples over 8 bits as little-endian u16. `area` is in
    /// samples of that plane. Nothing is appended on an error.
    pub fn read_rect(&self, plane: u8, area: Rect, out: &mut Vec<u8>) -> Result<(), RectError> {
        let span = self.span(plane, area)?;
        let Some(source) = self.plane(&span) else {
            return Err(RectError::NoSuchPlane { plane, planes: 0 });
        };
        if span.rows == 0 || span.bytes == 0 {
            return Ok(());
        }
        if span.bytes == span.plane_row_bytes
            && let Some(rows) = source.packed_rows(span.y, span.rows)
        {
            out.extend_from_slice(rows);
            return Ok(());
        }
        out.reserve(span.bytes * span.rows);
        for y in span.y..span.y + span.rows {
            out.extend_from_slice(&source.row(y)[span.x..span.x + span.bytes]);
        }
        Ok(())
    }

    /// Replaces the samples of a rectangle; `data` has the form of [`Frame::read_rect`]. Samples that are shared are copied
    /// first, as by [`Frame::make_writable`]. Nothing is written on an error.
    pub fn write_rect(&mut self, plane: u8, area: Rect, data: &[u8]) -> Result<(), RectError> {
        let span = self.span(plane, area)?;
        let expected = span.bytes as u64 * span.rows as u64;
        if data.len() as u64 != expected {
            return Err(RectError::WrongLength { expected, found: data.len() as u64 });
        }
        if data.is_empty() {
            return Ok(());
        }
        ffi::make_writable(&mut self.video).map_err(|_| RectError::Memory)?;
        let Some(mut target) = PlaneMut::of(&mut self.video, span.plane, span.plane_row_bytes, span.plane_rows) else {
            return Err(RectError::NoSuchPlane { plane, planes: 0 });
        };
        if span.bytes == span.plane_row_bytes
            && let Some(rows) = target.packed_rows(span.y, span.rows)
        {
            rows.copy_from_slice(data);
            return Ok(());
        }
        for (y, row) in (span.y..).zip(data.chunks_exact(span.bytes)) {
            target.row(y)[span.x..span.x + span.bytes].copy_from_slice(row);
        }
        Ok(())
    }

    fn plane(&self, span: &Span) -> Option<Plane<'_>> {
        Plane::of(&self.video, span.plane, span.plane_row_bytes, span.plane_rows)
    }

    fn span(&self, plane: u8, area: Rect) -> Result<Span, RectError> {
        let format = self.pixel_format();
        let planes = format.map_or(0, PixelFormat::planes);
        let none = RectError::NoSuchPlane { plane, planes };
        let (width, height) = self.plane_size(plane).ok_or(none)?;
        if !area.fits(width, height) {
            return Err(RectError::Outside { plane, area, width, height });
        }
        let sample = format.map_or(1, PixelFormat::sample_bytes);
        Ok(Span {
            plane: usize::from(plane),
            plane_row_bytes: width as usize * sample,
            plane_rows: height as usize,
            x: area.x as usize * sample,
            y: area.y as usize,
            bytes: area.width as usize * sample,
            rows: area.height as usize,
        })
    }

    /// Sets colour and sample aspect, which encoders and players read.
    pub(super) fn set_look(&mut self, colour: &Colour, sample_aspect: (i32, i32)) {
        let chroma = colour.chroma_location.map_or(0, |location| i32::from(location) + 1);
        ffi::set_properties(
            &mut self.video,
            Properties {
                primaries: i32::from(colour.primaries),
                transfer: i32::from(colour.transfer),
                matrix: i32::from(colour.matrix),
                range: if colour.full_range { 2 } else { 1 },
                chroma_location: chroma,
                sample_aspect,
                duration: 0,
            },
        );
    }

    /// The frame of the bindings.
    pub(super) fn video(&self) -> &Video {
        &self.video
    }

    /// The frame of the bindings, to set its properties.
    pub(super) fn video_mut(&mut self) -> &mut Video {
        &mut self.video
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("size", &(self.width(), self.height()))
            .field("format", &self.video.format())
            .field("time_ns", &self.time_ns)
            .field("duration_ns", &self.duration_ns)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// FFmpeg's name for a sample format.
pub(super) fn to_pixel(format: PixelFormat) -> Pixel {
    match format {
        PixelFormat::Yuv420p => Pixel::YUV420P,
        PixelFormat::Yuv422p => Pixel::YUV422P,
        PixelFormat::Yuv444p => Pixel::YUV444P,
        PixelFormat::Yuv420p10le => Pixel::YUV420P10LE,
        PixelFormat::Yuv422p10le => Pixel::YUV422P10LE,
        PixelFormat::Yuv444p10le => Pixel::YUV444P10LE,
        PixelFormat::Yuva420p => Pixel::YUVA420P,
    }
}

/// The sample format of that name. The deprecated full-range `yuvj` formats are not among them: they are converted.
pub(super) fn from_pixel(pixel: Pixel) -> Option<PixelFormat> {
    PixelFormat::ALL.into_iter().find(|format| to_pixel(*format) == pixel)
}

#[cfg(test)]
mod tests;
