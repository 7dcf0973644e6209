//! Plugins in JavaScript: a tool of npm makes the component.

use std::path::Path;
use std::process::Command;

use super::manifest::run_tool;
use crate::cli::Stop;
use crate::sandbox::World;

pub(super) const CODE: &str = "plugin.js";
/// QuickJS with the code, as a component.
const TOOL: &str = "componentize-qjs";

/// Makes the component of this folder.
pub(super) fn build(here: &Path, world: World, component: &Path) -> Result<(), Stop> {
    let mut tool = Command::new(here.join("node_modules/.bin").join(TOOL));
    // Without WASI, of which this host has nothing; a call of it traps.
    tool.args(["--stub-wasi", "--sync", "--opt-size", "--minify", "--wit", "wit", "--world", world.name()]);
    tool.args(["--js", CODE, "--output"]).arg(component).current_dir(here);
    run_tool(&mut tool, TOOL, ": install what package.json names with `npm install`")?;
    Ok(())
}
