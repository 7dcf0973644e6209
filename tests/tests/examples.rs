//! The plugins of plugins/examples, each through the host: filters over a clip by `wasmux plugin run`, policies in a task.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::{Value, json};
use wasmux_tests::pictures::{Area, Rgb, inside};
use wasmux_tests::samples::{Format, decode};
use wasmux_tests::{World, binary, clips, component, ffmpeg, request, target, text};

const WIDTH: usize = 320;
const HEIGHT: usize = 180;

/// A world with a clip, in which filters are tried.
struct Trial {
    world: World,
    clip: &'static str,
}

impl Trial {
    fn new(clip: &'static str) -> Self {
        let world = World::default();
        clips::put(&world, clip);
        Self { world, clip }
    }

    /// `wasmux plugin run` with one of the examples.
    fn run(&self, name: &str, parameters: &Value, more: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.args(["plugin", "run"]).arg(component(name)).arg("--input").arg(self.world.object(self.clip));
        command.arg("--bucket").arg(format!("test-bucket={}", self.world.object("").display()));
        command.args(["--params", &parameters.to_string()]).args(more).env("WASMUX_CACHE", target().join("test-cache"));
        command.output().unwrap()
    }

    #[track_caller]
    fn run_well(&self, name: &str, parameters: &Value, more: &[&str]) {
        let output = self.run(name, parameters, more);
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    }

    /// The frame that is shown at this time, filtered.
    #[track_caller]
    fn frame(&self, name: &str, parameters: &Value, time: &str) -> Rgb {
        let file = self.world.folder().join("frame.png");
        self.run_well(name, parameters, &["--frame", time, file.to_str().unwrap()]);
        Rgb::of_video(&file, 0, WIDTH, HEIGHT)
    }

    /// The same frame of the clip itself.
    fn plain(&self, time: &str) -> Rgb {
        self.frame("vignette", &json!({"Strength": 0}), time)
    }
}

fn differing(one: &Rgb, other: &Rgb, within: impl Fn(usize, usize) -> bool) -> usize {
    let pixels = one.bytes.chunks(3).zip(other.bytes.chunks(3)).enumerate();
    pixels.filter(|(at, (one, other))| within(at % WIDTH, at / WIDTH) && one != other).count()
}

fn mean(picture: &Rgb, area: Area) -> f64 {
    let pixels = picture.bytes.chunks(3).enumerate().filter(|(at, _)| inside(area, at % WIDTH, at / WIDTH));
    let sums: Vec<f64> = pixels.map(|(_, pixel)| pixel.iter().map(|byte| f64::from(*byte)).sum()).collect();
    sums.iter().sum::<f64>() / sums.len() as f64
}

#[test]
fn vignette_darkens_the_corners_alone() {
    let trial = Trial::new("small.mkv");
    let (plain, dark) = (trial.plain("1s"), trial.frame("vignette", &json!({"Strength": 1}), "1s"));
    let share = |area| mean(&dark, area) / mean(&plain, area);
    assert!(share((150, 80, 20, 20)) > 0.97, "the middle has {} of its light", share((150, 80, 20, 20)));
    assert!(share((310, 0, 10, 10)) < 0.2, "a corner has {} of its light", share((310, 0, 10, 10)));
}

#[test]
fn grayscale_leaves_luma_alone_and_no_colour() {
    let trial = Trial::new("small.mkv");
    for (pixel_format, format) in [("yuv420p", Format::YUV420P), ("yuv420p10le", Format::YUV420P10)] {
        let out = trial.world.folder().join("out.mkv");
        let arguments = ["--output", out.to_str().unwrap(), "--pixel-format", pixel_format];
        trial.run_well("grayscale", &json!({}), &arguments);
        let gray = decode(&out, format, (WIDTH, HEIGHT));
        let neutral = 128.0 * f64::from(1u32 << (format.bits - 8));
        for plane in [1, 2] {
            let farthest =
                gray.iter().flat_map(|frame| &frame.planes[plane]).map(|at| (f64::from(*at) - neutral).abs());
            assert!(farthest.fold(0.0, f64::max) <= 1.0, "{pixel_format}: plane {plane} has colour");
        }
        // The encoder's loss apart, luma is that of the same clip with its colour.
        trial.run_well("grayscale", &json!({"Strength": 0}), &arguments);
        let coloured = decode(&out, format, (WIDTH, HEIGHT));
        assert_eq!(coloured.len(), gray.len());
        let colour = coloured[20].planes[1].iter().filter(|at| (f64::from(**at) - neutral).abs() > neutral / 8.0);
        assert!(colour.count() > 1000, "the clip has no colour of its own");
        let luma = |frame: &wasmux_tests::samples::Planar| frame.planes[0].iter().map(|at| f64::from(*at)).sum::<f64>();
        assert!((luma(&coloured[20]) / luma(&gray[20]) - 1.0).abs() < 0.01, "{pixel_format}: luma has changed");
    }
}

