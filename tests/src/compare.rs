//! Requests beside the `ffmpeg` command line that means the same. Each case is a folder with `request.json` and `expect.json`;
//! the command lines are written by hand, so that a wrong mapping of a field shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::{World, clips, text};

mod measure;

/// Facts of a stream, in ffprobe's names, that are equal unless a case says otherwise.
const FACTS: [&str; 21] = [
    "codec_name",
    "profile",
    "width",
    "height",
    "pix_fmt",
    "sample_aspect_ratio",
    "color_range",
    "color_space",
    "color_transfer",
    "color_primaries",
    "chroma_location",
    "field_order",
    "has_b_frames",
    "refs",
    "r_frame_rate",
    "avg_frame_rate",
    "sample_fmt",
    "sample_rate",
    "channels",
    "channel_layout",
    "bits_per_raw_sample",
];

/// What the outputs of a request are compared with.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Expect {
    /// Clips that the bucket holds.
    clips: Vec<String>,
    /// Threads on both sides: bytes depend on them. The command lines must say the same number.
    #[serde(default = "one")]
    threads: u32,
    /// Each output and how it is compared.
    outputs: BTreeMap<String, Comparison>,
}

/// One output.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Comparison {
    /// The equivalent arguments of `ffmpeg`, between its global options and the name of the output.
    arguments: String,
    /// Ending of the file that `ffmpeg` writes, which chooses its container; default: that of the output.
    ending: Option<String>,
    /// How pictures are compared; absent: there is no video.
    video: Option<Pictures>,
    /// How sound is compared; absent: there is no audio.
    audio: Option<Sound>,
    /// Facts in ffprobe's names that may differ, each with the reason why.
    #[serde(default)]
    except: BTreeMap<String, String>,
    /// Facts of the output itself: JSON pointers into what ffprobe prints, and values.
    #[serde(default)]
    facts: BTreeMap<String, Value>,
}

/// How pictures are compared.
#[derive(Debug, Deserialize)]
enum Pictures {
    /// The hashes of all decoded frames are equal, and so are their types and times.
    Equal,
    /// SSIM over all frames, at least; as many frames, the same keyframes and times.
    Ssim(f64),
    /// SSIM over all frames, at least; as many frames and the same times. For encoders that place keyframes by what they see.
    SsimOnly(f64),
}

/// How sound is compared.
#[derive(Debug, Deserialize)]
#[serde(rename_all_fields = "PascalCase")]
enum Sound {
    /// All decoded samples are equal.
    Equal,
    /// Signal to noise in dB at least, after the best shift of at most `shift` samples; lengths differ by no more than that.
    Noise { decibels: f64, shift: usize },
}

fn one() -> u32 {
    1
}

