//! `wasmux plugin run`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use super::check;
use crate::app::{App, AppConfig, Trial, TrialError};
use crate::cli::{CacheArgs, Stop, frame, local, print_line, progress, run};
use crate::intake::CheckFault;
use crate::media::Interrupt;
use crate::store::BucketConfig;
use crate::task::{Container, Warning};
use crate::worker::Done;

/// How an output is encoded: the container by its ending, the codecs of video and sound.
const ENCODINGS: [(Container, &str, &str); 4] = [
    (Container::Mp4, "h264", "aac"),
    (Container::Mov, "h264", "aac"),
    (Container::Mkv, "h264", "aac"),
    (Container::Webm, "vp9", "opus"),
];

/// Seconds that are filtered beyond the frame that is wanted, so that it is among them.
const BEYOND: f64 = 0.1;

/// What the host calls the place of a filter's parameters.
const FIELDS: &str = "Targets[0].Video.FilterVideo.Plugins[0]";

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The component: a video filter.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The clip that it is tried on.
    #[arg(long, value_name = "CLIP")]
    input: PathBuf,
    /// Its parameters: a JSON object, or @FILE with one.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    params: String,
    /// Write the whole clip; .mp4, .mov, .mkv or .webm.
    #[arg(long, value_name = "OUTPUT", required_unless_present = "frame", conflicts_with = "frame")]
    output: Option<PathBuf>,
    /// Write the frame that is shown at this time, in seconds from the start, as PNG. The frames before it are filtered too.
    #[arg(long, num_args = 2, value_names = ["TIME", "OUTPUT.png"])]
    frame: Option<Vec<String>>,
    /// The format in which the filter gets its pictures, such as yuv420p10le [default: that of the clip].
    #[arg(long, value_name = "FORMAT")]
    pixel_format: Option<String>,
    /// A bucket and its folder, for parameters that name objects: oss://NAME/key is the file FOLDER/key. Can be given several times.
    #[arg(long = "bucket", value_name = "NAME=FOLDER", value_parser = run::bucket)]
    buckets: Vec<BucketConfig>,
    #[command(flatten)]
    cache: CacheArgs,
}

pub(super) fn run(args: &RunArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    let parameters = parameters("--params", &args.params)?;
    run::refuse_twice(&args.buckets)?;
    let config = AppConfig { buckets: args.buckets.clone(), ..local() };
    let app = check::open(&args.file, &args.cache, config)?;
    match (&args.frame, &args.output) {
        (Some(frame), _) => one_frame(args, &app, parameters, frame, interrupt),
        (None, Some(output)) => whole_clip(args, &app, parameters, output, interrupt),
        (None, None) => Err(Stop::Usage("give --output OUTPUT or --frame TIME OUTPUT.png".to_owned())),
    }
}

/// The JSON object that an option holds, or the file that it names.
pub(super) fn parameters(option: &str, text: &str) -> Result<Value, Stop> {
    let wrong = |error: &dyn std::fmt::Display| Stop::Usage(format!("{option}: {error}"));
    let text = match text.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map_err(|error| wrong(&format!("{file}: {error}")))?,
        None => text.to_owned(),
    };
    match serde_json::from_str(&text).map_err(|error| wrong(&format!("this is no JSON: {error}")))? {
        object @ Value::Object(_) => Ok(object),
        _ => Err(wrong(&"must be a JSON object, such as {\"Strength\": 0.8}")),
    }
}

