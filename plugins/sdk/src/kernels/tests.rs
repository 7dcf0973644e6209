//! The kernels together, against a reference in floating point.

use proptest::prelude::*;

use super::*;
use crate::testing::{Chroma, FakeFrame, Picture, picture};
use crate::{Rect, Setup};

/// All ways in which a frame can be laid out.
fn pictures(width: u32, height: u32) -> Vec<Picture> {
    let mut all = Vec::new();
    for chroma in Chroma::ALL {
        for bits in [8, 10, 16] {
            for matrix in [1, 6, 9] {
                for full in [false, true] {
                    all.push(
                        picture(width, height).chroma(chroma).bit_depth(bits).colour(2, 2, matrix).full_range(full),
                    );
                }
            }
        }
    }
    all
}

/// A frame with a different value in every sample.
fn patterned(picture: &Picture) -> FakeFrame {
    let mut frame = picture.frame();
    let setup = picture.setup();
    for plane in 0..setup.planes() {
        let (width, height) = setup.plane_size(plane);
        for y in 0..height {
            for x in 0..width {
                let mixed = (x * 7919 + y * 104_729 + u32::from(plane) * 31) % (u32::from(setup.max_sample()) + 1);
                frame.set_sample(plane, x, y, u16::try_from(mixed).unwrap());
            }
        }
    }
    frame
}

fn blend(fake: &mut FakeFrame, overlay: &Overlay) {
    let setup = fake.setup().clone();
    let mut frame = fake.frame();
    let before =
        setup.alpha().then(|| overlay.planes().iter().map(|p| frame.read(3, p.alpha_area())).collect::<Vec<_>>());
    for (index, plane) in overlay.planes().iter().enumerate() {
        let mut rows = frame.read(plane.plane(), plane.area());
        match &before {
            Some(before) if plane.plane() != 3 => {
                plane.blend_over_alpha(&mut rows, &AlphaBlock { rows: &before[index], opaque: setup.max_sample() });
            }
            _ => plane.blend(&mut rows),
        }
        frame.write(plane.plane(), plane.area(), &rows);
    }
}

/// The luma samples that a chroma sample stands for, by the area that each shares with the box of the sample: as large as
/// its block, around its place, and without what lies outside of `within` (start, end). A luma sample's place is its number.
fn shares(index: u32, shift: u8, place: f64, within: (u32, u32)) -> Vec<(u32, f64)> {
    let (centre, half) = (f64::from(index << shift) + place, f64::from(1 << shift) / 2.0);
    let shared = |at: u32| (centre + half).min(f64::from(at) + 0.5) - (centre - half).max(f64::from(at) - 0.5);
    let all: Vec<_> = (within.0..within.1).map(|at| (at, shared(at))).filter(|(_, share)| *share > 0.0).collect();
    let sum: f64 = all.iter().map(|(_, share)| share).sum();
    all.into_iter().map(|(at, share)| (at, share / sum)).collect()
}

/// Where in its block of luma samples a chroma sample lies, as ITU-T H.273 has it in its figures of ChromaLocType.
fn place(setup: &Setup, plane: u8) -> (f64, f64) {
    match (setup.plane_shift(plane), setup.chroma_location()) {
        ((_, 0), _) | (_, Some(2)) => (0.0, 0.0),
        (_, None | Some(0)) => (0.0, 0.5),
        (_, Some(1)) => (0.5, 0.5),
        (_, Some(3)) => (0.5, 0.0),
        (_, Some(4)) => (0.0, 1.0),
        (_, location) => {
            assert_eq!(location, Some(5));
            (0.5, 1.0)
        }
    }
}

/// The luma samples of the blocks that a part of the frame touches: start and end, on one axis.
fn blocks(start: u32, length: u32, shift: u8, side: u32) -> (u32, u32) {
    (start >> shift << shift, (start + length).next_multiple_of(1 << shift).min(side))
}

