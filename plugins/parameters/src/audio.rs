//! The audio of the output.

use wasmux_sdk::parameters::{
    AudioEncoding, AudioStreamFacts, AudioTarget, LessOption, MediaFacts, ResolvedAudio, Warning,
};

use crate::bitrate;
use crate::decide::{Choice, Refusal, choose, refuse, warning, within};

const SAMPLE_RATE: &str = "Audio.TranscodeAudio.SampleRate";
const BITRATE: &str = "Audio.TranscodeAudio.Bitrate";
const CHANNEL: &str = "Audio.TranscodeAudio.Channel";

/// The sample rates that AAC can hold, in Hz (ISO/IEC 14496-3, samplingFrequencyIndex).
const AAC_SAMPLE_RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// What is used where the source does not tell its own.
const UNKNOWN_SAMPLE_RATE: u32 = 48_000;

/// `Channel` at most.
const MAX_CHANNELS: u16 = 8;

/// bit/s of a channel where the request names no bitrate.
const BITRATE_PER_CHANNEL: u64 = 64_000;

/// bit/s in all where the request names no bitrate.
const MAX_DEFAULT_BITRATE: u64 = 384_000;

/// A frame of AAC has 1,024 samples and at most 6,144 bits per channel (ISO/IEC 14496-3): 6 bits per sample.
const AAC_MAX_BITS_PER_SAMPLE: u64 = 6;

/// `Bitrate`, bit/s.
const MIN_BITRATE: u64 = 1_000;
const MAX_BITRATE: u64 = 10_000_000;

/// Resolves the audio of the output.
pub(crate) fn resolve(
    facts: &MediaFacts,
    wish: &AudioTarget,
    warnings: &mut Vec<Warning>,
) -> Result<ResolvedAudio, Refusal> {
    let Some(source) = facts.audio_streams.first() else {
        return refuse("Audio", "the source has no audio stream");
    };
    let sample_rate = sample_rate(source, wish, warnings)?;
    let channels = channels(source, wish, warnings)?;
    let bitrate = bitrate(facts, wish, sample_rate, channels, warnings)?;
    Ok(ResolvedAudio { encoding: AudioEncoding { codec: wish.codec, sample_rate, channels, bitrate } })
}

fn sample_rate(source: &AudioStreamFacts, wish: &AudioTarget, warnings: &mut Vec<Warning>) -> Result<u32, Refusal> {
    let known = Some(source.sample_rate).filter(|&rate| rate > 0);
    let rate = match wish.sample_rate {
        Some(0) => return refuse(SAMPLE_RATE, "0 Hz is not allowed"),
        Some(asked) => {
            let (had, wanted) = (format!("{} Hz", source.sample_rate), format!("{asked} Hz"));
            let less = known.map(|known| known < asked);
            let field = "Audio.TranscodeAudio.SampleRateOption";
            match choose(field, wish.sample_rate_option, less, &had, &wanted, warnings)? {
                Choice::Asked => asked,
                Choice::Source => known.unwrap_or(asked),
            }
        }
        None => known.unwrap_or_else(|| {
            let message = format!("the source does not tell its sample rate, so {UNKNOWN_SAMPLE_RATE} Hz is used");
            warnings.push(warning("SourceValueUnknown", SAMPLE_RATE, message));
            UNKNOWN_SAMPLE_RATE
        }),
    };
    // Of two that are equally near the higher one, which comes first, keeps more.
    let nearest = AAC_SAMPLE_RATES.into_iter().min_by_key(|held| held.abs_diff(rate)).unwrap_or(UNKNOWN_SAMPLE_RATE);
    if nearest != rate {
        let message =
            format!("{} cannot hold {rate} Hz, so the nearest rate of {nearest} Hz is used", wish.codec.name());
        warnings.push(warning("SampleRateChanged", SAMPLE_RATE, message));
    }
    Ok(nearest)
}

fn channels(source: &AudioStreamFacts, wish: &AudioTarget, warnings: &mut Vec<Warning>) -> Result<u16, Refusal> {
    if let Some(asked) = wish.channel {
        return within(CHANNEL, asked, 1, MAX_CHANNELS);
    }
    let count = match source.channels {
        0 => 2,
        channels => channels.min(MAX_CHANNELS),
    };
    if count != source.channels {
        let message = format!("the source has {} channels, the output gets {count}", source.channels);
        warnings.push(warning("ChannelsChanged", CHANNEL, message));
    }
    Ok(count)
}

fn bitrate(
    facts: &MediaFacts,
    wish: &AudioTarget,
    sample_rate: u32,
    channels: u16,
    warnings: &mut Vec<Warning>,
) -> Result<u64, Refusal> {
    let most = AAC_MAX_BITS_PER_SAMPLE * u64::from(sample_rate) * u64::from(channels);
    let Some(asked) = wish.bitrate else {
        return Ok((BITRATE_PER_CHANNEL * u64::from(channels)).min(MAX_DEFAULT_BITRATE).min(most));
    };
    within(BITRATE, asked, MIN_BITRATE, MAX_BITRATE)?;
    let source = match wish.bitrate_option {
        LessOption::Fixed => None,
        LessOption::Adaptive | LessOption::Fall => bitrate::of_audio(facts),
    };
    let (had, wanted) = (format!("{} bit/s", source.unwrap_or(0)), format!("{asked} bit/s"));
    let less = source.map(|source| source < asked);
    let field = "Audio.TranscodeAudio.BitrateOption";
    let bitrate = match choose(field, wish.bitrate_option, less, &had, &wanted, warnings)? {
        Choice::Asked => asked,
        Choice::Source => source.unwrap_or(asked).max(MIN_BITRATE),
    };
    if bitrate > most {
        let message = format!(
            "{} holds at most {most} bit/s with {channels} channels at {sample_rate} Hz, so that is used instead of {bitrate}",
            wish.codec.name()
        );
        warnings.push(warning("BitrateLowered", BITRATE, message));
    }
    Ok(bitrate.min(most))
}
