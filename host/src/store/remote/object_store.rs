//! An object store, by OpenDAL.
//!
//! Requests that fail in a way that may pass are sent again, and none waits for ever. Uploads are in parts that nobody sees before
//! the upload is completed.

use std::collections::HashMap;
use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, Once, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use opendal::layers::{RetryEvent, RetryLayer, TimeoutLayer};
use opendal::services::{Memory, Oss, S3};
use opendal::{ErrorKind, Operator, Writer};
use tokio::runtime::Runtime;

use super::{Fetch, Head, Range, RemoteError, content_type};
use crate::store::config::{BucketPlace, ObjectStoreConfig};

/// How often a request is sent again that failed in a way that may pass.
const RETRIES: usize = 4;
/// First and longest time between two of them.
const DELAYS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// Size of the parts of uploads and of copies, in bytes, unless there would be too many.
const PART: u64 = 8 << 20;
/// Stores take no more than 10,000 parts.
const MAX_PARTS: u64 = 9_000;
/// Parts that are sent at the same time.
const AT_ONCE: usize = 4;
/// The region that requests are signed for where none is configured.
const REGION: &str = "us-east-1";

/// Where requests run. It lives as long as the process: whoever drops a bucket may be such a request.
fn runtime() -> Result<&'static Runtime, String> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let make = || {
        let built = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("object-store")
            .enable_all()
            .build();
        built.map_err(|error| format!("no threads for object stores could be started: {error}"))
    };
    RUNTIME.get_or_init(make).as_ref().map_err(Clone::clone)
}

/// HTTP and TLS for all stores.
fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        // Fails where somebody has chosen one before, and that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        opendal_http_transport_reqwest::install_default();
    });
}

/// A bucket of an object store.
pub(in crate::store) struct ObjectStore {
    operator: Operator,
    runtime: &'static Runtime,
    /// Those that lack nothing but to be completed, by the name of the staged file.
    uploads: Mutex<HashMap<String, Writer>>,
}

impl ObjectStore {
    /// Opens a bucket. Nothing is sent yet. The error is a sentence part that names the field.
    pub(in crate::store) fn open(name: &str, place: &BucketPlace) -> Result<Option<Self>, String> {
        let (operator, timeout) = match place {
            BucketPlace::Folder(_) => return Ok(None),
            BucketPlace::S3(config) => (s3(name, config)?, config.timeout()),
            BucketPlace::Oss(config) => (oss(name, config)?, config.timeout()),
            BucketPlace::Memory => (Operator::new(Memory::default()), Duration::from_secs(30)),
        };
        init();
        let operator = operator.map_err(|error| error.to_string())?;
        let (first, longest) = DELAYS;
        let retry =
            RetryLayer::new().with_max_times(RETRIES).with_min_delay(first).with_max_delay(longest).with_jitter();
        let retry = retry.with_notify(note_retry);
        let timeout = TimeoutLayer::new().with_timeout(timeout).with_io_timeout(timeout);
        let operator = operator.layer(timeout).layer(retry);
        Ok(Some(Self { operator, runtime: runtime()?, uploads: Mutex::default() }))
    }

