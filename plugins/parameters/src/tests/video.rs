use serde_json::{Value, json};

use super::{answer, document, refused, source, video, video_source, warned, with};

fn encoding(answer: &Value) -> &Value {
    assert_eq!(answer["Decision"], "use", "{answer:#}");
    &answer["Video"]["Encoding"]
}

#[test]
fn defaults_are_the_documented_ones() {
    let answer = video(&source(1920, 1080), json!({}));
    let expected = json!({
        "Codec": "h264", "Preset": "medium", "Rate": {"CRF": 23.0}, "GOPSize": 150, "BFrames": 3, "Refs": 2,
        "FrameRate": "25/1",
    });
    assert_eq!(encoding(&answer), &expected);
    assert_eq!(answer["Video"]["PixelFormat"], "yuv420p");
    assert!(answer["Video"].get("FrameRate").is_none() && answer.get("Warnings").is_none(), "{answer:#}");
}

#[test]
fn what_is_asked_for_is_taken_over() {
    let wish = json!({
        "Preset": "slow", "Rate": {"CRF": 18.5}, "MaxBitrate": 3_000_000, "BufferSize": 6_000_000, "GOPSize": 50,
        "BFrames": 0, "Refs": 4,
    });
    let answer = video(&source(1920, 1080), wish.clone());
    assert_eq!(encoding(&answer), &with(wish, &json!({"Codec": "h264", "FrameRate": "25/1"})));
}

#[test]
fn encoder_settings_out_of_range_are_refused() {
    let check = |wish: Value, field: &str, part: &str| {
        refused(&video(&source(64, 64), wish), &format!("Video.TranscodeVideo.{field}"), &[part]);
    };
    check(json!({"GOPSize": 0}), "GOPSize", "0 is not allowed; allowed are 1 to 100000");
    check(json!({"BFrames": 17}), "BFrames", "17");
    check(json!({"Refs": 99}), "Refs", "99");
    check(json!({"Rate": {"CRF": 51.5}}), "CRF", "51.5 is not allowed; allowed are 0 to 51");
    check(json!({"Rate": {"Bitrate": 1}}), "Bitrate", "1 bit/s");
    check(json!({"FrameRate": 0.0}), "FrameRate", "0 is not allowed");
    check(json!({"FrameRate": 0.0001}), "FrameRate", "0.0001");
    check(json!({"FrameRate": 1e300}), "FrameRate", "1000");
}

#[test]
fn a_frame_rate_is_set_only_where_frames_are_converted() {
    let rates = |source: &Value, rate: f64, option: &str| {
        let answer = video(source, json!({"FrameRate": rate, "FrameRateOption": option}));
        (answer["Video"]["FrameRate"].clone(), encoding(&answer)["FrameRate"].clone())
    };
    let steady = source(64, 64);
    assert_eq!(rates(&steady, 30.0, "fixed"), (json!("30/1"), json!("30/1")));
    assert_eq!(rates(&steady, 29.97, "fixed"), (json!("30000/1001"), json!("30000/1001")));
    assert_eq!(rates(&steady, 30.0, "adaptive"), (Value::Null, json!("25/1")));
    assert_eq!(rates(&steady, 12.5, "adaptive"), (json!("25/2"), json!("25/2")));
    assert_eq!(rates(&steady, 25.0, "fall"), (json!("25/1"), json!("25/1")));
    let variable = video_source(64, 64, json!({"AverageFrameRate": "20/1", "FrameRate": "120/1"}));
    assert_eq!(rates(&variable, 30.0, "adaptive"), (Value::Null, Value::Null));
    assert_eq!(rates(&variable, 30.0, "fixed"), (json!("30/1"), json!("30/1")));
    let measured = video_source(64, 64, json!({"AverageFrameRate": "24998/1000", "FrameRate": "25/1"}));
    assert_eq!(rates(&measured, 25.0, "fall").0, "25/1");
    let ntsc = video_source(64, 64, json!({"AverageFrameRate": "30000/1001", "FrameRate": "30000/1001"}));
    assert_eq!(rates(&ntsc, 30.0, "adaptive").0, Value::Null);
}

