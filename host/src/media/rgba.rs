//! Pictures as RGBA of 8 bits in memory: out of PNG files and into them, out of frames and into them. The same bytes come out on every
//! machine.

use std::path::Path;

use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, Packet as RawPacket, codec, decoder};

use super::frame::to_pixel;
use super::graph::Chain;
use super::packed::{EXACT, Packed};
use super::transform::matrix_name;
use super::{Frame, MediaError, Result, ffi, still};
use crate::task::{Colour, Picture};

/// Bytes of a pixel.
const PIXEL: usize = 4;
/// Most pixels of a file.
const MAX_PIXELS: i64 = 16_384 * 16_384;
/// The colour of RGB pictures: that of displays, which have all of the range.
const RGB: Colour = Colour { primaries: 1, transfer: 13, matrix: 0, full_range: true, chroma_location: None };

/// A picture with straight alpha.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgba {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Rgba {
    /// A picture whose pixel at each place is what `at` says.
    pub fn new(width: u32, height: u32, mut at: impl FnMut(u32, u32) -> [u8; PIXEL]) -> Self {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = places.flat_map(|(x, y)| at(x, y)).collect();
        Self { width, height, pixels }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, row by row, four bytes each.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// One pixel; black and transparent beyond the picture.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; PIXEL] {
        let at = (y as usize * self.width as usize + x as usize) * PIXEL;
        let pixel = self.pixels.get(at..at + PIXEL).filter(|_| x < self.width);
        pixel.and_then(|pixel| pixel.try_into().ok()).unwrap_or_default()
    }

    /// Reads a PNG file. `Read` where the file cannot be read, `NotMedia` where it is none.
    pub fn read_png(file: &Path) -> Result<Self> {
        super::init();
        let bytes = std::fs::read(file).map_err(|error| MediaError::Read(error.to_string()))?;
        let wrong = |error: Error| MediaError::NotMedia(format!("it is no PNG picture: {error}"));
        let codec = decoder::find_by_name("png")
            .ok_or_else(|| MediaError::Unsupported("FFmpeg has no png decoder".to_owned()))?;
        let mut context = codec::Context::new_with_codec(codec);
        ffi::decoder_limits(&mut context, (1, 1), MAX_PIXELS);
        let mut video = Video::empty();
        let (decoded, _) = ffi::with_log(|| {
            let mut png = context.decoder().open_as(codec)?.video()?;
            png.send_packet(&RawPacket::copy(&bytes))?;
            png.send_eof()?;
            png.receive_frame(&mut video)
        });
        decoded.map_err(wrong)?;
        let mut frame = Frame::new(video, 0, 0, 0);
        frame.set_look(&RGB, (1, 1));
        Self::packed(&mut frame)
    }

    /// Writes a PNG file, with alpha where a pixel is not opaque. `Write` where the file cannot be written.
    pub fn write_png(&self, file: &Path) -> Result<()> {
        super::init();
        let opaque = self.pixels.chunks_exact(PIXEL).all(|pixel| pixel[PIXEL - 1] == u8::MAX);
        let (format, length) = if opaque { (Pixel::RGB24, PIXEL - 1) } else { (Pixel::RGBA, PIXEL) };
        let video = self.video(format, length)?;
        still::save(&video, file)
    }

    /// A frame as it looks. `Bug` where FFmpeg refuses its format.
    pub fn of_frame(frame: &Frame) -> Result<Self> {
        super::init();
        Self::packed(&mut frame.share()?)
    }

    fn packed(frame: &mut Frame) -> Result<Self> {
        let video = Packed::exact("rgba").convert(frame)?;
        let (width, height) = (video.width(), video.height());
        let length = width as usize * PIXEL;
        let rows = video.data(0).chunks(video.stride(0).max(1)).take(height as usize);
        let pixels = rows.flat_map(|row| row.get(..length).unwrap_or_default()).copied().collect();
        Ok(Self { width, height, pixels })
    }

    /// The picture as a frame of this form, which must have its size. `Bug` where it has not.
    pub fn to_frame(&self, picture: &Picture, time_ns: i64, duration_ns: i64, index: u64) -> Result<Frame> {
        super::init();
        let (width, height, colour) = (self.width, self.height, &picture.colour);
        if (width, height) != (picture.width, picture.height) {
            return Err(MediaError::Bug(format!("a picture of {width}x{height} is no frame of another size")));
        }
        let matrix = matrix_name(i32::from(colour.matrix)).unwrap_or("bt601");
        let range = if colour.full_range { "full" } else { "limited" };
        let form = format!("video_size={width}x{height}:pix_fmt=rgba:time_base=1/1:pixel_aspect=1/1");
        let scale = format!("scale=flags={EXACT}:in_range=full:out_range={range}:out_color_matrix={matrix}");
        let mut chain = Chain::build("", &form, &format!("{scale},format=pix_fmts={}", picture.pixel_format))?;
        let mut rgba = self.video(Pixel::RGBA, PIXEL)?;
        rgba.set_pts(Some(0));
        chain.push(&mut rgba)?;
        let mut video = Video::empty();
        if !chain.pull(&mut video)? || video.format() != to_pixel(picture.pixel_format) {
            return Err(MediaError::Bug("the picture was lost while it was converted".to_owned()));
        }
        let mut frame = Frame::new(video, time_ns, duration_ns, index);
        frame.set_look(colour, (picture.sample_aspect.num(), picture.sample_aspect.den()));
        Ok(frame)
    }

    /// The first `length` bytes of each pixel.
    fn video(&self, format: Pixel, length: usize) -> Result<Video> {
        let refused = || MediaError::Bug(format!("no picture of {}x{}", self.width, self.height));
        let size = |side: u32| i32::try_from(side).map_err(|_| refused());
        let mut video = ffi::allocate(format, size(self.width)?, size(self.height)?).map_err(|_| refused())?;
        let stride = video.stride(0).max(1);
        let rows = self.pixels.chunks_exact((self.width as usize * PIXEL).max(1));
        for (target, row) in video.data_mut(0).chunks_mut(stride).zip(rows) {
            for (target, pixel) in target.chunks_exact_mut(length).zip(row.chunks_exact(PIXEL)) {
                target.copy_from_slice(&pixel[..length]);
            }
        }
        Ok(video)
    }
}

