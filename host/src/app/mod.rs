//! Wiring: which room stands behind which trait.

mod cases;
mod config;
mod host;
mod measure;
mod messages;
mod native;
mod published;
mod roles;
mod serve;
mod trial;
mod work;

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;
use uuid::Uuid;

pub use cases::{CASES_BUCKET, Judged, Verdict, cases};
pub use config::{AppConfig, DEFAULT_CONFIG, DEFAULT_LISTEN, PluginConfig, ServeConfig, limits};
pub use measure::{Course, Measured, Subject, measure};
pub use native::{NativeFilters, NativeHost};
pub use roles::{ProjectConfig, RoleConfig};
pub use serve::Service;
pub use trial::{Trial, TrialError};
pub use work::work;

use crate::intake::{self, BucketRights, Faults, NoticeRights, RoleDefaults};
use crate::media::{self, ByteSource, Interrupt};
use crate::pipeline::{Measuring, Places, Progress};
use crate::plan::Plan;
use crate::sandbox::{
    AssetReader, AssetSource, BrokenPlugin, Embedded, Fonts, PluginInfo, PluginLog, PluginReport, Sandbox,
    SandboxConfig, World,
};
use crate::store::{Access, BucketParts, Buckets, Link, ObjectReader, Staging};
use crate::task::{
    ErrorCode, Failure, MediaMeta, ObjectUri, PluginId, PluginRef, SegmentFile, SourceSpec, Stage, TaskLimits,
    TaskSpec, Timestamp,
};
use crate::worker::{self, Done, Prepared, Sources, Surroundings};

/// The components that are part of the binary.
pub const BUILT_IN: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// A filter that does nothing, which no request can name.
const NULL_FILTER: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/null_filter.rs"));

/// Everything that tasks run on.
pub struct App {
    buckets: Arc<Buckets>,
    sandbox: Arc<Sandbox>,
    /// Filters as native code; only where somebody measures.
    native: Option<Arc<dyn NativeFilters>>,
    threads: u32,
    limits: TaskLimits,
    defaults: RoleDefaults,
}

impl App {
    /// Opens buckets and plugins. The error is a sentence for whoever configures it.
    pub fn open(config: AppConfig) -> Result<Self, String> {
        Self::open_with(config, BUILT_IN, None)
    }

    /// The same in a worker, which reads remote objects through its service, and tells it what plugins log.
    fn open_served(config: AppConfig, service: Arc<Link>, log: Arc<dyn PluginLog>) -> Result<Self, String> {
        Self::open_with(config, BUILT_IN, Some((service, log)))
    }

    fn open_with(
        config: AppConfig,
        embedded: &[Embedded],
        service: Option<(Arc<Link>, Arc<dyn PluginLog>)>,
    ) -> Result<Self, String> {
        media::init();
        let defaults = roles::defaults(&config.policies, &config.projects);
        config.limits.check()?;
        let (service, log) = service.unzip();
        let buckets = Buckets::of_parts(BucketParts {
            configs: config.buckets,
            root: config.bucket_root,
            spool: config.spool,
            served: config.served,
            service,
        });
        let buckets = buckets.map_err(|error| error.to_string())?.with_projects(roles::grants(&config.projects));
        let buckets = Arc::new(buckets);
        let sandbox = Sandbox::new(SandboxConfig {
            embedded: embedded.to_vec(),
            plugin_folder: config.plugin_folder,
            plugin_files: config.plugin_files,
            cache_folder: config.cache_folder,
            compile: config.compile,
            max_component_bytes: config.plugins.max_component_bytes,
            limits: config.plugins.limits,
            plugin_limits: config.plugins.of,
            fonts: Arc::new(Fonts::with_defaults(config.plugins.fonts)),
            assets: Arc::new(BucketAssets(Arc::clone(&buckets))),
            log: log.unwrap_or_else(|| SandboxConfig::default().log),
        })
        .map_err(|error| error.to_string())?;
        Ok(Self { buckets, sandbox, native: None, threads: config.threads, limits: config.limits, defaults })
    }

    /// Judges a request that is run in the foreground, where nobody is told of its end; all faults at once.
    pub fn intake(&self, request: &[u8]) -> Result<TaskSpec, Faults> {
        self.intake_with(request, &intake::NoNotices)
    }

    /// Judges a request; all faults at once.
    fn intake_with(&self, request: &[u8], notices: &dyn NoticeRights) -> Result<TaskSpec, Faults> {
        let context = intake::Context {
            check: &*self.sandbox,
            buckets: &Rights((*self.buckets).clone()),
            defaults: &self.defaults,
            notices,
            limits: self.request_limits(),
        };
        intake::intake(request, &context)
    }

