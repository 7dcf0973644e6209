//! The `wasmux` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wasmux::cli::main()
}
