use wasmux_sdk::testing::{Chroma, FakeFrame, Host, manifest, open, picture};

use super::*;

/// What stands in the box, read back dot by dot.
fn read(frame: &FakeFrame, filter: &Timecode) -> String {
    let (left, top) = (filter.area.x as usize + filter.dot, filter.area.y as usize + filter.dot);
    let half = frame.setup().max_sample() / 2;
    let ink = |column: usize, row: usize| {
        let middle = filter.dot / 2;
        let (x, y) = (left + column * filter.dot + middle, top + row * filter.dot + middle);
        frame.sample(0, u32::try_from(x).unwrap(), u32::try_from(y).unwrap()) > half
    };
    let letter = |at: usize| {
        let row = |row| (0..font::WIDTH).fold(0, |bits, column| bits << 1 | u8::from(ink(at * 6 + column, row)));
        let rows: [u8; font::HEIGHT] = std::array::from_fn(row);
        b"0123456789:;.".iter().find(|letter| font::rows(**letter) == rows).map_or('?', |letter| char::from(*letter))
    };
    (0..filter.clock.length()).map(letter).collect()
}

#[test]
fn each_frame_shows_its_time_and_nothing_else_changes() {
    let host = Host::install();
    for bits in [8, 10] {
        for chroma in Chroma::ALL {
            let picture = picture(641, 359).bit_depth(bits).chroma(chroma).alpha(bits == 8);
            let mut filter = open::<Timecode>(&picture.setup(), r#"{"ReferPos": "bottomright", "Dx": 7}"#).unwrap();
            let area = filter.filter().area;
            assert_eq!((host.regions()[0].area, host.regions()[0].end), (area, None));
            for (frame, text) in [(0, "00:00:00:00"), (49, "00:00:01:24"), (90_000 + 25 * 62 + 3, "01:01:02:03")] {
                let mut filled = picture.frame().at(frame * 40_000_000);
                (0..picture.setup().planes()).for_each(|plane| filled.fill(plane, 77));
                filter.process(&mut filled).unwrap();
                assert_eq!(read(&filled, filter.filter()), text);
                for plane in 0..picture.setup().planes() {
                    let within = picture.setup().plane_area(plane, area);
                    let (width, height) = picture.setup().plane_size(plane);
                    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
                        let changed = filled.sample(plane, x, y) != 77;
                        assert_eq!(changed, within.contains(Rect::new(x, y, 1, 1)), "plane {plane} at {x},{y}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_box_grows_with_the_picture() {
    let _host = Host::install();
    let dot =
        |width, height, parameters| open::<Timecode>(&picture(width, height).setup(), parameters).unwrap().filter().dot;
    assert_eq!((dot(1920, 1080, "{}"), dot(640, 360, "{}"), dot(160, 90, "{}")), (7, 2, 1));
    assert_eq!(dot(1920, 1080, r#"{"Size": 21}"#), 3);
}

#[test]
fn a_box_that_does_not_fit_is_refused() {
    let _host = Host::install();
    for parameters in [r#"{"Size": 1}"#, r#"{"Dx": 600}"#, r#"{"Dy": 350}"#] {
        let error = open::<Timecode>(&picture(640, 360).setup(), parameters).err().unwrap();
        assert_eq!(error.code(), "OutsideFrame", "{error}");
    }
    let error = open::<Timecode>(&picture(640, 360).setup(), r#"{"Dx": 1.5}"#).err().unwrap();
    assert_eq!(error.field_path(), Some("Dx"));
}

#[test]
fn the_schema_has_the_defaults_of_the_code() {
    let schema = &manifest::<Timecode>()["parameters"]["properties"];
    let parameters = Parameters::default();
    assert_eq!(schema["Start"]["default"], parameters.start);
    assert_eq!(schema["ReferPos"]["default"], "topleft");
    for (field, value) in [("Size", parameters.size), ("Dx", parameters.dx), ("Dy", parameters.dy)] {
        assert_eq!(schema[field]["default"], value);
    }
}