    /// Waits for a request. Unlike `block_on` it can be called from everywhere.
    fn wait<T: Send + 'static>(
        &self,
        request: impl Future<Output = opendal::Result<T>> + Send + 'static,
    ) -> Result<T, RemoteError> {
        let (done, result) = sync_channel(1);
        self.runtime.spawn(async move { drop(done.send(request.await)) });
        match result.recv() {
            Ok(result) => result.map_err(failed),
            Err(_) => Err(RemoteError::Failed("its request panicked".to_owned())),
        }
    }

    /// What is known of an object.
    pub(super) fn head(&self, key: &str) -> Result<Head, RemoteError> {
        let (operator, key) = (self.operator.clone(), key.to_owned());
        self.wait(async move {
            let found = operator.stat(&key).await?;
            Ok(Head {
                size: found.content_length(),
                modified: found.last_modified().map_or(SystemTime::UNIX_EPOCH, Into::into),
                etag: found.etag().map(str::to_owned),
            })
        })
    }

    /// Begins to read a part of an object.
    pub(super) fn fetch(&self, key: &str, range: Range) -> Fetch {
        let (operator, key) = (self.operator.clone(), key.to_owned());
        let (done, fetch) = sync_channel(1);
        self.runtime.spawn(async move { drop(done.send(read(&operator, &key, range).await)) });
        fetch
    }

    /// Sends all bytes of a file that will be an object, but does not complete the upload.
    pub(super) fn upload(&self, staged: &str, key: &str, mut file: File, size: u64) -> Result<(), RemoteError> {
        let part = PART.max(size.div_ceil(MAX_PARTS));
        let (operator, name) = (self.operator.clone(), key.to_owned());
        let mut writer = self.wait(async move {
            let writer =
                operator.writer_with(&name).chunk(usize::try_from(part).unwrap_or(usize::MAX)).concurrent(AT_ONCE);
            match content_type::of(&name) {
                Some(kind) => writer.content_type(kind).await,
                None => writer.await,
            }
        })?;
        loop {
            let mut bytes = Vec::new();
            let read = file.by_ref().take(part).read_to_end(&mut bytes);
            let end = match read {
                Ok(read) => read == 0,
                Err(error) => {
                    self.abort(writer);
                    return Err(RemoteError::Failed(format!("its staged file cannot be read: {error}")));
                }
            };
            if end {
                break;
            }
            let (result, given_back) = self.write(writer, bytes)?;
            writer = given_back;
            if let Err(error) = result {
                self.abort(writer);
                return Err(failed(error));
            }
        }
        let before = self.uploads().insert(staged.to_owned(), writer);
        before.into_iter().for_each(|before| self.abort(before));
        Ok(())
    }

    fn write(&self, mut writer: Writer, bytes: Vec<u8>) -> Result<(opendal::Result<()>, Writer), RemoteError> {
        self.wait(async move {
            let result = writer.write(bytes).await;
            Ok((result, writer))
        })
    }

    /// Completes an upload: the object is there, whole. `false`: this process has not made it.
    pub(super) fn complete(&self, staged: &str) -> Result<bool, RemoteError> {
        let Some(mut writer) = self.uploads().remove(staged) else { return Ok(false) };
        self.wait(async move { writer.close().await.map(drop) }).map(|()| true)
    }

    /// Gives up all uploads of staged files whose names begin so.
    pub(super) fn give_up(&self, prefix: &str) {
        let names: Vec<_> = self.uploads().keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        for name in names {
            let writer = self.uploads().remove(&name);
            writer.into_iter().for_each(|writer| self.abort(writer));
        }
    }

    fn abort(&self, mut writer: Writer) {
        if let Err(error) = self.wait(async move { writer.abort().await }) {
            tracing::warn!(?error, "an upload could not be given up; the store removes it if it has a rule for that");
        }
    }

    /// Copies an object within the store; by reading and writing it where the store cannot.
    pub(super) fn copy(&self, from: &str, to: &str) -> Result<(), RemoteError> {
        let (operator, from, to) = (self.operator.clone(), from.to_owned(), to.to_owned());
        self.wait(async move {
            if operator.info().capability().copy {
                return operator.copy(&from, &to).await.map(drop);
            }
            let size = operator.stat(&from).await?.content_length();
            let mut writer = operator.writer(&to).await?;
            let mut offset = 0;
            while offset < size {
                let end = size.min(offset + PART);
                writer.write(operator.read_with(&from).range(offset..end).await?).await?;
                offset = end;
            }
            writer.close().await.map(drop)
        })
    }

    /// Removes an object; it need not be there.
    pub(super) fn delete(&self, key: &str) -> Result<(), RemoteError> {
        let (operator, key) = (self.operator.clone(), key.to_owned());
        self.wait(async move { operator.delete(&key).await })
    }

    fn uploads(&self) -> std::sync::MutexGuard<'_, HashMap<String, Writer>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn read(operator: &Operator, key: &str, range: Range) -> Result<Vec<u8>, RemoteError> {
    let Range { etag, offset, length } = range;
    let end = offset.saturating_add(length as u64);
    let read = operator.read_with(key).range(offset..end);
    let read = match etag.filter(|_| operator.info().capability().read_with_if_match) {
        Some(etag) => read.if_match(&etag).await,
        None => read.await,
    };
    let bytes = read.map_err(failed)?.to_vec();
    if bytes.len() == length {
        return Ok(bytes);
    }
    Err(RemoteError::Failed(format!("{} of the {length} bytes from {offset} on came", bytes.len())))
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped over results")]
fn failed(error: opendal::Error) -> RemoteError {
    match error.kind() {
        ErrorKind::NotFound => RemoteError::NotFound,
        ErrorKind::PermissionDenied => RemoteError::Denied(said(&error)),
        ErrorKind::ConditionNotMatch => RemoteError::Changed,
        _ => RemoteError::Failed(said(&error)),
    }
}

