use std::path::Path;

use crate::media::testing::{
    Encoded, Folder, encoded_audio, encoded_video, encoding, ffmpeg, frames, open, picture, raw, written,
};
use crate::media::{
    AudioDecoder, AudioFrame, Expectation, Interrupt, MediaError, MuxReport, Muxer, Result, StreamCopy, verify,
};
use crate::task::{AudioCodec, AudioEncoding, Container, PixelFormat, VideoCodec, VideoEncoding};

const SOUND: &str =
    "-f lavfi -i anoisesrc=seed=7:r=48000:d=0.7:c=pink,volume=volume=abs(sin(9*t)):eval=frame -ac 2 -c:a pcm_s16le";

/// More than two groups of pictures.
const FRAMES: u32 = 20;

fn sound(codec: AudioCodec) -> AudioEncoding {
    let sample_rate = if codec == AudioCodec::Amr { 8_000 } else { 48_000 };
    let channels = codec.max_channels().min(2);
    AudioEncoding { codec, sample_rate, channels, bitrate: 96_000, bits_per_sample: None, quality: None }
}

fn video(codec: VideoCodec) -> Encoded {
    let encoding = VideoEncoding { codec, gop_size: 6, ..encoding() };
    encoded_video(&encoding, &picture(160, 120, PixelFormat::Yuv420p), FRAMES).unwrap()
}

/// Names of the AMR encoder are known, but not every build of FFmpeg has it.
fn sounds(folder: &Folder) -> Vec<(AudioCodec, Encoded)> {
    let clip = folder.clip("sound.wav", SOUND);
    let codecs = AudioCodec::ALL.into_iter().filter(|codec| *codec != AudioCodec::Amr);
    codecs.map(|codec| (codec, encoded_audio(&sound(codec), &clip).unwrap())).collect()
}

/// FFmpeg's own command reads it without a complaint.
fn decodes(path: &Path) {
    ffmpeg(&format!("-xerror -err_detect explode -i {} -f null -", path.display()));
}

