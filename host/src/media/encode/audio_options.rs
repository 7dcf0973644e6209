//! What each audio codec's encoder is told, in FFmpeg's names, and the form of the samples that it takes.

use ffmpeg_next::format::sample::{Sample, Type};

use crate::media::{MediaError, Result, ffi};
use crate::task::{AudioCodec, AudioEncoding};

/// Unit of FFmpeg's `global_quality`.
const LAMBDA: f64 = 118.0;

/// The encoder of a codec.
pub(super) fn encoder_name(encoding: &AudioEncoding) -> &'static str {
    match encoding.codec {
        AudioCodec::Aac => "aac",
        AudioCodec::Mp3 => "libmp3lame",
        AudioCodec::Vorbis => "libvorbis",
        AudioCodec::Flac => "flac",
        AudioCodec::Ac3 => "ac3",
        AudioCodec::Opus => "libopus",
        AudioCodec::Amr => "libopencore_amrnb",
        AudioCodec::Pcm if is_deep(encoding) => "pcm_s24le",
        AudioCodec::Pcm => "pcm_s16le",
    }
}

/// FFmpeg's name of the codec.
pub(super) fn ffmpeg_name(encoding: &AudioEncoding) -> &'static str {
    match encoding.codec {
        AudioCodec::Amr => "amr_nb",
        AudioCodec::Pcm => encoder_name(encoding),
        codec => codec.name(),
    }
}

/// Form of the samples that the encoder takes.
pub(in crate::media) fn sample_format(encoding: &AudioEncoding) -> Sample {
    match encoding.codec {
        AudioCodec::Aac | AudioCodec::Mp3 | AudioCodec::Vorbis | AudioCodec::Ac3 => Sample::F32(Type::Planar),
        AudioCodec::Opus => Sample::F32(Type::Packed),
        AudioCodec::Amr => Sample::I16(Type::Packed),
        // 24 bits are the upper ones of 32.
        AudioCodec::Flac | AudioCodec::Pcm if is_deep(encoding) => Sample::I32(Type::Packed),
        AudioCodec::Flac | AudioCodec::Pcm => Sample::I16(Type::Packed),
    }
}

fn is_deep(encoding: &AudioEncoding) -> bool {
    encoding.bits_per_sample.is_some_and(|bits| bits > 16)
}

/// The layout for the number of channels, by name. FFmpeg's default, but for the codecs whose order of channels is that of
/// the Vorbis specification: they know no other.
pub(in crate::media) fn layout(encoding: &AudioEncoding) -> Result<String> {
    let (codec, channels) = (encoding.codec, encoding.channels);
    let of_vorbis = matches!(codec, AudioCodec::Vorbis | AudioCodec::Opus | AudioCodec::Flac);
    let name = match channels {
        3 if of_vorbis => Some("3.0".to_owned()),
        4 if of_vorbis => Some("quad".to_owned()),
        channels if channels <= codec.max_channels() => ffi::layout_name(channels),
        _ => None,
    };
    name.ok_or_else(|| {
        MediaError::Encoder(format!(
            "Channel {channels}: {} has no layout for it; allowed are 1 to {}",
            codec.name(),
            codec.max_channels()
        ))
    })
}

/// What the codec does not have, by the API's names.
pub(super) fn check(encoding: &AudioEncoding) -> Result<()> {
    let (name, rate) = (encoding.codec.name(), encoding.sample_rate);
    if let Some(rates) = encoding.codec.sample_rates()
        && !rates.contains(&rate)
    {
        let rates: Vec<_> = rates.iter().map(ToString::to_string).collect();
        return Err(MediaError::Encoder(format!(
            "SampleRate {rate}: {name} does not have it; allowed are {}",
            rates.join(", ")
        )));
    }
    if !(1..=384_000).contains(&rate) {
        return Err(MediaError::Encoder(format!("SampleRate {rate}: no encoder has it")));
    }
    if let Some(bits) = encoding.bits_per_sample
        && (!encoding.codec.is_lossless() || !matches!(bits, 16 | 24))
    {
        return Err(MediaError::Encoder(format!("BitsPerSample {bits}: allowed are 16 and 24, with flac and pcm")));
    }
    match encoding.quality {
        Some(quality @ 101..) => {
            Err(MediaError::Encoder(format!("Quality {quality} is not allowed: it must be 0 to 100")))
        }
        _ => Ok(()),
    }
}

