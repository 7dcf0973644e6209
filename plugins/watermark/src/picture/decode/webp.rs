//! WebP stills, lossy and lossless. Of an animation the first picture.

use std::io::Cursor;

use super::{MAX_SCRATCH, Picture, PictureError, bitmap, checked, opaque};

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, PictureError> {
    let damaged = |error: image_webp::DecodingError| PictureError::Damaged(error.to_string());
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    decoder.set_memory_limit(MAX_SCRATCH);
    let (width, height) = decoder.dimensions();
    let (width, height) = checked(width.into(), height.into())?;
    let size = decoder.output_buffer_size().ok_or(PictureError::Size { width: width.into(), height: height.into() })?;
    let mut samples = vec![0; size];
    decoder.read_image(&mut samples).map_err(damaged)?;
    let pixels = if decoder.has_alpha() { samples.as_chunks().0.to_vec() } else { opaque(&samples) };
    let animated = decoder.is_animated() && decoder.num_frames() > 1;
    bitmap(width, height, pixels).map(|bitmap| Picture { bitmap, animated })
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::super::tests::replace_each_byte;
    use image_webp::{ColorType, WebPEncoder};

    fn file(colour: ColorType, data: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        WebPEncoder::new(&mut file).encode(data, 2, 1, colour).unwrap();
        file
    }

    #[test]
    fn with_and_without_alpha() {
        let opaque = decode(&file(ColorType::Rgb8, &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(opaque.bitmap.pixels(), [[1, 2, 3, 255], [4, 5, 6, 255]]);
        let alpha = decode(&file(ColorType::Rgba8, &[1, 2, 3, 128, 4, 5, 6, 255])).unwrap();
        assert_eq!(alpha.bitmap.pixels(), [[1, 2, 3, 128], [4, 5, 6, 255]]);
        assert!(!alpha.animated);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = file(ColorType::Rgba8, &[1, 2, 3, 128, 4, 5, 6, 255]);
        assert_eq!(decode(&good[..24]).unwrap_err().code(), "PictureDamaged");
        replace_each_byte(&good);
    }
}
