//! Proofs that watermarks and delogos change what they should, as they should, and nothing else: requests run by the binary,
//! outputs without loss, compared sample by sample with FFmpeg's filters and with calculations from the definitions.

#![expect(clippy::unwrap_used, reason = "a test")]

mod outside;
mod overlay;
mod scaled;
mod text;

use std::path::Path;

use serde_json::{Value, json};
use wasmux_tests::pictures::Area;
use wasmux_tests::samples::{Format, Planar, decode};
use wasmux_tests::{World, ffmpeg, request, workspace};

/// Of all frames.
const SIZE: (usize, usize) = (320, 180);
/// Frames per second.
const RATE: usize = 25;
/// The least likeness to a reference, in dB, in each plane. Right ones have 51 and more where the encoder loses something (10 bits), else 55
/// and more. With the matrix of BT.601 it is 37 in luma, with chroma half a sample off 42 in chroma.
const ALIKE: f64 = 50.0;

const CORNERS: [&str; 4] = ["topleft", "topright", "bottomright", "bottomleft"];

/// A real film of this format, limited range BT.709, with this ChromaLocType.
fn film(world: &World, format: Format, location: u8, frames: usize) {
    let film = workspace().join("assets/bigbuckbunny.mp4");
    let (width, height) = SIZE;
    let mut filter = format!("scale={width}:{height}:out_color_matrix=bt709:out_range=tv,setpts=N/{RATE}/TB");
    if format.alpha {
        // Sheer at the left, opaque at the right, so that each case has another alpha under it.
        filter.push_str(",format=yuva444p,geq=lum=lum(X\\,Y):cb=cb(X\\,Y):cr=cr(X\\,Y):a=40+X*215/319");
    }
    let codec = if format.alpha {
        "ffv1".to_owned()
    } else {
        format!("libx264 -qp 0 -preset ultrafast -x264-params chromaloc={location}")
    };
    let colour = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv";
    let options =
        format!("-an -r {RATE} -frames:v {frames} -vf {filter} -pix_fmt {} -c:v {codec} {colour}", format.name);
    ffmpeg(&format!("-i {} {options}", film.display()), &world.object("film.mkv"));
}

/// Runs the film through the effects, and gives the frames before and after. The film with alpha is of another codec, so there those before
/// are from the same request without effects.
fn run(world: &World, format: Format, effects: &Value) -> (Vec<Planar>, Vec<Planar>) {
    let plain = if format.alpha { "plain.mkv" } else { "film.mkv" };
    if format.alpha {
        world.run_well(&wanted(format, plain, &json!({})));
    }
    world.run_well(&wanted(format, "out.mkv", effects));
    let (before, after) = (read(world, plain, format), read(world, "out.mkv", format));
    assert_eq!(before.len(), after.len());
    (before, after)
}

fn read(world: &World, name: &str, format: Format) -> Vec<Planar> {
    decode(&world.object(name), format, SIZE)
}

/// A request that loses nothing, or in formats where no encoder can, next to nothing.
fn wanted(format: Format, to: &str, effects: &Value) -> Value {
    let codec = if format.alpha { "vp9" } else { "h264" };
    let video = json!({
        "TranscodeVideo": {"Codec": codec, "CRF": 0, "Preset": "fast", "PixelFormat": format.name}, "FilterVideo": effects,
    });
    let target = json!({"URI": format!("oss://test-bucket/{to}"), "Container": "mkv", "Video": video, "Audio": {}});
    request("film.mkv", &target)
}

/// A picture with all the detail of a film; `more` are filters behind it.
fn picture(to: &Path, (width, height): (usize, usize), more: &str) {
    let film = workspace().join("assets/bigbuckbunny.mp4");
    let filter = format!("scale={width}:{height}:flags=lanczos,format=rgba{more}");
    ffmpeg(&format!("-ss 4 -i {} -frames:v 1 -vf {filter} -pix_fmt rgba", film.display()), to);
}

/// Shows an effect in this frame and in no other.
fn only_in(mut effect: Value, frame: usize) -> Value {
    effect["StartTime"] = json!(frame as f64 / RATE as f64);
    effect["Duration"] = json!(1.0 / RATE as f64);
    effect
}

/// Where a box lies: corners count inwards.
fn placed(corner: &str, (dx, dy): (i64, i64), (width, height): (usize, usize)) -> (i64, i64) {
    let (right, bottom) = ((SIZE.0 - width) as i64 - dx, (SIZE.1 - height) as i64 - dy);
    match corner {
        "topleft" => (dx, dy),
        "topright" => (right, dy),
        "bottomleft" => (dx, bottom),
        _ => (right, bottom),
    }
}

/// The part of a box in the frame.
fn clipped((x, y): (i64, i64), (width, height): (usize, usize)) -> Area {
    let run = |start: i64, length: usize, side: usize| {
        let end = (start + length as i64).clamp(0, side as i64);
        let start = start.clamp(0, end);
        (usize::try_from(start).unwrap(), usize::try_from(end - start).unwrap())
    };
    let ((left, columns), (top, rows)) = (run(x, width, SIZE.0), run(y, height, SIZE.1));
    (left, top, columns, rows)
}
