//! The WIT in the tree serves what was built for each released one.

use std::fs;
use std::path::Path;

use wasmux_tests::workspace;
use wit_parser::{PackageName, Resolve};

use crate::wit::{of_folder, still_serves};

/// The files of the WIT.
pub(crate) const WIT: [&str; 3] =
    ["worlds.wit", "deps/wasmux-host@0.1.0/host.wit", "deps/wasmux-media@0.1.0/media.wit"];

/// The version of all packages of a WIT.
fn version(resolve: &Resolve) -> semver::Version {
    let mut versions: Vec<_> =
        resolve.packages.iter().filter_map(|(_, package)| package.name.version.clone()).collect();
    assert_eq!(versions.len(), resolve.packages.len());
    versions.dedup();
    assert_eq!(versions.len(), 1, "the packages have several versions: {versions:?}");
    versions.remove(0)
}

/// Names of the folders in this one; none where it does not exist.
pub(crate) fn folders(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What is wrong with the WIT of a repository.
fn faults(repository: &Path) -> Vec<String> {
    let tree = of_folder(&repository.join("wit"));
    let offered = version(&tree);
    let mut faults = Vec::new();
    for name in folders(&repository.join("wit/released")) {
        let old = of_folder(&repository.join("wit/released").join(&name));
        if version(&old).to_string() != name {
            faults.push(format!("wit/released/{name} holds version {}", version(&old)));
        }
        // Another line is another contract.
        if PackageName::version_compat_track(&version(&old)) != PackageName::version_compat_track(&offered) {
            continue;
        }
        if version(&old) > offered {
            faults.push(format!("{name} is released, and the tree goes back to {offered}"));
        }
        if let Err(error) = still_serves(&old, &tree) {
            faults.push(format!("{offered} does not serve {name}: {error}"));
        }
        if version(&old) == offered
            && let Err(error) = still_serves(&tree, &old)
        {
            faults.push(format!("{name} is released, and the tree adds to it without a new version: {error}"));
        }
    }
    faults
}

#[test]
fn the_wit_serves_every_released_one() {
    assert_eq!(faults(&workspace()), Vec::<String>::new());
}

/// A repository with nothing but a WIT, of which the present one is released.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for to in ["wit", "wit/released/0.1.0"] {
        let to = folder.path().join(to);
        for file in WIT {
            let from = workspace().join("wit").join(file);
            fs::create_dir_all(to.join(file).parent().unwrap()).unwrap();
            fs::copy(&from, to.join(file)).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        }
    }
    folder
}

/// Replaces text in all files of the tree's WIT.
fn edit(repository: &Path, from: &str, to: &str) {
    let mut count = 0;
    for file in WIT {
        let file = repository.join("wit").join(file);
        let text = fs::read_to_string(&file).unwrap();
        count += text.matches(from).count();
        fs::write(file, text.replace(from, to)).unwrap();
    }
    assert!(count > 0, "the WIT has no `{from}`");
}

#[test]
fn a_released_wit_is_held_to() {
    let folder = copy();
    let repository = folder.path();
    assert_eq!(faults(repository), Vec::<String>::new());
    // A new function needs a new version.
    edit(repository, "alpha: func() -> bool;", "alpha: func() -> bool;\n        palette: func() -> bool;");
    let found = faults(repository);
    assert!(found.len() == 1 && found[0].contains("adds to it without a new version: world video-filter"), "{found:?}");
    edit(repository, "@0.1.0", "@0.1.1");
    assert_eq!(faults(repository), Vec::<String>::new());
    // What breaks needs another line.
    edit(repository, "record rect { x: u32,", "record rect { layer: u32, x: u32,");
    let found = faults(repository);
    assert!(found.len() == 1 && found[0].starts_with("0.1.1 does not serve 0.1.0: world "), "{found:?}");
    edit(repository, "@0.1.1", "@0.2.0");
    assert_eq!(faults(repository), Vec::<String>::new());
    edit(repository, "@0.2.0", "@0.0.9");
    assert_eq!(faults(repository), Vec::<String>::new());
}

#[test]
fn a_released_folder_holds_its_version() {
    let folder = copy();
    let released = folder.path().join("wit/released");
    fs::rename(released.join("0.1.0"), released.join("0.1.3")).unwrap();
    assert_eq!(faults(folder.path()), ["wit/released/0.1.3 holds version 0.1.0"]);
}
