//! Requests that are made of the one to measure.

use std::path::Path;
use std::process::{Command, Stdio};

use semver::Version;
use serde_json::{Value, json};

use super::Stop;
use crate::store::BucketConfig;

/// The bucket of a source that is made here.
const BUCKET: &str = "bench-synthetic";
/// Sides of a picture in pixels, pictures per second and seconds of it that are allowed.
const SIDES: std::ops::RangeInclusive<u32> = 16..=8192;
const RATES: std::ops::RangeInclusive<u32> = 1..=240;
const SECONDS: std::ops::RangeInclusive<u32> = 1..=3600;

/// A source that is made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Synthetic {
    width: u32,
    height: u32,
    rate: u32,
    seconds: u32,
}

/// `1920x1080`, `1920x1080@30` or `1920x1080@30:20`.
pub(super) fn synthetic(text: &str) -> Result<Synthetic, String> {
    let (rest, seconds) = text.split_once(':').unwrap_or((text, "10"));
    let (size, rate) = rest.split_once('@').unwrap_or((rest, "25"));
    let number = |text: &str, allowed: std::ops::RangeInclusive<u32>| {
        text.parse::<u32>().ok().filter(|number| allowed.contains(number))
    };
    let parsed = || {
        let (width, height) = size.split_once('x')?;
        let (width, height) = (number(width, SIDES)?, number(height, SIDES)?);
        // What the pictures are made of has half the chroma.
        let even = width.is_multiple_of(2) && height.is_multiple_of(2);
        let (rate, seconds) = (number(rate, RATES)?, number(seconds, SECONDS)?);
        even.then_some(Synthetic { width, height, rate, seconds })
    };
    parsed().ok_or_else(|| {
        "write WIDTHxHEIGHT[@FPS][:SECONDS], such as 1920x1080@25:10: even sides of 16 to 8192, 1 to 240 pictures a second, at most 3600 seconds".to_owned()
    })
}

/// Makes the source and puts it into the request; its bucket.
pub(super) fn make(source: &Synthetic, folder: &Path, request: &mut Value) -> Result<BucketConfig, Stop> {
    let Synthetic { width, height, rate, seconds } = source;
    let folder = folder.join("synthetic");
    let failed = |error: std::io::Error| Stop::Output(format!("{}: {error}", folder.display()));
    std::fs::create_dir(&folder).map_err(failed)?;
    let pattern = format!("testsrc2=size={width}x{height}:rate={rate}:duration={seconds}");
    let tone = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", &pattern, "-f", "lavfi", "-i", &tone]);
    command.args("-c:v libx264 -preset veryfast -crf 18 -pix_fmt yuv420p -c:a aac -b:a 128k".split(' '));
    let made = command.arg(folder.join("source.mp4")).stdin(Stdio::null()).output();
    match made {
        Ok(output) if output.status.success() => {}
        Ok(output) => return Err(Stop::Output(format!("ffmpeg: {}", String::from_utf8_lossy(&output.stderr).trim()))),
        Err(error) => return Err(Stop::Output(format!("--synthetic needs the command ffmpeg: {error}"))),
    }
    request["Sources"] = json!([{"URI": format!("oss://{BUCKET}/source.mp4")}]);
    Ok(BucketConfig::new(BUCKET, &folder))
}

/// The request as JSON, without what only concerns its end.
pub(super) fn parse(text: &[u8]) -> Result<Value, Stop> {
    let mut request: Value =
        serde_json::from_slice(text).map_err(|error| Stop::Usage(format!("the request is no JSON: {error}")))?;
    match request.as_object_mut() {
        Some(fields) => {
            fields.remove("Notification");
            Ok(request)
        }
        None => Err(Stop::Usage("the request is no JSON object".to_owned())),
    }
}

/// The fields of a target that are filters.
const FILTERS: [&str; 3] = ["Watermarks", "Delogos", "Plugins"];

fn filters(request: &mut Value) -> impl Iterator<Item = &mut serde_json::Map<String, Value>> {
    let targets = request.get_mut("Targets").and_then(Value::as_array_mut).into_iter().flatten();
    targets.filter_map(|target| target.get_mut("Video")?.get_mut("FilterVideo")?.as_object_mut())
}

/// The same request without filters; `None` where it has none.
pub(super) fn without_filters(request: &Value) -> Option<Value> {
    let mut bare = request.clone();
    let mut any = false;
    for fields in filters(&mut bare) {
        for name in FILTERS {
            any |= fields.remove(name).is_some_and(|list| list.as_array().is_some_and(|list| !list.is_empty()));
        }
    }
    any.then_some(bare)
}

