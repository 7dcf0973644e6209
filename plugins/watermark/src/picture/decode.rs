//! From the bytes of a file to pixels.

mod gif;
mod webp;

use std::io::Cursor;

use thiserror::Error;
use wasmux_sdk::kernels::Bitmap;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The largest side of a picture, in pixels.
const MAX_SIDE: u32 = 4096;
/// What the decoders of PNG and WebP may allocate besides the picture, in bytes.
const MAX_SCRATCH: usize = 64 << 20;

/// Why a file is no usable picture.
#[derive(Debug, Error)]
pub(crate) enum PictureError {
    /// None of the formats.
    #[error("is {0}; allowed are PNG, JPEG, GIF and WebP")]
    Format(&'static str),
    /// Too many pixels, or none.
    #[error("has {width}x{height} pixels; allowed are 1x1 to {MAX_SIDE}x{MAX_SIDE}")]
    Size { width: u64, height: u64 },
    /// Broken.
    #[error("cannot be decoded: {0}")]
    Damaged(String),
}

impl PictureError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Format(_) => "UnsupportedPicture",
            Self::Size { .. } => "PictureTooLarge",
            Self::Damaged(_) => "PictureDamaged",
        }
    }
}

/// A decoded file.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) bitmap: Bitmap,
    /// Whether there is more to it than the bitmap.
    pub(crate) animated: bool,
}

/// Decodes by content; the name of the file does not count.
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, PictureError> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes).map(|bitmap| Picture { bitmap, animated: false }),
        [b'G', b'I', b'F', b'8', ..] => gif::decode(bytes),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => webp::decode(bytes),
        [_, _, _, _, b'f' | b'm', b't' | b'o', b'y' | b'o', b'p' | b'v', ..] => Err(PictureError::Format("a movie")),
        [] => Err(PictureError::Format("empty")),
        _ => Err(PictureError::Format("of an unknown format")),
    }
}

/// Both sides as `u32`, within the limit.
fn checked(width: u64, height: u64) -> Result<(u32, u32), PictureError> {
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(w @ 1..=MAX_SIDE), Ok(h @ 1..=MAX_SIDE)) => Ok((w, h)),
        _ => Err(PictureError::Size { width, height }),
    }
}

fn png(bytes: &[u8]) -> Result<Picture, PictureError> {
    let damaged = |error: png::DecodingError| PictureError::Damaged(error.to_string());
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: MAX_SCRATCH });
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    // Text and profiles are of no use here, and they are where a small file can hide much data.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let header = decoder.read_header_info().map_err(damaged)?;
    let (width, height) = checked(header.width.into(), header.height.into())?;
    let mut reader = decoder.read_info().map_err(damaged)?;
    let animated = reader.info().animation_control().is_some_and(|control| control.num_frames > 1);
    let size = reader.output_buffer_size().ok_or(PictureError::Size { width: width.into(), height: height.into() })?;
    let mut samples = vec![0; size];
    let frame = reader.next_frame(&mut samples).map_err(damaged)?;
    // The first picture of an animation may be smaller than its canvas.
    let (width, height) = checked(frame.width.into(), frame.height.into())?;
    samples.truncate(frame.buffer_size());
    let pixels: Vec<[u8; 4]> = match frame.color_type {
        png::ColorType::Grayscale => samples.iter().map(|&grey| [grey, grey, grey, 255]).collect(),
        png::ColorType::GrayscaleAlpha => {
            samples.as_chunks().0.iter().map(|&[grey, alpha]| [grey, grey, grey, alpha]).collect()
        }
        png::ColorType::Rgb => opaque(&samples),
        png::ColorType::Rgba => samples.as_chunks().0.to_vec(),
        png::ColorType::Indexed => return Err(PictureError::Damaged("its palette is missing".to_owned())),
    };
    bitmap(width, height, pixels).map(|bitmap| Picture { bitmap, animated })
}

fn jpeg(bytes: &[u8]) -> Result<Bitmap, PictureError> {
    let side = MAX_SIDE as usize;
    let options =
        DecoderOptions::new_safe().set_max_width(side).set_max_height(side).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(|error| PictureError::Damaged(error.to_string()))?;
    let info = decoder.info().ok_or_else(|| PictureError::Damaged("it has no header".to_owned()))?;
    let (width, height) = checked(info.width.into(), info.height.into())?;
    let pixels = match decoder.output_colorspace() {
        Some(ColorSpace::RGB) => opaque(&samples),
        Some(ColorSpace::Luma) => samples.iter().map(|&grey| [grey, grey, grey, 255]).collect(),
        other => return Err(PictureError::Damaged(format!("its colours are {other:?}"))),
    };
    bitmap(width, height, pixels)
}

/// Pixels of packed RGB.
fn opaque(samples: &[u8]) -> Vec<[u8; 4]> {
    samples.as_chunks().0.iter().map(|&[red, green, blue]| [red, green, blue, 255]).collect()
}

