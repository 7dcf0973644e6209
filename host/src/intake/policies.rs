//! Extension `Targets[].Policies`: which component takes which role.

use std::str::FromStr;

use semver::VersionReq;
use serde_json::{Value, json};

use super::Context;
use super::faults::Notes;
use super::fields::Fields;
use crate::task::fault::FaultCode;
use crate::task::{ErrorCode, Failure, Fault, FieldPath, PluginName, PluginRef, Policies};

/// A role of a target and the component that takes it.
pub(super) struct Role {
    /// The component, pinned where there is one. `None` where the request's reference is wrong; that is reported already, and nothing more can be
    /// judged.
    pub(super) plugin: Option<PluginRef>,
    /// The reference as it was given.
    given: Option<PluginRef>,
    /// Whether the request names it.
    named: bool,
    /// Whether it is the component that comes with the host, whose fields the API documents.
    pub(super) built_in: bool,
    path: FieldPath,
}

impl Role {
    /// Reports that the component itself failed, so that its verdict is unknown.
    pub(super) fn failed(&self, failure: &Failure, notes: &Notes) {
        let value = self.given.as_ref().map(|plugin| Value::from(plugin.to_string())).unwrap_or_default();
        let (code, message) = unusable(failure);
        notes.fault(Fault::with_value(code, self.path.clone(), &value, message));
    }
}

/// What is said of a reference whose component failed.
pub(super) fn unusable(failure: &Failure) -> (FaultCode, String) {
    let code = match failure.code {
        ErrorCode::PluginNotFound | ErrorCode::PluginIncompatible => FaultCode::ResourceNotFound,
        _ => FaultCode::InvalidArgument,
    };
    (code, format!("names a plugin that cannot be used: {}: {}", failure.code, failure.message))
}

/// The four roles of a target.
pub(super) struct Roles {
    pub(super) watermark: Role,
    pub(super) delogo: Role,
    pub(super) uri_template: Role,
    pub(super) parameters: Role,
}

impl Roles {
    /// All components, if all are known.
    pub(super) fn policies(&self) -> Option<Policies> {
        Some(Policies {
            watermark: self.watermark.plugin.clone()?,
            delogo: self.delogo.plugin.clone()?,
            uri_template: self.uri_template.plugin.clone()?,
            parameters: self.parameters.plugin.clone()?,
        })
    }
}

/// Reads `Policies` of a target, and asks for the parameter policy, which is needed in any case.
pub(super) fn roles(target: &mut Fields<'_>, defaults: &Policies, context: &Context<'_>) -> Roles {
    let path = target.path().field("Policies");
    let mut fields = target.object("Policies");
    let own = Policies::default();
    let notes = target.notes();
    let mut role = |name: &'static str, default: &PluginRef, own: &PluginRef| {
        let named = fields.as_ref().is_some_and(|fields| fields.has(name));
        let read = fields.as_mut().and_then(|fields| plugin(fields, name));
        let given = if named { read } else { Some(default.clone()) };
        let mut role = Role { plugin: given.clone(), given, named, built_in: false, path: path.field(name) };
        match role.plugin.as_ref().map(|plugin| context.check.pin(plugin)) {
            Some(Ok(pinned)) => role.plugin = Some(pinned),
            Some(Err(failure)) if named => {
                role.failed(&failure, notes);
                role.plugin = None;
            }
            // A default that is not there is a fault where it is needed.
            Some(Err(_)) | None => {}
        }
        role.built_in = role.plugin.as_ref().is_some_and(|plugin| plugin.is_built_in() && plugin.name == own.name);
        role
    };
    let mut roles = Roles {
        watermark: role("Watermark", &defaults.watermark, &own.watermark),
        delogo: role("Delogo", &defaults.delogo, &own.delogo),
        uri_template: role("URITemplate", &defaults.uri_template, &own.uri_template),
        parameters: role("Parameters", &defaults.parameters, &own.parameters),
    };
    if let Some(fields) = fields {
        fields.finish();
    }
    for (role, field) in [(&mut roles.watermark, "Watermarks"), (&mut roles.delogo, "Delogos")] {
        exists(role, field, context, target.notes());
    }
    if let Some(plugin) = &roles.parameters.plugin
        && let Err(failure) = context.check.check_parameter_policy(plugin)
    {
        roles.parameters.failed(&failure, target.notes());
    }
    roles
}

/// Asks whether a filter that the request names exists, even where it will have nothing to do. The verdict on the empty
/// list is of no interest.
fn exists(role: &mut Role, field: &'static str, context: &Context<'_>, notes: &Notes) {
    let Some(plugin) = role.plugin.as_ref().filter(|_| role.named) else { return };
    if let Err(failure) = context.check.check_parameters(plugin, &json!({ field: [] })) {
        role.failed(&failure, notes);
        role.plugin = None;
    }
}

/// A reference: `"name"`, `"name@^1.2"` or `{"Name": "name", "Version": "^1.2"}`.
fn plugin(fields: &mut Fields<'_>, name: &'static str) -> Option<PluginRef> {
    match fields.value(name)? {
        Value::String(text) => match PluginRef::from_str(text) {
            Ok(plugin) => Some(plugin),
            Err(error) => {
                fields.fault(
                    FaultCode::InvalidArgument,
                    name,
                    format!("must be a plugin's name or name@range: {error}"),
                );
                None
            }
        },
        Value::Object(_) => {
            let mut reference = fields.object(name)?;
            let plugin = named_plugin(&mut reference);
            reference.finish();
            plugin
        }
        _ => {
            let message = "must be a plugin's name, name@range, or an object of Name and Version";
            fields.fault(FaultCode::InvalidArgument, name, message);
            None
        }
    }
}

/// `Name` and `Version` of an object.
pub(super) fn named_plugin(reference: &mut Fields<'_>) -> Option<PluginRef> {
    let name = reference.required_string("Name").and_then(|text| {
        PluginName::try_from(text.to_owned())
            .map_err(|error| {
                reference.fault(FaultCode::InvalidArgument, "Name", format!("must be a plugin's name: {error}"));
            })
            .ok()
    });
    let version = match reference.string("Version") {
        Some(text) => VersionReq::parse(text)
            .map_err(|error| {
                let message = format!("must be a semver range such as ^1.2: {error}");
                reference.fault(FaultCode::InvalidArgument, "Version", message);
            })
            .ok(),
        None => (!reference.has("Version")).then_some(VersionReq::STAR),
    };
    Some(PluginRef { name: name?, version: version?, pin: None })
}
