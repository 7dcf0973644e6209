//! The facts of a file, from what its container and FFmpeg's probe say.

use ffmpeg_next::format::context::Input;
use ffmpeg_next::format::stream::Disposition;
use ffmpeg_next::media::Type;
use ffmpeg_next::{Stream, util};

use super::clock::{ratio, to_ns};
use super::ffi::{self, Container, RawStream};
use crate::task::{
    AudioStreamFacts, Colour, MediaFacts, OtherStreamFacts, Rational, Rotation, SubtitleStreamFacts, VideoStreamFacts,
};

const MICROSECONDS: f64 = 1_000_000.0;

/// The tag of the track in which mp4 and mov keep the titles of chapters.
pub(super) const CHAPTER_TITLES: &str = "text";

/// Reads all facts. `size` is that of the file in bytes.
pub(super) fn read(input: &Input, container: &Container, size: u64) -> MediaFacts {
    let format = input.format();
    let duration = container.duration.map(|time| time as f64 / MICROSECONDS);
    let mut facts = MediaFacts {
        format_name: format.name().to_owned(),
        format_long_name: format.description().to_owned(),
        size,
        duration,
        start_time: container.start.map(|time| time as f64 / MICROSECONDS),
        bitrate: duration.and_then(|duration| positive(size as f64 * 8.0 / duration)),
        video_streams: Vec::new(),
        audio_streams: Vec::new(),
        subtitles: Vec::new(),
        attached_pictures: Vec::new(),
        data_streams: Vec::new(),
    };
    for stream in input.streams() {
        let Some(raw) = ffi::stream(input, stream.index()) else { continue };
        match stream.parameters().medium() {
            // Some are nothing but a series of small pictures.
            Type::Video if is_picture(&stream) && raw.picture.is_empty() => {}
            Type::Video if is_picture(&stream) => {
                let codec_name = raw.codec_name.clone();
                facts.attached_pictures.push(OtherStreamFacts { index: stream.index(), codec_name });
            }
            Type::Video => facts.video_streams.extend(video(&stream, &raw)),
            Type::Audio => facts.audio_streams.extend(audio(&stream, &raw)),
            Type::Subtitle => facts.subtitles.push(SubtitleStreamFacts {
                index: stream.index(),
                codec_name: raw.codec_name.clone(),
                language: language(&raw),
            }),
            Type::Data if raw.tag != CHAPTER_TITLES => {
                let codec_name = if raw.tag.is_empty() { &raw.codec_name } else { &raw.tag };
                facts.data_streams.push(OtherStreamFacts { index: stream.index(), codec_name: codec_name.clone() });
            }
            _ => {}
        }
    }
    estimate_bitrates(&mut facts);
    facts
}

/// Whether the stream is a cover picture, which is no video.
pub(super) fn is_picture(stream: &Stream<'_>) -> bool {
    stream.disposition().contains(Disposition::ATTACHED_PIC)
}

fn video(stream: &Stream<'_>, raw: &RawStream) -> Option<VideoStreamFacts> {
    let (width, height) = (u32::try_from(raw.width).ok()?, u32::try_from(raw.height).ok()?);
    if width == 0 || height == 0 {
        return None;
    }
    let (pixel_format, depth, full_range) = sample_format(raw);
    let rate = |rate: util::rational::Rational| ratio(rate.numerator(), rate.denominator());
    let base = rate(stream.time_base())?;
    let orientation = raw.display_matrix.map_or((Rotation::None, false), |matrix| orientation(&matrix));
    Some(VideoStreamFacts {
        index: stream.index(),
        codec_name: raw.codec_name.clone(),
        codec_long_name: raw.codec_long_name.clone(),
        width,
        height,
        rotate: orientation.0,
        mirror: orientation.1,
        sample_aspect_ratio: sample_aspect(raw),
        pixel_format,
        bit_depth: depth,
        average_frame_rate: rate(stream.avg_frame_rate()),
        frame_rate: rate(stream.rate()),
        time_base: base,
        start_time: seconds(stream.start_time(), base),
        duration: stream_duration(stream, raw, base),
        frame_count: u64::try_from(stream.frames()).ok().filter(|count| *count > 0),
        bitrate: positive(raw.bit_rate as f64),
        has_b_frames: u32::try_from(raw.reorder).unwrap_or(0),
        // AV_FIELD_TT, BB, TB and BT; 0 is unknown, 1 progressive.
        interlaced: (2..=5).contains(&raw.field_order),
        colour: colour(raw, full_range),
        language: language(raw),
    })
}