/// The request with this component in the place of the filter of its name, or of the only one. The error is a sentence.
pub(super) fn with_other(request: &Value, name: &str, version: &Version) -> Result<Value, String> {
    let mut other = request.clone();
    let mut names = Vec::new();
    for fields in filters(&mut other) {
        let filled = |name: &str| fields.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        let roles = [("Watermarks", "watermark"), ("Delogos", "delogo")];
        names.extend(roles.into_iter().filter(|(field, _)| filled(field)).map(|(_, role)| role.to_owned()));
        let plugins = fields.get("Plugins").and_then(Value::as_array).into_iter().flatten();
        names.extend(plugins.filter_map(|plugin| Some(plugin["Name"].as_str()?.to_owned())));
    }
    names.sort();
    names.dedup();
    let place = match names.as_slice() {
        _ if names.iter().any(|other| other == name) => name.to_owned(),
        [only] => only.clone(),
        [] => return Err(format!("the request has no filter in whose place {name} could be")),
        _ => return Err(format!("the request has several filters ({}), and none is named {name}", names.join(", "))),
    };
    let exact = format!("={version}");
    for fields in filters(&mut other) {
        let plugins = fields.get_mut("Plugins").and_then(Value::as_array_mut).into_iter().flatten();
        for plugin in plugins.filter(|plugin| plugin["Name"] == place.as_str()) {
            plugin["Name"] = json!(name);
            plugin["Version"] = json!(exact);
        }
    }
    let role = match place.as_str() {
        "watermark" => Some("Watermark"),
        "delogo" => Some("Delogo"),
        _ => None,
    };
    if let Some(role) = role {
        for target in other.get_mut("Targets").and_then(Value::as_array_mut).into_iter().flatten() {
            target["Policies"][role] = json!(format!("{name}@{exact}"));
        }
    }
    Ok(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_synthetic_source_has_a_size_and_may_have_a_rate_and_a_length() {
        let source = |width, height, rate, seconds| Ok(Synthetic { width, height, rate, seconds });
        assert_eq!(synthetic("1920x1080"), source(1920, 1080, 25, 10));
        assert_eq!(synthetic("640x360@50"), source(640, 360, 50, 10));
        assert_eq!(synthetic("640x360@50:3"), source(640, 360, 50, 3));
        assert_eq!(synthetic("640x360:3"), source(640, 360, 25, 3));
        for wrong in ["", "640", "640x", "641x360", "8x8", "640x360@0", "640x360@x", "640x360:0", "640x360:1:1"] {
            assert!(synthetic(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filters_are_taken_away_and_the_rest_stays() {
        let video = |filters: Value| json!({"Targets": [{"Video": {"FilterVideo": filters, "TranscodeVideo": {}}}]});
        let request = video(json!({"Watermarks": [{}], "Speed": 0.5}));
        assert_eq!(without_filters(&request), Some(video(json!({"Speed": 0.5}))));
        assert_eq!(without_filters(&video(json!({"Watermarks": [], "Speed": 0.5}))), None);
        assert_eq!(without_filters(&json!({"Targets": [{}]})), None);
    }

    #[test]
    fn another_component_takes_the_place_of_one() {
        let video = |filters: Value| json!({"Targets": [{"Video": {"FilterVideo": filters}}]});
        let version = Version::new(2, 0, 1);
        let other = |filters: Value, name: &str| with_other(&video(filters), name, &version);
        let plugin = |name: &str| json!({"Plugins": [{"Name": name, "Version": "^1"}]});
        let expected = video(json!({"Plugins": [{"Name": "new", "Version": "=2.0.1"}]}));
        assert_eq!(other(plugin("old"), "new"), Ok(expected.clone()));
        assert_eq!(other(plugin("new"), "new"), Ok(expected));
        let policy = other(json!({"Watermarks": [{}]}), "mine").unwrap();
        assert_eq!(policy["Targets"][0]["Policies"]["Watermark"], "mine@=2.0.1");
        assert!(other(json!({}), "mine").unwrap_err().contains("no filter"));
        let several = json!({"Watermarks": [{}], "Delogos": [{}]});
        assert!(other(several.clone(), "mine").unwrap_err().contains("(delogo, watermark)"));
        assert!(other(several, "delogo").is_ok());
    }
}
