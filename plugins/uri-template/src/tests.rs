use proptest::prelude::*;
use wasmux_sdk::testing::manifest;
use wasmux_sdk::{Error, UriPolicy, Variables};

use super::UriTemplate;

const NAMES: [&str; 9] =
    ["bucket", "key", "dirname", "barename", "basename", "index", "resolution", "autoext", "tags.customer"];

fn variables() -> Variables {
    Variables::new([
        ("bucket", "test-bucket"),
        ("key", "video-demo/talk.2024.mov"),
        ("dirname", "video-demo"),
        ("barename", "talk.2024"),
        ("basename", "talk.2024.mov"),
        ("index", "1"),
        ("resolution", "x1080"),
        ("autoext", "mp4"),
        ("tags.customer", "ac.me"),
        ("tags.a:b [c]!.d", "odd"),
        ("ext", ""),
    ])
}

fn expand(template: &str) -> Result<String, Error> {
    UriTemplate::expand(template, &variables())
}

fn check(template: &str) -> Result<(), Error> {
    UriTemplate::check(template, &NAMES.map(str::to_owned))
}

fn expands(template: &str, uri: &str) {
    assert_eq!(expand(template).as_deref(), Ok(uri), "{template}");
}

fn refused(template: &str, code: &str, parts: &[&str]) {
    for error in [check(template).unwrap_err(), expand(template).unwrap_err()] {
        assert_eq!(error.code(), code, "{template}: {error}");
        for part in parts {
            assert!(error.message().contains(part), "{template}: `{part}` is not in: {error}");
        }
    }
}

#[test]
fn the_guides_templates_expand() {
    expands("oss://{bucket}/{dirname}/out-{resolution}.{autoext}", "oss://test-bucket/video-demo/out-x1080.mp4");
    expands("oss://b/plain.mp4", "oss://b/plain.mp4");
    expands("oss://b/{tags.customer}/{index}.mp4", "oss://b/ac.me/1.mp4");
}

#[test]
fn doubled_braces_are_literal() {
    expands("oss://b/{{{index}}}.mp4", "oss://b/{1}.mp4");
    expands("oss://b/{{index}}.mp4", "oss://b/{index}.mp4");
    assert_eq!(check("oss://b/{{nothing}}.mp4"), Ok(()));
}

#[test]
fn a_name_without_extension_gets_the_containers() {
    expands("oss://b/out", "oss://b/out.mp4");
    expands("oss://b/out.", "oss://b/out.mp4");
    expands("oss://b/out.mov", "oss://b/out.mov");
    expands("oss://b/.hidden", "oss://b/.hidden.mp4");
}

#[test]
fn a_dot_in_a_folder_is_no_extension() {
    expands("oss://b/v1.2/out", "oss://b/v1.2/out.mp4");
    expands("oss://b/{tags.customer}/out", "oss://b/ac.me/out.mp4");
}

#[test]
fn the_templates_own_text_decides_what_is_an_extension() {
    expands("oss://b/{barename}", "oss://b/talk.2024.mp4");
    expands("oss://b/{barename}.mkv", "oss://b/talk.2024.mkv");
    expands("oss://b/{tags.customer}", "oss://b/ac.me.mp4");
    expands("oss://b/{basename}", "oss://b/talk.2024.mov");
    expands("oss://b/copies/{key}", "oss://b/copies/video-demo/talk.2024.mov");
}

#[test]
fn what_ends_in_the_containers_extension_has_it() {
    let variables = Variables::new([("tags.file", "Clip.MP4"), ("autoext", "mp4")]);
    assert_eq!(UriTemplate::expand("oss://b/{tags.file}", &variables).as_deref(), Ok("oss://b/Clip.MP4"));
    let variables = Variables::new([("tags.file", ".mp4"), ("autoext", "mp4")]);
    assert_eq!(UriTemplate::expand("oss://b/{tags.file}", &variables).as_deref(), Ok("oss://b/.mp4.mp4"));
}

#[test]
fn an_extension_that_nobody_knows_is_asked_for() {
    let error = UriTemplate::expand("oss://b/out", &Variables::default()).unwrap_err();
    assert_eq!(error.code(), "NoExtension");
    assert_eq!(UriTemplate::expand("oss://b/out.mp4", &Variables::default()).as_deref(), Ok("oss://b/out.mp4"));
}

#[test]
fn tag_names_are_matched_whole() {
    expands("oss://b/{tags.a:b [c]!.d}.mp4", "oss://b/odd.mp4");
    refused("oss://b/{tags.custom}.mp4", "UnknownVariable", &["`tags.custom` is unknown", "tags.customer"]);
    refused("oss://b/{tags.customer.name}.mp4", "UnsupportedSyntax", &["an attribute", "`{tags.customer}`"]);
    refused("oss://b/{tags.nobody:3}.mp4", "UnknownVariable", &["`tags.nobody:3`"]);
}

