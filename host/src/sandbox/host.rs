//! The sandbox as the rest of the host sees it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::assets::{AssetSource, NoAssets};
use super::bindings::{ParameterPolicyPre, UriPolicyPre, VideoFilterPre};
use super::catalog::{BrokenPlugin, Catalog, Embedded, Plugin, PluginInfo, PluginReport};
use super::compiled::CompiledCache;
use super::fonts::Fonts;
use super::guest::Guest;
use super::imports::log::{HostLog, PluginLog};
use super::limits::Limits;
use super::turns::{Turn, Turns};
use super::world::World;
use super::{SandboxError, engine, imports};
use crate::task::{Failure, PluginId, PluginName, PluginRef, Stage};

/// Default of [`SandboxConfig::max_component_bytes`].
pub const MAX_COMPONENT_BYTES: u64 = 16 << 20;

/// What a [`Sandbox`] is made of.
pub struct SandboxConfig {
    /// Components that are part of the host.
    pub embedded: Vec<Embedded>,
    /// Folder of `*.wasm` files; `None`: only the embedded ones.
    pub plugin_folder: Option<PathBuf>,
    /// More components, each in a file of any name.
    pub plugin_files: Vec<PathBuf>,
    /// Folder for compiled code; `None`: every process compiles for itself.
    pub cache_folder: Option<PathBuf>,
    /// Whether this process may compile components. One that may not takes only what the folder for compiled code holds.
    pub compile: bool,
    /// Largest component in a file, in bytes.
    pub max_component_bytes: u64,
    /// Limits of all plugins that are not named in `plugin_limits`.
    pub limits: Limits,
    /// Limits of single plugins.
    pub plugin_limits: HashMap<PluginName, Limits>,
    /// The fonts that plugins see.
    pub fonts: Arc<Fonts>,
    /// Opens the objects that parameters name.
    pub assets: Arc<dyn AssetSource>,
    /// Who is told what plugins log, besides the log of the host.
    pub log: Arc<dyn PluginLog>,
}

impl Default for SandboxConfig {
    /// No plugins, no objects, the default fonts and limits.
    fn default() -> Self {
        Self {
            embedded: Vec::new(),
            plugin_folder: None,
            plugin_files: Vec::new(),
            cache_folder: None,
            compile: true,
            max_component_bytes: MAX_COMPONENT_BYTES,
            limits: Limits::default(),
            plugin_limits: HashMap::new(),
            fonts: Arc::default(),
            assets: Arc::new(NoAssets),
            log: Arc::new(HostLog),
        }
    }
}

/// Checks of templates by foreign policies at the same time. They run in the process that takes submissions, each with the memory
/// of its limits; built-in ones need not wait for them.
const FOREIGN_CHECKS: usize = 4;

/// A component that is compiled and linked: what remains is a store and an instance.
#[derive(Clone)]
pub(super) enum Ready {
    Uri(UriPolicyPre<Guest>),
    Parameters(ParameterPolicyPre<Guest>),
    Filter(VideoFilterPre<Guest>),
}

/// Compiled once, whoever asks first; later ones wait for it.
type Slot = Arc<OnceLock<Result<Ready, String>>>;

/// All plugins of a process. It serves any number of threads.
pub struct Sandbox {
    engine: Engine,
    catalog: RwLock<Arc<Catalog>>,
    max_component_bytes: u64,
    cache: Option<CompiledCache>,
    compile: bool,
    limits: Limits,
    plugin_limits: HashMap<PluginName, Limits>,
    log: Arc<dyn PluginLog>,
    fonts: Arc<Fonts>,
    assets: Arc<dyn AssetSource>,
    slots: Mutex<HashMap<String, Slot>>,
    checks: Turns,
}

impl Sandbox {
    /// Reads the manifests of all plugins and starts the engine. Nothing is compiled yet.
    pub fn new(config: SandboxConfig) -> Result<Arc<Self>, SandboxError> {
        config.limits.check().map_err(|reason| SandboxError::Limits("limits".into(), reason))?;
        for (name, limits) in &config.plugin_limits {
            limits.check().map_err(|reason| SandboxError::Limits(format!("limits of plugin {name}"), reason))?;
        }
        let engine = engine::start()?;
        let folder = config.plugin_folder.as_deref();
        let catalog = Catalog::load(&config.embedded, folder, &config.plugin_files, config.max_component_bytes)?;
        let cache = config.cache_folder.map(|folder| CompiledCache::open(&folder, &engine)).transpose()?;
        Ok(Arc::new(Self {
            engine,
            catalog: RwLock::new(Arc::new(catalog)),
            max_component_bytes: config.max_component_bytes,
            cache,
            compile: config.compile,
            limits: config.limits,
            plugin_limits: config.plugin_limits,
            fonts: config.fonts,
            log: config.log,
            assets: config.assets,
            slots: Mutex::default(),
            checks: Turns::new(FOREIGN_CHECKS),
        }))
    }

    /// Name, version and digest of what a reference means. Fails with `PluginNotFound`, or `PluginIncompatible` where two
    /// components claim to be it.
    pub fn plugin_id(&self, plugin: &PluginRef) -> Result<PluginId, Failure> {
        self.catalog().find(plugin, Stage::Resolve).map(|plugin| plugin.id.clone())
    }

    /// Everything that can be used.
    pub fn list(&self) -> Vec<PluginInfo> {
        self.catalog().list()
    }

    /// Files in the plugin folder that are no usable plugins.
    pub fn broken(&self) -> Vec<BrokenPlugin> {
        self.catalog().broken().to_vec()
    }

