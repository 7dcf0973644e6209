//! The shape of a request as a JSON schema, for documents and clients. It says what a field is; what goes together is for intake to judge.

mod filters;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use self::filters::filter_video;
use super::Limits;
use super::notices::RETRIES;
use super::request::{MAX_SOURCES, PRIORITIES};
use crate::task::{AudioCodec, Container, PixelFormat, Preset, VideoCodec};

/// The schema of a request. It stands by itself: it refers to nothing.
pub fn request_schema(limits: &Limits) -> Value {
    let tags = json!({
        "type": "object", "maxProperties": limits.tags, "description": "For searching, and {tags.NAME} in templates.",
        "additionalProperties": {"type": "string", "maxLength": limits.tag_value_bytes},
    });
    let sources = json!({"type": "array", "minItems": 1, "maxItems": MAX_SOURCES, "items": source()});
    let targets = json!({"type": "array", "minItems": 1, "maxItems": limits.targets, "items": target(limits)});
    object(
        "A task: sources, and what is made of them.",
        &["ProjectName", "Sources", "Targets"],
        json!({
            "ProjectName": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,128}$", "description": "The project that the task belongs to."},
            "Sources": sources,
            "Targets": targets,
            "Tags": tags,
            "UserData": {"type": "string", "maxLength": limits.user_data_bytes, "description": "Echoed."},
            "AlignmentIndex": count(0, MAX_SOURCES as i64 - 1, "The source from which defaults come."),
            "Notification": notification(),
            "CredentialConfig": {"type": "object", "description": "Taken and not used: a warning."},
            "TolerateDamage": flag("Extension: a damaged source gives its outputs and a warning."),
            "Priority": count(*PRIORITIES.start(), *PRIORITIES.end(), "Extension: tasks of a higher one go first within their project."),
        }),
    )
}

/// An object with these fields and no others.
fn object(description: &str, required: &[&str], mut properties: Value) -> Value {
    // What is not required may be null: that is as if it were absent.
    for (name, schema) in properties.as_object_mut().into_iter().flatten() {
        if let Some(kind) = schema.get_mut("type").filter(|kind| kind.is_string() && !required.contains(&name.as_str()))
        {
            *kind = json!([kind.take(), "null"]);
        }
        if let Some(Value::Array(allowed)) = schema.get_mut("enum").filter(|_| !required.contains(&name.as_str())) {
            allowed.push(Value::Null);
        }
    }
    json!({
        "type": "object", "description": description, "required": required, "additionalProperties": false,
        "properties": properties,
    })
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn object_uri(description: &str) -> Value {
    json!({"type": "string", "pattern": "^oss://", "maxLength": 1100, "description": description})
}

fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

fn number(low: f64, high: f64, description: &str) -> Value {
    json!({"type": "number", "minimum": low, "maximum": high, "description": description})
}

fn count(low: i64, high: i64, description: &str) -> Value {
    json!({"type": "integer", "minimum": low, "maximum": high, "description": description})
}

fn one_of<'a>(names: impl IntoIterator<Item = &'a str>, description: &str) -> Value {
    json!({"type": "string", "enum": names.into_iter().collect::<Vec<_>>(), "description": description})
}

fn streams() -> Value {
    json!({"type": "array", "items": {"type": "integer", "minimum": -1}, "description": "Numbers of streams of this kind."})
}

/// What `*Option` may be.
fn less() -> Value {
    one_of(["fixed", "adaptive", "fall"], "What happens where the source has less.")
}

fn notification() -> Value {
    let rocket = object(
        "Nobody is told: a warning.",
        &[],
        json!({"InstanceId": text("Its id."), "TopicName": text("Its name.")}),
    );
    let topic = object("A topic of the configuration.", &[], json!({"TopicName": text("Its name.")}));
    let webhook = object(
        "Extension: an HTTP endpoint.",
        &[],
        json!({
            "URL": {"type": "string", "maxLength": 2048, "description": "http or https."},
            "RetryPolicy": one_of(RETRIES.map(|(name, _)| name), "When it is tried again."),
        }),
    );
    object(
        "Who is told that the task has ended.",
        &[],
        json!({"MNS": topic, "RocketMQ": rocket, "Webhook": webhook,
            "ExtendedMessageURI": object_uri("Gets the whole result.")}),
    )
}

fn source() -> Value {
    let subtitle = object(
        "A subtitle file that is added.",
        &["URI"],
        json!({
            "URI": object_uri("The file."),
            "Language": {"type": "string", "pattern": "^[A-Za-z]{3}$", "description": "A code of ISO 639-2."},
            "TimeOffset": number(-86_400.0, 86_400.0, "Seconds."),
        }),
    );
    object(
        "One media file.",
        &["URI"],
        json!({
            "URI": object_uri("The file."),
            "StartTime": number(0.0, 1e9, "Seconds."),
            "Duration": number(0.0, 1e9, "Seconds; 0: to the end."),
            "DisableVideo": flag("Its video is not used."),
            "DisableAudio": flag("Its sound is not used."),
            "Attached": flag("Its streams are added beside those of the others."),
            "AlignMode": one_of(["false", "loop", "pad"], "How an attached one is brought to the length of the others."),
            "Subtitles": {"type": "array", "maxItems": 20, "items": subtitle},
        }),
    )
}

