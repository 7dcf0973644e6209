//! Clips and a whole transcode for the tests of this room.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::demux::Opening;
use super::*;
use crate::task::resolved::Size;
use crate::task::{
    AudioCodec, AudioEncoding, Colour, Container, Picture, PixelFormat, Preset, Rational, ResolvedVideo, VideoCodec,
    VideoEncoding, VideoRate,
};

/// A folder that goes away with the test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("wasmux-media-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes a clip with FFmpeg's command; `arguments` are split at blanks.
    pub(super) fn clip(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.file(name);
        let output = ffmpeg(&format!("{arguments} -y {}", path.display()));
        assert!(path.exists(), "{}", String::from_utf8_lossy(&output));
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs FFmpeg's command and returns what it writes to its standard output.
pub(super) fn ffmpeg(arguments: &str) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-threads", "1"]).args(arguments.split_whitespace());
    let output = command.output().expect("the tests of room media need the command `ffmpeg`");
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

pub(super) fn open(path: &Path) -> Demuxer {
    let opening = Opening { written: true, ..Opening::default() };
    Demuxer::open_as(Box::new(FileSource::open(path).unwrap()), &Interrupt::default(), opening).unwrap()
}

pub(super) fn picture(width: u32, height: u32, pixel_format: PixelFormat) -> Picture {
    Picture { width, height, pixel_format, sample_aspect: Rational::ONE, frame_rate: None, colour: Colour::UNSPECIFIED }
}

pub(super) fn encoding() -> VideoEncoding {
    VideoEncoding {
        codec: VideoCodec::H264,
        preset: Preset::Fast,
        rate: VideoRate::Crf(28.0),
        max_bitrate: None,
        buffer_size: None,
        gop_size: 12,
        b_frames: 3,
        refs: 2,
        frame_rate: None,
    }
}

pub(super) fn resolved(width: u32, height: u32, pixel_format: PixelFormat) -> ResolvedVideo {
    ResolvedVideo::scaled(Size { width, height }, pixel_format, encoding())
}

pub(super) fn aac(sample_rate: u32, channels: u16) -> AudioEncoding {
    AudioEncoding {
        codec: AudioCodec::Aac,
        sample_rate,
        channels,
        bitrate: 96_000,
        bits_per_sample: None,
        quality: None,
    }
}

/// All samples of a frame, plane by plane, as raw video.
pub(super) fn raw(frame: &Frame) -> Vec<u8> {
    let mut all = Vec::new();
    for plane in 0..frame.pixel_format().unwrap().planes() {
        let (width, height) = frame.plane_size(plane).unwrap();
        let area = crate::task::Rect { x: 0, y: 0, width, height };
        frame.read_rect(plane, area, &mut all).unwrap();
    }
    all
}

/// All frames of the first video stream.
pub(super) fn frames(path: &Path) -> (Vec<Frame>, VideoClock) {
    let mut demuxer = open(path);
    let index = demuxer.facts().video_streams[0].index;
    demuxer.select(&[index]);
    let mut decoder = VideoDecoder::open(&demuxer.parameters(index).unwrap()).unwrap();
    let mut frames = Vec::new();
    loop {
        let packet = demuxer.read().unwrap();
        decoder
            .send(packet.as_ref(), &mut |frame| {
                frames.push(frame);
                Ok(())
            })
            .unwrap();
        if packet.is_none() {
            return (frames, decoder.clock());
        }
    }
}

/// Transcodes the first video and audio stream, whatever there is, to h264 and aac in mp4.
pub(super) fn transcode(source: Box<dyn ByteSource>, out: &Path) -> Result<(MuxReport, Vec<Expectation>)> {
    let interrupt = Interrupt::default();
    let mut demuxer = Demuxer::open(source, &interrupt)?;
    let video = demuxer.facts().video_streams.first().cloned();
    let audio = demuxer.facts().audio_streams.first().cloned();
    let wanted: Vec<_> = video.iter().map(|v| v.index).chain(audio.iter().map(|a| a.index)).collect();
    demuxer.select(&wanted);
    let mut pictures = Vec::new();
    let mut sounds = Vec::new();
    let mut video = video
        .map(|facts| {
            let decoder = VideoDecoder::open(&demuxer.parameters(facts.index)?)?;
            let (width, height) = (facts.width / 2 * 2, facts.height / 2 * 2);
            let picture = picture(width, height, PixelFormat::Yuv420p);
            let transform =
                VideoTransform::new(&resolved(width, height, PixelFormat::Yuv420p), &picture, decoder.clock());
            let encoder = VideoEncoder::new(&encoding(), &picture, transform.clock()).with_threads(1);
            Ok::<_, MediaError>((facts.index, decoder, transform, encoder))
        })
        .transpose()?;
    let mut audio = audio
        .map(|facts| {
            let decoder = AudioDecoder::open(&demuxer.parameters(facts.index)?)?;
            let encoder = AudioEncoder::open(&aac(48_000, 2))?;
            let transform = AudioTransform::new(&aac(48_000, 2), encoder.frame_size())?;
            Ok::<_, MediaError>((facts.index, decoder, transform, encoder))
        })
        .transpose()?;
    loop {
        let packet = demuxer.read()?;
        let end = packet.is_none();
        if let Some((index, decoder, transform, encoder)) = &mut video
            && packet.as_ref().is_none_or(|packet| packet.stream() == *index)
        {
            let mut keep = |packet| {
                pictures.push(packet);
                Ok(())
            };
            let mut encode = |frame| encoder.send(Some(frame), &mut keep);
            decoder.send(packet.as_ref(), &mut |frame| transform.send(Some(frame), &mut encode))?;
            if end {
                transform.send(None, &mut encode)?;
                encoder.send(None, &mut keep)?;
            }
        }
        if let Some((index, decoder, transform, encoder)) = &mut audio
            && packet.as_ref().is_none_or(|packet| packet.stream() == *index)
        {
            let mut keep = |packet| {
                sounds.push(packet);
                Ok(())
            };
            let mut encode = |frame| encoder.send(Some(frame), &mut keep);
            decoder.send(packet.as_ref(), &mut |frame| transform.send(Some(frame), &mut encode))?;
            if end {
                transform.send(None, &mut encode)?;
                encoder.send(None, &mut keep)?;
            }
        }
        if end {
            break;
        }
    }
    let mut muxer = Muxer::create(out, Container::Mp4, &demuxer.metadata())?;
    let mut expected = Vec::new();
    let mut streams = Vec::new();
    if let Some((.., encoder)) = &video
        && let Some(parameters) = encoder.parameters()?
    {
        let report = encoder.report();
        let duration_ns = Some(report.end_ns - report.start_ns);
        expected.push(Expectation { packets: Some(report.frames), duration_ns });
        streams.push((muxer.add_stream(parameters)?, pictures));
    }
    if let Some((.., encoder)) = &audio {
        let report = encoder.report();
        expected.push(Expectation { packets: None, duration_ns: Some(report.end_ns - report.start_ns) });
        streams.push((muxer.add_stream(encoder.parameters()?)?, sounds));
    }
    muxer.start()?;
    let mut all: Vec<_> = streams
        .into_iter()
        .flat_map(|(stream, packets)| packets.into_iter().map(move |packet| (stream, packet)))
        .collect();
    all.sort_by_key(|(_, packet)| packet.decode_time_ns());
    for (stream, packet) in all {
        muxer.write(stream, packet)?;
    }
    let report = muxer.finish()?;
    verify(&report, &expected, &interrupt)?;
    Ok((report, expected))
}

/// A stream as it comes from an encoder.
pub(super) struct Encoded {
    pub(super) parameters: StreamParameters,
    pub(super) packets: Vec<Packet>,
    pub(super) expected: Expectation,
}

/// `count` different pictures, 25 per second, with the clock of a decoder.
pub(super) fn encoded_video(encoding: &VideoEncoding, picture: &Picture, count: u32) -> Result<Encoded> {
    let clock = VideoClock { time_base: Rational::new(1, 90_000).unwrap(), rate: Rational::new(25, 1) };
    let mut encoder = VideoEncoder::new(encoding, picture, clock).with_threads(2);
    let mut packets = Vec::new();
    let mut keep = |packet| {
        packets.push(packet);
        Ok(())
    };
    let bytes = picture.pixel_format.sample_bytes();
    for at in 0..count {
        let mut frame = Frame::blank(picture, i64::from(at) * 40_000_000, 40_000_000, u64::from(at))?;
        let (width, height) = (picture.width, picture.height);
        let mut noise = at.wrapping_mul(7919) | 1;
        let samples: Vec<u8> = (0..width as usize * height as usize * bytes)
            .map(|place| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // The upper byte of a sample of 10 bits has two of them.
                if bytes == 2 && place % 2 == 1 { (noise >> 30) as u8 } else { (noise >> 28) as u8 + at as u8 }
            })
            .collect();
        frame.write_rect(0, crate::task::Rect { x: 0, y: 0, width, height }, &samples).unwrap();
        encoder.send(Some(frame), &mut keep)?;
    }
    encoder.send(None, &mut keep)?;
    let report = encoder.report();
    let duration_ns = Some(report.end_ns - report.start_ns);
    let expected = Expectation { packets: Some(report.frames), duration_ns };
    Ok(Encoded { parameters: encoder.parameters()?.unwrap(), packets, expected })
}