    fn request_limits(&self) -> intake::Limits {
        intake::Limits { targets: self.limits.max_targets, ..intake::Limits::default() }
    }

    /// The shape of a request, as a JSON schema.
    pub fn request_schema(&self) -> Value {
        intake::request_schema(&self.request_limits())
    }

    /// A task of this spec.
    pub fn task(&self, spec: TaskSpec, created: Timestamp) -> Task<'_> {
        Task { app: self, buckets: self.buckets.of(&spec.project_name), spec, created: created.into() }
    }

    /// What a source of a project says of itself.
    pub fn describe(&self, project: &str, uri: &ObjectUri, interrupt: &Interrupt) -> Result<MediaMeta, Failure> {
        let (bytes, _) = BucketSources(&self.buckets.of(project)).open(uri)?;
        let failed = |error: media::MediaError| Failure::new(error.code(), Stage::Probe, format!("{uri}: {error}"));
        media::describe(bytes, interrupt).map_err(failed)
    }

    /// The plugins that requests can name.
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.sandbox.list()
    }

    /// Who a component in one of [`AppConfig::plugin_files`] is. The error is a sentence part about it.
    pub fn identify(&self, file: &Path) -> Result<PluginId, String> {
        let plugin = self.sandbox.in_file(file)?;
        self.sandbox.plugin_id(&plugin).map_err(|failure| failure.message)
    }

    /// Judges a component in one of [`AppConfig::plugin_files`] as every task would. The error is a sentence part about it.
    pub fn examine(&self, file: &Path) -> Result<PluginReport, String> {
        let plugin = self.sandbox.in_file(file)?;
        self.sandbox.examine(&plugin).map_err(|failure| failure.message)
    }

    /// The plugin in one of [`AppConfig::plugin_files`], compiled, and its world. The error is a sentence part about it.
    pub fn plugin_in(&self, file: &Path) -> Result<(PluginRef, World), String> {
        let plugin = self.sandbox.in_file(file)?;
        let prepared = self.sandbox.prepare(&plugin).and_then(|_| self.sandbox.world(&plugin));
        prepared.map(|world| (plugin, world)).map_err(|failure| failure.message)
    }

    /// Files of the plugin folder that are no usable plugins.
    pub fn broken_plugins(&self) -> Vec<BrokenPlugin> {
        self.sandbox.broken()
    }
}

/// One task, in this process.
pub struct Task<'a> {
    app: &'a App,
    /// Those of its project.
    buckets: Buckets,
    spec: TaskSpec,
    created: SystemTime,
}

impl Task<'_> {
    /// Plans it and opens its filters; writes nothing.
    pub fn prepare(&self, interrupt: &Interrupt) -> Result<Prepared, Failure> {
        let sandbox = &*self.app.sandbox;
        let surroundings = Surroundings {
            sources: &BucketSources(&self.buckets),
            filters: &native::Filters(self.app),
            uris: sandbox,
            parameters: sandbox,
            plugins: sandbox,
            created: self.created,
            threads: self.app.threads,
            limits: &self.app.limits,
        };
        let prepared = worker::prepare(&self.spec, &surroundings, interrupt)?;
        // What a policy made of a template is judged like any other URI, and the plan says so already.
        for target in prepared.plan().targets() {
            for (uri, _) in target.objects() {
                self.buckets.check(uri, Access::Write).map_err(|error| {
                    Failure::new(error.output_code(), Stage::Plan, error.to_string()).of_target(target.index)
                })?;
            }
        }
        self.spares_segments(prepared.plan())?;
        Ok(prepared)
    }

    /// An output may be none of the objects that a source consists of, and have no segment of such a name.
    fn spares_segments(&self, plan: &Plan) -> Result<(), Failure> {
        let of_source = |source: &SourceSpec| {
            let objects = self.buckets.objects_of(&source.uri).into_iter();
            objects.map(|object| (source.uri.clone(), object)).collect::<Vec<_>>()
        };
        let objects: Vec<_> = self.spec.sources.iter().flat_map(of_source).collect();
        for target in plan.targets() {
            let taken = |object: &ObjectUri| {
                *object == target.uri || (target.segment.is_some() && SegmentFile::is_of(&target.uri, object))
            };
            if let Some((source, object)) = objects.iter().find(|(_, object)| taken(object)) {
                let message = format!(
                    "the output {} would replace {object}, which belongs to the source {source}; change Targets[{}].URI",
                    target.uri, target.index
                );
                return Err(Failure::new(ErrorCode::OutputRefused, Stage::Plan, message).of_target(target.index));
            }
        }
        Ok(())
    }

    /// Runs it to verified outputs and removes them: what is wanted is what it used.
    pub fn try_out(
        &self,
        prepared: Prepared,
        measuring: Measuring,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> Result<Done, Failure> {
        prepared.run_as(measuring, &self.outputs(), progress, interrupt)
    }

    /// Places for its outputs; what is not committed is removed.
    fn outputs(&self) -> BucketOutputs<'_> {
        let sources: Vec<_> = self.spec.inputs().cloned().collect();
        BucketOutputs::new(self.buckets.staging(&Uuid::new_v4().to_string(), &sources))
    }

    /// Runs it and moves its outputs in place: all of them or none.
    pub fn run(&self, prepared: Prepared, progress: &Progress, interrupt: &Interrupt) -> Result<Done, Failure> {
        let outputs = self.outputs();
        let done = prepared.run(&outputs, progress, interrupt)?;
        if interrupt.is_triggered() {
            return Err(Failure::new(
                ErrorCode::Canceled,
                Stage::Commit,
                "interrupted before the outputs were moved in place",
            ));
        }
        outputs
            .into_staging()
            .commit(&in_order(&done))
            .map_err(|error| Failure::new(error.output_code(), Stage::Commit, error.to_string()))?;
        Ok(done)
    }
}

