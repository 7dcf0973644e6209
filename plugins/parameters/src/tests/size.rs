use serde_json::{Value, json};

use super::{refused, resolution, source, video, video_source};

/// `scale`, then ` crop WxH+X+Y` or ` pad WxH+X+Y`.
fn shape(answer: &Value) -> String {
    let video = &answer["Video"];
    assert_eq!(answer["Decision"], "use", "{answer:#}");
    let size = |value: &Value| format!("{}x{}", value["Width"], value["Height"]);
    let area = |name: &str, value: &Value| format!(" {name} {}+{}+{}", size(value), value["X"], value["Y"]);
    let mut text = size(&video["Scale"]);
    for (key, name) in [("Crop", "crop"), ("Pad", "pad")] {
        if !video[key].is_null() {
            text.push_str(&area(name, &video[key]));
        }
    }
    text
}

fn scaled(source: &Value, text: &str, fields: Value) -> String {
    shape(&video(source, super::with(json!({"Resolution": resolution(text)}), &fields)))
}

fn fit(width: u32, height: u32, text: &str) -> String {
    scaled(&source(width, height), text, json!({"ScaleType": "fit"}))
}

#[test]
fn fit_scales_into_the_box() {
    assert_eq!(fit(1280, 720, "1920x1080"), "1920x1080");
    assert_eq!(fit(1920, 1080, "1000x1000"), "1000x562");
    assert_eq!(fit(1080, 1920, "1920x1080"), "608x1080");
}

#[test]
fn the_guides_rungs_have_the_documented_sizes() {
    let guide = json!({"ScaleType": "fit", "AdaptiveResolutionDirection": true, "ResolutionOption": "adaptive"});
    for (text, size) in [("x1080", "1920x1080"), ("x720", "1280x720"), ("x480", "854x480")] {
        assert_eq!(scaled(&source(3840, 2160), text, guide.clone()), size);
        assert_eq!(scaled(&source(1920, 1080), text, guide.clone()), size);
    }
    assert_eq!(scaled(&source(720, 1280), "x720", guide.clone()), "720x1280");
    assert_eq!(scaled(&source(1080, 1920), "1280x", guide.clone()), "720x1280");
    assert_eq!(scaled(&source(2160, 3840), "1920x1080", guide), "1080x1920");
}

#[test]
fn long_and_short_side_are_those_of_the_rotated_source() {
    let source = video_source(1920, 1080, json!({"Rotate": 90}));
    let wish = json!({"ScaleType": "fit", "AdaptiveResolutionDirection": true});
    assert_eq!(scaled(&source, "x720", wish), "720x1280");
    assert_eq!(scaled(&source, "x720", json!({"ScaleType": "fit"})), "404x720");
}

#[test]
fn one_side_alone_leaves_the_other_to_the_source_unless_fit() {
    let source = source(1920, 1080);
    assert_eq!(scaled(&source, "x720", json!({"ScaleType": "stretch"})), "1920x720");
    assert_eq!(scaled(&source, "1280x", json!({})), "1280x1080");
    assert_eq!(scaled(&source, "1280x", json!({"ScaleType": "crop"})), "1920x1080 crop 1280x1080+320+0");
    assert_eq!(scaled(&source, "1280x", json!({"ScaleType": "fill"})), "1280x720 pad 1280x1080+0+180");
    assert_eq!(scaled(&source, "1280x", json!({"ScaleType": "fit"})), "1280x720");
}

#[test]
fn crop_covers_and_fill_fits() {
    let source = source(1920, 1080);
    assert_eq!(scaled(&source, "1000x1000", json!({"ScaleType": "crop"})), "1778x1000 crop 1000x1000+388+0");
    assert_eq!(scaled(&source, "1000x1000", json!({"ScaleType": "fill"})), "1000x562 pad 1000x1000+0+218");
    assert_eq!(scaled(&source, "1280x720", json!({"ScaleType": "crop"})), "1280x720");
    assert_eq!(scaled(&source, "1280x720", json!({"ScaleType": "fill"})), "1280x720");
}

