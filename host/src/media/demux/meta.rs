//! All that a file says of itself, in the form of the vendor's `DetectMediaMeta`.

use super::{Demuxer, Opening};
use crate::media::ffi::{self, RawStream};
use crate::media::source::{ByteSource, Interrupt};
use crate::media::{Result, places};
use crate::task::facts::{AudioStreamFacts, SubtitleStreamFacts, VideoStreamFacts};
use crate::task::meta::{AudioMeta, MediaMeta, StreamMeta, SubtitleMeta, VideoMeta};
use crate::task::rational::gcd;
use crate::task::{Colour, Rational};

/// Entries of metadata.
type Entries = [(String, String)];

/// What a source says of itself, without reading more of it than needed. Errors as [`Demuxer::open`].
pub fn describe(source: Box<dyn ByteSource>, interrupt: &Interrupt) -> Result<MediaMeta> {
    Ok(Demuxer::open_as(source, interrupt, Opening { written: true, ..Opening::default() })?.meta())
}

impl Demuxer {
    fn meta(&self) -> MediaMeta {
        let facts = &self.facts;
        let raw = |index: usize| ffi::stream(&self.input, index);
        let videos: Vec<_> =
            facts.video_streams.iter().filter_map(|video| Some(of_video(video, &raw(video.index)?))).collect();
        let audios: Vec<_> =
            facts.audio_streams.iter().filter_map(|audio| Some(of_audio(audio, &raw(audio.index)?))).collect();
        let subtitles = facts.subtitles.iter().filter_map(|text| Some(self.of_subtitle(text, &raw(text.index)?)));
        // Ogg has its tags in the stream.
        let mut entries = ffi::metadata(&self.input);
        entries.extend(
            facts.audio_streams.first().and_then(|audio| raw(audio.index)).into_iter().flat_map(|raw| raw.metadata),
        );
        let named = |names: &[&str]| value(&entries, names);
        let languages = videos.iter().map(|video| &video.stream).chain(audios.iter().map(|audio| &audio.stream));
        MediaMeta {
            format_name: facts.format_name.clone(),
            format_long_name: facts.format_long_name.clone(),
            size: facts.size,
            duration: facts.duration,
            start_time: facts.start_time,
            bitrate: facts.bitrate,
            stream_count: u64::from(self.input.nb_streams()),
            program_count: ffi::programs(&self.input),
            video_width: videos.first().map(|video| video.width),
            video_height: videos.first().map(|video| video.height),
            language: languages.filter_map(|stream| stream.language.clone()).next(),
            title: named(&["title"]),
            artist: named(&["artist"]),
            album: named(&["album"]),
            album_artist: named(&["album_artist", "albumartist"]),
            composer: named(&["composer"]),
            performer: named(&["performer"]),
            produce_time: produced(&entries),
            lat_long: named(&["com.apple.quicktime.location.iso6709", "location"])
                .and_then(|text| places::degrees(&text)),
            subtitles: subtitles.collect(),
            video_streams: videos,
            audio_streams: audios,
        }
    }

    fn of_subtitle(&self, facts: &SubtitleStreamFacts, raw: &RawStream) -> SubtitleMeta {
        let side = |side: i32| u32::try_from(side).ok().filter(|side| *side > 0);
        let (start_time, duration) = self.times(facts.index);
        let stream = StreamMeta {
            start_time,
            duration: duration.or_else(|| crate::media::facts::tagged_duration(raw)),
            bitrate: u64::try_from(raw.bit_rate).ok().filter(|rate| *rate > 0),
            ..of_stream(facts.index, raw, &facts.language)
        };
        SubtitleMeta { stream, width: side(raw.width), height: side(raw.height) }
    }

    /// Start and length of a stream in seconds.
    fn times(&self, index: usize) -> (Option<f64>, Option<f64>) {
        let Some(stream) = self.input.stream(index) else { return (None, None) };
        let base = stream.time_base();
        let Some(base) = super::ratio(base.numerator(), base.denominator()) else { return (None, None) };
        let seconds = |ticks: i64| (ticks != i64::MIN).then(|| super::clock::to_ns(ticks, base) as f64 / 1e9);
        (seconds(stream.start_time()), seconds(stream.duration()).filter(|duration| *duration > 0.0))
    }
}

