//! `manifest.json` of a plugin that is not built by cargo, and the component that it goes into.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;
use wasm_encoder::{ComponentSection, CustomSection};

use super::{c, javascript, python};
use crate::cli::Stop;
use crate::sandbox::World;
use crate::task::PluginName;

/// Who the plugin is.
pub(super) const MANIFEST: &str = "manifest.json";
/// The custom section that holds it.
const SECTION: &str = "wasmux:plugin";

/// What is needed of the manifest here; the host judges the rest of it in the component.
#[derive(Deserialize)]
pub(super) struct Manifest {
    pub(super) name: PluginName,
    world: String,
}

impl Manifest {
    /// Reads it, with its text.
    pub(super) fn read(here: &Path) -> Result<(Self, String), Stop> {
        let text =
            fs::read_to_string(here.join(MANIFEST)).map_err(|error| Stop::Usage(format!("{MANIFEST}: {error}")))?;
        let manifest = serde_json::from_str(&text).map_err(|error| Stop::Usage(format!("{MANIFEST}: {error}")))?;
        Ok((manifest, text))
    }

    fn world(&self) -> Result<World, Stop> {
        World::ALL.into_iter().find(|world| world.to_string() == self.world).ok_or_else(|| {
            let all: Vec<_> = World::ALL.iter().map(|world| format!("`{world}`")).collect();
            Stop::Usage(format!("{MANIFEST}: `world` is `{}`; there are {}", self.world, all.join(", ")))
        })
    }
}

/// A component that is not in its place yet. It is removed where it does not get there.
pub(super) struct Built(pub(super) PathBuf);

impl Drop for Built {
    fn drop(&mut self) {
        // What was moved is no longer there.
        drop(fs::remove_file(&self.0));
    }
}

/// Makes the component of this folder, with its manifest. The code's file tells the language.
pub(super) fn build(here: &Path) -> Result<Built, Stop> {
    let (manifest, text) = Manifest::read(here)?;
    let world = manifest.world()?;
    let built = Built(here.join(format!(".{}.{}.part", manifest.name, std::process::id())));
    let codes = [c::CODE, javascript::CODE, python::CODE];
    let language = codes.into_iter().find(|code| here.join(code).is_file());
    match language {
        Some(c::CODE) => c::build(here, world, &built.0)?,
        Some(javascript::CODE) => javascript::build(here, world, &built.0)?,
        Some(_) => python::build(here, world, &built.0)?,
        None => return Err(Stop::Usage(format!("beside {MANIFEST} there must be one of {}", codes.join(", ")))),
    }
    let failed = |error: std::io::Error| Stop::Output(format!("{}: {error}", built.0.display()));
    let mut component = fs::read(&built.0).map_err(failed)?;
    CustomSection { name: SECTION.into(), data: text.as_bytes().into() }.append_to_component(&mut component);
    fs::write(&built.0, component).map_err(failed)?;
    Ok(built)
}

/// Runs a tool to its end. What it says is shown where it fails; `todo` is told where it cannot be started because it is not there.
pub(super) fn run_tool(tool: &mut Command, name: &str, todo: &str) -> Result<Output, Stop> {
    let output = tool.output().map_err(|error| {
        let todo = if error.kind() == std::io::ErrorKind::NotFound { todo } else { "" };
        Stop::Output(format!("{name} cannot be started: {error}{todo}"))
    })?;
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&said).trim());
        return Err(Stop::Output(format!("{name} could not build it; see above")));
    }
    Ok(output)
}
