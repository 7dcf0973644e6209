//! What a worker takes from itself before it does anything else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// The newest version of landlock whose rights are known here. An older kernel restricts what it knows.
const NEWEST: ABI = ABI::V6;

/// What the runtime of a process looks at: how many processors it may use, and which libraries there are.
const SYSTEM: [&str; 5] =
    ["/proc/self", "/proc/cpuinfo", "/sys/devices/system/cpu", "/sys/fs/cgroup", "/etc/ld.so.cache"];

/// What a worker's process may still do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Files, and folders with all that is in them, that may be read.
    pub read: Vec<PathBuf>,
    /// Folders in which files may be made, written and removed.
    pub write: Vec<PathBuf>,
    /// Memory that may be allocated, in bytes.
    pub data_bytes: u64,
    /// Size of one file in bytes.
    pub file_bytes: u64,
    /// CPU time in seconds; `None`: no limit.
    pub cpu_seconds: Option<u64>,
    /// Whether anything less than all restrictions is an error.
    pub require_landlock: bool,
}

/// Restricts the calling process for good. Landlock binds the calling thread and those that it starts, so this comes before any
/// other thread. Returns how far the kernel went along, as a sentence part; the error is a sentence.
pub fn confine(confinement: &Confinement) -> Result<String, String> {
    limit_resources(confinement)?;
    rustix::thread::set_no_new_privs(true).map_err(|error| format!("no-new-privs was refused: {error}"))?;
    let state = match landlock(confinement) {
        Ok(RulesetStatus::FullyEnforced) => return Ok("restricted by landlock in full".to_owned()),
        Ok(RulesetStatus::PartiallyEnforced) => "restricted by landlock in part: the kernel is older".to_owned(),
        Ok(RulesetStatus::NotEnforced) => "not restricted by landlock: the kernel has none".to_owned(),
        Err(error) => format!("not restricted by landlock: {error}"),
    };
    if confinement.require_landlock {
        return Err(format!("the worker is {state}, and the configuration requires it in full"));
    }
    Ok(state)
}

fn limit_resources(confinement: &Confinement) -> Result<(), String> {
    let limits = [
        // Never the address space: the sandbox reserves gigabytes of it that nobody can touch.
        (Resource::Data, Some(confinement.data_bytes), "data"),
        (Resource::Fsize, Some(confinement.file_bytes), "file size"),
        (Resource::Cpu, confinement.cpu_seconds, "CPU time"),
        (Resource::Core, Some(0), "core size"),
    ];
    for (resource, limit, name) in limits {
        let Some(limit) = limit else { continue };
        // A user without privileges cannot raise what somebody else has set lower.
        let limit = getrlimit(resource).maximum.map_or(limit, |most| most.min(limit));
        let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
        setrlimit(resource, limit).map_err(|error| format!("the limit of {name} was refused: {error}"))?;
    }
    Ok(())
}

/// Lets this process, a service, open as many files as it may: connections, pipes to workers, readers of the database.
pub fn open_many_files() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

fn landlock(confinement: &Confinement) -> Result<RulesetStatus, RulesetError> {
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    // No folders, links, sockets, pipes or devices, and nothing is executed.
    let write = read | AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate;
    let libraries = libraries();
    let readable = confinement.read.iter().chain(&libraries).map(PathBuf::as_path);
    let readable = readable.chain(SYSTEM.iter().map(Path::new));
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(readable, read))?
        .add_rules(path_beneath_rules(&confinement.write, write))?
        .restrict_self()?;
    Ok(restricted.ruleset)
}

/// Where this process has its libraries from. FFmpeg's filters and those that they bring along are loaded when a task needs them.
fn libraries() -> BTreeSet<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let files = maps.lines().filter_map(|line| line.find('/').map(|at| Path::new(line.split_at(at).1)));
    let is_library = |file: &&Path| file.file_name().is_some_and(|name| name.to_string_lossy().contains(".so"));
    files.filter(is_library).filter_map(Path::parent).map(Path::to_path_buf).collect()
}
