//! Cases: what a plugin is given and what must come out, in folders, run in the sandbox of every task. A video filter gets pictures without
//! any encoding; policies are asked as `resolve` asks them.

mod file;
mod filter;
mod pattern;
mod picture;
mod policy;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::file::{Asked, Case, Expected};
pub(super) use self::pattern::Pattern;
use super::App;
use crate::media::Interrupt;
use crate::sandbox::World;
use crate::task::{ErrorCode, Failure, PluginRef, Stage, Warning};

/// The bucket whose folder is the one of all cases: parameters name a case's own files by it.
pub const CASES_BUCKET: &str = "cases";

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "Result", content = "Reason", rename_all = "PascalCase")]
pub enum Verdict {
    /// What came out is what is expected.
    Passed,
    /// What came out was written down as what is expected from now on; why that was needed.
    Blessed(String),
    /// Something else came out, or nothing.
    Failed(String),
    /// The case itself is wrong: each fault names the file, the field, and what is allowed.
    Wrong(Vec<String>),
}

/// A case and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Judged {
    /// The name of its folder.
    pub name: String,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What the plugin warned of meanwhile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The cases of a folder: its folders, by name. Those whose names begin with a dot are none.
pub fn cases(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.path().is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// What a case ended with: the faults of the case itself, or what came out.
type Outcome = Result<Verdict, Vec<String>>;

/// A case that runs: who is asked, and what becomes of what is expected.
struct Run<'a> {
    app: &'a App,
    plugin: &'a PluginRef,
    case: &'a Case,
    bless: bool,
    interrupt: &'a Interrupt,
    warnings: Vec<Warning>,
}

impl App {
    /// Runs a case of the plugin in one of [`AppConfig::plugin_files`](super::AppConfig::plugin_files). With `bless`, what came out is
    /// written down where that is not what was expected. The error says that it was interrupted.
    pub fn judge(
        &self,
        plugin: (&PluginRef, World),
        folder: &Path,
        bless: bool,
        interrupt: &Interrupt,
    ) -> Result<Judged, Failure> {
        let (plugin, world) = plugin;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let case = match Case::read(folder, world) {
            Ok(case) => case,
            Err(faults) => return Ok(Judged { name, verdict: Verdict::Wrong(faults), warnings: Vec::new() }),
        };
        let mut run = Run { app: self, plugin, case: &case, bless, interrupt, warnings: Vec::new() };
        let outcome = match &case.asked {
            Asked::Filter(asked) => run.filter(asked),
            Asked::Uri { template, variables } => run.uri(template, variables),
            Asked::Parameters(document) => run.parameters(document),
        };
        if interrupt.is_triggered() {
            return Err(Failure::new(ErrorCode::Canceled, Stage::Filter, "interrupted"));
        }
        let verdict = outcome.unwrap_or_else(Verdict::Wrong);
        Ok(Judged { name, verdict, warnings: run.warnings })
    }
}

impl Run<'_> {
    /// The verdict where the plugin failed.
    fn failed(&self, message: &str) -> Verdict {
        match &self.case.expected {
            Expected::Failure(part) if message.contains(part.as_str()) => Verdict::Passed,
            Expected::Failure(part) => Verdict::Failed(format!("it must fail with `{part}`, but says: {message}")),
            Expected::Result => Verdict::Failed(message.to_owned()),
        }
    }

    /// The verdict where the plugin should have failed, and did not.
    fn must_fail(&self) -> Option<Verdict> {
        match &self.case.expected {
            Expected::Failure(part) => Some(Verdict::Failed(format!("it must fail with `{part}`, but does not"))),
            Expected::Result => None,
        }
    }

    /// The verdict over what came out: `difference` says in what it is not what is expected, and `write` makes it that.
    fn compared(
        &self,
        file: &str,
        difference: Option<String>,
        write: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<Verdict, Vec<String>> {
        let path = self.case.folder.join(file);
        let (reason, todo) = match (difference, path.exists()) {
            (None, true) => return Ok(Verdict::Passed),
            (None, false) => (format!("there was no {file}"), true),
            (Some(difference), _) => (difference, false),
        };
        if self.bless {
            write(&path).map_err(|error| vec![format!("{}: {error}", path.display())])?;
            return Ok(Verdict::Blessed(reason));
        }
        Ok(Verdict::Failed(if todo { format!("there is no {file}; --bless writes it") } else { reason }))
    }

    /// Removes what an earlier run left to look at.
    fn clear(&self, file: &str) {
        // Most often there is none.
        drop(fs::remove_file(self.case.folder.join(file)));
    }
}
