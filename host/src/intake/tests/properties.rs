//! Properties: nothing panics, and no wrong type passes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::surroundings::{Plugins, ask, context, full};
use crate::intake::{intake, intake_value};
use crate::task::FieldPath;

/// All values of a request, with their paths: as JSON pointers and as the wire writes them.
fn values(value: &Value, pointer: String, path: FieldPath, into: &mut Vec<(String, FieldPath)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                values(member, format!("{pointer}/{name}"), path.field(name), into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                values(item, format!("{pointer}/{index}"), path.index(index), into);
            }
        }
        _ => {}
    }
    into.push((pointer, path));
}

/// Values of every type but the value's own. Numbers never stand for booleans, nor texts for numbers.
fn wrong(value: &Value) -> Vec<Value> {
    let all = [json!(true), json!(-7.5), json!("no such value"), json!(["x"]), json!({"No": "such field"})];
    all.into_iter().filter(|other| std::mem::discriminant(other) != std::mem::discriminant(value)).collect()
}

#[test]
fn each_value_of_a_wrong_type_is_a_fault_with_its_path() {
    let request = full();
    assert!(ask(&request).is_ok());
    let mut places = Vec::new();
    values(&request, String::new(), FieldPath::root(), &mut places);
    assert!(places.len() > 90, "{}", places.len());
    for (pointer, path) in places {
        for other in wrong(request.pointer(&pointer).unwrap()) {
            let mut changed = request.clone();
            *changed.pointer_mut(&pointer).unwrap() = other.clone();
            // A reference to a plugin may be an object as well as a text; its fault then lies within.
            let reference = path.as_str().contains(".Policies.")
                && (other.is_object() || request.pointer(&pointer).unwrap().is_object());
            let Err(faults) = ask(&changed) else { panic!("{path} takes {other}") };
            let hit = faults
                .as_slice()
                .iter()
                .any(|fault| fault.field == path || (reference && fault.field.as_str().starts_with(path.as_str())));
            assert!(hit, "{path} = {other}: {faults}");
        }
    }
}

#[test]
fn each_field_that_is_left_out_is_optional_or_missing() {
    let request = full();
    let mut places = Vec::new();
    values(&request, String::new(), FieldPath::root(), &mut places);
    for (pointer, path) in
        places.into_iter().filter(|(pointer, _)| !pointer.is_empty() && !pointer.starts_with("/Tags/"))
    {
        let mut absent = request.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let Some(members) = absent.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
        members.remove(name);
        let mut answers = vec![ask(&absent)];
        for blank in [json!(null), json!(""), json!([])] {
            let mut empty = request.clone();
            *empty.pointer_mut(&pointer).unwrap() = blank;
            answers.push(ask(&empty));
        }
        // Decision 11: absent, null, an empty text and an empty array are the same.
        let told: Vec<_> = answers.iter().map(|answer| answer.as_ref().map_err(codes)).collect();
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{path}: {told:?}");
    }
}

fn codes(faults: &crate::intake::Faults) -> Vec<(crate::task::fault::FaultCode, FieldPath)> {
    faults.as_slice().iter().map(|fault| (fault.code, fault.field.clone())).collect()
}

/// Names of the API, so that arbitrary requests get past the first object.
const NAMES: &[&str] = &[
    "ProjectName",
    "Sources",
    "Targets",
    "URI",
    "Container",
    "Video",
    "Audio",
    "TranscodeVideo",
    "TranscodeAudio",
    "FilterVideo",
    "Watermarks",
    "Delogos",
    "Codec",
    "Resolution",
    "CRF",
    "Bitrate",
    "Dx",
    "Width",
    "FontSize",
    "Type",
    "Stream",
    "Policies",
    "Watermark",
    "Name",
    "Version",
    "Tags",
    "Notification",
    "MNS",
    "Chain",
    "CredentialConfig",
    "Segment",
    "Image",
    "Subtitle",
];

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-10.0..5000.0f64).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["h264", "aac", "copy", "mp4", "file", "x720", "oss://test-bucket/k", "{", "own@^1"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 80, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES), inner.clone()), 0..8).prop_map(
                |members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            ),
            prop::collection::vec((".{0,6}", inner), 0..3).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_json_panics(value in arbitrary_json()) {
        let plugins = Plugins::default();
        let _ = intake_value(&value, &context(&plugins));
        let _ = intake(value.to_string().as_bytes(), &context(&plugins));
    }

    #[test]
    fn no_value_at_any_place_panics(place in any::<prop::sample::Index>(), value in arbitrary_json()) {
        let mut request = full();
        let mut places = Vec::new();
        values(&request, String::new(), FieldPath::root(), &mut places);
        let (pointer, _) = place.get(&places);
        *request.pointer_mut(pointer).unwrap() = value;
        // Text and value are judged alike.
        let plugins = Plugins::default();
        let by_value = intake_value(&request, &context(&plugins));
        let by_text = intake(request.to_string().as_bytes(), &context(&plugins));
        prop_assert_eq!(by_value.is_ok(), by_text.is_ok());
    }

    #[test]
    fn no_text_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let plugins = Plugins::default();
        prop_assert!(intake(&text, &context(&plugins)).is_err());
    }

    #[test]
    fn a_refused_measure_is_named(value in any::<f64>().prop_filter("JSON", |value| value.is_finite())) {
        let mut request = full();
        request["Targets"][0]["Video"]["FilterVideo"]["Delogos"][0]["Width"] = json!(value);
        let legal = value == 0.0 || (0.0..1.0).contains(&value) || (value.fract() == 0.0 && (1.0..=4096.0).contains(&value));
        prop_assert_eq!(ask(&request).is_ok(), legal);
    }
}
