use serde_json::json;

use super::*;

fn faults(schema: &Value, parameters: &Value) -> Vec<(String, String)> {
    let faults = Schema::new(schema).unwrap().faults(parameters);
    faults.into_iter().map(|fault| (fault.field, fault.message)).collect()
}

fn refused(schema: &Value) -> String {
    Schema::new(schema).err().unwrap_or_else(|| panic!("{schema} was taken"))
}

fn watermarks() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "Watermarks": { "type": "array", "maxItems": 3, "items": { "oneOf": [
                { "$ref": "#/$defs/text" },
                { "$ref": "#/$defs/file" }
            ] } }
        },
        "$defs": {
            "text": {
                "type": "object",
                "required": ["Type", "Content"],
                "additionalProperties": false,
                "properties": {
                    "Type": { "const": "text" },
                    "Content": { "type": "string", "minLength": 1 },
                    "FontSize": { "type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 120 },
                    "FontColor": { "type": "string", "pattern": "^#[0-9A-F]{6}$" }
                }
            },
            "file": {
                "type": "object",
                "required": ["Type", "URI"],
                "properties": {
                    "Type": { "const": "file" },
                    "URI": { "type": "string", "format": "asset-uri" },
                    "Note": { "type": "string" }
                }
            }
        }
    })
}

#[test]
fn all_faults_are_collected_with_the_wires_paths() {
    let parameters = json!({
        "Watermarks": [
            {"Type": "text", "Content": "", "FontSize": 4, "Colour": "red"},
            {"Type": "file", "URI": "http://x/y"},
            {"Type": "file"}
        ],
        "Extra": 1
    });
    let mut found = faults(&watermarks(), &parameters);
    found.sort();
    let expected = [
        ("Extra", "does not exist; allowed are Watermarks"),
        ("Watermarks[0].Colour", "does not exist; allowed are Content, FontColor, FontSize, Type"),
        ("Watermarks[0].Content", "must not be empty"),
        ("Watermarks[0].FontSize", "must be above 4"),
        ("Watermarks[1].URI", "must be an object URI of the form oss://bucket/key"),
        ("Watermarks[2].URI", "is required"),
    ];
    assert_eq!(found, expected.map(|(field, message)| (field.to_owned(), message.to_owned())));
}

#[test]
fn a_form_that_nobody_allows_is_explained() {
    let found = faults(&watermarks(), &json!({"Watermarks": [{"Type": "movie"}]}));
    assert_eq!(found[0].0, "Watermarks[0]");
    assert!(found[0].1.contains("must be text") && found[0].1.contains("must be file"), "{}", found[0].1);
}

#[test]
fn messages_say_what_is_allowed() {
    let cases = [
        (json!({"enum": ["mp4", "mov"]}), json!("avi"), "must be one of mp4, mov"),
        (json!({"type": "integer"}), json!("x"), "must be an integer"),
        (json!({"type": ["integer", "null"]}), json!("x"), "must be null or an integer"),
        (json!({"maximum": 3}), json!(4), "must be at most 3"),
        (json!({"pattern": "^a+$"}), json!("b"), "must match the pattern ^a+$"),
        (json!({"maxItems": 1}), json!([1, 2]), "must have at most 1 elements"),
        (json!({"multipleOf": 2}), json!(3), "must be a multiple of 2"),
        (json!(false), json!(3), "is not allowed here"),
    ];
    for (schema, value, message) in cases {
        assert_eq!(faults(&schema, &value), [(String::new(), message.to_owned())], "{schema}");
    }
}

#[test]
fn references_stay_inside() {
    for target in ["http://example.com/s.json", "file:///etc/passwd", "other.json", "#name", "#/$defs/absent", ""] {
        assert!(refused(&json!({"$ref": target})).contains("reference"), "{target}");
    }
    assert!(refused(&json!({"properties": {"a": {"$dynamicRef": "#x"}}})).contains("$dynamicRef"));
    assert!(refused(&json!({"properties": {"a": {"$id": "http://x/"}}})).contains("$id"));
    assert!(refused(&json!({"$schema": "http://example.com/mine"})).contains("no valid JSON schema"));
}

#[test]
fn schemas_that_never_end_are_refused() {
    assert!(refused(&json!({"$ref": "#"})).contains("back to itself"));
    let two = json!({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}});
    assert!(refused(&two).contains("back to itself"));
    let tree = json!({"properties": {"child": {"$ref": "#"}, "uri": {"format": "asset-uri"}}});
    let assets = Schema::new(&tree).unwrap().assets(&json!({"child": {"child": {"uri": "oss://b/k"}}})).unwrap();
    assert_eq!(assets.into_iter().collect::<Vec<_>>(), ["oss://b/k"]);
}

#[test]
fn patterns_take_linear_time() {
    let schema = Schema::new(&json!({"pattern": "^(a+)+$"})).unwrap();
    assert_eq!(schema.faults(&json!("a".repeat(50_000) + "b")).len(), 1);
    assert!(refused(&json!({"pattern": "(?=x)"})).contains("no valid JSON schema"), "a look-ahead needs backtracking");
}

#[test]
fn schemas_are_bounded() {
    assert!(refused(&json!({"description": "x".repeat(MAX_BYTES)})).contains("65536"));
}