    /// The plugin in one of [`SandboxConfig::plugin_files`]. The error says, as a sentence part about the component, why it is none.
    pub fn in_file(&self, file: &Path) -> Result<PluginRef, String> {
        self.catalog().in_file(file)
    }

    /// Compiles a plugin, or loads its compiled code, and tells what it is. Fails like [`Sandbox::plugin_id`], and with
    /// `PluginIncompatible` where it does not fit this host.
    pub fn examine(&self, plugin: &PluginRef) -> Result<PluginReport, Failure> {
        let plugin = self.catalog().find(plugin, Stage::Resolve)?;
        self.ready(&plugin, Stage::Resolve)?;
        Ok(plugin.report())
    }

    /// The world that a plugin is made for. Fails like [`Sandbox::plugin_id`].
    pub fn world(&self, plugin: &PluginRef) -> Result<World, Failure> {
        self.catalog().find(plugin, Stage::Resolve).map(|plugin| plugin.world)
    }

    /// Whether a plugin's compiled code is in its folder. Fails like [`Sandbox::plugin_id`].
    pub fn is_compiled(&self, plugin: &PluginRef) -> Result<bool, Failure> {
        let plugin = self.catalog().find(plugin, Stage::Resolve)?;
        Ok(self.cache.as_ref().is_some_and(|cache| cache.load(&self.engine, &plugin.id.digest).is_some()))
    }

    /// The objects that a filter of this plugin could read with these parameters; none where it could not be opened.
    pub fn assets(&self, plugin: &PluginRef, parameters: &serde_json::Value) -> BTreeSet<String> {
        let plugin = self.catalog().find(plugin, Stage::Resolve).ok();
        let schema = plugin.as_ref().and_then(|plugin| plugin.schema.as_ref());
        schema.and_then(|schema| schema.assets(parameters).ok()).unwrap_or_default()
    }

    /// Compiles a plugin, or loads its compiled code, so that the first use need not.
    pub fn prepare(&self, plugin: &PluginRef) -> Result<PluginId, Failure> {
        let plugin = self.catalog().find(plugin, Stage::Resolve)?;
        self.ready(&plugin, Stage::Resolve)?;
        Ok(plugin.id.clone())
    }

    /// How long it takes to make a plugin ready as the first task of a process does: to load its compiled code, or to compile it where
    /// no folder keeps that. Fails like [`Sandbox::examine`].
    pub fn load_time(&self, plugin: &PluginRef) -> Result<Duration, Failure> {
        let plugin = self.catalog().find(plugin, Stage::Resolve)?;
        let begun = Instant::now();
        self.make(&plugin).map_err(|reason| plugin.incompatible(Stage::Resolve, &reason))?;
        Ok(begun.elapsed())
    }

    /// The compiled component of a plugin.
    pub(super) fn ready(&self, plugin: &Plugin, stage: Stage) -> Result<Ready, Failure> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(plugin.id.digest.clone()).or_default())
        };
        slot.get_or_init(|| self.make(plugin)).clone().map_err(|reason| plugin.incompatible(stage, &reason))
    }

    fn make(&self, plugin: &Plugin) -> Result<Ready, String> {
        let compiled = match &self.cache {
            Some(cache) if !self.compile => {
                let missing = || "it is not compiled; the log says why. Restart the service to try again".to_owned();
                cache.load(&self.engine, &plugin.id.digest).map(Ok).ok_or_else(missing)?
            }
            Some(cache) => cache.load_or_compile(&self.engine, &plugin.id.digest, &plugin.bytes()?),
            None => Component::from_binary(&self.engine, &plugin.bytes()?),
        };
        let invalid =
            |error: wasmtime::Error| format!("it cannot be compiled: {error:#}. Rebuild it with the SDK of this host");
        let component = compiled.map_err(invalid)?;
        let linked = || {
            let pre = imports::linker(&self.engine, plugin.world)?.instantiate_pre(&component)?;
            Ok(match plugin.world {
                World::UriPolicy => Ready::Uri(UriPolicyPre::new(pre)?),
                World::ParameterPolicy => Ready::Parameters(ParameterPolicyPre::new(pre)?),
                World::VideoFilter => Ready::Filter(VideoFilterPre::new(pre)?),
            })
        };
        linked().map_err(|error: wasmtime::Error| {
            format!(
                "it does not fit {} as this host offers it: {error:#}. Rebuild it with the SDK of this host",
                plugin.world
            )
        })
    }

    /// Limits of a plugin.
    pub(super) fn limits(&self, name: &PluginName) -> &Limits {
        self.plugin_limits.get(name).unwrap_or(&self.limits)
    }

    /// What there is at this moment.
    pub(super) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what there is. Who looks at it meanwhile goes on with what was there.
    pub(super) fn change_catalog<T>(&self, change: impl FnOnce(&mut Catalog) -> T) -> T {
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut catalog))
    }

    /// Forgets what is compiled of a component, or why it is not.
    pub(super) fn drop_compiled(&self, digest: &str) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }

    /// Largest component in a file, in bytes.
    pub fn max_component_bytes(&self) -> u64 {
        self.max_component_bytes
    }

    /// Waits until a check by this plugin may begin; it may go on until the turn is dropped.
    pub(super) fn turn_to_check(&self, plugin: &Plugin) -> Option<Turn<'_>> {
        (!plugin.is_built_in()).then(|| self.checks.take())
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn log(&self) -> &Arc<dyn PluginLog> {
        &self.log
    }

    /// The fonts that its plugins see.
    pub fn fonts(&self) -> &Arc<Fonts> {
        &self.fonts
    }

    /// What opens the objects that parameters name.
    pub fn asset_source(&self) -> &Arc<dyn AssetSource> {
        &self.assets
    }
}
