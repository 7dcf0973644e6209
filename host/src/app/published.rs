//! Components that were published to a service: a folder with one file for each, named by its digest. Who it is says the component itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use semver::Version;

use crate::api::{Publication, PublishError};
use crate::sandbox::Sandbox;
use crate::task::{Failure, PluginId, PluginName, PluginRef};

/// How many may wait until the one before them is compiled; each holds its component in memory.
const MAX_WAITING: usize = 4;

/// The folder.
pub(super) struct Published {
    folder: PathBuf,
    /// How many plugins it may hold.
    most: usize,
    /// One change at a time.
    turn: Mutex<()>,
    waiting: AtomicUsize,
}

impl Published {
    /// Opens the folder, removes what a process that died left half-written, and puts what is in it among the plugins.
    pub(super) fn open(folder: PathBuf, most: usize, sandbox: &Sandbox) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", folder.display());
        let mut files = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            files.push(entry.map_err(failed)?.path());
        }
        files.sort();
        for file in files {
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("part") => fs::remove_file(&file).map_err(failed)?,
                Some("wasm") => take_in(sandbox, &file),
                _ => {}
            }
        }
        Ok(Self { folder, most, turn: Mutex::default(), waiting: AtomicUsize::default() })
    }

    /// Takes in a component under the name and version that it must have. It is compiled before it can be seen.
    pub(super) fn put(
        &self,
        sandbox: &Sandbox,
        name: &PluginName,
        version: &Version,
        component: &[u8],
        compile: impl Fn(&PluginRef, &Path) -> Result<(), Failure>,
    ) -> Result<Publication, PublishError> {
        let waiting = Waiting::new(&self.waiting);
        if waiting.before >= MAX_WAITING {
            return Err(PublishError::Busy);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let id = sandbox
            .identify(component)
            .map_err(|reason| PublishError::Wrong(format!("the component cannot be used: {reason}")))?;
        if (&id.name, &id.version) != (name, version) {
            let message = format!(
                "the component says that it is {} {}, and the path says {name} {version}; put it to /v1/plugins/{}/{}",
                id.name, id.version, id.name, id.version
            );
            return Err(PublishError::Wrong(message));
        }
        if sandbox.is_reserved(name) {
            let message = format!("{name} is the name of a plugin of the host; give yours another one");
            return Err(PublishError::Conflict("PluginReserved", message));
        }
        match sandbox.claim(name, version) {
            Some(claim) if claim.id.digest != id.digest => {
                let message = format!(
                    "{name} {version} is there with other bytes ({}): a version does not change; raise it",
                    claim.id.digest
                );
                return Err(PublishError::Conflict("PluginExists", message));
            }
            Some(_) => return Ok(Publication { id, is_new: false }),
            None => {}
        }
        if sandbox.published() >= self.most {
            let message = format!("there are {} published plugins, as many as plugins.max_published allows", self.most);
            return Err(PublishError::Conflict("LimitExceededError", message));
        }
        let part = Part(self.folder.join(format!("{}.part", hex(&id))));
        let storage = |error: io::Error| PublishError::Storage(format!("{}: {error}", self.folder.display()));
        part.write(component).map_err(storage)?;
        compile(&PluginRef::exactly(&id), &part.0).map_err(PublishError::Failed)?;
        let file = self.file(&id);
        fs::rename(&part.0, &file).and_then(|()| self.sync()).map_err(storage)?;
        sandbox.publish(&file).map_err(PublishError::Storage)?;
        tracing::info!(plugin = %id, digest = id.digest, "published");
        Ok(Publication { id, is_new: true })
    }

    /// Removes a component. Nobody uses it any more: that is for the caller to know.
    pub(super) fn remove(&self, sandbox: &Sandbox, plugin: &PluginId) -> Result<(), PublishError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = match fs::remove_file(self.file(plugin)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.sync(),
        };
        removed.map_err(|error| PublishError::Storage(format!("{}: {error}", self.folder.display())))?;
        sandbox.unpublish(&plugin.digest);
        tracing::info!(%plugin, digest = plugin.digest, "removed");
        Ok(())
    }

    fn file(&self, plugin: &PluginId) -> PathBuf {
        self.folder.join(format!("{}.wasm", hex(plugin)))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

fn hex(plugin: &PluginId) -> &str {
    plugin.digest.strip_prefix("sha256:").unwrap_or(&plugin.digest)
}

/// A file that is no longer what it was published as is left where it is, for whoever looks into it.
fn take_in(sandbox: &Sandbox, file: &Path) {
    let id = fs::read(file).map_err(|error| error.to_string()).and_then(|bytes| sandbox.identify(&bytes));
    let named = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let taken = id.and_then(|id| {
        if hex(&id) != named {
            return Err(format!("its bytes have the digest {}", id.digest));
        }
        sandbox.publish(file)
    });
    if let Err(reason) = taken {
        tracing::error!(file = %file.display(), reason, "this published plugin is damaged and not usable");
    }
}

/// A component that is not published yet. It is removed where it was not moved.
struct Part(PathBuf);

impl Part {
    fn write(&self, component: &[u8]) -> io::Result<()> {
        let mut file = File::create(&self.0)?;
        file.write_all(component)?;
        file.sync_all()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After the move there is nothing left to remove.
        drop(fs::remove_file(&self.0));
    }
}

/// A place among those that wait.
struct Waiting<'a> {
    places: &'a AtomicUsize,
    before: usize,
}

impl<'a> Waiting<'a> {
    fn new(places: &'a AtomicUsize) -> Self {
        Self { places, before: places.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.places.fetch_sub(1, Ordering::Relaxed);
    }
}
