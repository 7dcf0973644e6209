//! Runs all cases in `compare/`: the output of a request beside that of the `ffmpeg` command line that means the same.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use wasmux_tests::compare;

/// How often a case is run before it has failed. On a loaded machine x264 took another decision in the middle of about one encode in
/// forty, of the same frames at one thread; why is not known yet. What is mapped wrongly differs every time.
const TRIES: usize = 3;

fn differs(case: &Path) -> Option<String> {
    let mut last = None;
    for _ in 0..TRIES {
        match compare::check(case) {
            Ok(()) => return None,
            Err(wrong) => {
                println!("{}: {wrong}", case.display());
                last = Some(wrong);
            }
        }
    }
    last
}

#[test]
fn outputs_equal_those_of_ffmpeg() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compare");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 40, "the cases were not found");
    let (queue, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    // All cases run, so that one failure does not hide another; two at a time, as each uses one thread to encode.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = { queue.lock().unwrap().pop() } {
                    if let Some(wrong) = differs(&case) {
                        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
                        failed.lock().unwrap().push(format!("{name}:\n{wrong}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} cases differ:\n{}", failed.len(), failed.join("\n"));
}
