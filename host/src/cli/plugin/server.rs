//! `wasmux plugin push`, `list` and `remove`: the plugins of a server.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use semver::Version;
use serde::Deserialize;
use serde_json::Value;

use super::check;
use crate::api::PublishAnswer;
use crate::app::{AppConfig, PluginConfig};
use crate::cli::client::{Client, REQUEST_TIME, ServerArgs, plain};
use crate::cli::{CacheArgs, Stop, print_json, print_line};
use crate::task::{PluginId, PluginName};

/// How long a server may take to receive and compile a component; others may be before it.
const PUSH_TIME: Duration = Duration::from_secs(600);

/// Longest file that is taken for a component, in bytes.
const MAX_COMPONENT: u64 = 1 << 30;

#[derive(Debug, Args)]
pub(super) struct PushArgs {
    /// The component.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those of this name.
    #[arg(value_name = "NAME", value_parser = name)]
    name: Option<PluginName>,
    /// Print them as JSON, with the schemas of their parameters.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Its name.
    #[arg(value_name = "NAME", value_parser = name)]
    name: PluginName,
    /// Its version, such as 1.2.0.
    #[arg(value_name = "VERSION")]
    version: Version,
    #[command(flatten)]
    server: ServerArgs,
}

fn name(text: &str) -> Result<PluginName, String> {
    PluginName::try_from(text.to_owned())
}

/// What is shown of a plugin.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(flatten)]
    id: PluginId,
    world: String,
    origin: String,
}

/// Sends a component; the server judges it as every other one.
pub(super) fn push(args: &PushArgs) -> Result<(), Stop> {
    let none = CacheArgs { cache: None, no_cache: true };
    // How long it may be says the server.
    let plugins = PluginConfig { max_component_bytes: MAX_COMPONENT, ..PluginConfig::default() };
    let app = check::open(&args.file, &none, AppConfig { plugins, ..AppConfig::default() })?;
    let unusable = |reason: String| check::unusable(&args.file, &reason);
    let id = app.identify(&args.file).map_err(unusable)?;
    let component = std::fs::read(&args.file).map_err(|error| unusable(error.to_string()))?;
    let client = Client::new(&args.server);
    let answer = client.put_component(&path(&id.name, &id.version), &component, PUSH_TIME)?;
    let PublishAnswer { id, new } = client.read(&answer)?;
    let how = if new { "published" } else { "was there already, with these bytes" };
    print_line(&plain(&format!("{id} {how}\n{}", id.digest)))
}

pub(super) fn list(args: &ListArgs) -> Result<(), Stop> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        plugins: Vec<Value>,
    }
    let client = Client::new(&args.server);
    let answer = client.get("/v1/plugins", REQUEST_TIME)?;
    let Answer { mut plugins } = client.read(&answer)?;
    if let Some(name) = &args.name {
        plugins.retain(|plugin| plugin["Name"] == name.as_str());
    }
    if args.json {
        return print_json(&plugins);
    }
    for plugin in plugins {
        let Listed { id, world, origin } = client.read(plugin.to_string().as_bytes())?;
        let digest: String = id.digest.chars().take(19).collect();
        print_line(&plain(&format!("{:<24} {world:<38} {digest}  {origin}", id.to_string())))?;
    }
    Ok(())
}

pub(super) fn remove(args: &RemoveArgs) -> Result<(), Stop> {
    Client::new(&args.server).delete(&path(&args.name, &args.version), REQUEST_TIME)?;
    print_line(&format!("{} {} removed", args.name, args.version))
}

fn path(name: &PluginName, version: &Version) -> String {
    // The build part of a version may have a `+`, which paths take as it is.
    format!("/v1/plugins/{name}/{version}")
}
