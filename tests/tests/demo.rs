//! The demo's request, with the picture checked.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use wasmux_tests::pictures::{Area, Rgb, inside};
use wasmux_tests::{World, binary, clips, request, text, workspace};

const WIDTH: usize = 1920;
const HEIGHT: usize = 1080;
/// Dx 0.05, Dy 0.1 of 1920x1080 from the top left; Width 0.1; the height follows the picture's 320x96.
const LOGO: Area = (96, 108, 192, 58);

fn demo() -> Value {
    let text = fs::read_to_string(workspace().join("assets/demo.json")).unwrap();
    serde_json::from_str(&text.replace("oss://demo/", "oss://test-bucket/")).unwrap()
}

#[test]
fn watermarks_are_where_they_should_be_and_nothing_else_changes() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    clips::put(&world, "logo.png");
    let marked = demo();
    let mut plain = demo();
    plain["Targets"][0]["URI"] = json!("oss://test-bucket/plain.mp4");
    plain["Targets"][0]["Video"].as_object_mut().unwrap().remove("FilterVideo");
    world.run_well(&marked);
    world.run_well(&plain);

    let plan = world.plan(&marked);
    let filter = plan["Nodes"].as_array().unwrap().iter().find(|node| node["Operation"] == "Filter").unwrap();
    assert_eq!(filter["Plugin"]["Name"], "watermark");
    let regions = filter["Regions"].as_array().unwrap();
    assert_eq!(regions.len(), 2, "{regions:?}");
    let area = |region: &Value| -> Area {
        let side = |name: &str| usize::try_from(region["Area"][name].as_u64().unwrap()).unwrap();
        (side("X"), side("Y"), side("Width"), side("Height"))
    };
    let (logo, text) = (area(&regions[0]), area(&regions[1]));
    assert_eq!(logo, LOGO);
    // The text's right and bottom edges lie 5 % and 10 % inside of the frame.
    assert!((WIDTH - 96).abs_diff(text.0 + text.2) <= 2 && (HEIGHT - 108).abs_diff(text.1 + text.3) <= 2, "{text:?}");

    let frame = |key: &str| Rgb::of_video(&world.object(key), 60, WIDTH, HEIGHT);
    let (with, without) = (frame("out/bigbuckbunny-1920x1080.mp4"), frame("plain.mp4"));
    let outside = with.psnr(&without, |x, y| !inside(logo, x, y) && !inside(text, x, y));
    assert!(outside > 38.0, "the rest of the frame differs: {outside:.1} dB");
    let white = |[red, green, blue]: [u8; 3]| red > 225 && green > 225 && blue > 225;
    let purple = |[red, green, blue]: [u8; 3]| blue > 180 && blue > red + 60 && blue > green + 60;
    // The square at the left of the logo, but for its white triangle.
    let square = (108, 120, 30, 34);
    let (shown, before) = (with.share(square, purple), without.share(square, purple));
    assert!(shown > 0.5 && before < 0.05, "share of purple in the logo's square: {shown}, without the logo {before}");
    let ink = with.share(text, white);
    assert!((0.10..0.45).contains(&ink), "share of white in the text's box: {ink}");
    assert!(without.share(text, white) < ink / 3.0, "the clip itself is not white there");
}

#[test]
fn a_watermark_keeps_to_its_time() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    clips::put(&world, "logo.png");
    let mut request = demo();
    let video = &mut request["Targets"][0]["Video"];
    video["TranscodeVideo"]["CRF"] = json!(10);
    video["TranscodeVideo"]["Resolution"] = json!("640x360");
    video["FilterVideo"]["Watermarks"] =
        json!([{"Type": "file", "URI": "oss://test-bucket/logo.png", "Width": 0.5, "StartTime": 1.0, "Duration": 2.0}]);
    world.run_well(&request);
    let purple = |frame: usize| {
        let picture = Rgb::of_video(&world.object("out/bigbuckbunny-640x360.mp4"), frame, 640, 360);
        picture.share((0, 0, 320, 96), |[red, green, blue]| blue > 180 && blue > red + 60 && blue > green + 60) > 0.08
    };
    let shown: Vec<_> = [0, 24, 25, 74, 75, 100].into_iter().map(purple).collect();
    assert_eq!(shown, [false, false, true, true, false, false], "from frame 25 (1 s) up to frame 74 (before 3 s)");
}

#[test]
fn two_targets_may_name_different_components_for_a_role() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    let good = wasmux_tests::component("hostile_filter");
    fs::copy(good, world.plugins().join("other.wasm")).unwrap();
    let target = |uri: &str, policies: Value| {
        json!({
            "Container": "mp4", "URI": uri, "Policies": policies, "Audio": {"DisableAudio": true},
            "Video": {
                "TranscodeVideo": {"Codec": "h264", "CRF": 10, "Resolution": "320x180"},
                "FilterVideo": {"Watermarks": [{"Behaviour": "invert"}]}
            }
        })
    };
    let plain = json!({
        "Container": "mp4", "URI": "oss://test-bucket/plain.mp4", "Audio": {"DisableAudio": true},
        "Video": {
            "TranscodeVideo": {"Codec": "h264", "CRF": 10, "Resolution": "320x180"},
            "FilterVideo": {"Watermarks": [{"Type": "text", "Content": "A", "FontColor": "#FFFFFF", "FontSize": 20, "ReferPos": "bottomright"}]}
        }
    });
    let mut request = request("bigbuckbunny.mp4", &plain);
    let inverted = target("oss://test-bucket/inverted.mp4", json!({"Watermark": "hostile-filter"}));
    request["Targets"].as_array_mut().unwrap().push(inverted);
    world.run_well(&request);
    let frame = |key: &str| Rgb::of_video(&world.object(key), 60, 320, 180);
    let (plain, inverted) = (frame("plain.mp4"), frame("inverted.mp4"));
    // The other component inverts the top left corner; the built-in one writes at the bottom right.
    let corner = plain.psnr(&inverted, |x, y| inside((0, 0, 32, 16), x, y));
    let letter = plain.psnr(&inverted, |x, y| inside((300, 150, 20, 30), x, y));
    let rest = plain.psnr(&inverted, |x, y| (40..280).contains(&x) && (24..140).contains(&y));
    assert!(corner < 15.0 && letter < 25.0 && rest > 35.0, "corner {corner:.1} dB, letter {letter:.1}, rest {rest:.1}");
}

#[test]
fn a_frame_of_a_transport_stream_is_the_one_asked_for() {
    let world = World::default();
    clips::put(&world, "bigbuckbunny.mp4");
    let video = json!({"TranscodeVideo": {"Codec": "h265", "Preset": "fast", "Resolution": "320x180", "GOPSize": 50}});
    let target = json!({"URI": "oss://test-bucket/out.ts", "Container": "ts", "Video": video, "Audio": {}});
    world.run_well(&request("bigbuckbunny.mp4", &target));
    // A transport stream is entered anywhere: before the first key picture, behind one, and far from any.
    for frame in [1, 51, 62, 99, 130] {
        let (file, png) = (world.object("out.ts"), world.object("frame.png"));
        let at = (frame as f64 / 25.0 + 0.005).to_string();
        let output = Command::new(binary()).arg("frame").arg(&file).arg(&png).args(["--at", &at]).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let (shown, decoded) = (Rgb::of_video(&png, 0, 320, 180), Rgb::of_video(&file, frame, 320, 180));
        let likeness = shown.psnr(&decoded, |_, _| true);
        assert!(likeness > 35.0, "frame {frame}: {likeness:.1} dB");
    }
}
