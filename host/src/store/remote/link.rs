//! What a worker asks its service for, over the socket that is its standard input: facts and bytes of objects.
//!
//! A question is a line of JSON, and so is its answer; bytes follow theirs. Answers may come in another order.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};

use super::{Fetch, Head, Range, RemoteError};
use crate::store::{Access, Buckets};
use crate::task::ObjectUri;

/// Longest question, in bytes: a URI is at most a few kilobytes.
const MAX_QUESTION: u64 = 64 << 10;
/// Most bytes that one question asks for.
const MAX_LENGTH: usize = 8 << 20;
/// Questions of one worker that are answered at the same time.
const AT_ONCE: usize = 16;

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    id: u64,
    uri: ObjectUri,
    /// `None`: what is known of it.
    range: Option<Range>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    id: u64,
    result: Result<Found, RemoteError>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Found {
    Head(Head),
    /// So many follow.
    Bytes(usize),
}

/// The worker's end.
pub struct Link {
    output: Mutex<UnixStream>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    heads: HashMap<u64, SyncSender<Result<Head, RemoteError>>>,
    fetches: HashMap<u64, SyncSender<Result<Vec<u8>, RemoteError>>>,
}

impl Link {
    /// Asks over this socket. What comes back is handed to [`Link::listen`].
    pub fn new(socket: UnixStream) -> Arc<Self> {
        Arc::new(Self { output: Mutex::new(socket), waiting: Mutex::default() })
    }

    /// Reads answers until there are no more: the service is gone, or says what is none.
    pub fn listen(&self, input: impl BufRead) {
        if let Err(error) = self.try_listen(input) {
            tracing::error!(%error, "the service cannot be understood");
        }
        let mut waiting = self.waiting();
        waiting.heads.clear();
        waiting.fetches.clear();
    }

    fn try_listen(&self, mut input: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.by_ref().take(MAX_QUESTION).read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let Answer { id, result } = serde_json::from_slice(&line)?;
            let found = match result {
                Ok(Found::Head(head)) => Ok(Err(head)),
                Ok(Found::Bytes(length)) => {
                    let mut bytes = vec![0; length.min(MAX_LENGTH)];
                    input.read_exact(&mut bytes)?;
                    Ok(Ok(bytes))
                }
                Err(error) => Err(error),
            };
            let mut waiting = self.waiting();
            // Who asked may have gone.
            if let Some(head) = waiting.heads.remove(&id) {
                drop(head.send(found.and_then(|found| found.err().ok_or_else(confused))));
            } else if let Some(fetch) = waiting.fetches.remove(&id) {
                drop(fetch.send(found.and_then(|found| found.map_err(|_| confused()))));
            }
        }
    }

    pub(super) fn head(&self, uri: &ObjectUri) -> Result<Head, RemoteError> {
        let (done, head) = sync_channel(1);
        self.ask(uri, None, |waiting, id| drop(waiting.heads.insert(id, done)));
        head.recv().map_err(|_| gone())?
    }

    pub(super) fn fetch(&self, uri: &ObjectUri, range: Range) -> Fetch {
        let (done, fetch) = sync_channel(1);
        self.ask(uri, Some(range), |waiting, id| drop(waiting.fetches.insert(id, done)));
        fetch
    }

    fn ask(&self, uri: &ObjectUri, range: Option<Range>, wait: impl FnOnce(&mut Waiting, u64)) {
        let id = {
            let mut waiting = self.waiting();
            waiting.next += 1;
            let id = waiting.next;
            wait(&mut waiting, id);
            id
        };
        let question = Question { id, uri: uri.clone(), range };
        let sent = line(&question)
            .and_then(|line| self.output.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line));
        if sent.is_err() {
            // Whoever waits finds that nobody will answer.
            let mut waiting = self.waiting();
            waiting.heads.remove(&id);
            waiting.fetches.remove(&id);
        }
    }

    #[cfg(test)]
    pub(super) fn socket(&self) -> MutexGuard<'_, UnixStream> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone() -> RemoteError {
    RemoteError::Failed("the service that reads objects is gone".to_owned())
}

fn confused() -> RemoteError {
    RemoteError::Failed("the service answered something else".to_owned())
}

fn line(what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    Ok(line)
}

/// Answers a worker that asks for these objects and no others, until it is gone.
pub fn serve(buckets: Buckets, allowed: BTreeSet<ObjectUri>, socket: UnixStream) -> io::Result<()> {
    let questions = BufReader::new(socket.try_clone()?);
    let served = Arc::new(Served {
        buckets,
        allowed,
        socket: Mutex::new(socket),
        places: Mutex::new(AT_ONCE),
        free: Condvar::new(),
    });
    thread::Builder::new().name("worker-objects".into()).spawn(move || served.answer_all(questions)).map(drop)
}

/// The service's end.
struct Served {
    buckets: Buckets,
    allowed: BTreeSet<ObjectUri>,
    socket: Mutex<UnixStream>,
    /// How many more questions may be answered at the same time.
    places: Mutex<usize>,
    free: Condvar,
}

impl Served {
    fn answer_all(self: &Arc<Self>, mut questions: impl BufRead) {
        let mut line = Vec::new();
        loop {
            line.clear();
            match questions.by_ref().take(MAX_QUESTION).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let Ok(question) = serde_json::from_slice::<Question>(&line) else {
                // Its own task fails; nothing else depends on it.
                tracing::error!("a worker asked what is no question");
                let _ = self.socket().shutdown(std::net::Shutdown::Both);
                return;
            };
            self.take_place();
            let served = Arc::clone(self);
            let answer = move || {
                served.answer(question);
                served.give_place();
            };
            if thread::Builder::new().name("worker-object".into()).spawn(answer).is_err() {
                let _ = self.socket().shutdown(std::net::Shutdown::Both);
                return;
            }
        }
    }

    fn answer(&self, question: Question) {
        let id = question.id;
        let found = match self.find(question) {
            Ok((found, bytes)) => line(&Answer { id, result: Ok(found) }).map(|line| (line, bytes)),
            Err(error) => line(&Answer { id, result: Err(error) }).map(|line| (line, Vec::new())),
        };
        let Ok((line, bytes)) = found else { return };
        let mut socket = self.socket();
        // A worker that is gone is found by who watches it.
        let _ = socket.write_all(&line).and_then(|()| socket.write_all(&bytes));
    }

    fn find(&self, question: Question) -> Result<(Found, Vec<u8>), RemoteError> {
        let Question { uri, range, .. } = question;
        let denied = |why: String| RemoteError::Denied(why);
        let bucket = self.buckets.bucket(&uri, Access::Read).map_err(|error| denied(error.to_string()))?;
        let remote = bucket.remote.as_ref().filter(|_| self.allowed.contains(&uri));
        let remote = remote.ok_or_else(|| denied(format!("{uri} is none of this task's objects")))?;
        let Some(range) = range else { return Ok((Found::Head(remote.head(&uri)?), Vec::new())) };
        if range.length > MAX_LENGTH {
            return Err(RemoteError::Failed(format!("{} bytes at once are too many", range.length)));
        }
        let fetched: Receiver<_> = remote.fetch(&uri, range);
        let bytes = fetched.recv().map_err(|_| gone())??;
        Ok((Found::Bytes(bytes.len()), bytes))
    }

    fn take_place(&self) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        while *places == 0 {
            places = self.free.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
        *places -= 1;
    }

    fn give_place(&self) {
        *self.places.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.free.notify_one();
    }

    fn socket(&self) -> MutexGuard<'_, UnixStream> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
