//! Single pictures: a frame of a source, and frames as PNG files.

use std::path::Path;

use ffmpeg_next::codec::Context;
use ffmpeg_next::frame::Video;
use ffmpeg_next::{Error, Packet as RawPacket, encoder};

use super::clock::SECOND;
use super::decode::VideoDecoder;
use super::demux::{Demuxer, Opening};
use super::packed::Packed;
use super::source::{ByteSource, Interrupt};
use super::stream::Packet;
use super::transform::VideoTransform;
use super::{Frame, MediaError, Result};
use crate::task::{Picture, PixelFormat, ResolvedVideo, VideoStreamFacts};
use crate::task::{Preset, VideoCodec, VideoEncoding, VideoRate, resolved::Size};

/// The picture that is shown at this time, upright, in seconds from the start; after the end it is the last one. `open` opens the source,
/// and may be called twice. `Unsupported` where there is no video; `Damaged` where nothing can be decoded.
pub fn frame_at(open: &dyn Fn() -> Result<Box<dyn ByteSource>>, seconds: f64, interrupt: &Interrupt) -> Result<Frame> {
    let target = (seconds.max(0.0) * SECOND as f64) as i64;
    let mut sought = target > 0;
    let (found, clock, resolved, picture) = loop {
        let mut demuxer = Demuxer::open_as(open()?, interrupt, Opening { written: true, ..Opening::default() })?;
        let facts = demuxer.facts().video_streams.first().cloned();
        let facts = facts.ok_or_else(|| MediaError::Unsupported("the source has no video stream".to_owned()))?;
        demuxer.select(&[facts.index]);
        // Where a container cannot seek, all of it is decoded.
        sought = sought && demuxer.seek(target).is_ok();
        interrupt.check()?;
        let mut decoder = VideoDecoder::open(&demuxer.parameters(facts.index)?)?;
        let (resolved, picture) = upright(&facts);
        match scan(&mut demuxer, &mut decoder, target, sought)? {
            Some(frame) if !sought || frame.time_ns <= target => break (frame, decoder.clock(), resolved, picture),
            _ if !sought => return Err(MediaError::Damaged("the source has no picture".to_owned())),
            // Some containers seek to a place from which the next key picture is too late: then from the start.
            _ => sought = false,
        }
    };
    let mut transform = VideoTransform::new(&resolved, &picture, clock);
    let mut shown = None;
    let mut keep = |frame| {
        shown = Some(frame);
        Ok(())
    };
    transform.send(Some(found), &mut keep)?;
    transform.send(None, &mut keep)?;
    shown.ok_or_else(|| MediaError::Bug("the picture was lost while it was turned".to_owned()))
}

/// The last picture that begins no later than `target`, or the first where there is none. After a seek, what comes before the first key
/// picture is left out: a transport stream is entered anywhere, and a decoder would make grey of it.
fn scan(demuxer: &mut Demuxer, decoder: &mut VideoDecoder, target: i64, sought: bool) -> Result<Option<Frame>> {
    let mut found: Option<Frame> = None;
    let (mut later, mut entered) = (false, !sought);
    while !later {
        let packet = demuxer.read()?;
        entered |= packet.as_ref().is_some_and(Packet::is_key);
        if packet.is_some() && !entered {
            continue;
        }
        decoder.send(packet.as_ref(), &mut |frame| {
            later |= found.is_some() && frame.time_ns > target;
            if !later {
                found = Some(frame);
            }
            Ok(())
        })?;
        if packet.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The source's picture as it is shown, in the nearest format that frames can have.
pub(super) fn upright(facts: &VideoStreamFacts) -> (ResolvedVideo, Picture) {
    let pixel_format = facts.pixel_format.parse().unwrap_or(PixelFormat::Yuv444p);
    let (width, height) = facts.upright_size();
    let encoding = VideoEncoding {
        codec: VideoCodec::H264,
        preset: Preset::Fast,
        rate: VideoRate::DEFAULT,
        max_bitrate: None,
        buffer_size: None,
        gop_size: 1,
        b_frames: 0,
        refs: 1,
        frame_rate: None,
    };
    let sample_aspect = facts.sample_aspect_ratio;
    let resolved = ResolvedVideo {
        mirror: facts.mirror,
        rotation: facts.rotate,
        sample_aspect,
        ..ResolvedVideo::scaled(Size { width, height }, pixel_format, encoding)
    };
    let picture = Picture { width, height, pixel_format, sample_aspect, frame_rate: None, colour: facts.colour };
    (resolved, picture)
}

/// Writes a frame as an RGB picture of 8 bits. `Write` where the file cannot be written.
pub fn write_png(frame: &Frame, path: &Path) -> Result<()> {
    super::init();
    let mut source = frame.share()?;
    let rgb = Packed::new("rgb24", []).convert(&mut source)?;
    save(&rgb, path)
}

/// Writes a packed RGB picture as PNG.
pub(super) fn save(rgb: &Video, path: &Path) -> Result<()> {
    let bytes = encode_png(rgb)?;
    std::fs::write(path, bytes).map_err(|error| MediaError::Write(format!("{}: {error}", path.display())))
}

fn encode_png(rgb: &Video) -> Result<Vec<u8>> {
    let failed = |error: Error| MediaError::Encoder(format!("png: {error}"));
    let codec =
        encoder::find_by_name("png").ok_or_else(|| MediaError::Encoder("FFmpeg has no png encoder".to_owned()))?;
    let mut png = Context::new_with_codec(codec).encoder().video().map_err(failed)?;
    png.set_width(rgb.width());
    png.set_height(rgb.height());
    png.set_format(rgb.format());
    png.set_time_base(ffmpeg_next::Rational(1, 1));
    let mut png = png.open_as(codec).map_err(failed)?;
    png.send_frame(rgb).map_err(failed)?;
    png.send_eof().map_err(failed)?;
    let mut packet = RawPacket::empty();
    png.receive_packet(&mut packet).map_err(failed)?;
    Ok(packet.data().unwrap_or_default().to_vec())
}
