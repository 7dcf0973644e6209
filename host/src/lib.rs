//! wasmux: a transcoding host with WebAssembly plugins. docs/ARCHITECTURE.md says which room owns what.

pub mod access;
pub mod api;
pub mod app;
pub mod cli;
pub mod intake;
pub mod media;
pub mod notify;
pub mod pipeline;
pub mod plan;
pub mod queue;
pub mod resolve;
pub mod sandbox;
pub mod store;
pub mod supervise;
pub mod task;
pub mod telemetry;
pub mod worker;
