//! The document of the API.

use serde_json::Value;

use super::fakes::Rig;

fn document() -> Value {
    let got = Rig::new().ask("GET", "/v1/openapi.json", "");
    assert_eq!((got.status.as_u16(), &got.headers["content-type"]), (200, &"application/json".parse().unwrap()));
    got.json()
}

/// All references of a value.
fn references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                into.push(reference.clone());
            }
            members.values().for_each(|member| references(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

#[test]
fn the_document_refers_to_what_it_has() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference}"));
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_an_answer() {
    let document = document();
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
            let in_path = operation["parameters"].as_array().unwrap().iter().filter(|given| given["in"] == "path");
            assert_eq!(in_path.count(), path.matches('{').count(), "{method} {path}");
        }
    }
    assert!(names.len() > 20, "{names:?}");
}

#[test]
fn what_is_in_the_document_is_a_route_with_this_method() {
    let rig = Rig::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path = path
                .replace("{id}", "x")
                .replace("{name}", "n")
                .replace("{version}", "1.0.0")
                .replace("{template}", "t");
            let got = rig.ask(&method.to_uppercase(), &path, "");
            assert!(got.status != 405 && !got.text.contains("there is no route"), "{method} {path}: {}", got.text);
        }
    }
    let methods = rig.ask("POST", "/v1/openapi.json", "");
    assert_eq!(methods.status, 405);
}

#[test]
fn the_page_has_every_route_and_no_markup_of_anybody() {
    let rig = Rig::new();
    let page = rig.ask("GET", "/v1/docs", "");
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    for path in document()["paths"].as_object().unwrap().keys() {
        assert!(page.text.contains(&format!("<code>{path}</code>")), "{path}");
    }
    for link in page.text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.text.contains(&format!("<details id=\"{link}\">")), "{link}");
    }
    assert!(!page.text.contains("<script"));
}
