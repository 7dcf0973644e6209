//! `Video.FilterVideo`: which filters run, with which parameters.

use serde_json::{Map, Value};

use super::check::CheckFault;
use super::faults::{Notes, is_at_or_below};
use super::fields::Fields;
use super::numbers::{Interval, canonical};
use super::overlay;
use super::policies::{Role, Roles, named_plugin, unusable};
use super::request::Scope;
use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath, FilterRole, FilterSpan, FilterWish, ObjectUri, OnError, PluginRef};

/// How fast an output may be, against its source.
pub(super) const SPEEDS: Interval = Interval::closed(0.5, 1.0);

/// What becomes of a task when a filter fails.
const ON_ERROR: &[(&str, OnError)] = &[("fail", OnError::Fail), ("skip", OnError::Skip)];

/// Reads `Speed`, and the filters in the order in which they run: delogos, then the request's own, then watermarks, so that no watermark
/// is blurred.
pub(super) fn filters(mut fields: Fields<'_>, roles: &Roles, scope: &Scope<'_>) -> (Option<f64>, Vec<FilterWish>) {
    let speed = fields.number("Speed", SPEEDS);
    fields.unsupported("Desensitization", "use Delogos");
    let delogos = fields.array("Delogos").unwrap_or_default();
    let watermarks = fields.array("Watermarks").unwrap_or_default();
    let (count, most) = (delogos.len().saturating_add(watermarks.len()), scope.context.limits.overlays);
    let own = own_filters(&mut fields, scope);
    let mut wishes = Vec::new();
    if count > most {
        let message = format!("must hold at most {most} Watermarks and Delogos together; it holds {count}");
        fields.notes().fault(Fault::new(FaultCode::LimitExceeded, fields.path().clone(), message));
    } else {
        wishes.extend(wish(&fields, "Delogos", delogos, &roles.delogo, FilterRole::Delogo, scope));
        wishes.extend(own);
        wishes.extend(wish(&fields, "Watermarks", watermarks, &roles.watermark, FilterRole::Watermark, scope));
    }
    fields.finish();
    (speed, wishes)
}

/// One role's filter. The schema of its component judges the parameters; for the built-in ones intake judges first, because it
/// knows what the API documents and which objects may be read.
fn wish<'a>(
    fields: &Fields<'a>,
    name: &'static str,
    items: &'a [Value],
    role: &Role,
    filter_role: FilterRole,
    scope: &Scope<'_>,
) -> Option<FilterWish> {
    let path = fields.path().field(name);
    let notes = fields.notes();
    let mut parameters = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let mut own = canonical(item);
        if let Some(fields) = fields.element(item, path.index(index)) {
            let idle = match filter_role {
                _ if !role.built_in => {
                    fields.leave();
                    Vec::new()
                }
                FilterRole::Delogo => {
                    overlay::delogo(fields);
                    Vec::new()
                }
                FilterRole::Watermark => overlay::watermark(fields, scope.context),
                FilterRole::Plugin(_) => Vec::new(),
            };
            if let Some(members) = own.as_object_mut() {
                members.retain(|name, _| !idle.contains(&name.as_str()));
            }
        }
        parameters.push(own);
    }
    let plugin = role.plugin.as_ref()?;
    if items.is_empty() {
        return None;
    }
    let parameters = Value::Object(Map::from_iter([(name.to_owned(), Value::Array(parameters))]));
    let verdict = match scope.context.check.check_parameters(plugin, &parameters) {
        Ok(faults) => faults,
        Err(failure) => {
            role.failed(&failure, notes);
            return None;
        }
    };
    // What intake has said already, about this value or about something within it, is not said again.
    let own = notes.at_or_below(&path);
    let at = |field: &str| if field.is_empty() { path.clone() } else { fields.path().field(field) };
    let unsaid = verdict.into_iter().filter(|found| {
        let at = at(&found.field);
        !own.iter().any(|fault| is_at_or_below(&fault.field, &at))
    });
    report(unsaid, &parameters, at, notes);
    if !role.built_in {
        readable_assets(plugin, &parameters, &path, scope, notes);
    }
    Some(FilterWish::new(filter_role, plugin.clone(), parameters))
}

/// Extension `Plugins[]`: filters of the request's own, which have no role.
fn own_filters(fields: &mut Fields<'_>, scope: &Scope<'_>) -> Vec<FilterWish> {
    let items = fields.array("Plugins").unwrap_or_default();
    let most = scope.context.limits.filters;
    if items.len() > most {
        let message = format!("must hold at most {most} filters; it holds {}", items.len());
        fields.fault(FaultCode::LimitExceeded, "Plugins", message);
        return Vec::new();
    }
    let path = fields.path().field("Plugins");
    let elements = items.iter().enumerate().filter_map(|(index, item)| {
        let fields = fields.element(item, path.index(index))?;
        own_filter(fields, FilterRole::Plugin(index), scope)
    });
    elements.collect()
}

