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
    /// Names and values of the query, then those of the form.
    pairs: Vec<(String, String)>,
    head: Parts,
}

impl Call {
    fn read(head: Parts, body: &Bytes) -> Result<Self, Refusal> {
        let mut pairs = query::decode("query", head.uri.query().unwrap_or_default().as_bytes())?;
        if !body.is_empty() {
            if !is_form(&head.headers) {
                let message = "a body must be a form, with the Content-Type application/x-www-form-urlencoded";
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message));
            }
            pairs.extend(query::decode("form", body)?);
        }
        let call = Self { pairs, head };
        call.format()?;
        Ok(call)
    }

    /// A parameter of the protocol. Given twice, it might be read here in one way and elsewhere in another.
    fn common(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.pairs.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            let message = format!("{name} is given twice");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "InvalidArgument", message));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A header, or else the parameter that stood for it before.
    fn header_or(&self, header: &str, parameter: &str) -> Result<Option<&str>, Refusal> {
        let header = self.head.headers.get(header).and_then(|value| value.to_str().ok());
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
    fn may_be_by_its_method(&self, action: &str) -> Result<(), Refusal> {
        if self.head.method == Method::POST || actions::only_reads(action) {
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
        self.pairs.into_iter().filter(|(name, _)| !COMMON.contains(&name.as_str())).collect()
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
        let call = Call::read(head, &body)?;
        let action = call.action()?.to_owned();
        call.may_be_by_its_method(&action)?;
        actions::run(api, &action, call.into_parameters(), &id).await
    };
    answer.await.map_err(Refusal::of_the_vendor)
}
