//! All that a plugin reaches outside of itself: in a component the host's imports, natively the fake host of `testing`.
//! The only place where the two differ.

#[cfg(target_family = "wasm")]
mod component;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(target_family = "wasm")]
pub(crate) use component::{
    ClipHandle, FontHandle, FrameHandle, asset_length, asset_read, clip_advance, clip_open, clip_read, font_find,
    fonts_covering, log, region, setup, warning,
};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{
    ClipHandle, FontHandle, FrameHandle, Samples, asset_length, asset_read, clip_advance, clip_open, clip_read,
    font_find, fonts_covering, log, region, warning,
};
