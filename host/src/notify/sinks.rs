//! Where messages go.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::{Certificate, PemItem, parse_pem};

use super::config::{NotificationConfig, SinkConfig, Webhooks};
use super::file;
use super::http::{self, Guard};
use super::message::{self, Sender};
use crate::access::Secret;
use crate::queue::Notice;
use crate::task::{Receiver, RetryPolicy, TopicName};

/// What a URL must be; follows the field's name.
const URL_RULE: &str = "must be http://HOST/PATH or https://HOST/PATH, without a user name";

/// What became of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The receiver has it.
    Taken,
    /// It was not taken, for this reason; it may be the next time.
    Failed(String),
    /// It can never be.
    Never(String),
}

/// Where the messages of one topic go.
struct Sink {
    way: Way,
    retry: RetryPolicy,
}

enum Way {
    Http { url: String, secret: Option<Secret> },
    File(PathBuf),
}

/// All sinks of a service.
pub struct Sinks {
    sender: Sender,
    topics: BTreeMap<TopicName, Sink>,
    /// Where topics without a sink have their files.
    folder: Option<PathBuf>,
    webhooks: Webhooks,
    secret: Option<Secret>,
    /// For sinks of the configuration.
    agent: Agent,
    /// For URLs that requests name.
    webhook_agent: Agent,
    webhook_guard: Guard,
}

impl Sinks {
    /// Opens them. `folder` is that of the topics' files where the configuration names none, and `is_local` says whether only this machine can submit tasks.
    /// The error is a sentence for whoever configures it.
    pub fn open(config: &NotificationConfig, folder: &Path, is_local: bool) -> Result<Self, String> {
        let mut topics = BTreeMap::new();
        for sink in &config.sinks {
            if topics.insert(sink.topic.clone(), Sink::open(sink)?).is_some() {
                return Err(format!("notifications.sinks: the topic {} is given twice", sink.topic));
            }
        }
        let authorities = config.ca.as_deref().map(authorities).transpose()?;
        let webhooks = config.webhooks.unwrap_or(if is_local { Webhooks::Any } else { Webhooks::Public });
        let mut denied = config.deny.clone();
        let guard = Guard::new(denied.clone());
        if webhooks != Webhooks::Any {
            denied.extend(http::not_public());
        }
        let webhook_guard = Guard::new(denied);
        let files = config.files.unwrap_or(is_local);
        Ok(Self {
            sender: Sender { region: config.region.clone(), account: config.account.clone() },
            topics,
            folder: files.then(|| config.folder.clone().unwrap_or_else(|| folder.to_owned())),
            webhooks,
            secret: config.secret()?,
            agent: http::agent(guard, authorities.as_deref()),
            webhook_agent: http::agent(webhook_guard.clone(), authorities.as_deref()),
            webhook_guard,
        })
    }

    /// Whether messages can go to this topic. The error is the text of a warning.
    pub fn topic(&self, name: &TopicName) -> Result<(), String> {
        if self.folder.is_some() || self.topics.contains_key(name) {
            return Ok(());
        }
        Err(format!("no message is sent: the configuration has no sink for the topic {name}; poll the task instead"))
    }

    /// Whether messages can go to this URL, as far as it can be said before its name is looked up. The error follows the field's name.
    pub fn webhook(&self, url: &str) -> Result<(), String> {
        if self.webhooks == Webhooks::None {
            return Err("is not allowed by this server: notifications.webhooks is none".to_owned());
        }
        let uri = endpoint(url)?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let address = host.parse::<IpAddr>().ok();
        if address.is_some_and(|address| !self.webhook_guard.allows(address)) {
            return Err(format!("names the address {host}, which this server does not connect to"));
        }
        Ok(())
    }

    pub(super) fn policy(&self, topic: &TopicName) -> RetryPolicy {
        self.topics.get(topic).map(|sink| sink.retry).unwrap_or_default()
    }

    /// Makes one try. An object is not among the receivers that it knows.
    pub(super) fn send(&self, receiver: &Receiver, notice: &Notice) -> Outcome {
        let body = match message::message(&self.sender, notice) {
            Ok(body) => body,
            Err(error) => return Outcome::Never(format!("the message does not become JSON: {error}")),
        };
        let id = message::id(notice);
        match receiver {
            Receiver::Webhook { url, .. } => match self.webhook(url) {
                Ok(()) => http::post(&self.webhook_agent, url, self.secret.as_ref(), &id, &body),
                Err(why) => Outcome::Never(format!("its URL {why}")),
            },
            Receiver::Topic { name } => match self.topics.get(name).map(|sink| &sink.way) {
                Some(Way::Http { url, secret }) => http::post(&self.agent, url, secret.as_ref(), &id, &body),
                Some(Way::File(path)) => append(path, &body),
                None => match &self.folder {
                    Some(folder) => append(&folder.join(format!("{name}.jsonl")), &body),
                    None => Outcome::Never(format!("the configuration has no sink for the topic {name} any more")),
                },
            },
            Receiver::Object { .. } => Outcome::Never("a bug of wasmux: an object is no sink".to_owned()),
        }
    }
}

impl Sink {
    fn open(config: &SinkConfig) -> Result<Self, String> {
        let named = |why: &str| format!("notifications.sinks: the topic {}: {why}", config.topic);
        let secret = config.secret()?;
        let way = match (&config.url, &config.file) {
            (Some(url), None) => {
                endpoint(url).map_err(|rule| named(&format!("url {rule} (found {url})")))?;
                Way::Http { url: url.clone(), secret }
            }
            (None, Some(_)) if secret.is_some() => return Err(named("a file takes no secret")),
            (None, Some(file)) => Way::File(file.clone()),
            _ => return Err(named("there must be one of url and file")),
        };
        Ok(Self { way, retry: config.retry })
    }
}

fn endpoint(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| URL_RULE.to_owned())?;
    let plain = uri.authority().is_some_and(|host| !host.host().is_empty() && !host.as_str().contains('@'));
    if matches!(uri.scheme_str(), Some("http" | "https")) && plain { Ok(uri) } else { Err(URL_RULE.to_owned()) }
}

fn authorities(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let failed = |why: &dyn std::fmt::Display| format!("notifications.ca {}: {why}", file.display());
    let text = fs::read(file).map_err(|error| failed(&error))?;
    let mut found = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| failed(&error))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(failed(&"there is no CERTIFICATE in it")) } else { Ok(found) }
}

fn append(path: &Path, line: &[u8]) -> Outcome {
    match file::append(path, line) {
        Ok(()) => Outcome::Taken,
        Err(error) => Outcome::Failed(format!("{}: {error}", path.display())),
    }
}
