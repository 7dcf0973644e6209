//! Routes of our own form of the API, and what all answers have in common.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, PathRejection};
use axum::extract::{DefaultBodyLimit, Extension, FromRequest, MatchedPath, Path, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use serde_json::{Map, Value};
use tower_http::catch_panic::CatchPanicLayer;
use uuid::Uuid;

use super::answer::{SubmitAnswer, Told};
use super::query::Parameters;
use super::refusal::Refusal;
use super::{Api, admit, listing, openapi, rpc};
use crate::access::{Caller, Right};
use crate::task::{TaskId, TaskState};
use crate::telemetry;

/// Longest body, in bytes; the same as intake's limit.
pub(super) const MAX_BODY: usize = 1 << 20;
/// How long a client may take to send a body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// How much of a client's own text an answer repeats, in characters.
const SHOWN: usize = 200;

/// Longest `Idempotency-Key`, in characters.
const MAX_KEY: usize = 255;

const PANICKED: &str = "a handler panicked";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const OPENMETRICS: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Name of one request, in its answer and in the log.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

pub(super) type Id = Extension<RequestId>;
pub(super) type Answer = Result<Response, Refusal>;
/// Who asks, as [`admit::by_bearer`] found.
pub(super) type Who = Extension<Caller>;
pub(super) type TaskPath = Result<Path<String>, PathRejection>;

impl Api {
    /// All routes.
    pub fn router(self) -> Router {
        let (open, ours): (Vec<_>, Vec<_>) = openapi::table().into_iter().partition(openapi::Route::is_open);
        let routes = |table: Vec<openapi::Route>| {
            table.into_iter().fold(Router::new(), |router, route| router.route(route.path, route.methods))
        };
        let ours = routes(ours).route_layer(middleware::from_fn_with_state(self.clone(), admit::by_bearer));
        // These look for themselves who asks, or do not care.
        ours.merge(routes(open))
            .route("/", get(rpc::call).post(rpc::call))
            .fallback(no_route)
            .method_not_allowed_fallback(wrong_method)
            .with_state(self)
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn(dress))
    }
}

/// Names the request, turns refusals into bodies, and puts the name on every answer. The outermost layer.
async fn dress(mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().hyphenated().to_string().to_uppercase();
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let foreign = request.headers().contains_key(ORIGIN);
    // The pattern, since ids would make as many series as there are tasks. What is no method may be any text.
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE].contains(&method);
    let begun = Instant::now();
    let mut response = if foreign { of_a_page().into_response() } else { next.run(request).await };
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        response = refusal.tell(&id, response.headers());
    }
    let status = response.status().as_u16();
    telemetry::metrics().answered(if known { method.as_str() } else { "other" }, &route, status, begun.elapsed());
    tracing::debug!(request_id = id, %method, path, status, "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// Browsers send `Origin` with what a page asks of another site. Anybody who can get a user to look at a page could submit tasks to a
/// service on the user's machine; there is no page of ours that would have to.
fn of_a_page() -> Refusal {
    let message = "requests of web pages are not taken: the header Origin is set";
    Refusal::new(StatusCode::FORBIDDEN, "Forbidden", message)
}

/// An answer with a body of JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => text_of_json(status, text),
        Err(error) => Refusal::internal(format!("an answer is no JSON: {error}")).into_response(),
    }
}

/// The same of what is JSON already.
fn text_of_json(status: StatusCode, text: impl Into<Body>) -> Response {
    (status, [(CONTENT_TYPE, JSON)], text.into()).into_response()
}

/// An answer with the id of its request in front.
pub(super) fn told(status: StatusCode, RequestId(request_id): &RequestId, answer: impl Serialize) -> Response {
    json(status, &Told { request_id, answer })
}

/// Runs what blocks on a thread that may. It goes on when the client goes away, so that nothing is left half done.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        // The text of the error would repeat what the panic said, which may hold anything.
        Err(error) => Err(Refusal::internal(if error.is_panic() { PANICKED } else { "the server is stopping" })),
    }
}

/// Reads a body, within limits of size and time.
pub(super) async fn body(mut request: Request, most: usize) -> Result<Bytes, Refusal> {
    let too_long = || {
        let message = format!("a body is at most {most} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "LimitExceededError", message)
    };
    // What is announced too long is refused before it is sent.
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(too_long());
    }
    DefaultBodyLimit::max(most).apply(&mut request);
    match tokio::time::timeout(BODY_TIME, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)))) => Err(too_long()),
        Ok(Err(_)) => {
            Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", "the body could not be read to its end"))
        }
        Err(_) => {
            let message = format!("the body did not arrive within {} s", BODY_TIME.as_secs());
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeout", message))
        }
    }
}

/// The task that a path names.
pub(super) fn task_id(path: TaskPath) -> Result<TaskId, Refusal> {
    let text = path.map_or_else(|_| String::new(), |Path(text)| text);
    text.parse().map_err(|error| Refusal::not_found(format!("`{}` names no task: an id {error}", shown(&text))))
}

/// Most routes take no query parameters; one that is given would do nothing, and is refused.
pub(super) fn no_parameters(uri: &Uri) -> Result<(), Refusal> {
    Parameters::read(uri, &[]).finish()
}

pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