#[test]
fn assets_are_granted_only_where_the_schema_says_so() {
    let parameters = json!({"Watermarks": [
        {"Type": "file", "URI": "oss://bucket/logo.png", "Note": "oss://bucket/secret.png"},
        {"Type": "text", "Content": "oss://bucket/other.png"}
    ]});
    let assets = Schema::new(&watermarks()).unwrap().assets(&parameters).unwrap();
    assert_eq!(assets.into_iter().collect::<Vec<_>>(), ["oss://bucket/logo.png"]);
}

#[test]
fn assets_are_found_behind_every_applicator() {
    let asset = json!({"format": "asset-uri"});
    let value = "oss://b/k";
    let cases = [
        (asset.clone(), json!(value)),
        (json!({"allOf": [asset]}), json!(value)),
        (json!({"anyOf": [{"type": "string"}, asset]}), json!(value)),
        (json!({"prefixItems": [true, asset]}), json!([1, value])),
        (json!({"prefixItems": [true], "items": asset}), json!([1, value])),
        (json!({"additionalProperties": asset}), json!({"any": value})),
        (json!({"if": true, "then": asset}), json!(value)),
        (json!({"$ref": "#/$defs/a~1b", "$defs": {"a/b": asset}}), json!(value)),
    ];
    for (schema, parameters) in cases {
        let assets = Schema::new(&schema).unwrap().assets(&parameters).unwrap();
        assert!(assets.contains(value), "{schema}");
    }
    let covered = json!({"properties": {"a": true}, "additionalProperties": asset});
    assert!(Schema::new(&covered).unwrap().assets(&json!({"a": value})).unwrap().is_empty());
}

proptest::proptest! {
    #[test]
    fn paths_are_written_like_the_wire(name in "[A-Z][a-zA-Z/~]{0,8}", index in 0_usize..20) {
        let schema = json!({"properties": {(name.clone()): {"items": {"type": "string"}}}});
        let mut list = vec![json!("x"); index];
        list.push(json!(1));
        let found = faults(&schema, &json!({(name.clone()): list}));
        proptest::prop_assert_eq!(&found[0].0, &format!("{name}[{index}]"));
    }
}

/// Work for a schema on a stack as small as that of the service's threads.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

/// `n` definitions, each of which applies the next one twice to the value that `at` says.
fn doubling(n: usize, at: impl Fn(Value) -> Value) -> Value {
    let next = |n: usize| json!({"$ref": format!("#/$defs/{}", n + 1)});
    let mut defs: Map<_, _> = (0..n).map(|n| (n.to_string(), json!({"allOf": [at(next(n)), at(next(n))]}))).collect();
    defs.insert(n.to_string(), json!({"type": "string"}));
    json!({"$ref": "#/$defs/0", "$defs": defs})
}

#[test]
fn schemas_that_grow_with_each_reference_are_refused() {
    assert_eq!(faults(&doubling(8, |next| next), &json!("x")), []);
    assert!(refused(&doubling(20, |next| next)).contains("more than 10000 schemas for one value"));
}

#[test]
fn parameters_that_would_take_for_ever_to_judge_are_refused() {
    let schema = json!({"allOf": [{"properties": {"c": {"$ref": "#"}}}, {"properties": {"c": {"$ref": "#"}}}]});
    let nested = |depth: usize| (0..depth).fold(json!({}), |value, _| json!({"c": value}));
    assert_eq!(faults(&schema, &nested(8)), []);
    let found = faults(&schema, &nested(100));
    assert!(found[0].1.contains("too much work for the plugin's schema"), "{found:?}");
    let lists = doubling(60, |next| json!({"items": next}));
    let found = faults(&lists, &(0..60).fold(json!("x"), |value, _| json!([value])));
    assert!(found[0].1.contains("too much work"), "{found:?}");
    let unevaluated = json!({"$defs": {"a": {"properties": {"x": {"$ref": "#"}}}},
        "allOf": [{"$ref": "#/$defs/a"}], "unevaluatedProperties": {"$ref": "#"}});
    let wide: Map<_, _> = (0..1_000).map(|n| (n.to_string(), json!({}))).collect();
    assert!(faults(&unevaluated, &json!({"x": wide})).is_empty());
    let wider: Map<_, _> = (0..100_000).map(|n| (n.to_string(), json!({}))).collect();
    assert!(faults(&unevaluated, &json!({"x": wider}))[0].1.contains("too much work"));
}

#[test]
fn neither_a_deep_schema_nor_a_deep_value_exhausts_the_stack() {
    let mut defs: Map<_, _> =
        (0..1_100).map(|n| (n.to_string(), json!({"items": {"$ref": format!("#/$defs/{}", n + 1)}}))).collect();
    defs.insert("1100".into(), json!(true));
    let chain = json!({"$ref": "#/$defs/0", "$defs": defs});
    assert!(on_a_small_stack(move || Schema::new(&chain).is_ok()));
    let start = json!({"properties": {"c": {"$ref": "#"}}, "type": "object"});
    let schema = (0..40).fold(start, |inner, _| json!({"allOf": [inner]}));
    let value = (0..120).fold(json!({}), |value, _| json!({"c": value}));
    let found = on_a_small_stack(move || Schema::new(&schema).unwrap().faults(&value));
    assert!(found[0].message.contains("too much work"), "{found:?}");
}
