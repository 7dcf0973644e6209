//! Extension `FilterVideo.Plugins`, and which bytes a reference means.

use serde_json::{Value, json};

use super::surroundings::*;
use crate::intake::{CheckFault, intake_value};
use crate::task::fault::FaultCode;
use crate::task::{FilterRole, FilterSpan, FilterWish, OnError, TaskSpec, VideoWish};

const OWN: &str = "own@=1.2.0#sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";

fn filtered(filter: &Value) -> Value {
    with_target(&json!({"Video": {"TranscodeVideo": {"Codec": "h264"}, "FilterVideo": filter}}))
}

fn filters(spec: &TaskSpec) -> Vec<FilterWish> {
    match &spec.targets[0].video {
        VideoWish::Transcode(video) => video.filters.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn own_filters_stand_between_delogos_and_watermarks() {
    let plugins = Plugins::default();
    let request = filtered(&json!({
        "Watermarks": [{"Content": "x"}],
        "Plugins": [
            {"Name": "own", "Version": "^1", "Params": {"Level": 2.0}, "StartTime": 1, "Duration": 2.5, "OnError": "skip"},
            {"Name": "own"},
            {"Name": "delogo", "Params": {"Delogos": [{}]}, "Duration": 3}
        ],
        "Delogos": [{}]
    }));
    let found = filters(&intake_value(&request, &context(&plugins)).unwrap());
    let roles: Vec<_> = found.iter().map(|wish| wish.role).collect();
    let own = FilterRole::Plugin;
    assert_eq!(roles, [FilterRole::Delogo, own(0), own(1), own(2), FilterRole::Watermark]);
    assert_eq!((found[1].plugin.to_string().as_str(), &found[1].parameters), (OWN, &json!({"Level": 2})));
    assert_eq!(found[1].span, Some(FilterSpan { start: 1.0, duration: Some(2.5) }));
    assert_eq!(found[1].on_error, OnError::Skip);
    assert_eq!((&found[2].parameters, found[2].span, found[2].on_error), (&json!({}), None, OnError::Fail));
    assert_eq!(found[3].plugin.to_string(), "delogo#built-in");
    assert_eq!(found[3].span, Some(FilterSpan { start: 0.0, duration: Some(3.0) }));
    // Each was judged by its own schema, with the parameters that it will get.
    let asked = plugins.parameters.borrow();
    assert!(found.iter().all(|wish| asked.contains(&(wish.plugin.to_string(), wish.parameters.clone()))));
}

#[test]
fn what_is_wrong_with_own_filters_is_told_with_its_path() {
    let request = filtered(&json!({"Plugins": [
        {"Version": "^1", "StartTime": -1},
        {"Name": "none", "OnError": "ignore"},
        {"Name": "own", "Version": "^2", "Parms": {}},
        {"Name": "own", "Params": [1]},
        {"Name": "own", "Params": {"Table": "oss://secret/a.cube"}},
        "own"
    ]}));
    let base = "Targets[0].Video.FilterVideo.Plugins";
    let expected = [
        (FaultCode::MissingArgument, "[0].Name"),
        (FaultCode::InvalidArgument, "[0].StartTime"),
        (FaultCode::InvalidArgument, "[1].OnError"),
        (FaultCode::ResourceNotFound, "[1].Name"),
        (FaultCode::ResourceNotFound, "[2].Name"),
        (FaultCode::InvalidArgument, "[2].Parms"),
        (FaultCode::InvalidArgument, "[3].Params"),
        (FaultCode::ResourceNotFound, "[4].Params.Table"),
        (FaultCode::InvalidArgument, "[5]"),
    ];
    let expected: Vec<_> = expected.iter().map(|(code, path)| (*code, format!("{base}{path}"))).collect();
    assert_eq!(faults(&request), expected);
}

#[test]
fn the_schema_of_an_own_filter_is_obeyed_at_submission() {
    let fault = |field: &str| CheckFault { field: field.into(), message: "must be at most 1".into() };
    let plugins = Plugins { parameter_faults: vec![fault("Level"), fault("Level"), fault("")], ..Plugins::default() };
    let request = filtered(&json!({"Plugins": [{"Name": "own", "Params": {"Level": 7}}]}));
    let found = intake_value(&request, &context(&plugins)).unwrap_err().into_vec();
    let path = "Targets[0].Video.FilterVideo.Plugins[0].Params";
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told, [format!("{path}.Level must be at most 1 (found 7)"), format!("{path} must be at most 1")]);
}

#[test]
fn there_is_a_limit_to_own_filters() {
    let many = vec![json!({"Name": "own"}); 17];
    let found = faults(&filtered(&json!({"Plugins": many})));
    assert_eq!(found, [(FaultCode::LimitExceeded, "Targets[0].Video.FilterVideo.Plugins".to_owned())]);
    assert_eq!(filters(&ask(&filtered(&json!({"Plugins": many[..16]}))).unwrap()).len(), 16);
}

#[test]
fn references_are_pinned_and_a_range_that_nobody_meets_is_refused() {
    let policies = |policies: Value| with_target(&json!({"Policies": policies}));
    let spec = ask(&policies(json!({"URITemplate": "uri-template@^1", "Watermark": "own"}))).unwrap();
    let pinned = &spec.targets[0].policies;
    assert_eq!(pinned.watermark.to_string(), OWN);
    assert_eq!(pinned.uri_template.to_string(), "uri-template@^1#built-in");
    assert_eq!(pinned.parameters.to_string(), "parameters#built-in");
    let found =
        faults(&policies(json!({"Delogo": "delogo@^7", "Parameters": {"Name": "parameters", "Version": "<1"}})));
    let at = |name: &str| (FaultCode::ResourceNotFound, format!("Targets[0].Policies.{name}"));
    assert_eq!(found, [at("Delogo"), at("Parameters")]);
}

#[test]
fn a_project_has_components_of_its_own() {
    let mut request = filtered(&json!({"Watermarks": [{"Anything": 1}]}));
    request["ProjectName"] = json!("branded");
    assert_eq!(filters(&ask(&request).unwrap())[0].plugin.to_string(), OWN);
    request["Targets"][0]["Policies"] = json!({"Watermark": "watermark"});
    assert_eq!(faults(&request)[0].1, "Targets[0].Video.FilterVideo.Watermarks[0].Anything");
}
