use std::fs;

use super::super::tests::{Scratch, entries, uri};
use super::super::{Attempt, Staging};
use super::*;
use crate::task::TaskId;

fn attempt() -> Attempt {
    Attempt { node: "node".into(), task: TaskId::new(), number: 1 }
}

/// A bucket with `old` in it, and an attempt that has staged a new `old` and a `deep/er/new`.
fn staged(scratch: &Scratch, buckets: &Buckets, attempt: &Attempt) -> Vec<CommitEntry> {
    fs::write(scratch.bucket().join("old"), b"old").unwrap();
    buckets.open_attempt(attempt, &["b".into()]).unwrap();
    let mut staging: Staging<'_> = buckets.staging_of(attempt, &[]);
    let mut named = Vec::new();
    for name in ["oss://b/old", "oss://b/deep/er/new"] {
        let staged = staging.reserve(&uri(name)).unwrap();
        fs::write(staged.path(), name).unwrap();
        named.push(buckets.staged(attempt, staged.uri(), staged.name()).unwrap());
    }
    buckets.journal(&[], &named).unwrap()
}

fn read(scratch: &Scratch, key: &str) -> Option<String> {
    fs::read_to_string(scratch.bucket().join(key)).ok()
}

#[test]
fn a_journal_can_be_gone_through_again_from_every_step() {
    // How far the first pass came: whole moves, and whether the object that stands there was kept for the next one.
    for (moves, kept_next) in [(0, false), (0, true), (1, false), (2, false)] {
        for forward in [true, false] {
            let scratch = Scratch::new("journal");
            let (buckets, attempt) = (scratch.open(|_| {}), attempt());
            let journal = staged(&scratch, &buckets, &attempt);
            journal.iter().take(moves).for_each(|entry| buckets.place(entry).unwrap());
            if kept_next {
                keep(&buckets.named("b").unwrap().dir, &journal[moves]).unwrap();
            }
            for _ in 0..2 {
                if forward {
                    journal.iter().for_each(|entry| buckets.place(entry).unwrap());
                } else {
                    journal.iter().rev().for_each(|entry| buckets.take_back(entry).unwrap());
                }
            }
            buckets.close_attempt(&attempt);
            let found = (read(&scratch, "old").unwrap(), read(&scratch, "deep/er/new"), entries(&scratch.bucket()));
            let expected = if forward {
                (
                    "oss://b/old".to_owned(),
                    Some("oss://b/deep/er/new".to_owned()),
                    vec!["deep".to_owned(), "old".into()],
                )
            } else {
                ("old".to_owned(), None, vec!["old".to_owned()])
            };
            assert_eq!(found, expected, "{moves} moves, kept {kept_next}, forward {forward}");
        }
    }
}

#[test]
fn what_somebody_else_put_there_since_stays() {
    let scratch = Scratch::new("since");
    let (buckets, attempt) = (scratch.open(|_| {}), attempt());
    let journal = staged(&scratch, &buckets, &attempt);
    journal.iter().for_each(|entry| buckets.place(entry).unwrap());
    fs::write(scratch.bucket().join("new version"), b"theirs").unwrap();
    fs::rename(scratch.bucket().join("new version"), scratch.bucket().join("old")).unwrap();
    journal.iter().for_each(|entry| buckets.place(entry).unwrap());
    assert_eq!(read(&scratch, "old").unwrap(), "theirs");
    journal.iter().rev().for_each(|entry| buckets.take_back(entry).unwrap());
    assert_eq!((read(&scratch, "old").unwrap().as_str(), read(&scratch, "deep/er/new")), ("theirs", None));
}

#[test]
fn a_folder_in_the_place_is_not_moved_away() {
    let scratch = Scratch::new("folder");
    let (buckets, attempt) = (scratch.open(|_| {}), attempt());
    let journal = staged(&scratch, &buckets, &attempt);
    fs::create_dir_all(scratch.bucket().join("deep/er/new")).unwrap();
    buckets.place(&journal[0]).unwrap();
    assert!(buckets.place(&journal[1]).unwrap_err().to_string().contains("a folder of that name"));
    journal.iter().rev().for_each(|entry| buckets.take_back(entry).unwrap());
    assert!(scratch.bucket().join("deep/er/new").is_dir());
    assert_eq!(read(&scratch, "old").unwrap(), "old");
}

#[test]
fn a_lost_staging_folder_is_no_success() {
    let scratch = Scratch::new("lost");
    let (buckets, attempt) = (scratch.open(|_| {}), attempt());
    let journal = staged(&scratch, &buckets, &attempt);
    buckets.close_attempt(&attempt);
    assert!(buckets.place(&journal[0]).unwrap_err().to_string().contains("was removed before"));
    assert_eq!(read(&scratch, "old").unwrap(), "old");
}

#[test]
fn only_this_nodes_dead_attempts_are_swept_and_no_run_sweeps_them() {
    let scratch = Scratch::new("nodes");
    let buckets = scratch.open(|_| {});
    let (mine, dead, other) = (attempt(), attempt(), Attempt { node: "other".into(), ..attempt() });
    for attempt in [&mine, &dead, &other] {
        buckets.open_attempt(attempt, &["b".into()]).unwrap();
    }
    drop(buckets.staging("run", &[]));
    let there = |attempt: &Attempt| scratch.bucket().join(attempt.folder()).is_dir();
    assert!(there(&mine) && there(&dead) && there(&other));
    buckets.sweep_attempts("node", &|task, number| (task, number) == (mine.task, 1));
    assert!(there(&mine) && !there(&dead) && there(&other));
    buckets.close_attempt(&mine);
    buckets.close_attempt(&other);
    assert_eq!(entries(&scratch.bucket()), [""; 0]);
}

#[test]
fn a_worker_cannot_name_files_outside_of_its_folder() {
    let scratch = Scratch::new("names");
    let (buckets, attempt) = (scratch.open(|_| {}), attempt());
    for name in ["", ".", "..", "../x", "a/b", "\0"] {
        assert!(buckets.staged(&attempt, &uri("oss://b/x"), name).is_err(), "{name:?}");
    }
    assert!(buckets.staged(&attempt, &uri("oss://b/.wasmux-staging/x"), "0").is_err());
    buckets.open_attempt(&attempt, &["b".into()]).unwrap();
    fs::write(scratch.bucket().join("secret"), b"").unwrap();
    std::os::unix::fs::symlink("../../../../secret", scratch.bucket().join(attempt.folder()).join("0")).unwrap();
    let staged = buckets.staged(&attempt, &uri("oss://b/x"), "0").unwrap();
    assert!(buckets.journal(&[], &[staged]).unwrap_err().to_string().contains("no regular file"));
}
