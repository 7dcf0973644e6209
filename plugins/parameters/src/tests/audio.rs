use serde_json::{Value, json};

use super::{audio, refused, source, warned};

/// The source with other facts of its audio stream.
fn sounding(facts: Value) -> Value {
    let mut source = source(64, 64);
    source["AudioStreams"][0] = super::with(source["AudioStreams"][0].take(), &facts);
    source
}

fn encoding(answer: &Value) -> Value {
    assert_eq!(answer["Decision"], "use", "{answer:#}");
    answer["Audio"]["Encoding"].clone()
}

#[test]
fn the_source_gives_what_is_not_asked_for() {
    let expected = json!({"Codec": "aac", "SampleRate": 44_100, "Channels": 2, "Bitrate": 128_000});
    assert_eq!(encoding(&audio(&source(64, 64), json!({}))), expected);
    let wish = json!({"SampleRate": 48_000, "Channel": 1, "Bitrate": 96_000});
    let expected = json!({"Codec": "aac", "SampleRate": 48_000, "Channels": 1, "Bitrate": 96_000});
    assert_eq!(encoding(&audio(&source(64, 64), wish)), expected);
}

#[test]
fn default_bitrates_stay_within_reason_and_the_codec() {
    let bitrate = |rate: u32, channels: u16| {
        encoding(&audio(&sounding(json!({"SampleRate": rate, "Channels": channels})), json!({})))["Bitrate"].clone()
    };
    assert_eq!(bitrate(48_000, 1), 64_000);
    assert_eq!(bitrate(48_000, 6), 384_000);
    assert_eq!(bitrate(48_000, 8), 384_000);
    assert_eq!(bitrate(8_000, 1), 48_000);
}

#[test]
fn a_rate_that_aac_cannot_hold_goes_to_the_nearest() {
    for (rate, held) in [(192_000, 96_000), (37_800, 32_000), (11_000, 11_025), (5_512, 7_350)] {
        let answer = audio(&sounding(json!({"SampleRate": rate})), json!({}));
        warned(&answer, "SampleRateChanged");
        assert_eq!(encoding(&answer)["SampleRate"], held, "{rate}");
    }
    let answer = audio(&source(64, 64), json!({"SampleRate": 12_025}));
    warned(&answer, "SampleRateChanged");
    assert_eq!(encoding(&answer)["SampleRate"], 12_000);
}

#[test]
fn sample_rates_can_adapt_or_fall() {
    let wish = |option: &str| json!({"SampleRate": 48_000, "SampleRateOption": option});
    assert_eq!(encoding(&audio(&source(64, 64), wish("adaptive")))["SampleRate"], 44_100);
    let answer = audio(&source(64, 64), wish("fall"));
    refused(&answer, "Audio.TranscodeAudio.SampleRateOption", &["44100 Hz", "48000 Hz"]);
    let low = json!({"SampleRate": 22_050, "SampleRateOption": "adaptive"});
    assert_eq!(encoding(&audio(&source(64, 64), low))["SampleRate"], 22_050);
}

#[test]
fn bitrates_can_adapt_or_fall() {
    let wish = |option: &str| json!({"Bitrate": 256_000, "BitrateOption": option});
    assert_eq!(encoding(&audio(&source(64, 64), wish("fixed")))["Bitrate"], 256_000);
    assert_eq!(encoding(&audio(&source(64, 64), wish("adaptive")))["Bitrate"], 128_000);
    let answer = audio(&source(64, 64), wish("fall"));
    refused(&answer, "Audio.TranscodeAudio.BitrateOption", &["128000 bit/s", "256000 bit/s"]);
    let unknown = sounding(json!({"Bitrate": null}));
    // 5,160,000 bytes in 10 s, less 4 Mbit/s of video.
    assert_eq!(encoding(&audio(&unknown, wish("adaptive")))["Bitrate"], 128_000);
    let mut nothing_known = unknown;
    nothing_known["VideoStreams"][0]["Bitrate"] = Value::Null;
    let answer = audio(&nothing_known, wish("adaptive"));
    warned(&answer, "SourceValueUnknown");
    assert_eq!(encoding(&answer)["Bitrate"], 256_000);
}

#[test]
fn a_bitrate_that_aac_cannot_hold_is_lowered() {
    let answer = audio(&source(64, 64), json!({"Bitrate": 10_000_000, "SampleRate": 8_000, "Channel": 1}));
    warned(&answer, "BitrateLowered");
    assert_eq!(encoding(&answer)["Bitrate"], 48_000);
}

#[test]
fn odd_sources_get_what_can_be() {
    let answer = audio(&sounding(json!({"Channels": 24})), json!({}));
    warned(&answer, "ChannelsChanged");
    assert_eq!(encoding(&answer)["Channels"], 8);
    let answer = audio(&sounding(json!({"Channels": 0, "SampleRate": 0})), json!({}));
    warned(&answer, "SourceValueUnknown");
    assert_eq!(encoding(&answer), json!({"Codec": "aac", "SampleRate": 48_000, "Channels": 2, "Bitrate": 128_000}));
}

#[test]
fn what_cannot_be_is_refused() {
    let source = source(64, 64);
    refused(&audio(&source, json!({"Channel": 9})), "Audio.TranscodeAudio.Channel", &["9", "1 to 8"]);
    refused(&audio(&source, json!({"Channel": 0})), "Audio.TranscodeAudio.Channel", &["0 is not allowed"]);
    refused(&audio(&source, json!({"Bitrate": 999})), "Audio.TranscodeAudio.Bitrate", &["1000 to 10000000"]);
    refused(&audio(&source, json!({"SampleRate": 0})), "Audio.TranscodeAudio.SampleRate", &["0 Hz"]);
    let mut silent = source;
    silent["AudioStreams"] = json!([]);
    refused(&audio(&silent, json!({})), "Audio", &["no audio stream"]);
}
