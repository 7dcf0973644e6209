//! The audio of the output.

mod limits;

use wasmux_sdk::parameters::{
    AudioEncoding, AudioStreamFacts, AudioTarget, LessOption, MediaFacts, ResolvedAudio, Warning,
};

use crate::bitrate;
use crate::decide::{Choice, Refusal, choose, refuse, warning, within};

const SAMPLE_RATE: &str = "Audio.TranscodeAudio.SampleRate";
const BITRATE: &str = "Audio.TranscodeAudio.Bitrate";
const CHANNEL: &str = "Audio.TranscodeAudio.Channel";

/// What is used where the source does not tell its own.
const UNKNOWN_SAMPLE_RATE: u32 = 48_000;

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
    // A quality or a lossless codec leaves nothing for a bitrate to say.
    let quality = wish.quality.filter(|_| !limits::is_lossless(wish.codec) && wish.bitrate.is_none());
    let bitrate = match quality {
        None if !limits::is_lossless(wish.codec) => bitrate(facts, wish, sample_rate, channels, warnings)?,
        _ => 0,
    };
    let bits_per_sample = wish.bits_per_sample.filter(|_| limits::is_lossless(wish.codec));
    let codec = wish.codec;
    Ok(ResolvedAudio { encoding: AudioEncoding { codec, sample_rate, channels, bitrate, quality, bits_per_sample } })
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
    let rates = limits::sample_rates(wish.codec).iter().copied();
    let nearest = rates.min_by_key(|held| held.abs_diff(rate)).unwrap_or(UNKNOWN_SAMPLE_RATE);
    if nearest != rate {
        let message =
            format!("{} cannot hold {rate} Hz, so the nearest rate of {nearest} Hz is used", wish.codec.name());
        warnings.push(warning("SampleRateChanged", SAMPLE_RATE, message));
    }
    Ok(nearest)
}

fn channels(source: &AudioStreamFacts, wish: &AudioTarget, warnings: &mut Vec<Warning>) -> Result<u16, Refusal> {
    if let Some(asked) = wish.channel {
        return within(CHANNEL, asked, 1, limits::max_channels(wish.codec));
    }
    let count = match source.channels {
        0 => 2,
        channels => channels,
    };
    let count = count.min(limits::max_channels(wish.codec));
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
    let (least, most) = limits::bitrates(wish.codec, sample_rate, channels);
    let Some(asked) = wish.bitrate else {
        return Ok(limits::default_bitrate(wish.codec, channels).clamp(least, most));
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
    let held = bitrate.clamp(least, most);
    if held != bitrate {
        let message = format!(
            "{} holds {least} to {most} bit/s with {channels} channels at {sample_rate} Hz, so {held} is used instead of {bitrate}",
            wish.codec.name()
        );
        let code = if held < bitrate { "BitrateLowered" } else { "BitrateRaised" };
        warnings.push(warning(code, BITRATE, message));
    }
    Ok(held)
}