fn of_stream(index: usize, raw: &RawStream, language: &Option<String>) -> StreamMeta {
    StreamMeta {
        index,
        codec_name: raw.codec_name.clone(),
        codec_long_name: raw.codec_long_name.clone(),
        codec_tag: format!("{:#06x}", raw.codec_tag),
        codec_tag_string: letters(raw.codec_tag),
        language: language.clone(),
        ..StreamMeta::default()
    }
}

fn of_video(facts: &VideoStreamFacts, raw: &RawStream) -> VideoMeta {
    let text = |rate: Option<Rational>| rate.map(|rate| rate.to_string());
    let stream = StreamMeta {
        start_time: facts.start_time,
        duration: facts.duration,
        bitrate: facts.bitrate,
        ..of_stream(facts.index, raw, &facts.language)
    };
    let Colour { primaries, transfer, matrix, full_range, .. } = facts.colour;
    let range = if full_range { Some("pc") } else { (raw.range == 1).then_some("tv") };
    let name = |name: Option<&str>| name.map(str::to_owned);
    VideoMeta {
        stream,
        profile: raw.profile.clone(),
        level: (raw.level > 0).then_some(raw.level),
        width: facts.width,
        height: facts.height,
        has_b_frames: facts.has_b_frames,
        sample_aspect_ratio: aspect(facts.sample_aspect_ratio, 1, 1),
        display_aspect_ratio: aspect(facts.sample_aspect_ratio, facts.width, facts.height),
        pixel_format: facts.pixel_format.clone(),
        bit_depth: facts.bit_depth,
        frame_rate: text(facts.frame_rate),
        average_frame_rate: text(facts.average_frame_rate),
        time_base: facts.time_base.to_string(),
        codec_time_base: text(facts.average_frame_rate.and_then(Rational::inverse)),
        frame_count: facts.frame_count,
        rotate: facts.rotate.degrees().to_string(),
        color_space: name(matrix_name(matrix)),
        color_range: name(range),
        color_transfer: name(transfer_name(transfer)),
        color_primaries: name(primaries_name(primaries)),
    }
}

fn of_audio(facts: &AudioStreamFacts, raw: &RawStream) -> AudioMeta {
    let stream = StreamMeta {
        start_time: facts.start_time,
        duration: facts.duration,
        bitrate: facts.bitrate,
        ..of_stream(facts.index, raw, &facts.language)
    };
    AudioMeta {
        stream,
        sample_format: facts.sample_format.clone(),
        sample_rate: facts.sample_rate,
        channels: facts.channels,
        channel_layout: facts.channel_layout.clone(),
        time_base: facts.time_base.to_string(),
        codec_time_base: Some(format!("1/{}", facts.sample_rate)),
        frame_count: raw.frames,
        lyric: value(&raw.metadata, &["lyrics", "unsyncedlyrics"]),
    }
}

/// The value of the first of these names that is there; FFmpeg adds a language to some, as in `lyrics-eng`.
fn value(entries: &Entries, names: &[&str]) -> Option<String> {
    let is = |key: &str, name: &str| {
        let (first, rest) = key.split_at_checked(name.len()).unwrap_or_default();
        first.eq_ignore_ascii_case(name) && (rest.is_empty() || (rest.len() == 4 && rest.starts_with('-')))
    };
    let found = |name: &&str| entries.iter().find(|(key, value)| is(key, name) && !value.trim().is_empty());
    names.iter().find_map(found).map(|(_, value)| value.clone())
}

/// When it was recorded. A date without a time of the day is not told: it would need a time that nobody knows.
fn produced(entries: &Entries) -> Option<String> {
    let names = ["creation_time", "com.apple.quicktime.creationdate", "date"];
    let whole = |text: &String| crate::task::Timestamp::parse(text).is_some_and(|moment| moment.millis() > 0);
    names.iter().filter_map(|name| value(entries, &[name])).find(whole)
}

