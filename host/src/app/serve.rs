//! `wasmux serve`: the queue, the supervisor and the API on one data folder.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::future::Future;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;
use uuid::Uuid;

use super::host::ServiceHost;
use super::messages::{ResultWriter, SinkRights};
use super::published::Published;
use super::{App, AppConfig, ServeConfig};
use crate::access::Access;
use crate::api::{self, Api, RateConfig, Tls};
use crate::notify::{Notifier, NotifierParts, Results, Sinks};
use crate::queue::{Outbox, Projects, PutMode, Queue, SqliteQueue};
use crate::sandbox::Fonts;
use crate::store::BucketConfig;
use crate::supervise::{Supervisor, SupervisorParts, Surroundings, crash_point, open_many_files};
use crate::task::{ObjectUri, PluginRef, ProjectChanges, TaskSpec, Timestamp, VideoWish};

/// Seconds of a day.
const DAY: u64 = 24 * 3600;

/// A service that is set up and listens. It runs tasks from [`Service::run`] on.
pub struct Service {
    app: Arc<App>,
    queue: Arc<SqliteQueue>,
    supervisor: Arc<Supervisor>,
    notifier: Arc<Notifier>,
    sinks: Arc<Sinks>,
    published: Published,
    access: Option<Access>,
    rates: RateConfig,
    tls: Option<Arc<Tls>>,
    /// Whether plugins can be published.
    takes_plugins: bool,
    /// Whether a project that a task names is made where there is none.
    makes_projects: bool,
    /// Those of the configuration, which there are always.
    projects: BTreeSet<String>,
    listener: TcpListener,
    /// Held as long as this process uses the data folder.
    _lock: File,
}