fn audio(stream: &Stream<'_>, raw: &RawStream) -> Option<AudioStreamFacts> {
    let time_base = stream.time_base();
    let base = ratio(time_base.numerator(), time_base.denominator())?;
    Some(AudioStreamFacts {
        index: stream.index(),
        codec_name: raw.codec_name.clone(),
        codec_long_name: raw.codec_long_name.clone(),
        sample_rate: u32::try_from(raw.sample_rate).ok().filter(|rate| *rate > 0)?,
        channels: u16::try_from(raw.channels).ok().filter(|channels| *channels > 0)?,
        channel_layout: raw.layout.clone(),
        sample_format: ffi::sample_format_name(raw.format),
        time_base: base,
        start_time: seconds(stream.start_time(), base),
        duration: stream_duration(stream, raw, base),
        bitrate: positive(raw.bit_rate as f64),
        language: language(raw),
    })
}

/// Whether a picture's alpha is a second picture beside it, as Matroska has it for VP8 and VP9.
pub(super) fn has_alpha_beside(raw: &RawStream) -> bool {
    matches!(raw.codec_name.as_str(), "vp8" | "vp9")
        && raw.metadata.iter().any(|(key, value)| key.eq_ignore_ascii_case("alpha_mode") && value == "1")
}

/// Name, bits per sample, and whether the format is full range by its name. The `yuvj` formats appear under their plain names:
/// decoders of this room hand them out so.
fn sample_format(raw: &RawStream) -> (String, u8, bool) {
    let (name, depth) = ffi::pixel_format(raw.format).unwrap_or_else(|| ("unknown".to_owned(), 8));
    let raw_bits = u8::try_from(raw.raw_bits).ok().filter(|bits| (1..=16).contains(bits));
    match name.strip_prefix("yuvj") {
        // Its alpha is a stream of its own, beside the picture.
        None if has_alpha_beside(raw) && name == "yuv420p" => ("yuva420p".to_owned(), depth, false),
        Some(rest) => (format!("yuv{rest}"), raw_bits.unwrap_or(depth), true),
        None => (name, raw_bits.unwrap_or(depth), false),
    }
}

fn colour(raw: &RawStream, full_range: bool) -> Colour {
    let code = |value: i32| u8::try_from(value).unwrap_or(2);
    Colour {
        primaries: code(raw.primaries),
        transfer: code(raw.transfer),
        matrix: code(raw.matrix),
        full_range: full_range || raw.range == 2,
        // FFmpeg counts from 1 for "left"; 0 is unspecified.
        chroma_location: u8::try_from(raw.chroma_location).ok().and_then(|location| location.checked_sub(1)),
    }
}

/// The container's statement goes before the codec's, as in FFmpeg.
fn sample_aspect(raw: &RawStream) -> Rational {
    let known = |(num, den)| ratio(num, den);
    known(raw.stream_aspect).or_else(|| known(raw.codec_aspect)).unwrap_or(Rational::ONE)
}

/// What a display matrix (3 x 3, 16.16 and 2.30 fixed point) does: the clockwise rotation, to the nearest quarter, and whether the
/// picture is mirrored, left for right, before that.
fn orientation(matrix: &[i32; 9]) -> (Rotation, bool) {
    let at = |index: usize| f64::from(matrix[index]);
    let mirrored = at(0) * at(4) - at(1) * at(3) < 0.0;
    let sign = if mirrored { -1.0 } else { 1.0 };
    let scale = (at(0).hypot(at(3)), at(1).hypot(at(4)));
    if scale.0 == 0.0 || scale.1 == 0.0 {
        return (Rotation::None, false);
    }
    let degrees = (sign * at(1) / scale.1).atan2(sign * at(0) / scale.0).to_degrees();
    (Rotation::from_degrees((degrees / 90.0).round() as i64 * 90).unwrap_or_default(), mirrored)
}

