//! One filter on one clip, without a request: what the author of a plugin tries it with. The rest is a task like any other.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};

use super::App;
use crate::intake::{self, BucketRights, CheckFault, RoleDefaults, SubmissionCheck};
use crate::media::{self, ByteSource, FileSource, Interrupt, MediaError};
use crate::pipeline::{Places, Progress};
use crate::task::{
    Container, ErrorCode, Failure, FilterRole, FilterWish, ObjectUri, PluginRef, Stage, TaskSpec, VideoWish,
};
use crate::worker::{self, Done, Sources, Surroundings};

/// The bucket of a trial, which is none: what is in it are the files that the trial names.
const BUCKET: &str = "trial";

/// What is tried.
pub struct Trial<'a> {
    /// The component, one of [`AppConfig::plugin_files`](super::AppConfig::plugin_files).
    pub plugin: &'a Path,
    /// Its parameters.
    pub parameters: Value,
    /// The clip.
    pub input: &'a Path,
    /// How many seconds of the clip, from its start; `None`: all of it.
    pub length: Option<f64>,
    /// Its encoding: fields of `TranscodeVideo`.
    pub video: Value,
    /// The codec of its sound; `None`: without.
    pub audio: Option<&'a str>,
    /// Where the output goes. What is there is replaced when the output is whole.
    pub output: &'a Path,
    /// The output's container.
    pub container: Container,
}

/// Why a trial ends without its output.
#[derive(Debug)]
pub enum TrialError {
    /// The component cannot be used; a sentence part about it.
    Plugin(String),
    /// The parameters do not fit its schema.
    Parameters(Vec<CheckFault>),
    /// The encoding cannot be; a sentence.
    Encoding(String),
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for TrialError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl App {
    /// Runs the filter over the clip: decoded, filtered, encoded, read back, moved in place.
    pub fn try_filter(
        &self,
        trial: &Trial<'_>,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> Result<Done, TrialError> {
        let sandbox = &*self.sandbox;
        let plugin = sandbox.in_file(trial.plugin).map_err(TrialError::Plugin)?;
        // A policy is found out here: only filters have parameters.
        let faults = sandbox.check_parameters(&plugin, &trial.parameters)?;
        if !faults.is_empty() {
            return Err(TrialError::Parameters(faults));
        }
        let spec = self.trial_spec(trial, &plugin)?;
        let surroundings = Surroundings {
            sources: &Clip(trial.input),
            filters: sandbox,
            uris: sandbox,
            parameters: sandbox,
            plugins: sandbox,
            created: SystemTime::now(),
            threads: self.threads,
            limits: &self.limits,
        };
        let named = |failure: Failure| names_files(failure, trial);
        let prepared = worker::prepare(&spec, &surroundings, interrupt).map_err(named)?;
        let planned = prepared.plan().warnings().to_vec();
        let staged = Staged::beside(trial.output);
        let mut done = prepared.run(&staged, progress, interrupt).map_err(named)?;
        done.warnings.splice(..0, planned);
        fs::rename(&staged.0, trial.output).map_err(|error| {
            let message = format!("{} cannot be written: {error}", trial.output.display());
            Failure::new(ErrorCode::OutputRefused, Stage::Commit, message)
        })?;
        Ok(done)
    }

    /// The task: a request for the encoding, with the filter put in, which no request can name by itself.
    fn trial_spec(&self, trial: &Trial<'_>, plugin: &PluginRef) -> Result<TaskSpec, TrialError> {
        let has_sound = trial.audio.is_some() && !probe(trial.input)?.audio_streams.is_empty();
        let audio = match trial.audio.filter(|_| has_sound) {
            Some(codec) => json!({"TranscodeAudio": {"Codec": codec}}),
            None => json!({"DisableAudio": true}),
        };
        let mut source = json!({"URI": clip_uri()});
        if let Some(length) = trial.length {
            source["Duration"] = length.into();
        }
        let target = json!({
            "URI": output_uri(trial), "Container": trial.container, "Video": {"TranscodeVideo": trial.video}, "Audio": audio,
        });
        let request = json!({"ProjectName": BUCKET, "Sources": [source], "Targets": [target]});
        let context = intake::Context {
            check: &*self.sandbox,
            buckets: &Own,
            defaults: &RoleDefaults::default(),
            notices: &intake::NoNotices,
            limits: intake::Limits::default(),
        };
        let spec =
            intake::intake_value(&request, &context).map_err(|faults| TrialError::Encoding(faults.to_string()))?;
        let mut parts = (*spec).clone();
        for target in &mut parts.targets {
            if let VideoWish::Transcode(video) = &mut target.video {
                let role = FilterRole::Plugin(0);
                video.filters.push(FilterWish::new(role, plugin.clone(), trial.parameters.clone()));
            }
        }
        Ok(TaskSpec::seal(parts))
    }
}

fn clip_uri() -> String {
    format!("oss://{BUCKET}/clip")
}

fn output_uri(trial: &Trial<'_>) -> String {
    format!("oss://{BUCKET}/out.{}", trial.container.extension())
}

/// Nobody who tries a filter has heard of the trial's objects.
fn names_files(mut failure: Failure, trial: &Trial<'_>) -> Failure {
    let names = [(clip_uri(), trial.input), (output_uri(trial), trial.output)];
    for (uri, file) in names {
        failure.message = failure.message.replace(&uri, &file.display().to_string());
    }
    failure
}

fn probe(clip: &Path) -> Result<crate::task::MediaFacts, Failure> {
    let failed = |error: MediaError| Failure::new(error.code(), Stage::Probe, format!("{}: {error}", clip.display()));
    let source = FileSource::open(clip).map_err(|error| failed(MediaError::Read(error.to_string())))?;
    media::probe(Box::new(source), &Interrupt::default()).map_err(failed)
}

/// A trial's objects are files that its user named.
struct Own;

impl BucketRights for Own {
    fn of(&self, _: &str) -> Box<dyn BucketRights + '_> {
        Box::new(Self)
    }

    fn can_read(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn can_write(&self, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
}

/// The one source.
struct Clip<'a>(&'a Path);

impl Sources for Clip<'_> {
    fn open(&self, _: &ObjectUri) -> Result<(Box<dyn ByteSource>, SystemTime), Failure> {
        let opened = FileSource::open(self.0).and_then(|source| Ok((source, fs::metadata(self.0)?.modified()?)));
        let (source, modified) = opened.map_err(|error| {
            Failure::new(ErrorCode::SourceNotFound, Stage::Probe, format!("{}: {error}", self.0.display()))
        })?;
        Ok((Box::new(source), modified))
    }
}

/// The output while it is made: beside its place, so that moving it is a rename. It is removed where it was not moved.
struct Staged(PathBuf);

impl Staged {
    fn beside(output: &Path) -> Self {
        let mut name = std::ffi::OsString::from(".");
        name.push(output.file_name().unwrap_or_default());
        name.push(format!(".{}.part", std::process::id()));
        Self(output.with_file_name(name))
    }
}

impl Places for Staged {
    fn reserve(&self, _: &ObjectUri) -> Result<PathBuf, Failure> {
        Ok(self.0.clone())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After the move there is nothing left to remove.
        drop(fs::remove_file(&self.0));
    }
}
