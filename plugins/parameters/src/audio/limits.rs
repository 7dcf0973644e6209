//! What the audio codecs can hold.

use wasmux_sdk::parameters::AudioCodec;

/// The sample rates that AAC can hold, in Hz (ISO/IEC 14496-3, samplingFrequencyIndex).
const AAC_RATES: &[u32] =
    &[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
/// MPEG-1, MPEG-2 and MPEG-2.5 layer III.
const MP3_RATES: &[u32] = &[48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000];
/// The rates of the API, which codecs without a list of their own can all hold.
const ANY_RATES: &[u32] =
    &[96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000];
/// RFC 6716, section 2.
const OPUS_RATES: &[u32] = &[48_000, 24_000, 16_000, 12_000, 8_000];
/// ATSC A/52, table 5.6.
const AC3_RATES: &[u32] = &[48_000, 44_100, 32_000];
/// Narrow band.
const AMR_RATES: &[u32] = &[8_000];

/// A frame of AAC has 1,024 samples and at most 6,144 bits per channel (ISO/IEC 14496-3): 6 bits per sample.
const AAC_MAX_BITS_PER_SAMPLE: u64 = 6;

/// Where no codec says less.
const MAX_CHANNELS: u16 = 8;

/// Sample rates in Hz, highest first.
pub(super) fn sample_rates(codec: AudioCodec) -> &'static [u32] {
    match codec {
        AudioCodec::Aac => AAC_RATES,
        AudioCodec::Mp3 => MP3_RATES,
        AudioCodec::Ac3 => AC3_RATES,
        AudioCodec::Opus => OPUS_RATES,
        AudioCodec::Amr => AMR_RATES,
        _ => ANY_RATES,
    }
}

/// Channels at most (`TranscodeAudio.Channel`: one or two for MP3, up to six for AC3, one for AMR).
pub(super) fn max_channels(codec: AudioCodec) -> u16 {
    match codec {
        AudioCodec::Mp3 => 2,
        AudioCodec::Ac3 => 6,
        AudioCodec::Amr => 1,
        _ => MAX_CHANNELS,
    }
}

/// Whether the codec keeps every sample, so that there is no bitrate to choose.
pub(super) fn is_lossless(codec: AudioCodec) -> bool {
    matches!(codec, AudioCodec::Flac | AudioCodec::Pcm)
}

/// bit/s where the request names none: about what is taken for transparent.
pub(super) fn default_bitrate(codec: AudioCodec, channels: u16) -> u64 {
    let (of_a_channel, in_all) = match codec {
        AudioCodec::Ac3 => (96_000, 640_000),
        AudioCodec::Amr => (12_200, 12_200),
        _ => (64_000, 384_000),
    };
    (of_a_channel * u64::from(channels)).min(in_all)
}

/// bit/s that the codec can hold at this rate: least and most.
pub(super) fn bitrates(codec: AudioCodec, sample_rate: u32, channels: u16) -> (u64, u64) {
    let (rate, count) = (u64::from(sample_rate), u64::from(channels));
    match codec {
        AudioCodec::Aac => (1_000, AAC_MAX_BITS_PER_SAMPLE * rate * count),
        // MPEG-1 has other steps than MPEG-2, which is for the lower rates.
        AudioCodec::Mp3 if sample_rate >= 32_000 => (32_000, 320_000),
        AudioCodec::Mp3 if sample_rate >= 16_000 => (8_000, 160_000),
        AudioCodec::Mp3 => (8_000, 64_000),
        AudioCodec::Ac3 => (32_000 * count, 640_000),
        AudioCodec::Opus => (6_000, (256_000 * count).min(510_000 * count.div_ceil(2))),
        // The encoder has modes for each rate; these are well within them.
        AudioCodec::Vorbis if sample_rate >= 32_000 => (32_000 * count, 190_000 * count),
        AudioCodec::Vorbis if sample_rate >= 16_000 => (16_000 * count, 80_000 * count),
        AudioCodec::Vorbis => (8_000 * count, 24_000 * count),
        AudioCodec::Amr => (4_750, 12_200),
        _ => (1_000, 10_000_000),
    }
}
