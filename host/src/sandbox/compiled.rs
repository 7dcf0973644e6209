//! Compiled code on disk, so that a component is compiled once per host and not once per task.
//!
//! Loading compiled code is as trusting as running it natively. So the folder must belong to this user and be writable by nobody
//! else, every file is checked for the same, and the payload's digest must be right. Whatever is wrong with a file, the
//! component is compiled again.
//!
//! Files are mapped: of megabytes of code a process has in memory what it runs, and processes that run the same share it. So a file is never changed once it has its name,
//! and what describes the payload follows it, for a mapping begins with the file.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::SandboxError;
use super::catalog::hex;

/// Ends every file; its number changes with the layout.
const MAGIC: &[u8; 8] = b"wasmuxc2";

/// SHA-256 of the payload and magic.
const TRAILER: usize = 32 + 8;

/// Bytes that are read at once.
const READ: usize = 64 << 10;

/// Largest file that is used. Compiled code is some ten times as large as its component.
const MAX_FILE: u64 = 512 << 20;

/// A folder of compiled components.
pub(super) struct CompiledCache {
    folder: PathBuf,
    engine_key: String,
}

impl CompiledCache {
    /// Opens the folder, or makes it with mode 0700. Refuses one that somebody else owns or may write to.
    pub(super) fn open(folder: &Path, engine: &Engine) -> Result<Self, SandboxError> {
        let refused = |reason: String| SandboxError::CacheFolder(folder.to_owned(), reason);
        match fs::DirBuilder::new().recursive(true).mode(0o700).create(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(refused(format!("cannot be made: {error}")));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(folder).map_err(|error| refused(format!("cannot be read: {error}")))?;
        if !found.is_dir() {
            return Err(refused("is no folder".into()));
        }
        trusted(&found).map_err(refused)?;
        Ok(Self { folder: folder.to_owned(), engine_key: engine_key(engine) })
    }

    /// The compiled component of this digest (`sha256:...`), from the folder where it is there and sound.
    pub(super) fn load_or_compile(
        &self,
        engine: &Engine,
        digest: &str,
        component: &[u8],
    ) -> wasmtime::Result<Component> {
        if let Some(component) = self.load(engine, digest) {
            return Ok(component);
        }
        let path = self.path(digest);
        let compiled = Component::from_binary(engine, component)?;
        if let Err(error) =
            compiled.serialize().map_err(io::Error::other).and_then(|payload| self.store(&path, &payload))
        {
            // A worker may read the folder and not write it: then the code is only kept in memory.
            tracing::debug!(file = %path.display(), %error, "compiled code is not kept");
        }
        Ok(compiled)
    }

    /// The compiled component of this digest, where it is in the folder and sound.
    pub(super) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(digest);
        match self.read(engine, &path) {
            Ok(component) => Some(component),
            Err(reason) => {
                if reason.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(file = %path.display(), %reason, "compiled code is not usable and is made again");
                }
                None
            }
        }
    }

    fn path(&self, digest: &str) -> PathBuf {
        let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
        self.folder.join(format!("{digest}-{}.cwasm", self.engine_key))
    }

    fn read(&self, engine: &Engine, path: &Path) -> io::Result<Component> {
        let flags = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(io::Error::other)?;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        trusted(&found).map_err(|reason| io::Error::other(format!("it {reason}")))?;
        if found.len() > MAX_FILE {
            return Err(io::Error::other("it is too large"));
        }
        check_payload(file, found.len())?;
        deserialize(engine, path).map_err(io::Error::other)
    }

    /// Writes beside the place and renames, so that no reader ever sees half a file, whichever process writes.
    fn store(&self, path: &Path, payload: &[u8]) -> io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(".{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let temporary = self.folder.join(name);
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).and_then(|file| {
            write_payload(file, payload)?;
            fs::rename(&temporary, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

fn write_payload(mut file: File, payload: &[u8]) -> io::Result<()> {
    file.write_all(payload)?;
    file.write_all(&Sha256::digest(payload))?;
    file.write_all(MAGIC)
}

/// Whether a file of this length is what [`write_payload`] makes.
fn check_payload(file: File, length: u64) -> io::Result<()> {
    let wrong = || io::Error::other("its digest is wrong");
    let payload = length.checked_sub(TRAILER as u64).ok_or_else(wrong)?;
    let mut reader = BufReader::with_capacity(READ, file);
    let mut hasher = Sha256::new();
    let mut rest = payload;
    while rest > 0 {
        let bytes = reader.fill_buf()?;
        let count = bytes.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        let part = bytes.get(..count).filter(|part| !part.is_empty()).ok_or_else(wrong)?;
        hasher.update(part);
        reader.consume(count);
        rest -= count as u64;
    }
    let mut trailer = [0; TRAILER];
    reader.read_exact(&mut trailer)?;
    let digest = trailer.strip_suffix(MAGIC).ok_or_else(wrong)?;
    if hasher.finalize().as_slice() == digest { Ok(()) } else { Err(wrong()) }
}

#[expect(unsafe_code, reason = "loading compiled code cannot be made safe; this is the only place that does it")]
fn deserialize(engine: &Engine, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file must begin with the unchanged output of `Component::serialize`, and must not change while it is mapped. Its digest was
    // just found to be right, and it is a regular file that this user owns and nobody else may write, in a folder of which the same was checked. No wasmux
    // changes a file there: it gets its name when it is whole, and is replaced by another of its name or removed. Who else can write there can already
    // run code as this user. The engine checks version and settings itself; it finds sections by the table at the beginning, so that what follows them does not matter.
    let mapped = unsafe { Component::deserialize_file(engine, path) };
    mapped.or_else(|_| {
        // Code of a file system without execution cannot be mapped, but copied.
        let bytes = fs::read(path)?;
        // SAFETY: the same.
        unsafe { Component::deserialize(engine, &bytes) }
    })
}

/// Whether only this user can have written it; the error follows its name.
fn trusted(found: &fs::Metadata) -> Result<(), String> {
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user {
        return Err(format!("belongs to user {}, not to user {user} who runs this process", found.uid()));
    }
    if found.mode() & 0o022 != 0 {
        return Err(format!("is writable by others (mode {:o}); make it 0700", found.mode() & 0o7777));
    }
    Ok(())
}

/// Layout of the files, version and settings of wasmtime and the features of this CPU, as hex digits.
fn engine_key(engine: &Engine) -> String {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    hasher.write(MAGIC);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex(&hasher.0.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::testing::{ComponentBytes, Folder};
    use super::*;

    fn component() -> Vec<u8> {
        ComponentBytes::new().nested_manifest("{}").bytes()
    }

    fn files(cache: &CompiledCache) -> Vec<PathBuf> {
        fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn cache(folder: &Folder, engine: &Engine) -> CompiledCache {
        CompiledCache::open(&folder.path().join("deep/cache"), engine).unwrap()
    }

    #[test]
    fn code_is_written_once_and_loaded_after() {
        let (folder, engine) = (Folder::new(), Engine::default());
        let cache = cache(&folder, &engine);
        assert_eq!(fs::metadata(&cache.folder).unwrap().mode() & 0o777, 0o700);
        cache.load_or_compile(&engine, "sha256:ab", &component()).unwrap();
        let written = files(&cache);
        assert_eq!(written.len(), 1);
        assert!(cache.read(&engine, &written[0]).is_ok());
        // Garbage as component shows that nothing is compiled.
        cache.load_or_compile(&engine, "sha256:ab", b"garbage").unwrap();
        assert!(cache.load_or_compile(&engine, "sha256:cd", b"garbage").is_err());
    }

    #[test]
    fn a_corrupt_file_is_made_again() {
        let (folder, engine) = (Folder::new(), Engine::default());
        let cache = cache(&folder, &engine);
        cache.load_or_compile(&engine, "sha256:ab", &component()).unwrap();
        let path = cache.path("sha256:ab");
        let sound = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = sound.clone();
            bytes[at] ^= 1;
            bytes
        };
        let (half, longer) = (sound[..sound.len() / 2].to_vec(), [&sound[..], b"x"].concat());
        let ends = [0, sound.len() / 2, sound.len() - TRAILER, sound.len() - 1].map(flipped);
        for corrupt in ends.into_iter().chain([half, longer, Vec::new(), b"garbage".repeat(100)]) {
            fs::remove_file(&path).unwrap();
            fs::write(&path, &corrupt).unwrap();
            assert!(cache.read(&engine, &path).is_err());
            cache.load_or_compile(&engine, "sha256:ab", &component()).unwrap();
            assert!(cache.read(&engine, &path).is_ok());
        }
    }

    #[test]
    fn a_right_digest_does_not_make_garbage_code() {
        let (folder, engine) = (Folder::new(), Engine::default());
        let cache = cache(&folder, &engine);
        let path = cache.path("sha256:ab");
        cache.store(&path, b"garbage with a right digest").unwrap();
        assert!(cache.read(&engine, &path).is_err());
    }

    #[test]
    fn files_and_folders_that_others_may_write_are_refused() {
        let (folder, engine) = (Folder::new(), Engine::default());
        let cache = cache(&folder, &engine);
        cache.load_or_compile(&engine, "sha256:ab", &component()).unwrap();
        let path = cache.path("sha256:ab");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(cache.read(&engine, &path).unwrap_err().to_string().contains("writable by others"));
        fs::set_permissions(&cache.folder, fs::Permissions::from_mode(0o770)).unwrap();
        let error = CompiledCache::open(&cache.folder, &engine).err().unwrap();
        assert!(error.to_string().contains("mode 770"), "{error}");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&cache.folder, &link).unwrap();
        assert!(CompiledCache::open(&link, &engine).is_err());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_failure() {
        let (folder, engine) = (Folder::new(), Engine::default());
        let cache = cache(&folder, &engine);
        fs::remove_dir(&cache.folder).unwrap();
        assert!(cache.load_or_compile(&engine, "sha256:ab", &component()).is_ok());
    }

    #[test]
    fn other_settings_have_another_key() {
        let mut config = wasmtime::Config::new();
        config.cranelift_nan_canonicalization(true);
        let other = Engine::new(&config).unwrap();
        assert_ne!(engine_key(&Engine::default()), engine_key(&other));
        assert_eq!(engine_key(&Engine::default()), engine_key(&Engine::default()));
    }
}
