//! A parameter policy that misbehaves as its document says, for tests. Empty on any target but wasm: natively there is no host to link with.

#[cfg(target_family = "wasm")]
mod guest;