/// The box of a timecode with the default parameters: letters of 5x7 dots of one pixel.
const BOX: Area = (6, 4, 68, 10);

/// Chroma of the box reaches a little beyond it where a picture becomes RGB.
const AROUND: Area = (4, 2, 72, 14);

#[test]
fn timecode_shows_the_time_in_its_box_and_touches_nothing_else() {
    let trial = Trial::new("small.mkv");
    let (plain, at_1_2) = (trial.plain("1.2s"), trial.frame("timecode", &json!({}), "1.2s"));
    assert_eq!(differing(&plain, &at_1_2, |x, y| !inside(AROUND, x, y)), 0);
    let is_black_or_white =
        |pixel: [u8; 3]| pixel.iter().all(|byte| *byte <= 3) || pixel.iter().all(|byte| *byte >= 252);
    assert!(at_1_2.share(BOX, is_black_or_white) == 1.0);
    let in_box = |x, y| inside(BOX, x, y);
    // 1.2 s at 25 frames in a second are frame 5 of second 1: what the first frame shows when it is told to begin there.
    let first = trial.frame("timecode", &json!({"Start": "00:00:01:05"}), "0s");
    assert_eq!(differing(&at_1_2, &first, in_box), 0);
    let next = trial.frame("timecode", &json!({}), "1.24s");
    assert!(differing(&at_1_2, &next, in_box) > 3, "the next frame shows the same time");
}

#[test]
fn timecode_leaves_out_frame_numbers_at_29_97() {
    let trial = Trial { world: World::default(), clip: "ntsc.mkv" };
    let arguments = "-f lavfi -i testsrc2=s=320x180:r=30000/1001:d=0.2 -c:v libx264 -qp 12 -pix_fmt yuv420p";
    ffmpeg(arguments, &trial.world.object(trial.clip));
    let in_box = |x, y| inside(BOX, x, y);
    let second = trial.frame("timecode", &json!({"Start": "00:00:59;29"}), "0.04s");
    let minute = trial.frame("timecode", &json!({"Start": "00:01:00;02"}), "0s");
    assert_eq!(differing(&second, &minute, in_box), 0);
    let parameters = json!({"Start": "00:01:00;00"});
    let output = trial.run("timecode", &parameters, &["--frame", "0s", "none.png"]);
    let error = text(&output.stderr);
    assert!(output.status.code() == Some(1) && error.contains("the minute begins with frame 2"), "{error}");
}

fn cube(channel: impl Fn(usize) -> usize) -> String {
    let colours = (0..125).map(|at| [at % 5, at / 5 % 5, at / 25].map(|level| channel(level) as f64 / 4.0));
    let lines = colours.map(|[red, green, blue]| format!("{red} {green} {blue}\n"));
    format!("LUT_3D_SIZE 5\n{}", lines.collect::<String>())
}

#[test]
fn lut_does_what_its_file_says() {
    let trial = Trial::new("small.mkv");
    trial.world.put("looks/same.cube", cube(|level| level).as_bytes());
    trial.world.put("looks/inverse.cube", cube(|level| 4 - level).as_bytes());
    let plain = trial.plain("1s");
    let graded = |name: &str| trial.frame("lut", &json!({"URI": format!("oss://test-bucket/looks/{name}.cube")}), "1s");
    assert_eq!(differing(&plain, &graded("same"), |_, _| true), 0);
    let inverse = graded("inverse");
    let error: f64 =
        plain.bytes.iter().zip(&inverse.bytes).map(|(a, b)| (255.0 - f64::from(*a) - f64::from(*b)).abs()).sum();
    let error = error / plain.bytes.len() as f64;
    // Noise leads beyond black and white, where there is nothing to invert.
    assert!(error < 4.0, "the inverse is {error:.1} off in the mean");
}

#[test]
fn lut_names_the_line_that_is_wrong() {
    let trial = Trial::new("small.mkv");
    trial.world.put("bad.cube", b"LUT_1D_SIZE 2\n0 0 0\n1 one 1\n");
    let output = trial.run("lut", &json!({"URI": "oss://test-bucket/bad.cube"}), &["--frame", "0s", "none.png"]);
    let error = text(&output.stderr);
    assert!(output.status.code() == Some(1) && error.contains("PluginError") && error.contains("line 3"), "{error}");
}

