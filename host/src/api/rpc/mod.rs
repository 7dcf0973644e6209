//! The vendor's form of the API: `POST /` with an action and its parameters, as its SDKs send it. It is another front of the same functions
//! as `/v1`, with the same fields in its answers.

mod actions;
mod query;

use axum::body::Bytes;
use axum::extract::{Extension, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};

use super::Api;
use super::refusal::Refusal;
use super::routes::{Answer, Id, body, shown};
use crate::access::{Caller, Signed};

/// The version of the vendor's API.
const VERSION: &str = "2020-09-30";
/// Longest body. Percent-encoding makes up to three bytes of one of JSON, of which intake takes 1 MiB.
const MAX_FORM: usize = 3 << 20;

const ACTION_HEADER: &str = "x-acs-action";
const VERSION_HEADER: &str = "x-acs-version";

/// Parameters of the protocol; all others are those of the action.
const COMMON: &[&str] = &[
    "AccessKeyId",
    "Action",
    "Format",
    "RegionId",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// One request, decoded.
struct Call {
    /// Names and values of the query.
    query: Vec<(String, String)>,
    /// Those of the form.
    form: Vec<(String, String)>,
    /// Whether headers count: the older signature does not cover them.
    takes_headers: bool,
    head: Parts,
}

impl Call {
    fn read(head: Parts, body: &Bytes) -> Result<Self, Refusal> {
        let query = query::decode("query", head.uri.query().unwrap_or_default().as_bytes())?;
        let mut form = Vec::new();
        if !body.is_empty() {
            if !is_form(&head.headers) {
                let message = "a body must be a form, with the Content-Type application/x-www-form-urlencoded";
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message));
            }
            form = query::decode("form", body)?;
        }
        Ok(Self { query, form, takes_headers: true, head })
    }

    /// Who has signed it.
    fn signer(&mut self, api: &Api, body: &[u8]) -> Result<Caller, Refusal> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers: Vec<_> = self.head.headers.iter().map(|(name, value)| (name, text(value.as_bytes()))).collect();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let signed = Signed {
            method: self.head.method.as_str(),
            path: self.head.uri.path(),
            query: &self.query,
            form: &self.form,
            headers: &headers,
            body,
        };
        let caller = api.signer(&signed)?;
        self.takes_headers = matches!(caller, Caller::Anonymous) || signed.is_v3();
        Ok(caller)
    }

    /// A parameter of the protocol. Given twice, it might be read here in one way and elsewhere in another.
    fn common(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values =
            self.query.iter().chain(&self.form).filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            let message = format!("{name} is given twice");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A header, or else the parameter that stood for it before.
    fn header_or(&self, header: &str, parameter: &str) -> Result<Option<&str>, Refusal> {
        let header = self.head.headers.get(header).and_then(|value| value.to_str().ok()).filter(|_| self.takes_headers);
        Ok(header.filter(|value| !value.is_empty()).or(self.common(parameter)?))
    }

    /// Which action is asked for, of which version.
    fn action(&self) -> Result<&str, Refusal> {
        let bad = |code, message: String| Refusal::new(StatusCode::BAD_REQUEST, code, message);
        let Some(action) = self.header_or(ACTION_HEADER, "Action")? else {
            let message = "an action is required, in the header x-acs-action or the parameter Action";
            return Err(bad("MissingAction", message.to_owned()).recommend("docs/API.md lists the actions."));
        };
        match self.header_or(VERSION_HEADER, "Version")? {
            Some(VERSION) => Ok(action),
            Some(other) => Err(bad(
                "InvalidVersion",
                format!(
                    "Version must be {VERSION}, in the header x-acs-version or the parameter (found \"{}\")",
                    shown(other)
                ),
            )),
            None => {
                let message = format!("Version must be {VERSION}, in the header x-acs-version or the parameter");
                Err(bad("MissingVersion", message))
            }
        }
    }

    /// A web page can make a browser send a `GET` to another site without the header `Origin` by which pages are told apart.
    fn may_be_by_its_method(&self, who: &Caller, action: &str) -> Result<(), Refusal> {
        let is_signed = matches!(who, Caller::Key(_));
        if is_signed || self.head.method == Method::POST || actions::only_reads(action) {
            return Ok(());
        }
        let message = format!("{action} must be sent by POST (found {})", self.head.method);
        Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UnsupportedHTTPMethod", message))
    }

    fn format(&self) -> Result<(), Refusal> {
        match self.common("Format")? {
            Some(format) if !format.eq_ignore_ascii_case("json") => {
                let message = format!("Format must be JSON (found \"{}\")", shown(format));
                Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidFormat", message))
            }
            _ => Ok(()),
        }
    }

    /// The parameters of the action.
    fn into_parameters(self) -> Vec<(String, String)> {
        self.query.into_iter().chain(self.form).filter(|(name, _)| !COMMON.contains(&name.as_str())).collect()
    }
}

/// Whether the body is announced as a form.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Answers one call of the vendor's form.
pub(super) async fn call(State(api): State<Api>, Extension(id): Id, request: Request) -> Answer {
    let (head, stream) = request.into_parts();
    let answer = async {
        let body = body(Request::from_parts(head.clone(), stream), MAX_FORM).await?;
        let mut call = Call::read(head, &body)?;
        let who = call.signer(&api, &body)?;
        call.format()?;
        let action = call.action()?.to_owned();
        call.may_be_by_its_method(&who, &action)?;
        actions::run(api, who, &action, call.into_parameters(), &id).await
    };
    answer.await.map_err(Refusal::of_the_vendor)
}
