//! `Video.FilterVideo`: which filters run, with which parameters.

use serde_json::{Map, Value};

use super::faults::is_at_or_below;
use super::fields::Fields;
use super::numbers::{Interval, canonical};
use super::overlay;
use super::policies::{Role, Roles};
use super::request::Scope;
use crate::task::fault::FaultCode;
use crate::task::{Fault, FilterRole, FilterWish};

/// How fast an output may be, against its source.
pub(super) const SPEEDS: Interval = Interval::closed(0.5, 1.0);

/// Reads `Speed`, and the filters in the order in which they run: delogos, then watermarks, so that no watermark is blurred.
pub(super) fn filters(mut fields: Fields<'_>, roles: &Roles, scope: &Scope<'_>) -> (Option<f64>, Vec<FilterWish>) {
    let speed = fields.number("Speed", SPEEDS);
    fields.unsupported("Desensitization", "use Delogos");
    let delogos = fields.array("Delogos").unwrap_or_default();
    let watermarks = fields.array("Watermarks").unwrap_or_default();
    let (count, most) = (delogos.len().saturating_add(watermarks.len()), scope.context.limits.overlays);
    let mut wishes = Vec::new();
    if count > most {
        let message = format!("must hold at most {most} Watermarks and Delogos together; it holds {count}");
        fields.notes().fault(Fault::new(FaultCode::LimitExceeded, fields.path().clone(), message));
    } else {
        wishes.extend(wish(&fields, "Delogos", delogos, &roles.delogo, FilterRole::Delogo, scope));
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
    let mut said: Vec<Fault> = Vec::new();
    for found in verdict {
        let at = if found.field.is_empty() { path.clone() } else { fields.path().field(&found.field) };
        if own.iter().any(|fault| is_at_or_below(&fault.field, &at)) {
            continue;
        }
        let fault = match at_path(&parameters, &found.field) {
            Some(value) => Fault::with_value(FaultCode::InvalidArgument, at, value, found.message),
            None => Fault::new(FaultCode::InvalidArgument, at, found.message),
        };
        if !said.contains(&fault) {
            said.push(fault);
        }
    }
    said.into_iter().for_each(|fault| notes.fault(fault));
    Some(FilterWish { role: filter_role, plugin: plugin.clone(), parameters })
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