/// What one sample should become, straight from the definition: each pixel under the sample composited on its own (the
/// sample's value and alpha stand for all of them), then the weighted mean of premultiplied values. `area` is what the overlay changes.
fn expected(
    setup: &Setup,
    before: &FakeFrame,
    bitmap: &Bitmap,
    at: (i64, i64),
    area: Rect,
    plane: u8,
    (x, y): (u32, u32),
) -> f64 {
    let old = f64::from(before.sample(plane, x, y));
    if !setup.plane_area(plane, area).contains(Rect::new(x, y, 1, 1)) {
        return old;
    }
    let (shift_x, shift_y) = setup.plane_shift(plane);
    let (place_x, place_y) = place(setup, plane);
    let (mut alpha, mut colour, mut under) = (0.0, 0.0, 0.0);
    for (row, height) in shares(y, shift_y, place_y, blocks(area.y, area.height, shift_y, setup.height())) {
        for (column, width) in shares(x, shift_x, place_x, blocks(area.x, area.width, shift_x, setup.width())) {
            let share = width * height;
            let (bx, by) = (i64::from(column) - at.0, i64::from(row) - at.1);
            if let (Ok(bx), Ok(by)) = (usize::try_from(bx), u32::try_from(by))
                && let Some([red, green, blue, a]) = bitmap.row(by).get(bx)
            {
                let codes = Encoder::new(setup).encode([*red, *green, *blue]);
                let code = if plane == 3 { f64::from(setup.max_sample()) } else { codes[usize::from(plane)] };
                alpha += share * f64::from(*a) / 255.0;
                colour += share * f64::from(*a) / 255.0 * code;
            }
            let backdrop = if setup.alpha() && plane != 3 {
                f64::from(before.sample(3, column, row)) / f64::from(setup.max_sample())
            } else {
                1.0
            };
            under += share * backdrop;
        }
    }
    let total = alpha + under * (1.0 - alpha);
    if alpha == 0.0 { old } else { (old * under * (1.0 - alpha) + colour) / total }
}

fn any_bitmap() -> impl Strategy<Value = Bitmap> {
    (1u32..12, 1u32..12).prop_flat_map(|(width, height)| {
        let pixel =
            prop_oneof![any::<[u8; 4]>(), any::<[u8; 3]>().prop_map(|[r, g, b]| [r, g, b, 255]), Just([9, 9, 9, 0])];
        prop::collection::vec(pixel, (width * height) as usize)
            .prop_map(move |pixels| Bitmap::new(width, height, pixels).unwrap())
    })
}

fn any_picture() -> impl Strategy<Value = Picture> {
    (
        1u32..24,
        1u32..24,
        prop::sample::select(Chroma::ALL.to_vec()),
        prop::sample::select(vec![8, 10, 12]),
        any::<[bool; 2]>(),
        prop::option::of(0u8..6),
    )
        .prop_map(|(width, height, chroma, bits, [alpha, full], location)| {
            picture(width, height)
                .chroma(chroma)
                .chroma_location(location)
                .bit_depth(bits)
                .alpha(alpha)
                .full_range(full)
        })
}

proptest! {
    #[test]
    fn an_overlay_is_what_compositing_gives(picture in any_picture(), bitmap in any_bitmap(), x in -14i64..26, y in -14i64..26) {
        let setup = picture.setup();
        let before = patterned(&picture);
        let mut after = before.clone();
        let overlay = Overlay::new(&bitmap, x, y, &setup);
        let area = overlay.as_ref().map_or(Rect::default(), Overlay::area);
        if let Some(overlay) = &overlay {
            blend(&mut after, overlay);
        }
        for plane in 0..setup.planes() {
            let (width, height) = setup.plane_size(plane);
            let touched = setup.plane_area(plane, area);
            for row in 0..height {
                for column in 0..width {
                    let (old, new) = (before.sample(plane, column, row), after.sample(plane, column, row));
                    if !touched.contains(Rect::new(column, row, 1, 1)) {
                        prop_assert_eq!(old, new, "plane {} at {},{} is outside", plane, column, row);
                    }
                    let want = expected(&setup, &before, &bitmap, (x, y), area, plane, (column, row));
                    // Rounding, and half a step of 8-bit alpha where it was averaged over chroma; over a nearly transparent
                    // backdrop that step weighs more.
                    let tolerance = if setup.bit_depth() > 8 { 0.6 } else { 1.02 };
                    let visible = !setup.alpha() || plane == 3 || before.sample(3, column.min(width - 1), row.min(height - 1)) > setup.max_sample() / 2;
                    let tolerance = if visible && (plane == 0 || plane == 3 || !setup.alpha()) { tolerance } else { f64::from(setup.max_sample()) / 25.0 };
                    prop_assert!((f64::from(new) - want).abs() <= tolerance, "plane {plane} at {column},{row}: {old} became {new}, expected {want}");
                }
            }
        }
    }

    #[test]
    fn nothing_visible_is_no_overlay(picture in any_picture(), width in 1u32..20, height in 1u32..20, x in -30i64..30, y in -30i64..30) {
        prop_assert!(Overlay::new(&Bitmap::filled(width, height, [255, 255, 255, 0]), x, y, &picture.setup()).is_none());
    }

    #[test]
    fn a_mosaic_stays_in_its_region_and_is_idempotent(
        picture in any_picture(), x in 0u32..26, y in 0u32..26, width in 0u32..26, height in 0u32..26, cell in 0u32..9,
    ) {
        let setup = picture.setup();
        let area = Rect::new(x, y, width, height);
        let mosaic = Mosaic::new(area, cell, &setup);
        let before = patterned(&picture);
        let mut once = before.clone();
        apply(&mut once, &mosaic);
        for plane in 0..setup.planes() {
            let touched = setup.plane_area(plane, area);
            let (width, height) = setup.plane_size(plane);
            for row in 0..height {
                for column in 0..width {
                    if plane == 3 || !touched.contains(Rect::new(column, row, 1, 1)) {
                        prop_assert_eq!(before.sample(plane, column, row), once.sample(plane, column, row));
                    }
                }
            }
        }
        let mut twice = once.clone();
        apply(&mut twice, &mosaic);
        prop_assert!(once == twice);
    }
}