fn whole_clip(args: &RunArgs, app: &App, parameters: Value, output: &Path, interrupt: &Interrupt) -> Result<(), Stop> {
    let ending = output.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let found = ENCODINGS.into_iter().find(|(container, ..)| container.extension() == ending);
    let Some((container, codec, sound)) = found else {
        let endings: Vec<_> = ENCODINGS.iter().map(|(container, ..)| format!(".{}", container.extension())).collect();
        return Err(Stop::Usage(format!("--output {} must end in {}", output.display(), endings.join(", "))));
    };
    if let (Ok(output), Ok(input)) = (output.canonicalize(), args.input.canonicalize())
        && output == input
    {
        return Err(Stop::Usage(format!("--output {} would replace the clip itself", args.input.display())));
    }
    let trial = Trial {
        plugin: &args.file,
        parameters,
        input: &args.input,
        length: None,
        video: encoding(args, &json!({"Codec": codec})),
        audio: Some(sound),
        output,
        container,
    };
    let begun = Instant::now();
    let done = attempt(args, app, &trial, interrupt)?;
    for made in &done.outputs {
        print_line(&format!("{}  {}", output.display(), run::summary(&made.facts)))?;
    }
    eprintln!("done in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// The frames up to the one that is wanted are filtered and encoded without loss, as far as the codec has that; then it is taken out.
fn one_frame(
    args: &RunArgs,
    app: &App,
    parameters: Value,
    frame: &[String],
    interrupt: &Interrupt,
) -> Result<(), Stop> {
    let [time, output] = frame else {
        return Err(Stop::Usage("--frame needs a time and a file: --frame 2s frame.png".to_owned()));
    };
    let at = frame::seconds(time).map_err(|error| Stop::Usage(format!("--frame: {error}")))?;
    let output = Path::new(output);
    if output.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("png")) {
        return Err(Stop::Usage(format!("--frame {time} {} must end in .png", output.display())));
    }
    let folder = Scratch::beside(output)?;
    let clip = folder.0.join("frames.mkv");
    let trial = Trial {
        plugin: &args.file,
        parameters,
        input: &args.input,
        length: Some(at + BEYOND),
        video: encoding(args, &json!({"Codec": "h264", "CRF": 0, "Preset": "fast", "BFrames": 0, "Refs": 1})),
        audio: None,
        output: &clip,
        container: Container::Mkv,
    };
    attempt(args, app, &trial, interrupt)?;
    let shown = frame::take(&clip, at, output, interrupt)?;
    print_line(&format!("{}  {}x{}, the frame at {at} s", output.display(), shown.0, shown.1))
}

fn encoding(args: &RunArgs, fields: &Value) -> Value {
    let mut fields = fields.clone();
    if let Some(format) = &args.pixel_format {
        fields["PixelFormat"] = format.as_str().into();
    }
    fields
}

fn attempt(args: &RunArgs, app: &App, trial: &Trial<'_>, interrupt: &Interrupt) -> Result<Done, Stop> {
    let done = progress::during(|progress| app.try_filter(trial, progress, interrupt));
    let done = done.map_err(|error| stopped(args, error))?;
    let own = done.warnings.iter().map(|warning| {
        // A path within the parameters, as the author knows it.
        let field = warning.field.strip_prefix(FIELDS);
        let field = field.map(|rest| format!("--params{}", rest.strip_prefix(".Params").unwrap_or(rest)));
        Warning { field: field.unwrap_or_else(|| warning.field.clone()), ..warning.clone() }
    });
    run::print_warnings(&own.collect::<Vec<_>>());
    Ok(done)
}

fn stopped(args: &RunArgs, error: TrialError) -> Stop {
    match error {
        TrialError::Plugin(reason) => check::unusable(&args.file, &reason),
        TrialError::Encoding(faults) => Stop::Usage(faults),
        TrialError::Failed(failure) => Stop::Failed(failure),
        TrialError::Parameters(faults) => refused("--params", &faults),
    }
}

/// What the schema finds wrong with the parameters in an option.
pub(super) fn refused(option: &str, faults: &[CheckFault]) -> Stop {
    let lines: Vec<_> =
        faults.iter().map(|fault| format!("{} {}", fault.field, fault.message).trim().to_owned()).collect();
    run::refused(option, lines.len(), &lines.join("\n"))
}

/// A folder for what comes in between, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn beside(output: &Path) -> Result<Self, Stop> {
        let name = format!(".{}.{}", output.file_name().unwrap_or_default().to_string_lossy(), std::process::id());
        let folder = output.with_file_name(name);
        std::fs::create_dir(&folder).map_err(|error| Stop::Output(format!("{}: {error}", output.display())))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is no reason to fail: the result is there.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_an_object() {
        assert!(parameters("--params", "{\"Strength\": 1}").is_ok());
        for wrong in ["[]", "1", "{", "@/nonexistent/file.json", ""] {
            assert!(
                matches!(parameters("--params", wrong), Err(Stop::Usage(text)) if text.starts_with("--params")),
                "{wrong}"
            );
        }
    }
}
