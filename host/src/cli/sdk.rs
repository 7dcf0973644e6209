//! `wasmux sdk`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use include_dir::{Dir, include_dir};

use super::{Stop, print_line};

static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../plugins/sdk");
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../wit");
/// Linker and flags of the wasm target.
const CARGO_CONFIG: &str = include_str!("../../../.cargo/config.toml");

/// The only part of the SDK's manifest that needs the workspace it comes from.
const WORKSPACE_LINTS: &str = "[lints]\nworkspace = true\n\n";

/// The SDK's file that names the folder of the WIT, and how it names it.
const BINDINGS: &str = "bindings.rs";
const WIT_FOLDER: &str = "../../wit";

#[derive(Debug, Args)]
pub(super) struct SdkArgs {
    /// An empty or new folder.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) fn run(args: &SdkArgs) -> Result<(), Stop> {
    let folder = &args.folder;
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Stop::Usage(format!("{} is not empty", folder.display())));
    }
    let failed = |error: std::io::Error| Stop::Output(format!("{}: {error}", folder.display()));
    // The SDK finds the WIT two folders up, here as in its own repository.
    write(&SDK, &folder.join("plugins/sdk"), WIT_FOLDER).map_err(failed)?;
    write_surroundings(folder).map_err(failed)?;
    print_line(&format!(
        "the SDK is in {0}/plugins/sdk, the WIT in {0}/wit; plugins below {0} build for wasm32-unknown-unknown",
        folder.display()
    ))
}

/// Writes the SDK and the WIT side by side into the folder of one plugin, and what cargo needs to know.
pub(super) fn write_for_plugin(folder: &Path) -> std::io::Result<()> {
    write(&SDK, &folder.join("sdk"), "../wit")?;
    write_surroundings(folder)
}

/// Writes the WIT into the folder `wit` of one plugin, which is all that other languages need.
pub(super) fn write_wit(folder: &Path) -> std::io::Result<()> {
    write(&WIT, &folder.join("wit"), WIT_FOLDER)
}

fn write_surroundings(folder: &Path) -> std::io::Result<()> {
    write(&WIT, &folder.join("wit"), WIT_FOLDER)?;
    fs::create_dir_all(folder.join(".cargo"))?;
    fs::write(folder.join(".cargo/config.toml"), CARGO_CONFIG)
}

/// Writes a folder of the binary. `wit` is where the SDK's bindings find the WIT, seen from the SDK.
fn write(from: &Dir<'_>, to: &Path, wit: &str) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for folder in from.dirs() {
        let name = folder.path().file_name().unwrap_or_default();
        write(folder, &to.join(name), wit)?;
    }
    for file in from.files() {
        let name = file.path().file_name().unwrap_or_default();
        match file.contents_utf8() {
            Some(text) if name == "Cargo.toml" => fs::write(to.join(name), standalone(text))?,
            Some(text) if name == BINDINGS => fs::write(to.join(name), with_wit(text, wit))?,
            _ => fs::write(to.join(name), file.contents())?,
        }
    }
    Ok(())
}

fn with_wit(bindings: &str, wit: &str) -> String {
    bindings.replace(&format!("path: \"{WIT_FOLDER}\""), &format!("path: \"{wit}\""))
}

fn standalone(manifest: &str) -> String {
    manifest.replace(WORKSPACE_LINTS, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_needs_no_workspace() {
        let manifest = SDK.get_file("Cargo.toml").unwrap().contents_utf8().unwrap();
        let text: String =
            standalone(manifest).lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
        assert!(!text.contains("workspace"), "{text}");
        assert!(WIT.get_file("worlds.wit").is_some());
    }

    #[test]
    fn the_wit_may_lie_beside_the_sdk() {
        let bindings = SDK.get_file("src/bindings.rs").unwrap().contents_utf8().unwrap();
        let moved = with_wit(bindings, "../wit");
        assert!(bindings.contains(WIT_FOLDER) && !moved.contains(WIT_FOLDER));
        assert_eq!(moved.matches("path: \"../wit\"").count(), bindings.matches("path:").count());
    }
}
