//! Every codec with everything that it takes.

use super::*;
use crate::media::testing::{Encoded, Folder, encoded_audio, encoded_video, encoding, open, picture, written};
use crate::task::{AudioCodec, AudioEncoding, Container, PixelFormat, Preset, VideoCodec, VideoEncoding, VideoRate};

fn of(codec: VideoCodec) -> VideoEncoding {
    VideoEncoding { codec, ..encoding() }
}

fn size(encoded: &Encoded) -> usize {
    encoded.packets.iter().map(Packet::size).sum()
}

#[test]
fn every_video_codec_takes_its_presets_and_formats() {
    let folder = Folder::new();
    for codec in VideoCodec::ALL {
        for preset in Preset::ALL {
            let encoded =
                encoded_video(&VideoEncoding { preset, ..of(codec) }, &picture(96, 64, PixelFormat::Yuv420p), 4);
            assert_eq!(encoded.map(|encoded| encoded.packets.len()), Ok(4), "{} {}", codec.name(), preset.name());
        }
        for format in PixelFormat::ALL {
            let encoded = encoded_video(&of(codec), &picture(96, 64, format), 3);
            assert_eq!(encoded.is_ok(), codec.pixel_formats().contains(&format), "{} {format}", codec.name());
            let Ok(encoded) = encoded else { continue };
            let path = folder.file(&format!("{}-{format}.mkv", codec.name()));
            written(&path, Container::Mkv, &[&encoded]).unwrap();
            let found = open(&path).facts().video_streams[0].pixel_format.clone();
            assert_eq!(found, format.name(), "{}", path.display());
        }
    }
}

#[test]
fn every_video_codec_takes_its_rates() {
    let picture = picture(96, 64, PixelFormat::Yuv420p);
    for codec in VideoCodec::ALL {
        let made = |rate, max_bitrate| {
            let encoding = VideoEncoding { rate, max_bitrate, ..of(codec) };
            let encoded = encoded_video(&encoding, &picture, 50).unwrap_or_else(|error| panic!("{rate:?}: {error}"));
            // Two seconds.
            size(&encoded) * 4
        };
        for wanted in [60_000, 240_000] {
            let found = made(VideoRate::Bitrate(wanted as u64), None);
            assert!((wanted / 2..wanted * 2).contains(&found), "{} {wanted}: {found}", codec.name());
        }
        let sizes = [0.0, 10.0, 30.0, 51.0].map(|quality| made(VideoRate::Crf(quality), None));
        assert!(sizes[0] > sizes[1], "{}: {sizes:?}", codec.name());
        // Of noise, libvpx makes more at 51 than at 30.
        assert!(sizes[2..].iter().all(|size| *size < sizes[1]), "{}: {sizes:?}", codec.name());
        let limited = made(VideoRate::Crf(10.0), Some(150_000));
        // SVT-AV1 takes a limit as a hint.
        let most = if codec == VideoCodec::Av1 { sizes[1] } else { sizes[1] * 3 / 4 };
        assert!(limited < most, "{}: {limited} of {sizes:?}", codec.name());
    }
}

#[test]
fn many_b_frames_and_no_gop_are_taken() {
    for codec in VideoCodec::ALL {
        for (b_frames, gop_size, refs) in [(16, 250, 16), (0, 1, 1), (0, 0, 0)] {
            let encoding = VideoEncoding { b_frames, gop_size, refs, ..of(codec) };
            let encoded = encoded_video(&encoding, &picture(96, 64, PixelFormat::Yuv420p), 20);
            let count = encoded.map(|encoded| encoded.packets.len());
            assert_eq!(count, Ok(20), "{} {b_frames} {gop_size} {refs}", codec.name());
        }
    }
}

fn sound(codec: AudioCodec) -> AudioEncoding {
    AudioEncoding { codec, sample_rate: 48_000, channels: 2, bitrate: 96_000, bits_per_sample: None, quality: None }
}

fn lossy() -> impl Iterator<Item = AudioCodec> {
    AudioCodec::ALL.into_iter().filter(|codec| !codec.is_lossless() && *codec != AudioCodec::Amr)
}

#[test]
fn every_audio_codec_takes_its_rates_channels_and_bitrates() {
    for codec in AudioCodec::ALL.into_iter().filter(|codec| *codec != AudioCodec::Amr) {
        let all = [8_000, 12_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000];
        for &sample_rate in codec.sample_rates().unwrap_or(&all) {
            for channels in 1..=codec.max_channels() {
                for bitrate in [1_000, 64_000, 128_000, 10_000_000] {
                    let encoding = AudioEncoding { sample_rate, channels, bitrate, ..sound(codec) };
                    let opened = AudioEncoder::open(&encoding).map(|encoder| encoder.frame_size() > 0);
                    assert_eq!(opened, Ok(true), "{encoding:?}");
                }
                for quality in [0, 50, 100] {
                    let encoding = AudioEncoding { sample_rate, channels, quality: Some(quality), ..sound(codec) };
                    assert_eq!(AudioEncoder::open(&encoding).err(), None, "{encoding:?}");
                }
            }
        }
    }
}

