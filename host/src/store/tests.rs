use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::*;
use crate::task::ObjectUri;

/// A folder of its own for each test, removed at its end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wasmux-store-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(path.join("bucket")).unwrap();
        Self(path)
    }

    pub(super) fn bucket(&self) -> PathBuf {
        self.0.join("bucket")
    }

    pub(super) fn open(&self, config: impl FnOnce(&mut BucketConfig)) -> Buckets {
        let mut bucket = BucketConfig::new("b", &self.bucket());
        config(&mut bucket);
        Buckets::open(vec![bucket]).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(super) fn uri(text: &str) -> ObjectUri {
    ObjectUri::parse(text).unwrap()
}

pub(super) fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn reads_what_is_there_and_says_what_is_not() {
    let scratch = Scratch::new("read");
    fs::write(scratch.bucket().join("a file.bin"), b"hello").unwrap();
    let buckets = scratch.open(|_| {});
    let mut text = String::new();
    let mut reader = buckets.read(&uri("oss://b/a file.bin")).unwrap();
    assert_eq!(reader.facts().size, 5);
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello");
    assert!(matches!(buckets.read(&uri("oss://b/none")), Err(StoreError::NotFound(_))));
    let error = buckets.read(&uri("oss://other/none")).unwrap_err().to_string();
    assert_eq!(error, "there is no bucket `other`; configured are: b");
}

#[test]
fn a_symlink_does_not_lead_out_of_the_bucket() {
    let scratch = Scratch::new("symlink");
    fs::write(scratch.0.join("secret"), b"secret").unwrap();
    symlink(scratch.0.join("secret"), scratch.bucket().join("link")).unwrap();
    symlink("..", scratch.bucket().join("up")).unwrap();
    let buckets = scratch.open(|_| {});
    assert!(buckets.read(&uri("oss://b/link")).is_err());
    assert!(buckets.read(&uri("oss://b/up/secret")).is_err());
    let mut staging = buckets.staging("t", &[]);
    assert!(matches!(staging.reserve(&uri("oss://b/up/written")), Err(StoreError::Forbidden { .. })));
    drop(staging);
    assert_eq!(entries(&scratch.0), ["bucket", "secret"]);
}

#[test]
fn rights_and_prefix_are_checked_in_one_place() {
    let scratch = Scratch::new("rights");
    let buckets = scratch.open(|bucket| {
        bucket.write = false;
        bucket.key_prefix = Some("mine/".into());
    });
    assert!(buckets.check(&uri("oss://b/mine/x"), Access::Read).is_ok());
    assert!(buckets.check(&uri("oss://b/mine/x"), Access::Write).is_err());
    assert!(buckets.check(&uri("oss://b/yours/x"), Access::Read).is_err());
    assert!(scratch.open(|_| {}).check(&uri("oss://b/.wasmux-staging/t/0"), Access::Read).is_err());
}

#[test]
fn outputs_appear_together_and_leave_nothing_behind() {
    let scratch = Scratch::new("commit");
    let buckets = scratch.open(|_| {});
    fs::write(scratch.bucket().join("old.mp4"), b"old").unwrap();
    let mut staging = buckets.staging("t", &[]);
    for (name, bytes) in [("oss://b/old.mp4", "new"), ("oss://b/deep/er/new.mp4", "deep")] {
        let staged = staging.reserve(&uri(name)).unwrap();
        fs::write(staged.path(), bytes).unwrap();
    }
    assert_eq!(fs::read(scratch.bucket().join("old.mp4")).unwrap(), b"old", "nothing is visible before the commit");
    staging.commit(&[uri("oss://b/old.mp4"), uri("oss://b/deep/er/new.mp4")]).unwrap();
    assert_eq!(fs::read(scratch.bucket().join("old.mp4")).unwrap(), b"new");
    assert_eq!(fs::read(scratch.bucket().join("deep/er/new.mp4")).unwrap(), b"deep");
    assert_eq!(entries(&scratch.bucket()), ["deep", "old.mp4"]);
}

#[test]
fn a_commit_that_cannot_be_finished_changes_nothing() {
    let scratch = Scratch::new("rollback");
    let buckets = scratch.open(|_| {});
    fs::write(scratch.bucket().join("old"), b"old").unwrap();
    let mut staging = buckets.staging("t", &[]);
    for name in ["oss://b/old", "oss://b/deep/er/new", "oss://b/file/below"] {
        let staged = staging.reserve(&uri(name)).unwrap();
        fs::write(staged.path(), b"new").unwrap();
    }
    fs::write(scratch.bucket().join("file"), b"a file where a folder is needed").unwrap();
    assert!(staging.commit(&["old", "deep/er/new", "file/below"].map(|key| uri(&format!("oss://b/{key}")))).is_err());
    assert_eq!(fs::read(scratch.bucket().join("old")).unwrap(), b"old");
    assert_eq!(entries(&scratch.bucket()), ["file", "old"]);
}

#[test]
fn what_is_dropped_is_removed_and_what_a_dead_process_left_is_swept() {
    let scratch = Scratch::new("sweep");
    let buckets = scratch.open(|_| {});
    let dead = scratch.bucket().join(STAGING_FOLDER).join("dead");
    fs::create_dir_all(&dead).unwrap();
    fs::write(dead.join("lock"), b"").unwrap();
    fs::write(dead.join("0-x.mp4"), b"half").unwrap();
    let mut living = buckets.staging("living", &[]);
    assert!(!dead.exists(), "its lock was free");
    living.reserve(&uri("oss://b/x")).unwrap();
    drop(buckets.staging("other", &[]));
    assert!(scratch.bucket().join(STAGING_FOLDER).join("living").exists(), "its lock is held");
    drop(living);
    assert_eq!(entries(&scratch.bucket()), [""; 0]);
}

#[test]
fn a_place_has_one_name() {
    let scratch = Scratch::new("alias");
    fs::create_dir(scratch.bucket().join("real")).unwrap();
    fs::write(scratch.bucket().join("real/in.mp4"), b"source").unwrap();
    symlink("real", scratch.bucket().join("alias")).unwrap();
    let buckets = scratch.open(|_| {});
    let mut staging = buckets.staging("t", &[uri("oss://b/real/in.mp4")]);
    assert!(matches!(staging.reserve(&uri("oss://b/alias/in.mp4")), Err(StoreError::Forbidden { .. })));
    staging.reserve(&uri("oss://b/alias/new/out.mp4")).unwrap();
    assert!(matches!(staging.reserve(&uri("oss://b/real/new/out.mp4")), Err(StoreError::Forbidden { .. })));
    assert!(matches!(staging.reserve(&uri("oss://b/real")), Err(StoreError::Forbidden { .. })), "a folder is there");
    let nested =
        vec![BucketConfig::new("a", &scratch.bucket()), BucketConfig::new("b", &scratch.bucket().join("real"))];
    assert!(matches!(Buckets::open(nested), Err(StoreError::Folder { .. })));
}

#[test]
fn a_pipe_is_no_object() {
    let scratch = Scratch::new("pipe");
    let made = std::process::Command::new("mkfifo").arg(scratch.bucket().join("pipe")).status().unwrap();
    assert!(made.success());
    assert!(matches!(scratch.open(|_| {}).read(&uri("oss://b/pipe")), Err(StoreError::NoFile(_))));
}

#[test]
fn a_project_has_at_most_what_it_is_granted() {
    let scratch = Scratch::new("projects");
    let other = scratch.0.join("other");
    fs::create_dir(&other).unwrap();
    let grant = |name: &str, read, write, prefix: Option<&str>| BucketGrant {
        name: name.into(),
        read,
        write,
        key_prefix: prefix.map(str::to_owned),
    };
    let projects = [
        ("reads".to_owned(), vec![grant("b", true, false, None)]),
        ("below".to_owned(), vec![grant("b", true, true, Some("in/deep/")), grant("o", false, true, Some("x"))]),
        ("above".to_owned(), vec![grant("b", true, true, Some("i"))]),
        ("beside".to_owned(), vec![grant("b", true, true, Some("out/"))]),
        ("none".to_owned(), vec![]),
    ];
    let mut bucket = BucketConfig::new("b", &scratch.bucket());
    bucket.key_prefix = Some("in/".into());
    let mut second = BucketConfig::new("o", &other);
    second.write = false;
    let buckets = Buckets::open(vec![bucket, second]).unwrap().with_projects(projects.into());
    let may = |project: &str, text: &str| {
        let own = buckets.of(project);
        [Access::Read, Access::Write].map(|access| own.check(&uri(text), access).is_ok())
    };
    assert_eq!(may("any other", "oss://b/in/a"), [true, true]);
    assert_eq!(may("any other", "oss://b/a"), [false, false]);
    assert_eq!(may("reads", "oss://b/in/a"), [true, false]);
    assert_eq!(may("reads", "oss://b/a"), [false, false], "the bucket's own prefix stays");
    assert_eq!(may("reads", "oss://o/a"), [false, false]);
    assert_eq!(may("below", "oss://b/in/a"), [false, false]);
    assert_eq!(may("below", "oss://b/in/deep/a"), [true, true]);
    assert_eq!(may("below", "oss://o/x"), [false, false], "the bucket cannot be written, the project may not read");
    assert_eq!(may("above", "oss://b/in/a"), [true, true]);
    assert_eq!(may("above", "oss://b/i"), [false, false]);
    assert_eq!(may("beside", "oss://b/out/a"), [false, false]);
    assert_eq!(may("beside", "oss://b/in/a"), [false, false]);
    let names = |project: &str| buckets.of(project).configs().into_iter().map(|bucket| bucket.name).collect::<Vec<_>>();
    assert_eq!((names("x"), names("reads"), names("none")), (vec!["b".into(), "o".into()], vec!["b".into()], vec![]));
    let refused = |project: &str| buckets.of(project).check_bucket("o", Access::Read).unwrap_err();
    assert_eq!(refused("reads"), "there is no bucket `o`; configured are: b");
    assert_eq!(refused("none"), "there is no bucket `o`; this project has none");
    // What a worker is told has the same rights, by whatever name of a project.
    let told = Buckets::open(buckets.of("below").configs()).unwrap();
    assert!(told.check(&uri("oss://b/in/a"), Access::Read).is_err());
    assert!(told.check(&uri("oss://b/in/deep/a"), Access::Read).is_ok());
}
