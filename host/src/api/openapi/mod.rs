//! The document of the API in OpenAPI 3.1, made of the table of routes and of the types of answers; and a page of it for people.

mod page;
mod table;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use axum::response::IntoResponse;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

pub(super) use self::table::{Route, table};
use super::refusal::Body as RefusalBody;
use super::routes::{Answer, Id, blocking, json as answer};
use super::{Api, Host};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// The page has its own style and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");

/// What a route does with one method.
pub(super) struct Operation {
    /// In lower case.
    method: &'static str,
    /// `operationId`.
    name: &'static str,
    /// One line.
    summary: &'static str,
    /// Query parameters: name, schema, description.
    query: Vec<(&'static str, Value, &'static str)>,
    /// Header parameters likewise.
    headers: Vec<(&'static str, Value, &'static str)>,
    body: Body,
    answers: Vec<(u16, Content, &'static str)>,
    /// Statuses of refusals, besides those that any request can meet.
    refusals: &'static [u16],
    /// Whether it can be asked without a key.
    is_open: bool,
}

/// What a request has as its body.
pub(super) enum Body {
    None,
    /// The request of a task.
    Task,
    /// JSON of this schema, which may be left out.
    Json(Value),
    /// A component.
    Wasm,
}

/// What an answer has as its body.
pub(super) enum Content {
    None,
    /// JSON of a type, with the `RequestId`.
    Told(fn(&mut SchemaGenerator) -> Value),
    /// JSON of this schema.
    Json(Value),
    /// Text of this type.
    Text(&'static str),
    /// Server-sent events of these names, each with JSON. OpenAPI 3.1 has no word for the shape of one; it stands where tools look for it.
    Events(&'static [&'static str]),
}

/// JSON of this type, with the `RequestId`.
fn told<T: JsonSchema>() -> Content {
    Content::Told(|generator| generator.subschema_for::<T>().to_value())
}

/// Makes the document.
pub(super) fn document(host: &dyn Host) -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let refusal = generator.subschema_for::<RefusalBody<'static>>().to_value();
    let mut paths = Map::new();
    for route in table() {
        let of_path = path_parameters(route.path);
        let mut item = Map::new();
        for operation in &route.operations {
            item.insert(operation.method.to_owned(), operation.document(&of_path, &refusal, &mut generator));
        }
        paths.insert(route.path.to_owned(), item.into());
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Request".to_owned(), request(host.request_schema()));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "wasmux", "version": env!("CARGO_PKG_VERSION"), "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "A transcoding host with WebAssembly plugins. The vendor's form of the API is POST /; docs/API.md describes both, and every field.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"secret": {"type": "http", "scheme": "bearer", "description": "The secret of a key, where the service has keys."}},
        },
        "security": [{"secret": []}],
    })
}

/// The shape of a body: what intake takes, and what names a template in place of some of it.
fn request(mut shape: Value) -> Value {
    shape["properties"]["Template"] =
        json!({"type": ["string", "null"], "description": "Extension: a template of the project."});
    let overrides =
        json!({"type": ["object", "array", "null"], "description": "Extension: put over the targets of the template."});
    shape["properties"]["Overrides"] = overrides;
    shape["required"] = json!(["ProjectName"]);
    shape
}

/// The parameters in the braces of a path.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameter = |name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    names.map(parameter).collect()
}

impl Operation {
    fn document(&self, of_path: &[Value], refusal: &Value, generator: &mut SchemaGenerator) -> Value {
        let parameter = |place: &str, (name, schema, about): &(&str, Value, &str)| json!({"name": name, "in": place, "required": false, "schema": schema, "description": about});
        let query = self.query.iter().map(|given| parameter("query", given));
        let headers = self.headers.iter().map(|given| parameter("header", given));
        let parameters: Vec<_> = of_path.iter().cloned().chain(query).chain(headers).collect();
        let mut answers = Map::new();
        for (status, content, about) in &self.answers {
            answers.insert(status.to_string(), content.document(about, generator));
        }
        let common: &[u16] = if self.is_open { &[403, 500, 503] } else { &[400, 401, 403, 429, 500, 503] };
        for status in common.iter().chain(self.refusals) {
            let about = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
            let said = json!({"description": about, "content": {"application/json": {"schema": refusal}}});
            answers.insert(status.to_string(), said);
        }
        let mut document = json!({
            "operationId": self.name, "summary": self.summary, "parameters": parameters, "responses": answers,
        });
        if let Some(body) = self.body.document() {
            document["requestBody"] = body;
        }
        if self.is_open {
            document["security"] = json!([]);
        }
        document
    }
}

impl Body {
    fn document(&self) -> Option<Value> {
        let (kind, schema, required) = match self {
            Self::None => return None,
            Self::Task => ("application/json", json!({"$ref": "#/components/schemas/Request"}), true),
            Self::Json(schema) => ("application/json", schema.clone(), false),
            Self::Wasm => ("application/wasm", json!({"type": "string", "format": "binary"}), true),
        };
        Some(json!({"required": required, "content": {kind: {"schema": schema}}}))
    }
}

impl Content {
    fn document(&self, about: &str, generator: &mut SchemaGenerator) -> Value {
        let (kind, schema) = match self {
            Self::None => return json!({"description": about}),
            Self::Told(schema) => {
                let id = json!({"type": "object", "required": ["RequestId"], "properties": {"RequestId": {"type": "string"}}});
                ("application/json", json!({"allOf": [id, schema(generator)]}))
            }
            Self::Json(schema) => ("application/json", schema.clone()),
            Self::Text(kind) => (*kind, json!({"type": "string"})),
            Self::Events(names) => {
                let event = json!({"type": "string", "enum": names});
                let data = json!({"type": "string", "contentMediaType": "application/json"});
                let shape = json!({
                    "type": "object", "description": "Each of the events", "required": ["event", "data"],
                    "properties": {"event": event, "data": data},
                });
                ("text/event-stream", shape)
            }
        };
        json!({"description": about, "content": {kind: {"schema": schema}}})
    }
}

/// `GET /v1/openapi.json`.
pub(super) async fn show(State(api): State<Api>) -> Answer {
    let document = blocking(move || Ok(document(&*api.host))).await?;
    Ok(answer(StatusCode::OK, &document))
}

/// `GET /v1/docs`: the same for people.
pub(super) async fn read(State(api): State<Api>, Extension(_): Id) -> Answer {
    let text = blocking(move || Ok(page::page(&document(&*api.host)))).await?;
    Ok(([(CONTENT_TYPE, HTML), (CONTENT_SECURITY_POLICY, POLICY)], text).into_response())
}
