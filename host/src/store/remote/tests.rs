use std::collections::BTreeSet;
use std::fs;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use super::*;
use crate::store::{Attempt, BucketConfig, BucketParts, BucketPlace, Buckets};
use crate::task::{CommitEntry, TaskId};

/// A bucket `b` in the memory of this process, with a folder to stage in.
struct Scratch {
    buckets: Buckets,
    spool: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Self {
        let spool = tempfile::tempdir().unwrap();
        let configs = vec![BucketConfig::at("b", BucketPlace::Memory)];
        let parts = BucketParts { configs, spool: Some(spool.path().to_owned()), ..BucketParts::default() };
        Self { buckets: Buckets::of_parts(parts).unwrap(), spool }
    }

    fn store(&self) -> Arc<ObjectStore> {
        let bucket = self.buckets.named("b").unwrap();
        Arc::clone(bucket.remote.as_ref().unwrap().store(&uri("oss://b/x")).unwrap())
    }

    fn put(&self, key: &str, bytes: &[u8]) {
        let file = self.spool.path().join("put");
        fs::write(&file, bytes).unwrap();
        let store = self.store();
        store.upload("put", key, fs::File::open(&file).unwrap(), bytes.len() as u64).unwrap();
        assert!(store.complete("put").unwrap());
    }

