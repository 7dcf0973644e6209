//! `Targets[].Audio`.

use super::fields::Fields;
use super::video::{LESS_OPTIONS, first_stream, needs};
use crate::task::fault::FaultCode;
use crate::task::spec::AudioTarget;
use crate::task::{AudioCodec, AudioWish};

/// Codecs of the API that this version does not encode.
const LATER_CODECS: &[&str] = &["mp3", "vorbis", "flac", "ac3", "opus", "amr"];

/// Sample rates in Hz (`TranscodeAudio.SampleRate`). The API's documentation prints 12025 for 11025; both are taken.
const SAMPLE_RATES: &[i64] =
    &[8000, 11025, PRINTED_RATE, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000];

/// The misprint: no codec has this rate.
const PRINTED_RATE: i64 = 12025;

/// What it stands for.
const MEANT_RATE: u32 = 11025;

/// Fields of `TranscodeAudio` besides `Codec`.
const TRANSCODE_FIELDS: &[&str] =
    &["Bitrate", "BitrateOption", "BitsPerSample", "Channel", "Quality", "SampleRate", "SampleRateOption"];

/// Reads `Audio` by decision 5 of the API reference.
pub(super) fn audio(target: &mut Fields<'_>) -> AudioWish {
    let Some(mut audio) = target.object("Audio") else { return AudioWish::Copy };
    let disabled = audio.boolean("DisableAudio").unwrap_or(false);
    first_stream(&mut audio);
    let transcode = audio.object("TranscodeAudio");
    if let Some(mut filter) = audio.object("FilterAudio") {
        filter.unsupported_flag("Mixing");
        filter.finish();
    }
    let wish = match transcode {
        Some(mut transcode) if disabled => {
            if !transcode.unread(&["Codec"]).is_empty() | !transcode.unread(TRANSCODE_FIELDS).is_empty() {
                transcode.warn("FieldsIgnored", "", "does nothing: DisableAudio is true");
            }
            transcode.finish();
            AudioWish::None
        }
        Some(transcode) if !transcode.is_hollow() => transcoded(transcode),
        Some(mut transcode) => {
            transcode.unread(&["Codec"]);
            transcode.unread(TRANSCODE_FIELDS);
            transcode.finish();
            AudioWish::None
        }
        None => AudioWish::None,
    };
    audio.finish();
    wish
}

fn transcoded(mut fields: Fields<'_>) -> AudioWish {
    let given = fields.has("Codec");
    let codec = fields.choice("Codec", &[("copy", None), ("aac", Some(AudioCodec::Aac))], LATER_CODECS);
    if codec == Some(None) || !given {
        let ignored = fields.unread(TRANSCODE_FIELDS);
        if !ignored.is_empty() {
            let why = if given { "Codec is copy" } else { "without Codec the stream is copied" };
            fields.warn("FieldsIgnored", "", format!("these fields do nothing, since {why}: {}", ignored.join(", ")));
        }
        fields.finish();
        return AudioWish::Copy;
    }
    let wish = AudioTarget {
        codec: AudioCodec::Aac,
        bitrate: fields.integer("Bitrate", 1_000..=10_000_000),
        bitrate_option: fields.choice("BitrateOption", LESS_OPTIONS, &[]).unwrap_or_default(),
        sample_rate: sample_rate(&mut fields),
        sample_rate_option: fields.choice("SampleRateOption", LESS_OPTIONS, &[]).unwrap_or_default(),
        channel: fields.integer("Channel", 1..=8),
    };
    needs(&fields, "BitrateOption", "Bitrate");
    needs(&fields, "SampleRateOption", "SampleRate");
    if fields.integer::<u8>("Quality", 0..=100).is_some() {
        if fields.has("Bitrate") {
            fields.fault(FaultCode::InvalidArgument, "Quality", "must not be set together with Bitrate");
        } else {
            fields.fault(FaultCode::Unsupported, "Quality", "is not supported by this version; use Bitrate");
        }
    }
    if fields.integer_of::<u8>("BitsPerSample", &[16, 24]).is_some() {
        fields.warn("FieldsIgnored", "BitsPerSample", "does nothing: it is for Codec flac only");
    }
    fields.finish();
    AudioWish::Transcode(wish)
}

fn sample_rate(fields: &mut Fields<'_>) -> Option<u32> {
    let rate = fields.integer_of::<u32>("SampleRate", SAMPLE_RATES)?;
    if i64::from(rate) == PRINTED_RATE {
        let message = format!("{PRINTED_RATE} is taken as {MEANT_RATE}: the API's documentation misprints it");
        fields.warn("SampleRateCorrected", "SampleRate", message);
        return Some(MEANT_RATE);
    }
    Some(rate)
}
