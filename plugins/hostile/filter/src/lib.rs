//! A video filter that misbehaves as its parameters say, for tests. Empty on any target but wasm: natively there is no host to link with.

#[cfg(target_family = "wasm")]
mod guest;
