//! Decoded pictures and samples to what filters and encoders want.

mod audio;
mod video;

pub use audio::{AudioTransform, EncoderSamples};
pub use video::VideoTransform;
pub(super) use video::matrix_name;

#[cfg(test)]
mod tests;
