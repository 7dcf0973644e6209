//! A filter that is called for every frame and touches none: what is left is the price of the call.

use serde::Deserialize;
use wasmux_sdk::{Error, Frame, Setup, VideoFilter};

/// There are none, so any are right.
#[derive(Debug, Deserialize)]
pub struct Parameters {}

/// The filter.
#[derive(Debug)]
pub struct Nothing;

impl VideoFilter for Nothing {
    type Parameters = Parameters;

    fn open(_: &Setup, _: Parameters) -> Result<Self, Error> {
        Ok(Self)
    }

    fn process(&mut self, _: &mut Frame<'_>) -> Result<(), Error> {
        Ok(())
    }
}

wasmux_sdk::register_video_filter!(Nothing, schema: r#"{"type":"object"}"#, stateless: true);
