//! Which codec goes into which container, and what each codec takes.

use serde_json::{Value, json};

use super::surroundings::{ask, faults, with_target};
use crate::task::fault::FaultCode::{self, InvalidArgument};
use crate::task::{AudioCodec, AudioWish, Container, VideoCodec, VideoWish};

fn target(container: &str, video: &Value, audio: &Value) -> Value {
    with_target(&json!({"Container": container, "Video": video, "Audio": audio}))
}

fn video(codec: &str) -> Value {
    json!({"TranscodeVideo": {"Codec": codec}})
}

fn audio(codec: &str) -> Value {
    json!({"TranscodeAudio": {"Codec": codec}})
}

fn at(path: &str) -> Vec<(FaultCode, String)> {
    vec![(InvalidArgument, format!("Targets[0].{path}"))]
}

#[test]
fn each_pair_is_taken_or_refused_by_name() {
    for container in Container::ALL {
        for codec in VideoCodec::ALL {
            let request = target(container.name(), &video(codec.name()), &json!({}));
            if container.holds_video(codec) {
                let spec = ask(&request).unwrap();
                assert!(matches!(&spec.targets[0].video, VideoWish::Transcode(video) if video.codec == codec));
            } else if container.is_audio_only() {
                assert_eq!(faults(&request), at("Video"), "{container:?} {codec:?}");
            } else {
                assert_eq!(faults(&request), at("Video.TranscodeVideo.Codec"), "{container:?} {codec:?}");
                let text = ask(&request).unwrap_err().to_string();
                assert!(text.contains(codec.name()) && text.contains(container.name()), "{text}");
            }
        }
        for codec in AudioCodec::ALL {
            let request =
                with_target(&json!({"Container": container.name(), "Video": {}, "Audio": audio(codec.name())}));
            if container.needs_video() {
                assert!(faults(&request).contains(&at("Container")[0]), "{container:?} {codec:?}");
            } else if container.holds_audio(codec) {
                let spec = ask(&request).unwrap();
                assert!(matches!(&spec.targets[0].audio, AudioWish::Transcode(audio) if audio.codec == codec));
            } else {
                assert_eq!(faults(&request), at("Audio.TranscodeAudio.Codec"), "{container:?} {codec:?}");
            }
        }
    }
}

#[test]
fn a_container_for_sound_takes_no_picture_along() {
    let request = with_target(&json!({"Container": "mp3", "Audio": audio("mp3")}));
    assert_eq!(ask(&request).unwrap().targets[0].video, VideoWish::None);
    assert_eq!(faults(&target("mp3", &json!({"TranscodeVideo": {"Codec": "copy"}}), &audio("mp3"))), at("Video"));
}

#[test]
fn a_codec_names_what_it_takes() {
    let cases = [
        (video("vp8"), "PixelFormat", json!("yuv422p"), "vp8, which takes yuv420p"),
        (video("h264"), "PixelFormat", json!("yuva420p"), "h264, which takes yuv420p, "),
    ];
    for (mut wish, name, value, text) in cases {
        wish["TranscodeVideo"][name] = value;
        let request = target("mkv", &wish, &json!({}));
        assert_eq!(faults(&request), at(&format!("Video.TranscodeVideo.{name}")));
        assert!(ask(&request).unwrap_err().to_string().contains(text));
    }
    let cases = [
        ("mp3", "SampleRate", json!(96000), "48000"),
        ("opus", "SampleRate", json!(44100), "8000, 12000, 16000, 24000, 48000"),
        ("ac3", "Channel", json!(7), "1 to 6"),
        ("mp3", "Channel", json!(3), "1 to 2"),
    ];
    for (codec, name, value, text) in cases {
        let mut wish = audio(codec);
        wish["TranscodeAudio"][name] = value;
        let request = target("mkv", &json!({}), &wish);
        assert_eq!(faults(&request), at(&format!("Audio.TranscodeAudio.{name}")), "{codec}");
        assert!(ask(&request).unwrap_err().to_string().contains(text), "{codec}");
    }
    let mut both = audio("mp3");
    both["TranscodeAudio"]["Quality"] = json!(50);
    both["TranscodeAudio"]["Bitrate"] = json!(128_000);
    assert_eq!(faults(&target("mp3", &Value::Null, &both)), at("Audio.TranscodeAudio.Quality"));
}

#[test]
fn what_a_codec_does_not_have_is_named_in_a_warning() {
    let wish = json!({"TranscodeVideo": {"Codec": "vp9", "BFrames": 2, "Refs": 4}});
    let lossless = json!({"TranscodeAudio": {"Codec": "flac", "Bitrate": 128_000, "BitsPerSample": 24}});
    let spec = ask(&target("mkv", &wish, &lossless)).unwrap();
    let fields: Vec<_> = spec.warnings.iter().map(|warning| warning.field.rsplit('.').next().unwrap()).collect();
    assert_eq!(fields, ["BFrames", "Refs", "Bitrate"]);
}
