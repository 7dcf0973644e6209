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
    write(&SDK, &folder.join("plugins/sdk")).map_err(failed)?;
    write(&WIT, &folder.join("wit")).map_err(failed)?;
    fs::create_dir_all(folder.join(".cargo")).map_err(failed)?;
    fs::write(folder.join(".cargo/config.toml"), CARGO_CONFIG).map_err(failed)?;
    print_line(&format!(
        "the SDK is in {0}/plugins/sdk, the WIT in {0}/wit; plugins below {0} build for wasm32-unknown-unknown",
        folder.display()
    ))
}

fn write(from: &Dir<'_>, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for folder in from.dirs() {
        let name = folder.path().file_name().unwrap_or_default();
        write(folder, &to.join(name))?;
    }
    for file in from.files() {
        let name = file.path().file_name().unwrap_or_default();
        if name == "Cargo.toml" {
            fs::write(to.join(name), standalone(file.contents_utf8().unwrap_or_default()))?;
        } else {
            fs::write(to.join(name), file.contents())?;
        }
    }
    Ok(())
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
}