fn seconds(ticks: i64, base: Rational) -> Option<f64> {
    (ticks != i64::MIN).then(|| to_ns(ticks, base) as f64 / 1e9)
}

/// The stream's own duration; Matroska keeps it in a tag.
fn stream_duration(stream: &Stream<'_>, raw: &RawStream, base: Rational) -> Option<f64> {
    seconds(stream.duration(), base).filter(|duration| *duration > 0.0).or_else(|| tagged_duration(raw))
}

/// Seconds of the tag `DURATION`, such as `00:00:12.033000000`.
pub(super) fn tagged_duration(raw: &RawStream) -> Option<f64> {
    let (_, text) = raw.metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case("DURATION"))?;
    let mut parts = text.splitn(3, ':');
    let (hours, minutes, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let total = f64::from(hours.parse::<u32>().ok()?) * 3600.0
        + f64::from(minutes.parse::<u32>().ok()?) * 60.0
        + rest.parse::<f64>().ok()?;
    (total.is_finite() && total > 0.0).then_some(total)
}

fn language(raw: &RawStream) -> Option<String> {
    let (_, tag) = raw.metadata.iter().find(|(key, _)| key == "language")?;
    (!tag.is_empty() && tag != "und").then(|| tag.clone())
}

fn positive(rate: f64) -> Option<u64> {
    (rate.is_finite() && rate >= 1.0).then(|| rate.round() as u64)
}

/// An unknown stream bitrate = (file bits - known streams) / duration (decision 14 of the API reference). Where a video stream is
/// unknown the rest counts as its own, for next to it the sound is small; then unknown sound stays unknown.
fn estimate_bitrates(facts: &mut MediaFacts) {
    let Some(total) = facts.bitrate else { return };
    let known = facts.video_streams.iter().map(|stream| stream.bitrate);
    let known = known.chain(facts.audio_streams.iter().map(|stream| stream.bitrate));
    let known = known.flatten().fold(0u64, u64::saturating_add);
    let rest = total.checked_sub(known).filter(|rest| *rest > 0);
    if let Some(video) = facts.video_streams.iter_mut().find(|stream| stream.bitrate.is_none()) {
        video.bitrate = rest;
    } else if let Some(audio) = facts.audio_streams.iter_mut().find(|stream| stream.bitrate.is_none()) {
        audio.bitrate = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_matrices_turn_clockwise_after_they_mirror() {
        let one = 1 << 16;
        let matrix = |a, b, c, d| [a, b, 0, c, d, 0, 0, 0, 1 << 30];
        // Where the picture's right (first row) and its bottom (second row) point to, x to the right and y down.
        let cases = [
            ((one, 0, 0, one), (Rotation::None, false)),
            // What a phone held upright writes.
            ((0, one, -one, 0), (Rotation::Quarter, false)),
            ((-one, 0, 0, -one), (Rotation::Half, false)),
            ((0, -one, one, 0), (Rotation::ThreeQuarters, false)),
            ((-one, 0, 0, one), (Rotation::None, true)),
            ((0, -one, -one, 0), (Rotation::Quarter, true)),
            ((one, 0, 0, -one), (Rotation::Half, true)),
            ((0, one, one, 0), (Rotation::ThreeQuarters, true)),
        ];
        for ((a, b, c, d), expected) in cases {
            assert_eq!(orientation(&matrix(a, b, c, d)), expected, "{a} {b} {c} {d}");
        }
        assert_eq!(orientation(&[0; 9]), (Rotation::None, false));
        assert!(!orientation(&[i32::MIN; 9]).1);
    }
}