fn apply(fake: &mut FakeFrame, mosaic: &Mosaic) {
    let mut frame = fake.frame();
    for plane in mosaic.planes() {
        let mut rows = frame.read(plane.plane(), plane.area());
        plane.apply(&mut rows);
        frame.write(plane.plane(), plane.area(), &rows);
    }
}

#[test]
fn an_opaque_overlay_is_the_bitmap() {
    let locations = [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)];
    for (picture, location) in
        pictures(16, 12).into_iter().flat_map(|picture| locations.map(|at| (picture.clone(), at)))
    {
        let picture = picture.chroma_location(location);
        let setup = picture.setup();
        for rgb in [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [12, 200, 77]] {
            let bitmap = Bitmap::filled(8, 6, [rgb[0], rgb[1], rgb[2], 255]);
            let mut frame = patterned(&picture);
            blend(&mut frame, &Overlay::new(&bitmap, 4, 2, &setup).unwrap());
            let codes = Encoder::new(&setup).encode(rgb).map(|code| code.round() as u16);
            for plane in 0..3 {
                let inside = setup.plane_area(plane, Rect::new(4, 2, 8, 6));
                for y in inside.y..inside.y + inside.height {
                    for x in inside.x..inside.x + inside.width {
                        assert_eq!(frame.sample(plane, x, y), codes[usize::from(plane)], "{setup:?} {rgb:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn transparent_margins_are_not_touched() {
    let mut pixels = vec![[0, 0, 0, 0]; 100];
    pixels[45] = [255, 255, 255, 1];
    let overlay = Overlay::new(&Bitmap::new(10, 10, pixels).unwrap(), 3, 3, &picture(64, 64).setup()).unwrap();
    assert_eq!(overlay.area(), Rect::new(8, 7, 1, 1));
    assert_eq!(overlay.planes()[1].area(), Rect::new(4, 3, 1, 1));
}

#[test]
fn an_overlay_on_a_transparent_frame_brings_its_own_colour_and_alpha() {
    for bits in [8, 10] {
        let picture = picture(8, 8).bit_depth(bits).alpha(true);
        let setup = picture.setup();
        let mut frame = patterned(&picture);
        frame.fill(3, 0);
        let bitmap = Bitmap::filled(4, 4, [255, 0, 0, 128]);
        blend(&mut frame, &Overlay::new(&bitmap, 2, 2, &setup).unwrap());
        let codes = Encoder::new(&setup).encode([255, 0, 0]);
        assert!((f64::from(frame.sample(0, 3, 3)) - codes[0]).abs() <= 1.0);
        assert!((f64::from(frame.sample(2, 2, 2)) - codes[2]).abs() <= 1.0);
        let alpha = f64::from(setup.max_sample()) * 128.0 / 255.0;
        assert!((f64::from(frame.sample(3, 3, 3)) - alpha).abs() <= 0.5);
    }
}

#[test]
fn cells_are_the_mean_of_their_samples_and_start_at_the_region() {
    let setup = picture(32, 32).setup();
    let mut fake = picture(32, 32).frame();
    for y in 0..32 {
        for x in 0..32 {
            fake.set_sample(0, x, y, u16::try_from(x).unwrap());
        }
    }
    apply(&mut fake, &Mosaic::new(Rect::new(5, 5, 16, 16), 8, &setup));
    // Inner edges are even, so that chroma cells coincide: columns 5..12 and 12..21.
    assert_eq!(fake.sample(0, 5, 5), 8);
    assert_eq!(fake.sample(0, 11, 5), 8);
    assert_eq!(fake.sample(0, 12, 20), 16);
    assert_eq!((fake.sample(0, 4, 5), fake.sample(0, 21, 5)), (4, 21));
}

#[test]
fn the_cell_grows_with_the_region() {
    let setup = picture(1920, 1080).setup();
    let cells = |width, height| {
        let mosaic = Mosaic::new(Rect::new(0, 0, width, height), (width.min(height) / 8).max(8), &setup);
        let mut fake = picture(1920, 1080).frame();
        for y in 0..1080 {
            for x in 0..1920 {
                fake.set_sample(0, x, y, u16::try_from(x / 8).unwrap());
            }
        }
        apply(&mut fake, &mosaic);
        let row = fake.samples(0);
        (1..width as usize).filter(|&x| row[x] != row[x - 1]).count() + 1
    };
    assert_eq!(cells(160, 80), 16);
    assert_eq!(cells(800, 800), 8);
}
