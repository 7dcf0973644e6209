//! `wasmux`, but that the built-in filters are native code: what `wasmux bench --against native` compares with.

use std::process::ExitCode;
use std::sync::Arc;

use wasmux_benches::native::Native;

fn main() -> ExitCode {
    wasmux::cli::main_with(Some(Arc::new(Native)))
}
