//! JPEG in grey, RGB, CMYK and YCCK, baseline and progressive, with the orientation that its Exif block says.
//!
//! Inks are stored as Adobe does, inverted: 255 is no ink. Files without Adobe's marker are read so too, as other decoders do.
//! Profiles of colours are ignored, so that the colours of CMYK are those of ideal inks.

use wasmux_sdk::kernels::Bitmap;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::orientation::Orientation;
use super::{MAX_SIDE, PictureError, bitmap, checked, damaged};

pub(super) fn decode(bytes: &[u8]) -> Result<Bitmap, PictureError> {
    let side = MAX_SIDE as usize;
    let options =
        DecoderOptions::new_safe().set_max_width(side).set_max_height(side).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(damaged)?;
    let info = decoder.info().ok_or_else(|| damaged("it has no header"))?;
    let stored = checked(info.width.into(), info.height.into())?;
    let (samples, rest) = samples.as_chunks();
    if decoder.output_colorspace() != Some(ColorSpace::RGB) || !rest.is_empty() {
        return Err(damaged(format!("its colours are {:?}", decoder.output_colorspace())));
    }
    let orientation = decoder.exif().map_or(Orientation::default(), |exif| Orientation::of_exif(exif));
    let (width, height) = orientation.size(stored);
    let stored = orientation.indices(stored).map_while(|index| samples.get(index));
    // As many as there will be at once: twice as many on the way would be too much for the guest's memory.
    let mut pixels = Vec::with_capacity(samples.len());
    pixels.extend(stored.map(|&[red, green, blue]| [red, green, blue, 255]));
    bitmap(width, height, pixels)
}

#[cfg(test)]
mod tests;