/// All options.
pub(super) fn options(encoding: &AudioEncoding, layout: String) -> Vec<(&'static str, String)> {
    let mut flags = "+global_header+bitexact".to_owned();
    let mut options = vec![("ch_layout", layout)];
    match rate(encoding) {
        Rate::Lossless => {}
        Rate::Bitrate(bitrate) => options.push(("b", bitrate.to_string())),
        Rate::Scale(scale) => {
            flags.push_str("+qscale");
            options.push(("global_quality", (scale * LAMBDA).round().to_string()));
        }
    }
    options.push(("flags", flags));
    options
}

/// How an encoder spends bits.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rate {
    Lossless,
    /// bit/s.
    Bitrate(u64),
    /// The encoder's own scale of quality.
    Scale(f64),
}

/// The one table of `Quality` 0 to 100 and `Bitrate` for each codec. A scale or bitrate grows with the quality in a straight
/// line; bitrates are per channel and end at what the codec can do. A bitrate that a codec does not have becomes its nearest.
fn rate(encoding: &AudioEncoding) -> Rate {
    let share = encoding.quality.map(|quality| f64::from(quality.min(100)) / 100.0);
    let channels = u64::from(encoding.channels.max(1));
    let bitrate = |worst: u64, best: u64, least: u64, most: u64| {
        let line = |share: f64| (worst as f64 + (best - worst) as f64 * share).round() as u64 * channels;
        Rate::Bitrate(share.map_or(encoding.bitrate, line).clamp(least, most))
    };
    match (encoding.codec, share) {
        (AudioCodec::Flac | AudioCodec::Pcm, _) => Rate::Lossless,
        // LAME's VBR: 9 is the worst.
        (AudioCodec::Mp3, Some(share)) => Rate::Scale(9.0 * (1.0 - share)),
        (AudioCodec::Vorbis, Some(share)) => Rate::Scale(11.0 * share - 1.0),
        (AudioCodec::Vorbis, None) => vorbis(encoding.bitrate, encoding.sample_rate, channels),
        (AudioCodec::Mp3, None) => bitrate(32_000, 160_000, 8_000, 320_000),
        // A frame of 1024 samples has at most 6144 bits per channel.
        (AudioCodec::Aac, _) => {
            bitrate(24_000, 160_000, 4_000 * channels, 6 * u64::from(encoding.sample_rate) * channels)
        }
        (AudioCodec::Ac3, _) => bitrate(32_000, 128_000, 32_000, 640_000),
        (AudioCodec::Opus, _) => bitrate(8_000, 128_000, 6_000, 256_000 * channels),
        (AudioCodec::Amr, _) => bitrate(4_750, 12_200, 4_750, 12_200),
    }
}

/// libvorbis has a range of bitrates per channel for the sample rates below a limit, and refuses what lies outside. Above
/// 50 kHz it knows qualities only.
fn vorbis(bitrate: u64, sample_rate: u32, channels: u64) -> Rate {
    const TABLE: [(u32, u64, u64); 6] = [
        (9_000, 8_000, 32_000),
        (15_000, 12_000, 44_000),
        (19_000, 16_000, 86_000),
        (26_000, 20_000, 86_000),
        (40_000, 30_000, 190_000),
        (50_001, 32_000, 240_000),
    ];
    let Some((_, least, most)) = TABLE.into_iter().find(|(below, ..)| sample_rate < *below) else {
        let each = (bitrate / channels) as f64;
        return Rate::Scale(((each - 48_000.0) / 30_000.0).clamp(-1.0, 10.0));
    };
    Rate::Bitrate(bitrate.clamp(least * channels, most * channels))
}
