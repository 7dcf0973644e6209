//! Scaled and translucent pictures, beside a calculation in floating point from the definitions.

use serde_json::{Value, json};
use wasmux_tests::World;
use wasmux_tests::layer::Layer;
use wasmux_tests::samples::Format;

use super::{ALIKE, CORNERS, clipped, film, only_in, picture, placed, run};

/// Of the picture in its file.
const PICTURE: (usize, usize) = (128, 90);

/// What a request says of the size, and what comes of it.
fn sizes() -> [(Value, (usize, usize)); 5] {
    [
        (json!({}), PICTURE),
        (json!({"Width": 0.2}), (64, 45)),
        (json!({"Height": 33}), (47, 33)),
        (json!({"Width": 200, "Height": 0.6}), (200, 108)),
        (json!({"Width": 1, "Height": 0.5}), (320, 90)),
    ]
}

#[test]
fn chroma_at_the_left() {
    compare(Format::YUV420P, 0, (0.0, 0.5));
}

#[test]
fn chroma_in_the_centre() {
    compare(Format::YUV420P, 1, (0.5, 0.5));
}

#[test]
fn chroma_at_the_top_left() {
    compare(Format::YUV420P, 2, (0.0, 0.0));
}

#[test]
fn chroma_at_the_bottom() {
    compare(Format::YUV420P, 5, (0.5, 1.0));
}

#[test]
fn chroma_of_every_row() {
    compare(Format::YUV422P, 0, (0.0, 0.0));
}

#[test]
fn chroma_of_every_sample() {
    compare(Format::YUV444P, 0, (0.0, 0.0));
}

#[test]
fn ten_bits() {
    compare(Format::YUV420P10, 0, (0.0, 0.5));
}

#[test]
fn over_a_film_with_alpha() {
    compare(Format::YUVA420P, 0, (0.0, 0.5));
}

fn compare(format: Format, location: u8, place: (f64, f64)) {
    let world = World::default();
    // One whose alpha falls from corner to corner, and a disc with a soft edge: what is around it is not drawn.
    let slope = ",geq=r=r(X\\,Y):g=g(X\\,Y):b=b(X\\,Y):a=20+235*(X+Y)/(W+H)";
    let disc = ",geq=r=r(X\\,Y):g=g(X\\,Y):b=b(X\\,Y):a=clip(8*(40-hypot(X-W/2\\,Y-H/2))\\,0\\,200)";
    let mut watermarks: Vec<Value> = Vec::new();
    let mut cases = Vec::new();
    for (name, alpha) in [("slope.png", slope), ("disc.png", disc)] {
        picture(&world.object(name), PICTURE, alpha);
        let layer = Layer::of_file(&world.object(name), PICTURE.0, PICTURE.1);
        for (index, (size, pixels)) in sizes().into_iter().enumerate() {
            let (corner, offset) = (CORNERS[index % 4], [(0, 0), (13, 7), (30, 20), (150, 91)][index % 4]);
            let mut watermark = size;
            watermark["Type"] = json!("file");
            watermark["URI"] = json!(format!("oss://test-bucket/{name}"));
            watermark["ReferPos"] = json!(corner);
            (watermark["Dx"], watermark["Dy"]) = (json!(offset.0), json!(offset.1));
            watermarks.push(only_in(watermark, watermarks.len()));
            cases.push((layer.scaled(pixels.0, pixels.1), placed(corner, offset, pixels), name));
        }
    }
    film(&world, format, location, watermarks.len());
    let (before, after) = run(&world, format, &json!({"Watermarks": watermarks}));
    assert_eq!(before.len(), watermarks.len());
    for (frame, (layer, at, name)) in cases.iter().enumerate() {
        let (before, after) = (&before[frame], &after[frame]);
        let visible = layer.visible(*at, before);
        let likeness = after.likeness_to(visible, |plane, x, y| layer.over(before, *at, visible, place, (plane, x, y)));
        let case = format!(
            "{}, location {location}, {name} of {}x{} at {at:?}: {likeness}",
            format.name, layer.width, layer.height
        );
        assert!(likeness.worst() >= ALIKE, "{case}");
        assert!(before.likeness(after, visible).psnr() < 30.0, "{case}: nothing was drawn");
        let area = clipped(*at, (layer.width, layer.height));
        // The encoders of the others lose a little.
        let keeps_all = format.bits == 8 && !format.alpha;
        assert!(!keeps_all || before.difference_outside(after, &[area]).is_none(), "{case}: changed outside");
    }
}
