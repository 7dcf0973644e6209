//! wasmux: a transcoding host with WebAssembly plugins.

pub mod task;
