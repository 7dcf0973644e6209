//! The seven requests of the vendor's guide: how each is read.

use serde_json::{Value, json};

use super::surroundings::{Plugins, context};
use crate::intake::{Faults, intake};
use crate::task::spec::{AudioTarget, LessOption, Resolution};
use crate::task::{
    AudioCodec, AudioWish, Clip, Container, FilterRole, PixelFormat, Preset, Rotation, SegmentFormat, Segmentation,
    TaskSpec, VideoCodec, VideoRate, VideoWish,
};

fn read(text: &str) -> Result<TaskSpec, Faults> {
    intake(text.as_bytes(), &context(&Plugins::default()))
}

fn aac(bitrate: u64) -> AudioWish {
    AudioWish::Transcode(AudioTarget {
        codec: AudioCodec::Aac,
        bitrate: Some(bitrate),
        bitrate_option: LessOption::Fixed,
        sample_rate: Some(44100),
        sample_rate_option: LessOption::Fixed,
        channel: Some(2),
        quality: None,
        bits_per_sample: None,
    })
}

#[test]
fn transcode_to_mp4() {
    let spec = read(include_str!("guide/mp4.json")).unwrap();
    assert_eq!(spec.project_name, "test-project");
    assert_eq!(spec.sources.len(), 1);
    assert_eq!(spec.sources[0].uri.to_string(), "oss://test-bucket/video-demo/Shushan Commercial Building.mov");
    assert_eq!(spec.targets.len(), 1);
    let target = &spec.targets[0];
    assert_eq!(target.uri_template.as_deref(), Some("oss://test-bucket/video-demo/Shushan Commercial Building.mp4"));
    assert_eq!(target.container, Container::Mp4);
    assert!(!target.strip_metadata);
    assert_eq!(target.audio, aac(96000));
    let VideoWish::Transcode(video) = &target.video else { panic!("{:?}", target.video) };
    assert_eq!((video.codec, video.preset, video.rate), (VideoCodec::H264, Preset::Medium, Some(VideoRate::Crf(24.0))));
    assert_eq!(video.pixel_format, Some(PixelFormat::Yuv420p));
    assert_eq!(
        (video.resolution.clone(), video.frame_rate, video.rotation),
        (None::<Resolution>, None, Rotation::None)
    );
    assert_eq!((video.gop_size, video.b_frames, video.refs), (None, None, None));
    assert!(video.filters.is_empty());
    // The topic has no sink: a warning, not a fault.
    assert_eq!(spec.warnings.len(), 1);
    assert_eq!(
        (spec.warnings[0].code.as_str(), spec.warnings[0].field.as_str()),
        ("NotificationIgnored", "Notification.MNS")
    );
}

#[test]
fn add_watermarks() {
    let spec = read(include_str!("guide/watermarks.json")).unwrap();
    let target = &spec.targets[0];
    assert_eq!(
        target.uri_template.as_deref(),
        Some("oss://test-bucket/video-demo/Shushan Commercial Building.{autoext}")
    );
    assert_eq!(target.audio, aac(256_000));
    let VideoWish::Transcode(video) = &target.video else { panic!("{:?}", target.video) };
    assert_eq!(video.rate, Some(VideoRate::Crf(25.0)));
    assert_eq!(video.filters.len(), 1, "the empty list of delogos is no filter");
    assert_eq!(
        (video.filters[0].role, video.filters[0].plugin.to_string()),
        (FilterRole::Watermark, "watermark#built-in".to_owned())
    );
    let expected = json!({"Watermarks": [
        {"Dx": 0.05, "Dy": 0.1, "ReferPos": "topleft", "Type": "file", "URI": "oss://test-bucket/video-demo/aliyun.png", "Width": 0.1},
        {
            "Content": "Intelligent Media Management", "Dx": 0.05, "Dy": 0.1, "FontColor": "#FFFFFF", "FontSize": 100,
            "ReferPos": "bottomright", "Type": "text"
        }
    ]});
    assert_eq!(video.filters[0].parameters, expected);
}

