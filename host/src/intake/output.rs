//! `Targets[].URI`: the template of the output's URI.

use super::fields::Fields;
use super::policies::Role;
use super::request::Scope;
use crate::task::fault::FaultCode;
use crate::task::uri::valid_bucket;
use crate::task::{ObjectUri, Segmentation, SourceSpec, VideoWish};

/// Variables that have a value for every target: of the source's URI and modification time, of the task's creation, of the
/// output. One file holds all streams of a target in this version, so there is no `streamindex`.
const ALWAYS: &[&str] = &[
    "bucket", "key", "barename", "basename", "year", "mon", "day", "hour", "min", "sec", "t_year", "t_mon", "t_day",
    "t_hour", "t_min", "t_sec", "index", "autoext",
];

/// The output of a target.
pub(super) struct Output {
    pub(super) template: String,
    /// What it expands to, where it has no variables and so is known already.
    pub(super) literal: Option<ObjectUri>,
}

/// Reads `URI` of a target and lets its URI policy judge it.
pub(super) fn output(
    target: &mut Fields<'_>,
    video: &VideoWish,
    segment: Option<Segmentation>,
    role: &Role,
    scope: &Scope<'_>,
) -> Option<Output> {
    let template = target.string("URI")?;
    check(target, template, video, role, scope)?;
    // What a text means to another policy is that policy's to say.
    let literal = match (role.built_in, template.contains(['{', '}'])) {
        (false, _) => None,
        (true, false) => {
            let uri = writable(target, template, scope)?;
            if let Some(segment) = segment {
                check_extension(target, &uri, segment);
            }
            Some(uri)
        }
        (true, true) => {
            bucket_of(target, template, scope);
            None
        }
    };
    Some(Output { template: template.to_owned(), literal })
}

/// Lets the URI policy judge a template of the field `URI`; `None` where it refuses it.
fn check(fields: &Fields<'_>, template: &str, video: &VideoWish, role: &Role, scope: &Scope<'_>) -> Option<()> {
    let Some(plugin) = &role.plugin else { return Some(()) };
    match scope.context.check.check_template(plugin, template, &available(video, scope)) {
        Ok(Ok(())) => {}
        Ok(Err(found)) => {
            let named = found.field.is_empty() || found.message.contains(&found.field);
            let message =
                if named { found.message } else { format!("is wrong at `{}`: {}", found.field, found.message) };
            fields.fault(FaultCode::InvalidArgument, "URI", message);
            return None;
        }
        Err(failure) => role.failed(&failure, fields.notes()),
    }
    Some(())
}

/// Reads `URI` of `ExtractSubtitle`, a template of the prefix of files with this ending, and lets the URI policy judge it.
pub(super) fn prefix(
    extract: &mut Fields<'_>,
    ending: &str,
    video: &VideoWish,
    role: &Role,
    scope: &Scope<'_>,
) -> Option<String> {
    let template = extract.required_string("URI")?;
    let file = format!("{template}{ending}");
    check(extract, &file, video, role, scope)?;
    match (role.built_in, file.contains(['{', '}'])) {
        (false, _) => {}
        (true, false) => drop(writable(extract, &file, scope)?),
        (true, true) => bucket_of(extract, &file, scope),
    }
    Some(template.to_owned())
}

/// Judges the bucket of a template, where no variable is part of it.
fn bucket_of(fields: &Fields<'_>, template: &str, scope: &Scope<'_>) {
    if let Some(bucket) = literal_bucket(template)
        && let Err(message) = scope.context.buckets.can_write(bucket, "")
    {
        fields.fault(FaultCode::ResourceNotFound, "URI", message);
    }
}

/// The bucket of a template, where no variable is part of it.
fn literal_bucket(template: &str) -> Option<&str> {
    let (bucket, _) = template.strip_prefix("oss://")?.split_once('/')?;
    valid_bucket(bucket).then_some(bucket)
}

/// The URI of a segmented output is that of its playlist. One without extension gets it from `autoext`.
fn check_extension(target: &Fields<'_>, uri: &ObjectUri, segment: Segmentation) {
    let (name, wanted) = (segment.format.name(), segment.format.extension());
    if !uri.ext().is_empty() && !uri.ext().eq_ignore_ascii_case(wanted) {
        let message = format!("must end in .{wanted}, in .{{autoext}} or without extension: Segment.Format is {name}");
        target.fault(FaultCode::InvalidArgument, "URI", message);
    }
}

fn writable(target: &Fields<'_>, text: &str, scope: &Scope<'_>) -> Option<ObjectUri> {
    match ObjectUri::parse(text) {
        Ok(uri) => {
            if let Err(message) = scope.context.buckets.can_write(uri.bucket(), uri.key()) {
                target.fault(FaultCode::ResourceNotFound, "URI", message);
            }
            Some(uri)
        }
        Err(error) => {
            target.fault(FaultCode::InvalidArgument, "URI", error.to_string());
            None
        }
    }
}

/// The names of all variables that will have a value (decision 10 of the API reference).
fn available(video: &VideoWish, scope: &Scope<'_>) -> Vec<String> {
    let mut names: Vec<String> = ALWAYS.iter().map(|name| (*name).to_owned()).collect();
    // These two may be empty, which is the same as no value (decision 11). Of a source that is wrong they are unknown.
    let empty = |part: fn(&ObjectUri) -> &str| scope.source.is_some_and(|SourceSpec { uri, .. }| part(uri).is_empty());
    if !empty(ObjectUri::dirname) {
        names.push("dirname".to_owned());
    }
    if !empty(ObjectUri::ext) {
        names.push("ext".to_owned());
    }
    if matches!(video, VideoWish::Transcode(video) if video.resolution.is_some()) {
        names.push("resolution".to_owned());
    }
    let tags = scope.tags.iter().filter(|(_, text)| !text.is_empty());
    names.extend(tags.map(|(name, _)| format!("tags.{name}")));
    names
}
