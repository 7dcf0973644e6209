//! Write wasmux plugins: implement one trait, register it with one macro.
//!
//! | world | trait | macro |
//! |---|---|---|
//! | `video-filter`: one frame in, the same frame out | [`VideoFilter`] | [`register_video_filter!`] |
//! | `uri-policy`: where an output goes | [`UriPolicy`] | [`register_uri_policy!`] |
//! | `parameter-policy`: which parameters an output gets | [`ParameterPolicy`] | [`register_parameter_policy!`] |
//!
//! A plugin is a `cdylib` (and, for its own tests, an `rlib`) built for `wasm32-unknown-unknown` with `wasm-component-ld`
//! as its linker. All of the outside world stands in [`log`], [`report`], [`assets`], [`clips`] and [`fonts`]; a filter's picture stands
//! in [`Setup`] and [`Frame`]. `cargo test` runs the same plugin natively against the fake host of [`testing`].
//!
//! What a plugin meets in good faith (a parameter it cannot honour, an asset that is gone) it answers with an [`Error`].
//! A panic is a trap: the instance is dead, and its message goes to the log first.

#[cfg(target_family = "wasm")]
mod bindings;
mod error;
mod filter;
mod frame;
mod geometry;
#[doc(hidden)]
pub mod manifest;
mod outside;
mod register;
mod setup;
mod uri;

pub mod assets;
pub mod clips;
pub mod fonts;
pub mod kernels;
pub mod log;
pub mod parameters;
pub mod report;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use error::Error;
pub use filter::VideoFilter;
pub use frame::Frame;
pub use geometry::{Ratio, Rect};
pub use manifest::Formats;
pub use parameters::{ParameterAnswer, ParameterPolicy, ParameterRequest};
pub use setup::Setup;
pub use uri::{UriPolicy, Variables};

/// What the registration macros need at their place of use. No part of the API.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::{
        ParameterPolicyExport, UriPolicyExport, VideoFilterExport, parameter_policy, uri_policy, video_filter,
    };
}