struct Rights(Buckets);

impl Rights {
    fn check(&self, bucket: &str, key: &str, access: Access) -> Result<(), String> {
        // A URI whose key is still a template has only its bucket to be judged.
        match ObjectUri::new(bucket, key) {
            Ok(uri) => self.0.check(&uri, access).map_err(|error| error.to_string()),
            Err(_) => self.0.check_bucket(bucket, access),
        }
    }
}

impl BucketRights for Rights {
    fn of(&self, project: &str) -> Box<dyn BucketRights + '_> {
        Box::new(Self(self.0.of(project)))
    }

    fn can_read(&self, bucket: &str, key: &str) -> Result<(), String> {
        self.check(bucket, key, Access::Read)
    }

    fn can_write(&self, bucket: &str, key: &str) -> Result<(), String> {
        self.check(bucket, key, Access::Write)
    }
}

struct BucketSources<'a>(&'a Buckets);

impl Sources for BucketSources<'_> {
    fn open(&self, uri: &ObjectUri) -> Result<(Box<dyn ByteSource>, SystemTime), Failure> {
        let opened = self.0.open_source(uri);
        opened.map_err(|error| Failure::new(error.source_code(), Stage::Probe, error.to_string()))
    }
}

/// The order in which outputs are moved: what a player opens comes behind what it refers to.
fn in_order(done: &Done) -> Vec<ObjectUri> {
    let files = done.outputs.iter().flat_map(|output| &output.files);
    let (playlists, others): (Vec<_>, Vec<_>) = done.outputs.iter().partition(|output| !output.files.is_empty());
    files.chain(others.into_iter().chain(playlists).map(|output| &output.uri)).cloned().collect()
}

/// Places for outputs; mux stages ask for theirs from their threads.
struct BucketOutputs<'a>(Mutex<Staging<'a>>);

impl<'a> BucketOutputs<'a> {
    fn new(staging: Staging<'a>) -> Self {
        Self(Mutex::new(staging))
    }

    fn into_staging(self) -> Staging<'a> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places for BucketOutputs<'_> {
    fn reserve(&self, uri: &ObjectUri) -> Result<PathBuf, Failure> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).reserve(uri) {
            Ok(staged) => Ok(staged.path().to_path_buf()),
            Err(error) => Err(Failure::new(error.output_code(), Stage::Mux, error.to_string())),
        }
    }
}

struct BucketAssets(Arc<Buckets>);

impl AssetSource for BucketAssets {
    fn open(&self, uri: &ObjectUri) -> Result<Box<dyn AssetReader>, String> {
        let object = self.0.read(uri).map_err(|error| error.to_string())?;
        Ok(Box::new(ObjectAsset(object)))
    }
}

struct ObjectAsset(ObjectReader);

impl AssetReader for ObjectAsset {
    fn length(&self) -> u64 {
        self.0.facts().size
    }

    fn read(&mut self, offset: u64, out: &mut [u8]) -> Result<(), String> {
        let read = self.0.seek(SeekFrom::Start(offset)).and_then(|_| self.0.read_exact(out));
        read.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_components_are_as_sound_as_others_have_to_be() {
        assert_eq!((BUILT_IN.len(), NULL_FILTER.len()), (4, 1));
        let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
        for component in BUILT_IN.iter().chain(NULL_FILTER) {
            // Their digests and schemas are taken on trust when a process starts; here both are judged.
            assert_eq!(sandbox.identify(component.bytes).unwrap().digest, component.digest);
        }
    }
}
