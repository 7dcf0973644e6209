//! Answers that say no: one shape of body for all of them.

use std::borrow::Cow;

use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::ErrorAnswer;
use super::routes::json;
use crate::intake::Faults;
use crate::queue::QueueError;
use crate::task::fault::FaultCode;
use crate::task::{ErrorCode, Failure, Fault, FieldPath, TaskId};

/// The vendor names the host that answered; ours has one name.
const HOST_ID: &str = "wasmux";

/// Why a request is not served. It becomes a body where the id of the request is known, see [`Refusal::tell`].
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    recommend: &'static str,
    /// Apart, so that a result stays small.
    more: Box<More>,
}

/// What few refusals have.
#[derive(Debug, Clone, Default)]
struct More {
    faults: Vec<Fault>,
    error: Option<ErrorAnswer>,
    retry_after: Option<u32>,
    /// For the log only.
    detail: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Body<'a> {
    request_id: &'a str,
    host_id: &'static str,
    code: &'a str,
    message: &'a str,
    recommend: &'static str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    faults: &'a [Fault],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorAnswer>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), recommend: "", more: Box::default() }
    }

    fn with(self, more: More) -> Self {
        Self { more: Box::new(more), ..self }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    /// A request about a project that does not exist.
    pub(super) fn no_project(name: &str) -> Self {
        let must = "must name a project that exists";
        let (code, field) = (FaultCode::ResourceNotFound, FieldPath::from("ProjectName"));
        Self::faults(vec![Fault::with_value(code, field, &name.into(), must)])
            .recommend("Make it: CreateProject, or PUT /v1/projects/{name}.")
    }

    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// Something stays because of tasks; `whose` is a sentence up to them.
    pub(super) fn in_use(code: &'static str, whose: &str, tasks: &[TaskId]) -> Self {
        let named: Vec<_> = tasks.iter().map(ToString::to_string).collect();
        let message = format!("{whose} tasks that have not ended, such as {}", named.join(", "));
        Self::conflict(code, message).recommend("Wait for them, or cancel them.")
    }

    /// The server's own fault. The detail is logged and never answered: it may name folders and databases.
    pub(super) fn internal(detail: impl Into<String>) -> Self {
        let message = "the server failed; its log says more under this RequestId";
        let refusal = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message);
        refusal
            .recommend("Try again; what was answered before is not lost.")
            .with(More { detail: Some(detail.into()), ..More::default() })
    }

    /// Too many requests: the next one is taken after so many seconds.
    pub(super) fn throttled(seconds: u32) -> Self {
        let message = "this caller has sent too many requests";
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "Throttling.User", message);
        refusal
            .recommend("Wait as the header Retry-After says.")
            .with(More { retry_after: Some(seconds), ..More::default() })
    }

    pub(super) fn busy(message: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceBusy", message);
        refusal.recommend("Try again in a second.").with(More { retry_after: Some(1), ..More::default() })
    }

    /// All faults of a request; there is at least one.
    pub(super) fn faults(faults: Vec<Fault>) -> Self {
        let code = match faults.split_first() {
            Some((first, rest)) if rest.iter().all(|fault| fault.code == first.code) => code_name(first.code),
            _ => code_name(FaultCode::InvalidArgument),
        };
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        Self::new(StatusCode::BAD_REQUEST, code, lines.join("\n")).with(More { faults, ..More::default() })
    }

    /// A dry run that found that the task would fail, or a source of which nothing can be said.
    pub(super) fn failed(failure: &Failure) -> Self {
        let refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, failure.code.name(), failure.message.clone());
        refusal.with(More { error: Some(failure.into()), ..More::default() })
    }

    /// The same with a hint.
    #[must_use]
    pub(super) fn recommend(self, recommend: &'static str) -> Self {
        Self { recommend, ..self }
    }

    /// Whether a body is refused for its length.
    pub(super) fn is_too_long(&self) -> bool {
        self.status == StatusCode::PAYLOAD_TOO_LARGE
    }

    /// The same with another status.
    #[must_use]
    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same as the vendor's form of the API has it: 400 for what does not exist, and a code that names the one parameter that is missing.
    #[must_use]
    pub(super) fn of_the_vendor(mut self) -> Self {
        if matches!(&*self.code, "ResourceNotFound" | "ResourceAlreadyExists") {
            self.status = StatusCode::BAD_REQUEST;
        }
        if let Some(error) = &self.more.error {
            let (status, code) = vendors(error.code);
            (self.status, self.code) = (status, code.into());
        }
        if let [fault] = self.more.faults.as_slice()
            && fault.code == FaultCode::MissingArgument
            && fault.field.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            self.code = format!("Missing{}", fault.field.as_str()).into();
        }
        self
    }

    /// The answer, with the headers that the response had: `Allow` comes from the router. What is for the log goes there.
    pub(super) fn tell(self, request_id: &str, had: &HeaderMap) -> Response {
        if let Some(detail) = &self.more.detail {
            tracing::error!(request_id, detail, "a request failed");
        }
        let body = Body {
            request_id,
            host_id: HOST_ID,
            code: &self.code,
            message: &self.message,
            recommend: self.recommend,
            faults: &self.more.faults,
            error: self.more.error.as_ref(),
        };
        let mut response = json(self.status, &body);
        let mut header = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
        if let Some(allowed) = had.get(ALLOW) {
            header(ALLOW, allowed.clone());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.more.retry_after {
            header(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The vendor's status and code for a source of which nothing can be said.
fn vendors(code: ErrorCode) -> (StatusCode, &'static str) {
    match code {
        ErrorCode::SourceNotFound => (StatusCode::BAD_REQUEST, "ResourceNotFound"),
        ErrorCode::SourceUnreadable | ErrorCode::SourceDamaged | ErrorCode::StreamUnsupported => {
            (StatusCode::BAD_REQUEST, "InvalidArgument")
        }
        ErrorCode::LimitExceeded | ErrorCode::MemoryLimit | ErrorCode::TimeLimit | ErrorCode::Stalled => {
            (StatusCode::BAD_REQUEST, "LimitExceededError")
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
    }
}

/// The code on the wire; the same as in a fault's JSON.
fn code_name(code: FaultCode) -> &'static str {
    match code {
        FaultCode::InvalidArgument => "InvalidArgument",
        FaultCode::MissingArgument => "MissingArgument",
        FaultCode::Unsupported => "Unsupported",
        FaultCode::InvalidJson => "InvalidJSON",
        FaultCode::ResourceNotFound => "ResourceNotFound",
        FaultCode::LimitExceeded => "LimitExceededError",
    }
}

impl IntoResponse for Refusal {
    /// An empty answer that carries the refusal to the layer that knows the id of the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Self::faults(faults.into_vec())
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::BadToken => {
                let fault = Fault::new(
                    FaultCode::InvalidArgument,
                    FieldPath::from("NextToken"),
                    "must be the NextToken of an answer with the same filter, Sort and Order",
                );
                Self::faults(vec![fault])
            }
            QueueError::NoProject(name) => Self::no_project(&name),
            error => Self::internal(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_faults_json() {
        use FaultCode::{InvalidArgument, InvalidJson, LimitExceeded, MissingArgument, ResourceNotFound, Unsupported};
        for code in [InvalidArgument, MissingArgument, Unsupported, InvalidJson, ResourceNotFound, LimitExceeded] {
            assert_eq!(serde_json::to_value(code).unwrap(), code_name(code));
        }
    }

    #[test]
    fn faults_of_one_kind_give_their_code() {
        let fault = |code| Fault::new(code, FieldPath::from("X"), "is wrong");
        let code = |faults: &[FaultCode]| Refusal::faults(faults.iter().map(|code| fault(*code)).collect()).code;
        let missing = Refusal::faults(vec![fault(FaultCode::MissingArgument)]).of_the_vendor();
        assert_eq!(missing.code, "MissingX");
        assert_eq!(code(&[FaultCode::Unsupported, FaultCode::Unsupported]), "Unsupported");
        assert_eq!(code(&[FaultCode::Unsupported, FaultCode::InvalidJson]), "InvalidArgument");
    }
}
