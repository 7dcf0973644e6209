//! Blur and interpolation, by property.

use proptest::prelude::*;

use super::{Blur, BlurBuffer, Interpolate};
use crate::Rect;
use crate::testing::{Chroma, FakeFrame, Picture, picture};

fn blur(fake: &mut FakeFrame, area: Rect, radius: u32) {
    let blur = Blur::new(area, radius, &fake.setup().clone());
    let mut buffer = BlurBuffer::default();
    let mut frame = fake.frame();
    for plane in blur.planes() {
        let mut rows = frame.read(plane.plane(), plane.area());
        plane.apply(&mut rows, &mut buffer);
        frame.write(plane.plane(), plane.area(), &rows);
    }
}

fn interpolate(fake: &mut FakeFrame, area: Rect, radius: u32) {
    let mut fill = Interpolate::new(area, radius, &fake.setup().clone());
    let mut frame = fake.frame();
    for plane in fill.planes_mut() {
        let mut rows = frame.read(plane.plane(), plane.area());
        let borders = plane.borders().map(|at| at.map(|at| frame.read(plane.plane(), at)).unwrap_or_default());
        plane.apply(&mut rows, &borders);
        frame.write(plane.plane(), plane.area(), &rows);
    }
}

/// Every sample by its plane and place, in steps of 8 bits that deeper formats scale up.
fn drawn(picture: &Picture, value: impl Fn(u8, u32, u32) -> u32) -> FakeFrame {
    let mut frame = picture.frame();
    let setup = picture.setup();
    let scale = (u32::from(setup.max_sample()) + 1) / 256;
    for plane in 0..setup.planes() {
        let (width, height) = setup.plane_size(plane);
        for y in 0..height {
            for x in 0..width {
                frame.set_sample(plane, x, y, u16::try_from(value(plane, x, y) % 256 * scale).unwrap());
            }
        }
    }
    frame
}

fn noise(plane: u8, x: u32, y: u32) -> u32 {
    (x * 7919 + y * 104_729 + u32::from(plane) * 31) / 7
}

fn any_picture() -> impl Strategy<Value = Picture> {
    (1u32..24, 1u32..24, prop::sample::select(Chroma::ALL.to_vec()), prop::sample::select(vec![8, 10]), any::<bool>())
        .prop_map(|(width, height, chroma, bits, alpha)| {
            picture(width, height).chroma(chroma).bit_depth(bits).alpha(alpha)
        })
}

fn any_area() -> impl Strategy<Value = Rect> {
    (0u32..26, 0u32..26, 0u32..26, 0u32..26).prop_map(|(x, y, width, height)| Rect::new(x, y, width, height))
}

