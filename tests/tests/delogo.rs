//! What delogos hide, in the samples of a lossless output: each style in the middle, at a corner and over the whole frame.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::{World, clips, request};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;
const LUMA: usize = WIDTH * HEIGHT;
const FRAME: usize = LUMA * 3 / 2;

fn samples(world: &World, name: &str) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(world.object(name));
    command.args("-map 0:v:0 -frames:v 5 -pix_fmt yuv420p -f rawvideo -".split(' ')).output().unwrap().stdout
}

/// Where a frame differs from another: whether anything outside of the rectangle does, and how much of the luma inside of it.
fn differences(before: &[u8], after: &[u8], (x, y, width, height): (usize, usize, usize, usize)) -> (bool, f64) {
    let (mut outside, mut inside) = (false, 0);
    for (index, _) in before.iter().zip(after).enumerate().filter(|(_, (before, after))| before != after) {
        let (across, row_length, shift, index) = match index {
            luma if luma < LUMA => (luma % WIDTH, WIDTH, 0, luma),
            chroma => ((chroma - LUMA) % (WIDTH / 2), WIDTH / 2, 1, (chroma - LUMA) % (LUMA / 4)),
        };
        let down = index / row_length;
        let is_in =
            (x >> shift..(x + width) >> shift).contains(&across) && (y >> shift..(y + height) >> shift).contains(&down);
        outside |= !is_in;
        inside += usize::from(is_in && shift == 0);
    }
    (outside, inside as f64 / (width * height) as f64)
}

fn hidden(delogo: &Value) -> (Vec<u8>, Vec<u8>) {
    let world = World::default();
    clips::put(&world, "small.mkv");
    let video = json!({
        "TranscodeVideo": {"Codec": "h264", "CRF": 0, "Preset": "fast"}, "FilterVideo": {"Delogos": [delogo]},
    });
    let target = json!({"URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Video": video, "Audio": {}});
    world.run_well(&request("small.mkv", &target));
    (samples(&world, "small.mkv"), samples(&world, "out.mkv"))
}

#[test]
fn each_style_changes_its_rectangle_and_nothing_else() {
    for style in ["mosaic", "blur", "interpolate"] {
        for (corner, dx, dy, area) in [("topleft", 40, 20, (40, 20, 96, 64)), ("bottomright", 0, 0, (224, 116, 96, 64))]
        {
            let delogo = json!({"Style": style, "ReferPos": corner, "Dx": dx, "Dy": dy, "Width": 96, "Height": 64, "Strength": 0.7});
            let (before, after) = hidden(&delogo);
            assert_eq!((before.len(), after.len()), (5 * FRAME, 5 * FRAME));
            for (before, after) in before.chunks(FRAME).zip(after.chunks(FRAME)) {
                let (outside, inside) = differences(before, after, area);
                assert!(!outside, "{style} in the {corner} changes samples around it");
                assert!(inside > 0.8, "{style} in the {corner} changes {inside} of its samples");
            }
        }
    }
}

#[test]
fn the_whole_frame_can_be_hidden() {
    for style in ["mosaic", "blur", "interpolate"] {
        let (_, after) = hidden(&json!({"Style": style, "Strength": 1}));
        let row = &after[90 * WIDTH..91 * WIDTH];
        let steps = row.windows(2).map(|pair| pair[0].abs_diff(pair[1])).filter(|step| *step > 8).count();
        assert!(steps <= 8, "{style} leaves {steps} edges in a row");
    }
}