#[test]
fn a_frame_rate_can_fall() {
    let answer = video(&source(64, 64), json!({"FrameRate": 30.0, "FrameRateOption": "fall"}));
    let parts = ["25 frames per second", "30 frames per second"];
    refused(&answer, "Video.TranscodeVideo.FrameRateOption", &parts);
    let unknown = video_source(64, 64, json!({"AverageFrameRate": null, "FrameRate": null}));
    let answer = video(&unknown, json!({"FrameRate": 30.0, "FrameRateOption": "fall"}));
    warned(&answer, "SourceValueUnknown");
    assert_eq!(answer["Video"]["FrameRate"], "30/1");
    assert!(video(&unknown, json!({}))["Video"]["Encoding"].get("FrameRate").is_none());
}

#[test]
fn a_bitrate_can_adapt_or_fall() {
    let source = source(64, 64);
    let wish = |bitrate: u64, option: &str| json!({"Rate": {"Bitrate": bitrate}, "BitrateOption": option});
    let rate = |bitrate, option| encoding(&video(&source, wish(bitrate, option)))["Rate"]["Bitrate"].clone();
    assert_eq!(rate(9_000_000, "fixed"), 9_000_000);
    assert_eq!(rate(9_000_000, "adaptive"), 4_000_000);
    assert_eq!(rate(1_000_000, "adaptive"), 1_000_000);
    assert_eq!(rate(1_000_000, "fall"), 1_000_000);
    let answer = video(&source, wish(9_000_000, "fall"));
    refused(&answer, "Video.TranscodeVideo.BitrateOption", &["4000000 bit/s", "9000000 bit/s"]);
    let wish = with(wish(1_000_000, "fixed"), &json!({"MaxBitrate": 5_000_000, "BufferSize": 1}));
    assert!(encoding(&video(&source, wish)).get("MaxBitrate").is_none());
}

#[test]
fn an_unknown_bitrate_is_what_the_file_leaves() {
    let source = video_source(64, 64, json!({"Bitrate": null}));
    let wish = json!({"Rate": {"Bitrate": 9_000_000}, "BitrateOption": "adaptive"});
    // 5,160,000 bytes in 10 s, less 128 kbit/s of audio.
    assert_eq!(encoding(&video(&source, wish.clone()))["Rate"]["Bitrate"], 4_000_000);
    let mut endless = source;
    endless["Duration"] = Value::Null;
    endless["VideoStreams"][0]["Duration"] = Value::Null;
    let answer = video(&endless, wish);
    warned(&answer, "SourceValueUnknown");
    assert_eq!(encoding(&answer)["Rate"]["Bitrate"], 9_000_000);
}

#[test]
fn the_pixel_format_is_the_nearest_to_the_sources() {
    let nearest = |name: &str, bits: u8| {
        let answer = video(&video_source(64, 64, json!({"PixelFormat": name, "BitDepth": bits})), json!({}));
        answer["Video"]["PixelFormat"].as_str().unwrap().to_owned()
    };
    for (name, bits, expected) in [
        ("yuvj420p", 8, "yuv420p"),
        ("nv12", 8, "yuv420p"),
        ("gray", 8, "yuv420p"),
        ("yuv411p", 8, "yuv420p"),
        ("p010le", 10, "yuv420p10le"),
        ("yuv420p12le", 12, "yuv420p10le"),
        ("uyvy422", 8, "yuv422p"),
        ("yuv422p10le", 10, "yuv422p10le"),
        ("y210le", 10, "yuv422p10le"),
        ("yuv440p", 8, "yuv444p"),
        ("rgb24", 8, "yuv444p"),
        ("gbrp10le", 10, "yuv444p10le"),
        ("yuva444p10le", 10, "yuv444p10le"),
        ("something", 8, "yuv420p"),
    ] {
        assert_eq!(nearest(name, bits), expected, "{name}");
    }
}

#[test]
fn alpha_is_dropped_with_a_warning_and_refused_when_asked_for() {
    let source = video_source(64, 64, json!({"PixelFormat": "yuva420p"}));
    let answer = video(&source, json!({}));
    warned(&answer, "AlphaDropped");
    assert_eq!(answer["Video"]["PixelFormat"], "yuv420p");
    let answer = video(&source, json!({"PixelFormat": "yuva420p"}));
    refused(&answer, "Video.TranscodeVideo.PixelFormat", &["yuva420p", "h264", "yuv444p10le"]);
}

