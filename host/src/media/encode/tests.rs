use super::*;
use crate::media::testing::{aac, encoding, picture};
use crate::media::{AudioTransform, Frame};
use crate::task::{PixelFormat, Rect, VideoEncoding, VideoRate};

fn clock() -> VideoClock {
    VideoClock { time_base: Rational::new(1, 90_000).unwrap(), rate: Rational::new(25, 1) }
}

/// Frames at these times in milliseconds, each different.
fn encode(encoding: &VideoEncoding, format: PixelFormat, times: &[i64]) -> Result<(Vec<Packet>, EncodeReport)> {
    let picture = picture(64, 48, format);
    let mut encoder = VideoEncoder::new(encoding, &picture, clock()).with_threads(1);
    let mut packets = Vec::new();
    let mut keep = |packet| {
        packets.push(packet);
        Ok(())
    };
    for (at, time) in times.iter().enumerate() {
        let mut frame = Frame::blank(&picture, time * 1_000_000, 40_000_000, at as u64)?;
        let (x, bytes) = ((at as u32 * 3) % 56, 64 * format.sample_bytes());
        frame.write_rect(0, Rect { x, y: 8, width: 8, height: 8 }, &vec![1; bytes]).unwrap();
        encoder.send(Some(frame), &mut keep)?;
    }
    encoder.send(None, &mut keep)?;
    let report = encoder.report();
    Ok((packets, report))
}

fn refused(encoding: &VideoEncoding, format: PixelFormat) -> String {
    match encode(encoding, format, &[0]) {
        Err(MediaError::Encoder(text)) => text,
        other => panic!("{:?}", other.map(|(_, report)| report)),
    }
}

