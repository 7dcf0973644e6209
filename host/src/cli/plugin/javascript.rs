//! Plugins in JavaScript: a tool of npm makes the component, and the manifest is put into it here.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use wasm_encoder::{ComponentSection, CustomSection};

use crate::cli::Stop;
use crate::sandbox::World;
use crate::task::PluginName;

/// Who the plugin is.
pub(super) const MANIFEST: &str = "manifest.json";
/// The custom section that holds it.
const SECTION: &str = "wasmux:plugin";
const CODE: &str = "plugin.js";
/// QuickJS with the code, as a component.
const TOOL: &str = "node_modules/.bin/componentize-qjs";

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
}

/// A component that is not in its place yet. It is removed where it does not get there.
pub(super) struct Built(pub(super) PathBuf);

impl Drop for Built {
    fn drop(&mut self) {
        // What was moved is no longer there.
        drop(fs::remove_file(&self.0));
    }
}

/// Makes the component of this folder, with its manifest.
pub(super) fn build(here: &Path) -> Result<Built, Stop> {
    let (manifest, text) = Manifest::read(here)?;
    let world = World::ALL.into_iter().find(|world| world.to_string() == manifest.world).ok_or_else(|| {
        let all: Vec<_> = World::ALL.iter().map(|world| format!("`{world}`")).collect();
        Stop::Usage(format!("{MANIFEST}: `world` is `{}`; there are {}", manifest.world, all.join(", ")))
    })?;
    let built = Built(here.join(format!(".{}.{}.part", manifest.name, std::process::id())));
    let mut tool = Command::new(here.join(TOOL));
    // Without WASI, of which this host has nothing; a call of it traps.
    tool.args(["--stub-wasi", "--sync", "--opt-size", "--minify", "--wit", "wit", "--world", world.name()]);
    tool.args(["--js", CODE, "--output"]).arg(&built.0).current_dir(here);
    let output = tool.output().map_err(|error| {
        let todo = match error.kind() {
            ErrorKind::NotFound => ": install what package.json names with `npm install`",
            _ => "",
        };
        Stop::Output(format!("{TOOL} cannot be started: {error}{todo}"))
    })?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        eprintln!("{}", String::from_utf8_lossy(&said).trim());
        return Err(Stop::Output("componentize-qjs could not build it; see above".to_owned()));
    }
    let failed = |error: std::io::Error| Stop::Output(format!("{}: {error}", built.0.display()));
    let mut component = fs::read(&built.0).map_err(failed)?;
    CustomSection { name: SECTION.into(), data: text.as_bytes().into() }.append_to_component(&mut component);
    fs::write(&built.0, component).map_err(failed)?;
    Ok(built)
}
