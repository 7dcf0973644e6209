//! Plugins in Python: a tool of PyPI makes the component.

use std::path::Path;
use std::process::Command;

use super::manifest::run_tool;
use crate::cli::Stop;
use crate::sandbox::World;

pub(super) const CODE: &str = "plugin.py";
/// What the tool calls the code: a module.
const MODULE: &str = "plugin";
/// CPython with the code, started, as a component.
const TOOL: &str = "componentize-py";
/// The virtual environment that README.md makes.
const ENVIRONMENT: &str = ".venv";

/// Makes the component of this folder.
pub(super) fn build(here: &Path, world: World, component: &Path) -> Result<(), Stop> {
    let environment = here.join(ENVIRONMENT);
    let own = environment.join("bin").join(TOOL);
    let mut tool = if own.is_file() {
        let mut tool = Command::new(own);
        // Other packages that are installed there can be imported.
        tool.env("VIRTUAL_ENV", environment);
        tool
    } else {
        Command::new(TOOL)
    };
    tool.args(["--quiet", "--wit-path", "wit", "--world", world.name(), "componentize"]);
    // Without WASI, of which this host has nothing; a call of it traps.
    tool.args(["--stub-wasi", "--output"]).arg(component).arg(MODULE).current_dir(here);
    run_tool(&mut tool, TOOL, ": install what requirements.txt names into .venv, as README.md says")?;
    Ok(())
}
