//! `case.toml`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::pattern::Pattern;
use crate::sandbox::World;
use crate::task::PixelFormat;

/// The file that makes a folder a case.
const FILE: &str = "case.toml";

/// Sides of a picture that is made, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 1..=8192;
/// Frames that a case may ask for.
const FRAMES: std::ops::RangeInclusive<u32> = 1..=10_000;
/// Difference of a sample that is no fault where nothing is said.
const DIFFERENCE: u8 = 2;
/// Hours of a clip that no case needs.
const MAX_TIME: f64 = 24.0 * 3600.0;

/// One case.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) folder: PathBuf,
    pub(super) asked: Asked,
    pub(super) expected: Expected,
}

/// What the plugin is given.
#[derive(Debug)]
pub(super) enum Asked {
    Filter(Filtering),
    Uri { template: String, variables: Vec<(String, String)> },
    Parameters(PathBuf),
}

/// What must come of it.
#[derive(Debug)]
pub(super) enum Expected {
    /// What is in the case's file.
    Result,
    /// A failure whose message has this part.
    Failure(String),
}

/// What a filter is given.
#[derive(Debug)]
pub(super) struct Filtering {
    pub(super) input: Input,
    /// Seconds from the start: of the frame that is compared in a clip, of the first frame of a picture.
    pub(super) time: f64,
    /// How often a picture comes.
    pub(super) frames: u32,
    pub(super) pixel_format: Option<PixelFormat>,
    pub(super) parameters: Value,
    pub(super) tolerance: Tolerance,
}

/// Where frames come from.
#[derive(Debug)]
pub(super) enum Input {
    Picture(PathBuf),
    Clip(PathBuf),
    Made { pattern: Pattern, width: u32, height: u32 },
}

/// How much a picture may differ. What is `None` does not matter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tolerance {
    /// Largest difference of a sample of 8 bits.
    pub(super) difference: Option<u8>,
    /// Least peak signal-to-noise ratio in dB.
    pub(super) psnr: Option<f64>,
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "description")]
    _description: String,
    picture: Option<PathBuf>,
    clip: Option<PathBuf>,
    pattern: Option<Pattern>,
    template: Option<String>,
    document: Option<PathBuf>,
    width: Option<u32>,
    height: Option<u32>,
    time: Option<f64>,
    frames: Option<u32>,
    pixel_format: Option<PixelFormat>,
    parameters: Option<serde_json::Map<String, Value>>,
    max_difference: Option<u8>,
    min_psnr: Option<f64>,
    variables: Option<BTreeMap<String, String>>,
    fails: Option<String>,
}

/// The fields that say what a plugin is given, with the world that they are for and the other fields that go with them.
const INPUTS: [(&str, World, &[&str]); 5] = [
    ("picture", World::VideoFilter, &["time", "frames", "pixel_format", "parameters", "max_difference", "min_psnr"]),
    ("clip", World::VideoFilter, &["time", "pixel_format", "parameters", "max_difference", "min_psnr"]),
    (
        "pattern",
        World::VideoFilter,
        &["width", "height", "time", "frames", "pixel_format", "parameters", "max_difference", "min_psnr"],
    ),
    ("template", World::UriPolicy, &["variables"]),
    ("document", World::ParameterPolicy, &[]),
];

/// The fields that every case may have.
const ALWAYS: [&str; 2] = ["description", "fails"];

impl Case {
    /// Reads the case in this folder. The faults name the file, the field and what is allowed.
    pub(super) fn read(folder: &Path, world: World) -> Result<Self, Vec<String>> {
        let path = folder.join(FILE);
        let named = |fault: &dyn Display| format!("{}: {fault}", path.display());
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return Err(vec![named(&error)]),
        };
        let wrong = |error: toml::de::Error| vec![named(&error.to_string().trim_end())];
        let file: File = toml::from_str(&text).map_err(wrong)?;
        let given: BTreeMap<String, toml::Value> = toml::from_str(&text).map_err(wrong)?;
        let mut faults = Faults(Vec::new());
        faults.fields(&given, world);
        let asked = file.asked(folder, &mut faults);
        let expected = file.fails.clone().map_or(Expected::Result, Expected::Failure);
        if file.fails.as_deref().is_some_and(|part| part.trim().is_empty()) {
            faults.add("`fails` must be a part of the message that is expected, such as a code");
        }
        match asked {
            Some(asked) if faults.0.is_empty() => Ok(Self { folder: folder.to_owned(), asked, expected }),
            _ => Err(faults.0.iter().map(|fault| named(fault)).collect()),
        }
    }
}

struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: impl Into<String>) {
        self.0.push(fault.into());
    }

    /// One input, for the plugin's world, and nothing that does not go with it.
    fn fields(&mut self, given: &BTreeMap<String, toml::Value>, world: World) {
        let names = |of: &dyn Fn(World) -> bool| {
            let names: Vec<_> =
                INPUTS.iter().filter(|(_, world, _)| of(*world)).map(|(name, ..)| format!("`{name}`")).collect();
            names.join(", ")
        };
        let inputs: Vec<_> = INPUTS.iter().filter(|(name, ..)| given.contains_key(*name)).collect();
        let [(name, of, others)] = inputs.as_slice() else {
            let found = if inputs.is_empty() { "none is" } else { "several are" };
            self.add(format!("one of {} must be given, and {found}", names(&|of| of == world)));
            return;
        };
        if *of != world {
            let (of, world) = (of.name(), world.name());
            self.add(format!(
                "`{name}` is for a {of}, and the plugin is a {world}; allowed are {}",
                names(&|of| of.name() == world)
            ));
        }
        for field in given.keys().filter(|field| field != name && !ALWAYS.contains(&field.as_str())) {
            if !others.contains(&field.as_str()) {
                let mut allowed: Vec<_> = others.iter().chain(&ALWAYS).map(|field| format!("`{field}`")).collect();
                allowed.sort();
                self.add(format!("`{field}` does not go with `{name}`; what does is {}", allowed.join(", ")));
            }
        }
    }

    fn within<T: PartialOrd + Display + Copy>(&mut self, name: &str, value: T, range: std::ops::RangeInclusive<T>) {
        if !range.contains(&value) {
            self.add(format!("`{name}` is {value}; allowed are {} to {}", range.start(), range.end()));
        }
    }

    /// A file in the case's folder.
    fn file(&mut self, name: &str, folder: &Path, file: &Path) -> PathBuf {
        let path = folder.join(file);
        if !path.is_file() {
            self.add(format!("`{name}` is {}, and there is no such file in the case's folder", file.display()));
        }
        path
    }
}

impl File {
    fn asked(&self, folder: &Path, faults: &mut Faults) -> Option<Asked> {
        let input = if let Some(picture) = &self.picture {
            Input::Picture(faults.file("picture", folder, picture))
        } else if let Some(clip) = &self.clip {
            Input::Clip(faults.file("clip", folder, clip))
        } else if let Some(pattern) = self.pattern {
            let side = |name: &str, side: Option<u32>, faults: &mut Faults| {
                match side {
                    Some(side) => faults.within(name, side, SIDES),
                    None => faults.add(format!("`{name}` is missing: a pattern needs its size in pixels")),
                }
                side.unwrap_or_default()
            };
            let (width, height) = (side("width", self.width, faults), side("height", self.height, faults));
            Input::Made { pattern, width, height }
        } else if let Some(template) = &self.template {
            let variables = self.variables.clone().unwrap_or_default().into_iter().collect();
            return Some(Asked::Uri { template: template.clone(), variables });
        } else {
            let document = self.document.as_ref()?;
            return Some(Asked::Parameters(faults.file("document", folder, document)));
        };
        let (time, frames) = (self.time.unwrap_or(0.0), self.frames.unwrap_or(1));
        faults.within("time", time, 0.0..=MAX_TIME);
        faults.within("frames", frames, FRAMES);
        if let Some(psnr) = self.min_psnr {
            faults.within("min_psnr", psnr, 0.0..=200.0);
        }
        let difference = self.max_difference.or(self.min_psnr.is_none().then_some(DIFFERENCE));
        Some(Asked::Filter(Filtering {
            input,
            time,
            frames,
            pixel_format: self.pixel_format,
            parameters: Value::Object(self.parameters.clone().unwrap_or_default()),
            tolerance: Tolerance { difference, psnr: self.min_psnr },
        }))
    }
}

#[cfg(test)]
mod tests;
