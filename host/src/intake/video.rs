//! `Targets[].Video`.

use super::fields::Fields;
use super::filter_video::filters;
use super::numbers::Interval;
use super::policies::Roles;
use super::request::Scope;
use crate::task::fault::FaultCode;
use crate::task::spec::{LessOption, Resolution, ScaleType, VideoTarget};
use crate::task::{
    Container, FilterWish, PixelFormat, Preset, Rotation, StreamChoice, VideoCodec, VideoRate, VideoWish,
};

/// Values of the fields that end in `Option` (decision 8).
pub(super) const LESS_OPTIONS: &[(&str, LessOption)] =
    &[("fixed", LessOption::Fixed), ("adaptive", LessOption::Adaptive), ("fall", LessOption::Fall)];

const SCALE_TYPES: &[(&str, ScaleType)] =
    &[("stretch", ScaleType::Stretch), ("crop", ScaleType::Crop), ("fill", ScaleType::Fill), ("fit", ScaleType::Fit)];

/// Fields of `TranscodeVideo` besides `Codec`.
const TRANSCODE_FIELDS: &[&str] = &[
    "AdaptiveResolutionDirection",
    "BFrames",
    "Bitrate",
    "BitrateOption",
    "BufferSize",
    "CRF",
    "FrameRate",
    "FrameRateOption",
    "GOPSize",
    "MaxBitrate",
    "PixelFormat",
    "Preset",
    "Refs",
    "Resolution",
    "ResolutionOption",
    "Rotation",
    "ScaleType",
    "VideoSlim",
];

/// Lowest bitrate: encoders count in kbit/s.
const MIN_RATE: i64 = 1_000;

/// Highest bitrate: twice as much, the decoder buffer of decision 13, still fits into 31 bits.
const MAX_RATE: i64 = 1_000_000_000;

/// What `Video` asks for.
pub(super) struct Wanted {
    pub(super) wish: VideoWish,
    pub(super) streams: StreamChoice,
    /// `FilterVideo.Speed`.
    pub(super) speed: Option<f64>,
}

/// Reads `Video` by decision 5 of the API reference.
pub(super) fn video(target: &mut Fields<'_>, container: Option<Container>, roles: &Roles, scope: &Scope<'_>) -> Wanted {
    // What cannot be in the container is not copied into it for want of a word.
    let for_sound = container.is_some_and(Container::is_audio_only);
    let Some(mut video) = target.object("Video") else {
        let wish = if for_sound { VideoWish::None } else { VideoWish::Copy };
        return Wanted { wish, streams: StreamChoice::First, speed: None };
    };
    let disabled = video.boolean("DisableVideo").unwrap_or(false);
    let streams = chosen(&mut video);
    let transcode = video.object("TranscodeVideo");
    let filter = video.object("FilterVideo");
    let (wish, speed) = match transcode {
        Some(transcode) if !disabled && !transcode.is_hollow() => {
            transcoded(transcode, filter, container, roles, scope)
        }
        transcode => {
            let why = if disabled { "DisableVideo is true" } else { "TranscodeVideo is empty" };
            if let Some(mut transcode) = transcode {
                if !transcode.unread(&["Codec"]).is_empty() | !transcode.unread(TRANSCODE_FIELDS).is_empty() {
                    transcode.warn("FieldsIgnored", "", format!("does nothing: {why}"));
                }
                transcode.finish();
            }
            if let Some(filter) = filter {
                ignored_filter(filter, why);
            }
            (VideoWish::None, None)
        }
    };
    if let Some(container) = container.filter(|_| for_sound && wish != VideoWish::None) {
        let message = format!("must be absent or empty: Container {} holds sound only", container.name());
        target.fault(FaultCode::InvalidArgument, "Video", message);
    }
    if wish == VideoWish::None {
        unused_choice(&video);
    }
    video.finish();
    Wanted { wish, streams, speed }
}

/// A number above this one means all streams.
const LAST_STREAM: i64 = 100;

/// `Stream`: which streams of one kind. None given: the first; any number over 100: all. Those that do not exist are ignored, which
/// can only be told once the source has been probed.
pub(super) fn chosen(fields: &mut Fields<'_>) -> StreamChoice {
    match fields.integers("Stream", &(0..=i64::from(i32::MAX))) {
        None => StreamChoice::First,
        Some(numbers) if numbers.iter().any(|number| *number > LAST_STREAM) => StreamChoice::All,
        Some(numbers) => {
            StreamChoice::These(numbers.into_iter().filter_map(|number| usize::try_from(number).ok()).collect())
        }
    }
}

/// Warns about `Stream` where no stream of the kind is used.
pub(super) fn unused_choice(fields: &Fields<'_>) {
    if fields.has("Stream") {
        fields.warn("FieldsIgnored", "Stream", "does nothing: the output has no stream of this kind");
    }
}

