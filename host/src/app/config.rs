//! The configuration of the host: what is written in the file that `wasmux serve --config` names, and what a worker is told of it.

mod read;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use read::DEFAULT_CONFIG;

use serde::{Deserialize, Serialize};

use super::{ProjectConfig, RoleConfig};
use crate::access::{Access, KeyConfig};
use crate::api::{RateConfig, Tls, TlsFiles};
use crate::notify::{NotificationConfig, Sinks};
use crate::sandbox::{FontConfig, Limits, MAX_COMPONENT_BYTES};
use crate::store::BucketConfig;
use crate::supervise::WorkerLimits;
use crate::task::{PluginName, TaskLimits, project};

/// Where `wasmux serve` listens when nothing is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8765";

/// What an [`App`](super::App) is opened with. A worker gets it from its service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppConfig {
    /// The buckets that requests can name.
    pub buckets: Vec<BucketConfig>,
    /// Every folder in it is a bucket too.
    pub bucket_root: Option<PathBuf>,
    /// Where outputs are staged whose buckets are in object stores.
    pub spool: Option<PathBuf>,
    /// The buckets whose objects a worker reads through its service.
    pub served: BTreeSet<String>,
    /// Folder with more components.
    pub plugin_folder: Option<PathBuf>,
    /// More components, each in a file of its own.
    pub plugin_files: Vec<PathBuf>,
    /// Folder that keeps compiled components; `None` keeps nothing.
    pub cache_folder: Option<PathBuf>,
    /// Whether this process may compile components, and not only take what is kept.
    pub compile: bool,
    /// What plugins may use, how large they may be, which fonts they see.
    pub plugins: PluginConfig,
    /// Threads of each decoder and encoder of video; 0 is as many as there are cores.
    pub threads: u32,
    /// How much a task may be about.
    pub limits: TaskLimits,
    /// Components of roles that a request does not name.
    pub policies: RoleConfig,
    /// What differs for single projects.
    pub projects: BTreeMap<String, ProjectConfig>,
}

impl Default for AppConfig {
    fn default() -> Self {
        Self {
            buckets: Vec::new(),
            bucket_root: None,
            spool: None,
            served: BTreeSet::new(),
            plugin_folder: None,
            plugin_files: Vec::new(),
            cache_folder: None,
            compile: true,
            plugins: PluginConfig::default(),
            threads: 0,
            limits: TaskLimits::default(),
            policies: RoleConfig::default(),
            projects: BTreeMap::new(),
        }
    }
}

/// The limits that a command line names, each as `NAME=NUMBER`; the others have their defaults. The error is a sentence.
pub fn limits(given: &[String]) -> Result<TaskLimits, String> {
    toml::from_str(&given.join("\n")).map_err(|error: toml::de::Error| format!("--limit: {}", error.message()))
}

/// What plugins may use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PluginTable")]
pub struct PluginConfig {
    /// Size of a component in a file, in bytes.
    pub max_component_bytes: u64,
    /// Whether `PUT /v1/plugins` takes plugins; by default it does where there are keys, or `listen` is a loopback address.
    pub publish: Option<bool>,
    /// How many plugins may be published.
    pub max_published: usize,
    /// Limits of all plugins that `of` does not name.
    pub limits: Limits,
    /// Limits of single plugins, by name. In a file each names only what differs from `limits`.
    pub of: HashMap<PluginName, Limits>,
    /// Fonts that requests may name and plugins see, besides those that the API names; one of the same name takes the place of
    /// that font.
    pub fonts: Vec<FontConfig>,
}

impl Default for PluginConfig {
    fn default() -> Self {
        Self {
            max_component_bytes: MAX_COMPONENT_BYTES,
            publish: None,
            max_published: 1000,
            limits: Limits::default(),
            of: HashMap::new(),
            fonts: Vec::new(),
        }
    }
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PluginTable {
    max_component_bytes: u64,
    publish: Option<bool>,
    max_published: usize,
    limits: Limits,
    of: BTreeMap<PluginName, BTreeMap<String, u64>>,
    fonts: Vec<FontConfig>,
}

impl Default for PluginTable {
    fn default() -> Self {
        let PluginConfig { max_component_bytes, publish, max_published, limits, of: _, fonts } =
            PluginConfig::default();
        Self { max_component_bytes, publish, max_published, limits, of: BTreeMap::new(), fonts }
    }
}

impl TryFrom<PluginTable> for PluginConfig {
    type Error = String;