/// What the store answered, or why there is no answer. Where the store is, and what it said in full, stands in the log.
fn said(error: &opendal::Error) -> String {
    let whole = one_line(&error.to_string());
    tracing::warn!(error = whole, "an object store did not do what it was asked for");
    let after = |text: &str, end: char| {
        let rest = whole.split_once(text)?.1;
        Some(rest.split(end).next()?.to_owned()).filter(|word| !word.is_empty() && word.len() < 100)
    };
    let code = after("code: \"", '"').map(|code| format!(" ({code})")).unwrap_or_default();
    match after("status: ", ',') {
        Some(status) => format!("the object store answered with status {status}{code}"),
        None => format!("the object store cannot be reached: {}", one_line(error.message())),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tells of a request that is sent again.
#[expect(clippy::needless_pass_by_value, reason = "the trait of such functions says so")]
fn note_retry(event: RetryEvent<'_>) {
    let (error, seconds) = (one_line(&event.err.to_string()), event.retry_after.as_secs_f64());
    tracing::info!(attempt = event.attempt, seconds, error, "a request to an object store is sent again");
}

fn s3(name: &str, config: &ObjectStoreConfig) -> Result<opendal::Result<Operator>, String> {
    let mut s3 = S3::default()
        .bucket(config.bucket.as_deref().unwrap_or(name))
        .region(config.region.as_deref().unwrap_or(REGION))
        .root(&config.root)
        // The store checks what it got.
        .checksum_algorithm("crc32c")
        // What is not configured is not looked for in files, variables and machines' metadata.
        .disable_config_load()
        .disable_ec2_metadata();
    if let Some(endpoint) = &config.endpoint {
        s3 = s3.endpoint(&url(endpoint)?);
    }
    if config.path_style == Some(false) {
        s3 = s3.enable_virtual_host_style();
    }
    s3 = match (&config.access_key, config.secret()?) {
        (Some(key), Some(secret)) => s3.access_key_id(key).secret_access_key(secret.reveal()),
        _ => s3.skip_signature(),
    };
    Ok(Operator::new(s3))
}

fn oss(name: &str, config: &ObjectStoreConfig) -> Result<opendal::Result<Operator>, String> {
    let Some(endpoint) = &config.endpoint else {
        return Err("endpoint is missing, such as https://oss-cn-hangzhou.aliyuncs.com".to_owned());
    };
    let mut oss =
        Oss::default().bucket(config.bucket.as_deref().unwrap_or(name)).root(&config.root).endpoint(&url(endpoint)?);
    if config.path_style == Some(true) {
        oss = oss.addressing_style("path");
    }
    oss = match (&config.access_key, config.secret()?) {
        (Some(key), Some(secret)) => oss.access_key_id(key).access_key_secret(secret.reveal()),
        _ => oss.skip_signature(),
    };
    Ok(Operator::new(oss))
}

fn url(endpoint: &str) -> Result<String, String> {
    let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(['@', '?', '#', ' ']) => Ok(endpoint.to_owned()),
        _ => Err(format!("endpoint {endpoint} is no URL such as https://s3.example.org")),
    }
}
