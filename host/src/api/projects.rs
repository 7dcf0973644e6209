//! Projects, in both forms of the API.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::query::Parameters;
use super::refusal::Refusal;
use super::routes::{Answer, Id, MAX_BODY, Who, blocking, body, no_parameters, shown, told};
use super::{Api, admit};
use crate::access::Caller;
use crate::intake::Limits;
use crate::queue::{DeletedProject, Project, ProjectQuery, PutMode, PutProject};
use crate::task::{ProjectChanges, ProjectSettings, Timestamp, project};

/// Most projects on a page.
const MAX_RESULTS: u32 = 200;
/// How many there are when nothing is said.
const RESULTS: u32 = 100;
/// Longest `ServiceRole` and `TemplateId`, in characters.
const LONGEST: usize = 256;

const TEXTS: &[&str] = &["Description", "ServiceRole", "TemplateId"];
const OTHERS: &[&str] = &[
    "ProjectMaxDatasetCount",
    "DatasetMaxBindCount",
    "DatasetMaxFileCount",
    "DatasetMaxEntityCount",
    "DatasetMaxRelationCount",
    "DatasetMaxTotalFileSize",
    "Tag",
];

/// Parameters of a list.
pub(super) const OF_LISTS: &[&str] = &["MaxResults", "NextToken", "Prefix", "Tag"];

/// The fields of a project that can be set, and more.
pub(super) fn known(more: &[&'static str]) -> Vec<&'static str> {
    [TEXTS, OTHERS, more].concat()
}

/// The required name of a project.
pub(super) fn name(given: &mut Parameters) -> String {
    let name = given.required("ProjectName").unwrap_or_default();
    if !name.is_empty() && !project::valid_name(&name) {
        given.fault("ProjectName", Some(&name), project::NAME_RULE);
    }
    name
}

/// A project as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProjectAnswer {
    project_name: String,
    description: String,
    service_role: String,
    template_id: String,
    create_time: Timestamp,
    update_time: Timestamp,
    project_max_dataset_count: u64,
    dataset_max_bind_count: u64,
    dataset_max_file_count: u64,
    dataset_max_entity_count: u64,
    dataset_max_relation_count: u64,
    dataset_max_total_file_size: u64,
    /// There are no datasets, and so none of their files.
    dataset_count: u64,
    file_count: u64,
    total_file_size: u64,
    tags: Vec<TagAnswer>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
struct TagAnswer {
    tag_key: String,
    tag_value: String,
}

impl From<Project> for ProjectAnswer {
    fn from(Project { name, created, updated, settings }: Project) -> Self {
        let tags = settings.tags.into_iter().map(|(tag_key, tag_value)| TagAnswer { tag_key, tag_value });
        Self {
            project_name: name,
            description: settings.description,
            service_role: settings.service_role,
            template_id: settings.template_id,
            create_time: created,
            update_time: updated,
            project_max_dataset_count: settings.project_max_dataset_count,
            dataset_max_bind_count: settings.dataset_max_bind_count,
            dataset_max_file_count: settings.dataset_max_file_count,
            dataset_max_entity_count: settings.dataset_max_entity_count,
            dataset_max_relation_count: settings.dataset_max_relation_count,
            dataset_max_total_file_size: settings.dataset_max_total_file_size,
            dataset_count: 0,
            file_count: 0,
            total_file_size: 0,
            tags: tags.collect(),
        }
    }
}

/// As the vendor's form shows one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Wrapped {
    pub(super) project: ProjectAnswer,
}

/// A page of projects.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProjectList {
    projects: Vec<ProjectAnswer>,
    next_token: String,
}

/// A project that was made or changed.
pub(super) struct Put {
    pub(super) answer: ProjectAnswer,
    is_new: bool,
}