impl Service {
    /// Opens the data folder, the buckets and the plugins, and listens. The error is a sentence for whoever configures it.
    pub fn open(config: ServeConfig, listen: SocketAddr, data: &Path) -> Result<Self, String> {
        config.workers.check()?;
        config.check_projects().into_iter().next().map_or(Ok(()), Err)?;
        open_many_files();
        let access = Access::open(&config.keys)?;
        if !listen.ip().is_loopback() && !config.allow_anonymous && access.is_none() {
            return Err(format!(
                "{listen} can be reached by others, and there are no keys: anybody could submit tasks. Name keys under [[keys]] in the configuration, listen on 127.0.0.1, or give --allow-anonymous"
            ));
        }
        let data = private_folder(data)?;
        let messages = data.join("notifications");
        let sinks = Arc::new(Sinks::open(&config.notifications, &messages, listen.ip().is_loopback())?);
        let lock = lock(&data)?;
        let root = private_folder(&data.join("buckets"))?;
        let cache = config.cache_folder.clone().unwrap_or_else(|| data.join("compiled"));
        let cache = private_folder(&cache)?;
        let plugin_folder = config.plugin_folder.as_deref().map(real).transpose()?;
        let app_config = AppConfig {
            buckets: config.buckets.clone(),
            bucket_root: Some(root),
            spool: Some(private_folder(&data.join("spool"))?),
            served: BTreeSet::new(),
            plugin_folder: plugin_folder.clone(),
            plugin_files: Vec::new(),
            cache_folder: Some(cache.clone()),
            compile: false,
            plugins: config.plugins.clone(),
            threads: config.workers.threads,
            limits: config.limits.clone(),
            policies: config.policies.clone(),
            projects: config.projects.clone(),
        };
        let tls = config.tls.clone().map(Tls::open).transpose()?.map(Arc::new);
        config.rates.check()?;
        let listener = TcpListener::bind(listen).map_err(|error| format!("{listen} cannot be listened on: {error}"))?;
        let app = Arc::new(App::open(app_config.clone())?);
        let published =
            Published::open(private_folder(&data.join("plugins"))?, config.plugins.max_published, &app.sandbox)?;
        let own: Vec<_> = [Some(data.clone()), Some(cache.clone()), plugin_folder].into_iter().flatten().collect();
        app.buckets.keep_out(&own).map_err(|error| error.to_string())?;
        let queue = Arc::new(SqliteQueue::open(&data.join("tasks.db")).map_err(|error| error.to_string())?);
        let projects: BTreeSet<_> = config.projects.into_keys().collect();
        for name in &projects {
            let made = queue.put_project(name, &ProjectChanges::default(), PutMode::Create, Timestamp::now());
            made.map_err(|error| error.to_string())?;
        }
        // This program as it is, even when its file is replaced while the service runs.
        let program = PathBuf::from("/proc/self/exe");
        let mut readable: Vec<PathBuf> = Fonts::with_defaults(config.plugins.fonts.clone()).files();
        readable.push(cache.clone());
        let node = node(&data)?;
        let results = ResultWriter { queue: Arc::clone(&queue), buckets: Arc::clone(&app.buckets) };
        let notifier = Arc::new(Notifier::new(NotifierParts {
            outbox: Arc::clone(&queue) as Arc<dyn Outbox>,
            sinks: Arc::clone(&sinks),
            results: Arc::new(results) as Arc<dyn Results>,
            node: node.clone(),
            sent: || crash_point("message-sent"),
        }));
        let surroundings = AppSurroundings {
            app: Arc::clone(&app),
            notifier: Arc::clone(&notifier),
            config: app_config,
            readable,
            cache,
        };
        let supervisor = Arc::new(Supervisor::new(SupervisorParts {
            queue: Arc::clone(&queue) as Arc<dyn Queue>,
            buckets: Arc::clone(&app.buckets),
            surroundings: Arc::new(surroundings),
            limits: config.workers,
            node,
            program,
            keep: (config.keep_days > 0).then(|| Duration::from_secs(u64::from(config.keep_days) * DAY)),
        }));
        // Who may publish is who may submit, but for a server that takes tasks of anybody.
        let takes_plugins = config.plugins.publish.unwrap_or_else(|| access.is_some() || listen.ip().is_loopback());
        let makes_projects =
            config.projects_on_first_use.unwrap_or_else(|| access.is_none() || listen.ip().is_loopback());
        Ok(Self {
            app,
            queue,
            supervisor,
            notifier,
            sinks,
            published,
            access,
            rates: config.rates,
            tls,
            takes_plugins,
            makes_projects,
            projects,
            listener,
            _lock: lock,
        })
    }

    /// Whether it speaks HTTPS.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddr, String> {
        self.listener.local_addr().map_err(|error| error.to_string())
    }

    /// Compiles what is not compiled yet, ends what a predecessor left, and serves until `shutdown`. Then tasks that run are handed
    /// back to the queue.
    pub fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), String> {
        self.compile();
        self.supervisor.start().map_err(|error| error.to_string())?;
        self.notifier.start()?;
        let host = ServiceHost {
            app: self.app,
            supervisor: Arc::clone(&self.supervisor),
            published: self.published,
            notices: SinkRights(self.sinks),
            takes_plugins: self.takes_plugins,
            projects: self.projects,
        };
        let api = Api::new(self.queue, Arc::new(host)).for_keys(self.access);
        let api = api.making_projects(self.makes_projects).with_rates(&self.rates);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| format!("the HTTP server does not start: {error}"))?;
        let (listener, tls) = (self.listener, self.tls);
        let served = runtime.block_on(async move {
            listener.set_nonblocking(true)?;
            api::serve(tokio::net::TcpListener::from_std(listener)?, api, tls, shutdown).await
        });
        self.supervisor.stop();
        self.notifier.stop();
        runtime.shutdown_background();
        served.map_err(|error| format!("the HTTP server stopped: {error}"))
    }

    /// Foreign code is compiled in workers: a component that breaks the compiler costs nothing but itself.
    fn compile(&self) {
        for info in self.app.plugins() {
            let plugin = PluginRef::exactly(&info.id);
            if !matches!(self.app.sandbox.is_compiled(&plugin), Ok(false)) {
                continue;
            }
            tracing::info!(plugin = %info.id, "compiling");
            if let Err(failure) = self.supervisor.compile(&plugin, self.app.sandbox.file(&plugin).as_deref()) {
                tracing::error!(plugin = %info.id, %failure, "this plugin could not be compiled and is not usable");
            }
        }
    }
}

