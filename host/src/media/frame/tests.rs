use proptest::prelude::*;

use super::*;
use crate::task::Rational;

fn picture(width: u32, height: u32, pixel_format: PixelFormat) -> Picture {
    Picture { width, height, pixel_format, sample_aspect: Rational::ONE, frame_rate: None, colour: Colour::UNSPECIFIED }
}

fn whole(frame: &Frame, plane: u8) -> Vec<u8> {
    let (width, height) = frame.plane_size(plane).unwrap();
    let mut out = Vec::new();
    frame.read_rect(plane, Rect { x: 0, y: 0, width, height }, &mut out).unwrap();
    out
}

#[test]
fn blank_is_black_and_opaque() {
    let frame = Frame::blank(&picture(5, 3, PixelFormat::Yuva420p), 7, 8, 9).unwrap();
    assert_eq!((frame.width(), frame.height(), frame.time_ns, frame.duration_ns, frame.index), (5, 3, 7, 8, 9));
    assert_eq!(whole(&frame, 0), [16; 15]);
    assert_eq!(whole(&frame, 1), [128; 6]);
    assert_eq!(whole(&frame, 3), [255; 15]);
    let deep = Frame::blank(&picture(2, 1, PixelFormat::Yuv422p10le), 0, 0, 0).unwrap();
    assert_eq!(whole(&deep, 0), [64, 0, 64, 0]);
    assert_eq!(whole(&deep, 2), [0, 2]);
}

#[test]
fn full_range_black_is_zero() {
    let mut picture = picture(2, 2, PixelFormat::Yuv444p);
    picture.colour.full_range = true;
    assert_eq!(whole(&Frame::blank(&picture, 0, 0, 0).unwrap(), 0), [0; 4]);
}

#[test]
fn impossible_sizes_are_refused() {
    for (width, height) in [(0, 10), (u32::MAX, 1), (1 << 20, 1 << 20)] {
        assert!(Frame::blank(&picture(width, height, PixelFormat::Yuv420p), 0, 0, 0).is_err());
    }
}

#[test]
fn errors_name_the_fault() {
    let mut frame = Frame::blank(&picture(4, 4, PixelFormat::Yuv420p), 0, 0, 0).unwrap();
    let inside = Rect { x: 0, y: 0, width: 2, height: 2 };
    let outside = Rect { x: 3, y: 0, width: 2, height: 1 };
    let mut out = Vec::new();
    assert_eq!(frame.read_rect(3, inside, &mut out), Err(RectError::NoSuchPlane { plane: 3, planes: 3 }));
    let error = frame.read_rect(0, outside, &mut out).unwrap_err();
    assert_eq!(error, RectError::Outside { plane: 0, area: outside, width: 4, height: 4 });
    assert_eq!(error.to_string(), "the rectangle 2x1 at (3, 0) leaves plane 0 of 4x4 samples");
    assert_eq!(frame.write_rect(1, inside, &[1; 3]), Err(RectError::WrongLength { expected: 4, found: 3 }));
    let hostile = Rect { x: u32::MAX, y: u32::MAX, width: u32::MAX, height: u32::MAX };
    assert!(frame.write_rect(0, hostile, &[]).is_err());
    assert!(out.is_empty());
}

#[test]
fn a_shared_picture_keeps_its_samples() {
    let first = Frame::blank(&picture(4, 2, PixelFormat::Yuv420p), 0, 0, 0).unwrap();
    let mut second = first.share().unwrap();
    second.write_rect(0, Rect { x: 0, y: 0, width: 4, height: 2 }, &[200; 8]).unwrap();
    assert_eq!(whole(&first, 0), [16; 8]);
    assert_eq!(whole(&second, 0), [200; 8]);
    second.make_writable().unwrap();
    assert_eq!(whole(&second, 0), [200; 8]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_nothing_else_changes(
        format in prop::sample::select(PixelFormat::ALL.to_vec()),
        width in 1u32..70, height in 1u32..40, plane in 0u8..4,
        x in 0u32..70, y in 0u32..40, w in 0u32..71, h in 0u32..41, seed: u8,
    ) {
        let mut frame = Frame::blank(&picture(width, height, format), 0, 0, 0).unwrap();
        let area = Rect { x, y, width: w, height: h };
        let data: Vec<u8> = (0..w as usize * h as usize * format.sample_bytes()).map(|i| (i as u8) ^ seed).collect();
        let fits = frame.plane_size(plane).is_some_and(|(pw, ph)| area.fits(pw, ph));
        prop_assert_eq!(frame.write_rect(plane, area, &data).is_ok(), fits);
        let mut back = vec![1, 2];
        prop_assert_eq!(frame.read_rect(plane, area, &mut back).is_ok(), fits);
        if !fits {
            prop_assert_eq!(back, [1, 2]);
            return Ok(());
        }
        prop_assert_eq!(&back[2..], data);
        let blank = Frame::blank(&picture(width, height, format), 0, 0, 0).unwrap();
        let bytes = format.sample_bytes();
        for other in 0..format.planes() {
            let (before, after) = (whole(&blank, other), whole(&frame, other));
            let row = frame.plane_size(other).unwrap().0 as usize * bytes;
            for (at, (old, new)) in before.iter().zip(&after).enumerate() {
                let (px, py) = ((at % row / bytes) as u32, (at / row) as u32);
                let written = other == plane && (x..x + w).contains(&px) && (y..y + h).contains(&py);
                if !written {
                    prop_assert_eq!(old, new);
                }
            }
        }
    }
}
