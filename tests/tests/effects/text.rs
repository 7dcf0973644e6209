//! Texts, beside FFmpeg's `drawtext` with the same fonts.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::samples::{Format, Planar};
use wasmux_tests::{World, ffmpeg};

use super::{SIZE, only_in, run};

/// Names of the host, the same face as `drawtext` is told of it, and texts. Armenian is of DejaVu, for the named font has none. By a file
/// `drawtext` takes its first face, the Japanese one, whose kana are those of all faces. Of Latin no more than five letters: it rounds
/// the width of each letter down to whole pixels, which adds up.
const CASES: [(&str, &str, &str); 6] = [
    ("SourceHanSans-Regular", "font='Noto Sans CJK SC'", "Wasm"),
    ("SourceHanSans-Regular", "font='Noto Sans CJK SC'", "水印测试"),
    ("SourceHanSerif-Regular", "font='Noto Serif CJK SC'", "过滤器"),
    ("SourceHanSans-Bold", "fontfile=/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", "フィルタ"),
    ("SourceHanSerif-Bold", "fontfile=/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc", "Egh"),
    ("SourceHanSans-Regular", "font='DejaVu Sans'", "Հայոց"),
];

const FONT_SIZES: [u32; 4] = [16, 27, 48, 72];

#[test]
fn letters_are_as_large_and_as_dark_as_those_of_drawtext() {
    let world = World::default();
    let mut watermarks: Vec<Value> = Vec::new();
    let mut cases = Vec::new();
    for (name, font, text) in CASES {
        for size in FONT_SIZES {
            let watermark = json!({
                "Type": "text", "Content": text, "FontName": name, "FontSize": size, "FontColor": "#FFFFFF", "Dx": 8, "Dy": 8,
            });
            watermarks.push(only_in(watermark, watermarks.len()));
            cases.push((font, text, size));
        }
    }
    let black = format!("-f lavfi -i color=black:s={}x{}:r=25 -frames:v {}", SIZE.0, SIZE.1, cases.len());
    ffmpeg(&format!("{black} -pix_fmt yuv444p -c:v libx264 -qp 0"), &world.object("film.mkv"));
    let (_, after) = run(&world, Format::YUV444P, &json!({"Watermarks": watermarks}));
    for (frame, (font, text, size)) in cases.into_iter().enumerate() {
        let (ours, theirs) = (Ink::of(&after[frame]), Ink::of(&drawn(&world, font, text, size)));
        let case = format!("{text} of {font} at {size}: {ours:?}, drawtext {theirs:?}");
        assert!(ours.width.abs_diff(theirs.width) <= 2 && ours.height.abs_diff(theirs.height) <= 2, "{case}");
        assert!((ours.sum / theirs.sum - 1.0).abs() <= 0.03, "{case}");
    }
}

/// What `drawtext` makes of it. Without hinting, as outlines are here.
fn drawn(world: &World, font: &str, text: &str, size: u32) -> Planar {
    let file = world.folder().join("text.txt");
    fs::write(&file, text).unwrap();
    let draw = format!(
        "drawtext={font}:textfile={}:fontsize={size}:fontcolor=white:x=8:y=8:ft_load_flags=no_hinting",
        file.display()
    );
    let source = format!("color=black:s={}x{},format=yuv444p,{draw},format=yuv444p", SIZE.0, SIZE.1);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &source]);
    let output = command.args(["-frames:v", "1", "-f", "rawvideo", "-"]).output().unwrap();
    assert!(output.status.success(), "{source}: {}", wasmux_tests::text(&output.stderr));
    Planar::of_bytes(&output.stdout, Format::YUV444P, SIZE.0, SIZE.1)
}

/// White on black.
#[derive(Debug)]
struct Ink {
    width: usize,
    height: usize,
    /// In pixels that are wholly white.
    sum: f64,
}

impl Ink {
    fn of(picture: &Planar) -> Self {
        let luma = |(x, y): (usize, usize)| (picture.sample(0, x, y) - 16.0) / 219.0;
        let places = (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y)));
        let seen: Vec<_> = places.filter(|place| luma(*place) > 0.1).collect();
        let length = |of: fn(&(usize, usize)) -> usize| {
            seen.iter().map(of).max().unwrap_or(0) + 1 - seen.iter().map(of).min().unwrap_or(0)
        };
        let places = (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y)));
        Self { width: length(|place| place.0), height: length(|place| place.1), sum: places.map(luma).sum() }
    }
}