fn target(limits: &Limits) -> Value {
    let segment = object(
        "A playlist and segments in place of one file.",
        &["Format"],
        json!({
            "Format": one_of(["hls", "dash"], "The kind of playlist."),
            "Duration": number(0.1, 3600.0, "Seconds of a segment."),
            "StartNumber": count(0, i64::from(i32::MAX), "Number of the first one."),
        }),
    );
    let extract = object(
        "Subtitle files beside the output.",
        &["URI", "Format"],
        json!({"URI": text("Their prefix."), "Format": one_of(["ass", "srt", "webvtt"], "Their form.")}),
    );
    let subtitle = object(
        "Which subtitles there are.",
        &[],
        json!({"DisableSubtitle": flag("None."), "Stream": streams(), "ExtractSubtitle": extract}),
    );
    let role = json!({"description": "NAME, NAME@RANGE, or an object of Name and Version."});
    let policies = object(
        "Extension: the component for each role.",
        &[],
        json!({"Watermark": role, "Delogo": role, "URITemplate": role, "Parameters": role}),
    );
    let kept = |what: &str| object(what, &[], json!({"Stream": streams()}));
    object(
        "One output.",
        &[],
        json!({
            "URI": text("A template of an object URI."),
            "Container": one_of(Container::ALL.map(Container::name), "The file format."),
            "Video": video(limits),
            "Audio": audio(),
            "Subtitle": subtitle,
            "Segment": segment,
            "Speed": number(0.5, 1.0, "0.5 is half as fast."),
            "StripMetadata": flag("Leaves out titles and the like."),
            "AttachedPicture": kept("Pictures such as covers that are kept."),
            "Data": kept("Streams of data that are kept."),
            "Policies": policies,
        }),
    )
}

fn video(limits: &Limits) -> Value {
    let codecs = ["copy"].into_iter().chain(VideoCodec::ALL.map(VideoCodec::name));
    let transcode = object(
        "How it is encoded.",
        &[],
        json!({
            "Codec": one_of(codecs, "copy: as it is."),
            "CRF": number(0.0, 51.0, "Quality: lower is better."),
            "Bitrate": count(1_000, 1_000_000_000, "bit/s."),
            "BitrateOption": less(),
            "MaxBitrate": count(1_000, 1_000_000_000, "bit/s."),
            "BufferSize": count(1_000, 2_000_000_000, "Bits."),
            "GOPSize": count(1, 100_000, "Frames."),
            "BFrames": count(0, 16, "Frames."),
            "Refs": count(1, 16, "Frames."),
            "PixelFormat": one_of(PixelFormat::ALL.iter().map(|format| format.name()), "Sampling and depth."),
            "FrameRate": {"type": "number", "exclusiveMinimum": 0, "maximum": 240, "description": "Frames per second."},
            "FrameRateOption": less(),
            "Resolution": {"type": "string", "pattern": "^([0-9]{1,4}x[0-9]{0,4}|x[0-9]{1,4})$", "description": "1280x720, 1280x or x720."},
            "ResolutionOption": less(),
            "AdaptiveResolutionDirection": flag("Long x short instead of width x height."),
            "ScaleType": one_of(["stretch", "crop", "fill", "fit"], "How a picture of another shape is brought to the size."),
            "Rotation": {"type": "integer", "enum": [0, 90, 180, 270], "description": "Degrees clockwise."},
            "Preset": one_of(Preset::ALL.map(Preset::name), "Extension: speed against size."),
            "VideoSlim": count(0, 0, "0."),
        }),
    );
    object(
        "Absent: the first stream is copied. {}: none.",
        &[],
        json!({"DisableVideo": flag("None."), "Stream": streams(), "TranscodeVideo": transcode,
            "FilterVideo": filter_video(limits)}),
    )
}

fn audio() -> Value {
    let codecs = ["copy"].into_iter().chain(AudioCodec::ALL.map(AudioCodec::name));
    let transcode = object(
        "How it is encoded.",
        &[],
        json!({
            "Codec": one_of(codecs, "copy: as it is."),
            "Bitrate": count(1_000, 10_000_000, "bit/s."),
            "BitrateOption": less(),
            "SampleRate": count(8_000, 96_000, "Hz."),
            "SampleRateOption": less(),
            "Channel": count(1, 8, "Channels."),
            "BitsPerSample": {"type": "integer", "enum": [16, 24], "description": "Of flac and pcm."},
            "Quality": count(0, 100, "Higher is better."),
        }),
    );
    let filter =
        object("What is done with it.", &[], json!({"Mixing": flag("All streams become one."), "Stream": streams()}));
    object(
        "Absent: the first stream is copied. {}: none.",
        &[],
        json!({"DisableAudio": flag("None."), "Stream": streams(), "TranscodeAudio": transcode, "FilterAudio": filter}),
    )
}
