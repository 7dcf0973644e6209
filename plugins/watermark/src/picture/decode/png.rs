//! PNG of every colour type, and animated PNG.
//!
//! Samples of 16 bits are rounded to 8. `sRGB`, `gAMA`, `cHRM` and `iCCP` are ignored: every file is taken as sRGB, which is
//! what nearly all are.

use std::io::Cursor;
use std::sync::Arc;

use png::{BitDepth, BlendOp, ColorType, Decoder, DisposeOp, InterlaceInfo, Limits, Reader, Transformations};
use wasmux_sdk::kernels::Bitmap;

use super::canvas::{After, Canvas, Part};
use super::{MAX_SCRATCH, PictureError, Pictures, checked, damaged, duration};

const SECOND: i64 = 1_000_000_000;

pub(super) struct Png {
    reader: Reader<Cursor<Arc<[u8]>>>,
    canvas: Canvas,
    /// Pictures that are to come.
    left: u32,
    /// Whether the reader stands at the rows of the next picture.
    ready: bool,
}

impl Png {
    pub(super) fn new(bytes: &Arc<[u8]>, max_side: u32) -> Result<Self, PictureError> {
        let mut decoder = Decoder::new_with_limits(Cursor::new(Arc::clone(bytes)), Limits { bytes: MAX_SCRATCH });
        decoder.set_transformations(Transformations::EXPAND);
        // Text and profiles are of no use here, and they are where a small file can hide much data.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        let header = decoder.read_header_info().map_err(damaged)?;
        let (width, height) = checked(header.width.into(), header.height.into())?;
        if width.max(height) > max_side {
            return Err(PictureError::Size { width: width.into(), height: height.into() });
        }
        let reader = decoder.read_info().map_err(damaged)?;
        let pictures = reader.info().animation_control().map_or(1, |control| control.num_frames.max(1));
        // The file's still picture, which comes first, may be none of the animation's.
        let ready = reader.info().animation_control().is_none() || reader.info().frame_control().is_some();
        Ok(Self { reader, canvas: Canvas::new(width, height), left: pictures, ready })
    }

    fn decode(&mut self) -> Result<(), PictureError> {
        if !std::mem::take(&mut self.ready) {
            self.reader.next_frame_info().map_err(damaged)?;
        }
        let info = self.reader.info();
        let control = info.frame_control().copied();
        let (width, height) = control.map_or((info.width, info.height), |control| (control.width, control.height));
        let width = width as usize;
        let (colour, depth) = self.reader.output_color_type();
        let mut pixels = vec![[0; 4]; width * height as usize];
        let mut row = Vec::with_capacity(width);
        let mut start = 0;
        // By rows, since all samples of 16 bits at once would take twice the memory of their pixels.
        while let Some(next) = self.reader.next_interlaced_row().map_err(damaged)? {
            row.clear();
            if depth == BitDepth::Sixteen {
                let samples: Vec<u8> = next.data().as_chunks().0.iter().map(|sample| rounded(*sample)).collect();
                push(&samples, colour, &mut row)?;
            } else {
                push(next.data(), colour, &mut row)?;
            }
            match next.interlace() {
                InterlaceInfo::Null(_) => {
                    pixels.iter_mut().skip(start).zip(&row).for_each(|(pixel, new)| *pixel = *new);
                    start += width;
                }
                InterlaceInfo::Adam7(pass) => {
                    png::expand_interlaced_row(pixels.as_flattened_mut(), width * 4, row.as_flattened(), pass, 32);
                }
            }
        }
        let control = control.unwrap_or_default();
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

/// Adds the pixels of samples of 8 bits.
fn push(samples: &[u8], colour: ColorType, pixels: &mut Vec<[u8; 4]>) -> Result<(), PictureError> {
    match colour {
        ColorType::Grayscale => pixels.extend(samples.iter().map(|&grey| [grey, grey, grey, 255])),
        ColorType::GrayscaleAlpha => {
            pixels.extend(samples.as_chunks().0.iter().map(|&[grey, alpha]| [grey, grey, grey, alpha]));
        }
        ColorType::Rgb => {
            pixels.extend(samples.as_chunks().0.iter().map(|&[red, green, blue]| [red, green, blue, 255]));
        }
        ColorType::Rgba => pixels.extend_from_slice(samples.as_chunks().0),
        ColorType::Indexed => return Err(damaged("its palette is missing")),
    }
    Ok(())
}

/// The nearest of the 8-bit values to a sample of 16 bits.
fn rounded(sample: [u8; 2]) -> u8 {
    let most = u32::from(u16::MAX);
    let nearest = (u32::from(u16::from_be_bytes(sample)) * 255 + most / 2) / most;
    u8::try_from(nearest).unwrap_or(u8::MAX)
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
mod tests;
