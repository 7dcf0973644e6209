//! Templates of tasks: a request of a project that others begin with.
//!
//! A task that names one is the template with the task's own fields put over it, as a JSON merge patch (RFC 7396): objects are merged,
//! everything else is replaced, `null` removes. `Overrides` is put over each target of the template, or, as an array, over each its own.

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::routes::{Answer, Id, MAX_BODY, Who, blocking, body, no_parameters, shown, told};
use super::{Api, admit};
use crate::access::Caller;
use crate::intake;
use crate::queue::{PutTemplate, QueueError, Template};
use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath, Timestamp, project};

/// Fields of a request that a template has not.
const FOREIGN: [&str; 3] = ["ProjectName", "Template", "Overrides"];

/// A template as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TemplateAnswer {
    project_name: String,
    template_name: String,
    create_time: Timestamp,
    update_time: Timestamp,
    /// What tasks begin with; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Map<String, Value>>,
}

/// The templates of a project.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TemplateList {
    templates: Vec<TemplateAnswer>,
}

impl TemplateAnswer {
    fn of(project: &str, template: Template, request: Option<Map<String, Value>>) -> Self {
        Self {
            project_name: project.to_owned(),
            template_name: template.name,
            create_time: template.created,
            update_time: template.updated,
            request,
        }
    }
}

type OfProject = Result<Path<String>, PathRejection>;
type OfTemplate = Result<Path<(String, String)>, PathRejection>;

/// A name of a path.
fn name(what: &str, text: String) -> Result<String, Refusal> {
    if project::valid_name(&text) {
        return Ok(text);
    }
    let message = format!("the name `{}` of the {what} in the path {}", shown(&text), project::NAME_RULE);
    Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message))
}

fn names(path: OfTemplate) -> Result<(String, String), Refusal> {
    let (of, template) = path.map_or_else(|_| Default::default(), |Path(texts)| texts);
    Ok((name("project", of)?, name("template", template)?))
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: OfProject,
    uri: Uri,
) -> Answer {
    let of = name("project", path.map_or_else(|_| String::new(), |Path(text)| text))?;
    no_parameters(&uri)?;
    let answer = blocking(move || {
        admit::needs_project(&who, &of)?;
        let found = api.templates.list_templates(&of)?.into_iter();
        Ok(TemplateList { templates: found.map(|one| TemplateAnswer::of(&of, one, None)).collect() })
    })
    .await?;
    Ok(told(StatusCode::OK, &id, answer))
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: OfTemplate,
    uri: Uri,
) -> Answer {
    let (of, name) = names(path)?;
    no_parameters(&uri)?;
    let answer = blocking(move || {
        admit::needs_project(&who, &of)?;
        let (template, text) = api.templates.template(&of, &name)?.ok_or_else(|| unknown(&of, &name))?;
        Ok(TemplateAnswer::of(&of, template, Some(read(&text)?)))
    })
    .await?;
    Ok(told(StatusCode::OK, &id, answer))
}

pub(super) async fn put(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: OfTemplate,
    request: Request,
) -> Answer {
    let (of, name) = names(path)?;
    no_parameters(request.uri())?;
    let body = body(request, MAX_BODY).await?;
    let (is_new, answer) = blocking(move || api.put_template(&who, &of, &name, &body)).await?;
    Ok(told(if is_new { StatusCode::CREATED } else { StatusCode::OK }, &id, answer))
}

