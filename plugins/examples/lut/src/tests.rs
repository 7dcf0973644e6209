use wasmux_sdk::testing::{Chroma, FakeFrame, Host, Picture, manifest, open, picture};

use super::*;
use crate::cube::tests::{flat, solid};

const URI: &str = "oss://b/look.cube";
const WHOLE: &str = r#"{"URI": "oss://b/look.cube"}"#;

/// A frame with every kind of colour, also such as no picture of red, green and blue has.
fn colourful(picture: &Picture) -> FakeFrame {
    let mut frame = picture.frame();
    let setup = picture.setup();
    let max = u32::from(setup.max_sample());
    for plane in 0..3u8 {
        let (width, height) = setup.plane_size(plane);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let value = [x * max / width, y * max / height, (x * 31 + y * 17) % (max + 1)][usize::from(plane)];
            frame.set_sample(plane, x, y, u16::try_from(value).unwrap());
        }
    }
    frame
}

fn graded(host: &Host, file: &str, parameters: &str, frame: &FakeFrame) -> FakeFrame {
    host.grant(URI, file);
    let mut frame = frame.clone();
    let mut filter = open::<Lut>(frame.setup(), parameters).unwrap();
    filter.process(&mut frame).unwrap();
    frame
}

fn every_picture() -> impl Iterator<Item = Picture> {
    let formats = [8, 10].into_iter().flat_map(|bits| Chroma::ALL.map(|chroma| (bits, chroma)));
    formats.flat_map(|(bits, chroma)| {
        [false, true].map(|full| picture(61, 35).bit_depth(bits).chroma(chroma).alpha(full).full_range(full))
    })
}

#[test]
fn a_table_that_changes_nothing_changes_no_sample() {
    let host = Host::install();
    for picture in every_picture() {
        let frame = colourful(&picture);
        for file in [solid(2, |level| level), solid(33, |level| level), flat(1024, |level| level)] {
            assert!(graded(&host, &file, WHOLE, &frame) == frame, "{:?}", picture.setup());
        }
        let inverse = solid(2, |level| 1.0 - level);
        assert!(graded(&host, &inverse, r#"{"URI": "oss://b/look.cube", "Strength": 0}"#, &frame) == frame);
    }
}

#[test]
fn a_table_that_inverts_inverts() {
    let host = Host::install();
    for picture in every_picture() {
        let (setup, frame) = (picture.setup(), colourful(&picture));
        let unit = 1 << (setup.bit_depth() - 8);
        let max = i32::from(setup.max_sample());
        // Black and white change places, and colours with their opposites.
        let (luma, chroma) = if setup.full_range() { (max, 256 * unit) } else { ((16 + 235) * unit, 256 * unit) };
        let after = graded(&host, &solid(17, |level| 1.0 - level), WHOLE, &frame);
        for (plane, sum) in [(0, luma), (1, chroma), (2, chroma)] {
            for (before, after) in frame.samples(plane).into_iter().zip(after.samples(plane)) {
                let wanted = (sum - i32::from(before)).clamp(0, max);
                assert!((wanted - i32::from(after)).abs() <= 1, "plane {plane}: {before} became {after}, not {wanted}");
            }
        }
    }
}

#[test]
fn half_of_an_inversion_is_gray() {
    let host = Host::install();
    let frame = colourful(&picture(64, 36));
    let half = r#"{"URI": "oss://b/look.cube", "Strength": 0.5}"#;
    let after = graded(&host, &flat(2, |level| 1.0 - level), half, &frame);
    assert!(after.samples(0).iter().all(|sample| sample.abs_diff(126) <= 1));
    assert!(after.samples(1).iter().chain(&after.samples(2)).all(|sample| sample.abs_diff(128) <= 1));
}

#[test]
fn a_curve_is_followed_within_a_step() {
    let host = Host::install();
    let gamma = |level: f32| level.powf(0.6);
    let mut frame = picture(256, 2).frame();
    (0..256).for_each(|x| (0..2).for_each(|y| frame.set_sample(0, x, y, u16::try_from(x).unwrap())));
    let after = graded(&host, &solid(33, gamma), WHOLE, &frame);
    // The curve is steepest near black, where 33 entries do not hold it.
    for x in 30..235 {
        let wanted = 16.0 + 219.0 * gamma((x as f32 - 16.0) / 219.0);
        assert!((f32::from(after.sample(0, x, 0)) - wanted).abs() < 1.5, "{x} became {}", after.sample(0, x, 0));
    }
}

#[test]
fn files_that_cannot_be_read_are_errors_of_the_field() {
    let host = Host::install();
    let refusal = || open::<Lut>(&picture(64, 36).setup(), WHOLE).err().unwrap();
    assert_eq!((refusal().code(), refusal().field_path()), ("AssetNotGranted", Some("URI")));
    host.grant(URI, vec![b' '; 16 * 1024 * 1024 + 1]);
    assert_eq!(refusal().code(), "AssetTooLarge");
    host.grant(URI, "LUT_1D_SIZE 2\n0 0 0\n1 1\n");
    assert!(refusal().code() == "InvalidLut" && refusal().message().contains("line 3"), "{}", refusal());
}

#[test]
fn the_schema_grants_the_file() {
    let schema = &manifest::<Lut>()["parameters"]["properties"];
    assert_eq!(schema["URI"]["format"], "asset-uri");
    assert_eq!(schema["Strength"]["default"], 1);
    assert_eq!(full(), 1.0);
}