/// Reports a field that is given without the one that it belongs to.
pub(super) fn needs(fields: &Fields<'_>, name: &'static str, other: &'static str) {
    if fields.has(name) && !fields.has(other) {
        fields.fault(FaultCode::InvalidArgument, name, format!("must be used together with {other}"));
    }
}

/// Unknown names stay faults in a part that does nothing; values are not judged.
fn ignored_filter(mut filter: Fields<'_>, why: &str) {
    let ignored = filter.unread(&["Delogos", "Desensitization", "Plugins", "Speed", "Watermarks"]);
    if !ignored.is_empty() {
        filter.warn("FieldsIgnored", "", format!("these fields do nothing, since {why}: {}", ignored.join(", ")));
    }
    filter.finish();
}

fn transcoded(
    mut fields: Fields<'_>,
    filter: Option<Fields<'_>>,
    container: Option<Container>,
    roles: &Roles,
    scope: &Scope<'_>,
) -> (VideoWish, Option<f64>) {
    let given = fields.has("Codec");
    let codecs: Vec<_> = VideoCodec::ALL.iter().map(|codec| (codec.name(), Some(*codec))).collect();
    let codec = fields.choice("Codec", &[vec![("copy", None)], codecs].concat(), &[]);
    if codec == Some(None) || !given {
        let why = if given { "Codec is copy" } else { "without Codec the stream is copied" };
        let ignored = fields.unread(TRANSCODE_FIELDS);
        if !ignored.is_empty() {
            fields.warn("FieldsIgnored", "", format!("these fields do nothing, since {why}: {}", ignored.join(", ")));
        }
        if let Some(filter) = filter {
            ignored_filter(filter, why);
        }
        fields.finish();
        return (VideoWish::Copy, None);
    }
    let (speed, filters) = filter.map(|filter| filters(filter, roles, scope)).unwrap_or_default();
    let codec = codec.flatten();
    if let Some((codec, container)) = codec.zip(container).filter(|(codec, container)| !container.holds_video(*codec)) {
        // That a container holds no video at all is told once, for the whole of it.
        let held = container.video_names();
        if !held.is_empty() {
            let message = format!("{} cannot be in Container {}, which holds {held}", codec.name(), container.name());
            fields.fault(FaultCode::InvalidArgument, "Codec", message);
        }
    }
    // Where the codec is wrong, the other fields are judged as with the most usual one.
    let wish = target(&mut fields, codec.unwrap_or(VideoCodec::H264), filters);
    fields.finish();
    (VideoWish::Transcode(Box::new(wish)), speed)
}

fn target(fields: &mut Fields<'_>, codec: VideoCodec, filters: Vec<FilterWish>) -> VideoTarget {
    let (rate, max_bitrate, buffer_size) = rate(fields);
    let resolution = resolution(fields);
    for (name, other) in [
        ("BitrateOption", "Bitrate"),
        ("FrameRateOption", "FrameRate"),
        ("ResolutionOption", "Resolution"),
        ("ScaleType", "Resolution"),
    ] {
        needs(fields, name, other);
    }
    let adaptive_resolution_direction = fields.boolean("AdaptiveResolutionDirection").unwrap_or(false);
    if adaptive_resolution_direction && !fields.has("Resolution") {
        fields.warn("FieldsIgnored", "AdaptiveResolutionDirection", "does nothing without Resolution");
    }
    if fields.integer_of::<u8>("VideoSlim", &[0, 1]) == Some(1) {
        fields.fault(FaultCode::Unsupported, "VideoSlim", "is not supported by this version as 1; supported is 0");
    }
    let refs = fields.integer("Refs", 1..=16);
    if let Some(asked) = refs.filter(|asked| codec.has_refs() && *asked > codec.max_refs()) {
        let most = codec.max_refs();
        fields.warn("RefsLowered", "Refs", format!("{asked} is taken as {most}, the most that {} has", codec.name()));
    }
    for (name, has) in [("BFrames", codec.has_b_frames()), ("Refs", codec.has_refs())] {
        if fields.has(name) && !has {
            fields.warn("FieldsIgnored", name, format!("does nothing: {} has no such parameter", codec.name()));
        }
    }
    VideoTarget {
        codec,
        preset: fields.choice("Preset", &Preset::ALL.map(|preset| (preset.name(), preset)), &[]).unwrap_or_default(),
        rate,
        bitrate_option: fields.choice("BitrateOption", LESS_OPTIONS, &[]).unwrap_or_default(),
        max_bitrate,
        buffer_size,
        gop_size: fields.integer("GOPSize", 1..=100_000),
        b_frames: fields.integer("BFrames", 0..=16),
        refs,
        pixel_format: pixel_format(fields, codec),
        frame_rate: fields.number("FrameRate", Interval::above(0.0, 240.0)),
        frame_rate_option: fields.choice("FrameRateOption", LESS_OPTIONS, &[]).unwrap_or_default(),
        resolution,
        resolution_option: fields.choice("ResolutionOption", LESS_OPTIONS, &[]).unwrap_or_default(),
        adaptive_resolution_direction,
        scale_type: fields.choice("ScaleType", SCALE_TYPES, &[]).unwrap_or_default(),
        rotation: fields
            .integer_of("Rotation", &[0, 90, 180, 270])
            .and_then(Rotation::from_degrees)
            .unwrap_or_default(),
        filters,
    }
}