fn own_filter(mut fields: Fields<'_>, role: FilterRole, scope: &Scope<'_>) -> Option<FilterWish> {
    let given = named_plugin(&mut fields);
    let parameters = match fields.value("Params") {
        Some(value) if !value.is_object() => {
            fields.fault(FaultCode::InvalidArgument, "Params", "must be an object");
            None
        }
        Some(value) => Some(canonical(value)),
        None => Some(Value::Object(Map::new())),
    };
    let start = fields.number("StartTime", Interval::SECONDS);
    let duration = fields.number("Duration", Interval::SECONDS);
    if fields.is_zero("Duration") {
        fields.warn("NothingDrawn", "Duration", "is 0, so this filter does nothing");
    }
    let on_error = fields.choice("OnError", ON_ERROR, &[]).unwrap_or_default();
    let span = (start.is_some() || duration.is_some()).then_some(FilterSpan { start: start.unwrap_or(0.0), duration });
    let checked = given.zip(parameters).and_then(|(given, parameters)| {
        let plugin = checked_filter(&fields, &given, &parameters, scope)?;
        Some(FilterWish { span, on_error, ..FilterWish::new(role, plugin, parameters) })
    });
    fields.finish();
    checked
}

/// The component, pinned, its schema asked.
fn checked_filter(fields: &Fields<'_>, given: &PluginRef, parameters: &Value, scope: &Scope<'_>) -> Option<PluginRef> {
    let check = scope.context.check;
    let asked = check.pin(given).and_then(|plugin| {
        let verdict = check.check_parameters(&plugin, parameters)?;
        Ok((plugin, verdict))
    });
    let (plugin, verdict) = match asked {
        Ok(asked) => asked,
        Err(failure) => {
            let (code, message) = unusable(&failure);
            fields.fault(code, "Name", message);
            return None;
        }
    };
    let path = fields.path().field("Params");
    let at = |field: &str| if field.is_empty() { path.clone() } else { path.field(field) };
    report(verdict, parameters, at, fields.notes());
    readable_assets(&plugin, parameters, &path, scope, fields.notes());
    Some(plugin)
}

/// Reports what a schema found, each thing once, with the value that it was found at.
fn report(
    found: impl IntoIterator<Item = CheckFault>,
    parameters: &Value,
    at: impl Fn(&str) -> FieldPath,
    notes: &Notes,
) {
    let mut said: Vec<Fault> = Vec::new();
    for found in found {
        let path = at(&found.field);
        let fault = match at_path(parameters, &found.field).filter(|_| !found.field.is_empty()) {
            Some(value) => Fault::with_value(FaultCode::InvalidArgument, path, value, found.message),
            None => Fault::new(FaultCode::InvalidArgument, path, found.message),
        };
        if !said.contains(&fault) {
            said.push(fault);
        }
    }
    said.into_iter().for_each(|fault| notes.fault(fault));
}

/// Whether the project may read the objects that parameters name. Only their schema knows where they stand.
fn readable_assets(plugin: &PluginRef, parameters: &Value, path: &FieldPath, scope: &Scope<'_>, notes: &Notes) {
    for asset in scope.context.check.assets(plugin, parameters) {
        let judged = ObjectUri::parse(&asset).map_err(|error| error.to_string());
        let refused = judged.and_then(|uri| scope.context.buckets.can_read(uri.bucket(), uri.key()));
        if let Err(message) = refused {
            let place = place_of(parameters, &asset).unwrap_or_default();
            let at = place.iter().fold(path.clone(), |path, step| match step {
                Step::Field(name) => path.field(name),
                Step::Index(index) => path.index(*index),
            });
            notes.fault(Fault::with_value(FaultCode::ResourceNotFound, at, &Value::from(asset), message));
        }
    }
}

/// A step into a value.
enum Step<'v> {
    Field(&'v str),
    Index(usize),
}

/// Where a text stands first. Values of a request are not nested deep.
fn place_of<'v>(value: &'v Value, text: &str) -> Option<Vec<Step<'v>>> {
    let within = |step, inner| {
        place_of(inner, text).map(|mut place| {
            place.insert(0, step);
            place
        })
    };
    match value {
        Value::String(own) => (own == text).then(Vec::new),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| within(Step::Index(index), item)),
        Value::Object(members) => members.iter().find_map(|(name, item)| within(Step::Field(name), item)),
        _ => None,
    }
}

/// The value at a path like `Watermarks[0].FontSize`.
fn at_path<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let mut at = value;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        at = match step.strip_suffix(']') {
            Some(index) => at.get(index.parse::<usize>().ok()?)?,
            None => at.get(step)?,
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_found_by_their_paths() {
        let value = json!({"Watermarks": [{}, {"FontSize": 3}]});
        assert_eq!(at_path(&value, "Watermarks[1].FontSize"), Some(&json!(3)));
        for path in ["Watermarks[2]", "Watermarks[x]", "Watermarks.FontSize", "Watermarks[1].No", "]"] {
            assert_eq!(at_path(&value, path), None, "{path}");
        }
    }
}