pub(super) async fn delete(State(api): State<Api>, Extension(who): Who, path: OfTemplate, uri: Uri) -> Answer {
    let (of, name) = names(path)?;
    no_parameters(&uri)?;
    blocking(move || {
        admit::needs_project(&who, &of)?;
        if api.templates.delete_template(&of, &name)? { Ok(()) } else { Err(unknown(&of, &name)) }
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Api {
    fn put_template(&self, who: &Caller, of: &str, name: &str, body: &[u8]) -> Result<(bool, TemplateAnswer), Refusal> {
        admit::needs_project(who, of)?;
        let fields = parse(body)?;
        if let Some(field) = FOREIGN.into_iter().find(|field| fields.contains_key(*field)) {
            return Err(fault(FaultCode::InvalidArgument, field, "is no field of a template: the task names it"));
        }
        self.judge(of, &fields)?;
        let text = Value::Object(fields.clone()).to_string();
        match self.templates.put_template(of, name, &text, Timestamp::now()) {
            Ok(PutTemplate::Created(template)) => Ok((true, TemplateAnswer::of(of, template, Some(fields)))),
            Ok(PutTemplate::Changed(template)) => Ok((false, TemplateAnswer::of(of, template, Some(fields)))),
            Ok(PutTemplate::TooMany) => Err(Refusal::conflict(
                "LimitExceededError",
                format!("the project {of} has as many templates as it may have"),
            )),
            Err(QueueError::NoProject(_)) => Err(Refusal::no_project(of)),
            Err(error) => Err(error.into()),
        }
    }

    /// Judges what a template has of a request. What a task has to add is not missed yet.
    fn judge(&self, of: &str, fields: &Map<String, Value>) -> Result<(), Refusal> {
        let mut request = fields.clone();
        request.insert("ProjectName".to_owned(), of.into());
        let Err(faults) = self.host.intake(Value::Object(request).to_string().as_bytes()) else { return Ok(()) };
        let added = |fault: &Fault| {
            let field = fault.field.as_str();
            ["Sources", "Targets"].contains(&field) && fault.code == FaultCode::MissingArgument
        };
        let faults: Vec<_> = faults.into_vec().into_iter().filter(|fault| !added(fault)).collect();
        if faults.is_empty() { Ok(()) } else { Err(Refusal::faults(faults)) }
    }

    /// The request that a body means: with its template, where it names one; `None` where it names none.
    pub(super) fn expanded(&self, who: &Caller, body: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        // Most requests name none, and are parsed only once.
        let word = b"\"Template\"";
        if !body.windows(word.len()).any(|window| window == word) {
            return Ok(None);
        }
        // What is no object is for intake to refuse.
        let Ok(mut given) = parse(body) else { return Ok(None) };
        let Some(named) = given.remove("Template").filter(|named| !named.is_null() && *named != "") else {
            return Ok(None);
        };
        let overrides = given.remove("Overrides").unwrap_or_default();
        let project = given.get("ProjectName").and_then(Value::as_str).unwrap_or_default();
        let wrong = |must: &str| {
            Refusal::faults(vec![Fault::with_value(FaultCode::InvalidArgument, "Template".into(), &named, must)])
        };
        let name = named.as_str().ok_or_else(|| wrong("must be a text"))?;
        if !project::valid_name(name) {
            return Err(wrong(project::NAME_RULE));
        }
        // Without a project, the fault that intake finds is the right one.
        if !project::valid_name(project) {
            return Ok(Some(Value::Object(given).to_string().into_bytes()));
        }
        admit::needs_project(who, project)?;
        let found = self.templates.template(project, name)?;
        let (_, text) = found.ok_or_else(|| {
            let must = format!("must name a template of the project {project}");
            Refusal::faults(vec![Fault::with_value(FaultCode::ResourceNotFound, "Template".into(), &named, must)])
                .recommend("GET /v1/projects/{name}/templates lists them.")
        })?;
        let mut whole = Value::Object(read(&text)?);
        put_over_targets(&mut whole, overrides)?;
        merge(&mut whole, Value::Object(given));
        Ok(Some(whole.to_string().into_bytes()))
    }
}

/// The fields of a body, which must be an object.
fn parse(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let wrong = |message: String| fault(FaultCode::InvalidJson, "", &message);
    let text = std::str::from_utf8(body).map_err(|error| wrong(format!("must be valid JSON in UTF-8: {error}")))?;
    match intake::parse_json(text)? {
        Value::Object(members) => Ok(members),
        _ => Err(wrong("must be a JSON object".to_owned())),
    }
}

/// A template as it is kept.
fn read(text: &str) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_str(text).map_err(|error| Refusal::internal(format!("a template cannot be read: {error}")))
}

fn fault(code: FaultCode, field: &str, message: &str) -> Refusal {
    Refusal::faults(vec![Fault::new(code, FieldPath::from(field), message)])
}

fn unknown(project: &str, name: &str) -> Refusal {
    Refusal::not_found(format!("the project {project} has no template {name}"))
}

/// Puts overrides over the targets of a template.
fn put_over_targets(whole: &mut Value, overrides: Value) -> Result<(), Refusal> {
    let field = "Overrides";
    let targets = whole.get_mut("Targets").and_then(Value::as_array_mut).map(Vec::as_mut_slice).unwrap_or_default();
    match overrides {
        Value::Null => {}
        Value::Object(_) if targets.is_empty() => {
            return Err(fault(FaultCode::InvalidArgument, field, "does nothing: the template has no Targets"));
        }
        Value::Object(_) => targets.iter_mut().for_each(|target| merge(target, overrides.clone())),
        Value::Array(each) if each.len() <= targets.len() => {
            for (index, (target, over)) in targets.iter_mut().zip(each).enumerate() {
                match over {
                    Value::Null => {}
                    Value::Object(_) => merge(target, over),
                    other => {
                        let path = FieldPath::from(field).index(index);
                        let must = "must be an object, or null for a target that stays as it is";
                        return Err(Refusal::faults(vec![Fault::with_value(
                            FaultCode::InvalidArgument,
                            path,
                            &other,
                            must,
                        )]));
                    }
                }
            }
        }
        Value::Array(each) => {
            let message = format!("has {} elements, and the template {} targets", each.len(), targets.len());
            return Err(fault(FaultCode::InvalidArgument, field, &message));
        }
        other => {
            let must = "must be an object, or an array of one for each target";
            return Err(Refusal::faults(vec![Fault::with_value(
                FaultCode::InvalidArgument,
                field.into(),
                &other,
                must,
            )]));
        }
    }
    Ok(())
}

/// A JSON merge patch, by RFC 7396. Its depth is that of a body, which is limited.
fn merge(onto: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *onto = patch;
        return;
    };
    if !onto.is_object() {
        *onto = Value::Object(Map::new());
    }
    let Some(members) = onto.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patches_are_merged_as_the_rfc_says() {
        for (onto, patch, merged) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut found = onto.clone();
            merge(&mut found, patch.clone());
            assert_eq!(found, merged, "{onto} {patch}");
        }
    }
}