fn bitmap(width: u32, height: u32, pixels: Vec<[u8; 4]>) -> Result<Bitmap, PictureError> {
    let got = pixels.len();
    Bitmap::new(width, height, pixels)
        .ok_or_else(|| PictureError::Damaged(format!("it has {got} pixels instead of {width}x{height}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(colour: png::ColorType, depth: png::BitDepth, palette: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 2, 1);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if let Some(palette) = palette {
            encoder.set_palette(palette);
            encoder.set_trns(&[255, 9][..]);
        }
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        file
    }

    #[test]
    fn every_colour_type_of_png() {
        use png::{BitDepth, ColorType};
        let pixels = |file: &[u8]| decode(file).unwrap().bitmap.pixels().to_vec();
        let grey = [[7, 7, 7, 255], [200, 200, 200, 255]];
        assert_eq!(pixels(&encoded(ColorType::Grayscale, BitDepth::Eight, None, &[7, 200])), grey);
        assert_eq!(pixels(&encoded(ColorType::Grayscale, BitDepth::Sixteen, None, &[7, 0, 200, 0])), grey);
        let bits = encoded(ColorType::Grayscale, BitDepth::One, None, &[0b0100_0000]);
        assert_eq!(pixels(&bits), [[0, 0, 0, 255], [255; 4]]);
        let alpha = encoded(ColorType::GrayscaleAlpha, BitDepth::Eight, None, &[7, 8, 200, 0]);
        assert_eq!(pixels(&alpha), [[7, 7, 7, 8], [200, 200, 200, 0]]);
        let rgb = encoded(ColorType::Rgb, BitDepth::Eight, None, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(pixels(&rgb), [[1, 2, 3, 255], [4, 5, 6, 255]]);
        let rgba = encoded(ColorType::Rgba, BitDepth::Eight, None, &[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(pixels(&rgba), [[1, 2, 3, 4], [5, 6, 7, 8]]);
        let indexed = encoded(ColorType::Indexed, BitDepth::Eight, Some(&[1, 2, 3, 4, 5, 6]), &[1, 0]);
        assert_eq!(pixels(&indexed), [[4, 5, 6, 9], [1, 2, 3, 255]]);
    }

    /// Decodes the file with each of its bytes replaced by values that mean something in a header; only a panic can fail it.
    pub(super) fn replace_each_byte(good: &[u8]) {
        for at in 0..good.len() {
            for value in [0, 1, 0x2c, 0x2f, 0x80, 0xff] {
                let mut bad = good.to_vec();
                bad[at] = value;
                let _ = decode(&bad);
            }
        }
    }

    #[test]
    fn one_colour_of_png_can_be_transparent() {
        let with = |colour, key: &[u8], data: &[u8]| {
            let mut file = Vec::new();
            let mut encoder = png::Encoder::new(&mut file, 2, 1);
            encoder.set_color(colour);
            encoder.set_trns(key.to_vec());
            encoder.write_header().unwrap().write_image_data(data).unwrap();
            decode(&file).unwrap().bitmap.pixels().to_vec()
        };
        assert_eq!(with(png::ColorType::Grayscale, &[0, 7], &[7, 8]), [[7, 7, 7, 0], [8, 8, 8, 255]]);
        let rgb = with(png::ColorType::Rgb, &[0, 1, 0, 2, 0, 3], &[1, 2, 3, 1, 2, 4]);
        assert_eq!(rgb, [[1, 2, 3, 0], [1, 2, 4, 255]]);
    }

    #[test]
    fn interlaced_png() {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, 1, 2);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.write_header().unwrap().write_image_data(&[7, 200]).unwrap();
        // Two rows of one pixel are, byte by byte, the first and the sixth pass of two interlaced columns.
        file[16..24].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 1]);
        file[28] = 1;
        let crc = file[12..29].iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
        });
        file[29..33].copy_from_slice(&(!crc).to_be_bytes());
        let picture = decode(&file).unwrap();
        assert_eq!(picture.bitmap.pixels(), [[7, 7, 7, 255], [200, 200, 200, 255]]);
    }

    #[test]
    fn faults_have_codes() {
        let code = |bytes: &[u8]| decode(bytes).unwrap_err().code();
        let good = encoded(png::ColorType::Rgb, png::BitDepth::Eight, None, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(code(b""), "UnsupportedPicture");
        assert_eq!(code(b"GIF89a"), "PictureDamaged");
        assert_eq!(code(b"RIFF\x04\0\0\0WEBP"), "PictureDamaged");
        assert_eq!(code(b"BM"), "UnsupportedPicture");
        assert_eq!(code(b"\0\0\0\x14ftypqt  "), "UnsupportedPicture");
        assert_eq!(code(&good[..40]), "PictureDamaged");
        assert_eq!(code(b"\xff\xd8\xff\xe0 no more"), "PictureDamaged");
        let mut large = Vec::new();
        let mut encoder = png::Encoder::new(&mut large, 4097, 1);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[0; 4097]).unwrap();
        assert_eq!(code(&large), "PictureTooLarge");
    }

    proptest! {
        #[test]
        fn damage_never_panics(flips in prop::collection::vec((0usize..200, any::<u8>()), 0..12), jpeg: bool) {
            let mut file = if jpeg {
                JPEG.to_vec()
            } else {
                encoded(png::ColorType::Indexed, png::BitDepth::Eight, Some(&[1, 2, 3, 4, 5, 6]), &[1, 0])
            };
            for (at, value) in flips {
                let at = at % file.len();
                file[at] = value;
            }
            let _ = decode(&file);
        }
    }

    /// 8x8 pixels of one grey, baseline.
    const JPEG: &[u8] = &[
        0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 0xff, 0xc0, 0x00, 0x0b, 8, 0, 8, 0, 8, 1, 1, 0x11, 0, 0xff, 0xc4, 0x00, 0x14, 0x00, 1, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xc4, 0x00, 0x14, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0xff, 0xda, 0x00, 0x08, 1, 1, 0x00, 0, 63, 0, 0x3f, 0xff, 0xd9,
    ];

    #[test]
    fn jpeg() {
        let picture = decode(JPEG).unwrap();
        assert_eq!((picture.bitmap.width(), picture.bitmap.height()), (8, 8));
        assert!(picture.bitmap.pixels().iter().all(|pixel| *pixel == [128, 128, 128, 255]));
    }
}