#[test]
fn add_a_mosaic() {
    let spec = read(include_str!("guide/mosaic.json")).unwrap();
    let VideoWish::Transcode(video) = &spec.targets[0].video else { panic!("{:?}", spec.targets[0].video) };
    assert_eq!(video.rate, Some(VideoRate::Crf(24.0)));
    assert_eq!(video.filters.len(), 1);
    assert_eq!(
        (video.filters[0].role, video.filters[0].plugin.to_string()),
        (FilterRole::Delogo, "delogo#built-in".to_owned())
    );
    let expected = json!({"Delogos": [
        {"Dx": 0.05, "Dy": 0.1, "Height": 0.1, "ReferPos": "topleft", "Width": 0.1},
        {"Dx": 0.05, "Dy": 0.1, "Height": 100, "ReferPos": "bottomright", "Width": 600}
    ]});
    assert_eq!(video.filters[0].parameters, expected);
}

#[test]
fn change_the_container_only() {
    let spec = read(include_str!("guide/remux.json")).unwrap();
    assert_eq!((&spec.targets[0].video, &spec.targets[0].audio), (&VideoWish::Copy, &AudioWish::Copy));
    assert_eq!(spec.targets[0].container, Container::Mp4);
}

#[test]
fn remux_by_naming_the_codec_copy() {
    let mut request: Value = serde_json::from_str(include_str!("guide/remux.json")).unwrap();
    request["Targets"][0]["Video"] = json!({"TranscodeVideo": {"Codec": "copy"}});
    request["Targets"][0]["Audio"] = json!({"TranscodeAudio": {"Codec": "copy"}});
    let spec = read(&request.to_string()).unwrap();
    assert_eq!((&spec.targets[0].video, &spec.targets[0].audio), (&VideoWish::Copy, &AudioWish::Copy));
    assert_eq!(spec.warnings.len(), 1, "only that of the topic");
}

/// Ten seconds of transport stream each.
const TEN_SECONDS: Option<Segmentation> =
    Some(Segmentation { format: SegmentFormat::Hls, duration: 10.0, start_number: 0 });

#[test]
fn hls_in_full_hd() {
    let spec = read(include_str!("guide/hls-1080p.json")).unwrap();
    let target = &spec.targets[0];
    assert_eq!((target.container, target.segment, target.extension()), (Container::Ts, TEN_SECONDS, "m3u8"));
    let VideoWish::Transcode(video) = &target.video else { panic!("{:?}", target.video) };
    assert_eq!((video.codec, video.frame_rate), (VideoCodec::H265, Some(30.0)));
}

#[test]
fn an_hls_ladder() {
    let spec = read(include_str!("guide/hls-ladder.json")).unwrap();
    let rungs = spec.targets.iter().map(|target| {
        let VideoWish::Transcode(video) = &target.video else { panic!("{:?}", target.video) };
        assert_eq!(target.segment, TEN_SECONDS);
        (video.resolution.as_ref().unwrap().second, video.frame_rate, video.rate)
    });
    let rung = |side, rate, crf| (Some(side), Some(rate), Some(VideoRate::Crf(crf)));
    assert_eq!(rungs.collect::<Vec<_>>(), [rung(1080, 30.0, 25.0), rung(720, 30.0, 26.0), rung(480, 25.0, 28.0)]);
}

#[test]
fn a_cut_to_flv() {
    let spec = read(include_str!("guide/cut-flv.json")).unwrap();
    let clip = Clip { start_ns: 5_000_000_000, length_ns: Some(10_000_000_000) };
    assert_eq!((spec.sources[0].clip(), spec.targets[0].container), (Some(clip), Container::Flv));
    let VideoWish::Transcode(video) = &spec.targets[0].video else { panic!("{:?}", spec.targets[0].video) };
    assert_eq!(video.rate, Some(VideoRate::Bitrate(1_000_000)));
}