impl std::fmt::Debug for Rgba {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rgba").field("size", &(self.width, self.height)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Folder, ffmpeg};
    use super::*;
    use crate::task::{PixelFormat, Rational};

    fn colours(width: u32, height: u32, alpha: bool) -> Rgba {
        Rgba::new(width, height, |x, y| {
            let part = |at: u32, side: u32| (at * 255 / side.max(2).saturating_sub(1)).min(255) as u8;
            [part(x, width), part(y, height), 90, if alpha { part(x, width) } else { 255 }]
        })
    }

    #[test]
    fn png_files_keep_every_pixel() {
        let folder = Folder::new();
        for (width, height, alpha) in [(1, 1, false), (7, 5, false), (64, 33, true)] {
            let (picture, file) = (colours(width, height, alpha), folder.file("p.png"));
            picture.write_png(&file).unwrap();
            assert_eq!(Rgba::read_png(&file).unwrap(), picture);
            // As another program reads it.
            assert_eq!(ffmpeg(&format!("-i {} -f rawvideo -pix_fmt rgba -", file.display())), picture.pixels());
        }
    }

    #[test]
    fn pictures_of_other_programs_are_read() {
        let folder = Folder::new();
        for format in ["gray", "pal8", "rgb24", "rgb48be", "ya8", "monob"] {
            let file = folder.clip("q.png", &format!("-f lavfi -i color=white:s=8x6 -frames:v 1 -pix_fmt {format}"));
            let picture = Rgba::read_png(&file).unwrap();
            assert_eq!((picture.width(), picture.height()), (8, 6), "{format}");
            // A palette of FFmpeg has no full white.
            let read = ffmpeg(&format!("-i {} -f rawvideo -pix_fmt rgba -", file.display()));
            let near = picture.pixels().iter().zip(&read).all(|(own, other)| own.abs_diff(*other) <= 1);
            assert!(near && read.len() == picture.pixels().len(), "{format}: {:?}", picture.pixel(7, 5));
            assert!(picture.pixel(7, 5).iter().all(|sample| *sample >= 250), "{format}: {:?}", picture.pixel(7, 5));
            assert_eq!(picture.pixel(8, 0), [0; 4]);
        }
        std::fs::write(folder.file("no.png"), "text").unwrap();
        assert!(matches!(Rgba::read_png(&folder.file("no.png")), Err(MediaError::NotMedia(_))));
        assert!(matches!(Rgba::read_png(&folder.file("none.png")), Err(MediaError::Read(_))));
    }

    #[test]
    fn frames_look_as_the_pictures_that_they_come_from() {
        for pixel_format in PixelFormat::ALL {
            for colour in [Colour::BT709, Colour { full_range: true, ..Colour::BT709 }, Colour::UNSPECIFIED] {
                let (width, height) = (96, 54);
                let picture =
                    Picture { width, height, pixel_format, sample_aspect: Rational::ONE, frame_rate: None, colour };
                let source = colours(width, height, pixel_format.has_alpha());
                let frame = source.to_frame(&picture, 7, 8, 9).unwrap();
                assert_eq!((frame.time_ns, frame.duration_ns, frame.index), (7, 8, 9));
                let back = Rgba::of_frame(&frame).unwrap();
                let most = source.pixels().iter().zip(back.pixels()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(most <= 6, "{pixel_format} {colour:?}: {most}");
                assert!(source.to_frame(&Picture { width: 95, ..picture }, 0, 0, 0).is_err());
            }
        }
    }
}
