//! Resolves the parameters of one output: size, shape, rates and encoder settings, by the semantics of `TranscodeVideo` and
//! `TranscodeAudio` and by decisions 6, 7, 8, 13 and 14 of the API reference.
//!
//! The first video and the first audio stream of the facts count: the host puts those that it asks about in front. What cannot
//! be is refused with a message that names the value of the source and the one asked for; what was changed stands in the
//! answer's warnings. Fields are paths within the target.

mod audio;
mod bitrate;
mod decide;
mod pixel;
mod shape;
mod video;

#[cfg(test)]
mod tests;

use wasmux_sdk::parameters::{ParameterAnswer, ParameterPolicy, ParameterRequest};
use wasmux_sdk::{Error, register_parameter_policy};

use decide::Refusal;

/// The policy.
#[derive(Debug)]
pub struct Parameters;

impl ParameterPolicy for Parameters {
    fn resolve(request: ParameterRequest) -> Result<ParameterAnswer, Error> {
        Ok(resolve(&request).unwrap_or_else(|refusal| ParameterAnswer::refuse(refusal.field, refusal.reason)))
    }
}

fn resolve(request: &ParameterRequest) -> Result<ParameterAnswer, Refusal> {
    let mut warnings = Vec::new();
    let target = &request.target;
    let video = match &target.video {
        Some(wish) => Some(video::resolve(&request.source, wish, target, &mut warnings)?),
        None => None,
    };
    let audio = match &target.audio {
        Some(wish) => Some(audio::resolve(&request.source, wish, &mut warnings)?),
        None => None,
    };
    Ok(ParameterAnswer::resolved(video, audio, warnings))
}

register_parameter_policy!(Parameters);
