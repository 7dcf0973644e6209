//! The actions of the vendor's API.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::access::{Caller, Right};
use crate::api::Api;
use crate::api::admit;
use crate::api::answer::{ListAnswer, TASK_TYPE};
use crate::api::listing;
use crate::api::probe;
use crate::api::projects;
use crate::api::query::Parameters;
use crate::api::refusal::Refusal;
use crate::api::routes::{Answer, RequestId, blocking, shown, told};
use crate::queue::{Order, PutMode};
use crate::task::TaskId;

type Pairs = Vec<(String, String)>;

/// Whether an action changes nothing and costs little. One that does not exist does neither.
pub(super) fn only_reads(action: &str) -> bool {
    let others = ["CreateMediaConvertTask", "DetectMediaMeta", "CreateProject", "UpdateProject", "DeleteProject"];
    !others.contains(&action)
}

/// Does what a call asks for.
pub(super) async fn run(api: Api, who: Caller, action: &str, parameters: Pairs, id: &RequestId) -> Answer {
    match action {
        "CreateMediaConvertTask" => {
            admit::needs(&who, Right::Submit)?;
            let body = body(parameters)?;
            let name = id.0.clone();
            let answer = blocking(move || api.submit(&who, &body, &name)).await?;
            Ok(told(StatusCode::OK, id, answer))
        }
        "GetTask" => {
            admit::needs(&who, Right::Read)?;
            let answer = blocking(move || get_task(&api, &who, parameters)).await?;
            Ok(told(StatusCode::OK, id, answer))
        }
        "ListTasks" => {
            admit::needs(&who, Right::Read)?;
            let answer = blocking(move || list_tasks(&api, &who, parameters)).await?;
            Ok(told(StatusCode::OK, id, answer))
        }
        "DetectMediaMeta" => {
            admit::needs(&who, Right::Submit)?;
            let given = Parameters::of(parameters, &probe::known(), action);
            let answer = blocking(move || api.describe(&who, given)).await?;
            Ok(told(StatusCode::OK, id, answer))
        }
        "CreateProject" | "UpdateProject" => {
            admit::needs(&who, Right::Admin)?;
            let mode = if action == "CreateProject" { PutMode::Create } else { PutMode::Update };
            let mut given = Parameters::of(parameters, &projects::known(&["ProjectName"]), action);
            let name = projects::name(&mut given);
            let put = blocking(move || api.put_project(&who, &name, given, mode)).await?;
            Ok(told(StatusCode::OK, id, projects::Wrapped { project: put.answer }))
        }
        "GetProject" => {
            admit::needs(&who, Right::Read)?;
            let mut given = Parameters::of(parameters, &["ProjectName", "WithStatistics"], action);
            let name = projects::name(&mut given);
            // There are no files of datasets, so their number is always right.
            given.flag("WithStatistics");
            given.finish()?;
            let project = blocking(move || api.project(&who, &name)).await?;
            Ok(told(StatusCode::OK, id, projects::Wrapped { project }))
        }
        "ListProjects" => {
            admit::needs(&who, Right::Read)?;
            let query = projects::query(Parameters::of(parameters, projects::OF_LISTS, action))?;
            let answer = blocking(move || api.list_projects(&who, query)).await?;
            Ok(told(StatusCode::OK, id, answer))
        }
        "DeleteProject" => {
            admit::needs(&who, Right::Admin)?;
            let mut given = Parameters::of(parameters, &["ProjectName"], action);
            let name = projects::name(&mut given);
            given.finish()?;
            blocking(move || api.delete_project(&who, &name)).await?;
            Ok(told(StatusCode::OK, id, Value::Object(Map::new())))
        }
        other => {
            let message = format!("there is no action `{}` in this version", shown(other));
            let refusal = Refusal::new(StatusCode::NOT_FOUND, "InvalidAction.NotFound", message);
            Err(refusal.recommend("docs/API.md lists the actions."))
        }
    }
}

