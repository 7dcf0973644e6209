//! The document as a page: no script, nothing that is loaded from elsewhere.

use std::fmt::Write as _;

use serde_json::Value;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
    code,pre{font:13px/1.4 ui-monospace,monospace}pre{overflow:auto;background:#f5f5f5;padding:.7rem}\
    article{border-top:1px solid #ddd;padding:.5rem 0}h2 b{color:#06c;text-transform:uppercase;font-size:.8em}\
    h2{font-size:1.1rem;margin:.3rem 0}table{border-collapse:collapse}td,th{padding:.1rem .8rem .1rem 0;text-align:left;vertical-align:top}\
    @media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#222}article{border-color:#444}h2 b{color:#6af}a{color:#6af}}";

/// A text that is no markup.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn said(value: &Value, name: &str) -> String {
    plain(value[name].as_str().unwrap_or_default())
}

/// The whole page.
pub(super) fn page(document: &Value) -> String {
    let info = &document["info"];
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title} {version}</title><style>{STYLE}</style>\
         <h1>{title} {version}</h1><p>{}</p><p>For programs: <a href=\"openapi.json\">openapi.json</a>, OpenAPI {}.</p>",
        said(info, "description"),
        said(document, "openapi"),
        title = said(info, "title"),
        version = said(info, "version"),
    );
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            describe(&mut page, path, method, operation);
        }
    }
    page += "<h1>Schemas</h1>";
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let text = serde_json::to_string_pretty(schema).unwrap_or_default();
        let _ = write!(
            page,
            "<details id=\"{name}\"><summary><code>{name}</code> {}</summary><pre>{}</pre></details>",
            said(schema, "description"),
            plain(&text),
            name = plain(name),
        );
    }
    page
}

fn describe(page: &mut String, path: &str, method: &str, operation: &Value) {
    // Writing to a text cannot fail.
    let _ = write!(
        page,
        "<article id=\"{}\"><h2><b>{}</b> <code>{}</code></h2><p>{}.</p>",
        said(operation, "operationId"),
        plain(method),
        plain(path),
        said(operation, "summary"),
    );
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        *page += "<table><tr><th>parameter<th>in<th>allowed<th>";
        for parameter in parameters {
            let _ = write!(
                page,
                "<tr><td><code>{}</code><td>{}<td>{}<td>{}",
                said(parameter, "name"),
                said(parameter, "in"),
                allowed(&parameter["schema"]),
                said(parameter, "description"),
            );
        }
        *page += "</table>";
    }
    for (kind, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let _ = write!(page, "<p>Body: <code>{}</code> {}</p>", plain(kind), named(&content["schema"]));
    }
    *page += "<table><tr><th>status<th>answer<th>";
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let contents = answer["content"].as_object().into_iter().flatten();
        let contents: Vec<_> = contents.map(|(_, content)| named(&content["schema"])).collect();
        let _ = write!(page, "<tr><td>{}<td>{}<td>{}", plain(status), said(answer, "description"), contents.join(" "));
    }
    *page += "</table></article>";
}

/// What a parameter may be, in few words.
fn allowed(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).map(plain).collect();
        return values.join(", ");
    }
    match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        _ => said(schema, "type"),
    }
}

/// The named schemas that one consists of, each as a link.
fn named(schema: &Value) -> String {
    let parts = schema["allOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice);
    let names = parts.iter().filter_map(|part| part["$ref"].as_str()?.rsplit('/').next());
    let links: Vec<_> =
        names.map(|name| format!("<a href=\"#{name}\"><code>{name}</code></a>", name = plain(name))).collect();
    links.join(" ")
}