/// `CRF` or `Bitrate` (decision 13), and the limit of a constant quality: `MaxBitrate` with `BufferSize`.
fn rate(fields: &mut Fields<'_>) -> (Option<VideoRate>, Option<u64>, Option<u64>) {
    let crf = fields.number("CRF", Interval::closed(0.0, 51.0));
    let bitrate = fields.integer::<u64>("Bitrate", MIN_RATE..=MAX_RATE);
    let max_bitrate = fields.integer::<u64>("MaxBitrate", MIN_RATE..=MAX_RATE);
    let mut buffer_size = fields.integer::<u64>("BufferSize", MIN_RATE..=2 * MAX_RATE);
    if fields.has("CRF") && fields.has("Bitrate") {
        fields.fault(FaultCode::InvalidArgument, "CRF", "must not be set together with Bitrate");
    }
    needs(fields, "MaxBitrate", "BufferSize");
    needs(fields, "MaxBitrate", "CRF");
    if fields.has("BufferSize") && !fields.has("MaxBitrate") {
        fields.warn("FieldsIgnored", "BufferSize", "does nothing without CRF and MaxBitrate");
        buffer_size = None;
    }
    (crf.map(VideoRate::Crf).or(bitrate.map(VideoRate::Bitrate)), max_bitrate, buffer_size)
}

fn pixel_format(fields: &mut Fields<'_>, codec: VideoCodec) -> Option<PixelFormat> {
    let format = fields.choice("PixelFormat", &PixelFormat::ALL.map(|format| (format.name(), format)), &[])?;
    if !codec.pixel_formats().contains(&format) {
        let allowed: Vec<_> = codec.pixel_formats().iter().map(|format| format.name()).collect();
        let message = format!("cannot go with Codec {}, which takes {}", codec.name(), allowed.join(", "));
        fields.fault(FaultCode::InvalidArgument, "PixelFormat", message);
    }
    Some(format)
}

fn resolution(fields: &mut Fields<'_>) -> Option<Resolution> {
    let text = fields.string("Resolution")?;
    let parsed = parse_resolution(text);
    if parsed.is_none() {
        let message = "must be like 1280x720, 1280x or x720, with sides from 1 to 4096";
        fields.fault(FaultCode::InvalidArgument, "Resolution", message);
    }
    parsed
}

/// `1280x720`, `1280x` or `x720`.
fn parse_resolution(text: &str) -> Option<Resolution> {
    /// `Some(None)` for a side that is left open.
    fn side(text: &str) -> Option<Option<u32>> {
        if text.is_empty() {
            return Some(None);
        }
        // `parse` alone would take a sign.
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let side = text.parse().ok().filter(|side| plain && (1..=4096).contains(side))?;
        Some(Some(side))
    }
    let (first, second) = text.split_once('x')?;
    let (first, second) = (side(first)?, side(second)?);
    (first.is_some() || second.is_some()).then(|| Resolution { text: text.to_owned(), first, second })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn resolutions() {
        let sides = |text| parse_resolution(text).map(|resolution| (resolution.first, resolution.second));
        assert_eq!(sides("1280x720"), Some((Some(1280), Some(720))));
        assert_eq!(sides("1280x"), Some((Some(1280), None)));
        assert_eq!(sides("x720"), Some((None, Some(720))));
        for text in
            ["x", "", "1280", "0x720", "4097x", "-1x720", "+1x720", "1280X720", "1280x720x", " 1280x720", "0720x", "٣x"]
        {
            assert_eq!(sides(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_resolution_keeps_its_text(first in 1u32..=4096, second in 1u32..=4096) {
            let text = format!("{first}x{second}");
            let resolution = parse_resolution(&text).unwrap();
            prop_assert_eq!((resolution.first, resolution.second, resolution.text), (Some(first), Some(second), text));
        }

        #[test]
        fn no_text_panics(text in ".{0,20}") {
            if let Some(resolution) = parse_resolution(&text) {
                prop_assert!(resolution.first.or(resolution.second).is_some());
            }
        }
    }
}