#[test]
fn timestamps_are_those_of_the_frames() {
    let times = [0, 40, 47, 130, 133, 500, 501, 2000, 2040, 2041];
    let (packets, report) = encode(&encoding(), PixelFormat::Yuv420p, &times).unwrap();
    let mut shown: Vec<_> = packets.iter().map(|packet| packet.time_ns().unwrap() / 1_000_000).collect();
    let decoded: Vec<_> = packets.iter().map(|packet| packet.decode_time_ns().unwrap()).collect();
    assert!(decoded.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(shown.windows(2).any(|pair| pair[0] > pair[1]), "no B-frames: the test proves nothing");
    shown.sort_unstable();
    assert_eq!(shown, times);
    assert!(packets.iter().all(|packet| packet.duration_ns() == 40_000_000));
    assert_eq!((report.frames, report.packets, report.dropped), (10, 10, 0));
    assert_eq!((report.start_ns, report.end_ns), (0, 2_081_000_000));
}

#[test]
fn frames_at_the_same_place_are_dropped_and_counted() {
    let constant = VideoEncoding { frame_rate: Rational::new(25, 1), ..encoding() };
    let (packets, report) = encode(&constant, PixelFormat::Yuv420p, &[0, 40, 41, 80]).unwrap();
    assert_eq!((packets.len(), report.frames, report.dropped), (3, 3, 1));
}

#[test]
fn the_same_frames_make_the_same_bytes() {
    let bytes = || {
        let (packets, _) = encode(&encoding(), PixelFormat::Yuv420p, &[0, 40, 80, 120]).unwrap();
        packets.iter().flat_map(|packet| packet.inner.data().unwrap().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn all_formats_but_alpha_are_encoded() {
    for format in PixelFormat::ALL {
        let result = encode(&encoding(), format, &[0, 40]);
        assert_eq!(result.is_ok(), !format.has_alpha(), "{format}: {:?}", result.err());
    }
    assert!(refused(&encoding(), PixelFormat::Yuva420p).contains("allowed are yuv420p, yuv422p"));
}

#[test]
fn rates_that_are_possible_are_taken() {
    for rate in [VideoRate::Crf(0.0), VideoRate::Crf(51.0), VideoRate::Bitrate(300_000)] {
        encode(&VideoEncoding { rate, ..encoding() }, PixelFormat::Yuv420p, &[0, 40]).unwrap();
    }
    let limited = VideoEncoding { max_bitrate: Some(500_000), buffer_size: Some(900_000), ..encoding() };
    encode(&limited, PixelFormat::Yuv420p, &[0, 40]).unwrap();
}

#[test]
fn refusals_name_the_field_and_what_is_allowed() {
    let text = |change: fn(&mut VideoEncoding)| {
        let mut encoding = encoding();
        change(&mut encoding);
        refused(&encoding, PixelFormat::Yuv420p)
    };
    assert!(text(|e| e.rate = VideoRate::Crf(52.0)).contains("CRF 52"));
    assert!(text(|e| e.rate = VideoRate::Crf(f64::NAN)).contains("CRF NaN"));
    assert!(text(|e| e.rate = VideoRate::Bitrate(u64::MAX)).contains("Bitrate 18446744073709551615"));
    assert!(text(|e| e.b_frames = 17).contains("BFrames 17"));
    assert!(text(|e| e.gop_size = u32::MAX).contains("GOPSize"));
    assert!(text(|e| e.max_bitrate = Some(u64::MAX)).contains("MaxBitrate"));
}

#[test]
fn odd_sizes_are_refused_before_the_encoder_does() {
    let odd = picture(63, 48, PixelFormat::Yuv420p);
    let mut encoder = VideoEncoder::new(&encoding(), &odd, clock());
    let frame = Frame::blank(&odd, 0, 1, 0).unwrap();
    let error = encoder.send(Some(frame), &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().contains("63x48 does not suit yuv420p"), "{error}");
    assert!(encoder.parameters().unwrap().is_none());
}

#[test]
fn an_unknown_option_is_an_error() {
    let mut video = Context::new_with_codec(find("libx264").unwrap()).encoder().video().unwrap();
    video.set_width(64);
    video.set_height(64);
    video.set_format(ffmpeg_next::format::Pixel::YUV420P);
    video.set_time_base(ffmpeg_next::Rational(1, 25));
    let options = [("presett", "fast".to_owned())];
    let result = Opened::open("libx264", video.0.0, Rational::ONE, &options);
    assert_eq!(result.err(), Some(MediaError::Encoder("libx264 has no option presett".to_owned())));
}

#[test]
fn aac_takes_one_to_eight_channels() {
    for channels in 1..=8 {
        let encoder = AudioEncoder::open(&aac(48_000, channels)).unwrap();
        assert_eq!(encoder.frame_size(), 1024);
        assert!(AudioTransform::new(&aac(48_000, channels), 1024).is_ok());
    }
    for (rate, channels, named) in
        [(48_000, 0, "Channel 0"), (48_000, 99, "Channel 99"), (12_345, 2, "12345"), (0, 2, "SampleRate 0")]
    {
        let error = AudioEncoder::open(&aac(rate, channels)).err().unwrap();
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn x264_looks_ahead_in_threads_of_128_lines() {
    // It writes its options into the first packet.
    let looks = |height: u32, threads: u32| {
        let picture = picture(320, height, PixelFormat::Yuv420p);
        let mut encoder = VideoEncoder::new(&encoding(), &picture, clock()).with_threads(threads);
        let mut bytes = Vec::new();
        let mut keep = |packet: Packet| {
            bytes.extend_from_slice(packet.inner.data().unwrap_or_default());
            Ok(())
        };
        encoder.send(Some(Frame::blank(&picture, 0, 40_000_000, 0).unwrap()), &mut keep).unwrap();
        encoder.send(None, &mut keep).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let (_, after) = text.split_once("lookahead_threads=").unwrap();
        after.split(' ').next().unwrap().to_owned()
    };
    assert_eq!([looks(256, 2), looks(240, 2), looks(512, 3), looks(720, 8)], ["2", "1", "3", "4"]);
    // One thread looks ahead by itself; with many, their number is x264's.
    assert_eq!([looks(512, 1), looks(720, 18)], ["1", "3"]);
}
