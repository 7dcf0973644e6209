//! PNG of every colour type, and animated PNG.

use std::io::Cursor;
use std::rc::Rc;

use png::{BlendOp, ColorType, Decoder, DisposeOp, Limits, Reader, Transformations};
use wasmux_sdk::kernels::Bitmap;

use super::canvas::{After, Canvas, Part};
use super::{MAX_SCRATCH, PictureError, Pictures, checked, damaged, duration, opaque};

const SECOND: i64 = 1_000_000_000;

pub(super) struct Png {
    reader: Reader<Cursor<Rc<[u8]>>>,
    canvas: Canvas,
    samples: Vec<u8>,
    /// Pictures that are to come.
    left: u32,
    /// Whether the file's still picture, which comes first, is none of the animation's.
    skip: bool,
}

impl Png {
    pub(super) fn new(bytes: &Rc<[u8]>) -> Result<Self, PictureError> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(Rc::clone(bytes)), Limits { bytes: MAX_SCRATCH });
        decoder.set_transformations(Transformations::normalize_to_color8());
        // Text and profiles are of no use here, and they are where a small file can hide much data.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let header = decoder.read_header_info().map_err(damaged)?;
        let (width, height) = checked(header.width.into(), header.height.into())?;
        let reader = decoder.read_info().map_err(damaged)?;
        let size =
            reader.output_buffer_size().ok_or(PictureError::Size { width: width.into(), height: height.into() })?;
        let pictures = reader.info().animation_control().map_or(1, |control| control.num_frames.max(1));
        let skip = reader.info().animation_control().is_some() && reader.info().frame_control().is_none();
        Ok(Self { reader, canvas: Canvas::new(width, height), samples: vec![0; size], left: pictures, skip })
    }

    fn decode(&mut self) -> Result<(), PictureError> {
        if std::mem::take(&mut self.skip) {
            self.reader.next_frame(&mut self.samples).map_err(damaged)?;
        }
        let frame = self.reader.next_frame(&mut self.samples).map_err(damaged)?;
        let info = self.reader.info();
        let control = info.frame_control().copied().unwrap_or_default();
        // The rows of a part lie one after the other, but for an interlaced file: there they lie as in the canvas.
        let channels = frame.color_type.samples();
        let stride = if info.interlaced { info.width as usize * channels } else { frame.line_size };
        let width = frame.width as usize;
        let mut pixels = Vec::with_capacity(width * frame.height as usize);
        for row in self.samples.chunks(stride.max(1)).take(frame.height as usize) {
            let row = &row[..(width * channels).min(row.len())];
            match frame.color_type {
                ColorType::GrayscaleAlpha => {
                    pixels.extend(row.as_chunks().0.iter().map(|&[grey, alpha]| [grey, grey, grey, alpha]));
                }
                ColorType::Rgb => pixels.extend(opaque(row)),
                ColorType::Rgba => pixels.extend_from_slice(row.as_chunks().0),
                ColorType::Grayscale => pixels.extend(row.iter().map(|&grey| [grey, grey, grey, 255])),
                ColorType::Indexed => return Err(damaged("its palette is missing")),
            }
        }
        self.canvas.lay(&Part {
            left: control.x_offset as usize,
            top: control.y_offset as usize,
            width,
            pixels: &pixels,
            over: control.blend_op == BlendOp::Over,
            after: match control.dispose_op {
                DisposeOp::None => After::Keep,
                DisposeOp::Background => After::Clear,
                DisposeOp::Previous => After::Restore,
            },
        });
        Ok(())
    }
}

impl Pictures for Png {
    fn size(&self) -> (u32, u32) {
        (self.canvas.bitmap().width(), self.canvas.bitmap().height())
    }