/// The first stream of sound of a file, encoded anew.
pub(super) fn encoded_audio(encoding: &AudioEncoding, source: &Path) -> Result<Encoded> {
    let mut demuxer = open(source);
    let index = demuxer.facts().audio_streams[0].index;
    demuxer.select(&[index]);
    let mut decoder = AudioDecoder::open(&demuxer.parameters(index)?)?;
    let mut encoder = AudioEncoder::open(encoding)?;
    let mut transform = AudioTransform::new(encoding, encoder.frame_size())?;
    let mut packets = Vec::new();
    loop {
        let packet = demuxer.read()?;
        let mut keep = |packet| {
            packets.push(packet);
            Ok(())
        };
        let mut encode = |frame| encoder.send(Some(frame), &mut keep);
        decoder.send(packet.as_ref(), &mut |frame| transform.send(Some(frame), &mut encode))?;
        if packet.is_none() {
            transform.send(None, &mut encode)?;
            encoder.send(None, &mut keep)?;
            break;
        }
    }
    let report = encoder.report();
    let duration_ns = Some(report.end_ns - report.start_ns);
    let expected = Expectation { packets: Some(report.packets), duration_ns };
    Ok(Encoded { parameters: encoder.parameters()?, packets, expected })
}

/// Writes streams into one file and reads it back.
pub(super) fn written(path: &Path, container: Container, streams: &[&Encoded]) -> Result<MuxReport> {
    let mut muxer = Muxer::create(path, container, &[])?;
    let mut all = Vec::new();
    for stream in streams {
        let number = muxer.add_stream(stream.parameters.clone())?;
        for packet in &stream.packets {
            all.push((number, packet.share()?));
        }
    }
    muxer.start()?;
    all.sort_by_key(|(_, packet)| packet.decode_time_ns());
    for (stream, packet) in all {
        muxer.write(stream, packet)?;
    }
    let report = muxer.finish()?;
    let expected: Vec<_> = streams.iter().map(|stream| stream.expected).collect();
    verify(&report, &expected, &Interrupt::default())?;
    Ok(report)
}
