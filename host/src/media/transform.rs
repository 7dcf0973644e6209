//! Decoded pictures and samples to what filters and encoders want.

mod audio;
mod filters;
mod video;

pub use audio::{AudioTransform, EncoderSamples};
pub(super) use filters::{matrix_name, upright};
pub use video::VideoTransform;

#[cfg(test)]
mod tests;
