//! Room `sandbox`: WebAssembly components as policies and filters.
//!
//! It owns: the engine, the catalog of plugins, the compiled-code cache, the WIT bindings, limits and capabilities. It promises:
//! a component is judged by its manifest, imports and exports before it is compiled; a guest reaches nothing but the
//! imports of its world, sees only the frame of the current call and the objects that its parameters were granted; CPU
//! time, memory, returned bytes, log and reports are limited; whatever a guest does ends as one of five failures
//! (`PluginError`, `PluginTrap`, `PluginDeadline`, `PluginMemory`, `PluginIncompatible`) that names plugin, version and what to do.
//! It refuses: clocks, random numbers, files and network for guests; knowing targets, plans and the store
//! ([`AssetSource`] is implemented elsewhere). It is the only user of wasmtime, wasmparser and jsonschema.

mod assets;
mod bindings;
mod catalog;
mod compiled;
mod engine;
mod failure;
mod filter;
mod fonts;
mod guest;
mod host;
mod imports;
mod limits;
mod manifest;
mod policy;
mod publish;
mod schema;
#[cfg(test)]
mod testing;
mod turns;
mod world;

use std::path::PathBuf;

pub use assets::{AssetReader, AssetSource, NoAssets};
pub use catalog::{BrokenPlugin, Embedded, PluginInfo, PluginReport};
pub use fonts::{Font, FontConfig, Fonts};
pub use host::{MAX_COMPONENT_BYTES, Sandbox, SandboxConfig};
pub use imports::log::PluginLog;
pub use limits::Limits;
pub use manifest::{Formats, Manifest};
pub use publish::Claim;
pub use world::World;

/// Why a sandbox cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// wasmtime refused to start: the host lacks something.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
    /// A component that is part of the host is no plugin: a bug of the build.
    #[error("embedded plugin {0} is not usable: {1}")]
    Embedded(usize, String),
    /// The plugin folder cannot be listed.
    #[error("plugin folder {path} cannot be read: {1}", path = .0.display())]
    PluginFolder(PathBuf, #[source] std::io::Error),
    /// The folder for compiled code is not safe to use.
    #[error("cache folder {path} {1}", path = .0.display())]
    CacheFolder(PathBuf, String),
    /// A limit with which no plugin could do anything.
    #[error("{0}: {1}")]
    Limits(String, String),
}
