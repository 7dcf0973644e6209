//! The configuration of the host: what is written in the file that `wasmux serve --config` names, and what a worker is told of it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ProjectConfig, RoleConfig};
use crate::access::KeyConfig;
use crate::sandbox::{FontConfig, Limits, MAX_COMPONENT_BYTES};
use crate::store::BucketConfig;
use crate::supervise::WorkerLimits;
use crate::task::{PluginName, TaskLimits};

/// Where `wasmux serve` listens when nothing is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8765";

/// What an [`App`](super::App) is opened with. A worker gets it from its service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppConfig {
    /// The buckets that requests can name.
    pub buckets: Vec<BucketConfig>,
    /// Every folder in it is a bucket too.
    pub bucket_root: Option<PathBuf>,
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
#[serde(default, deny_unknown_fields)]
pub struct PluginConfig {
    /// Size of a component in a file, in bytes.
    pub max_component_bytes: u64,
    /// Whether `PUT /v1/plugins` takes plugins; by default it does where there are keys, or `listen` is a loopback address.
    pub publish: Option<bool>,
    /// How many plugins may be published.
    pub max_published: usize,
    /// Limits of all plugins that `of` does not name.
    pub limits: Limits,
    /// Limits of single plugins, by name.
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

/// The configuration of `wasmux serve`. Every field has a default; the command line goes before the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// Buckets with a folder of their own.
    pub buckets: Vec<BucketConfig>,
    /// Who may do what; where there are none, anybody may do everything.
    pub keys: Vec<KeyConfig>,
    /// What workers may use.
    pub workers: WorkerLimits,
    /// How much a task may be about.
    pub limits: TaskLimits,
    /// What plugins may use.
    pub plugins: PluginConfig,
    /// Components of roles that a request does not name.
    pub policies: RoleConfig,
    /// What differs for single projects, by name.
    pub projects: BTreeMap<String, ProjectConfig>,
}

impl ServeConfig {
    /// Reads a TOML file. The error is a sentence that names the line and what is allowed there.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
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
        assert_eq!(config.plugins.of[&PluginName::new("watermark").unwrap()].memory_bytes, 1_000_000);
        let text = |plugin: &Option<PluginRef>| plugin.as_ref().map(ToString::to_string);
        assert_eq!(text(&config.policies.parameters).as_deref(), Some("per-title@^1"));
        assert_eq!(text(&config.projects["acme"].policies.watermark).as_deref(), Some("brand"));
        assert_eq!((config.plugins.fonts.len(), config.plugins.fonts[0].name.as_str()), (1, "Corporate"));
        let error = toml::from_str::<ServeConfig>("[workers]\nconcurency = 3").unwrap_err().to_string();
        assert!(error.contains("concurency") && error.contains("line 2") && error.contains("memory_bytes"), "{error}");
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