fn changes(given: &mut Parameters) -> ProjectChanges {
    ProjectChanges {
        description: text(given, "Description", ProjectSettings::DESCRIPTION),
        service_role: text(given, "ServiceRole", LONGEST),
        template_id: text(given, "TemplateId", LONGEST),
        project_max_dataset_count: count(given, "ProjectMaxDatasetCount", ProjectSettings::DATASETS),
        dataset_max_bind_count: count(given, "DatasetMaxBindCount", ProjectSettings::BINDS),
        dataset_max_file_count: count(given, "DatasetMaxFileCount", ProjectSettings::FILES),
        dataset_max_entity_count: count(given, "DatasetMaxEntityCount", ProjectSettings::ANY),
        dataset_max_relation_count: count(given, "DatasetMaxRelationCount", ProjectSettings::ANY),
        dataset_max_total_file_size: count(given, "DatasetMaxTotalFileSize", ProjectSettings::ANY),
        tags: tags(given).map(|tags| tags.into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect()),
    }
}

fn text(given: &mut Parameters, name: &str, longest: usize) -> Option<String> {
    let fits = |text: &str| (text.chars().count() <= longest).then(|| text.to_owned());
    given.parsed(name, fits, &format!("must have at most {longest} characters"))
}

fn count(given: &mut Parameters, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
    let must = format!("must be a whole number from {} to {}", range.start(), range.end());
    given.parsed(name, |text| text.parse().ok().filter(|count| range.contains(count)), &must)
}

/// `[{"Key": ..., "Value": ...}]`, each key once; `None` where there are none.
fn tags(given: &mut Parameters) -> Option<BTreeMap<String, Option<String>>> {
    let limits = Limits::default();
    let value = given.json("Tag")?;
    let read = |tag: &Value| {
        let tag = tag.as_object().filter(|tag| tag.keys().all(|name| matches!(name.as_str(), "Key" | "Value")))?;
        let key = tag.get("Key")?.as_str()?.to_owned();
        let value = match tag.get("Value") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_str()?.to_owned()),
        };
        let fits = (1..=limits.tag_name_bytes).contains(&key.len())
            && value.as_ref().is_none_or(|value| value.len() <= limits.tag_value_bytes);
        fits.then_some((key, value))
    };
    let listed = value.as_array().filter(|tags| tags.len() <= limits.tags);
    let tags: Option<Vec<_>> = listed.and_then(|tags| tags.iter().map(read).collect());
    let count = tags.as_ref().map_or(0, Vec::len);
    let tags = tags.map(BTreeMap::from_iter).filter(|tags| tags.len() == count);
    if tags.is_none() {
        let must = format!(
            "must be an array of at most {} objects of Key, a text of 1 to {} bytes that no other has, and Value, a text of at most {} bytes",
            limits.tags, limits.tag_name_bytes, limits.tag_value_bytes
        );
        given.fault("Tag", Some(&value.to_string()), must);
    }
    tags.filter(|tags| !tags.is_empty())
}

/// Reads which projects are asked for; all faults at once.
pub(super) fn query(mut given: Parameters) -> Result<ProjectQuery, Refusal> {
    let limit = |text: &str| text.parse().ok().filter(|limit| *limit <= MAX_RESULTS);
    let must = format!("must be a whole number from 0 to {MAX_RESULTS}; 0 means {RESULTS}");
    let valid = |text: &str| project::valid_name(text).then(|| text.to_owned());
    let query = ProjectQuery {
        among: None,
        prefix: given.parsed("Prefix", valid, project::NAME_RULE).unwrap_or_default(),
        tags: tags(&mut given).unwrap_or_default().into_iter().collect(),
        limit: given.parsed("MaxResults", limit, &must).filter(|limit| *limit > 0).unwrap_or(RESULTS),
        after: given.parsed("NextToken", valid, "must be the NextToken of the page before"),
    };
    given.finish()?;
    Ok(query)
}

type ProjectPath = Result<Path<String>, PathRejection>;

/// The project that a path names.
fn of_path(path: ProjectPath) -> Result<String, Refusal> {
    let name = path.map_or_else(|_| String::new(), |Path(text)| text);
    if project::valid_name(&name) {
        return Ok(name);
    }
    let message = format!("the name `{}` in the path {}", shown(&name), project::NAME_RULE);
    Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message))
}

