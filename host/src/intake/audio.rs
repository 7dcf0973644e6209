//! `Targets[].Audio`.

use super::fields::Fields;
use super::video::{LESS_OPTIONS, chosen, needs, unused_choice};
use crate::task::fault::FaultCode;
use crate::task::spec::AudioTarget;
use crate::task::{AudioCodec, AudioWish, Container, StreamChoice};

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

/// What `Audio` asks for.
pub(super) struct Heard {
    pub(super) wish: AudioWish,
    pub(super) streams: StreamChoice,
    /// `FilterAudio.Mixing`.
    pub(super) mixing: bool,
}

/// Reads `Audio` by decision 5 of the API reference: what becomes of which streams.
pub(super) fn audio(target: &mut Fields<'_>, container: Option<Container>) -> Heard {
    let Some(mut audio) = target.object("Audio") else {
        return Heard { wish: AudioWish::Copy, streams: StreamChoice::First, mixing: false };
    };
    let disabled = audio.boolean("DisableAudio").unwrap_or(false);
    let streams = chosen(&mut audio);
    let transcode = audio.object("TranscodeAudio");
    let mixing = audio.object("FilterAudio").is_some_and(|mut filter| {
        let mixing = filter.boolean("Mixing").unwrap_or(false);
        filter.finish();
        mixing
    });
    let wish = match transcode {
        Some(mut transcode) if disabled => {
            if !transcode.unread(&["Codec"]).is_empty() | !transcode.unread(TRANSCODE_FIELDS).is_empty() {
                transcode.warn("FieldsIgnored", "", "does nothing: DisableAudio is true");
            }
            transcode.finish();
            AudioWish::None
        }
        Some(transcode) if !transcode.is_hollow() => transcoded(transcode, container),
        Some(mut transcode) => {
            transcode.unread(&["Codec"]);
            transcode.unread(TRANSCODE_FIELDS);
            transcode.finish();
            AudioWish::None
        }
        None => AudioWish::None,
    };
    if wish == AudioWish::None {
        unused_choice(&audio);
    }
    let encoded = matches!(wish, AudioWish::Transcode(_));
    if mixing && !encoded {
        audio.warn("FieldsIgnored", "FilterAudio", "does nothing: no audio is encoded");
    }
    let mixing = mixing && encoded;
    // All sound tracks become one, unless some are chosen.
    let streams = if mixing && streams == StreamChoice::First { StreamChoice::All } else { streams };
    audio.finish();
    Heard { wish, streams, mixing }
}

fn transcoded(mut fields: Fields<'_>, container: Option<Container>) -> AudioWish {
    let given = fields.has("Codec");
    let codecs: Vec<_> = AudioCodec::ALL.iter().map(|codec| (codec.name(), Some(*codec))).collect();
    let codec = fields.choice("Codec", &[vec![("copy", None)], codecs].concat(), &[]);
    if codec == Some(None) || !given {
        let ignored = fields.unread(TRANSCODE_FIELDS);
        if !ignored.is_empty() {
            let why = if given { "Codec is copy" } else { "without Codec the stream is copied" };
            fields.warn("FieldsIgnored", "", format!("these fields do nothing, since {why}: {}", ignored.join(", ")));
        }
        fields.finish();
        return AudioWish::Copy;
    }
    let codec = codec.flatten();
    if let Some((codec, container)) = codec.zip(container).filter(|(codec, container)| !container.holds_audio(*codec)) {
        let (name, held) = (container.name(), container.audio_names());
        let message = format!("{} cannot be in Container {name}, which holds {held}", codec.name());
        fields.fault(FaultCode::InvalidArgument, "Codec", message);
    }
    // Where the codec is wrong, the other fields are judged as with the most usual one.
    let codec = codec.unwrap_or(AudioCodec::Aac);
    let wish = AudioTarget {
        codec,
        bitrate: fields.integer("Bitrate", 1_000..=10_000_000),
        bitrate_option: fields.choice("BitrateOption", LESS_OPTIONS, &[]).unwrap_or_default(),
        sample_rate: sample_rate(&mut fields, codec),
        sample_rate_option: fields.choice("SampleRateOption", LESS_OPTIONS, &[]).unwrap_or_default(),
        channel: channel(&mut fields, codec),
        quality: fields.integer("Quality", 0..=100),
        bits_per_sample: fields.integer_of("BitsPerSample", &[16, 24]),
    };
    needs(&fields, "BitrateOption", "Bitrate");
    needs(&fields, "SampleRateOption", "SampleRate");
    if fields.has("Quality") && fields.has("Bitrate") {
        fields.fault(FaultCode::InvalidArgument, "Quality", "must not be set together with Bitrate");
    }
    for name in ["Bitrate", "Quality"] {
        if codec.is_lossless() && fields.has(name) {
            fields.warn("FieldsIgnored", name, format!("does nothing: {} is lossless", codec.name()));
        }
    }
    if wish.bits_per_sample.is_some() && !codec.is_lossless() {
        fields.warn("FieldsIgnored", "BitsPerSample", "does nothing: it is for Codec flac and pcm only");
    }
    fields.finish();
    AudioWish::Transcode(wish)
}

fn channel(fields: &mut Fields<'_>, codec: AudioCodec) -> Option<u16> {
    let channel = fields.integer("Channel", 1..=8)?;
    if channel > codec.max_channels() {
        let message = format!("must be 1 to {} with Codec {}", codec.max_channels(), codec.name());
        fields.fault(FaultCode::InvalidArgument, "Channel", message);
    }
    Some(channel)
}

fn sample_rate(fields: &mut Fields<'_>, codec: AudioCodec) -> Option<u32> {
    let asked = fields.integer_of::<u32>("SampleRate", SAMPLE_RATES)?;
    let rate = if i64::from(asked) == PRINTED_RATE { MEANT_RATE } else { asked };
    if let Some(rates) = codec.sample_rates().filter(|rates| !rates.contains(&rate)) {
        let allowed: Vec<_> = rates.iter().map(ToString::to_string).collect();
        let message = format!("cannot go with Codec {}, which has {}", codec.name(), allowed.join(", "));
        fields.fault(FaultCode::InvalidArgument, "SampleRate", message);
    }
    if rate != asked {
        let message = format!("{PRINTED_RATE} is taken as {MEANT_RATE}: the API's documentation misprints it");
        fields.warn("SampleRateCorrected", "SampleRate", message);
    }
    Some(rate)
}
