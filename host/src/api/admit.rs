//! Who is let in, and to what.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Extensions, HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;

use super::Api;
use super::refusal::Refusal;
use crate::access::{Caller, Denied, Right, Signed};
use crate::task::Timestamp;

const TOKEN: &str = "x-acs-security-token";

/// Lets those in who have the secret of a key and the right to this method, and names them to the handlers.
pub(super) async fn by_bearer(State(api): State<Api>, mut request: Request, next: Next) -> Result<Response, Refusal> {
    let caller = api.bearer(request.headers())?;
    let right = match *request.method() {
        Method::GET | Method::HEAD => Right::Read,
        Method::POST => Right::Submit,
        _ => Right::Admin,
    };
    needs(&caller, right)?;
    api.count(&caller, request.extensions())?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// Refuses who has not this right.
pub(super) fn needs(caller: &Caller, right: Right) -> Result<(), Refusal> {
    if caller.may(right) {
        return Ok(());
    }
    let message = format!("this key has not the right `{}`", right.name());
    Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden", message))
}

/// Refuses who is limited to some projects: what is to be done concerns all.
pub(super) fn needs_all_projects(caller: &Caller) -> Result<(), Refusal> {
    if caller.projects().is_none() {
        return Ok(());
    }
    let message = "this key is for some projects only, and plugins are those of all";
    Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden", message))
}

/// Refuses who has not this project.
pub(super) fn needs_project(caller: &Caller, project: &str) -> Result<(), Refusal> {
    if caller.reaches(project) {
        return Ok(());
    }
    let message = format!("this key is not for the project {project}");
    Err(Refusal::new(StatusCode::FORBIDDEN, "Forbidden", message))
}

/// The project that a body names, if it is a request at all; what is wrong with one that is not, intake says.
pub(super) fn project_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        project_name: String,
    }
    serde_json::from_slice::<Named>(body).ok().map(|named| named.project_name)
}

/// Refuses who has not the project that a request names, before it is judged: its faults would tell which buckets and plugins the project has. A body
/// that names none is left to whoever judges it.
pub(super) fn needs_project_of(caller: &Caller, body: &[u8]) -> Result<(), Refusal> {
    // The body is parsed once more for it, which is not for those who have all projects.
    if caller.projects().is_none() {
        return Ok(());
    }
    project_of(body).map_or(Ok(()), |project| needs_project(caller, &project))
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

impl Api {
    /// Counts a request, and refuses it where its caller has sent too many.
    pub(super) fn count(&self, caller: &Caller, extensions: &Extensions) -> Result<(), Refusal> {
        let Some(rates) = &self.rates else { return Ok(()) };
        rates.count(caller, extensions.get::<Peer>().map(|peer| peer.0))
    }

    /// Who has sent these headers.
    pub(super) fn bearer(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let Some(access) = &self.access else { return Ok(Caller::Anonymous) };
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let token = text(HeaderName::from_static(TOKEN)).filter(|token| !token.is_empty());
        access.bearer(text(AUTHORIZATION), token).map_err(|denied| {
            let message = match denied {
                Denied::NoToken => "this key needs its security token, in the header x-acs-security-token",
                Denied::WrongToken => "the header x-acs-security-token is not that of this key",
                Denied::WrongSignature => "the header Authorization has the secret of no key",
                _ => "the header Authorization must be `Bearer SECRET`, with the secret of a key",
            };
            Refusal::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
        })
    }

    /// Who has signed this request.
    pub(super) fn signer(&self, request: &Signed<'_>) -> Result<Caller, Refusal> {
        let Some(access) = &self.access else { return Ok(Caller::Anonymous) };
        access.signed(request, Timestamp::now()).map_err(|denied| {
            let (status, code, message) = vendor(denied);
            Refusal::new(status, code, message)
        })
    }
}

/// The vendor's status and code, and what to do.
fn vendor(denied: Denied) -> (StatusCode, &'static str, &'static str) {
    match denied {
        Denied::Unsigned => (
            StatusCode::BAD_REQUEST,
            "MissingAccessKeyId",
            "the request must be signed with an access key: ACS3-HMAC-SHA256, or HMAC-SHA1 in its parameters",
        ),
        Denied::Incomplete(what) => (StatusCode::BAD_REQUEST, "IncompleteSignature", what),
        Denied::UnknownKey => {
            (StatusCode::NOT_FOUND, "InvalidAccessKeyId.NotFound", "the access key id is none of this server's keys")
        }
        Denied::WrongSignature => (
            StatusCode::FORBIDDEN,
            "SignatureDoesNotMatch",
            "the signature is not that of this request and the key's secret",
        ),
        Denied::Expired => (
            StatusCode::BAD_REQUEST,
            "InvalidTimeStamp.Expired",
            "the moment of the signature must be ISO-8601 and within 15 minutes of the server's clock",
        ),
        Denied::NoToken => (StatusCode::BAD_REQUEST, "MissingSecurityToken", "this key needs its security token"),
        Denied::WrongToken => {
            (StatusCode::FORBIDDEN, "InvalidSecurityToken", "the security token is not that of this key")
        }
        Denied::UsedNonce => {
            (StatusCode::BAD_REQUEST, "SignatureNonceUsed", "the nonce was used before; each request needs a new one")
        }
        Denied::TooMany => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Throttling",
            "this key has signed too many requests within 15 minutes; try again later",
        ),
    }
}
