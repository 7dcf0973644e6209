//! Room `resolve`: asks the parameter policy and the URI policy of each target, and checks what they answer.
//!
//! It owns: the documents that policies read and answer, the variables of URI templates, the traits that policies
//! implement. It promises: a [`ResolvedTarget`] whose sizes, rates and URI are within what the host can do, whatever
//! a policy said. It refuses: knowing what a policy is made of (the sandbox implements the traits), and everything that
//! spans targets (that is `plan`'s).

mod answer;
mod policy;
mod streams;
mod subtitles;
mod variables;

#[cfg(test)]
mod tests;

use std::time::SystemTime;

use crate::task::{
    Composition, ErrorCode, Failure, MediaFacts, ObjectUri, PluginId, ResolvedTarget, Stage, TargetSpec, TaskSpec,
    VideoWish, Warning,
};

pub use policy::{Answer, ParameterPolicy, PluginIds, UriPolicy};

/// What policies are and when the task was made.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Calls URI policies.
    pub uris: &'a dyn UriPolicy,
    /// Calls parameter policies.
    pub parameters: &'a dyn ParameterPolicy,
    /// Finds out which exact component a reference means.
    pub plugins: &'a dyn PluginIds,
    /// When the task was created: `t_year` and so on.
    pub created: SystemTime,
    /// When the source of alignment was last modified: `year` and so on.
    pub modified: SystemTime,
}

/// Resolves all targets; a target that its policy skips is left out, with a warning in the second part.
pub fn resolve(
    spec: &TaskSpec,
    composition: &Composition<'_>,
    context: &Context<'_>,
) -> Result<(Vec<ResolvedTarget>, Vec<Warning>), Failure> {
    let facts = composition.facts();
    let mut resolved = Vec::new();
    let mut skipped = Vec::new();
    for (index, target) in spec.targets.iter().enumerate() {
        match resolve_target(spec, (composition, &facts), context, index, target)
            .map_err(|failure| failure.of_target(index))?
        {
            Ok(target) => resolved.push(target),
            Err(warnings) => skipped.extend(warnings),
        }
    }
    if resolved.is_empty() {
        let reasons: Vec<_> = skipped.iter().map(|warning| warning.message.as_str()).collect();
        return Err(Failure::new(
            ErrorCode::TargetRefused,
            Stage::Resolve,
            format!("every target was skipped: {}", reasons.join("; ")),
        ));
    }
    Ok((resolved, skipped))
}

/// One target; the inner error is what a policy said that skips the target, the reason last.
fn resolve_target(
    spec: &TaskSpec,
    (composition, facts): (&Composition<'_>, &MediaFacts),
    context: &Context<'_>,
    index: usize,
    target: &TargetSpec,
) -> Result<Result<ResolvedTarget, Vec<Warning>>, Failure> {
    let policies = &target.policies;
    let filters = match &target.video {
        VideoWish::Transcode(video) if !target.chosen_videos(facts).is_empty() => {
            video.filters.iter().map(|filter| context.plugins.id(&filter.plugin)).collect::<Result<_, _>>()?
        }
        _ => Vec::new(),
    };
    let parameter_policy = context.plugins.id(&policies.parameters)?;
    let streams = match streams::resolve((composition, facts), context, index, target, &parameter_policy)? {
        Ok(streams) => streams,
        Err(warnings) => return Ok(Err(warnings)),
    };
    let mut warnings = streams.warnings;
    let variables = variables::of_target(spec, index, target, context.created, context.modified);
    let uri_policy = context.plugins.id(&policies.uri_template)?;
    let mut expand = |template: &str| {
        let answer = context.uris.expand(&policies.uri_template, template, &variables)?;
        warnings.extend(answer.warnings);
        checked_uri(&answer.text, &uri_policy)
    };
    let media = target.uri_template.as_deref().map(&mut expand).transpose()?;
    let subtitles = subtitles::extracted(target, facts, &mut expand)?;
    let uri = media.or_else(|| subtitles.first().map(|file| file.uri.clone())).ok_or_else(subtitles::nothing)?;
    let warnings = warnings.into_iter().map(|warning| of_target(warning, index)).collect();
    Ok(Ok(ResolvedTarget {
        index,
        uri,
        subtitles,
        uri_policy,
        parameter_policy,
        filters,
        videos: streams.videos,
        joined: streams.joined,
        audios: streams.audios,
        warnings,
    }))
}

/// Judges the answer of a parameter policy to a document as [`resolve`] does. An answer that skips or refuses the target is right too.
pub fn judge(document: &str, answer: &str, policy: &PluginId) -> Result<(), Failure> {
    let asked: streams::Asked = serde_json::from_str(document).map_err(|error| {
        let message = format!("the document does not fit docs/schemas/parameters-request.json: {error}");
        Failure::new(ErrorCode::Internal, Stage::Resolve, message)
    })?;
    let target = &asked.target;
    match answer::read(answer, target.index, policy, target.video.as_ref(), target.audio.as_ref()) {
        Err(failure) if failure.code != ErrorCode::TargetRefused => Err(failure),
        _ => Ok(()),
    }
}

fn checked_uri(text: &str, policy: &PluginId) -> Result<ObjectUri, Failure> {
    ObjectUri::parse(text).map_err(|error| {
        let message = format!("plugin {policy} expanded the output URI to `{}`, which {error}", shown(text));
        Failure::new(ErrorCode::OutputRefused, Stage::Resolve, message)
    })
}

fn of_target(warning: Warning, index: usize) -> Warning {
    let field = match warning.field.as_str() {
        "" => format!("Targets[{index}]"),
        field => format!("Targets[{index}].{field}"),
    };
    Warning { field, target: Some(index), ..warning }
}

/// Text of a plugin as it may be shown: cut, and without characters that a terminal obeys.
fn shown(text: &str) -> String {
    const SHOWN: usize = 500;
    let mut clean: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        clean.push_str("...");
    }
    clean
}
