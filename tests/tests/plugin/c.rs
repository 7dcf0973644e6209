//! Plugins in C, built with clang.

use std::fs;

use wasmux_tests::text;

use super::Author;

fn new_plugin(author: &Author, name: &str, world: &str) {
    let said = author.run_well("", &["plugin", "new", name, "--world", world, "--lang", "c"]);
    assert!(said.contains(&format!("{name} is a {world} that works, with its cases: plugin.c")), "{said}");
}

#[test]
fn templates_in_c_pass_their_cases() {
    let author = Author::new();
    for world in ["uri-policy", "parameter-policy", "video-filter"] {
        let name = format!("c-{world}");
        new_plugin(&author, &name, world);
        let output = author.run(&name, &["plugin", "build"]);
        let (report, said) = (text(&output.stdout), text(&output.stderr));
        assert!(report.contains(&format!("{name} 0.1.0 can be used")), "{report}{said}");
        assert_eq!(said, "", "{world}: clang warns");
        assert!(author.run_well(&name, &["plugin", "test"]).contains(" passed"));
        // A few kilobytes: nothing but the plugin's code.
        let first = fs::read(author.path(&format!("{name}/{name}.wasm"))).unwrap();
        assert!(first.len() < 32_768, "{world}: {} bytes", first.len());
        author.run_well(&name, &["plugin", "build"]);
        assert_eq!(fs::read(author.path(&format!("{name}/{name}.wasm"))).unwrap(), first, "{world}: built otherwise");
    }
}

#[test]
fn memory_of_a_filter_in_c_is_used_again() {
    let author = Author::new();
    new_plugin(&author, "steady", "video-filter");
    author.run_well("steady", &["plugin", "build"]);
    let json = author
        .run_well("steady", &["plugin", "bench", "steady.wasm", "--sizes", "320x180", "--frames", "200", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let memory = json["Sizes"][0]["Results"][0]["GuestMemoryBytes"].as_u64().unwrap();
    assert!(memory <= 256 << 10, "{memory} bytes for bands of 10 kB");
}

#[test]
fn json_of_any_layout_is_read() {
    let author = Author::new();
    new_plugin(&author, "reader", "parameter-policy");
    author.run_well("reader", &["plugin", "build"]);
    let case = author.path("reader/cases/full-hd");
    // Members whose names and braces stand within strings must not be taken for others.
    let request = fs::read_to_string(case.join("request.json")).unwrap();
    let odd = request
        .replace("\"CodecLongName\": \"H.264\"", "\"CodecLongName\" : \"\\\"Width\\\": 7, ]}\\\\\"")
        .replace("\"Duration\": 1.0", "\"Duration\":\t1.0e+0\n");
    assert_ne!(odd, request);
    fs::write(case.join("request.json"), odd).unwrap();
    assert!(author.run_well("reader", &["plugin", "test"]).contains("full-hd ... ok"));
}

#[test]
fn what_is_wrong_with_a_plugin_in_c_is_told() {
    let author = Author::new();
    new_plugin(&author, "wrong", "uri-policy");
    let code = author.path("wrong/plugin.c");
    let written = fs::read_to_string(&code).unwrap();
    fs::write(&code, written.replace("text_t ignored = {0};", "text_t ignored = {0}")).unwrap();
    let error = author.run_badly("wrong", &["plugin", "build"], 1);
    assert!(error.contains("plugin.c:") && error.contains("clang could not build it; see above"), "{error}");
    fs::write(&code, written.replace("bool exports_wasmux_plugin_uri_template_expand", "bool another")).unwrap();
    let error = author.run_badly("wrong", &["plugin", "build"], 1);
    assert!(
        error.contains("exports_wasmux_plugin_uri_template_expand") && error.contains("wasm-ld could not"),
        "{error}"
    );
    for (variable, part) in [("CLANG", "install clang"), ("WASM_LD", "install lld, or Rust")] {
        fs::write(&code, &written).unwrap();
        let output = author.wasmux("wrong", &["plugin", "build"]).env(variable, "no-such-tool").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(part), "{}", text(&output.stderr));
    }
    fs::remove_file(&code).unwrap();
    let error = author.run_badly("wrong", &["plugin", "build"], 2);
    assert!(error.contains("there must be one of plugin.c, plugin.js, plugin.py"), "{error}");
}