    fn try_from(table: PluginTable) -> Result<Self, String> {
        let PluginTable { max_component_bytes, publish, max_published, limits, of, fonts } = table;
        let of = of.into_iter().map(|(name, changes)| match limits.with(&changes) {
            Ok(limits) => Ok((name, limits)),
            Err(error) => Err(format!("plugins.of.{name}: {error}")),
        });
        let of = of.collect::<Result<_, _>>()?;
        Ok(Self { max_component_bytes, publish, max_published, limits, of, fonts })
    }
}

/// The configuration of `wasmux serve`. Every field has a default; the command line goes before the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// Where to listen, such as `127.0.0.1:8765`; port 0 takes a free one.
    pub listen: Option<SocketAddr>,
    /// Whether anybody may submit when `listen` is not a loopback address.
    pub allow_anonymous: bool,
    /// Folder of the task database and, in `buckets`, of the buckets that have no folder of their own.
    pub data: Option<PathBuf>,
    /// Folder with more components.
    pub plugin_folder: Option<PathBuf>,
    /// Folder of compiled components; default `compiled` in `data`.
    pub cache_folder: Option<PathBuf>,
    /// How many days records of tasks that have ended are kept; 0 keeps them for ever.
    pub keep_days: u32,
    /// Buckets with a folder of their own, and those in object stores.
    pub buckets: Vec<BucketConfig>,
    /// Who may do what; where there are none, anybody may do everything.
    pub keys: Vec<KeyConfig>,
    /// The certificate of the service; without one it speaks HTTP.
    pub tls: Option<TlsFiles>,
    /// How many requests each caller may send.
    pub rates: RateConfig,
    /// Who is told of the end of tasks, and how.
    pub notifications: NotificationConfig,
    /// What workers may use.
    pub workers: WorkerLimits,
    /// How much a task may be about.
    pub limits: TaskLimits,
    /// What plugins may use.
    pub plugins: PluginConfig,
    /// Components of roles that a request does not name.
    pub policies: RoleConfig,
    /// Whether a project that a task names is made where there is none; by default where `listen` is a loopback address, or there are no keys.
    pub projects_on_first_use: Option<bool>,
    /// Projects that there are always, by name, and what differs for them.
    pub projects: BTreeMap<String, ProjectConfig>,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            listen: None,
            allow_anonymous: false,
            data: None,
            plugin_folder: None,
            cache_folder: None,
            keep_days: 7,
            projects_on_first_use: None,
            buckets: Vec::new(),
            keys: Vec::new(),
            tls: None,
            rates: RateConfig::default(),
            notifications: NotificationConfig::default(),
            workers: WorkerLimits::default(),
            limits: TaskLimits::default(),
            plugins: PluginConfig::default(),
            policies: RoleConfig::default(),
            projects: BTreeMap::new(),
        }
    }
}

