//! What a source says of itself.

use axum::extract::{Extension, Request, State};
use axum::http::StatusCode;
use serde_json::Value;

use super::query::Parameters;
use super::refusal::Refusal;
use super::routes::{Answer, Id, MAX_BODY, Who, blocking, body, no_parameters, told};
use super::{Api, DescribeError, admit, projects};
use crate::access::Caller;
use crate::task::fault::FaultCode;
use crate::task::{Fault, FieldPath, MediaMeta, ObjectUri};

const TEXTS: [&str; 2] = ["ProjectName", "SourceURI"];
const OTHERS: [&str; 1] = ["CredentialConfig"];

/// All parameters.
pub(super) fn known() -> Vec<&'static str> {
    TEXTS.into_iter().chain(OTHERS).collect()
}

pub(super) async fn probe(State(api): State<Api>, Extension(id): Id, Extension(who): Who, request: Request) -> Answer {
    no_parameters(request.uri())?;
    let body = body(request, MAX_BODY).await?;
    let given = Parameters::of_body(&body, &TEXTS, &OTHERS, "this route")?;
    let meta = blocking(move || api.describe(&who, given)).await?;
    Ok(told(StatusCode::OK, &id, meta))
}

impl Api {
    /// What a source says of itself.
    pub(super) fn describe(&self, who: &Caller, mut given: Parameters) -> Result<MediaMeta, Refusal> {
        let project = projects::name(&mut given);
        let text = given.required("SourceURI").unwrap_or_default();
        let uri = ObjectUri::parse(&text);
        if let Err(error) = &uri
            && !text.is_empty()
        {
            given.fault("SourceURI", Some(&text), error.to_string());
        }
        // Taken as the body of a task takes it: the host's own configuration rules.
        let credentials = given.json("CredentialConfig");
        if let Some(other) = credentials.filter(|value| !value.is_object()) {
            given.fault("CredentialConfig", Some(&other.to_string()), "must be an object");
        }
        given.finish()?;
        let Ok(uri) = uri else { return Err(Refusal::internal("a URI with a fault came through")) };
        admit::needs_project(who, &project)?;
        self.needs_known(&project)?;
        self.host.describe(&project, &uri).map_err(|error| match error {
            DescribeError::Forbidden(why) => {
                let (code, field) = (FaultCode::ResourceNotFound, FieldPath::from("SourceURI"));
                let message = format!("must be an object that the project may read: {why}");
                Refusal::faults(vec![Fault::with_value(code, field, &Value::from(text), message)])
            }
            DescribeError::Failed(failure) => Refusal::failed(&failure),
            DescribeError::Busy => Refusal::busy("too many sources are being looked at"),
        })
    }
}