/// Makes a folder that only this user can look into, unless it is there; returns its real path.
fn private_folder(folder: &Path) -> Result<PathBuf, String> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    real(folder)
}

fn real(folder: &Path) -> Result<PathBuf, String> {
    folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))
}

/// One service at a time uses a data folder. The lock ends with the process, however it ends.
fn lock(data: &Path) -> Result<File, String> {
    let path = data.join("lock");
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    let file = file.map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(_) => Err(format!("{} is in use by another `wasmux serve`", data.display())),
    }
}

/// The name of this service, made once: after a restart it finds by it what it had left.
fn node(data: &Path) -> Result<String, String> {
    let path = data.join("node");
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    match fs::read_to_string(&path) {
        Ok(text) if Uuid::try_parse(text.trim()).is_ok() => return Ok(text.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        // Empty or half-written: no task has run under this name.
        _ => {}
    }
    let name = Uuid::new_v4().to_string();
    let mut file = File::create(&path).map_err(failed)?;
    file.write_all(name.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    Ok(name)
}

/// What the supervisor needs of the rest.
struct AppSurroundings {
    app: Arc<App>,
    notifier: Arc<Notifier>,
    config: AppConfig,
    readable: Vec<PathBuf>,
    cache: PathBuf,
}

impl Surroundings for AppSurroundings {
    fn readable(&self) -> Vec<PathBuf> {
        self.readable.clone()
    }

    fn assets(&self, spec: &TaskSpec) -> Vec<ObjectUri> {
        let videos = spec.targets.iter().filter_map(|target| match &target.video {
            VideoWish::Transcode(video) => Some(video),
            VideoWish::None | VideoWish::Copy => None,
        });
        let filters = videos.flat_map(|video| &video.filters);
        let names = filters.flat_map(|filter| self.app.sandbox.assets(&filter.plugin, &filter.parameters));
        names.filter_map(|name| ObjectUri::parse(&name).ok()).collect()
    }

    fn output_buckets(&self, spec: &TaskSpec) -> Option<Vec<String>> {
        let bucket = |template: &str| {
            let name = template.strip_prefix("oss://")?.split('/').next()?;
            (!name.contains(['{', '}'])).then(|| name.to_owned())
        };
        // Only the built-in policy is known to keep the bucket that a template names.
        let of = |target: &crate::task::TargetSpec| {
            let extract = target.subtitle.extract.as_ref().map(|extract| &extract.uri_template);
            let templates = target.uri_template.iter().chain(extract);
            let known = target.policies.uri_template.is_built_in();
            templates.map(|template| bucket(template).filter(|_| known)).collect::<Option<Vec<_>>>()
        };
        let buckets = spec.targets.iter().map(of).collect::<Option<Vec<_>>>()?;
        Some(buckets.into_iter().flatten().collect())
    }

    fn plugins(&self, spec: &TaskSpec) -> Vec<PathBuf> {
        spec.plugins().into_iter().filter_map(|plugin| self.app.sandbox.file(plugin)).collect()
    }

    fn settings(&self, buckets: Vec<BucketConfig>, plugins: &[PathBuf]) -> Value {
        let plugin_files = plugins.to_vec();
        let served = self.app.buckets.remote();
        let parts = AppConfig { buckets, served, bucket_root: None, spool: None, ..self.config.clone() };
        let config = AppConfig { plugin_folder: None, plugin_files, ..parts };
        serde_json::to_value(config).unwrap_or_default()
    }

    fn compiled(&self) -> Option<PathBuf> {
        Some(self.cache.clone())
    }

    fn task_ended(&self) {
        self.notifier.wake();
    }
}
