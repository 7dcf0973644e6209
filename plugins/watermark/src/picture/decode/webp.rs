//! WebP, lossy and lossless, still and animated.

use std::io::Cursor;
use std::sync::Arc;

use image_webp::{DecodingError, WebPDecoder};
use wasmux_sdk::kernels::Bitmap;

use super::{MAX_SCRATCH, PictureError, Pictures, Still, bitmap, checked, damaged, duration, opaque};

/// The unit of its times, in nanoseconds.
const UNIT: i64 = 1_000_000;

pub(super) fn open(bytes: &Arc<[u8]>) -> Result<Box<dyn Pictures>, PictureError> {
    let mut decoder = WebPDecoder::new(Cursor::new(Arc::clone(bytes))).map_err(damaged)?;
    decoder.set_memory_limit(MAX_SCRATCH);
    let (width, height) = decoder.dimensions();
    let (width, height) = checked(width.into(), height.into())?;
    let size = decoder.output_buffer_size().ok_or(PictureError::Size { width: width.into(), height: height.into() })?;
    let mut samples = vec![0; size];
    if decoder.is_animated() {
        return Ok(Box::new(Animated { decoder, samples, shown: Bitmap::filled(width, height, [0; 4]) }));
    }
    decoder.read_image(&mut samples).map_err(damaged)?;
    let pixels = if decoder.has_alpha() { samples.as_chunks().0.to_vec() } else { opaque(&samples) };
    Ok(Box::new(Still::new(bitmap(width, height, pixels)?)))
}

/// The decoder lays the parts over each other itself.
struct Animated {
    decoder: WebPDecoder<Cursor<Arc<[u8]>>>,
    samples: Vec<u8>,
    shown: Bitmap,
}

impl Pictures for Animated {
    fn size(&self) -> (u32, u32) {
        (self.shown.width(), self.shown.height())
    }

    fn next(&mut self) -> Result<Option<(&Bitmap, i64)>, PictureError> {
        let units = match self.decoder.read_frame(&mut self.samples) {
            Ok(units) => units,
            Err(DecodingError::NoMoreFrames) => return Ok(None),
            Err(error) => return Err(damaged(error)),
        };
        if self.decoder.has_alpha() {
            self.shown.pixels_mut().copy_from_slice(self.samples.as_chunks().0);
        } else {
            for (pixel, &[red, green, blue]) in self.shown.pixels_mut().iter_mut().zip(self.samples.as_chunks().0) {
                *pixel = [red, green, blue, 255];
            }
        }
        Ok(Some((&self.shown, duration(units, UNIT))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{animation, replace_each_byte, stills};
    use image_webp::{ColorType, WebPEncoder};

    fn file(colour: ColorType, data: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        WebPEncoder::new(&mut file).encode(data, 2, 1, colour).unwrap();
        file
    }

    fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        let padding: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
        [name, &length[..], data, padding].concat()
    }

    /// Pictures of 2 x 1 pixels with their milliseconds; each takes the place of the one before.
    fn animated(pictures: &[([u8; 8], u8)]) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        // Alpha and animation; the canvas less one, in three bytes each.
        body.extend(chunk(b"VP8X", &[0b1_0010, 0, 0, 0, 1, 0, 0, 0, 0, 0]));
        body.extend(chunk(b"ANIM", &[0; 6]));
        for (pixels, milliseconds) in pictures {
            let still = file(ColorType::Rgba8, pixels);
            let head = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, *milliseconds, 0, 0, 0b10];
            body.extend(chunk(b"ANMF", &[&head, &still[12..]].concat()));
        }
        chunk(b"RIFF", &body)
    }

    #[test]
    fn with_and_without_alpha() {
        let opaque = stills(&file(ColorType::Rgb8, &[1, 2, 3, 4, 5, 6])).unwrap();
        assert_eq!(opaque[0].pixels(), [[1, 2, 3, 255], [4, 5, 6, 255]]);
        let alpha = stills(&file(ColorType::Rgba8, &[1, 2, 3, 128, 4, 5, 6, 255])).unwrap();
        assert_eq!(alpha[0].pixels(), [[1, 2, 3, 128], [4, 5, 6, 255]]);
        assert_eq!(alpha.len(), 1);
    }

    #[test]
    fn animations_have_all_their_pictures() {
        let pictures = animation(&animated(&[([1, 2, 3, 255, 4, 5, 6, 255], 40), ([7; 8], 0)])).unwrap();
        let pixels: Vec<_> = pictures.iter().map(|(bitmap, nanos)| (bitmap.pixels().to_vec(), *nanos)).collect();
        assert_eq!(pixels, [(vec![[1, 2, 3, 255], [4, 5, 6, 255]], 40_000_000), (vec![[7; 4], [7; 4]], 100_000_000)]);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = file(ColorType::Rgba8, &[1, 2, 3, 128, 4, 5, 6, 255]);
        assert_eq!(stills(&good[..24]).unwrap_err().code(), "PictureDamaged");
        assert_eq!(stills(b"RIFF\x04\0\0\0WEBP").unwrap_err().code(), "PictureDamaged");
        replace_each_byte(&good);
        replace_each_byte(&animated(&[([1, 2, 3, 255, 4, 5, 6, 255], 40), ([7; 8], 0)]));
    }
}