    fn get(&self, key: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.buckets.read(&uri(&format!("oss://b/{key}"))) {
            Ok(mut object) => object.read_to_end(&mut bytes).map(|_| bytes).ok(),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// An attempt that has staged a new `old` and a `deep/new`.
    fn staged(&self, attempt: &Attempt) -> Vec<CommitEntry> {
        self.buckets.open_attempt(attempt, &["b".into()]).unwrap();
        let mut staging = self.buckets.staging_of(attempt, &[]);
        let mut named = Vec::new();
        for name in ["oss://b/old", "oss://b/deep/new"] {
            let staged = staging.reserve(&uri(name)).unwrap();
            fs::write(staged.path(), name).unwrap();
            named.push(self.buckets.staged(attempt, staged.uri(), staged.name()).unwrap());
        }
        self.buckets.journal(&[], &named).unwrap()
    }
}

fn uri(text: &str) -> ObjectUri {
    ObjectUri::parse(text).unwrap()
}

fn attempt() -> Attempt {
    Attempt { node: "node".into(), task: TaskId::new(), number: 1 }
}

/// Bytes that tell where they are.
fn numbered(length: u32) -> Vec<u8> {
    (0..length / 4).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn nothing_is_there_before_it_is_placed_and_all_of_it_afterwards() {
    let scratch = Scratch::new();
    scratch.put("old", b"old");
    let attempt = attempt();
    let journal = scratch.staged(&attempt);
    assert_eq!((scratch.get("old").unwrap(), scratch.get("deep/new")), (b"old".to_vec(), None));
    journal.iter().for_each(|entry| scratch.buckets.place(entry).unwrap());
    assert_eq!(scratch.get("deep/new").unwrap(), b"oss://b/deep/new");
    scratch.buckets.close_attempt(&attempt);
    assert_eq!(scratch.get("old").unwrap(), b"oss://b/old");
    let kept = format!("{}.before", journal[0].staged);
    assert!(matches!(scratch.store().head(&kept), Err(RemoteError::NotFound)), "what it replaced is not kept");
    assert!(fs::read_dir(scratch.spool.path().join("b")).unwrap().next().is_none(), "nothing is staged any more");
}

#[test]
fn a_journal_can_be_gone_through_again_from_every_step() {
    for moves in 0..=2 {
        for (forward, crashed) in [(true, false), (true, true), (false, false), (false, true)] {
            let scratch = Scratch::new();
            scratch.put("old", b"old");
            let attempt = attempt();
            let journal = scratch.staged(&attempt);
            journal.iter().take(moves).for_each(|entry| scratch.buckets.place(entry).unwrap());
            if crashed {
                // Uploads that were not completed die with their process.
                scratch.store().give_up("");
                // Completed, but the crash came before that could be noted.
                if let Some(entry) = journal[..moves].last() {
                    fs::remove_file(scratch.spool.path().join("b").join(format!("{}.placed", entry.staged))).unwrap();
                }
            }
            for _ in 0..2 {
                if forward {
                    journal.iter().for_each(|entry| scratch.buckets.place(entry).unwrap());
                } else {
                    journal.iter().rev().for_each(|entry| scratch.buckets.take_back(entry).unwrap());
                }
            }
            scratch.buckets.close_attempt(&attempt);
            let found = (scratch.get("old").unwrap(), scratch.get("deep/new"));
            let expected = match forward {
                true => (b"oss://b/old".to_vec(), Some(b"oss://b/deep/new".to_vec())),
                false => (b"old".to_vec(), None),
            };
            assert_eq!(found, expected, "{moves} moves, forward {forward}, crashed {crashed}");
        }
    }
}

#[test]
fn what_somebody_else_has_put_there_since_stays() {
    let scratch = Scratch::new();
    let journal = scratch.staged(&attempt());
    journal.iter().for_each(|entry| scratch.buckets.place(entry).unwrap());
    scratch.put("old", b"newer than both");
    journal.iter().rev().for_each(|entry| scratch.buckets.take_back(entry).unwrap());
    assert_eq!((scratch.get("old").unwrap(), scratch.get("deep/new")), (b"newer than both".to_vec(), None));
}

#[test]
fn reading_anywhere_gives_the_bytes_that_are_there() {
    let scratch = Scratch::new();
    let bytes = numbered(9 << 20);
    scratch.put("clip", &bytes);
    let mut object = scratch.buckets.read(&uri("oss://b/clip")).unwrap();
    assert_eq!(object.facts().size, bytes.len() as u64);
    let mut whole = Vec::new();
    object.read_to_end(&mut whole).unwrap();
    assert!(whole == bytes);
    for (from, length) in [(7_000_001, 100), (3, 1), (300_000, 3_000_000), (3_300_000, 10), (9_437_180, 100)] {
        object.seek(SeekFrom::Start(from)).unwrap();
        let mut part = Vec::new();
        object.by_ref().take(length).read_to_end(&mut part).unwrap();
        let from = usize::try_from(from).unwrap();
        let end = (from + usize::try_from(length).unwrap()).min(bytes.len());
        assert!(part == bytes[from..end], "{from}");
    }
    object.seek(SeekFrom::End(5)).unwrap();
    assert_eq!(object.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn a_worker_reads_its_own_objects_through_its_service() {
    let scratch = Scratch::new();
    let bytes = numbered(3 << 20);
    scratch.put("mine", &bytes);
    scratch.put("other", b"secret");
    let (theirs, ours) = UnixStream::pair().unwrap();
    let allowed = BTreeSet::from([uri("oss://b/mine"), uri("oss://b/none")]);
    serve(scratch.buckets.clone(), allowed, ours).unwrap();
    let link = Link::new(theirs.try_clone().unwrap());
    let listening = Arc::clone(&link);
    let listener = thread::spawn(move || listening.listen(BufReader::new(theirs)));
    let parts = BucketParts {
        configs: scratch.buckets.configs(),
        served: scratch.buckets.remote(),
        service: Some(Arc::clone(&link)),
        ..BucketParts::default()
    };
    let worker = Buckets::of_parts(parts).unwrap();
    let mut found = Vec::new();
    worker.read(&uri("oss://b/mine")).unwrap().read_to_end(&mut found).unwrap();
    assert!(found == bytes);
    assert!(matches!(worker.read(&uri("oss://b/none")), Err(StoreError::NotFound(_))));
    let refused = worker.read(&uri("oss://b/other")).err().unwrap().to_string();
    assert!(refused.contains("none of this task's objects"), "{refused}");
    fs::write(scratch.spool.path().join("b/put"), "mine").unwrap();
    let written = worker.journal(&[], &[(uri("oss://b/mine"), "put".into())]);
    assert!(written.is_err_and(|error| error.to_string().contains("a worker writes no objects")));
    // What is no question ends the connection, and who waits is told.
    std::io::Write::write_all(&mut link.socket().try_clone().unwrap(), b"rubbish\n").unwrap();
    listener.join().unwrap();
    assert!(worker.read(&uri("oss://b/mine")).is_err());
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused_by_its_field() {
    let fault = |place: BucketPlace| BucketConfig::at("b", place).check().unwrap_err();
    let store =
        |endpoint: &str| crate::store::ObjectStoreConfig { endpoint: Some(endpoint.to_owned()), ..Default::default() };
    assert!(fault(BucketPlace::S3(store("s3.example.org"))).starts_with("s3: endpoint s3.example.org is no URL"));
    assert!(fault(BucketPlace::Oss(Default::default())).starts_with("oss: endpoint is missing"));
    let half = crate::store::ObjectStoreConfig { access_key: Some("key".into()), ..store("http://127.0.0.1:1") };
    assert!(fault(BucketPlace::S3(half)).starts_with("s3: access_key needs one of secret"));
    assert_eq!(BucketConfig::at("b", BucketPlace::S3(store("http://127.0.0.1:1"))).check(), Ok(()));
    let spool = Buckets::open(vec![BucketConfig::at("b", BucketPlace::Memory)]);
    assert!(spool.err().unwrap().to_string().contains("no folder to stage"));
}