impl ServeConfig {
    /// What is wrong with the projects, each a sentence that names the field.
    pub(super) fn check_projects(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, project) in &self.projects {
            if !project::valid_name(name) {
                faults.push(format!("projects.{name}: the name {}", project::NAME_RULE));
            }
            faults.extend(project.check().into_iter().map(|fault| format!("projects.{name}.{fault}")));
        }
        faults
    }

    /// Refuses what could not be served with; all faults at once, each a sentence that names the field.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut faults: Vec<_> = [self.workers.check(), self.limits.check(), self.rates.check()]
            .into_iter()
            .filter_map(Result::err)
            .collect();
        let of = self.plugins.of.iter().map(|(name, limits)| (format!("plugins.of.{name}"), limits));
        for (table, limits) in std::iter::once(("plugins.limits".to_owned(), &self.plugins.limits)).chain(of) {
            faults.extend(limits.check().err().map(|reason| format!("{table}.{reason}")));
        }
        faults.extend(Access::open(&self.keys).err());
        faults.extend(Sinks::open(&self.notifications, Path::new(""), true).err());
        faults.extend(self.tls.clone().and_then(|files| Tls::open(files).err()));
        let mut names = BTreeSet::new();
        for (index, bucket) in self.buckets.iter().enumerate() {
            if !names.insert(&bucket.name) {
                faults
                    .push(format!("buckets[{index}].name is {} again; each bucket has a name of its own", bucket.name));
            }
        }
        let buckets = self.buckets.iter().enumerate();
        let buckets =
            buckets.filter_map(|(index, bucket)| Some((format!("buckets[{index}].folder"), bucket.folder()?)));
        let plugins = self.plugin_folder.iter().map(|folder| ("plugin_folder".to_owned(), folder.as_path()));
        for (field, folder) in buckets.chain(plugins) {
            if !folder.is_dir() {
                faults.push(format!("{field} is {}; there is no such folder", folder.display()));
            }
        }
        for (index, bucket) in self.buckets.iter().enumerate() {
            faults.extend(bucket.check().err().map(|why| format!("buckets[{index}].{why}")));
        }
        faults.extend(self.check_projects());
        for (index, font) in self.plugins.fonts.iter().enumerate() {
            if !font.files.iter().any(|file| file.is_file()) {
                faults.push(format!("plugins.fonts[{index}].files: none of the files of {} is there", font.name));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::PluginRef;

    #[test]
    fn a_file_names_only_what_differs() {
        let text = r#"
            listen = "127.0.0.1:9000"
            [[buckets]]
            name = "media"
            folder = "/srv/media"
            write = false
            [workers]
            concurrency = 3
            threads = 2
            [limits]
            max_streams = 7
            [plugins.limits]
            log_lines = 7
            [plugins.of.watermark]
            memory_bytes = 1000000
            [policies]
            parameters = "per-title@^1"
            [projects.acme.policies]
            watermark = "brand"
            [[plugins.fonts]]
            name = "Corporate"
            files = ["/srv/fonts/corporate.otf"]
        "#;
        let config: ServeConfig = toml::from_str(text).unwrap();
        assert_eq!(config.workers, WorkerLimits { concurrency: 3, threads: 2, ..WorkerLimits::default() });
        assert_eq!(config.limits, TaskLimits { max_streams: 7, ..TaskLimits::default() });
        assert!(config.buckets[0].read && !config.buckets[0].write);
        let watermark = &config.plugins.of[&PluginName::new("watermark").unwrap()];
        assert_eq!(
            (watermark.memory_bytes, watermark.log_lines),
            (1_000_000, 7),
            "what it does not name is as for all"
        );
        let settings = serde_json::to_value(&config.plugins).unwrap();
        assert_eq!(serde_json::from_value::<PluginConfig>(settings).unwrap(), config.plugins, "as a worker is told");
        let error = toml::from_str::<ServeConfig>("[plugins.of.watermark]\nmemory = 3").unwrap_err().to_string();
        assert!(error.contains("plugins.of.watermark: unknown field `memory`"), "{error}");
        let text = |plugin: &Option<PluginRef>| plugin.as_ref().map(ToString::to_string);
        assert_eq!(text(&config.policies.parameters).as_deref(), Some("per-title@^1"));
        assert_eq!(text(&config.projects["acme"].policies.watermark).as_deref(), Some("brand"));
        assert_eq!((config.plugins.fonts.len(), config.plugins.fonts[0].name.as_str()), (1, "Corporate"));
        let error = toml::from_str::<ServeConfig>("[workers]\nconcurency = 3").unwrap_err().to_string();
        assert!(error.contains("concurency") && error.contains("line 2") && error.contains("memory_bytes"), "{error}");
    }

    #[test]
    fn all_that_cannot_be_served_with_is_told_at_once() {
        let text = r#"
            plugin_folder = "/no/plugins"
            buckets = [{name = "a", folder = "/"}, {name = "a", folder = "/no/bucket"}]
            [workers]
            concurrency = 0
            [limits]
            max_streams = 5000
            [plugins.of.delogo]
            frame_cpu_ms = 0
            [projects."a b"]
            [projects.acme]
            buckets = [{name = "a"}, {name = "b"}, {name = "a", write = false}]
            [[plugins.fonts]]
            name = "Corporate"
            files = ["/no/font.otf"]
        "#;
        let faults = toml::from_str::<ServeConfig>(text).unwrap().check().unwrap_err();
        let fields = [
            "workers.concurrency",
            "limits.max_streams",
            "plugins.of.delogo.frame_cpu_ms",
            "buckets[1].name",
            "buckets[1].folder",
            "plugin_folder",
            "projects.a b: the name must be",
            "projects.acme.buckets[2].name is a again",
            "plugins.fonts[0].files",
        ];
        assert_eq!(faults.len(), fields.len(), "{faults:#?}");
        for (fault, field) in faults.iter().zip(fields) {
            assert!(fault.starts_with(field), "{fault}");
        }
        assert_eq!(ServeConfig::default().check(), Ok(()));
    }

    #[test]
    fn a_command_line_names_limits_one_by_one() {
        let given = |texts: &[&str]| limits(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let expected = TaskLimits { max_pixels: 100, max_targets: 2, ..TaskLimits::default() };
        assert_eq!(given(&["max_pixels=100", "max_targets=2"]), Ok(expected));
        assert_eq!(given(&[]), Ok(TaskLimits::default()));
        for wrong in [["max_pixel=1"], ["max_pixels"], ["max_pixels=-1"], ["max_pixels=many"]] {
            assert!(given(&wrong).is_err_and(|error| error.starts_with("--limit: ")), "{wrong:?}");
        }
        assert!(given(&["max_pixels=1", "max_pixels=2"]).is_err());
    }
}