/// As FFmpeg writes the tags of codecs.
fn letters(tag: u32) -> String {
    let letter = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b" -._".contains(&byte) => char::from(byte).to_string(),
        byte => format!("[{byte}]"),
    };
    tag.to_le_bytes().into_iter().map(letter).collect()
}

/// The shape of so many samples, as `16:9`.
fn aspect(sample: Rational, width: u32, height: u32) -> String {
    let part = |number: i32, side: u32| u64::from(number.unsigned_abs()) * u64::from(side);
    let (wide, high) = (part(sample.num(), width), part(sample.den(), height));
    let divisor = gcd(wide, high).max(1);
    format!("{}:{}", wide / divisor, high / divisor)
}

/// FFmpeg's name of ColourPrimaries of ITU-T H.273.
fn primaries_name(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "bt709",
        4 => "bt470m",
        5 => "bt470bg",
        6 => "smpte170m",
        7 => "smpte240m",
        8 => "film",
        9 => "bt2020",
        10 => "smpte428",
        11 => "smpte431",
        12 => "smpte432",
        22 => "ebu3213",
        _ => return None,
    })
}

/// FFmpeg's name of TransferCharacteristics.
fn transfer_name(code: u8) -> Option<&'static str> {
    Some(match code {
        1 => "bt709",
        4 => "bt470m",
        5 => "bt470bg",
        6 => "smpte170m",
        7 => "smpte240m",
        8 => "linear",
        9 => "log100",
        10 => "log316",
        11 => "iec61966-2-4",
        12 => "bt1361e",
        13 => "iec61966-2-1",
        14 => "bt2020-10",
        15 => "bt2020-12",
        16 => "smpte2084",
        17 => "smpte428",
        18 => "arib-std-b67",
        _ => return None,
    })
}

/// FFmpeg's name of MatrixCoefficients.
fn matrix_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "gbr",
        1 => "bt709",
        4 => "fcc",
        5 => "bt470bg",
        6 => "smpte170m",
        7 => "smpte240m",
        8 => "ycgco",
        9 => "bt2020nc",
        10 => "bt2020c",
        11 => "smpte2085",
        12 => "chroma-derived-nc",
        13 => "chroma-derived-c",
        14 => "ictcp",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_as_letters_or_numbers() {
        assert_eq!(letters(u32::from_le_bytes(*b"avc1")), "avc1");
        assert_eq!(letters(27), "[27][0][0][0]");
        assert_eq!(letters(u32::from_le_bytes(*b"mp4a")), "mp4a");
    }

    #[test]
    fn aspects_are_in_lowest_terms() {
        let ratio = |num, den| Rational::new(num, den).unwrap();
        assert_eq!(aspect(Rational::ONE, 1920, 1080), "16:9");
        assert_eq!(aspect(ratio(64, 45), 720, 576), "16:9");
        assert_eq!(aspect(ratio(64, 45), 1, 1), "64:45");
        assert_eq!(aspect(Rational::ONE, 0, 0), "0:0");
    }

    #[test]
    fn entries_are_found_by_any_spelling_and_language() {
        let entries = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let some =
            entries(&[("TITLE", " "), ("Title", "one"), ("titles", "two"), ("lyrics-eng", "la"), ("lyrics2x", "no")]);
        assert_eq!(value(&some, &["title"]).as_deref(), Some("one"));
        assert_eq!(value(&some, &["none", "lyrics"]).as_deref(), Some("la"));
        assert_eq!(value(&some, &["titl"]), None);
        let dates = entries(&[("date", "2020"), ("creation_time", "1970-01-01T00:00:00.000000Z")]);
        assert_eq!(produced(&dates), None, "a year is no moment, and the epoch is what empty fields say");
        let dates = entries(&[("date", "2020"), ("creation_time", "2021-02-03T04:05:06.000000Z")]);
        assert_eq!(produced(&dates).as_deref(), Some("2021-02-03T04:05:06.000000Z"));
    }
}
