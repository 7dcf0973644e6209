//! The WIT in the tree serves what was built for each released one.

use std::fs;
use std::path::Path;

use wasmux_tests::workspace;
use wit_parser::{PackageName, Resolve};

use crate::wit::{of_folder, still_serves};

/// The files of the WIT in the tree, by their paths in `wit`.
pub(crate) fn files() -> Vec<String> {
    let packages = folders(&workspace().join("wit/deps"));
    let files = packages.iter().flat_map(|package| {
        let names = folders(&workspace().join("wit/deps").join(package));
        names.into_iter().map(move |name| format!("deps/{package}/{name}"))
    });
    files.chain(["worlds.wit".to_owned()]).collect()
}

/// The version that the tree offers.
pub(crate) fn offered() -> semver::Version {
    version(&of_folder(&workspace().join("wit")))
}

/// The version of all packages of a WIT.
fn version(resolve: &Resolve) -> semver::Version {
    let mut versions: Vec<_> =
        resolve.packages.iter().filter_map(|(_, package)| package.name.version.clone()).collect();
    assert_eq!(versions.len(), resolve.packages.len());
    versions.dedup();
    assert_eq!(versions.len(), 1, "the packages have several versions: {versions:?}");
    versions.remove(0)
}

/// Names of what is in this folder; none where it does not exist.
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

#[test]
fn the_digests_of_released_versions_are_those_that_were_told() {
    let readme = fs::read_to_string(workspace().join("wit/README.md")).unwrap();
    let released = folders(&workspace().join("wit/released"));
    assert!(!released.is_empty());
    for version in released {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "cat worlds.wit deps/*/*.wit | sha256sum"]).env("LC_ALL", "C");
        let output = command.current_dir(workspace().join("wit/released").join(&version)).output().unwrap();
        let digest = String::from_utf8(output.stdout).unwrap()[..64].to_owned();
        assert!(readme.contains(&format!("| {version} | `{digest}` |")), "{version}: {digest}");
    }
}

/// A repository with nothing but a WIT, of which the present one is released.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for to in ["wit".to_owned(), format!("wit/released/{}", offered())] {
        for file in files() {
            let (from, to) = (workspace().join("wit").join(&file), folder.path().join(&to).join(&file));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&from, to).unwrap();
        }
    }
    folder
}

/// Replaces text in all files of the tree's WIT.
fn edit(repository: &Path, from: &str, to: &str) {
    let mut count = 0;
    for file in files() {
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
    let now = offered();
    let next = semver::Version::new(now.major, now.minor, now.patch + 1);
    let raise = |from: &semver::Version, to: &str| edit(repository, &format!("@{from}"), &format!("@{to}"));
    assert_eq!(faults(repository), Vec::<String>::new());
    // A new function needs a new version.
    edit(repository, "alpha: func() -> bool;", "alpha: func() -> bool;\n        palette: func() -> bool;");
    let found = faults(repository);
    assert!(found.len() == 1 && found[0].contains("adds to it without a new version: world video-filter"), "{found:?}");
    raise(&now, &next.to_string());
    assert_eq!(faults(repository), Vec::<String>::new());
    // What breaks needs another line.
    edit(repository, "record rect { x: u32,", "record rect { layer: u32, x: u32,");
    let found = faults(repository);
    let breaks = format!("{next} does not serve {now}: world ");
    assert!(found.len() == 1 && found[0].starts_with(&breaks), "{found:?}");
    raise(&next, &format!("{}.0.0", now.major + 1));
    assert_eq!(faults(repository), Vec::<String>::new());
}

#[test]
fn a_version_does_not_go_back() {
    let folder = copy();
    let (now, released) = (offered(), folder.path().join("wit/released"));
    let next = semver::Version::new(now.major, now.minor, now.patch + 1);
    fs::rename(released.join(now.to_string()), released.join(next.to_string())).unwrap();
    assert_eq!(faults(folder.path()), [format!("wit/released/{next} holds version {now}")]);
    for file in files() {
        let file = released.join(next.to_string()).join(file);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text.replace(&format!("@{now}"), &format!("@{next}"))).unwrap();
    }
    assert_eq!(faults(folder.path()), [format!("{next} is released, and the tree goes back to {now}")]);
}
