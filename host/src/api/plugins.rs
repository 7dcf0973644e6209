//! Plugins over HTTP: published, shown, removed.

use std::sync::PoisonError;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use semver::Version;
use serde::Serialize;
use serde_json::Value;

use super::answer::PublishAnswer;
use super::refusal::Refusal;
use super::routes::{Answer, Id, Who, blocking, body, no_parameters, shown, told};
use super::{Api, PluginClaim, PublishError, admit};
use crate::task::PluginName;

/// How many tasks a refusal names.
const NAMED: u32 = 3;

type PluginPath = Result<Path<(String, String)>, PathRejection>;

/// The name and version of a path.
fn plugin_id(path: PluginPath) -> Result<(PluginName, Version), Refusal> {
    let (name, version) = path.map_or_else(|_| Default::default(), |Path(texts)| texts);
    let wrong = |field: &str, text: &str, reason: String| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "InvalidArgument",
            format!("the {field} `{}` in the path {reason}", shown(text)),
        )
    };
    let Some(named) = PluginName::new(&name) else {
        let reason = "must be 1 to 64 characters of a-z, 0-9 and '-', beginning with a letter";
        return Err(wrong("name", &name, reason.to_owned()));
    };
    let version = Version::parse(&version)
        .map_err(|error| wrong("version", &version, format!("must be a semantic version such as 1.2.0: {error}")))?;
    Ok((named, version))
}

pub(super) async fn list(State(api): State<Api>, Extension(id): Id, uri: Uri) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Plugins {
        plugins: Value,
    }
    no_parameters(&uri)?;
    let plugins = blocking(move || Ok(api.host.plugins())).await?;
    Ok(told(StatusCode::OK, &id, Plugins { plugins }))
}

pub(super) async fn show(State(api): State<Api>, Extension(id): Id, path: PluginPath, uri: Uri) -> Answer {
    let (name, version) = plugin_id(path)?;
    no_parameters(&uri)?;
    let report = blocking(move || Ok(api.claim(&name, &version)?.report)).await?;
    Ok(told(StatusCode::OK, &id, report))
}

pub(super) async fn put(
    State(api): State<Api>,
    Extension(id): Id,
    Extension(who): Who,
    path: PluginPath,
    request: Request,
) -> Answer {
    let (name, version) = plugin_id(path)?;
    no_parameters(request.uri())?;
    admit::needs_all_projects(&who)?;
    let most = usize::try_from(api.host.max_component_bytes()).unwrap_or(usize::MAX);
    let component = body(request, most).await.map_err(|refusal| match refusal.is_too_long() {
        true => refusal.recommend(
            "max_component_bytes of [plugins] in the service's configuration says how long a component may be.",
        ),
        false => refusal,
    })?;
    let published = blocking(move || Ok(api.host.publish(&name, &version, &component)?)).await?;
    let status = if published.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let location = HeaderValue::from_str(&format!("/v1/plugins/{}/{}", published.id.name, published.id.version));
    let mut response = told(status, &id, PublishAnswer { id: published.id, new: published.is_new });
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

pub(super) async fn delete(State(api): State<Api>, Extension(who): Who, path: PluginPath, uri: Uri) -> Answer {
    let (name, version) = plugin_id(path)?;
    no_parameters(&uri)?;
    admit::needs_all_projects(&who)?;
    blocking(move || api.unpublish(&name, &version)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Api {
    fn claim(&self, name: &PluginName, version: &Version) -> Result<PluginClaim, Refusal> {
        let unknown = || {
            Refusal::not_found(format!("there is no plugin {name} {version}")).recommend("GET /v1/plugins lists them.")
        };
        self.host.claim(name, version).ok_or_else(unknown)
    }

    /// Removes a published plugin that no task needs any more.
    fn unpublish(&self, name: &PluginName, version: &Version) -> Result<(), Refusal> {
        let _nobody_submits = self.plugins_in_use.write().unwrap_or_else(PoisonError::into_inner);
        let claim = self.claim(name, version)?;
        if !claim.is_published {
            let message = format!("{} was not published: it is built in, or a file of the plugin folder", claim.id);
            return Err(Refusal::conflict("PluginNotPublished", message));
        }
        let tasks = self.queue.using(&claim.id, NAMED)?;
        if !tasks.is_empty() {
            return Err(Refusal::in_use("PluginInUse", &format!("{} is in use by", claim.id), &tasks));
        }
        Ok(self.host.unpublish(&claim.id)?)
    }
}

impl From<PublishError> for Refusal {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Wrong(message) => Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message),
            PublishError::Conflict(code, message) => Self::conflict(code, message),
            PublishError::Failed(failure) => Self::failed(&failure),
            PublishError::Forbidden(message) => Self::new(StatusCode::FORBIDDEN, "Forbidden", message),
            PublishError::Busy => Self::busy("too many plugins are being published"),
            PublishError::Storage(detail) => Self::internal(detail),
        }
    }
}
