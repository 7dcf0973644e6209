//! Where extracted subtitles go.

use crate::task::encoding::is_text;
use crate::task::{ErrorCode, Failure, MediaFacts, ObjectUri, ResolvedSubtitle, Stage, TargetSpec};

/// The files of the chosen subtitle streams that are text.
pub(super) fn extracted(
    target: &TargetSpec,
    facts: &MediaFacts,
    expand: &mut dyn FnMut(&str) -> Result<ObjectUri, Failure>,
) -> Result<Vec<ResolvedSubtitle>, Failure> {
    let Some(extract) = &target.subtitle.extract else { return Ok(Vec::new()) };
    let streams = &facts.subtitles;
    let mut numbers = target.subtitle.streams.of(streams.len());
    numbers.retain(|number| streams.get(*number).is_some_and(|stream| is_text(&stream.codec_name)));
    let file = |number| Ok(ResolvedSubtitle { number, uri: expand(&extract.template_of(number))? });
    numbers.into_iter().map(file).collect()
}

/// A target without a media file, of a source without such subtitles.
pub(super) fn nothing() -> Failure {
    let message = "nothing can be extracted: the source has no subtitle stream of text that Subtitle.Stream chooses";
    Failure::new(ErrorCode::StreamUnsupported, Stage::Resolve, message)
}