pub(super) async fn list(State(api): State<Api>, Extension(id): Id, Extension(who): Who, uri: Uri) -> Answer {
    let query = query(Parameters::read(&uri, OF_LISTS))?;
    let answer = blocking(move || api.list_projects(&who, query)).await?;
    Ok(told(StatusCode::OK, &id, answer))
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: ProjectPath,
    uri: Uri,
) -> Answer {
    let name = of_path(path)?;
    no_parameters(&uri)?;
    let answer = blocking(move || api.project(&who, &name)).await?;
    Ok(told(StatusCode::OK, &id, answer))
}

pub(super) async fn put(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: ProjectPath,
    request: Request,
) -> Answer {
    let name = of_path(path)?;
    no_parameters(request.uri())?;
    let body = body(request, MAX_BODY).await?;
    // Nothing at all is a project with all defaults.
    let given = match &body[..] {
        [] => Parameters::default(),
        body => Parameters::of_body(body, TEXTS, OTHERS, "a project")?,
    };
    let put = blocking(move || api.put_project(&who, &name, given, PutMode::Replace)).await?;
    let status = if put.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(told(status, &id, put.answer))
}

pub(super) async fn delete(State(api): State<Api>, Extension(who): Who, path: ProjectPath, uri: Uri) -> Answer {
    let name = of_path(path)?;
    no_parameters(&uri)?;
    blocking(move || api.delete_project(&who, &name)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Api {
    /// Refuses a project that does not exist, unless the first task that names it makes it.
    pub(super) fn needs_known(&self, name: &str) -> Result<(), Refusal> {
        if self.makes_projects || self.projects.project(name)?.is_some() {
            return Ok(());
        }
        Err(Refusal::no_project(name))
    }

    pub(super) fn project(&self, who: &Caller, name: &str) -> Result<ProjectAnswer, Refusal> {
        admit::needs_project(who, name)?;
        self.projects.project(name)?.map(Into::into).ok_or_else(|| unknown(name))
    }

    pub(super) fn list_projects(&self, who: &Caller, query: ProjectQuery) -> Result<ProjectList, Refusal> {
        let page = self.projects.list_projects(&ProjectQuery { among: who.projects().cloned(), ..query })?;
        Ok(ProjectList {
            projects: page.projects.into_iter().map(Into::into).collect(),
            next_token: page.next.unwrap_or_default(),
        })
    }

    pub(super) fn put_project(
        &self,
        who: &Caller,
        name: &str,
        mut given: Parameters,
        mode: PutMode,
    ) -> Result<Put, Refusal> {
        let changes = changes(&mut given);
        given.finish()?;
        admit::needs_project(who, name)?;
        match self.projects.put_project(name, &changes, mode, Timestamp::now())? {
            PutProject::Created(project) => Ok(Put { answer: project.into(), is_new: true }),
            PutProject::Changed(project) => Ok(Put { answer: project.into(), is_new: false }),
            PutProject::Exists => {
                Err(Refusal::conflict("ResourceAlreadyExists", format!("there is a project {name} already")))
            }
            PutProject::Unknown => Err(unknown(name)),
        }
    }

    /// Removes a project that has no tasks that have not ended.
    pub(super) fn delete_project(&self, who: &Caller, name: &str) -> Result<(), Refusal> {
        admit::needs_project(who, name)?;
        if self.host.is_configured(name) {
            let message = format!("the project {name} is there always: the configuration names it");
            return Err(Refusal::conflict("ProjectInUse", message));
        }
        match self.projects.delete_project(name)? {
            DeletedProject::Deleted => Ok(()),
            DeletedProject::Live(tasks) => Err(Refusal::in_use("ProjectInUse", &format!("{name} has"), &tasks)),
            DeletedProject::Unknown => Err(unknown(name)),
        }
    }
}

fn unknown(name: &str) -> Refusal {
    Refusal::not_found(format!("there is no project {name}"))
}
