//! Who is told and how, as the configuration has it.

use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::access::{Secret, SecretSource};
use crate::task::{RetryPolicy, TopicName};

/// What is never connected to unless the configuration says otherwise: link-local addresses, and those at which clouds tell a machine its secrets.
pub(super) const DENIED: [&str; 5] =
    ["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "168.63.129.16/32"];

/// Which URLs requests may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Webhooks {
    /// None.
    None,
    /// Those whose addresses are public.
    Public,
    /// All whose addresses are not denied.
    Any,
}

/// The table `[notifications]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotificationConfig {
    /// The region that messages name.
    pub region: String,
    /// The account that messages name.
    pub account: String,
    /// Whether messages to a topic without a sink are written to a file of its name; by default where `listen` is a loopback address.
    pub files: Option<bool>,
    /// Folder of these files; default `notifications` in `data`.
    pub folder: Option<PathBuf>,
    /// Which URLs requests may name in `Notification.Webhook`; default: any where `listen` is a loopback address, otherwise public ones.
    pub webhooks: Option<Webhooks>,
    /// Networks that are never connected to.
    pub deny: Vec<IpNet>,
    /// Certificates as PEM, of which one has to vouch for an https receiver; default: those that browsers know.
    pub ca: Option<PathBuf>,
    /// Signs messages to URLs that requests name.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// An environment variable that holds it.
    pub secret_env: Option<String>,
    /// Where the messages of topics go.
    pub sinks: Vec<SinkConfig>,
}

impl Default for NotificationConfig {
    fn default() -> Self {
        Self {
            region: "local".to_owned(),
            account: "0".to_owned(),
            files: None,
            folder: None,
            webhooks: None,
            deny: DENIED.iter().filter_map(|network| network.parse().ok()).collect(),
            ca: None,
            secret: None,
            secret_file: None,
            secret_env: None,
            sinks: Vec::new(),
        }
    }
}

/// Where the messages of one topic go: to `url` or to `file`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkConfig {
    /// The topic.
    pub topic: TopicName,
    /// An HTTP endpoint.
    pub url: Option<String>,
    /// A file; each message is a line.
    pub file: Option<PathBuf>,
    /// When a message that was not taken is sent again.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// Signs the messages.
    pub secret: Option<Secret>,
    /// A file that holds the secret.
    pub secret_file: Option<PathBuf>,
    /// An environment variable that holds the secret.
    pub secret_env: Option<String>,
}

impl NotificationConfig {
    pub(super) fn secret(&self) -> Result<Option<Secret>, String> {
        let source = SecretSource { secret: &self.secret, file: &self.secret_file, env: &self.secret_env };
        source.read().map_err(|why| format!("notifications: {why}"))
    }
}

impl SinkConfig {
    pub(super) fn secret(&self) -> Result<Option<Secret>, String> {
        let source = SecretSource { secret: &self.secret, file: &self.secret_file, env: &self.secret_env };
        source.read().map_err(|why| format!("notifications.sinks: the topic {}: {why}", self.topic))
    }
}
