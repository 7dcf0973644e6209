//! What a worker is told on its standard input, and what it says on its standard output: JSON, a line each.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Confinement;
use crate::store::Attempt;
use crate::task::{
    Failure, MediaFacts, MediaMeta, ObjectUri, PluginRef, TaskId, TaskProgress, TaskSpec, TaskUsage, Timestamp, Warning,
};

/// Longest line that is read, in bytes. A plan of fifty targets is far below it.
pub(super) const MAX_LINE: u64 = 32 << 20;

/// The one job of a worker: the first line that it reads. It ends when its standard input does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// What to do.
    pub work: Work,
    /// The host's configuration, for who wires the worker.
    pub settings: Value,
    /// What the process may do.
    pub confinement: Confinement,
    /// A misdeed that a test asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misdeed: Option<String>,
}

/// What a worker does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Work {
    /// Runs a task into its staging folder.
    Run {
        /// The task.
        spec: Box<TaskSpec>,
        /// When it was submitted.
        created: Timestamp,
        /// Names the staging folder.
        attempt: AttemptName,
    },
    /// Plans a task and ends.
    Plan {
        /// The task.
        spec: Box<TaskSpec>,
        /// When it was submitted.
        created: Timestamp,
    },
    /// Reads what a source says of itself and ends.
    Describe {
        /// The project whose object it is.
        project: String,
        /// The source.
        uri: ObjectUri,
    },
    /// Compiles a plugin into the folder of compiled code.
    Compile {
        /// Which.
        plugin: PluginRef,
    },
}

/// An [`Attempt`] as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AttemptName {
    node: String,
    task: TaskId,
    number: u32,
}

impl AttemptName {
    /// The task whose attempt it is.
    pub(super) fn task(&self) -> TaskId {
        self.task
    }
}

impl From<&Attempt> for AttemptName {
    fn from(attempt: &Attempt) -> Self {
        Self { node: attempt.node.clone(), task: attempt.task, number: attempt.number }
    }
}

impl From<AttemptName> for Attempt {
    fn from(name: AttemptName) -> Self {
        Self { node: name.node, task: name.task, number: name.number }
    }
}

/// What a worker says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Report {
    /// It has restricted itself; how far the kernel went along.
    Confined(String),
    /// The plan is made.
    Planned {
        /// The public JSON of the plan.
        plan: Value,
        /// The plan's warnings.
        warnings: Vec<Warning>,
    },
    /// A plugin has logged a line.
    Log(String),
    /// It goes on.
    Progress(TaskProgress),
    /// All outputs are staged and verified.
    Done {
        /// In the order in which they are to be moved.
        outputs: Vec<StagedOutput>,
        /// What the plan could not know.
        warnings: Vec<Warning>,
        /// What it took.
        usage: TaskUsage,
    },
    /// What the source is.
    Described(Box<MediaMeta>),
    /// A plugin is compiled.
    Compiled,
    /// The work failed.
    Failed(Failure),
}

/// One staged and verified output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StagedOutput {
    /// Index in `Targets[]`.
    pub target: usize,
    /// Where it will stand.
    pub uri: ObjectUri,
    /// Name of the file in the staging folder of the URI's bucket.
    pub name: String,
    /// The files that belong to it, such as segments: moved before it.
    #[serde(default)]
    pub files: Vec<StagedFile>,
    /// What it is, read back.
    pub facts: MediaFacts,
}

/// One staged file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StagedFile {
    /// Where it will stand.
    pub uri: ObjectUri,
    /// Its name in the staging folder of the URI's bucket.
    pub name: String,
}

/// Reads the job. The error is a sentence.
pub fn receive(mut input: impl BufRead) -> Result<Job, String> {
    let mut line = Vec::new();
    let read = io::Read::take(&mut input, MAX_LINE).read_until(b'\n', &mut line);
    read.map_err(|error| format!("no job could be read: {error}"))?;
    serde_json::from_slice(&line).map_err(|error| format!("this is no job of `wasmux serve`: {error}"))
}

/// Says something to the service. Fails when it is gone.
pub fn report(report: &Report) -> io::Result<()> {
    let mut line = serde_json::to_vec(report)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}