/// Runs one case; the error tells all differences.
pub fn check(folder: &Path) -> Result<(), String> {
    let read = |file: &str| fs::read(folder.join(file)).map_err(|error| format!("{file}: {error}"));
    let request: Value = serde_json::from_slice(&read("request.json")?).map_err(|error| error.to_string())?;
    let expect: Expect = serde_json::from_slice(&read("expect.json")?).map_err(|error| error.to_string())?;
    let world = World::default();
    expect.clips.iter().for_each(|clip| clips::put(&world, clip));
    let threads = expect.threads.to_string();
    let output = world.run_command(&request, &["--threads", &threads]).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("the request failed: {}", text(&output.stderr)));
    }
    let mut wrong = Vec::new();
    for (key, comparison) in &expect.outputs {
        let ours = world.object(key);
        let ending = comparison.ending.clone().or_else(|| ours.extension()?.to_str().map(str::to_owned));
        let theirs = world.folder().join(format!("theirs.{}", ending.unwrap_or_default()));
        reference(&world, comparison, &theirs)?;
        let found = compare(&ours, &theirs, comparison)?;
        wrong.extend(found.into_iter().map(|difference| format!("{key}: {difference}")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Runs `ffmpeg` in the bucket's folder.
fn reference(world: &World, comparison: &Comparison, to: &Path) -> Result<(), String> {
    let mut command = Command::new("ffmpeg");
    command.current_dir(world.object("")).args(["-nostdin", "-v", "error", "-y"]);
    command.args(comparison.arguments.split_whitespace()).arg(to);
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", text(&output.stderr))) }
}

fn compare(ours: &Path, theirs: &Path, comparison: &Comparison) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    let (here, there) = (measure::probe(ours)?, measure::probe(theirs)?);
    for (pointer, value) in &comparison.facts {
        let found = here.pointer(pointer).unwrap_or(&Value::Null);
        if found != value {
            wrong.push(format!("{pointer} is {found}, expected {value}"));
        }
    }
    facts(&here, &there, &comparison.except, &mut wrong);
    for (kind, wanted) in [("video", comparison.video.is_some()), ("audio", comparison.audio.is_some())] {
        if (measure::stream(&here, kind).is_some(), measure::stream(&there, kind).is_some()) != (wanted, wanted) {
            wrong.push(format!("a {kind} stream is there or missing, against what the case says"));
            return Ok(wrong);
        }
    }
    if let Some(pictures) = &comparison.video {
        compare_pictures(ours, theirs, pictures, &mut wrong)?;
    }
    match &comparison.audio {
        Some(Sound::Equal) => {
            let (here, there) = (measure::samples(ours)?, measure::samples(theirs)?);
            if here != there {
                let noise = measure::noise(&here, &there, 0);
                wrong.push(format!("samples differ: {} and {}, {noise:.1} dB", here.len(), there.len()));
            }
        }
        Some(Sound::Noise { decibels, shift }) => {
            let (here, there) = (measure::samples(ours)?, measure::samples(theirs)?);
            let found = measure::noise(&here, &there, *shift);
            if here.len().abs_diff(there.len()) > *shift * 8 || found < *decibels {
                wrong.push(format!("{} and {} samples, {found:.1} dB of {decibels}", here.len(), there.len()));
            }
        }
        None => {}
    }
    Ok(wrong)
}

fn facts(here: &Value, there: &Value, except: &BTreeMap<String, String>, wrong: &mut Vec<String>) {
    for kind in ["video", "audio"] {
        let (Some(here), Some(there)) = (measure::stream(here, kind), measure::stream(there, kind)) else { continue };
        for fact in FACTS.iter().filter(|fact| !except.contains_key(**fact)) {
            if here.get(fact) != there.get(fact) {
                wrong.push(format!("{kind} {fact} is {:?}, ffmpeg's is {:?}", here.get(fact), there.get(fact)));
            }
        }
    }
    let (here, there) = (measure::seconds(here), measure::seconds(there));
    if (here - there).abs() > 0.05 && !except.contains_key("duration") {
        wrong.push(format!("duration is {here}, ffmpeg's is {there}"));
    }
}

fn compare_pictures(ours: &Path, theirs: &Path, how: &Pictures, wrong: &mut Vec<String>) -> Result<(), String> {
    let (here, there) = (measure::frames(ours)?, measure::frames(theirs)?);
    if here.is_empty() || here.len() != there.len() {
        wrong.push(format!("{} frames, ffmpeg's are {}", here.len(), there.len()));
        return Ok(());
    }
    for (index, (here, there)) in here.iter().zip(&there).enumerate() {
        let kinds = match how {
            Pictures::Equal => here.kind == there.kind && here.key == there.key,
            Pictures::Ssim(_) => here.key == there.key,
            Pictures::SsimOnly(_) => true,
        };
        // Times are rounded to the container's unit, a millisecond where it is coarse.
        if !kinds || (here.seconds - there.seconds).abs() > 0.0025 {
            wrong.push(format!("frame {index} is {here:?}, ffmpeg's is {there:?}"));
            break;
        }
    }
    match how {
        Pictures::Equal => {
            let (here, there) = (measure::hashes(ours)?, measure::hashes(theirs)?);
            let differing = here.iter().zip(&there).filter(|(here, there)| here != there).count();
            if here.len() != there.len() || differing > 0 {
                let ssim = measure::ssim(ours, theirs)?;
                wrong.push(format!("{differing} of {} frames have another hash, SSIM {ssim}", here.len()));
            }
        }
        Pictures::Ssim(least) | Pictures::SsimOnly(least) => {
            let found = measure::ssim(ours, theirs)?;
            if found < *least {
                wrong.push(format!("SSIM is {found}, expected {least} at least"));
            }
        }
    }
    Ok(())
}