#[test]
fn filters_of_a_request_work_one_behind_the_other() {
    let world = World::default();
    for name in ["grayscale", "timecode"] {
        fs::copy(component(name), world.plugins().join(format!("{name}.wasm"))).unwrap();
    }
    clips::put(&world, "small.mkv");
    let plugins = json!([
        {"Name": "grayscale", "Version": "^0.1"},
        {"Name": "timecode", "Params": {"Size": 28}, "StartTime": 0.8},
    ]);
    world.run_well(&request(
        "small.mkv",
        &json!({
            "URI": "oss://test-bucket/out.mkv", "Container": "mkv", "Audio": {"DisableAudio": true},
            "Video": {"TranscodeVideo": {"Codec": "h264", "CRF": 10}, "FilterVideo": {"Plugins": plugins}},
        }),
    ));
    let frames = decode(&world.object("out.mkv"), Format::YUV420P, (WIDTH, HEIGHT));
    assert_eq!(frames.len(), 40);
    let chroma = frames.iter().flat_map(|frame| frame.planes[1].iter().chain(&frame.planes[2]));
    assert!(chroma.map(|at| at.abs_diff(128)).max() <= Some(1), "there is colour left");
    // The margin of the box, above the digits: rows of black.
    let dark = |frame: usize| {
        let rows = (5..8).flat_map(|y| frames[frame].planes[0][y * WIDTH + 8..].iter().take(260));
        rows.filter(|at| **at < 40).count()
    };
    assert!(dark(19) < 300 && dark(20) > 700 && dark(39) > 700, "{} {} {}", dark(19), dark(20), dark(39));
}

/// A world whose plugin folder holds one of the examples.
fn with_policy(name: &str) -> World {
    let world = World::default();
    fs::copy(component(name), world.plugins().join(format!("{name}.wasm"))).unwrap();
    world
}

/// The CRF of each encoder of video in a plan.
fn qualities(plan: &Value) -> Vec<f64> {
    let mut found = Vec::new();
    let mut open = vec![plan];
    while let Some(value) = open.pop() {
        found.extend(value.get("CRF").and_then(Value::as_f64));
        match value {
            Value::Object(fields) => open.extend(fields.values()),
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
    found
}

#[test]
fn per_title_chooses_the_quality_and_skips_what_is_too_large() {
    let world = with_policy("per_title");
    clips::put(&world, "small.mkv");
    clips::put(&world, "bigbuckbunny.mp4");
    let rung = |lines: u32| {
        json!({
            "URI": format!("oss://test-bucket/out-{lines}.mp4"), "Container": "mp4", "Policies": {"Parameters": "per-title"},
            "Video": {"TranscodeVideo": {"Codec": "h264", "Resolution": format!("x{lines}")}},
            "Audio": {"TranscodeAudio": {"Codec": "aac"}},
        })
    };
    let mut ladder = request("small.mkv", &rung(360));
    ladder["Targets"].as_array_mut().unwrap().extend([rung(180), rung(90)]);
    let plan = world.plan(&ladder);
    let skipped: Vec<_> =
        plan["Warnings"].as_array().unwrap().iter().filter(|it| it["Code"] == "TargetSkipped").collect();
    assert_eq!(skipped.len(), 1, "{plan:#}");
    assert!(skipped[0]["Field"] == "Targets[0]" && skipped[0]["Message"].as_str().unwrap().contains("320x180"));
    // Noise at a high rate, and an animated film that has been encoded before.
    let noisy = qualities(&plan);
    let film = qualities(&world.plan(&request("bigbuckbunny.mp4", &rung(180))));
    assert!(noisy.len() >= 2 && !film.is_empty() && noisy.iter().all(|crf| crf < &film[0]), "{noisy:?}, {film:?}");
    world.run_well(&ladder);
    let outputs: Vec<_> = world.listing().into_iter().filter(|key| key.starts_with("out-")).collect();
    assert_eq!(outputs, ["out-180.mp4", "out-90.mp4"]);
    assert_eq!(world.probe("out-90.mp4")["VideoStreams"][0]["Width"], 160);
}

fn today() -> String {
    text(&Command::new("date").args(["-u", "+%Y/%m-%d"]).output().unwrap().stdout).trim().to_owned()
}

#[test]
fn dated_uri_files_outputs_by_day() {
    let world = with_policy("dated_uri");
    clips::put(&world, "tiny.mkv");
    let at = |uri: &str| {
        let policies = json!({"URITemplate": "dated-uri"});
        request("tiny.mkv", &json!({"URI": uri, "Container": "mkv", "Policies": policies}))
    };
    // Midnight may come in between.
    let mut days = BTreeSet::from([today()]);
    world.run_well(&at("oss://{bucket}/{yyyy}/{mm}-{dd}/{barename}-{index}.{autoext}"));
    days.insert(today());
    let files: Vec<PathBuf> = days.iter().map(|day| world.object(&format!("{day}/tiny-1.mkv"))).collect();
    assert_eq!(files.iter().filter(|file| file.is_file()).count(), 1, "{:?}", world.listing());
    let output = world.run(&at("oss://{bucket}/{hh}/x.mkv"));
    let error = text(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("`hh`") && error.contains("yyyy, mm, dd"), "{error}");
}
