//! One conversion: what went wrong in a call of a guest becomes a code and a sentence.

use wasmtime::{Trap, WasmBacktrace};

use super::limits::{CpuLimit, Meter};
use crate::task::{ErrorCode, Failure, PluginId, Stage};

/// Why the host stopped a guest. Host functions return it; it ends the instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stop {
    /// The call used more CPU time than this.
    #[error("it used more than {} ms of CPU time in one call, its limit {}", .0.time.as_millis(), .0.name)]
    Deadline(CpuLimit),
    /// It wanted more of something than its limit; the text names both.
    #[error("{0}")]
    TooMuch(String),
    /// It broke the contract of an import; the text says which.
    #[error("{0}")]
    Misuse(String),
}

/// Functions shown of a backtrace.
const FRAMES: usize = 5;

/// Text of wasmtime's private error for a guest that hands over more bytes than the store's hostcall fuel.
const OUT_OF_HOSTCALL_FUEL: &str = "fuel allocated for hostcalls has been exhausted";

/// Texts of wasmtime's errors for more handles than [`super::Limits::handles`], and for more instances, tables or memories than a
/// store holds. They have no types of their own; the tests with hostile guests notice when they change.
const OUT_OF_HANDLES: &str = "handle limit exceeded";
const OUT_OF_INSTANCES: &str = "resource limit exceeded";

/// A failure of this plugin. `doing` is what it was called for (`in process of frame 7`).
pub(super) fn failure(plugin: &PluginId, stage: Stage, code: ErrorCode, what: &str) -> Failure {
    Failure::new(code, stage, format!("plugin {plugin}: {what}"))
}

/// A call that ended in an error of the runtime.
pub(super) fn from_call(
    plugin: &PluginId,
    stage: Stage,
    doing: &str,
    error: &wasmtime::Error,
    meter: &Meter,
    returned_bytes: usize,
) -> Failure {
    let (code, what, todo) = classify(error, meter, returned_bytes);
    let trace = if code == ErrorCode::PluginTrap { backtrace(error) } else { String::new() };
    failure(plugin, stage, code, &format!("{what} ({doing}){trace}. {todo}"))
}

fn classify(error: &wasmtime::Error, meter: &Meter, returned_bytes: usize) -> (ErrorCode, String, &'static str) {
    const LIMIT: &str = "Give it less to do, or raise this limit in the host's configuration";
    const BUG: &str = "This is a bug in the plugin: report it to its author, or use another version";
    match error.downcast_ref::<Stop>() {
        Some(stop @ Stop::Deadline(_)) => return (ErrorCode::PluginDeadline, stop.to_string(), LIMIT),
        Some(Stop::TooMuch(what)) => return (ErrorCode::PluginMemory, what.clone(), LIMIT),
        Some(Stop::Misuse(what)) => return (ErrorCode::PluginTrap, what.clone(), BUG),
        None => {}
    }
    let trap = error.downcast_ref::<Trap>().copied();
    if trap == Some(Trap::Interrupt) {
        return (ErrorCode::PluginDeadline, "it was interrupted".into(), LIMIT);
    }
    if let Some(denied) = meter.denied() {
        return (ErrorCode::PluginMemory, denied.to_owned(), LIMIT);
    }
    let cause = error.root_cause().to_string();
    if cause.contains(OUT_OF_HOSTCALL_FUEL) {
        let what = format!(
            "it handed over more than {returned_bytes} bytes at once (limit returned_bytes, for filters and one plane)"
        );
        return (ErrorCode::PluginMemory, what, LIMIT);
    }
    if cause.contains(OUT_OF_HANDLES) || cause.contains(OUT_OF_INSTANCES) {
        return (ErrorCode::PluginMemory, format!("it wanted too much at the same time: {cause}"), LIMIT);
    }
    match trap {
        Some(trap) => (ErrorCode::PluginTrap, format!("it trapped: {trap}"), BUG),
        None => (ErrorCode::PluginTrap, format!("it broke the rules of its world: {cause}"), BUG),
    }
}

/// `, at inner < middle < outer`, as far as the component still has names.
fn backtrace(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else { return String::new() };
    let names: Vec<_> =
        trace.frames().iter().filter_map(|frame| frame.func_name()).take(FRAMES).map(readable).collect();
    if names.is_empty() { String::new() } else { format!(", at {}", names.join(" < ")) }
}

/// The path parts of a mangled Rust name: `_ZN4core9panicking5panic17h0123456789abcdefE` is `core::panicking::panic`. Other
/// names stay as they are, cut to 80 characters.
fn readable(name: &str) -> String {
    let parts = || {
        let mut rest = name.strip_prefix("_ZN")?.strip_suffix('E')?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let length: usize = rest.get(..digits)?.parse().ok()?;
            let end = digits.checked_add(length)?;
            parts.push(rest.get(digits..end)?);
            rest = rest.get(end..)?;
        }
        if parts.last().is_some_and(|last| last.len() == 17 && last.starts_with('h')) {
            parts.pop();
        }
        Some(parts.join("::").replace("$LT$", "<").replace("$GT$", ">").replace("$u20$", " ").replace("..", "::"))
    };
    parts().unwrap_or_else(|| name.to_owned()).chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;

    fn code(error: impl Into<wasmtime::Error>) -> ErrorCode {
        classify(&error.into(), &Meter::new(&Limits::default()), 1 << 20).0
    }

    #[test]
    fn each_kind_has_its_code() {
        assert_eq!(code(Stop::Deadline(CpuLimit::default())), ErrorCode::PluginDeadline);
        assert_eq!(code(Stop::TooMuch(String::new())), ErrorCode::PluginMemory);
        assert_eq!(code(Stop::Misuse(String::new())), ErrorCode::PluginTrap);
        assert_eq!(code(Trap::Interrupt), ErrorCode::PluginDeadline);
        assert_eq!(code(Trap::UnreachableCodeReached), ErrorCode::PluginTrap);
        assert_eq!(code(Trap::StackOverflow), ErrorCode::PluginTrap);
    }

    #[test]
    fn a_trap_after_a_denied_growth_is_memory() {
        use wasmtime::ResourceLimiter;
        let mut meter = Meter::new(&Limits { memory_bytes: 1, ..Limits::default() });
        assert!(!meter.memory_growing(0, 65_536, None).unwrap());
        let (code, what, _) = classify(&Trap::UnreachableCodeReached.into(), &meter, 0);
        assert_eq!(code, ErrorCode::PluginMemory);
        assert!(what.contains("memory_bytes is 1"), "{what}");
    }

    #[test]
    fn names_of_functions_are_readable() {
        assert_eq!(readable("_ZN4core9panicking5panic17h0123456789abcdefE"), "core::panicking::panic");
        assert_eq!(readable("_ZN16_$LT$A$u20$as$u20$BE"), "_ZN16_$LT$A$u20$as$u20$BE", "a wrong length");
        assert_eq!(readable("_ZN26_$LT$A..B$u20$as$u20$C$GT$4fromE"), "_<A::B as C>::from");
        assert_eq!(readable("wasmux:plugin/video#x"), "wasmux:plugin/video#x");
        assert_eq!(readable("_ZN99999999999999999999999aE"), "_ZN99999999999999999999999aE");
        assert_eq!(readable("_ZN4\u{e9}\u{e9}\u{e9}E").chars().count(), 8);
    }
}
