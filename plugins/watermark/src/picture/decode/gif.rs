//! GIF, still and animated.

use std::io::Cursor;
use std::num::NonZeroU64;
use std::sync::Arc;

use gif::{ColorOutput, DecodeOptions, Decoder, DisposalMethod, MemoryLimit};
use wasmux_sdk::kernels::Bitmap;

use super::canvas::{After, Canvas, Part};
use super::{MAX_SIDE, PictureError, Pictures, checked, damaged, duration};

/// What one picture may take when it is decoded, in bytes: the largest canvas in RGBA.
const MAX_PICTURE: NonZeroU64 = NonZeroU64::new(4 * (MAX_SIDE as u64) * (MAX_SIDE as u64)).unwrap();
/// The unit of its times, in nanoseconds.
const UNIT: i64 = 10_000_000;

pub(super) struct Gif {
    decoder: Decoder<Cursor<Arc<[u8]>>>,
    canvas: Canvas,
    any: bool,
}

impl Gif {
    pub(super) fn new(bytes: &Arc<[u8]>) -> Result<Self, PictureError> {
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        options.set_memory_limit(MemoryLimit::Bytes(MAX_PICTURE));
        let decoder = options.read_info(Cursor::new(Arc::clone(bytes))).map_err(damaged)?;
        let (width, height) = checked(decoder.width().into(), decoder.height().into())?;
        Ok(Self { decoder, canvas: Canvas::new(width, height), any: false })
    }
}

impl Pictures for Gif {
    fn size(&self) -> (u32, u32) {
        (self.canvas.bitmap().width(), self.canvas.bitmap().height())
    }

    fn next(&mut self) -> Result<Option<(&Bitmap, i64)>, PictureError> {
        let Some(frame) = self.decoder.read_next_frame().map_err(damaged)? else {
            return if self.any { Ok(None) } else { Err(damaged("it has no picture")) };
        };
        self.any = true;
        self.canvas.lay(&Part {
            left: frame.left.into(),
            top: frame.top.into(),
            width: frame.width.into(),
            pixels: frame.buffer.as_chunks().0,
            over: true,
            after: match frame.dispose {
                DisposalMethod::Any | DisposalMethod::Keep => After::Keep,
                DisposalMethod::Background => After::Clear,
                DisposalMethod::Previous => After::Restore,
            },
        });
        Ok(Some((self.canvas.bitmap(), duration(frame.delay.into(), UNIT))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{animation, replace_each_byte, stills};
    use gif::{DisposalMethod, Encoder, Frame};

    /// Pictures of one row of a palette of red, green and transparent, at `left` on a canvas of 3 x 2.
    fn file(pictures: &[(u16, &[u8])]) -> Vec<u8> {
        encoded(pictures, 7, DisposalMethod::Keep)
    }

    fn encoded(pictures: &[(u16, &[u8])], delay: u16, dispose: DisposalMethod) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 3, 2, &[255, 0, 0, 0, 255, 0, 9, 9, 9]).unwrap();
        for (left, indices) in pictures {
            let frame = Frame {
                left: *left,
                width: u16::try_from(indices.len()).unwrap(),
                height: 1,
                transparent: Some(2),
                buffer: (*indices).into(),
                delay,
                dispose,
                ..Frame::default()
            };
            encoder.write_frame(&frame).unwrap();
        }
        drop(encoder);
        file
    }

    const RED: [u8; 4] = [255, 0, 0, 255];
    const GREEN: [u8; 4] = [0, 255, 0, 255];

    #[test]
    fn a_picture_lies_on_a_transparent_canvas() {
        let pictures = stills(&file(&[(1, &[0, 1])])).unwrap();
        assert_eq!((pictures.len(), pictures[0].width(), pictures[0].height()), (1, 3, 2));
        assert_eq!(pictures[0].row(0), [[0; 4], RED, GREEN]);
        assert_eq!(pictures[0].row(1), [[0; 4]; 3]);
    }

    #[test]
    fn transparent_pixels_have_no_alpha() {
        let pictures = stills(&file(&[(0, &[2, 0, 2])])).unwrap();
        assert_eq!(pictures[0].row(0).iter().map(|pixel| pixel[3]).collect::<Vec<_>>(), [0, 255, 0]);
    }

    #[test]
    fn what_leaves_the_canvas_is_cut() {
        assert_eq!(stills(&file(&[(2, &[1, 0])])).unwrap()[0].row(0), [[0; 4], [0; 4], GREEN]);
    }

    #[test]
    fn pictures_are_laid_over_each_other_as_the_file_says() {
        let parts: [(u16, &[u8]); 3] = [(0, &[0, 0, 0]), (1, &[1]), (2, &[1])];
        for (dispose, last) in [
            (DisposalMethod::Any, [RED, GREEN, GREEN]),
            (DisposalMethod::Keep, [RED, GREEN, GREEN]),
            (DisposalMethod::Background, [[0; 4], [0; 4], GREEN]),
            (DisposalMethod::Previous, [[0; 4], [0; 4], GREEN]),
        ] {
            let pictures = animation(&encoded(&parts, 7, dispose)).unwrap();
            assert_eq!(pictures.len(), 3);
            assert_eq!(pictures[0], (stills(&file(&[(0, &[0, 0, 0])])).unwrap().remove(0), 70_000_000));
            assert_eq!(pictures[2].0.row(0), last, "{dispose:?}");
        }
    }

    #[test]
    fn no_time_means_a_tenth_of_a_second() {
        for (delay, want) in [(0, 100), (1, 100), (2, 20), (65_535, 655_350)] {
            let pictures = animation(&encoded(&[(0, &[0]), (0, &[1])], delay, DisposalMethod::Keep)).unwrap();
            assert_eq!(pictures[1].1, want * 1_000_000);
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = file(&[(0, &[0, 1, 2]), (1, &[0, 1])]);
        assert_eq!(stills(&good[..20]).unwrap_err().code(), "PictureDamaged");
        assert_eq!(stills(b"GIF89a").unwrap_err().code(), "PictureDamaged");
        replace_each_byte(&good);
    }

    #[test]
    fn a_canvas_over_the_limit_is_refused_before_it_is_allocated() {
        let mut large = file(&[(0, &[0, 1, 2])]);
        large[6..10].copy_from_slice(&[0xff; 4]);
        assert_eq!(stills(&large).unwrap_err().code(), "PictureTooLarge");
    }
}
