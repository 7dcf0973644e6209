//! What is true of every picture.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{answer, document, video, video_source};

const FORMATS: [(&str, u64, u64); 3] = [("yuv420p", 2, 2), ("yuv422p10le", 2, 1), ("yuv444p", 1, 1)];

fn side() -> impl Strategy<Value = u32> {
    prop_oneof![1u32..200, 1u32..4097, Just(480), Just(1080), Just(4096)]
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn size(value: &Value) -> (u64, u64) {
    (number(&value["Width"]), number(&value["Height"]))
}

fn output(video: &Value) -> (u64, u64) {
    let whole = ["Pad", "Crop"].into_iter().map(|name| &video[name]).find(|area| !area.is_null());
    size(whole.unwrap_or(&video["Scale"]))
}

proptest! {
    #[test]
    fn outputs_keep_to_the_sides_asked_for(
        (width, height) in (side(), side()),
        (first, second) in prop_oneof![
            (2u32..4097).prop_map(|first| (Some(first), None)),
            (2u32..4097).prop_map(|second| (None, Some(second))),
            (2u32..4097, 2u32..4097).prop_map(|(first, second)| (Some(first), Some(second))),
        ],
        scale in prop::sample::select(vec!["stretch", "crop", "fill", "fit"]),
        (format, step_x, step_y) in prop::sample::select(FORMATS.to_vec()),
        rotate in prop::sample::select(vec![0, 90, 180, 270]),
        direction: bool,
    ) {
        let source = video_source(width, height, json!({"Rotate": rotate}));
        let wish = json!({
            "Resolution": {"Text": "", "First": first, "Second": second}, "ScaleType": scale, "PixelFormat": format,
            "AdaptiveResolutionDirection": direction,
        });
        let answer = video(&source, wish);
        let (wide, high) = if rotate % 180 == 0 { (width, height) } else { (height, width) };
        let (wanted_wide, wanted_high) = if direction && high > wide { (second, first) } else { (first, second) };
        if answer["Decision"] == "refuse" {
            let text = answer["Reason"].as_str().unwrap();
            prop_assert!(text.contains("sides are"), "{text}");
            return Ok(());
        }
        let video = &answer["Video"];
        let (out_wide, out_high) = output(video);
        let (scaled_wide, scaled_high) = size(&video["Scale"]);

        for length in [out_wide, scaled_wide] {
            prop_assert_eq!(length % step_x, 0);
        }
        for length in [out_high, scaled_high] {
            prop_assert_eq!(length % step_y, 0);
        }
        for (length, asked, step) in [(out_wide, wanted_wide, step_x), (out_high, wanted_high, step_y)] {
            if let Some(asked) = asked.map(u64::from) {
                prop_assert!(length <= asked);
                // All but fit fill the size.
                prop_assert!(scale == "fit" || length + step > asked);
            }
        }
        if scale == "fit" {
            // One of the sides touches the box.
            let touches = |length: u64, asked: Option<u32>, step| asked.is_some_and(|asked| length + step > u64::from(asked));
            prop_assert!(touches(out_wide, wanted_wide, step_x) || touches(out_high, wanted_high, step_y));
        }
        if scale != "stretch" {
            // Each scaled side is within one step of a side of the source's shape.
            let factor = (scaled_wide as f64 / f64::from(wide), scaled_high as f64 / f64::from(high));
            let tolerance = step_x as f64 / f64::from(wide) + step_y as f64 / f64::from(high);
            prop_assert!((factor.0 - factor.1).abs() <= tolerance * 1.001, "{factor:?} {tolerance}");
        }
        if let Some(crop) = video.get("Crop") {
            prop_assert!(number(&crop["X"]) + out_wide <= scaled_wide && number(&crop["Y"]) + out_high <= scaled_high);
            prop_assert_eq!((number(&crop["X"]) % step_x, number(&crop["Y"]) % step_y), (0, 0));
        }
        if let Some(pad) = video.get("Pad") {
            prop_assert!(number(&pad["X"]) + scaled_wide <= out_wide && number(&pad["Y"]) + scaled_high <= out_high);
            prop_assert_eq!((number(&pad["X"]) % step_x, number(&pad["Y"]) % step_y), (0, 0));
        }
    }

    #[test]
    fn adaptive_never_enlarges(
        (width, height, first, second) in (16u32..2000, 16u32..2000, 16u32..2000, 16u32..2000),
        scale in prop::sample::select(vec!["stretch", "crop", "fill", "fit"]),
    ) {
        let wish = json!({
            "Resolution": {"Text": "", "First": first, "Second": second}, "ScaleType": scale, "ResolutionOption": "adaptive",
        });
        let answer = video(&video_source(width, height, json!({})), wish);
        // Only where a crop of an extreme shape would scale beyond the limit.
        prop_assume!(answer["Decision"] == "use");
        let (out_wide, out_high) = output(&answer["Video"]);
        prop_assert!(out_wide * out_high <= u64::from(width) * u64::from(height));
    }

    #[test]
    fn hostile_numbers_get_an_answer(
        (width, height, numerator, denominator) in (any::<u32>(), any::<u32>(), any::<i32>(), 1..i32::MAX),
        (first, second) in (prop::option::of(any::<u32>()), prop::option::of(any::<u32>())),
        (rate, bytes, seconds) in (any::<f64>(), any::<u64>(), any::<f64>()),
        (bitrate, sample_rate, channels) in (any::<u64>(), any::<u32>(), any::<u16>()),
        scale in prop::sample::select(vec!["stretch", "crop", "fill", "fit"]),
        option in prop::sample::select(vec!["fixed", "adaptive", "fall"]),
    ) {
        let mut source = video_source(width, height, json!({
            "SampleAspectRatio": format!("{numerator}/{denominator}"), "Bitrate": null,
            "AverageFrameRate": format!("{numerator}/{denominator}"), "FrameRate": format!("{numerator}/{denominator}"),
        }));
        source["Size"] = json!(bytes);
        source["Duration"] = json!(seconds);
        source["AudioStreams"][0]["SampleRate"] = json!(sample_rate);
        source["AudioStreams"][0]["Channels"] = json!(channels);
        source["AudioStreams"][0]["Bitrate"] = json!(bitrate);
        let mut wish = json!({
            "Codec": "h264", "Resolution": {"Text": "", "First": first, "Second": second}, "ScaleType": scale,
            "ResolutionOption": option, "FrameRateOption": option, "BitrateOption": option, "Rate": {"Bitrate": bitrate},
        });
        if rate.is_finite() {
            wish["FrameRate"] = json!(rate);
        }
        for wish in [wish, Value::Null] {
            let audio = json!({"Codec": "aac", "BitrateOption": option, "Bitrate": bitrate, "SampleRate": sample_rate});
            let answer = answer(&document(&source, &wish, &audio));
            if answer["Decision"] == "use" && !wish.is_null() {
                let (wide, high) = output(&answer["Video"]);
                prop_assert!((1..=4096).contains(&wide) && (1..=4096).contains(&high));
            }
        }
    }
}
