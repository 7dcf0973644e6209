//! JPEG, in colour and in grey.

use wasmux_sdk::kernels::Bitmap;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{MAX_SIDE, PictureError, bitmap, checked, damaged, opaque};

pub(super) fn decode(bytes: &[u8]) -> Result<Bitmap, PictureError> {
    let side = MAX_SIDE as usize;
    let options =
        DecoderOptions::new_safe().set_max_width(side).set_max_height(side).jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let samples = decoder.decode().map_err(damaged)?;
    let info = decoder.info().ok_or_else(|| damaged("it has no header"))?;
    let (width, height) = checked(info.width.into(), info.height.into())?;
    let pixels = match decoder.output_colorspace() {
        Some(ColorSpace::RGB) => opaque(&samples),
        Some(ColorSpace::Luma) => samples.iter().map(|&grey| [grey, grey, grey, 255]).collect(),
        other => return Err(PictureError::Damaged(format!("its colours are {other:?}"))),
    };
    bitmap(width, height, pixels)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{replace_each_byte, stills};

    /// 8x8 pixels of one grey, baseline.
    const JPEG: &[u8] = &[
        0xff, 0xd8, 0xff, 0xdb, 0x00, 0x43, 0x00, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 0xff, 0xc0, 0x00, 0x0b, 8, 0, 8, 0, 8, 1, 1, 0x11, 0, 0xff, 0xc4, 0x00, 0x14, 0x00, 1, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xc4, 0x00, 0x14, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0xff, 0xda, 0x00, 0x08, 1, 1, 0x00, 0, 63, 0, 0x3f, 0xff, 0xd9,
    ];

    #[test]
    fn grey() {
        let picture = &stills(JPEG).unwrap()[0];
        assert_eq!((picture.width(), picture.height()), (8, 8));
        assert!(picture.pixels().iter().all(|pixel| *pixel == [128, 128, 128, 255]));
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        assert_eq!(stills(b"\xff\xd8\xff\xe0 no more").unwrap_err().code(), "PictureDamaged");
        replace_each_byte(JPEG);
    }
}
