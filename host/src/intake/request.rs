//! The request as a whole.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::faults::Notes;
use super::fields::Fields;
use super::{Context, Faults, notices, source, target};
use crate::task::fault::FaultCode;
use crate::task::spec::TaskParts;
use crate::task::{Fault, FieldPath, Policies, SourceSpec, TaskSpec, project};

/// Most sources that the API concatenates.
pub(super) const MAX_SOURCES: usize = 11;

/// What `Priority` may be.
pub(super) const PRIORITIES: RangeInclusive<i64> = -50..=50;

/// What the reader of a target needs besides its fields.
pub(super) struct Scope<'a> {
    pub(super) context: &'a Context<'a>,
    /// The components of the roles that a target does not name.
    pub(super) defaults: &'a Policies,
    /// Of the whole task.
    pub(super) tags: &'a BTreeMap<String, String>,
    /// All that are not wrong.
    pub(super) sources: Vec<&'a SourceSpec>,
    /// The source that a template's variables are of: that of alignment; `None` where it is wrong.
    pub(super) source: Option<&'a SourceSpec>,
    /// Whether several sources follow each other.
    pub(super) joined: bool,
}

/// Reads the whole request.
pub(super) fn read(value: &Value, context: &Context<'_>) -> Result<TaskSpec, Faults> {
    let notes = Notes::new(context.limits.faults);
    // Where it is no name the request is refused, whatever the buckets are.
    let rights = context.buckets.of(value.get("ProjectName").and_then(Value::as_str).unwrap_or_default());
    let context = &Context { buckets: &*rights, limits: context.limits.clone(), ..*context };
    let parts = Fields::open(value, FieldPath::root(), None, &notes).and_then(|fields| parts(fields, context));
    let warnings = notes.finish()?;
    match parts {
        Some(parts) => Ok(TaskSpec::seal(TaskParts { warnings, ..parts })),
        // Each part that is missing has reported why, so this is out of reach; if not, it is still an answer.
        None => Err(Fault::new(FaultCode::InvalidArgument, FieldPath::root(), "could not be read").into()),
    }
}

fn parts(mut fields: Fields<'_>, context: &Context<'_>) -> Option<TaskParts> {
    let project_name = project_name(&mut fields);
    let user_data = user_data(&mut fields, context.limits.user_data_bytes);
    let tags = tags(&mut fields, context);
    let (sources, alignment) = sources(&mut fields, context);
    let whole: Vec<_> = sources.iter().flatten().collect();
    let joined = whole.iter().filter(|source| source.attached.is_none()).count() > 1;
    let source = sources.get(alignment).and_then(Option::as_ref);
    let defaults = context.defaults.of(project_name.as_deref().unwrap_or_default());
    let scope = Scope { context, defaults, tags: &tags, sources: whole, source, joined };
    let has_groups = fields.has("TargetGroups");
    fields.unsupported("TargetGroups", "use Targets");
    let targets = target::targets(&mut fields, &scope, has_groups);
    let sources: Option<Vec<_>> = sources.into_iter().collect();
    let receivers = notices::notices(&mut fields, context);
    let tolerate_damage = fields.boolean("TolerateDamage").unwrap_or(false);
    let priority = fields.integer("Priority", PRIORITIES).unwrap_or(0);
    fields.finish();
    Some(TaskParts {
        project_name: project_name?,
        sources: sources?,
        alignment,
        targets: targets?,
        tags,
        user_data,
        tolerate_damage,
        priority,
        receivers,
        warnings: Vec::new(),
    })
}

fn project_name(fields: &mut Fields<'_>) -> Option<String> {
    let name = fields.required_string("ProjectName")?;
    if !project::valid_name(name) {
        fields.fault(FaultCode::InvalidArgument, "ProjectName", project::NAME_RULE);
        return None;
    }
    Some(name.to_owned())
}

fn user_data(fields: &mut Fields<'_>, most: usize) -> Option<String> {
    let text = fields.string("UserData")?;
    if text.len() > most {
        let message = format!("must be at most {most} bytes long; it has {}", text.len());
        fields.fault(FaultCode::LimitExceeded, "UserData", message);
    }
    Some(text.to_owned())
}

fn tags(fields: &mut Fields<'_>, context: &Context<'_>) -> BTreeMap<String, String> {
    let limits = &context.limits;
    let path = FieldPath::root().field("Tags");
    let mut tags = BTreeMap::new();
    for (name, text) in fields.texts("Tags", limits.tags) {
        let fits = name.len() <= limits.tag_name_bytes && text.len() <= limits.tag_value_bytes;
        let plain = !name.is_empty() && !name.chars().chain(text.chars()).any(char::is_control);
        if fits && plain {
            tags.insert(name.to_owned(), text.to_owned());
        } else {
            let short: String = name.chars().take(limits.tag_name_bytes).collect();
            let message = format!(
                "must have a name of 1 to {} bytes and a value of at most {} bytes, both without control characters",
                limits.tag_name_bytes, limits.tag_value_bytes
            );
            let code = if fits { FaultCode::InvalidArgument } else { FaultCode::LimitExceeded };
            fields.notes().fault(Fault::with_value(code, path.field(&short), &Value::from(text), message));
        }
    }
    tags
}

/// The sources, those that are wrong left empty, and the index of alignment.
fn sources(fields: &mut Fields<'_>, context: &Context<'_>) -> (Vec<Option<SourceSpec>>, usize) {
    let items = match fields.array("Sources") {
        Some(items) => items,
        None => {
            if !fields.has("Sources") {
                fields.fault(FaultCode::MissingArgument, "Sources", "is required and must hold at least one source");
            }
            &[]
        }
    };
    if items.len() > MAX_SOURCES {
        let message = format!("must hold at most {MAX_SOURCES} sources; it holds {}", items.len());
        fields.fault(FaultCode::LimitExceeded, "Sources", message);
    }
    let last = i64::try_from(items.len().clamp(1, MAX_SOURCES)).unwrap_or(1) - 1;
    let alignment = fields.integer("AlignmentIndex", 0..=last).unwrap_or(0);
    let path = fields.path().field("Sources");
    let read = |(index, item)| source::source(item, path.index(index), fields.notes(), context);
    let sources: Vec<_> = items.iter().take(MAX_SOURCES).enumerate().map(read).collect();
    if sources.get(alignment).and_then(Option::as_ref).is_some_and(|source| source.attached.is_some()) {
        let path = path.index(alignment).field("Attached");
        let message = "must be false for the source of AlignmentIndex: attached ones are added to it";
        fields.notes().fault(Fault::with_value(FaultCode::InvalidArgument, path, &Value::from(true), message));
    }
    (sources, alignment)
}
