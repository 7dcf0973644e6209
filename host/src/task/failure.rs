//! Failures and warnings of a task that runs, and the one table of error codes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ErrorClass {
    /// The request or the source: the same task will fail again.
    User,
    /// A plugin: its author, or whoever chose it.
    Plugin,
    /// The host or its surroundings: disk, memory, a bug.
    Host,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $code:ident => $class:ident, retryable: $retryable:literal;)*) => {
        /// Stable codes of what can go wrong once a task runs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum ErrorCode { $($(#[$doc])* $code,)* }

        impl ErrorCode {
            /// All codes, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The code as text.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// Who has to act.
            pub fn class(self) -> ErrorClass {
                match self { $(Self::$code => ErrorClass::$class,)* }
            }

            /// Whether the same task may succeed when it is run again unchanged.
            pub fn retryable(self) -> bool {
                match self { $(Self::$code => $retryable,)* }
            }
        }
    };
}

error_codes! {
    /// A source object does not exist, or may not be read.
    SourceNotFound => User, retryable: false;
    /// A source is no media file that is supported.
    SourceUnreadable => User, retryable: false;
    /// A source ends early or loses more than 1 % of its packets.
    SourceDamaged => User, retryable: false;
    /// A stream that the target needs does not exist in the source, or its codec has no decoder.
    StreamUnsupported => User, retryable: false;
    /// A `fall` option: the source's value is below the one asked for; or a policy refused the target.
    TargetRefused => User, retryable: false;
    /// An output URI is not allowed: bucket, rights, or equal to a source or another output.
    OutputRefused => User, retryable: false;
    /// A source or an output is over a limit of the host's configuration.
    LimitExceeded => User, retryable: false;
    /// A plugin answered with its own typed error.
    PluginError => Plugin, retryable: false;
    /// A plugin trapped: a bug in it.
    PluginTrap => Plugin, retryable: false;
    /// A plugin used more CPU time for a call than its limit.
    PluginDeadline => Plugin, retryable: false;
    /// A plugin wanted more memory, or returned more bytes, than its limit.
    PluginMemory => Plugin, retryable: false;
    /// A component is no plugin of the world and version that is needed, or not a valid component at all.
    PluginIncompatible => Plugin, retryable: false;
    /// No plugin of that name and version is in the catalog.
    PluginNotFound => User, retryable: false;
    /// The encoder refused its parameters or failed.
    EncodeFailed => Host, retryable: false;
    /// An output could not be written: the disk is full, or a permission is missing.
    OutputFailed => Host, retryable: true;
    /// An output, read back, is not what was written to it.
    VerifyFailed => Host, retryable: true;
    /// The process that ran the task crashed: a codec or a filter of the host met what it cannot stand.
    WorkerCrashed => Host, retryable: false;
    /// The process that ran the task was killed from outside, again and again.
    WorkerLost => Host, retryable: true;
    /// The task needed more memory than its limit.
    MemoryLimit => Host, retryable: false;
    /// The task ran longer than its limit.
    TimeLimit => Host, retryable: false;
    /// The task stopped making progress.
    Stalled => Host, retryable: true;
    /// The task was cancelled.
    Canceled => User, retryable: false;
    /// A bug of wasmux or an unforeseen failure of the system.
    Internal => Host, retryable: true;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where in the flow of a task something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Stage {
    /// Opening a source and reading its facts.
    Probe,
    /// The parameter and URI policies.
    Resolve,
    /// Building the plan, opening the filters.
    Plan,
    /// Reading packets.
    Demux,
    /// Decoding.
    Decode,
    /// Rotating, scaling, converting.
    Transform,
    /// Filter plugins.
    Filter,
    /// Encoding.
    Encode,
    /// Writing the container.
    Mux,
    /// Reading the result back.
    Verify,
    /// Moving the result in place.
    Commit,
    /// Running it: its process.
    Run,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why a task failed: a stable code, the stage, the target and a sentence that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// Stable code.
    pub code: ErrorCode,
    /// Where in the flow.
    pub stage: Stage,
    /// Index of the target, where only one is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<usize>,
    /// What happened and what to do.
    pub message: String,
}

impl Failure {
    /// A failure that concerns no single target.
    pub fn new(code: ErrorCode, stage: Stage, message: impl Into<String>) -> Self {
        Self { code, stage, target: None, message: message.into() }
    }

    /// The task was cancelled while it was there.
    pub fn canceled(stage: Stage) -> Self {
        Self::new(ErrorCode::Canceled, stage, "the task was cancelled")
    }

    /// The same, of this target; a target that is set already stays.
    #[must_use]
    pub fn of_target(mut self, target: usize) -> Self {
        self.target.get_or_insert(target);
        self
    }

    /// The same, at this stage.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at stage {}", self.code, self.stage)?;
        if let Some(target) = self.target {
            write!(f, ", Targets[{target}]")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Failure {}

/// Something that the user should know though the task goes on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Warning {
    /// Stable code in CamelCase.
    pub code: String,
    /// Path of the field in the request that it is about; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// Index of the target, where only one is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<usize>,
    /// What was decided.
    pub message: String,
}