#[test]
fn what_python_can_do_beyond_names_is_refused() {
    refused("oss://b/{index:03d}.mp4", "UnsupportedSyntax", &["{index:03d}", "a format spec", "`{index}`"]);
    refused("oss://b/{index!r}.mp4", "UnsupportedSyntax", &["a conversion"]);
    refused("oss://b/{index[0]}.mp4", "UnsupportedSyntax", &["an index"]);
    refused("oss://b/{index.real}.mp4", "UnsupportedSyntax", &["an attribute"]);
    refused("oss://b/{nobody:3}.mp4", "UnsupportedSyntax", &["a format spec", "`{nobody}`"]);
    refused("oss://b/{index:{index}}.mp4", "UnsupportedSyntax", &["another brace"]);
    refused("oss://b/{}.mp4", "UnsupportedSyntax", &["`{}` names no variable"]);
    refused("oss://b/{0}.mp4", "UnsupportedSyntax", &["`{0}` names no variable", "available are"]);
}

#[test]
fn unknown_and_valueless_variables_are_refused() {
    refused("oss://b/{foo}.mp4", "UnknownVariable", &["`foo` is unknown", "available are", "bucket", "tags.customer"]);
    refused("oss://b/{ index }.mp4", "UnknownVariable", &["` index `"]);
    let error = expand("oss://b/a.{ext}").unwrap_err();
    assert_eq!(error.code(), "UnknownVariable");
    assert!(error.message().contains("`ext` has no value"), "{error}");
}

#[test]
fn unbalanced_braces_are_refused_with_their_place() {
    refused("oss://b/ä{index", "UnbalancedBraces", &["the `{` at character 10"]);
    refused("oss://b/index}", "UnbalancedBraces", &["the `}` at character 14"]);
    refused("oss://b/{index}}.mp4", "UnbalancedBraces", &["the `}` at character 16"]);
    refused("oss://b/{", "UnbalancedBraces", &["the `{` at character 9"]);
}

#[test]
fn what_is_no_object_is_refused() {
    refused("", "InvalidURI", &["oss://bucket/key"]);
    refused("s3://b/{index}.mp4", "InvalidURI", &["`s3://b/`"]);
    refused("oss://b/{dirname}/", "InvalidURI", &["ends with `/`"]);
    assert_eq!(check("oss{index}"), Ok(()));
    let folder = Variables::new([("tags.x", "a/"), ("autoext", "mp4")]);
    assert_eq!(UriTemplate::expand("oss://b/{tags.x}", &folder).unwrap_err().code(), "InvalidURI");
}

#[test]
fn values_are_not_multiplied_without_end() {
    let variables = Variables::new([("tags.x", "x".repeat(4000))]);
    let template = format!("oss://b/{}.mp4", "{tags.x}".repeat(1_000));
    assert_eq!(UriTemplate::expand(&template, &variables).unwrap_err().code(), "URITooLong");
}

#[test]
fn messages_stay_short() {
    let template = format!("oss://b/{{{}}}", "x".repeat(100_000));
    let available: Vec<String> = (0..10_000).map(|i| format!("tags.{i}")).collect();
    let error = UriTemplate::check(&template, &available).unwrap_err();
    assert!(error.message().len() < 1_000 && error.message().contains("and 9960 more"), "{error}");
}

#[test]
fn the_manifest_names_the_world() {
    let manifest = manifest::<UriTemplate>();
    assert_eq!(manifest["name"], "uri-template");
    assert_eq!(manifest["world"], "wasmux:plugin/uri-policy@0.1.0");
}

proptest! {
    #[test]
    fn escaped_text_comes_back(text in "[^/]{0,40}") {
        let escaped = text.replace('{', "{{").replace('}', "}}");
        let uri = expand(&format!("oss://b/{escaped}/x.mp4"));
        prop_assert_eq!(uri, Ok(format!("oss://b/{text}/x.mp4")));
    }

    #[test]
    fn nothing_panics(template in "\\PC{0,60}", braces in "[{}a.:!\\[/é]{0,30}", name in "\\PC{0,10}", value in "\\PC{0,20}") {
        for template in [template.as_str(), braces.as_str(), &format!("oss://{{{name}}}/{braces}")] {
            let _ = UriTemplate::check(template, std::slice::from_ref(&name));
            let _ = UriTemplate::expand(template, &Variables::new([(name.as_str(), value.as_str()), ("autoext", "é")]));
        }
    }

    #[test]
    fn what_is_checked_expands_to_a_name_with_extension(
        pieces in prop::collection::vec(
            prop::sample::select(vec!["{bucket}", "{index}", "{barename}", "{tags.customer}", "a", ".", "-", "/", "{{", "}}"]), 0..12),
    ) {
        let template = format!("oss://b/{}", pieces.concat());
        if check(&template).is_ok() {
            let uri = match expand(&template) {
                Ok(uri) => uri,
                Err(error) => {
                    prop_assert_eq!(error.code(), "InvalidURI");
                    return Ok(());
                }
            };
            let segment = uri.rsplit('/').next().unwrap();
            let dot = segment.rfind('.');
            prop_assert!(dot.is_some_and(|dot| dot > 0 && dot + 1 < segment.len()) , "{uri}");
        }
    }
}