#[test]
fn quality_and_bitrate_mean_something() {
    let folder = Folder::new();
    let clip = folder.clip("x.wav", "-f lavfi -i anoisesrc=seed=7:r=48000:d=1:c=pink -ac 2");
    for codec in lossy() {
        let made = |quality, bitrate| {
            size(&encoded_audio(&AudioEncoding { quality, bitrate, ..sound(codec) }, &clip).unwrap())
        };
        let sizes = [0, 50, 100].map(|quality| made(Some(quality), 0));
        assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{}: {sizes:?}", codec.name());
        let found = made(None, 128_000) * 8;
        assert!((80_000..200_000).contains(&found), "{}: {found}", codec.name());
    }
}

#[test]
fn lossless_codecs_keep_every_sample() {
    let folder = Folder::new();
    for (bits, form) in [(None, "s16le"), (Some(16), "s16le"), (Some(24), "s24le")] {
        for channels in [1, 2, 6] {
            let clip = folder
                .clip("x.wav", &format!("-f lavfi -i anoisesrc=seed=7:r=44100:d=0.3 -ac {channels} -c:a pcm_{form}"));
            let containers = if channels == 2 { 8 } else { 1 };
            let samples = |path: &std::path::Path| {
                crate::media::testing::ffmpeg(&format!("-i {} -f {form} -c:a pcm_{form} -", path.display()))
            };
            let before = samples(&clip);
            let all = [
                (AudioCodec::Flac, Container::Flac),
                (AudioCodec::Flac, Container::Oga),
                (AudioCodec::Flac, Container::Mkv),
                (AudioCodec::Flac, Container::Mp4),
                (AudioCodec::Pcm, Container::Wav),
                (AudioCodec::Pcm, Container::Mov),
                (AudioCodec::Pcm, Container::Avi),
                (AudioCodec::Pcm, Container::Asf),
            ];
            for (codec, container) in all.into_iter().take(containers) {
                let encoding = AudioEncoding { sample_rate: 44_100, channels, bits_per_sample: bits, ..sound(codec) };
                let path = folder.file(&format!("y.{}", container.extension()));
                written(&path, container, &[&encoded_audio(&encoding, &clip).unwrap()])
                    .unwrap_or_else(|error| panic!("{encoding:?} {}: {error}", container.name()));
                assert!(before == samples(&path), "{encoding:?} {}", container.name());
            }
        }
    }
}

#[test]
fn what_a_codec_does_not_have_is_refused_by_name() {
    let text = |encoding: AudioEncoding| {
        AudioEncoder::open(&encoding).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(
        text(AudioEncoding { channels: 3, ..sound(AudioCodec::Mp3) })
            .contains("Channel 3: mp3 has no layout for it; allowed are 1 to 2")
    );
    assert!(
        text(AudioEncoding { sample_rate: 44_100, ..sound(AudioCodec::Opus) })
            .contains("SampleRate 44100: opus does not have it; allowed are 8000, ")
    );
    assert!(text(AudioEncoding { bits_per_sample: Some(16), ..sound(AudioCodec::Mp3) }).contains("BitsPerSample 16"));
    assert!(text(AudioEncoding { bits_per_sample: Some(32), ..sound(AudioCodec::Flac) }).contains("BitsPerSample 32"));
    assert!(text(AudioEncoding { quality: Some(101), ..sound(AudioCodec::Mp3) }).contains("Quality 101"));
}

#[test]
fn alpha_is_kept_in_webm() {
    let folder = Folder::new();
    let encoded = encoded_video(&of(VideoCodec::Vp9), &picture(96, 64, PixelFormat::Yuva420p), 4).unwrap();
    let path = folder.file("x.webm");
    written(&path, Container::Webm, &[&encoded]).unwrap();
    let raw = crate::media::testing::ffmpeg(&format!(
        "-c:v libvpx-vp9 -i {} -f rawvideo -pix_fmt yuva420p -",
        path.display()
    ));
    // Blank pictures are opaque; the alpha is the last plane.
    assert_eq!(raw.len(), 4 * 96 * 64 * 5 / 2);
    assert!(raw[raw.len() - 96 * 64..].iter().all(|alpha| *alpha > 250));
}
