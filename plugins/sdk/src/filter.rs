//! World `video-filter`.

use serde::de::DeserializeOwned;

use crate::error::from_json;
use crate::{Error, Frame, Setup};

/// One frame in, the same frame out, in order; the size never changes.
///
/// One instance filters one stream of frames: opened once, then called for its frames in their order, never concurrently,
/// then finished. It may keep state between frames; then it registers with `stateless: false`.
pub trait VideoFilter: Sized + 'static {
    /// What the schema in the manifest describes. The host has checked the JSON against it before.
    type Parameters: DeserializeOwned;

    /// Makes ready for frames of this picture. Declares regions and reads assets and fonts.
    ///
    /// # Errors
    /// Ends the task, or turns the filter off where the task says so.
    fn open(setup: &Setup, parameters: Self::Parameters) -> Result<Self, Error>;

    /// Changes the frame in place.
    ///
    /// # Errors
    /// As for [`VideoFilter::open`]. What was written before the error is discarded.
    fn process(&mut self, frame: &mut Frame<'_>) -> Result<(), Error>;

    /// Called once after the last frame.
    ///
    /// # Errors
    /// As for [`VideoFilter::open`].
    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// What both the component and the tests do to open a filter.
pub(crate) fn open<F: VideoFilter>(setup: &Setup, parameters: &str) -> Result<F, Error> {
    F::open(setup, from_json(parameters)?)
}
