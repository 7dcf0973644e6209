//! `wasmux serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Stop, print_line, run};
use crate::app::{DEFAULT_LISTEN, ServeConfig, Service};
use crate::media::Interrupt;
use crate::store::BucketConfig;

/// How often a wish to stop is looked for.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8765].
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Folder of the task database and of the buckets: every folder in FOLDER/buckets is one.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// A bucket with a folder of its own: oss://NAME/key is the file FOLDER/key. Can be given several times.
    #[arg(long = "bucket", value_name = "NAME=FOLDER", value_parser = run::bucket)]
    buckets: Vec<BucketConfig>,
    /// A TOML file with all settings; what the command line says goes before it. wasmux config default prints one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder with more components (*.wasm) beside the built-in ones. A higher version of a name wins.
    #[arg(long, value_name = "FOLDER")]
    plugins: Option<PathBuf>,
    /// Folder that keeps compiled components [default: compiled in the data folder].
    #[arg(long, value_name = "FOLDER", env = "WASMUX_CACHE")]
    cache: Option<PathBuf>,
    /// Tasks that run at the same time [default: 1].
    #[arg(long, value_name = "COUNT")]
    concurrency: Option<usize>,
    /// Let anybody submit tasks even where the address can be reached by others.
    #[arg(long)]
    allow_anonymous: bool,
}

impl ServeArgs {
    fn config(&self) -> Result<ServeConfig, String> {
        let mut config = ServeConfig::read(self.config.as_deref(), super::config::variables())?;
        config.allow_anonymous |= self.allow_anonymous;
        config.buckets.retain(|bucket| self.buckets.iter().all(|given| given.name != bucket.name));
        config.buckets.extend(self.buckets.iter().cloned());
        config.listen = self.listen.or(config.listen);
        config.data = self.data.clone().or(config.data);
        config.plugin_folder = self.plugins.clone().or(config.plugin_folder);
        config.cache_folder = self.cache.clone().or(config.cache_folder);
        config.workers.concurrency = self.concurrency.unwrap_or(config.workers.concurrency);
        Ok(config)
    }
}

pub(super) fn run(args: &ServeArgs, interrupt: &Interrupt) -> Result<(), Stop> {
    let config = args.config().map_err(Stop::Usage)?;
    run::refuse_twice(&config.buckets)?;
    let listen = match config.listen {
        Some(listen) => listen,
        None => DEFAULT_LISTEN.parse().map_err(|error| Stop::Usage(format!("{DEFAULT_LISTEN}: {error}")))?,
    };
    let Some(data) = config.data.clone() else {
        return Err(Stop::Usage("where shall tasks and buckets be kept? Give --data FOLDER".into()));
    };
    let service = Service::open(config, listen, &data).map_err(Stop::Usage)?;
    let address = service.address().map_err(Stop::Output)?;
    // On standard output, so that whoever asked for a free port learns which one it is.
    print_line(&format!("listening on http://{address}"))?;
    let interrupt = interrupt.clone();
    let shutdown = async move {
        while !interrupt.is_triggered() {
            tokio::time::sleep(LOOK).await;
        }
    };
    service.run(shutdown).map_err(Stop::Output)
}
