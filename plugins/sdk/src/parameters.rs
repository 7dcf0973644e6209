//! World `parameter-policy`: the documents that go in and come out, as JSON described by docs/schemas/parameters-request.json
//! and docs/schemas/parameters-answer.json. Unknown fields are passed over, because the documents grow with the API.

mod answer;
mod encoding;
mod facts;
mod picture;
mod request;

pub use answer::{Decision, ParameterAnswer, ResolvedAudio, ResolvedVideo, Warning};
pub use encoding::{AudioCodec, AudioEncoding, Preset, VideoCodec, VideoEncoding, VideoRate};
pub use facts::{AudioStreamFacts, MediaFacts, SubtitleStreamFacts, VideoStreamFacts};
pub use picture::{Area, Colour, Pad, PixelFormat, Rational, Rotation, Size};
pub use request::{AudioTarget, LessOption, ParameterRequest, Resolution, ScaleType, Target, VideoTarget};

use crate::Error;
use crate::error::from_json;

/// Which parameters an output gets.
pub trait ParameterPolicy: 'static {
    /// Decides the output parameters of one target.
    ///
    /// # Errors
    /// What keeps the policy from deciding at all. A target that cannot be is a decision: [`ParameterAnswer::refuse`].
    fn resolve(request: ParameterRequest) -> Result<ParameterAnswer, Error>;
}

/// What both the component and the tests do: JSON in, JSON out.
pub(crate) fn resolve<P: ParameterPolicy>(document: &str) -> Result<String, Error> {
    let answer = P::resolve(from_json(document)?)?;
    serde_json::to_string(&answer).map_err(|error| Error::new("InvalidAnswer", error.to_string()))
}

/// For serde: flags that are not set stay out of documents.
fn is_false(flag: &bool) -> bool {
    !flag
}
