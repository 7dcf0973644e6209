//! Where and when nothing is drawn, an output is bit for bit the one without effects.

use std::ops::Range;

use serde_json::{Value, json};
use wasmux_tests::World;
use wasmux_tests::pictures::Area;
use wasmux_tests::samples::Format;

use super::{clipped, film, picture, placed, read, wanted};

const FRAMES: usize = 40;

/// An effect, its rectangle, and the frames that it is seen in.
struct Effect {
    request: Value,
    area: Area,
    frames: Range<usize>,
}

fn effect(mut request: Value, size: (usize, usize), span: (f64, f64), frames: Range<usize>) -> Effect {
    let offset = (request["Dx"].as_i64().unwrap(), request["Dy"].as_i64().unwrap());
    let area = clipped(placed(request["ReferPos"].as_str().unwrap(), offset, size), size);
    (request["StartTime"], request["Duration"]) = (json!(span.0), json!(span.1));
    Effect { request, area, frames }
}

#[test]
fn nothing_else_changes_in_yuv420p() {
    compare(Format::YUV420P);
}

#[test]
fn nothing_else_changes_in_yuv422p() {
    compare(Format::YUV422P);
}

#[test]
fn nothing_else_changes_in_yuv444p() {
    compare(Format::YUV444P);
}

fn compare(format: Format) {
    let world = World::default();
    film(&world, format, 0, FRAMES);
    let size = (51, 37);
    picture(&world.object("picture.png"), size, "");
    let delogo = |style: &str, corner: &str, dx: i32, dy: i32| json!({"Style": style, "ReferPos": corner, "Dx": dx, "Dy": dy, "Width": 51, "Height": 37});
    let mark = |corner: &str, dx: i32, dy: i32| json!({"Type": "file", "URI": "oss://test-bucket/picture.png", "ReferPos": corner, "Dx": dx, "Dy": dy});
    // Spans with edges on frames and between them. Rectangles in the frame, at its edge, over it, and over each other.
    let delogos = [
        effect(delogo("mosaic", "topleft", 33, 21), size, (0.2, 0.4), 5..15),
        effect(delogo("blur", "topright", 0, 0), size, (0.41, 0.3), 11..18),
        effect(delogo("interpolate", "bottomright", 299, 77), size, (0.6, 0.04), 15..16),
        effect(delogo("interpolate", "bottomleft", 290, 0), size, (0.0, 0.08), 0..2),
    ];
    let marks = [
        effect(mark("bottomright", 0, 0), size, (0.3, 0.1), 8..10),
        effect(mark("topleft", 301, 5), size, (0.2, 0.2), 5..10),
        effect(mark("topright", 301, 150), size, (0.52, 0.2), 13..18),
        effect(mark("topleft", 57, 40), size, (0.44, 0.2), 11..16),
        effect(mark("bottomleft", 100, 11), size, (1.2, 0.2), 30..35),
    ];
    let list = |effects: &[Effect]| effects.iter().map(|effect| effect.request.clone()).collect::<Vec<_>>();
    let mut watermarks = list(&marks);
    watermarks.push(json!({
        "Type": "text", "Content": "水印 text", "FontSize": 30, "FontColor": "#FF8000", "BorderWidth": 2,
        "ReferPos": "bottomleft", "Dx": 11, "Dy": 13, "StartTime": 0.8, "Duration": 0.2,
    }));
    let effects = json!({"Delogos": list(&delogos), "Watermarks": watermarks});
    let marked = wanted(format, "out.mkv", &effects);
    let text = Effect { request: Value::Null, area: region_of_text(&world.plan(&marked)), frames: 20..25 };
    world.run_well(&marked);
    world.run_well(&wanted(format, "plain.mkv", &json!({})));
    let (plain, out) = (read(&world, "plain.mkv", format), read(&world, "out.mkv", format));
    assert_eq!((plain.len(), out.len()), (FRAMES, FRAMES));
    assert!(plain == read(&world, "film.mkv", format), "the encoder loses something");

    let all: Vec<&Effect> = delogos.iter().chain(&marks).chain([&text]).collect();
    for (frame, (plain, out)) in plain.iter().zip(&out).enumerate() {
        let seen: Vec<Area> =
            all.iter().filter(|effect| effect.frames.contains(&frame)).map(|effect| effect.area).collect();
        let differing = plain.difference_outside(out, &seen);
        assert!(differing.is_none(), "frame {frame}: {differing:?} differs outside of {seen:?}");
    }
    for effect in all {
        for frame in [effect.frames.start, effect.frames.end - 1] {
            let share = plain[frame].share_of_differences(&out[frame], effect.area);
            // Of a text there are the gaps between its letters, and a flat sky stays itself when it is hidden.
            assert!(share > 0.2, "frame {frame}: {share:.2} of {:?} is drawn on", effect.area);
        }
    }
}

/// The last region of the watermarks.
fn region_of_text(plan: &Value) -> Area {
    let filters = plan["Nodes"].as_array().unwrap().iter().filter(|node| node["Operation"] == "Filter");
    let watermarks = filters.into_iter().find(|node| node["Plugin"]["Name"] == "watermark").unwrap();
    let area = &watermarks["Regions"].as_array().unwrap().last().unwrap()["Area"];
    let side = |name: &str| usize::try_from(area[name].as_u64().unwrap()).unwrap();
    (side("X"), side("Y"), side("Width"), side("Height"))
}