/// The parameters as the body that `POST /v1/tasks` takes. Texts stay texts; which names there are, and what else is wrong, is for intake to say.
fn body(parameters: Pairs) -> Result<Vec<u8>, Refusal> {
    let names: Vec<_> = parameters.iter().map(|(name, _)| name.clone()).collect();
    let known: Vec<_> = names.iter().map(String::as_str).collect();
    let mut given = Parameters::of(parameters, &known, "CreateMediaConvertTask");
    let mut members = Map::new();
    for name in &names {
        let value = match name.as_str() {
            "Sources" | "Targets" | "TargetGroups" | "Tags" | "Notification" | "CredentialConfig" | "Overrides" => {
                given.json(name)
            }
            // What is no number is told by intake, with its range.
            "AlignmentIndex" | "Priority" => {
                given.text(name).map(|text| text.parse().map_or_else(|_| Value::from(text), Value::Number))
            }
            _ => given.text(name).map(Value::from),
        };
        if let Some(value) = value {
            members.insert(name.clone(), value);
        }
    }
    given.finish()?;
    Ok(Value::Object(members).to_string().into_bytes())
}

fn get_task(api: &Api, who: &Caller, parameters: Pairs) -> Result<impl Serialize + use<>, Refusal> {
    let known = ["ProjectName", "TaskType", "TaskId", "RequestDefinition"];
    let mut given = Parameters::of(parameters, &known, "GetTask");
    let project = given.required("ProjectName");
    let name = given.required("TaskId").unwrap_or_default();
    if let Some(kind) = given.required("TaskType").filter(|kind| kind != TASK_TYPE) {
        given.fault("TaskType", Some(&kind), format!("must be {TASK_TYPE}"));
    }
    let with_request = given.flag("RequestDefinition");
    given.finish()?;
    let unknown = || Refusal::not_found(format!("the project has no task `{}`", shown(&name)));
    let id: TaskId = name.parse().map_err(|_| unknown())?;
    let task = api.task(who, id, with_request)?;
    if Some(&task.project_name) != project.as_ref() { Err(unknown()) } else { Ok(task) }
}

/// A page of tasks, with the name of their project.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    project_name: String,
    #[serde(flatten)]
    list: ListAnswer,
}

fn list_tasks(api: &Api, who: &Caller, parameters: Pairs) -> Result<impl Serialize + use<>, Refusal> {
    let known = [
        "ProjectName",
        "TaskTypes",
        "Status",
        "TagSelector",
        "StartTimeRange",
        "EndTimeRange",
        "Sort",
        "Order",
        "MaxResults",
        "NextToken",
        "RequestDefinition",
    ];
    let mut given = Parameters::of(parameters, &known, "ListTasks");
    let project_name = given.required("ProjectName").unwrap_or_default();
    let (created, ended) = (given.moments("StartTimeRange"), given.moments("EndTimeRange"));
    let with_request = given.flag("RequestDefinition");
    let wanted = takes_type(&mut given);
    let query = listing::query(given, created, ended, Order::Ascending)?;
    let mut list = if wanted {
        api.list(who, query)?
    } else {
        admit::needs_project(who, &project_name)?;
        let (tasks, next_token) = (Vec::new(), String::new());
        ListAnswer { tasks, max_results: query.limit.to_string(), next_token }
    };
    if with_request {
        for task in &mut list.tasks {
            task.task_request_definition = api.request(task.task_id)?;
        }
    }
    Ok(Listed { project_name, list })
}

/// Whether the types that are asked for have ours among them; none means all.
fn takes_type(given: &mut Parameters) -> bool {
    let Some(types) = given.json("TaskTypes") else { return true };
    let names: Option<Vec<_>> = types.as_array().and_then(|types| types.iter().map(Value::as_str).collect());
    let Some(names) = names else {
        given.fault(
            "TaskTypes",
            Some(&types.to_string()),
            format!("must be an array of texts, such as [\"{TASK_TYPE}\"]"),
        );
        return true;
    };
    names.is_empty() || names.contains(&TASK_TYPE)
}