#[test]
fn every_container_holds_its_video_codecs() {
    let folder = Folder::new();
    let mut failed = Vec::new();
    for codec in VideoCodec::ALL {
        let encoded = video(codec);
        for container in Container::ALL.into_iter().filter(|container| container.holds_video(codec)) {
            let path = folder.file(&format!("{}.{}", codec.name(), container.extension()));
            match written(&path, container, &[&encoded]) {
                Ok(_) => {
                    decodes(&path);
                    assert_eq!(frames(&path).0.len(), FRAMES as usize, "{}", path.display());
                }
                Err(error) => failed.push(error.to_string()),
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Seconds of sound that come out of the decoder.
fn seconds(path: &Path) -> f64 {
    let mut demuxer = open(path);
    let index = demuxer.facts().audio_streams[0].index;
    demuxer.select(&[index]);
    let mut decoder = AudioDecoder::open(&demuxer.parameters(index).unwrap()).unwrap();
    let mut seconds = 0.0;
    loop {
        let packet = demuxer.read().unwrap();
        let mut count = |frame: AudioFrame| {
            seconds += frame.samples() as f64 / f64::from(frame.sample_rate());
            Ok(())
        };
        decoder.send(packet.as_ref(), &mut count).unwrap();
        if packet.is_none() {
            return seconds;
        }
    }
}

#[test]
fn every_container_holds_its_audio_codecs() {
    let folder = Folder::new();
    let pictures = video(VideoCodec::H264);
    let mut failed = Vec::new();
    for (codec, encoded) in sounds(&folder) {
        for container in Container::ALL.into_iter().filter(|container| container.holds_audio(codec)) {
            let mut all = vec![vec![&encoded], vec![&pictures, &encoded]];
            all.retain(
                |streams| if streams.len() == 1 { !container.needs_video() } else { !container.is_audio_only() },
            );
            // WebM holds no h264.
            all.retain(|streams| streams.len() == 1 || container.holds_video(VideoCodec::H264));
            for streams in all {
                let path = folder.file(&format!("{}-{}.{}", codec.name(), streams.len(), container.extension()));
                match written(&path, container, &streams).map(|_| seconds(&path)) {
                    Ok(0.6..0.85) => {}
                    other => failed.push(format!("{}: {other:?}", path.display())),
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Copies all streams as a task does.
fn copied(from: &Path, to: &Path, container: Container) -> Result<MuxReport> {
    let mut demuxer = open(from);
    let mut muxer = Muxer::create(to, container, &demuxer.metadata())?;
    let facts = demuxer.facts().clone();
    let mut copies = Vec::new();
    for index in 0..demuxer.streams() {
        let parameters = demuxer.parameters(index)?;
        let video = facts.video_streams.iter().find(|video| video.index == index);
        copies.push(StreamCopy::new(&parameters, video.map_or(0, |video| video.has_b_frames)));
        muxer.add_stream(parameters)?;
    }
    muxer.start()?;
    while let Some(packet) = demuxer.read()? {
        let stream = packet.stream();
        copies[stream].send(Some(packet), &mut |packet| muxer.write(stream, packet))?;
    }
    for (stream, copy) in copies.iter_mut().enumerate() {
        copy.send(None, &mut |packet| muxer.write(stream, packet))?;
    }
    let report = muxer.finish()?;
    let expected = vec![Expectation::default(); report.streams.len()];
    verify(&report, &expected, &Interrupt::default())?;
    Ok(report)
}

#[test]
fn copies_from_container_to_container_lose_nothing() {
    let folder = Folder::new();
    for codec in ["libx264", "libx265 -x265-params log-level=none"] {
        let clip = folder.clip(
            "x.mp4",
            &format!(
                "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:a aac -pix_fmt yuv420p -g 20 -c:v {codec}"
            ),
        );
        let before: Vec<_> = frames(&clip).0.iter().map(raw).collect();
        let mut from = clip;
        let chain = ["mkv", "mov", "ts", "flv", "ts", "mp4", "ts", "mkv", "flv", "mov", "mp4", "asf"];
        let chain = chain.into_iter().filter(|name| codec == "libx264" || !matches!(*name, "flv" | "asf"));
        for (step, name) in chain.enumerate() {
            let to = folder.file(&format!("{step}.{name}"));
            let container: Container = name.parse().unwrap();
            copied(&from, &to, container).unwrap_or_else(|error| panic!("{codec} step {step}: {error}"));
            decodes(&to);
            let after: Vec<_> = frames(&to).0.iter().map(raw).collect();
            assert!(before == after, "{codec} step {step} {name}: {} pictures, {}", before.len(), after.len());
            from = to;
        }
    }
}

#[test]
fn damage_is_found() {
    let folder = Folder::new();
    let pictures = video(VideoCodec::H264);
    let clip = folder.clip("sound.wav", SOUND);
    let mut unnoticed = Vec::new();
    for (container, codec) in [
        (Container::Mp4, AudioCodec::Aac),
        (Container::Mkv, AudioCodec::Aac),
        (Container::Ts, AudioCodec::Aac),
        (Container::Flv, AudioCodec::Aac),
        (Container::Avi, AudioCodec::Mp3),
        (Container::Asf, AudioCodec::Mp3),
        (Container::Mxf, AudioCodec::Pcm),
        (Container::Mp3, AudioCodec::Mp3),
        (Container::Aac, AudioCodec::Aac),
        (Container::Oga, AudioCodec::Vorbis),
        (Container::Flac, AudioCodec::Flac),
        (Container::Wav, AudioCodec::Pcm),
    ] {
        let sound = encoded_audio(&sound(codec), &clip).unwrap();
        let streams = if container.is_audio_only() { vec![&sound] } else { vec![&pictures, &sound] };
        let path = folder.file(&format!("x.{}", container.extension()));
        let report = written(&path, container, &streams).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let expected: Vec<_> = streams.iter().map(|stream| stream.expected).collect();
        let mut check = |what: &str, changed: &[u8]| {
            std::fs::write(&path, changed).unwrap();
            let report = MuxReport { size: changed.len() as u64, ..report.clone() };
            if !matches!(verify(&report, &expected, &Interrupt::default()), Err(MediaError::Verify(_))) {
                unnoticed.push(format!("{}: {what}", container.name()));
            }
        };
        check("half", &bytes[..bytes.len() / 2]);
        // The end of some containers is an index that nobody misses.
        check("three quarters", &bytes[..bytes.len() / 4 * 3]);
        let mut flipped = bytes.clone();
        // In the middle there is payload; ts has 5 bytes of it in 188 that are not.
        let middle = bytes.len() / 2 / 188 * 188 + 100;
        flipped[middle] ^= 0x10;
        // In mxf it hits sound, which is not compared: the muxer cuts it to the length of the pictures.
        if container != Container::Mxf {
            check("a flipped bit", &flipped);
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

/// A player may start at any key picture: where a container has no other place for them, the parameter sets are there.
#[test]
fn every_key_picture_carries_its_parameter_sets() {
    let folder = Folder::new();
    for (codec, containers, set) in [
        (VideoCodec::H264, [Container::Ts, Container::Avi, Container::Asf, Container::Mxf].as_slice(), 0x67),
        (VideoCodec::H265, [Container::Ts].as_slice(), 0x42),
    ] {
        let encoded = video(codec);
        let copy = folder.file("copy.mp4");
        written(&copy, Container::Mp4, &[&encoded]).unwrap();
        for &container in containers {
            for copying in [false, true] {
                let path = folder.file(&format!("x.{}", container.extension()));
                if copying {
                    copied(&copy, &path, container).unwrap();
                } else {
                    written(&path, container, &[&encoded]).unwrap();
                }
                let mut demuxer = open(&path);
                let mut keys = 0;
                while let Some(packet) = demuxer.read().unwrap() {
                    let data = packet.inner.data().unwrap();
                    if packet.is_key() {
                        keys += 1;
                        assert!(data.windows(4).any(|four| four == [0, 0, 1, set]), "{}", path.display());
                    }
                }
                assert!(keys > 2, "{}: {keys}", path.display());
            }
        }
    }
}

#[test]
fn the_order_of_streams_does_not_matter_in_flv() {
    let folder = Folder::new();
    let pictures = video(VideoCodec::H264);
    let clip = folder.clip("sound.wav", SOUND);
    for codec in [AudioCodec::Mp3, AudioCodec::Aac] {
        let sound = encoded_audio(&sound(codec), &clip).unwrap();
        written(&folder.file("x.flv"), Container::Flv, &[&sound, &pictures]).unwrap();
    }
}

#[test]
fn what_a_container_cannot_hold_is_refused_by_name() {
    let folder = Folder::new();
    let encoded = video(VideoCodec::Av1);
    for container in [Container::Mov, Container::Mxf, Container::Flv] {
        match written(&folder.file("x"), container, &[&encoded]) {
            Err(MediaError::Unsupported(text)) => {
                assert!(text.starts_with(&format!("{} cannot hold video (av1)", container.name())), "{text}");
            }
            other => panic!("{}: {other:?}", container.name()),
        }
    }
}
