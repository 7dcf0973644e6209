//! The one engine of a process, and the thread that makes its epochs pass.

use std::time::Duration;

use wasmtime::{Config, Engine, OptLevel};

use super::SandboxError;

/// How often a running guest looks at its deadline. Limits are kept to about twice this.
pub(super) const TICK: Duration = Duration::from_millis(8);

/// Stack of a guest, in bytes. It lies on the stack of the calling thread, so it stays well below the 2 MiB of a Rust thread.
const GUEST_STACK: usize = 512 * 1024;

/// Makes the engine. Its ticker ends by itself soon after the last user of the engine is gone.
pub(super) fn start() -> Result<Engine, SandboxError> {
    let engine = Engine::new(&config()).map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("wasm-epoch".into())
        .spawn(move || {
            loop {
                std::thread::park_timeout(TICK);
                match weak.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })
        .map_err(|error| SandboxError::Engine(format!("no thread for the epochs: {error}")))?;
    Ok(engine)
}

/// Everything that a guest could compute differently on another machine is off or made deterministic: threads are not compiled
/// in, relaxed SIMD is off, NaNs are canonical (integer kernels pay nothing for that).
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .cranelift_nan_canonicalization(true)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .memory_init_cow(true)
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK);
    config
}