#[test]
fn a_source_without_video_is_refused() {
    let mut source = source(64, 64);
    source["VideoStreams"] = json!([]);
    refused(&video(&source, json!({})), "Video", &["no video stream"]);
}

#[test]
fn a_slower_output_has_the_sources_rate_times_its_speed() {
    let slow = |speed: f64, wish: Value| {
        let mut document = document(&source(1280, 720), &with(json!({"Codec": "h264"}), &wish), &Value::Null);
        document["Target"]["Speed"] = json!(speed);
        answer(&document)
    };
    let own = slow(0.5, json!({}));
    assert_eq!((&own["Video"]["FrameRate"], &own["Video"]["Encoding"]["FrameRate"]), (&Value::Null, &json!("25/2")));
    let asked = slow(0.75, json!({"FrameRate": 25}));
    assert_eq!(asked["Video"]["FrameRate"], json!("25/1"));
    // 18.75 frames per second are less than the 25 asked for.
    let adaptive = slow(0.75, json!({"FrameRate": 25, "FrameRateOption": "adaptive"}));
    assert_eq!(adaptive["Video"]["Encoding"]["FrameRate"], json!("75/4"));
    let fall = slow(0.75, json!({"FrameRate": 25, "FrameRateOption": "fall"}));
    assert_eq!(fall["Decision"], "refuse");
}

#[test]
fn interlaced_and_mirrored_sources_come_out_upright_and_progressive() {
    let plain = video(&source(64, 64), json!({}));
    assert!(plain["Video"].get("Deinterlace").is_none() && plain["Video"].get("Mirror").is_none(), "{plain:#}");
    let facts = json!({"Interlaced": true, "Mirror": true, "Rotate": 90});
    let answer = video(&video_source(720, 576, facts), json!({"Rotation": 90}));
    let video = &answer["Video"];
    assert_eq!(
        (&video["Deinterlace"], &video["Mirror"], &video["Rotation"]),
        (&json!(true), &json!(true), &json!(180))
    );
}

#[test]
fn high_dynamic_range_is_mapped_for_eight_bits_and_kept_for_ten() {
    for (transfer, name) in [(16, "PQ"), (18, "HLG")] {
        let colour = json!({"Primaries": 9, "Transfer": transfer, "Matrix": 9, "FullRange": false});
        let source = video_source(64, 64, json!({"Colour": colour, "PixelFormat": "yuv420p10le", "BitDepth": 10}));
        let kept = video(&source, json!({}));
        assert_eq!((&kept["Video"]["PixelFormat"], kept["Video"].get("ToneMap")), (&json!("yuv420p10le"), None));
        let mapped = video(&source, json!({"PixelFormat": "yuv420p"}));
        assert_eq!(mapped["Video"]["ToneMap"], true);
        warned(&mapped, "ToneMapped");
        assert!(mapped["Warnings"].to_string().contains(name), "{mapped:#}");
    }
    let standard = video(
        &video_source(64, 64, json!({"PixelFormat": "yuv420p10le", "BitDepth": 10})),
        json!({"PixelFormat": "yuv420p"}),
    );
    assert!(standard["Video"].get("ToneMap").is_none());
}

#[test]
fn alpha_is_kept_where_codec_and_container_have_a_place_for_it() {
    let source = video_source(64, 64, json!({"PixelFormat": "rgba"}));
    let answer = |container: &str, wish: Value| {
        let mut document = document(&source, &with(json!({"Codec": "vp9"}), &wish), &Value::Null);
        document["Target"]["Container"] = json!(container);
        answer(&document)
    };
    assert_eq!(answer("webm", json!({}))["Video"]["PixelFormat"], "yuva420p");
    assert_eq!(answer("webm", json!({"Codec": "h264"}))["Video"]["PixelFormat"], "yuv444p");
    let mp4 = answer("mp4", json!({}));
    assert_eq!(mp4["Video"]["PixelFormat"], "yuv444p");
    warned(&mp4, "AlphaDropped");
    refused(&answer("mp4", json!({"PixelFormat": "yuva420p"})), "Video.TranscodeVideo.PixelFormat", &["mp4", "webm"]);
}
