//! The whole filter on fake frames.

pub(crate) mod animations;
mod borders;
mod pictures;
mod texts;

use wasmux_sdk::testing::{FakeFrame, Host, Picture, manifest, open, picture};

use super::*;

const FONT: &str = "SourceHanSans-Regular";
const LOGO: &str = "oss://bucket/logo.png";
const FONT_FILES: [&str; 2] =
    ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"];

/// A host with the first font file that this machine has, under that name.
fn host_with_font(name: &str) -> Host {
    let host = Host::install();
    let found = FONT_FILES.iter().any(|path| host.font_file(name, path, 0).is_ok());
    assert!(found, "none of {FONT_FILES:?} is installed: run the project's setup");
    host
}

fn text(parameters: &str) -> String {
    format!(r#"{{"Watermarks":[{{"Type":"text","FontSize":40,"FontColor":"white",{parameters}}}]}}"#)
}

fn file(parameters: &str) -> String {
    format!(r#"{{"Watermarks":[{{"Type":"file","URI":"{LOGO}"{parameters}}}]}}"#)
}

/// A PNG file of one colour.
fn logo(width: u32, height: u32, pixel: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let data: Vec<u8> = std::iter::repeat_n(pixel, (width * height) as usize).flatten().collect();
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    bytes
}

/// The smallest rectangle with all luma samples that are not black.
fn lit(frame: &FakeFrame) -> Rect {
    let setup = frame.setup();
    let black = picture_of(setup).frame().sample(0, 0, 0);
    let (width, samples) = (setup.width() as usize, frame.samples(0));
    let lit: Vec<(u32, u32)> = (0..samples.len())
        .filter(|index| samples[*index] != black)
        .map(|index| (u32::try_from(index % width).unwrap(), u32::try_from(index / width).unwrap()))
        .collect();
    let Some(x) = lit.iter().map(|at| at.0).min() else { return Rect::default() };
    let y = lit.iter().map(|at| at.1).min().unwrap();
    Rect::new(x, y, lit.iter().map(|at| at.0).max().unwrap() - x + 1, lit.iter().map(|at| at.1).max().unwrap() - y + 1)
}

fn picture_of(setup: &Setup) -> Picture {
    picture(setup.width(), setup.height()).bit_depth(setup.bit_depth()).full_range(setup.full_range())
}

fn drawn(picture: &Picture, parameters: &str) -> FakeFrame {
    let mut filter = open::<WatermarkFilter>(&picture.setup(), parameters).unwrap();
    let mut frame = picture.frame();
    filter.process(&mut frame).unwrap();
    frame
}

/// Writes a frame as PNG into the folder that `WATERMARK_PICTURES` names, for a person to look at.
fn show(frame: &FakeFrame, name: &str) {
    let Ok(folder) = std::env::var("WATERMARK_PICTURES") else { return };
    let setup = frame.setup();
    let max = f64::from(setup.max_sample());
    let scale = (max + 1.0) / 256.0;
    let (shift_x, shift_y) = setup.chroma_shift();
    let mut data = Vec::new();
    for y in 0..setup.height() {
        for x in 0..setup.width() {
            let luma = (f64::from(frame.sample(0, x, y)) / scale - 16.0) / 219.0;
            let chroma = |plane| (f64::from(frame.sample(plane, x >> shift_x, y >> shift_y)) / scale - 128.0) / 224.0;
            let (cb, cr) = (chroma(1), chroma(2));
            let rgb = [luma + 1.5748 * cr, luma - 0.1873 * cb - 0.4681 * cr, luma + 1.8556 * cb];
            data.extend(rgb.map(|value| (value * 255.0).round().clamp(0.0, 255.0) as u8));
        }
    }
    let file = std::fs::File::create(std::path::Path::new(&folder).join(name)).unwrap();
    let mut encoder = png::Encoder::new(file, setup.width(), setup.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
}

/// A backdrop that is not black, so that dark borders show.
fn backdrop(picture: &Picture) -> FakeFrame {
    let mut frame = picture.frame();
    let setup = picture.setup();
    for y in 0..setup.height() {
        for x in 0..setup.width() {
            let value = 60 + (x * 90 / setup.width()) + (y * 60 / setup.height());
            frame.set_sample(0, x, y, u16::try_from(value).unwrap());
        }
    }
    frame
}

#[test]
fn faults_name_the_field() {
    let host = host_with_font(FONT);
    host.grant(LOGO, logo(8, 8, [255; 4]));
    host.grant("oss://bucket/text.txt", "hello");
    host.grant_unavailable("oss://bucket/gone.png", "no such object");
    let setup = picture(64, 64).setup();
    for (watermark, code, field) in [
        (r#""Type":"file""#, "InvalidArgument", "URI"),
        (r#""Type":"file","URI":"oss://bucket/gone.png""#, "AssetUnavailable", "URI"),
        (r#""Type":"file","URI":"oss://bucket/other.png""#, "AssetNotGranted", "URI"),
        (r#""Type":"file","URI":"oss://bucket/text.txt""#, "UnsupportedPicture", "URI"),
        (r#""Type":"file","URI":"oss://bucket/logo.png","Width":1.5"#, "InvalidArgument", "Width"),
        (r#""Content":"a","Dx":-1"#, "InvalidArgument", "Dx"),
        (r#""Content":"a","Dy":4097"#, "InvalidArgument", "Dy"),
        (r#""Content":"a","FontSize":120"#, "InvalidArgument", "FontSize"),
        (r#""Content":"a","FontSize":16.5"#, "InvalidArgument", "FontSize"),
        (r#""Content":"a","FontApha":0"#, "InvalidArgument", "FontApha"),
        (r#""Content":"a","BorderWidth":1.5"#, "InvalidArgument", "BorderWidth"),
        (r#""Content":"a","FontColor":"reddish""#, "InvalidArgument", "FontColor"),
        (r##""Content":"a","BorderColor":"#12""##, "InvalidArgument", "BorderColor"),
        (r#""Content":"a","StartTime":-1"#, "InvalidArgument", "StartTime"),
        (r#""Content":"a","FontSize":"big""#, "InvalidParameters", "FontSize"),
    ] {
        let parameters = format!(r#"{{"Watermarks":[{{"Content":"a"}},{{{watermark}}}]}}"#);
        let error = open::<WatermarkFilter>(&setup, &parameters).err().unwrap();
        let path = format!("Watermarks[1].{field}");
        assert_eq!((error.code(), error.field_path()), (code, Some(path.as_str())), "{error}");
    }
}

#[test]
fn the_manifest_marks_the_asset() {
    let manifest = manifest::<WatermarkFilter>();
    assert_eq!(manifest["name"], "watermark");
    let fields = &manifest["parameters"]["properties"]["Watermarks"]["items"]["properties"];
    assert_eq!(fields["URI"]["format"], "asset-uri");
    assert_eq!(fields.as_object().unwrap().len(), 16);
}
