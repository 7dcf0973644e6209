//! A component of a world that no wasmux host serves, for tests. Empty on any target but wasm: natively there is no host to link with.

#[cfg(target_family = "wasm")]
mod guest;