#[test]
fn sides_are_even_where_chroma_needs_it_and_never_above_what_was_asked() {
    let source = source(1920, 1080);
    let sizes = |text: &str, format: &str| scaled(&source, text, json!({"PixelFormat": format}));
    assert_eq!(sizes("853x481", "yuv420p"), "852x480");
    assert_eq!(sizes("853x481", "yuv422p"), "852x481");
    assert_eq!(sizes("853x481", "yuv444p10le"), "853x481");
    let wish = json!({"Resolution": resolution("1x480"), "PixelFormat": "yuv420p"});
    refused(
        &video(&source, wish),
        "Video.TranscodeVideo.Resolution",
        &["yuv420p cannot hold a width of 1", "2 to 4096"],
    );
}

#[test]
fn without_resolution_the_stored_size_and_the_shape_of_samples_stay() {
    let dv = json!({"SampleAspectRatio": "64/45"});
    let answer = video(&video_source(720, 576, dv.clone()), json!({}));
    assert_eq!((shape(&answer).as_str(), &answer["Video"]["SampleAspect"]), ("720x576", &json!("64/45")));
    let answer = video(&video_source(720, 576, dv), json!({"Rotation": 90}));
    assert_eq!((shape(&answer).as_str(), &answer["Video"]["SampleAspect"]), ("576x720", &json!("45/64")));
    assert_eq!(answer["Video"]["Rotation"], 90);
    assert_eq!(shape(&video(&source(853, 481), json!({}))), "852x480");
}

#[test]
fn with_resolution_samples_become_square() {
    let source = video_source(720, 576, json!({"SampleAspectRatio": "64/45"}));
    let answer = video(&source, json!({"Resolution": resolution("x576"), "ScaleType": "fit"}));
    assert_eq!((shape(&answer).as_str(), &answer["Video"]["SampleAspect"]), ("1024x576", &json!("1/1")));
    let wish = json!({"Resolution": resolution("1920x1080"), "ResolutionOption": "adaptive"});
    let answer = video(&source, wish);
    assert_eq!((shape(&answer).as_str(), &answer["Video"]["SampleAspect"]), ("1024x576", &json!("1/1")));
}

#[test]
fn rotations_add_up() {
    let source = video_source(1920, 1080, json!({"Rotate": 270}));
    let answer = video(&source, json!({"Rotation": 180}));
    assert_eq!((shape(&answer).as_str(), &answer["Video"]["Rotation"]), ("1080x1920", &json!(90)));
    let answer = video(&source, json!({"Rotation": 90, "Resolution": resolution("1280x720"), "ScaleType": "fit"}));
    assert_eq!((shape(&answer).as_str(), &answer["Video"]["Rotation"]), ("1280x720", &json!(0)));
}

#[test]
fn options_compare_areas() {
    let small = source(1280, 720);
    assert_eq!(scaled(&small, "1920x1080", json!({"ResolutionOption": "adaptive"})), "1280x720");
    assert_eq!(scaled(&small, "1280x720", json!({"ResolutionOption": "adaptive"})), "1280x720");
    assert_eq!(scaled(&small, "2000x100", json!({"ResolutionOption": "adaptive"})), "2000x100");
    assert_eq!(scaled(&small, "640x360", json!({"ResolutionOption": "fall"})), "640x360");
    let wish = json!({"Resolution": resolution("1920x1080"), "ResolutionOption": "fall"});
    refused(&video(&small, wish), "Video.TranscodeVideo.ResolutionOption", &["1280x720", "1920x1080"]);
}

#[test]
fn sizes_beyond_the_limits_are_refused() {
    let field = "Video.TranscodeVideo.Resolution";
    refused(&video(&source(7680, 4320), json!({})), field, &["7680x4320", "set Resolution"]);
    assert_eq!(scaled(&source(7680, 4320), "1920x1080", json!({})), "1920x1080");
    let wish = |text: &str, scale: &str| json!({"Resolution": resolution(text), "ScaleType": scale});
    refused(&video(&source(1920, 1080), wish("5000x100", "fit")), field, &["5000 is not allowed", "1 to 4096"]);
    refused(&video(&source(1920, 1080), wish("0x100", "fit")), field, &["0 is not allowed"]);
    refused(&video(&source(1920, 1080), wish("x4096", "fit")), field, &["7282x4096"]);
    refused(&video(&source(4096, 16), wish("1080x1080", "crop")), field, &["4096x16", "1080x1080", "276480x1080"]);
    refused(&video(&source(0, 16), json!({})), "Video", &["0x16"]);
}
