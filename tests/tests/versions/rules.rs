//! Each rule of the table in wit/README.md, with an example that is judged as the real WIT is.

use std::fs;

use wasmux_tests::workspace;

use crate::wit::{of_text, still_serves};

const BASE: &str = "
package a:plugin@0.1.0;

interface host {
    record area { x: u32, y: u32 }
    enum level { low, high }
    variant fault { gone, broken(string) }
    flags rights { read, write }
    resource picture {
        width: func() -> u32;
        read: func(area: area) -> list<u8>;
    }
    log: func(level: level, text: string);
    find: func(name: string, rights: rights) -> result<area, fault>;
}

interface assets {
    length: func(uri: string) -> u64;
}

interface more {
    more: func();
}

interface guest {
    use host.{picture};
    run: func(picture: borrow<picture>) -> result<_, string>;
    finish: func();
}

world filter {
    import host;
    import assets;
    export guest;
}
";

/// A rule, and a place in the text above with what stands there afterwards.
const EXAMPLES: [(&str, &str, &str); 24] = [
    ("there is one more world", "world filter {", "world other { import more; }\n\nworld filter {"),
    ("a world is taken away or has another name", "world filter {", "world sieve {"),
    ("a world imports one more interface", "import assets;", "import assets;\n    import more;"),
    ("a world imports one interface less", "import assets;", ""),
    ("a world exports one more interface", "export guest;", "export guest;\n    export more;"),
    ("a world exports one interface less", "export guest;", ""),
    ("an imported interface gains a function", "log: func", "now: func() -> u64;\n    log: func"),
    (
        "an imported interface gains a resource, record, enum or variant",
        "enum level",
        "enum colour { red }\n    enum level",
    ),
    ("an imported interface loses a function", "log: func(level: level, text: string);", ""),
    ("an imported resource gains a method", "width: func", "height: func() -> u32;\n        width: func"),
    ("an imported resource loses a method", "width: func() -> u32;", ""),
    ("an exported interface gains a function", "finish: func();", "finish: func();\n    pause: func();"),
    ("an exported interface loses a function", "finish: func();", ""),
    ("a function gains or loses a parameter", "log: func(level: level,", "log: func(level: level, line: u32,"),
    ("a function or parameter has another name", "(uri: string)", "(url: string)"),
    ("a parameter or result has another type", "-> u64;", "-> u32;"),
    ("a record gains or loses a field", "{ x: u32, y: u32 }", "{ x: u32, y: u32, z: u32 }"),
    ("the fields of a record change places", "{ x: u32, y: u32 }", "{ y: u32, x: u32 }"),
    ("an enum gains or loses a case", "{ low, high }", "{ low, high, highest }"),
    ("a variant gains or loses a case", "{ gone, broken(string) }", "{ gone, broken(string), late }"),
    ("flags gain or lose a flag", "{ read, write }", "{ read, write, run }"),
    (
        "a new function has a record, enum or variant of its own",
        "log: func",
        "record line { n: u32 }\n    say: func(line: line);\n    log: func",
    ),
    ("functions, methods and interfaces change places", "    length: func", "    // moved\n    length: func"),
    ("documentation says it better", "length: func", "/// In bytes.\n    length: func"),
];

/// The table's changes, and whether old plugins go on.
fn table() -> Vec<(String, bool)> {
    let text = fs::read_to_string(workspace().join("wit/README.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| change | old plugins on the new host |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert!(matches!(cells[1], "work" | "break"), "{row}");
        (cells[0].to_owned(), cells[1] == "work")
    })
    .collect()
}

fn changed(from: &str, to: &str) -> String {
    assert_eq!(BASE.matches(from).count(), 1, "`{from}` has no single place");
    BASE.replace(from, to)
}

#[test]
fn every_rule_is_what_the_check_says() {
    let table = table();
    let rules: Vec<_> = table.iter().map(|(rule, _)| rule.as_str()).collect();
    let examples: Vec<_> = EXAMPLES.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(rules, examples, "the rules of wit/README.md and the examples differ");
    for ((rule, works), (_, from, to)) in table.iter().zip(EXAMPLES) {
        let judged = still_serves(&of_text(BASE), &of_text(&changed(from, to)));
        assert_eq!(judged.is_ok(), *works, "{rule}: {judged:?}");
    }
}

#[test]
fn what_stands_first_does_not_matter() {
    let swapped = changed("interface assets {\n    length: func(uri: string) -> u64;\n}\n", "");
    let swapped =
        swapped.replace("world filter", "interface assets {\n    length: func(uri: string) -> u64;\n}\n\nworld filter");
    assert_eq!(still_serves(&of_text(BASE), &of_text(&swapped)), Ok(()));
}

#[test]
fn a_break_names_its_world() {
    let broken = changed("finish: func();", "");
    let error = still_serves(&of_text(BASE), &of_text(&broken)).unwrap_err();
    assert_eq!(error, "world filter: the export guest/finish is gone");
    let error = still_serves(&of_text(BASE), &of_text(&changed("-> u64;", "-> u32;"))).unwrap_err();
    assert!(error.starts_with("world filter: ") && error.contains("a:plugin/assets"), "{error}");
}
