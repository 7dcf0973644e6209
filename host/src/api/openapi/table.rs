//! All routes of our own form of the API: what answers them, and what is to be said of them.

use axum::routing::{MethodRouter, get, post};
use serde_json::{Value, json};

use super::{Body, Content, Operation, told};
use crate::api::answer::{CancelDone, ListAnswer, PublishAnswer, SubmitAnswer, TaskAnswer};
use crate::api::projects::{ProjectAnswer, ProjectList};
use crate::api::templates::{self, TemplateAnswer, TemplateList};
use crate::api::{Api, events, openapi, plugins, probe, projects, routes};
use crate::task::MediaMeta;

/// One path with its methods.
pub(in crate::api) struct Route {
    pub(in crate::api) path: &'static str,
    pub(in crate::api) methods: MethodRouter<Api>,
    pub(super) operations: Vec<Operation>,
}

impl Route {
    fn new(path: &'static str, methods: MethodRouter<Api>, operations: Vec<Operation>) -> Self {
        Self { path, methods, operations }
    }

    /// Whether it can be asked without a key.
    pub(in crate::api) fn is_open(&self) -> bool {
        self.operations.iter().all(|operation| operation.is_open)
    }
}

/// An operation that is asked for with a key, has no body, and refuses nothing of its own.
fn operation(method: &'static str, name: &'static str, summary: &'static str) -> Operation {
    Operation {
        method,
        name,
        summary,
        query: Vec::new(),
        headers: Vec::new(),
        body: Body::None,
        answers: Vec::new(),
        refusals: &[],
        is_open: false,
    }
}

impl Operation {
    fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    fn query(mut self, name: &'static str, schema: Value, about: &'static str) -> Self {
        self.query.push((name, schema, about));
        self
    }

    fn header(mut self, name: &'static str, schema: Value, about: &'static str) -> Self {
        self.headers.push((name, schema, about));
        self
    }

    fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    fn answers(mut self, status: u16, content: Content, about: &'static str) -> Self {
        self.answers.push((status, content, about));
        self
    }

    fn refuses(self, refusals: &'static [u16]) -> Self {
        Self { refusals, ..self }
    }
}

fn text() -> Value {
    json!({"type": "string"})
}

fn any() -> Content {
    Content::Json(json!({"type": "object"}))
}

/// The table. The router is made of it, and so is the document.
pub(in crate::api) fn table() -> Vec<Route> {
    [tasks(), others(), of_projects(), of_templates(), of_plugins(), of_the_service()].into_iter().flatten().collect()
}

fn list_tasks() -> Operation {
    let moment = || json!({"type": "string", "format": "date-time"});
    let states = json!({"type": "string", "enum": ["Running", "Succeeded", "Failed", "Queued", "Committing"]});
    operation("get", "listTasks", "A page of tasks")
        .query("ProjectName", text(), "Only of this project.")
        .query("Status", states, "Only in this state; Running: all that have not ended.")
        .query("TagSelector", text(), "Only with these tags: NAME=VALUE&NAME=VALUE.")
        .query("StartTimeFrom", moment(), "Submitted at or after it.")
        .query("StartTimeTo", moment(), "Submitted before it.")
        .query("EndTimeFrom", moment(), "Ended at or after it.")
        .query("EndTimeTo", moment(), "Ended before it.")
        .query("Sort", json!({"type": "string", "enum": ["TaskId", "StartTime", "EndTime"]}), "Default: TaskId.")
        .query("Order", json!({"type": "string", "enum": ["asc", "desc"]}), "Default: desc.")
        .query("MaxResults", json!({"type": "integer", "minimum": 1, "maximum": 100}), "Default: 100.")
        .query("NextToken", text(), "Of the page before.")
        .answers(200, told::<ListAnswer>(), "The page")
}

fn tasks() -> Vec<Route> {
    let submit = operation("post", "submitTask", "Submits a task: its request is judged, and the task is on the disk")
        .header(
            "Idempotency-Key",
            json!({"type": "string", "minLength": 1, "maxLength": 255}),
            "Sent again with the same key, a request is the same task.",
        )
        .body(Body::Task)
        .answers(201, told::<SubmitAnswer>(), "The new task")
        .answers(200, told::<SubmitAnswer>(), "The task that the same key has made before")
        .refuses(&[408, 409, 413]);
    let show = operation("get", "getTask", "One task with its history")
        .query("RequestDefinition", json!({"type": "boolean"}), "Whether its request is shown, too.")
        .answers(200, told::<TaskAnswer>(), "The task")
        .refuses(&[404]);
    let delete = operation("delete", "deleteTask", "Removes the record of a task that has ended")
        .answers(204, Content::None, "It is gone")
        .refuses(&[404, 409]);
    let plan =
        operation("get", "getPlan", "The plan that a task runs by").answers(200, any(), "The plan").refuses(&[404]);
    let cancel = operation("post", "cancelTask", "Asks for the end of a task")
        .answers(200, told::<CancelDone>(), "It has ended, or is being stopped")
        .refuses(&[404, 409]);
    let retry = operation("post", "retryTask", "Submits the request of a task that failed once more")
        .answers(201, told::<SubmitAnswer>(), "The new task")
        .refuses(&[404, 409]);
    let follow = operation("get", "followTask", "What happens to a task, as server-sent events")
        .answers(200, Content::Events(&events::NAMES), "Events, until the task has ended")
        .refuses(&[404]);
    vec![
        Route::new("/v1/tasks", get(routes::list).post(routes::submit), vec![list_tasks(), submit]),
        Route::new("/v1/tasks/{id}", get(routes::show).delete(routes::delete), vec![show, delete]),
        Route::new("/v1/tasks/{id}/plan", get(routes::plan), vec![plan]),
        Route::new("/v1/tasks/{id}/cancel", post(routes::cancel), vec![cancel]),
        Route::new("/v1/tasks/{id}/retry", post(routes::retry), vec![retry]),
        Route::new("/v1/tasks/{id}/events", get(events::events), vec![follow]),
    ]
}

