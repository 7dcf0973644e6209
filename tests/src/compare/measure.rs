//! What is measured of two files, all of it by `ffmpeg` and `ffprobe`.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::text;

/// A frame as ffprobe tells it; seconds count from the first one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    pub(super) kind: String,
    pub(super) key: bool,
    pub(super) seconds: f64,
}

fn output(program: &str, file: &Path, before: &[&str], after: &[&str]) -> Result<Vec<u8>, String> {
    let mut command = Command::new(program);
    command.args(before).arg(file).args(after);
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(output.stdout) } else { Err(format!("{command:?}: {}", text(&output.stderr))) }
}

fn json(file: &Path, arguments: &[&str]) -> Result<Value, String> {
    let before: Vec<_> = ["-v", "error", "-of", "json"].iter().chain(arguments).copied().collect();
    serde_json::from_slice(&output("ffprobe", file, &before, &[])?).map_err(|error| error.to_string())
}

/// Streams and format.
pub(super) fn probe(file: &Path) -> Result<Value, String> {
    json(file, &["-show_streams", "-show_format"])
}

/// The first stream of a kind.
pub(super) fn stream<'a>(probed: &'a Value, kind: &str) -> Option<&'a Value> {
    probed["streams"].as_array()?.iter().find(|stream| stream["codec_type"] == kind)
}

/// The duration of the file; -1 where it has none.
pub(super) fn seconds(probed: &Value) -> f64 {
    probed["format"]["duration"].as_str().and_then(|text| text.parse().ok()).unwrap_or(-1.0)
}

/// All frames of the video in the order in which they are shown.
pub(super) fn frames(file: &Path) -> Result<Vec<Picture>, String> {
    let what = "frame=pict_type,key_frame,best_effort_timestamp_time";
    let found = json(file, &["-select_streams", "v:0", "-show_frames", "-show_entries", what])?;
    let frames = found["frames"].as_array().cloned().unwrap_or_default();
    let time = |frame: &Value| frame["best_effort_timestamp_time"].as_str().and_then(|text| text.parse::<f64>().ok());
    let first = frames.first().and_then(time).unwrap_or(0.0);
    let picture = |frame: &Value| Picture {
        kind: frame["pict_type"].as_str().unwrap_or_default().to_owned(),
        key: frame["key_frame"] == 1,
        seconds: time(frame).unwrap_or(-1.0) - first,
    };
    Ok(frames.iter().map(picture).collect())
}

/// A hash of each decoded frame, as it is stored: not turned upright.
pub(super) fn hashes(file: &Path) -> Result<Vec<String>, String> {
    let before = ["-nostdin", "-v", "error", "-noautorotate", "-i"];
    let after = ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-"];
    let lines = text(&output("ffmpeg", file, &before, &after)?);
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.filter_map(|line| Some(line.rsplit(',').next()?.trim().to_owned())).collect())
}

/// SSIM of all planes over all frames, which are paired by their order and not by their times.
pub(super) fn ssim(ours: &Path, theirs: &Path) -> Result<f64, String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "info", "-noautorotate", "-i"]).arg(ours).args(["-noautorotate", "-i"]).arg(theirs);
    let graph = "[0:v:0]settb=1/1000,setpts=N*40[a];[1:v:0]settb=1/1000,setpts=N*40[b];[a][b]ssim";
    command.args(["-lavfi", graph, "-fps_mode", "passthrough", "-f", "null", "-"]);
    let said = text(&command.output().map_err(|error| error.to_string())?.stderr);
    let value = said.rsplit("All:").next().and_then(|rest| rest.split_whitespace().next());
    value
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| format!("no SSIM: {}", said.lines().last().unwrap_or_default()))
}

/// All samples of the sound, channel by channel in turn.
pub(super) fn samples(file: &Path) -> Result<Vec<f32>, String> {
    let after = ["-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "f32le", "-"];
    let bytes = output("ffmpeg", file, &["-nostdin", "-v", "error", "-i"], &after)?;
    let value = |bytes: &[u8]| bytes.try_into().map_or(0.0, f32::from_le_bytes);
    Ok(bytes.chunks_exact(4).map(value).collect())
}

/// Signal to noise in dB over what both have, at the best shift of at most so many samples in either direction; 0 dB where
/// one is silent or much too short.
pub(super) fn noise(here: &[f32], there: &[f32], most: usize) -> f64 {
    let most = isize::try_from(most).unwrap_or(0);
    let best = (-most..=most).map(|shift| {
        let (left, right) = (usize::try_from(shift).unwrap_or(0), usize::try_from(-shift).unwrap_or(0));
        let pairs = here.iter().skip(left).zip(there.iter().skip(right));
        let (signal, error) = pairs.fold((0.0, 0.0), |(signal, error), (a, b)| {
            let (a, b) = (f64::from(*a), f64::from(*b));
            (signal + b * b, error + (a - b) * (a - b))
        });
        if signal == 0.0 { 0.0 } else { 10.0 * (signal / error.max(1e-12)).log10() }
    });
    best.fold(f64::MIN, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_finds_a_shift_and_tells_what_differs() {
        let tone = |shift: usize| -> Vec<f32> { (0..2000).map(|n| ((n + shift) as f32 * 0.37).sin()).collect() };
        assert!(noise(&tone(0), &tone(3), 4) > 100.0);
        assert!(noise(&tone(0), &tone(3), 1) < 10.0);
        assert!(noise(&[], &tone(0), 1) <= 0.0);
        assert!(noise(&tone(0), &[0.0; 2000], 0) <= 0.0);
    }
}