pub(super) async fn submit(State(api): State<Api>, Extension(id): Id, Extension(who): Who, request: Request) -> Answer {
    no_parameters(request.uri())?;
    let key = idempotency_key(request.headers())?;
    let body = body(request, MAX_BODY).await?;
    let name = id.0.clone();
    let (answer, is_new) = blocking(move || api.submit_once(&who, &body, key, &name)).await?;
    let mut response = created(&id, answer);
    if !is_new {
        *response.status_mut() = StatusCode::OK;
    }
    Ok(response)
}

/// What makes a submission that is sent again the same task.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(first) = given.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|text| (1..=MAX_KEY).contains(&text.len()));
    match text.filter(|_| given.next().is_none()) {
        Some(text) => Ok(Some(text.to_owned())),
        None => {
            let message =
                format!("the header Idempotency-Key must be one text of 1 to {MAX_KEY} printable ASCII characters");
            Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message))
        }
    }
}

/// A task was taken in.
fn created(id: &RequestId, answer: SubmitAnswer) -> Response {
    let location = HeaderValue::from_str(&format!("/v1/tasks/{}", answer.task_id));
    let mut response = told(StatusCode::CREATED, id, answer);
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

pub(super) async fn retry(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: TaskPath,
    uri: Uri,
) -> Answer {
    let task = task_id(path)?;
    no_parameters(&uri)?;
    let name = id.0.clone();
    let answer = blocking(move || api.retry(&who, task, &name)).await?;
    Ok(created(&id, answer))
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: TaskPath,
    uri: Uri,
) -> Answer {
    let task = task_id(path)?;
    let mut given = Parameters::read(&uri, &["RequestDefinition"]);
    let with_request = given.flag("RequestDefinition");
    given.finish()?;
    let answer = blocking(move || api.task(&who, task, with_request)).await?;
    Ok(told(StatusCode::OK, &id, answer))
}

pub(super) async fn list(State(api): State<Api>, Extension(id): Id, Extension(who): Who, uri: Uri) -> Answer {
    let query = listing::read(&uri)?;
    let answer = blocking(move || api.list(&who, query)).await?;
    Ok(told(StatusCode::OK, &id, answer))
}

pub(super) async fn plan(State(api): State<Api>, Extension(who): Who, path: TaskPath, uri: Uri) -> Answer {
    let task = task_id(path)?;
    no_parameters(&uri)?;
    let plan = blocking(move || api.plan(&who, task)).await?;
    Ok(text_of_json(StatusCode::OK, plan))
}

pub(super) async fn dry_run(State(api): State<Api>, Extension(who): Who, request: Request) -> Answer {
    no_parameters(request.uri())?;
    let body = body(request, MAX_BODY).await?;
    let plan = blocking(move || api.dry_run(&who, &body)).await?;
    Ok(text_of_json(StatusCode::OK, plan))
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: TaskPath,
    uri: Uri,
) -> Answer {
    let task = task_id(path)?;
    no_parameters(&uri)?;
    let answer = blocking(move || api.cancel(&who, task)).await?;
    Ok(told(StatusCode::OK, &id, answer))
}

pub(super) async fn delete(State(api): State<Api>, Extension(who): Who, path: TaskPath, uri: Uri) -> Answer {
    let task = task_id(path)?;
    no_parameters(&uri)?;
    blocking(move || api.delete(&who, task)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whoever watches the service has no key, and is told only whether it works.
pub(super) async fn health(State(api): State<Api>, Extension(id): Id, headers: HeaderMap) -> Answer {
    let is_known = api.bearer(&headers).is_ok_and(|who| who.may(Right::Read));
    let about = blocking(move || {
        let mut about = Map::from_iter([("Status".to_owned(), Value::from("ok"))]);
        let depth = api.depth()?;
        if !is_known {
            return Ok(about);
        }
        about.insert("Queue".to_owned(), serde_json::json!(depth));
        if let Value::Object(more) = api.host.about() {
            about.extend(more);
        }
        Ok(about)
    })
    .await?;
    Ok(told(StatusCode::OK, &id, about))
}

/// Whether tasks are taken and run: what a load balancer asks.
pub(super) async fn ready(State(api): State<Api>, Extension(id): Id) -> Answer {
    blocking(move || {
        api.depth()?;
        match api.host.unready() {
            None => Ok(()),
            Some(reason) => Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceBusy", reason)),
        }
    })
    .await?;
    Ok(told(StatusCode::OK, &id, serde_json::json!({"Status": "ready"})))
}

pub(super) async fn metrics(State(api): State<Api>) -> Answer {
    let text = blocking(move || {
        let depth = api.depth()?;
        let states = [
            (TaskState::Queued, depth.queued),
            (TaskState::Running, depth.running),
            (TaskState::Committing, depth.committing),
        ];
        Ok(telemetry::metrics().text(&states.map(|(state, count)| (state.name(), count)), depth.messages))
    })
    .await?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], text).into_response())
}

async fn no_route(method: Method, uri: Uri) -> Refusal {
    Refusal::not_found(format!("there is no route {} {}", shown(method.as_str()), shown(uri.path())))
        .recommend("docs/API.md lists the routes.")
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let message =
        format!("{} is no method of {}; the header Allow names them", shown(method.as_str()), shown(uri.path()));
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
}

/// What the panic said is on standard error already, and goes nowhere else.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Refusal::internal(PANICKED).into_response()
}
