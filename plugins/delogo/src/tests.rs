use proptest::prelude::*;
use wasmux_sdk::testing::{Chroma, FakeFrame, Host, Picture, manifest, open, picture};

use super::*;

/// Columns of different brightness, in every plane.
fn striped(picture: &Picture) -> FakeFrame {
    let mut frame = picture.frame();
    let setup = picture.setup();
    for plane in 0..setup.planes() {
        let (width, height) = setup.plane_size(plane);
        for y in 0..height {
            for x in 0..width {
                frame.set_sample(plane, x, y, u16::try_from((x * 37 + y * 11) % 256).unwrap());
            }
        }
    }
    frame
}

fn changed(before: &FakeFrame, after: &FakeFrame, plane: u8, x: u32, y: u32) -> bool {
    before.sample(plane, x, y) != after.sample(plane, x, y)
}

#[test]
fn without_a_size_the_whole_frame_is_hidden() {
    let host = Host::install();
    for picture in [picture(65, 37), picture(64, 36).bit_depth(10).chroma(Chroma::C422), picture(2, 2), picture(1, 1)] {
        let mut filter = open::<DelogoFilter>(&picture.setup(), r#"{"Delogos":[{}]}"#).unwrap();
        assert_eq!(filter.regions()[0].area, picture.setup().area());
        let mut frame = striped(&picture);
        assert_eq!(filter.process(&mut frame), Ok(true));
        let columns =
            1 + (1..picture.setup().width()).filter(|&x| frame.sample(0, x, 0) != frame.sample(0, x - 1, 0)).count();
        assert!(columns <= 16, "{columns} columns of cells");
    }
    host.assert_no_warnings();
}

#[test]
fn a_rectangle_in_each_corner_runs_inwards() {
    let _host = Host::install();
    let picture = picture(320, 180);
    for (corner, x, y) in
        [("topleft", 10, 20), ("topright", 210, 20), ("bottomright", 210, 120), ("bottomleft", 10, 120)]
    {
        let parameters =
            format!(r#"{{"Delogos":[{{"Dx":10,"Dy":20.0,"Width":100,"Height":40,"ReferPos":"{corner}"}}]}}"#);
        let mut filter = open::<DelogoFilter>(&picture.setup(), &parameters).unwrap();
        assert_eq!(filter.regions()[0].area, Rect::new(x, y, 100, 40));
        let before = striped(&picture);
        let mut after = before.clone();
        filter.process(&mut after).unwrap();
        let touched =
            (0..320).flat_map(|x| (0..180).map(move |y| (x, y))).filter(|&(x, y)| changed(&before, &after, 0, x, y));
        for (column, row) in touched {
            assert!(Rect::new(x, y, 100, 40).contains(Rect::new(column, row, 1, 1)));
        }
        assert!(changed(&before, &after, 0, x + 1, y + 1) || changed(&before, &after, 0, x + 3, y + 3));
    }
}

#[test]
fn leaving_the_frame_is_a_warning() {
    let host = Host::install();
    let setup = picture(320, 180).setup();
    let parameters = r#"{"Delogos":[{"Dx":300,"Width":100,"Height":0.5},{"Dx":321,"Width":10,"Height":10},{"Width":0},{"Duration":0}]}"#;
    let filter = open::<DelogoFilter>(&setup, parameters).unwrap();
    assert_eq!(filter.regions().len(), 1);
    assert_eq!(filter.regions()[0].area, Rect::new(300, 0, 20, 90));
    host.assert_warned("Clipped", "Delogos[0]");
    host.assert_warned("OutsideFrame", "Delogos[1]");
    host.assert_warned("Empty", "Delogos[2]");
    host.assert_warned("Empty", "Delogos[3]");
}

#[test]
fn nothing_to_do_is_an_empty_region() {
    let host = Host::install();
    for parameters in [r#"{"Delogos":[]}"#, "{}", r#"{"Delogos":[{"Dx":4096}]}"#] {
        let filter = open::<DelogoFilter>(&picture(320, 180).setup(), parameters).unwrap();
        assert!(filter.regions().len() == 1 && filter.regions()[0].area.is_empty());
    }
    assert_eq!(host.warnings().len(), 1);
}

#[test]
fn times_are_exact() {
    let _host = Host::install();
    let picture = picture(64, 36);
    let parameters = r#"{"Delogos":[{"StartTime":1,"Duration":0.08},{"StartTime":3,"Width":8,"Height":8}]}"#;
    let mut filter = open::<DelogoFilter>(&picture.setup(), parameters).unwrap();
    let times: Vec<_> = filter.regions().iter().map(|region| (region.start, region.end)).collect();
    assert_eq!(times, [(1_000_000_000, Some(1_080_000_000)), (3_000_000_000, None)]);
    for (time, corner, far) in [
        (960_000_000, false, false),
        (1_000_000_000, true, true),
        (1_040_000_000, true, true),
        (1_080_000_000, false, false),
        (3_000_000_000, true, false),
    ] {
        let before = striped(&picture).at(time);
        let mut after = before.clone();
        filter.process(&mut after).unwrap();
        assert_eq!(changed(&before, &after, 0, 1, 2), corner, "{time}");
        assert_eq!((20..60).any(|x| changed(&before, &after, 0, x, 30)), far, "{time}");
    }
}

#[test]
fn alpha_stays() {
    let _host = Host::install();
    let picture = picture(64, 36).alpha(true);
    let mut filter = open::<DelogoFilter>(&picture.setup(), r#"{"Delogos":[{}]}"#).unwrap();
    let before = striped(&picture);
    let mut after = before.clone();
    filter.process(&mut after).unwrap();
    assert_eq!(before.samples(3), after.samples(3));
}

#[test]
fn each_style_hides_and_keeps_alpha_and_what_is_around() {
    let _host = Host::install();
    for style in ["mosaic", "blur", "interpolate"] {
        for bits in [8, 10] {
            let picture = picture(65, 37).bit_depth(bits).alpha(true);
            let parameters = format!(r#"{{"Delogos":[{{"Dx":10,"Dy":6,"Width":32,"Height":20,"Style":"{style}"}}]}}"#);
            let mut filter = open::<DelogoFilter>(&picture.setup(), &parameters).unwrap();
            let before = striped(&picture);
            let mut after = before.clone();
            filter.process(&mut after).unwrap();
            assert_eq!(before.samples(3), after.samples(3), "{style}");
            let mut hidden = 0;
            for (x, y) in (0..65).flat_map(|x| (0..37).map(move |y| (x, y))) {
                if Rect::new(10, 6, 32, 20).contains(Rect::new(x, y, 1, 1)) {
                    hidden += u32::from(changed(&before, &after, 0, x, y));
                } else {
                    assert!(!changed(&before, &after, 0, x, y), "{style} at {x},{y}");
                }
            }
            assert!(hidden > 500, "{style} changes {hidden} of 640 samples");
        }
    }
}

#[test]
fn a_stronger_mosaic_has_larger_cells() {
    let _host = Host::install();
    let picture = picture(256, 256);
    let cells = |strength: f64| {
        let mut frame = striped(&picture);
        let parameters = format!(r#"{{"Delogos":[{{"Strength":{strength}}}]}}"#);
        open::<DelogoFilter>(&picture.setup(), &parameters).unwrap().process(&mut frame).unwrap();
        1 + (1..256).filter(|&y| frame.sample(0, 0, y) != frame.sample(0, 0, y - 1)).count()
    };
    assert!(cells(0.25) > cells(0.5) && cells(0.5) > cells(1.0));
    assert!(cells(1.0) <= 4);
}

#[test]
fn faults_name_the_field() {
    let _host = Host::install();
    let setup = picture(64, 36).setup();
    for (parameters, field) in [
        (r#"{"Delogos":[{},{"Width":1.5}]}"#, "Delogos[1].Width"),
        (r#"{"Delogos":[{"Height":-1}]}"#, "Delogos[0].Height"),
        (r#"{"Delogos":[{"Dx":5000}]}"#, "Delogos[0].Dx"),
        (r#"{"Delogos":[{"Dy":2.25}]}"#, "Delogos[0].Dy"),
        (r#"{"Delogos":[{"StartTime":-1}]}"#, "Delogos[0].StartTime"),
        (r#"{"Delogos":[{"Duration":1e300}]}"#, "Delogos[0].Duration"),
        (r#"{"Delogos":[{"Strength":0}]}"#, "Delogos[0].Strength"),
        (r#"{"Delogos":[{"Strength":1.5,"Style":"blur"}]}"#, "Delogos[0].Strength"),
        (r#"{"Delogos":[{"Style":"smear"}]}"#, "Delogos[0].Style"),
        (r#"{"Delogos":[{"ReferPos":"centre"}]}"#, "Delogos[0].ReferPos"),
    ] {
        let error = open::<DelogoFilter>(&setup, parameters).err().unwrap();
        assert_eq!(error.field_path(), Some(field), "{error}");
    }
}

#[test]
fn the_manifest_holds_the_schema() {
    let manifest = manifest::<DelogoFilter>();
    assert_eq!(manifest["name"], "delogo");
    assert_eq!(manifest["parameters"]["additionalProperties"], false);
}

proptest! {
    #[test]
    fn no_geometry_makes_it_trap(
        width in 1u32..80, height in 1u32..80, dx in 0.0f64..1.2, dy in 0u32..90, w in 0.0f64..1.0, h in 0u32..90,
        corner in prop::sample::select(vec!["topleft", "topright", "bottomright", "bottomleft"]),
        style in prop::sample::select(vec!["", "mosaic", "blur", "interpolate"]), strength in 0.01f64..1.0,
        chroma in prop::sample::select(Chroma::ALL.to_vec()), bits in prop::sample::select(vec![8, 10]),
    ) {
        let _host = Host::install();
        let picture = picture(width, height).chroma(chroma).bit_depth(bits);
        let dx = if dx < 1.0 { dx } else { 1.0 };
        let parameters = format!(r#"{{"Delogos":[{{"Dx":{dx},"Dy":{dy},"Width":{w},"Height":{h},"ReferPos":"{corner}","Style":"{style}","Strength":{strength}}}]}}"#);
        let mut filter = open::<DelogoFilter>(&picture.setup(), &parameters).unwrap();
        filter.process(&mut picture.frame()).unwrap();
    }
}