fn same_outside(before: &FakeFrame, after: &FakeFrame, area: Rect) -> Result<(), TestCaseError> {
    let setup = before.setup();
    for plane in 0..setup.planes() {
        let touched = setup.plane_area(plane, area);
        let (width, height) = setup.plane_size(plane);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            if plane == 3 || !touched.contains(Rect::new(x, y, 1, 1)) {
                prop_assert_eq!(
                    before.sample(plane, x, y),
                    after.sample(plane, x, y),
                    "plane {} at {},{}",
                    plane,
                    x,
                    y
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_outside_is_touched(picture in any_picture(), area in any_area(), radius in 0u32..40) {
        let before = drawn(&picture, noise);
        let (mut blurred, mut filled) = (before.clone(), before.clone());
        blur(&mut blurred, area, radius);
        interpolate(&mut filled, area, radius);
        same_outside(&before, &blurred, area)?;
        same_outside(&before, &filled, area)?;
    }

    #[test]
    fn flat_stays_flat(picture in any_picture(), area in any_area(), radius in 0u32..40, value in 0u32..256) {
        let before = drawn(&picture, |_, _, _| value);
        let (mut blurred, mut filled) = (before.clone(), before.clone());
        blur(&mut blurred, area, radius);
        interpolate(&mut filled, area, radius);
        prop_assert!(blurred == before);
        prop_assert!(filled == before);
    }

    #[test]
    fn a_ramp_is_filled_by_the_ramp(chroma in prop::sample::select(Chroma::ALL.to_vec()), bits in prop::sample::select(vec![8, 10]),
        x in 2u32..10, y in 2u32..10, width in 1u32..20, height in 1u32..20, radius in 0u32..9) {
        let ramp = drawn(&picture(34, 34).chroma(chroma).bit_depth(bits), |plane, x, y| x * 3 + y * 4 + u32::from(plane));
        let mut filled = ramp.clone();
        let area = Rect::new(x, y, width, height);
        // What was there must not matter.
        for plane in 0..3 {
            let hidden = ramp.setup().plane_area(plane, area);
            for (x, y) in (0..hidden.height).flat_map(|y| (0..hidden.width).map(move |x| (hidden.x + x, hidden.y + y))) {
                filled.set_sample(plane, x, y, 0);
            }
        }
        interpolate(&mut filled, area, radius);
        for plane in 0..3 {
            for (a, b) in ramp.samples(plane).iter().zip(filled.samples(plane)) {
                prop_assert!(i32::from(*a).abs_diff(i32::from(b)) <= 1, "{a} became {b}");
            }
        }
    }

    #[test]
    fn a_fill_is_the_mean_weighted_by_the_inverse_distances(picture in any_picture(), area in any_area()) {
        let before = drawn(&picture, noise);
        let mut filled = before.clone();
        interpolate(&mut filled, area, 0);
        let setup = picture.setup();
        let area = area.intersection(setup.area());
        for plane in 0..if area.is_empty() { 0 } else { 3 } {
            let (width, height) = setup.plane_size(plane);
            let area = setup.plane_area(plane, area);
            let (right, bottom) = (area.x + area.width, area.y + area.height);
            for (x, y) in (area.y..bottom).flat_map(|y| (area.x..right).map(move |x| (x, y))) {
                let borders = [
                    (area.x > 0).then(|| (area.x - 1, y, x + 1 - area.x)),
                    (right < width).then_some((right, y, right - x)),
                    (area.y > 0).then(|| (x, area.y - 1, y + 1 - area.y)),
                    (bottom < height).then_some((x, bottom, bottom - y)),
                ];
                let (mut sum, mut weight) = (0.0, 0.0);
                for (x, y, distance) in borders.into_iter().flatten() {
                    sum += f64::from(before.sample(plane, x, y)) / f64::from(distance);
                    weight += 1.0 / f64::from(distance);
                }
                if weight > 0.0 {
                    let sample = f64::from(filled.sample(plane, x, y));
                    prop_assert!((sample - sum / weight).abs() < 0.6, "{} at {},{} of plane {}", sample, x, y, plane);
                }
            }
        }
    }

    #[test]
    fn eight_and_ten_bits_agree(chroma in prop::sample::select(Chroma::ALL.to_vec()), area in any_area(), radius in 0u32..40) {
        let shallow = picture(23, 19).chroma(chroma);
        let deep = picture(23, 19).chroma(chroma).bit_depth(10);
        for change in [blur, interpolate] {
            let (mut eight, mut ten) = (drawn(&shallow, noise), drawn(&deep, noise));
            change(&mut eight, area, radius);
            change(&mut ten, area, radius);
            for plane in 0..3 {
                for (a, b) in eight.samples(plane).iter().zip(ten.samples(plane)) {
                    prop_assert!((f64::from(*a) - f64::from(b) / 4.0).abs() <= 1.5, "{a} and {b}");
                }
            }
        }
    }
}

#[test]
fn a_blur_spreads_a_point_evenly() {
    let mut fake = drawn(&picture(33, 33), |_, x, y| if (x, y) == (16, 16) { 255 } else { 0 });
    blur(&mut fake, Rect::new(0, 0, 33, 33), 1);
    assert_eq!(fake.sample(0, 16, 16), 17);
    for (x, y) in [(15, 16), (17, 16), (16, 15), (16, 17)] {
        assert_eq!(fake.sample(0, x, y), 15);
    }
    assert_eq!(fake.sample(0, 20, 16), 0);
}

#[test]
fn the_whole_frame_becomes_its_mean() {
    let mut fake = drawn(&picture(8, 6), |_, x, _| if x < 2 { 0 } else { 200 });
    interpolate(&mut fake, Rect::new(0, 0, 8, 6), 2);
    assert!(fake.samples(0).iter().all(|&sample| sample == 150));
}

#[test]
fn at_the_frame_s_edge_only_existing_edges_count() {
    let mut fake = drawn(&picture(16, 16), |_, x, _| if x < 8 { 0 } else { 90 });
    interpolate(&mut fake, Rect::new(0, 0, 8, 16), 0);
    assert!(fake.samples(0).iter().all(|&sample| sample == 90));
}
