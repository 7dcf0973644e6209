//! Opaque pictures of their own size, beside FFmpeg's `overlay`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::World;
use wasmux_tests::pictures::Area;
use wasmux_tests::samples::{Format, Planar};

use super::{ALIKE, CORNERS, SIZE, clipped, film, only_in, picture, placed, run};

/// A picture, and its distances from the corner as the request gives them and in samples.
struct Case {
    size: (usize, usize),
    asked: (f64, f64),
    offset: (i64, i64),
}

const CASES: [Case; 6] = [
    Case { size: (64, 48), asked: (0.0, 0.0), offset: (0, 0) },
    Case { size: (80, 46), asked: (10.0, 6.0), offset: (10, 6) },
    Case { size: (100, 62), asked: (0.1, 0.2), offset: (32, 36) },
    Case { size: (64, 48), asked: (7.0, 13.0), offset: (7, 13) },
    Case { size: (81, 45), asked: (1.0, 0.05), offset: (1, 9) },
    Case { size: (37, 29), asked: (200.0, 11.0), offset: (200, 11) },
];

#[test]
fn pictures_in_yuv420p_are_those_of_overlay() {
    compare(Format::YUV420P);
}

#[test]
fn pictures_in_yuv422p_are_those_of_overlay() {
    compare(Format::YUV422P);
}

#[test]
fn pictures_in_yuv444p_are_those_of_overlay() {
    compare(Format::YUV444P);
}

#[test]
fn pictures_in_yuv420p10_are_those_of_overlay() {
    compare(Format::YUV420P10);
}

fn compare(format: Format) {
    let world = World::default();
    let mut watermarks: Vec<Value> = Vec::new();
    let mut areas = Vec::new();
    for (index, Case { size, asked: (dx, dy), offset }) in CASES.into_iter().enumerate() {
        let name = format!("{index}.png");
        picture(&world.object(&name), size, "");
        for corner in CORNERS {
            let uri = format!("oss://test-bucket/{name}");
            let watermark = json!({"Type": "file", "URI": uri, "ReferPos": corner, "Dx": dx, "Dy": dy});
            watermarks.push(only_in(watermark, watermarks.len()));
            areas.push((clipped(placed(corner, offset, size), size), name.clone(), corner));
        }
    }
    film(&world, format, 0, watermarks.len());
    let (before, after) = run(&world, format, &json!({"Watermarks": watermarks}));
    assert_eq!(before.len(), areas.len());
    for (frame, (area, name, corner)) in areas.into_iter().enumerate() {
        let reference = by_overlay(&world, &before[frame], &world.object(&name), area);
        let likeness = after[frame].likeness(&reference, area);
        let case = format!("{}, {area:?} from the {corner}: {likeness}", format.name);
        assert!(likeness.worst() >= ALIKE, "{case}");
        assert!(before[frame].likeness(&reference, area).psnr() < 25.0, "{case}: the film is alike by itself");
    }
}

/// FFmpeg's scaler as it weighs chroma here: over the area of each sample, at the left of 4:2:0 and 4:2:2. Its default is a
/// bicubic filter with the sample in the middle.
fn scale(format: Format, more: &str) -> String {
    let flags = "flags=area+accurate_rnd+full_chroma_int+full_chroma_inp";
    let position = match format.shift {
        (1, 1) => ":out_h_chr_pos=0:out_v_chr_pos=128",
        (1, 0) => ":out_h_chr_pos=0",
        _ => "",
    };
    format!("scale={flags}{position}{more}")
}

/// The picture over the frame. `overlay` moves odd edges to even ones where chroma is subsampled; there it works in
/// 4:4:4 of 8 bits, and the blocks that the picture touches are subsampled afterwards.
fn by_overlay(world: &World, frame: &Planar, png: &Path, (x, y, width, height): Area) -> Planar {
    let format = frame.format;
    let (across, down) = (1 << format.shift.0, 1 << format.shift.1);
    let is_even = [x, width].iter().all(|side| side % across == 0) && [y, height].iter().all(|side| side % down == 0);
    let colours = ":out_color_matrix=bt709:out_range=tv";
    let name = format.name.trim_end_matches("le");
    let (graph, blocks) = if is_even {
        let alpha = name.replace("yuv", "yuva");
        let kind = if format.bits == 8 { name.trim_end_matches('p') } else { name };
        let graph = format!("[1]{},format={alpha}[w];[0][w]overlay={x}:{y}:format={kind}", scale(format, colours));
        (graph, (0, 0, SIZE.0, SIZE.1))
    } else {
        let (left, top) = (x / across * across, y / down * down);
        let (right, bottom) = ((x + width).next_multiple_of(across), (y + height).next_multiple_of(down));
        let graph = format!(
            "[0]scale=flags=neighbor,format=yuv444p[b];[1]{},format=yuva444p[w];\
             [b][w]overlay={x}:{y}:format=yuv444,crop={}:{}:{left}:{top},{}",
            scale(Format::YUV444P, colours),
            right - left,
            bottom - top,
            scale(format, "")
        );
        (graph, (left, top, right - left, bottom - top))
    };
    let back = world.folder().join("back.yuv");
    fs::write(&back, frame.to_bytes()).unwrap();
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", format.name]);
    command.args(["-s", &format!("{}x{}", SIZE.0, SIZE.1), "-i"]).arg(back).arg("-i").arg(png);
    command.args(["-filter_complex", &format!("{graph},format={}", format.name)]);
    let output = command.args(["-frames:v", "1", "-f", "rawvideo", "-"]).output().unwrap();
    assert!(output.status.success(), "{graph}: {}", wasmux_tests::text(&output.stderr));
    let part = Planar::of_bytes(&output.stdout, format, blocks.2, blocks.3);
    let mut whole = frame.clone();
    for plane in 0..format.planes() {
        let (left, top, columns, _) = format.plane_area(plane, blocks);
        let length = whole.row_length(plane);
        for (row, samples) in part.planes[plane].chunks(columns).enumerate() {
            let start = (top + row) * length + left;
            whole.planes[plane][start..start + columns].copy_from_slice(samples);
        }
    }
    whole
}
