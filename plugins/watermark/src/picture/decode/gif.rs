//! GIF stills. Of an animation the first picture.

use std::num::NonZeroU64;

use super::{MAX_SIDE, Picture, PictureError, bitmap, checked};

/// What one picture may take when it is decoded, in bytes: the largest canvas in RGBA.
const MAX_PICTURE: NonZeroU64 = NonZeroU64::new(4 * (MAX_SIDE as u64) * (MAX_SIDE as u64)).unwrap();

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, PictureError> {
    let damaged = |error: ::gif::DecodingError| PictureError::Damaged(error.to_string());
    let mut options = ::gif::DecodeOptions::new();
    options.set_color_output(::gif::ColorOutput::RGBA);
    options.set_memory_limit(::gif::MemoryLimit::Bytes(MAX_PICTURE));
    let mut decoder = options.read_info(bytes).map_err(damaged)?;
    let (width, height) = checked(decoder.width().into(), decoder.height().into())?;
    let mut canvas = vec![[0; 4]; width as usize * height as usize];
    let Some(frame) = decoder.read_next_frame().map_err(damaged)? else {
        return Err(PictureError::Damaged("it has no picture".to_owned()));
    };
    // A picture may be smaller than the canvas, which is transparent beside it, and may even leave it.
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let source = frame.buffer.as_chunks::<4>().0.chunks(usize::from(frame.width).max(1));
    for (to, from) in canvas.chunks_mut(width as usize).skip(top).zip(source) {
        for (to, from) in to.iter_mut().skip(left).zip(from) {
            *to = *from;
        }
    }
    // Whatever is wrong behind the first picture does not concern it.
    let animated = matches!(decoder.next_frame_info(), Ok(Some(_)));
    bitmap(width, height, canvas).map(|bitmap| Picture { bitmap, animated })
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::super::tests::replace_each_byte;

    /// Pictures of `width` x 1 pixels of a palette of red, green and transparent, at `left` on a canvas of 3 x 2.
    fn file(pictures: &[(u16, &[u8])]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = ::gif::Encoder::new(&mut file, 3, 2, &[255, 0, 0, 0, 255, 0, 9, 9, 9]).unwrap();
        for (left, indices) in pictures {
            let frame = ::gif::Frame {
                left: *left,
                width: u16::try_from(indices.len()).unwrap(),
                height: 1,
                transparent: Some(2),
                buffer: (*indices).into(),
                ..::gif::Frame::default()
            };
            encoder.write_frame(&frame).unwrap();
        }
        drop(encoder);
        file
    }

    #[test]
    fn a_picture_lies_on_a_transparent_canvas() {
        let picture = decode(&file(&[(1, &[0, 1])])).unwrap();
        assert_eq!((picture.bitmap.width(), picture.bitmap.height(), picture.animated), (3, 2, false));
        assert_eq!(picture.bitmap.row(0), [[0; 4], [255, 0, 0, 255], [0, 255, 0, 255]]);
        assert_eq!(picture.bitmap.row(1), [[0; 4]; 3]);
    }

    #[test]
    fn transparent_pixels_have_no_alpha() {
        let picture = decode(&file(&[(0, &[2, 0, 2])])).unwrap();
        assert_eq!(picture.bitmap.row(0).iter().map(|pixel| pixel[3]).collect::<Vec<_>>(), [0, 255, 0]);
    }

    #[test]
    fn what_leaves_the_canvas_is_cut() {
        let picture = decode(&file(&[(2, &[1, 0])])).unwrap();
        assert_eq!(picture.bitmap.row(0), [[0; 4], [0; 4], [0, 255, 0, 255]]);
    }

    #[test]
    fn an_animation_gives_its_first_picture() {
        let picture = decode(&file(&[(0, &[0, 0, 0]), (0, &[1, 1, 1])])).unwrap();
        assert!(picture.animated);
        assert_eq!(picture.bitmap.row(0), [[255, 0, 0, 255]; 3]);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = file(&[(0, &[0, 1, 2])]);
        assert_eq!(decode(&good[..20]).unwrap_err().code(), "PictureDamaged");
        replace_each_byte(&good);
    }

    #[test]
    fn a_canvas_over_the_limit_is_refused_before_it_is_allocated() {
        let mut large = file(&[(0, &[0, 1, 2])]);
        large[6..10].copy_from_slice(&[0xff; 4]);
        assert_eq!(decode(&large).unwrap_err().code(), "PictureTooLarge");
    }
}