    fn next(&mut self) -> Result<Option<(&Bitmap, i64)>, PictureError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.decode()?;
        let control = self.reader.info().frame_control().copied().unwrap_or_default();
        // A denominator of 0 stands for hundredths.
        let unit = SECOND / i64::from(if control.delay_den == 0 { 100 } else { control.delay_den });
        Ok(Some((self.canvas.bitmap(), duration(control.delay_num.into(), unit))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{animation, replace_each_byte, stills};
    use png::{BitDepth, BlendOp, ColorType, DisposeOp, Encoder, Filter};

    fn encoded(colour: ColorType, depth: BitDepth, palette: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 2, 1);
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
    fn every_colour_type() {
        let pixels = |file: &[u8]| stills(file).unwrap()[0].pixels().to_vec();
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

    #[test]
    fn one_colour_can_be_transparent() {
        let with = |colour, key: &[u8], data: &[u8]| {
            let mut file = Vec::new();
            let mut encoder = Encoder::new(&mut file, 2, 1);
            encoder.set_color(colour);
            encoder.set_trns(key.to_vec());
            encoder.write_header().unwrap().write_image_data(data).unwrap();
            stills(&file).unwrap()[0].pixels().to_vec()
        };
        assert_eq!(with(ColorType::Grayscale, &[0, 7], &[7, 8]), [[7, 7, 7, 0], [8, 8, 8, 255]]);
        let rgb = with(ColorType::Rgb, &[0, 1, 0, 2, 0, 3], &[1, 2, 3, 1, 2, 4]);
        assert_eq!(rgb, [[1, 2, 3, 0], [1, 2, 4, 255]]);
    }

    #[test]
    fn interlaced() {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 1, 2);
        encoder.set_color(ColorType::Grayscale);
        encoder.set_filter(Filter::NoFilter);
        encoder.write_header().unwrap().write_image_data(&[7, 200]).unwrap();
        // Two rows of one pixel are, byte by byte, the first and the sixth pass of two interlaced columns.
        file[16..24].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 1]);
        file[28] = 1;
        let crc = file[12..29].iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
        });
        file[29..33].copy_from_slice(&(!crc).to_be_bytes());
        let picture = &stills(&file).unwrap()[0];
        assert_eq!(picture.pixels(), [[7, 7, 7, 255], [200, 200, 200, 255]]);
    }

    /// Parts of one row on a canvas of 3 x 1: where they lie, their pixels.
    fn animated(parts: &[(u32, &[[u8; 4]])], dispose: DisposeOp, blend: BlendOp, separate: bool) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 3, 1);
        encoder.set_color(ColorType::Rgba);
        encoder.set_animated(u32::try_from(parts.len()).unwrap(), 0).unwrap();
        encoder.set_sep_def_img(separate).unwrap();
        encoder.set_frame_delay(3, 50).unwrap();
        encoder.set_dispose_op(dispose).unwrap();
        encoder.set_blend_op(blend).unwrap();
        let mut writer = encoder.write_header().unwrap();
        if separate {
            writer.write_image_data(&[99; 12]).unwrap();
        }
        for (index, (left, pixels)) in parts.iter().enumerate() {
            // The first one is the canvas unless the file's still picture is.
            if index > 0 || separate {
                writer.set_frame_dimension(u32::try_from(pixels.len()).unwrap(), 1).unwrap();
                writer.set_frame_position(*left, 0).unwrap();
            }
            writer.write_image_data(pixels.as_flattened()).unwrap();
        }
        writer.finish().unwrap();
        file
    }

    const RED: [u8; 4] = [255, 0, 0, 255];
    const GREEN: [u8; 4] = [0, 255, 0, 255];

    #[test]
    fn animations_are_laid_over_each_other_as_the_file_says() {
        let parts: [(u32, &[[u8; 4]]); 3] = [(0, &[RED; 3]), (1, &[GREEN, [0; 4]]), (0, &[GREEN])];
        for separate in [false, true] {
            for (dispose, blend, second, third) in [
                (DisposeOp::None, BlendOp::Over, [RED, GREEN, RED], [GREEN, GREEN, RED]),
                (DisposeOp::None, BlendOp::Source, [RED, GREEN, [0; 4]], [GREEN, GREEN, [0; 4]]),
                (DisposeOp::Background, BlendOp::Over, [[0; 4], GREEN, [0; 4]], [GREEN, [0; 4], [0; 4]]),
                (DisposeOp::Previous, BlendOp::Source, [[0; 4], GREEN, [0; 4]], [GREEN, [0; 4], [0; 4]]),
            ] {
                let pictures = animation(&animated(&parts, dispose, blend, separate)).unwrap();
                let rows: Vec<_> = pictures.iter().map(|(bitmap, _)| bitmap.row(0).to_vec()).collect();
                assert_eq!(rows, [[RED; 3], second, third], "{dispose:?} {blend:?} {separate}");
                assert!(pictures.iter().all(|(_, nanos)| *nanos == 60_000_000));
            }
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = encoded(ColorType::Indexed, BitDepth::Eight, Some(&[1, 2, 3, 4, 5, 6]), &[1, 0]);
        assert_eq!(stills(&good[..40]).unwrap_err().code(), "PictureDamaged");
        replace_each_byte(&good);
        replace_each_byte(&animated(&[(0, &[RED; 3]), (1, &[GREEN])], DisposeOp::Previous, BlendOp::Over, true));
    }

    #[test]
    fn a_canvas_over_the_limit_is_refused() {
        let mut large = Vec::new();
        let mut encoder = Encoder::new(&mut large, 4097, 1);
        encoder.set_color(ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[0; 4097]).unwrap();
        assert_eq!(stills(&large).unwrap_err().code(), "PictureTooLarge");
    }
}