fn others() -> Vec<Route> {
    let dry_run = operation("post", "planTask", "The plan that a request would get; nothing is written")
        .body(Body::Task)
        .answers(200, any(), "The plan")
        .refuses(&[408, 413, 422]);
    let source = json!({
        "type": "object", "required": ["ProjectName", "SourceURI"], "additionalProperties": false,
        "properties": {"ProjectName": text(), "SourceURI": {"type": "string", "pattern": "^oss://"}, "CredentialConfig": {"type": "object"}},
    });
    let probe = operation("post", "probeSource", "What a source says of itself")
        .body(Body::Json(source))
        .answers(200, told::<MediaMeta>(), "Its facts")
        .refuses(&[408, 413, 422]);
    vec![
        Route::new("/v1/plan", post(routes::dry_run), vec![dry_run]),
        Route::new("/v1/probe", post(probe::probe), vec![probe]),
    ]
}

fn of_projects() -> Vec<Route> {
    let list = operation("get", "listProjects", "A page of projects")
        .query("Prefix", text(), "Only those whose names begin with it.")
        .query("Tag", text(), "Only those that have these tags: [{\"Key\": NAME, \"Value\": VALUE}].")
        .query("MaxResults", json!({"type": "integer", "minimum": 0, "maximum": 200}), "Default: 100.")
        .query("NextToken", text(), "Of the page before.")
        .answers(200, told::<ProjectList>(), "The page");
    let show = operation("get", "getProject", "One project")
        .answers(200, told::<ProjectAnswer>(), "The project")
        .refuses(&[404]);
    let put = operation("put", "putProject", "Makes a project, or changes it; what is not named has its default")
        .body(Body::Json(json!({"type": "object"})))
        .answers(201, told::<ProjectAnswer>(), "It is new")
        .answers(200, told::<ProjectAnswer>(), "It has changed")
        .refuses(&[408, 413]);
    let delete = operation("delete", "deleteProject", "Removes a project without tasks that have not ended")
        .answers(204, Content::None, "It is gone")
        .refuses(&[404, 409]);
    vec![
        Route::new("/v1/projects", get(projects::list), vec![list]),
        Route::new(
            "/v1/projects/{name}",
            get(projects::show).put(projects::put).delete(projects::delete),
            vec![show, put, delete],
        ),
    ]
}

fn of_templates() -> Vec<Route> {
    let list = operation("get", "listTemplates", "The templates of a project")
        .answers(200, told::<TemplateList>(), "All of them")
        .refuses(&[404]);
    let show = operation("get", "getTemplate", "One template")
        .answers(200, told::<TemplateAnswer>(), "The template")
        .refuses(&[404]);
    let put = operation("put", "putTemplate", "Makes or replaces a template: what tasks that name it begin with")
        .body(Body::Json(json!({"type": "object"})))
        .answers(201, told::<TemplateAnswer>(), "It is new")
        .answers(200, told::<TemplateAnswer>(), "It has changed")
        .refuses(&[408, 409, 413]);
    let delete = operation("delete", "deleteTemplate", "Removes a template; tasks that began with it go on")
        .answers(204, Content::None, "It is gone")
        .refuses(&[404]);
    let one = get(templates::show).put(templates::put).delete(templates::delete);
    vec![
        Route::new("/v1/projects/{name}/templates", get(templates::list), vec![list]),
        Route::new("/v1/projects/{name}/templates/{template}", one, vec![show, put, delete]),
    ]
}

fn of_plugins() -> Vec<Route> {
    let list = operation("get", "listPlugins", "The plugins that requests can name").answers(200, any(), "All plugins");
    let show =
        operation("get", "getPlugin", "One plugin with its manifest").answers(200, any(), "The plugin").refuses(&[404]);
    let put = operation("put", "publishPlugin", "Publishes a component under the name and version that it has")
        .body(Body::Wasm)
        .answers(201, told::<PublishAnswer>(), "It is new")
        .answers(200, told::<PublishAnswer>(), "These bytes were there before")
        .refuses(&[408, 409, 413, 422]);
    let delete = operation("delete", "removePlugin", "Removes a published component that no task needs")
        .answers(204, Content::None, "It is gone")
        .refuses(&[404, 409]);
    vec![
        Route::new("/v1/plugins", get(plugins::list), vec![list]),
        Route::new(
            "/v1/plugins/{name}/{version}",
            get(plugins::show).put(plugins::put).delete(plugins::delete),
            vec![show, put, delete],
        ),
    ]
}

fn of_the_service() -> Vec<Route> {
    let metrics = operation("get", "metrics", "Metrics for Prometheus").answers(
        200,
        Content::Text("application/openmetrics-text"),
        "All of them",
    );
    let health =
        operation("get", "health", "Whether the service works; with a key more").open().answers(200, any(), "It does");
    let ready = operation("get", "ready", "Whether tasks are taken and run").open().answers(200, any(), "They are");
    let document = operation("get", "openapi", "This document").open().answers(200, any(), "The document");
    let page =
        operation("get", "docs", "This document as a page").open().answers(200, Content::Text("text/html"), "The page");
    vec![
        Route::new("/metrics", get(routes::metrics), vec![metrics]),
        Route::new("/healthz", get(routes::health), vec![health]),
        Route::new("/readyz", get(routes::ready), vec![ready]),
        Route::new("/v1/openapi.json", get(openapi::show), vec![document]),
        Route::new("/v1/docs", get(openapi::read), vec![page]),
    ]
}
