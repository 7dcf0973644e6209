//! Runs all cases in `flows/` through the binary, as a user would.

use std::fs;
use std::path::Path;

use wasmux_tests::flow;

#[test]
fn every_flow_does_what_it_should() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flows");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 30, "the cases were not found");
    let mut failed = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        println!("{name}");
        // All cases run, so that one failure does not hide another.
        if std::panic::catch_unwind(|| flow::check(&case)).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "these flows failed: {failed:?}");
}
